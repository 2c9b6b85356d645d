//! The `exactly` command. Everything is in the library, where tests reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    exactly_cli::main()
}
