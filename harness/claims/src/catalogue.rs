//! The catalogue, as it is and with programs swapped.

use crate::{
    Claim, ack_after_process, db_transaction_with_smtp, kafka_eos_scope, program_by_id, programs,
    redis_pubsub, retries_without_idempotency, sqs_fifo,
};

/// Every claim.
pub fn catalogue() -> Vec<Claim> {
    vec![
        ack_after_process::claim(),
        kafka_eos_scope::claim(),
        sqs_fifo::claim(),
        retries_without_idempotency::claim(),
        redis_pubsub::claim(),
        db_transaction_with_smtp::claim(),
    ]
}

/// The catalogue with other programs under the same variant ids.
///
/// Each pair is a variant id (`effect-then-ack`, or
/// `ack-after-process/effect-then-ack`) and the id of the program that it shall
/// run. Everything else of the variant stays as it is, what is expected and
/// its witnesses included: a judge that is not told of the swap must come to
/// the verdict that belongs to the code.
pub fn catalogue_with(swap: &[(&str, &str)]) -> Result<Vec<Claim>, SwapError> {
    let mut claims = catalogue();
    for &(variant_id, program_id) in swap {
        let program = program_by_id(program_id).ok_or_else(|| SwapError::UnknownProgram {
            id: program_id.into(),
            known: programs().iter().map(|program| program.id).collect(),
        })?;
        let mut known = Vec::new();
        let mut found = 0;
        for claim in &mut claims {
            let claim_id = claim.id;
            for variant in &mut claim.variants {
                let full = format!("{claim_id}/{}", variant.id);
                if variant_id == variant.id || variant_id == full {
                    variant.pipeline = program;
                    variant.summary = program.summary;
                    found += 1;
                }
                known.push(full);
            }
        }
        if found != 1 {
            return Err(SwapError::UnknownVariant {
                id: variant_id.into(),
                found,
                known,
            });
        }
    }
    Ok(claims)
}

/// Programs could not be swapped.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SwapError {
    /// The variant is not there, or several have that id.
    #[error("{found} variants are called {id:?}; name one of: {}", known.join(", "))]
    UnknownVariant {
        /// What was asked for.
        id: String,
        /// How many there are.
        found: usize,
        /// What there is.
        known: Vec<String>,
    },
    /// The program is not there.
    #[error("no program is called {id:?}; name one of: {}", known.join(", "))]
    UnknownProgram {
        /// What was asked for.
        id: String,
        /// What there is.
        known: Vec<&'static str>,
    },
}
