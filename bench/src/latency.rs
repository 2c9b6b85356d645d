//! What the boundary adds to one round trip of one client.

use crate::figures::{Figures, quantile, rounded, spread};
use crate::rig::{Rig, first_address};
use exactly_adapter::Instance;
use exactly_engine::boundary::Mode;
use exactly_model::{MessageId, Setup};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;
use std::time::Instant;

const ROUNDS: usize = 9;
const EXCHANGES: u32 = 2_000;
/// Reads are only counted; what writes is recorded in the history too.
const STATEMENTS: [&str; 3] = ["select, simple", "select, prepared", "insert, prepared"];

/// Microseconds by statement and route, and what the boundary adds.
pub async fn measure(
    rig: &Rig,
    instance: &dyn Instance,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let setup = Setup {
        sql: "create table load (id text not null)".into(),
        ..Setup::default()
    };
    let (names, scope) = rig.scope(instance, &setup).await?;
    let plain = rig.boundary(instance, names, Mode::Plain)?;
    let decoded = rig.boundary(instance, names, Mode::Decoded(scope.clone()))?;
    let routes = [
        ("direct", first_address(instance)?.1),
        ("plain", plain.port),
        ("decoded", decoded.port),
    ];
    let id = MessageId::new(names.run, names.trial, 1).map_or_else(String::new, |id| id.to_text());
    for statement in STATEMENTS {
        // By route: p50 and p99 of each round.
        let mut seen: BTreeMap<&str, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
        for round in 0..ROUNDS {
            for turn in 0..routes.len() {
                let (route, port) = routes[(round + turn) % routes.len()];
                let url = scope.placeholders(&[("127.0.0.1".into(), port)])["url"].clone();
                let id = id.clone();
                let micros =
                    tokio::task::spawn_blocking(move || client(&url, statement, &id)).await??;
                let (p50, p99) = (quantile(&micros, 0.5), quantile(&micros, 0.99));
                println!(
                    "{}",
                    json!({"round": round, "statement": statement, "route": route,
                        "p50_us": rounded(p50), "p99_us": rounded(p99)})
                );
                let rounds = seen.entry(route).or_default();
                rounds.0.push(p50);
                rounds.1.push(p99);
            }
        }
        for (route, (p50, p99)) in &seen {
            figures.add(json!({
                "figure": "round trip", "statement": statement, "route": route,
                "p50_us": spread(p50), "p99_us": spread(p99),
            }));
        }
        let added = |decoded: &[f64], direct: &[f64]| {
            let pairs = decoded.iter().zip(direct);
            spread(&pairs.map(|(a, b)| a - b).collect::<Vec<_>>())
        };
        figures.add(json!({
            "figure": "added by the boundary", "statement": statement,
            "p50_us": added(&seen["decoded"].0, &seen["direct"].0),
            "p99_us": added(&seen["decoded"].1, &seen["direct"].1),
            "target": "p50 < 100",
        }));
    }
    scope.close().await;
    Ok(())
}

/// Microseconds of each round trip, on a runtime of its own as another process
/// would have.
fn client(url: &str, statement: &str, id: &str) -> anyhow::Result<Vec<f64>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut client = PgConnection::connect(url).await?;
        let mut micros = Vec::new();
        for n in 0..EXCHANGES + 100 {
            let start = Instant::now();
            let done = match statement {
                "select, simple" => sqlx::raw_sql("select 1").execute(&mut client).await?,
                "select, prepared" => sqlx::query("select 1").execute(&mut client).await?,
                _ => {
                    let insert = sqlx::query("insert into load (id) values ($1)").bind(id);
                    insert.execute(&mut client).await?
                }
            };
            anyhow::ensure!(done.rows_affected() == 1, "{statement}: not one row");
            // The first ones prepare the statement and fill caches.
            if n >= 100 {
                micros.push(start.elapsed().as_secs_f64() * 1e6);
            }
        }
        client.close().await?;
        Ok(micros)
    })
}
