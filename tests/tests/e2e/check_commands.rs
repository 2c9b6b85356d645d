//! Commands and files of one's own around a pipeline, and findings of it.

use crate::own::Own;
use crate::support::stderr;
use exactly_model::{Verdict, exit};
use std::os::unix::fs::PermissionsExt as _;

const FEED: &str = "system = \"k\"\nto = \"orders\"";
const OBSERVE: &str = "system = \"pg\"\nquery = \"select id, key, n as seq, checksum from orders\"";

/// A trigger by which the database also writes each row to a file.
fn writes_to(file: &str) -> String {
    format!(
        "
create function writes() returns trigger language plpgsql as $$
    begin
        execute format('copy (select %L) to program %L',
            json_build_object('id', new.id, 'key', new.key, 'seq', new.n)::text,
            'cat >> {file}');
        return new;
    end $$;
create trigger writes after insert on orders for each row execute function writes();
"
    )
}

#[test]
fn commands_and_files_feed_and_observe() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // The database may run as somebody else.
    open(folder.path(), 0o777);
    let effects = folder.path().join("effects.ndjson");
    // What an earlier run left there is nobody's concern.
    std::fs::write(&effects, "{\"id\":\"x999999-1-0\",\"key\":\"k0\"}\n").unwrap();
    open(&effects, 0o666);
    let effects = effects.display();
    let program = env!("CARGO_BIN_EXE_exactly-under-test");
    let own = Own::new("commands").sql(&writes_to(&effects.to_string()));
    let feed = format!(
        "command = [\"{program}\", \"produce\", \"{{k.address}}\", \"{{k.topic.orders}}\"]"
    );
    let own = own.with(FEED, &format!("{FEED}\n{feed}")).and(&format!(
        "[[observe]]\nname = \"file\"\nfile = \"{effects}\"\n\n\
         [[observe]]\nname = \"command\"\ncommand = [\"cat\", \"{effects}\"]\n\n\
         [hooks]\nbefore_trial = [\"sh\", \"-c\", \"echo before >> hooks.log\"]\n\
         after_trial = [\"sh\", \"-c\", \"echo after >> hooks.log\"]"
    ));
    // A file is no part of the transaction: it may well show a row twice.
    let own = own.with(
        "guarantee = \"exactly-once\"",
        "guarantee = \"exactly-once\"\n[expect.file]\nguarantee = \"at-least-once\"\n\
         [expect.command]\nguarantee = \"at-least-once\"",
    );
    let ran = own.check();
    ran.ends(exit::DONE, &[]);
    let cell = ran.cell();
    assert_eq!(cell.verdict, Verdict::Upheld, "{}", cell.bounds);
    let effects: Vec<(&str, u64)> = cell
        .sinks
        .iter()
        .map(|sink| (sink.id.as_str(), sink.tally.effects))
        .collect();
    assert_eq!(effects.len(), 3, "{effects:?}");
    let of = |name| effects.iter().find(|(sink, _)| *sink == name).unwrap().1;
    assert!(of("rows") > 0 && of("file") >= of("rows"), "{effects:?}");
    assert_eq!(of("file"), of("command"));
    let hooks = std::fs::read_to_string(own.home.path().join("hooks.log")).unwrap();
    let ran = |what| hooks.lines().filter(|line| *line == what).count() as u64;
    assert!(ran("before") >= cell.trials.0, "{hooks}");
    assert_eq!(ran("before"), ran("after"));
}

#[test]
fn feeds_that_fail() {
    for (test, script, code, parts) in [
        (
            "feed-exit",
            "echo no broker >&2; exit 3",
            exit::INCONCLUSIVE,
            &[
                "exit status: 3",
                "no broker",
                "may or may not have been sent",
            ][..],
        ),
        (
            "feed-hangs",
            "exec sleep 600",
            exit::INCONCLUSIVE,
            &["took longer than", "acknowledged"],
        ),
        (
            "feed-garbage",
            "echo sent them all",
            exit::CONFIG,
            &["the feed's command", "answer 1", "`outcome`"],
        ),
        (
            "feed-others",
            "echo '{\\\"id\\\":\\\"x1-2-3\\\",\\\"outcome\\\":\\\"ok\\\"}'",
            exit::CONFIG,
            &["a message that was not asked for"],
        ),
    ] {
        let feed =
            format!("command = [\"sh\", \"-c\", \"cat > /dev/null; {script}\"]\nwithin = \"3s\"");
        let own = Own::new(test).with(FEED, &feed);
        own.and("[limits]\nstuck = \"1s\"")
            .check()
            .ends(code, parts);
    }
}

#[test]
fn observers_that_fail() {
    for (test, script, parts) in [
        (
            "look-exit",
            "echo no such table >&2; exit 4",
            &["exit status: 4", "no such table"][..],
        ),
        (
            "look-garbage",
            "echo 3 rows",
            &["line 1", "a JSON object on a line"],
        ),
        (
            "look-no-id",
            "echo '{\\\"key\\\":1}'",
            &["line 1", "missing field `id`"],
        ),
        (
            "look-serial",
            "echo '{\\\"id\\\":1}'",
            &["id `1` is no message id"],
        ),
        ("look-hangs", "exec sleep 600", &["took longer than 3s"]),
    ] {
        let own = Own::new(test).with(
            OBSERVE,
            &format!("command = [\"sh\", \"-c\", \"{script}\"]\nwithin = \"3s\""),
        );
        let ran = own.check();
        ran.ends(exit::CONFIG, &[&["observer rows"], parts].concat());
    }
}

#[test]
fn hooks_that_fail() {
    for (test, hook, parts) in [
        (
            "hook-exit",
            "before_trial = [\"sh\", \"-c\", \"echo no disk >&2; exit 7\"]",
            &["hooks.before_trial", "exit status: 7", "no disk"][..],
        ),
        (
            "hook-hangs",
            "after_trial = [\"sleep\", \"600\"]\nwithin = \"3s\"",
            &["hooks.after_trial", "took longer than 3s"],
        ),
    ] {
        let ran = Own::new(test).and(&format!("[hooks]\n{hook}")).check();
        ran.ends(exit::CONFIG, parts);
    }
}

/// A finding is run again from wherever one happens to be.
#[test]
fn a_finding_is_run_again_from_another_folder() {
    let own = Own::new("again").with("kafka-inbox-then-ack", "kafka-effect-then-ack");
    let ran = own.check();
    ran.ends(exit::REFUTED, &[]);
    let cell = ran.cell();
    let found = &cell.counterexamples[0];
    let replay = own
        .home
        .command(&["replay", &found.id, "--repeat", "2"])
        .current_dir("/")
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        stderr(&replay),
        String::from_utf8_lossy(&replay.stdout)
    );
    assert_eq!(
        replay.status.code(),
        Some(i32::from(exit::REFUTED)),
        "{said}"
    );
    assert!(said.contains(&found.id), "{said}");
    // And it says so when the configuration has gone.
    std::fs::remove_file(own.file()).unwrap();
    let replay = own.home.command(&["replay", &found.id]).output().unwrap();
    assert_eq!(replay.status.code(), Some(i32::from(exit::CONFIG)));
    assert!(
        stderr(&replay).contains("exactly.toml"),
        "{}",
        stderr(&replay)
    );
}
