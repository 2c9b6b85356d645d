//! What commands take that start systems by themselves.

use super::time::forward;
use super::{Format, PlaceArgs};
use clap::{Args, Subcommand};
use std::time::Duration;

/// What `up` takes.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct UpArgs {
    /// Kinds of systems, as in `up sqs postgres`.
    #[arg(value_name = "SYSTEM", required = true)]
    pub systems: Vec<String>,
    /// Where they run: `embedded`, or `local` with 1 to 5 nodes. Without SYSTEM=
    /// for every one of them that has the place.
    #[arg(long = "on", value_name = "[SYSTEM=]PLACE[:NODES]")]
    pub on: Vec<String>,
    /// The port of the only system (a free one without it).
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
}

/// What `clock` does.
#[derive(Subcommand, Clone, PartialEq, Eq, Debug)]
pub enum ClockCommand {
    /// Moves the clock forward, and prints what it is ahead then.
    Advance {
        /// By how much, as in 300s, 5m, 2h or 4d.
        #[arg(value_name = "TIME", value_parser = forward)]
        by: Duration,
        /// Which server.
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Prints what the clock is ahead.
    Show {
        /// Which server.
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// Which server is meant.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct ServerArgs {
    /// The server, as `exactly up` prints it (the only one that is up without it).
    #[arg(long, value_name = "ADDRESS")]
    pub at: Option<String>,
}

/// What `doctor` takes.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct DoctorArgs {
    /// Places that have to be there beside the embedded ones.
    #[command(flatten)]
    pub places: PlaceArgs,
    /// How the answer is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
