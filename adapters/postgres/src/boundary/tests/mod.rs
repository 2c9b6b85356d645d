//! Tests of the decoder.

mod clients;
mod flows;
mod limits;
mod wire;
