//! Tests of the framing and of the decoder.

mod errors;
mod exchanges;
mod expect;
mod properties;
mod refused;
mod refused_chunks;
mod streams;
mod toy;
mod whole;
