//! What the harness starts as children of itself.

use crate::failure::Failure;
use exactly_model::exit;
use std::path::Path;

/// Exit code of a pipeline that gave up, as any service has it.
const PIPELINE_FAILED: u8 = 1;

/// Runs a pipeline under test until it ends. It ends by failing, by a signal,
/// or by being killed, which is what it is for.
pub(super) fn pipeline(id: &str) -> Result<u8, Failure> {
    let env = |name: &str| std::env::var(name).ok();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    match super::block_on(&mut runtime, exactly_claims::run_program(id, &env))? {
        Ok(()) => Ok(exit::DONE),
        Err(error) => {
            super::complain(&format!("{error:#}"));
            Ok(PIPELINE_FAILED)
        }
    }
}

/// Serves an embedded system until it is killed. The harness reads from stdout
/// that it is ready, and where.
pub(super) fn embedded(kind: &str, port: Option<u16>) -> Result<u8, Failure> {
    let announce = |line: &str| {
        // A harness that no longer reads is gone, and its guardian comes.
        drop(super::print(&format!("{line}\n")));
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let serving = exactly::serve_embedded(kind, port.unwrap_or(0), announce);
    match super::block_on(&mut runtime, serving)? {
        Some(Ok(())) => Ok(exit::DONE),
        Some(Err(error)) => Err(Failure::SystemUnavailable(format!(
            "the embedded {kind} ended: {error}"
        ))),
        None => Err(Failure::Usage(format!("no embedded {kind} was built in"))),
    }
}

/// Waits for the harness to end, and ends what it left behind.
pub(super) fn guardian(mark: &str, scratch: &Path) -> u8 {
    exactly::guard(mark, scratch);
    exit::DONE
}
