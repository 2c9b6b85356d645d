//! One server process on a data folder of its own: the same for the server that is
//! fetched and for the one that is installed.

mod control;
mod folder;
mod process;
mod programs;
mod user;

pub(crate) use control::Hold;
pub(crate) use process::{Durability, Node};
pub(crate) use programs::Programs;
pub(crate) use user::open_to_all;
