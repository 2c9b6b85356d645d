//! Trials until a bug is found: at every boundary, and by SIGKILL at random
//! moments, for each variant that the catalogue expects to fail and the embedded
//! systems can host. Writes `docs/performance/hunt.json`.
//!
//! `cargo bench -p exactly-bench --bench hunt [-- VARIANT...]`

use exactly_bench::figures::{Figures, cache, quantile, spread};
use exactly_bench::random::{Hunt, Random, TRIALS_MAX, at_boundaries};
use exactly_bench::rig::Rig;
use exactly_bench::run::Run;
use exactly_model::Guarantee;
use serde_json::json;

const HUNTS: u64 = 10;

fn main() -> anyhow::Result<()> {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let mut figures = Figures::new("hunt");
    for claim in exactly_claims::catalogue() {
        for variant in &claim.variants {
            let wanted = asked.is_empty() || asked.iter().any(|a| a == variant.id);
            let fails = variant.expected != Guarantee::ExactlyOnce;
            let systems = variant.pipeline_spec(1, "").systems.into_iter();
            let known = |kind: &str| ["kafka", "postgres"].contains(&kind);
            let hosted = systems.map(|s| s.kind).all(|kind| known(&kind));
            if wanted && fails && hosted && variant.needs.is_empty() {
                measure(&claim, variant, &mut figures)?;
            }
        }
    }
    figures.write()
}

fn measure(
    claim: &exactly_claims::Claim,
    variant: &exactly_claims::Variant,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let cell = format!("{}/{}", claim.id, variant.id);
    let mut run = Run::evaluate(&[&cell, "--replays", "0", "--no-known"])?;
    run.wait()?;
    let boundaries = at_boundaries(&run.events()?)?;
    drop(run);
    let runtime = tokio::runtime::Runtime::new()?;
    let hunts = runtime.block_on(hunts(claim, variant))?;
    // A hunt that was given up counts as its limit: the ratio is a lower bound.
    let random: Vec<f64> = hunts
        .iter()
        .map(|found| f64::from(found.unwrap_or(TRIALS_MAX)))
        .collect();
    figures.add(json!({
        "figure": "trials until the first finding", "cell": cell,
        "every_boundary": spread(&boundaries), "random_sigkill": spread(&random),
        "given_up": hunts.iter().filter(|found| found.is_none()).count(),
        "boundary_of_random": quantile(&boundaries, 0.5) / quantile(&random, 0.5),
        "target": "<= 0.1",
    }));
    Ok(())
}

async fn hunts(
    claim: &exactly_claims::Claim,
    variant: &exactly_claims::Variant,
) -> anyhow::Result<Vec<Option<u32>>> {
    let rig = Rig::new(&cache())?;
    let store = tempfile::tempdir()?;
    let mut hunt = Hunt::begin(&rig, store.path(), claim, variant).await?;
    let mut found = Vec::new();
    for seed in 1..=HUNTS {
        found.push(hunt.hunt(&mut Random(seed)).await?);
    }
    hunt.end().await;
    rig.finish();
    Ok(found)
}
