//! `exactly merge RUN...`: shards of one plan, judged as one run.

use crate::args::MergeArgs;
use crate::failure::Failure;

pub(super) fn run(args: &MergeArgs) -> Result<u8, Failure> {
    let expectations = super::expectations(args.expect.as_deref())?;
    let report = exactly::merge(&args.runs, &args.out)?;
    if report
        .claims
        .iter()
        .all(|claim| claim.id == exactly::config::CLAIM)
    {
        super::show(&report, args.format)?;
        return Ok(super::check::exit_code(&report));
    }
    super::finish(&report, args.format, expectations.as_ref())
}
