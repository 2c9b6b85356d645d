//! How many mails the sink takes. Writes `docs/performance/smtp.json`.
//!
//! `cargo bench -p exactly-bench --bench smtp`

use exactly_bench::figures::{Figures, cache};
use exactly_bench::rig::Rig;
use exactly_bench::smtp;
use exactly_smtp::Smtp;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rig = Rig::new(&cache())?;
    let instance = rig.start(&Smtp).await?;
    let mut figures = Figures::new("smtp");
    smtp::measure(&rig, instance.as_ref(), &mut figures).await?;
    figures.write()?;
    instance.stop().await;
    rig.finish();
    Ok(())
}
