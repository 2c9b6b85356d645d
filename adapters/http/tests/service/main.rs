//! The service and the adapter on real sockets.

mod adapter;
mod audit;
mod keys;
mod raw;
mod talk;
