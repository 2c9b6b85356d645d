//! The command as people use it: real processes, real servers, real SIGKILL.

mod aws;
mod bad_input;
mod broker;
mod catalogue;
mod check_commands;
mod check_input;
mod elsewhere;
mod killed;
mod own;
mod replay;
mod shards;
mod standing;
mod support;
mod up;
