//! What the harness starts as children of itself.

use crate::failure::Failure;

/// Exit code of a pipeline that gave up, as any service has it.
const PIPELINE_FAILED: u8 = 1;

/// Runs a pipeline under test until it ends. It ends by failing, by a signal,
/// or by being killed, which is what it is for.
pub(super) fn pipeline(id: &str) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Undecided(format!("cannot start a runtime: {error}")))?;
    let env = |name: &str| std::env::var(name).ok();
    match runtime.block_on(exactly_claims::run_program(id, &env)) {
        Ok(()) => Ok(exactly_model::exit::DONE),
        Err(error) => {
            super::complain(&format!("{error:#}"));
            Ok(PIPELINE_FAILED)
        }
    }
}

/// Serves the embedded Kafka until it is killed.
pub(super) fn embedded_kafka() -> Result<u8, Failure> {
    Err(Failure::Undecided(
        "the embedded Kafka is not wired yet".into(),
    ))
}

/// Waits for the harness to end, and ends what it left behind.
pub(super) fn guardian() -> Result<u8, Failure> {
    Err(Failure::Undecided("the guardian is not wired yet".into()))
}
