//! `exactly merge RUN...`: shards of one plan, judged as one run.

use crate::args::MergeArgs;
use crate::destinations::Destinations;
use crate::failure::Failure;

pub(super) fn run(args: &MergeArgs) -> Result<u8, Failure> {
    let expectations = super::expectations(args.expect.as_deref())?;
    let destinations = Destinations::open(&args.reports)?;
    let report = exactly::merge(&args.runs, &args.out)?;
    super::finish(&report, args.format, expectations.as_ref(), &destinations)
}
