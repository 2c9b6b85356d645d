//! Every rule by name, at the time it speaks of.

mod batches;
mod content;
mod deduplication;
mod directory;
mod groups;
mod model;
mod receiving;
mod redriving;
mod scene;
mod visibility;
