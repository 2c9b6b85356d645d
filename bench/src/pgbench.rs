//! `pgbench -S` through the boundary, past it, and through toxiproxy.

use crate::figures::{Figures, rounded, spread};
use crate::peers::{Toxiproxy, found, run};
use crate::rig::{Rig, first_address};
use anyhow::Context;
use exactly_adapter::Instance;
use exactly_engine::boundary::Mode;
use exactly_model::Setup;
use serde_json::json;
use std::collections::BTreeMap;

/// Many short turns: a disturbance then meets all routes alike.
const ROUNDS: usize = 15;
const SECONDS: &str = "1";

/// Transactions per second by route, for both protocols, and the ratios.
pub async fn measure(
    rig: &Rig,
    instance: &dyn Instance,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let Some(pgbench) = found("pgbench") else {
        println!("{}", json!({"skipped": "pgbench is not installed"}));
        return Ok(());
    };
    let (names, scope) = rig.scope(instance, &Setup::default()).await?;
    let plain = rig.boundary(instance, names, Mode::Plain)?;
    let decoded = rig.boundary(instance, names, Mode::Decoded(scope.clone()))?;
    let toxiproxy = Toxiproxy::before(first_address(instance)?.1).await?;
    let mut routes = vec![
        ("direct", first_address(instance)?.1),
        ("plain", plain.port),
        ("decoded", decoded.port),
    ];
    routes.extend(toxiproxy.as_ref().map(|proxy| ("toxiproxy", proxy.port)));
    let url = |port| scope.placeholders(&[("127.0.0.1".into(), port)])["url"].clone();
    run(&pgbench, &["-i", "-q", "-s", "2", &url(routes[0].1)]).await?;
    for protocol in ["simple", "prepared"] {
        let mut rates: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for round in 0..ROUNDS {
            for turn in 0..routes.len() {
                let (route, port) = routes[(round + turn) % routes.len()];
                let mut load = vec!["-n", "-S", "-M", protocol];
                load.extend(["-c", "4", "-j", "1", "-T", SECONDS]);
                let url = url(port);
                load.push(&url);
                let rate = tps(&run(&pgbench, &load).await?)?;
                println!(
                    "{}",
                    json!({"round": round, "protocol": protocol, "route": route, "tps": rounded(rate)})
                );
                rates.entry(route).or_default().push(rate);
            }
        }
        report(protocol, &rates, figures);
    }
    scope.close().await;
    Ok(())
}

fn report(protocol: &str, rates: &BTreeMap<&str, Vec<f64>>, figures: &mut Figures) {
    for (route, rates) in rates {
        figures.add(json!({
            "figure": "pgbench -S", "protocol": protocol, "route": route, "tps": spread(rates),
        }));
    }
    for over in rates.keys().filter(|route| **route != "decoded") {
        let pairs = rates["decoded"].iter().zip(&rates[over]);
        let ratios: Vec<f64> = pairs.map(|(decoded, other)| decoded / other).collect();
        figures.add(json!({
            "figure": format!("pgbench -S, decoded / {over}"), "protocol": protocol,
            "ratio": spread(&ratios), "target": (*over == "plain").then_some(">= 0.9"),
        }));
    }
}

fn tps(output: &str) -> anyhow::Result<f64> {
    let line = output.lines().find_map(|line| line.strip_prefix("tps = "));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number
        .context("pgbench printed no tps")?
        .parse()
        .map_err(anyhow::Error::from)
}
