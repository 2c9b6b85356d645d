//! Replays every failure that a store keeps, each ten times, and says how often
//! it came back.
//!
//! ```sh
//! exactly evaluate --out found
//! cargo run --release -p exactly-tests --example replays -- target/release/exactly found
//! ```
//!
//! Ends with exit code 1 where one came back less than nine times.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

const REPEAT: u64 = 10;
const ENOUGH: u64 = 9;

/// Ids of what is kept, in order.
fn kept(store: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(store.join("failures"))
        .into_iter()
        .flatten()
        .flatten();
    let mut ids: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".json")?.to_string()))
        .collect();
    ids.sort_unstable();
    ids
}

/// How often it came back, and how often every fault fired.
fn replay(exactly: &str, store: &Path, id: &str) -> Option<(u64, u64)> {
    let output = Command::new(exactly)
        .args(["replay", id, "--format", "json", "--repeat"])
        .arg(REPEAT.to_string())
        .arg("--out")
        .arg(store)
        .stderr(Stdio::inherit())
        .output()
        .expect("the command runs");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    Some((answer["reproduced"].as_u64()?, answer["fired"].as_u64()?))
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(exactly), Some(store)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: replays PATH-TO-EXACTLY STORE");
        return ExitCode::from(2);
    };
    let (store, mut rare) = (Path::new(&store), 0);
    let ids = kept(store);
    for id in &ids {
        match replay(&exactly, store, id) {
            Some((reproduced, fired)) => {
                rare += u32::from(reproduced < ENOUGH);
                println!("{id}: reproduced {reproduced} of {REPEAT}, fired {fired}");
            }
            None => {
                rare += 1;
                println!("{id}: no answer");
            }
        }
    }
    println!(
        "{} findings, {rare} came back less than {ENOUGH} times",
        ids.len()
    );
    ExitCode::from(u8::from(rare > 0 || ids.is_empty()))
}
