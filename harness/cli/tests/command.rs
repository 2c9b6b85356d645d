//! The command as a user meets it: output, streams, exit codes.

use exactly_model::exit;
use std::process::{Command, Output, Stdio};

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exactly"));
    // What the tester's own shell holds must not decide.
    for name in ["EXACTLY_KAFKA", "EXACTLY_POSTGRES", "EXACTLY_LOG"] {
        command.env_remove(name);
    }
    command
}

fn run(args: &[&str]) -> (u8, String, String) {
    let output = command().args(args).output().expect("the binary runs");
    split(output)
}

fn split(output: Output) -> (u8, String, String) {
    let code = output.status.code().expect("it exits by itself");
    (
        u8::try_from(code).unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn version_and_help_are_data() {
    let (code, out, err) = run(&["--version"]);
    assert_eq!((code, err.as_str()), (exit::DONE, ""));
    assert_eq!(out, format!("exactly {}\n", env!("CARGO_PKG_VERSION")));
    for args in [&["--help"][..], &["evaluate", "--help"]] {
        let (code, out, err) = run(args);
        assert_eq!((code, err.as_str()), (exit::DONE, ""));
        assert!(out.contains("100  a check"), "{out}");
        assert!(!out.contains("guardian") && !out.contains("embedded-"));
    }
}

#[test]
fn usage_errors_exit_2_and_say_what_to_do() {
    for (args, part) in [
        (&[][..], "Usage: exactly"),
        (&["nonsense"], "unrecognized subcommand"),
        (&["evaluate", "nonsense"], "did you mean"),
        (
            &["evaluate", "effect-then-ack"],
            "ack-after-process/effect-then-ack",
        ),
        (&["evaluate", "--on", "docker"], "there are `embedded`"),
        (&["evaluate", "--on", "embedded:3"], "has one node"),
        (
            &["evaluate", "--on", "grpc=embedded"],
            "there are kafka, postgres, sqs, http, redis, smtp",
        ),
        (&["evaluate", "--kafka", "nonsense"], "host:port"),
        (
            &["evaluate", "--on", "postgres=local:3"],
            "a local postgres has one node",
        ),
        (&["evaluate", "--max-time", "10"], "90s, 10m or 2h"),
        (&["replay", "no-such-finding"], "no-such-finding"),
        (&["explain", "Z9"], "D3  duplicate-effect"),
        (&["judge", "no-such-run"], "no run at"),
        (&["completions", "nosuchshell"], "possible values"),
    ] {
        let (code, out, err) = run(args);
        assert_eq!(code, exit::USAGE, "{args:?}: {err}");
        assert_eq!(out, "", "{args:?}");
        assert!(err.contains(part), "{args:?}: {err}");
    }
}

#[test]
fn passwords_are_not_repeated() {
    let (code, _, err) = run(&["evaluate", "--postgres", "mysql://u:hunter2@h/d"]);
    assert_eq!(code, exit::USAGE);
    assert!(!err.contains("hunter2"), "{err}");
    let output = command()
        .args(["evaluate", "--messages", "0"])
        .env("EXACTLY_POSTGRES", "postgres://u:hunter2@h/d")
        .output()
        .unwrap();
    assert!(!split(output).2.contains("hunter2"));
}

#[test]
fn explain_and_list_answer_on_stdout() {
    let (code, out, err) = run(&["explain", "d3"]);
    assert_eq!((code, err.as_str()), (exit::DONE, ""));
    assert!(out.starts_with("D3 duplicate-effect\n"));
    let (code, out, _) = run(&["explain"]);
    assert_eq!(code, exit::DONE);
    assert_eq!(out.lines().count(), exactly_model::Code::ALL.len());
    let (code, out, _) = run(&["list"]);
    assert_eq!(code, exit::DONE);
    assert!(out.contains("inbox-then-ack"), "{out}");
    let (code, out, _) = run(&["list", "--format", "json"]);
    assert_eq!(code, exit::DONE);
    let list: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(list["schema"], "exactly.list/1");
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, out, err) = run(&["completions", shell]);
        assert_eq!((code, err.as_str()), (exit::DONE, ""), "{shell}");
        assert!(out.contains("evaluate"), "{shell}");
    }
}

#[test]
fn a_wrong_expectation_file_is_found_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("expect.json");
    for text in [None, Some("{"), Some("{}")] {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        let path = file.to_str().unwrap();
        let (code, out, err) = run(&["evaluate", "--expect", path]);
        assert_eq!((code, out.as_str()), (exit::CONFIG, ""), "{err}");
        assert!(err.contains("expect.json"), "{err}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut child = command()
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let (code, _, err) = split(child.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (exit::DONE, ""));
}

#[test]
fn a_full_disk_is_exit_105() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = command()
        .args(["list"])
        .stdout(Stdio::from(full))
        .output()
        .unwrap();
    let (code, _, err) = split(output);
    assert_eq!(code, exit::STORE);
    assert!(err.contains("cannot write to stdout"), "{err}");
}

#[test]
fn an_unknown_pipeline_fails_like_a_service() {
    let (code, out, err) = run(&["pipeline", "kafka-magic"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("kafka-magic"), "{err}");
}

/// The table of what can be wrong stands in `harness/exactly/tests/broken_configs`.
#[test]
fn a_broken_configuration_exits_96_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("exactly.toml");
    let path = file.to_str().unwrap();
    for (text, part) in [
        ("", ":1: missing key `systems`"),
        ("name = \"a b\"\n", ":1: missing key `systems`"),
        ("\n\nnmae = \"x\"\n", ":3: nmae: unknown key `nmae`"),
        ("name = \"x\n", ":1: "),
        (
            "[systems.k]\nkind = \"kafca\"\n",
            ":2: systems.k.kind: unknown variant `kafca`",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let (code, out, err) = run(&["check", path]);
        assert_eq!((code, out.as_str()), (exit::CONFIG, ""), "{text}: {err}");
        assert!(
            err.contains(&format!("error: {path}{part}")),
            "{text}: {err}"
        );
        assert!(err.ends_with('\n') && err.lines().count() == 1, "{err}");
    }
    for (path, part) in [
        (folder.path().to_str().unwrap(), "it is a folder"),
        ("no-such-file.toml", "`exactly init`"),
    ] {
        let (code, out, err) = run(&["check", path]);
        assert_eq!((code, out.as_str()), (exit::CONFIG, ""), "{err}");
        assert!(err.contains(part), "{err}");
    }
}
