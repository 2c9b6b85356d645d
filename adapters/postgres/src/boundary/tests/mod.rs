//! Tests of the decoder.

mod flows;
mod limits;
mod wire;
