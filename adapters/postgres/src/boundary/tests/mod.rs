//! Tests of the decoder.

mod clients;
mod drivers;
mod flows;
mod limits;
mod wire;
