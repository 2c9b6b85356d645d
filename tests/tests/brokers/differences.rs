//! Where a real Kafka differs from the embedded one, and why. A difference that
//! is not here fails a test.

/// A difference that is understood.
struct Difference {
    /// `claim/variant`, or a claim for all of its variants, or empty for all.
    cells: &'static str,
    /// `kafka=local`, `kafka=local:3`, or empty for both.
    place: &'static str,
    /// The line that says it.
    line: &'static str,
    /// Why it is so.
    why: &'static str,
}

const REPLICAS: &str = "on a busy machine a message that is fed may not be replicated in time: it is \
                        answered REQUEST_TIMED_OUT, which is an unknown outcome, and is there all \
                        the same. The embedded broker has no replicas to wait for";

const PUT_OUT: &str = "a member that is frozen, slow or cut off for longer than its session is put out \
                       of the group: the only one there is gets UNKNOWN_MEMBER_ID. The embedded \
                       broker has no session timeout";

const LOST_START: &str = "once in one or two thousand starts the client takes down the bootstrap \
                          connection that its topic's Metadata is asked on, and never joins; no fault \
                          has struck by then (docs/findings/librdkafka-lost-start.md)";

/// Rows allow; a line that does not come up is none the worse.
const DIFFERENCES: &[Difference] = &[
    Difference {
        cells: "ack-after-process",
        place: "kafka=local:3",
        line: "code V1 is new",
        why: LOST_START,
    },
    Difference {
        cells: "ack-after-process",
        place: "kafka=local:3",
        line: "code L3 at orders is new",
        why: LOST_START,
    },
    Difference {
        cells: "kafka-eos-scope",
        place: "",
        line: "code F2 is new",
        why: "a transaction that times out bumps the epoch: its only owner, frozen or slow for \
              longer, is told that another one has taken over (INVALID_PRODUCER_EPOCH); without a \
              transaction its session ends the same way (UNKNOWN_MEMBER_ID). The embedded broker \
              has no such timeouts",
    },
    Difference {
        cells: "ack-after-process",
        place: "",
        line: "code F2 is new",
        why: PUT_OUT,
    },
    Difference {
        cells: "retries-without-idempotency",
        place: "",
        line: "code F2 is new",
        why: PUT_OUT,
    },
    Difference {
        cells: "",
        place: "kafka=local:3",
        line: "code G4 at out is new",
        why: REPLICAS,
    },
    Difference {
        cells: "",
        place: "kafka=local:3",
        line: "code G4 at ledger is new",
        why: REPLICAS,
    },
    Difference {
        cells: "",
        place: "kafka=local:3",
        line: "code G4 at orders is new",
        why: REPLICAS,
    },
    Difference {
        cells: "kafka-eos-scope",
        place: "",
        line: "class kafka EndTxn abort is new",
        why: "what follows a transaction that timed out, or an abortable error: it comes and goes \
              with how fast things are, and the embedded broker has no transaction timeout",
    },
];

/// Why `line` may differ in the cell `id` at `place`.
pub fn explained(id: &str, place: &str, line: &str) -> Option<&'static str> {
    explained_by(DIFFERENCES, id, place, line)
}

fn explained_by(table: &[Difference], id: &str, place: &str, line: &str) -> Option<&'static str> {
    let claim = id.split('/').next().unwrap_or(id);
    let row = table.iter().find(|row| {
        (row.cells.is_empty() || row.cells == id || row.cells == claim)
            && (row.place.is_empty() || row.place == place)
            && row.line == line
    });
    row.map(|row| row.why)
}

#[test]
fn a_row_explains_its_own_difference_and_no_other() {
    let table = [Difference {
        cells: "a",
        place: "kafka=local:3",
        line: "code D2 is new",
        why: "because",
    }];
    let explained = |id, place, line| explained_by(&table, id, place, line);
    assert_eq!(
        explained("a/b", "kafka=local:3", "code D2 is new"),
        Some("because")
    );
    for (id, place, line) in [
        ("aa/b", "kafka=local:3", "code D2 is new"),
        ("a/b", "kafka=local", "code D2 is new"),
        ("a/b", "kafka=local:3", "code D2 is not seen"),
    ] {
        assert_eq!(explained(id, place, line), None, "{id} {place} {line}");
    }
    for row in DIFFERENCES {
        assert!(!row.why.is_empty() && !row.line.is_empty());
    }
}
