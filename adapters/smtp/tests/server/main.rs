//! The sink on a real socket, real clients, and what stands between them.

mod adapter;
mod clients;
mod host;
mod mailpit;
mod raw;
mod relay;
