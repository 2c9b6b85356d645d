//! What the boundary costs. Writes `docs/performance/boundary-*.json`.
//!
//! `cargo bench -p exactly-bench --bench boundary [-- kafka pgbench latency]`

use exactly_bench::figures::{Figures, cache};
use exactly_bench::rig::Rig;
use exactly_bench::{kafka, latency, pgbench};
use exactly_postgres::Postgres;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|a| a == name);
    let rig = Rig::new(&cache())?;
    if wanted("kafka") {
        let mut figures = Figures::new("boundary-kafka");
        kafka::measure(&rig, &mut figures).await?;
        figures.write()?;
    }
    if wanted("pgbench") || wanted("latency") {
        let postgres = rig.start(&Postgres).await?;
        if wanted("pgbench") {
            let mut figures = Figures::new("boundary-pgbench");
            pgbench::measure(&rig, postgres.as_ref(), &mut figures).await?;
            figures.write()?;
        }
        if wanted("latency") {
            let mut figures = Figures::new("boundary-latency");
            latency::measure(&rig, postgres.as_ref(), &mut figures).await?;
            figures.write()?;
        }
        postgres.stop().await;
    }
    rig.finish();
    Ok(())
}
