//! What is wrong with a pipeline of one's own, or with what is said of it, before
//! anything breaks: each has its exit code, and a message that says what to do.

use crate::own::{Own, kept};
use exactly_model::{Code, Verdict, exit};

/// Rows of one key are not written.
const DROPS: &str = "
create function drops() returns trigger language plpgsql as $$
    begin if new.key = 'k1' then return null; end if; return new; end $$;
create trigger drops before insert on orders for each row execute function drops();
";

#[test]
fn a_sound_one_is_upheld_and_can_be_judged_again() {
    let own = Own::new("sound");
    let ran = own.check();
    ran.ends(exit::DONE, &[]);
    let cell = ran.cell();
    assert_eq!(
        (cell.verdict, cell.notes.as_slice()),
        (Verdict::Upheld, &[] as &[String])
    );
    let (_, again) = own.home.judge(&own.home.run());
    assert_eq!(again, ran.report());
}

#[test]
fn ids_that_do_not_survive() {
    for (test, query, id) in [
        ("key", "select key as id from orders", "`k1`"),
        ("serial", "select entry as id from orders", "`1`"),
    ] {
        let ran = Own::new(test).observing(query).check();
        let parts = ["observer rows", id, "did not survive the pipeline"];
        ran.ends(exit::CONFIG, &parts);
    }
}

#[test]
fn an_observer_that_counts_twice() {
    let query = "select o.id, o.key from orders o, (values (1), (2)) twice (x)";
    let ran = Own::new("twice").observing(query).check();
    let parts = [
        "wrong without any fault",
        "a query that joins",
        "effects_per_message",
    ];
    ran.ends(exit::REFUTED, &parts);
    assert!(codes(&ran.cell()).contains(&Code::D3));
    // Where doubles are fine it is said all the same.
    let own = Own::new("twice-at-least").observing(query);
    let ran = own.with("exactly-once", "at-least-once").check();
    ran.ends(
        exit::DONE,
        &[
            "had no fault and doubled effects at rows",
            "a query that joins",
        ],
    );
}

#[test]
fn an_observer_of_a_table_that_is_not_there() {
    let ran = Own::new("no-table")
        .observing("select id from order")
        .check();
    ran.ends(exit::CONFIG, &["observer rows", "order"]);
}

#[test]
fn a_pipeline_that_takes_nothing() {
    let own = Own::new("idle").with(
        "pipeline\", \"kafka-inbox-then-ack\"]",
        "x\"]\nready = { log = \"ready\" }",
    );
    let program = format!("\"{}\", \"x\"", env!("CARGO_BIN_EXE_exactly-under-test"));
    let own = own.with(&program, "\"sh\", \"-c\", \"echo ready; exec sleep 600\"");
    let ran = own.and("[limits]\nstuck = \"1s\"").check();
    ran.ends(
        exit::INCONCLUSIVE,
        &["the pipeline did nothing", "{k.topic.NAME}"],
    );
    assert_eq!(ran.cell().verdict, Verdict::Inconclusive);
}

#[test]
fn a_pipeline_that_drops_on_purpose() {
    let ran = Own::new("drops").sql(DROPS).check();
    ran.ends(exit::REFUTED, &["wrong without any fault", "feed.accept"]);
    assert!(codes(&ran.cell()).contains(&Code::L1));
    let told = Own::new("accepts").sql(DROPS);
    let told = told.with("keys = 2", "keys = 2\naccept = { keys_dropped = [\"k1\"] }");
    let ran = told.check();
    ran.ends(exit::DONE, &[]);
    assert_eq!(ran.cell().verdict, Verdict::Upheld);
    // And what it says it drops must not come.
    let wrong = Own::new("accepts-wrongly");
    let wrong = wrong.with("keys = 2", "keys = 2\naccept = { keys_dropped = [\"k1\"] }");
    let ran = wrong.check();
    ran.ends(exit::REFUTED, &["feed.accept"]);
    assert!(codes(&ran.cell()).contains(&Code::G1));
}

#[test]
fn effects_that_come_after_the_limit_are_not_lost() {
    let slow = "
create function slow() returns trigger language plpgsql as $$
    begin perform pg_sleep(0.8); return new; end $$;
create trigger slow before insert on orders for each row execute function slow();
";
    let own = Own::new("slow")
        .sql(slow)
        .with("messages = 2", "messages = 12");
    let ran = own.and("[limits]\ntrial = \"4s\"").check();
    ran.ends(
        exit::INCONCLUSIVE,
        &["did not come to rest", "allow a trial longer"],
    );
    assert_eq!(codes(&ran.cell()), []);
}

#[test]
fn a_pipeline_that_goes_around_the_boundary() {
    let own = Own::new("around");
    let ran = own
        .with(
            "[process.env]",
            "[process.env]\nEXACTLY_TEST_PIPELINE = \"bypasses\"",
        )
        .check();
    ran.ends(exit::INCONCLUSIVE, &["goes around the boundary"]);
}

#[test]
fn state_on_disk_caps_the_verdict() {
    let own = Own::new("state");
    let ran = own
        .with(
            "[process.env]",
            "local_state = [\"queue.db\"]\n\n[process.env]",
        )
        .check();
    ran.ends(exit::INCONCLUSIVE, &["keeps state in queue.db"]);
}

#[test]
fn secrets_are_neither_printed_nor_kept() {
    let secret = "hunter2";
    let own = Own::new("secrets");
    let own = own.with(
        "[process.env]",
        &format!(
            "[process.env]\nAPI_TOKEN = \"{secret}\"\nWEBHOOK = \"https://u:{secret}@localhost/\"\n\
             DSN = \"host=h password={secret} user=u\""
        ),
    );
    let own = own.and(&format!(
        "[hooks]\nbefore_trial = [\"true\", \"--dsn=postgres://u:{secret}@h/d\", \"--password\", \"{secret}\"]"
    ));
    let ran = own.check();
    ran.ends(exit::DONE, &[]);
    assert!(!ran.said().contains(secret));
    let files = kept(&own.home.run());
    assert!(files.len() > 1, "{} files", files.len());
    let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
    for (path, bytes) in files {
        assert!(!holds(&bytes), "{} holds the secret", path.display());
    }
}

#[test]
fn a_server_that_refuses_and_its_password() {
    let own = Own::new("refused").with(
        "kind = \"postgres\"",
        "kind = \"postgres\"\nplace = { at = \"postgres://someone:hunter2@127.0.0.1:1/db\" }",
    );
    let ran = own.check();
    ran.ends(exit::SYSTEM_UNAVAILABLE, &["127.0.0.1:1"]);
    assert!(!ran.said().contains("hunter2"));
}

fn codes(cell: &exactly_model::VariantReport) -> Vec<Code> {
    let forbidden = cell.anomalies.iter().filter(|anomaly| anomaly.forbidden);
    forbidden.map(|anomaly| anomaly.code).collect()
}
