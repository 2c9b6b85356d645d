mod flows;
mod labels;
mod limits;
mod live;
mod pubsub;
mod wire;
