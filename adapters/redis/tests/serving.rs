//! The embedded server over sockets: its clock from outside, clients that die, clients
//! that do not read, and an ordinary client library.

#[path = "serving/dying.rs"]
mod dying;
#[path = "serving/library.rs"]
mod library;
#[path = "serving/reading.rs"]
mod reading;
#[path = "serving/wire.rs"]
mod wire;
