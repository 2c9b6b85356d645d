//! What this program is when the harness has started it again.

use super::surroundings::{ROLE, variable};
use crate::keeper::Sharing;
use exactly_engine::supervisor::Executable;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Exit codes of a role: it did its work, it failed, it was not understood.
const DONE: i32 = 0;
const FAILED: i32 = 1;
const UNKNOWN: i32 = 2;

/// Does the harness's work and ends this process, where it was started for that. It
/// is asked at the beginning of each check: a test binary has no other place where
/// the harness has a say.
pub(super) fn take() {
    let Some(words) = variable(ROLE) else {
        return;
    };
    let words: Vec<String> = serde_json::from_str(&words).unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let code = match words.as_slice() {
        ["guardian", mark, scratch] => {
            crate::guard(mark, Path::new(scratch));
            DONE
        }
        ["keeper", kind, folder, cache, linger] => keep(kind, folder, cache, linger),
        [word] => word.strip_prefix("embedded-").map_or(UNKNOWN, serve),
        _ => UNKNOWN,
    };
    std::process::exit(code);
}

fn serve(kind: &str) -> i32 {
    let serving = async { crate::serve_embedded(kind, 0, announce).await };
    match block_on(serving) {
        Some(Some(Ok(()))) => DONE,
        _ => FAILED,
    }
}

fn keep(kind: &str, folder: &str, cache: &str, linger: &str) -> i32 {
    let (Ok(linger), Some(executable)) = (linger.parse(), executable()) else {
        return UNKNOWN;
    };
    let sharing = Sharing {
        folder: PathBuf::from(folder),
        cache: PathBuf::from(cache),
        linger: Duration::from_millis(linger),
    };
    match block_on(crate::keeper::keep(kind, &sharing, executable, announce)) {
        Some(Ok(())) => DONE,
        _ => FAILED,
    }
}

/// The keeper starts this program again too.
fn executable() -> Option<Executable> {
    super::surroundings::executable().ok()
}

/// A line for whoever has started this process. Test harnesses print before and
/// after it, and capture what `println` prints.
fn announce(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever no longer reads does not want to know.
    let _ = writeln!(out, "\n{line}").and_then(|()| out.flush());
}

fn block_on<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build().ok()?;
    Some(runtime.block_on(future))
}
