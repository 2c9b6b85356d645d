use super::*;
use crate::args::{Cli, Command};
use clap::Parser as _;
use exactly_claims::catalogue;
use exactly_model::{Code, SystemPlace};

const CELL: &str = "ack-after-process/effect-then-ack";

struct Store(tempfile::TempDir);

impl Store {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Keeps `text` as the failure `id`.
    fn keep(self, id: &str, text: &str) -> Self {
        let folder = self.0.path().join("failures");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{id}.json")), text).unwrap();
        self
    }

    fn asked(&self, line: &str) -> Result<ReplayOptions, Failure> {
        let store = ["--out", self.0.path().to_str().unwrap()];
        let words = ["exactly", "replay"]
            .into_iter()
            .chain(line.split(' '))
            .chain(store);
        match Cli::try_parse_from(words).unwrap().command {
            Command::Replay(args) => asked(catalogue(), &args),
            other => panic!("not replay: {other:?}"),
        }
    }
}

fn kept(more: &str) -> String {
    format!(
        r#"{{"schema":"exactly.schedule/1","seed":5,"messages":2,{more}
           "faults":[{{"kind":"kill","phase":"after",
                      "point":{{"system":"postgres","operation":"INSERT","covers":1}}}}]}}"#
    )
}

#[test]
fn what_was_kept_is_run_where_it_was_seen() {
    let text = kept(&format!(
        r#""cell":"{CELL}","code":"D3","places":{{"kafka":"local:3"}},"#
    ));
    let store = Store::new().keep("x-D3-1", &text);
    let asked = store.asked("x-D3-1").unwrap();
    assert_eq!(
        (asked.repeat, asked.file.messages, asked.file.seed),
        (10, 2, 5)
    );
    assert_eq!(asked.file.code, Some(Code::D3));
    assert_eq!(asked.options.cells.len(), 1);
    assert_eq!(asked.options.cells[0].id(), CELL);
    let three = SystemPlace::Local { nodes: 3 };
    assert_eq!(asked.options.places.get("kafka"), Some(&three));

    let line = "x-D3-1 --repeat 3 --on embedded --cell ack-after-process/inbox-then-ack \
                --no-assist --jobs 1";
    let asked = store.asked(line).unwrap();
    assert_eq!(
        (asked.repeat, asked.options.jobs, asked.options.assist),
        (3, 1, false)
    );
    assert_eq!(asked.options.cells[0].cell.variant, "inbox-then-ack");
    assert_eq!(
        asked.options.places.get("kafka"),
        Some(&SystemPlace::Embedded)
    );
}

#[test]
fn what_is_wrong_is_said_before_anything_starts() {
    let store = Store::new()
        .keep("good-D3-1", &kept(&format!(r#""cell":"{CELL}","#)))
        .keep("no-cell", &kept(""))
        .keep(
            "old-cell",
            &kept(r#""cell":"ack-after-process/effect-than-ack","#),
        )
        .keep(
            "old-place",
            &kept(&format!(r#""cell":"{CELL}","places":{{"kafka":"moon"}},"#)),
        )
        .keep(
            "elsewhere",
            &kept(&format!(
                r#""cell":"{CELL}","places":{{"kafka":"at h:1"}},"#
            )),
        )
        .keep("broken", "{");
    for (line, code, part) in [
        ("god-D3-1", exit::USAGE, "good-D3-1"),
        ("no-cell", exit::USAGE, "--cell CLAIM/VARIANT"),
        ("old-cell", exit::CONFIG, "`cell`: no variant is called"),
        (
            "old-cell",
            exit::CONFIG,
            "did you mean `ack-after-process/effect-then-ack`?",
        ),
        ("old-place", exit::CONFIG, "`places`"),
        ("elsewhere", exit::USAGE, "give --kafka"),
        ("broken", exit::CONFIG, "broken.json: line 1, column 1"),
        (
            "good-D3-1 --cell ack-after-process",
            exit::USAGE,
            "--cell: no variant",
        ),
        ("good-D3-1 --on http=local", exit::USAGE, "no place `local`"),
    ] {
        let failure = store.asked(line).unwrap_err();
        assert_eq!(failure.exit_code(), code, "{line}: {failure}");
        assert!(failure.to_string().contains(part), "{line}: {failure}");
    }
    assert!(store.asked("good-D3-1").is_ok());
    assert!(store.asked("elsewhere --kafka h:2").is_ok());
}

#[test]
fn the_exit_code_says_whether_it_came_back() {
    let told = Told {
        what: "x",
        cell: CELL.into(),
        file: schedule::parse(&kept("")).unwrap(),
        repeat: 3,
    };
    for (k, n, fired, code, part) in [
        (3, 3, 3, exit::REFUTED, "reproduced 3 of 3"),
        (1, 3, 3, exit::REFUTED, "reproduced 1 of 3"),
        (1, 2, 1, exit::REFUTED, "reproduced 1 of 2"),
        (0, 3, 3, exit::DONE, "never showed"),
        (0, 3, 2, exit::INCONCLUSIVE, "says nothing"),
        (0, 2, 2, exit::INCONCLUSIVE, "says nothing"),
        (0, 0, 0, exit::INCONCLUSIVE, "says nothing"),
    ] {
        let outcome = ReplayOutcome {
            k,
            n,
            fired,
            counterexample: None,
            cut_short: None,
            folder: "runs/r1".into(),
            error: None,
        };
        assert_eq!(told.exit_code(&outcome), code, "{k} {n} {fired}");
        assert!(
            told.human(&outcome).contains(part),
            "{}",
            told.human(&outcome)
        );
        let json: serde_json::Value = serde_json::from_str(&told.json(&outcome)).unwrap();
        assert_eq!(
            (&json["reproduced"], &json["run"]),
            (&json!(k), &json!("r1"))
        );
    }
}
