//! What was measured, on what, and the file it goes to.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The figures of one file.
pub struct Figures {
    name: &'static str,
    figures: Vec<Value>,
}

impl Figures {
    /// None yet, for `docs/performance/<name>.json`.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            figures: Vec::new(),
        }
    }

    /// Keeps a figure and prints it as one line of JSON.
    pub fn add(&mut self, figure: Value) {
        println!("{figure}");
        self.figures.push(figure);
    }

    /// Writes the file.
    pub fn write(self) -> anyhow::Result<()> {
        let file = workspace().join(format!("docs/performance/{}.json", self.name));
        let text = serde_json::to_string_pretty(&json!({
            "date": first_line("date", &["-u", "+%Y-%m-%d"]),
            "commit": first_line("git", &["describe", "--always", "--dirty", "--exclude=*"]),
            "machine": machine(),
            "figures": self.figures,
        }))?;
        std::fs::write(&file, text + "\n")?;
        Ok(())
    }
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    bench.parent().unwrap_or(bench)
}

/// The command that was built beside this bench.
pub fn executable() -> anyhow::Result<PathBuf> {
    let bench = std::env::current_exe()?;
    let folder = bench.parent().and_then(Path::parent);
    let exactly = folder.unwrap_or(workspace()).join("exactly");
    anyhow::ensure!(
        exactly.is_file(),
        "the command is not built: run `cargo build --release` first"
    );
    Ok(exactly)
}

/// Where server binaries are kept. Root's servers run as another user, who may not
/// enter the build's folder.
pub fn cache() -> PathBuf {
    match rustix::process::geteuid().is_root() {
        true => PathBuf::from("/var/cache/exactly"),
        false => workspace().join("target/tmp/cache"),
    }
}

/// What kind of machine this is; never which.
fn machine() -> Value {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    json!({
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "cpu": model,
        "memory_gib": kib.map(|kib| kib.div_ceil(1 << 20)),
        "load_before": std::fs::read_to_string("/proc/loadavg").ok()
            .and_then(|text| text.split(' ').next()?.parse::<f64>().ok()),
    })
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(workspace())
        .output();
    output.map_or_else(
        |_| "unknown".into(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_string(),
    )
}

/// Processor time of this process so far, all threads.
pub fn cpu_seconds() -> f64 {
    cpu_seconds_of(std::process::id())
}

/// Processor time of a process so far, all threads.
pub fn cpu_seconds_of(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = fields.split(' ').skip(11).take(2);
    // The kernel's interface counts in hundredths on every architecture here.
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// The value that `share` of `values` do not exceed; 0.5 is the median.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len().saturating_sub(1)) as f64 * share;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(a), Some(b)) => a + (b - a) * at.fract(),
        _ => f64::NAN,
    }
}

/// Median, lowest and highest: how noisy it was stands beside the figure.
pub fn spread(values: &[f64]) -> Value {
    json!({
        "median": rounded(quantile(values, 0.5)),
        "low": rounded(quantile(values, 0.0)),
        "high": rounded(quantile(values, 1.0)),
        "rounds": values.len(),
    })
}

/// Three decimals are more than any of this deserves.
pub fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_lie_between_their_neighbours() {
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&[4.0, 1.0, 2.0, 3.0], 0.5), 2.5);
        assert_eq!(quantile(&[1.0, 2.0], 1.0), 2.0);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
