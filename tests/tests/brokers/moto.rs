//! moto as a negative control: what it does otherwise than AWS documents is found out by
//! claims that AWS's semantics uphold. Needs its `moto_server` in MOTO_SERVER; CI has
//! it, elsewhere this test says that it did not run.

use crate::alone;
use crate::real::evaluate_with;
use crate::support::{eventually, there_is};
use exactly_model::Verdict;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A Python that has much to import, on a machine with much to do.
const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// What it does otherwise, by the claim that finds it and the code.
const OTHERWISE: &[(&str, &str, &str)] = &[
    (
        "sqs-fifo/resend-within-window",
        "D3 at out",
        "forgets a deduplication id with its message, and not after five minutes",
    ),
    (
        "sqs-fifo/dedup-by-group",
        "L1 at out",
        "deduplicates over the whole queue whatever the scope",
    ),
    (
        "sqs-fifo/inbox-by-sequence-number",
        "L1 at orders",
        "draws sequence numbers, which therefore do not grow",
    ),
];

/// A server of its own, ended with the test.
struct Moto {
    child: Child,
    url: String,
}

impl Moto {
    fn start(program: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("MOTO_SERVER={program}: {error}"));
        eventually("moto listens", STARTED_WITHIN, || {
            TcpStream::connect(address).ok()
        });
        let url = format!("http://{address}");
        Self { child, url }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_moto_does_otherwise_than_aws_is_found_out() {
    let test = "what_moto_does_otherwise_than_aws_is_found_out";
    if !there_is("MOTO_SERVER", "moto", test) {
        return;
    }
    let _alone = alone();
    let moto = Moto::start(&std::env::var("MOTO_SERVER").unwrap());
    let cells: Vec<String> = OTHERWISE.iter().map(|row| row.0.to_string()).collect();
    let (found, _home) = evaluate_with("moto", &cells, &["--sqs", &moto.url]);
    for (cell, code, what) in OTHERWISE {
        let essence = &found[*cell];
        assert_eq!(
            essence.verdict,
            Verdict::Refuted,
            "{cell}: moto {what}: {essence:?}"
        );
        assert!(
            essence.codes.contains(*code),
            "{cell}: moto {what}: {essence:?}"
        );
    }
}
