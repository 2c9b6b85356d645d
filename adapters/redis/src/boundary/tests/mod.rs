mod flows;
mod labels;
mod limits;
mod pubsub;
mod wire;
