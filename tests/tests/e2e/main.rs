//! The command as people use it: real processes, real servers, real SIGKILL.

mod bad_input;
mod broker;
mod catalogue;
mod elsewhere;
mod killed;
mod replay;
mod shards;
mod support;
