//! The command as people use it: real processes, real servers, real SIGKILL.

mod bad_input;
mod catalogue;
mod killed;
mod support;
