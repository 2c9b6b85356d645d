//! What a real broker costs: trials on it, and our feeder beside its own load
//! generator. Needs `KAFKA_HOME`. Writes `docs/performance/{real,feeder}.json`.
//!
//! `KAFKA_HOME=... cargo bench -p exactly-bench --bench brokers [-- real feeder]`

use anyhow::Context;
use exactly_bench::figures::{Figures, cache, spread};
use exactly_bench::rig::Rig;
use exactly_bench::run::Run;
use exactly_bench::{feeder, profile};
use serde_json::json;

const CELL: &str = "ack-after-process/effect-then-ack";
const TRANSACTIONAL: &str = "kafka-eos-scope/read-committed";

fn main() -> anyhow::Result<()> {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|a| a == name);
    if wanted("real") {
        let mut figures = Figures::new("real");
        trials(&mut figures)?;
        figures.write()?;
    }
    if wanted("feeder") {
        let mut figures = Figures::new("feeder");
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let rig = Rig::new(&cache())?;
            let measured = feeder::measure(&rig, &mut figures).await;
            rig.finish();
            measured
        })?;
        figures.write()?;
    }
    Ok(())
}

/// One cell on one broker, with and without assists, one worker and four.
fn trials(figures: &mut Figures) -> anyhow::Result<()> {
    for (cell, jobs, assist) in [
        (CELL, "1", true),
        (CELL, "1", false),
        (CELL, "4", true),
        (CELL, "4", false),
        (TRANSACTIONAL, "4", true),
    ] {
        let mut arguments = vec![cell, "--on", "kafka=local", "--jobs", jobs];
        if !assist {
            arguments.push("--no-assist");
        }
        let mut run = Run::evaluate(&arguments)?;
        let ended = run.wait()?;
        anyhow::ensure!(ended.code == Some(0), "the run ended with {:?}", ended.code);
        let profile = profile::read(&run.events()?)?;
        let total: usize = profile.kinds.values().map(|t| t.marks.len()).sum();
        let kill = profile.kinds.get("kill").context("no trial was killed")?;
        figures.add(json!({
            "figure": "trials on one real broker", "cell": cell, "jobs": jobs, "assists": assist,
            "per_minute": (60_000.0 * total as f64 / profile.span_ms).round(),
            "kills_ms": spread(&kill.millis()),
            "median_ms_at": kill.profile(),
            "target": if cell == CELL && assist { ">= 60" } else { "beside" },
        }));
    }
    Ok(())
}
