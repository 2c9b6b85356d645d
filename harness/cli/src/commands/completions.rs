//! `exactly completions SHELL`.

use crate::args::Cli;
use crate::failure::Failure;
use clap::CommandFactory as _;
use exactly_model::exit;

pub(super) fn run(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "exactly", &mut script);
    super::print(&String::from_utf8_lossy(&script))?;
    Ok(exit::DONE)
}
