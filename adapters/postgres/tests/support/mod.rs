//! A host that runs processes for real, and a proxy that uses the decoder as
//! the engine's boundary does.

pub mod host;
pub mod proxy;
