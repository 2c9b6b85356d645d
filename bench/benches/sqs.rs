//! The embedded SQS, and boundaries before it. Writes `docs/performance/sqs.json`.
//!
//! `cargo bench -p exactly-bench --bench sqs`

use exactly_bench::figures::{Figures, cache};
use exactly_bench::rig::Rig;
use exactly_bench::sqs;
use exactly_sqs::SqsSystem;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rig = Rig::new(&cache())?;
    let instance = rig.start(&SqsSystem).await?;
    let mut figures = Figures::new("sqs");
    sqs::measure(&rig, instance.as_ref(), &mut figures).await?;
    figures.write()?;
    instance.stop().await;
    rig.finish();
    Ok(())
}
