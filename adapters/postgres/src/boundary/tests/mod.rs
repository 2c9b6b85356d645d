//! Tests of the decoder.

mod drivers;
mod flows;
mod limits;
mod wire;
