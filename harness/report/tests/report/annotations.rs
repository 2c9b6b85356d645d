//! GitHub's annotations.

use crate::support::{check, claim, empty, hostile, refuted, upheld};
use exactly_model::{CHECK_CLAIM, Code, Report};
use exactly_report::{Outcome, Remark, annotations};

fn measured() -> Report {
    Report {
        claims: vec![claim(
            "ack",
            "s",
            vec![refuted("foil", &[Code::D3]), upheld("cure")],
        )],
        ..empty()
    }
}

#[test]
fn what_does_not_hold_is_an_error_and_what_is_open_a_warning() {
    let report = check();
    let text = annotations(&report, &Outcome::of_check(&report));
    let id = &report.claims[0].variants[0].counterexamples[0].id;
    assert_eq!(
        text,
        format!(
            "::error title=orders::orders does not hold: exactly-once at orders, at-least-once at \
             mails was promised, and 5 of 24 trials made effects more than once (D3).%0AD3: message 9-1 at 'orders': 1 \
             effect beyond the declared for 1 message, 9-1 first%0Aexactly replay {id}\n\
             ::warning title=audit::audit could not be decided (not-exercised): the pipeline did \
             nothing: 10 messages acknowledged and 0 effects at 'log' in trial 1, which had no \
             fault.\n"
        )
    );
}

#[test]
fn a_measurement_says_nothing_by_itself() {
    assert_eq!(annotations(&measured(), &Outcome::default()), "");
    let outcome = Outcome {
        broken: vec![Remark::on(
            "ack/foil",
            "ack/foil: expected upheld, found refuted",
        )],
        undecided: vec![Remark::on_the_run("ended by SIGINT, 100%")],
    };
    let text = annotations(&measured(), &outcome);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("::error title=ack/foil::ack/foil: expected upheld"),
        "{text}"
    );
    assert_eq!(lines[1], "::warning title=exactly::ended by SIGINT, 100%25");
}

#[test]
fn there_are_no_more_than_github_shows() {
    let remarks = |n: usize| -> Vec<Remark> {
        let remark = |n| Remark::on(format!("ack/cell-{n}"), format!("text {n}"));
        (0..n).map(remark).collect()
    };
    for (broken, open, shown) in [
        (10, 0, 10),
        (4, 6, 10),
        (11, 0, 10),
        (8, 5, 10),
        (0, 40, 10),
    ] {
        let outcome = Outcome {
            broken: remarks(broken),
            undecided: remarks(open),
        };
        let text = annotations(&measured(), &outcome);
        assert_eq!(text.lines().count(), shown, "{text}");
        let last = text.lines().last().unwrap();
        let more = (broken + open).saturating_sub(9);
        let said = last.contains(&format!("title={more} more::"));
        assert_eq!(said, broken + open > 10, "{text}");
    }
    let outcome = Outcome {
        broken: remarks(11),
        ..Outcome::default()
    };
    let text = annotations(&measured(), &outcome);
    assert!(
        text.ends_with(
            "::error title=2 more::the log of this step says more of ack/cell-9, ack/cell-10\n"
        ),
        "{text}"
    );
}

#[test]
fn hostile_text_cannot_give_a_command_of_its_own() {
    let report = hostile(CHECK_CLAIM);
    let text = annotations(&report, &Outcome::of_check(&report));
    assert_eq!(text.lines().count(), 1, "{text}");
    let properties = text.strip_prefix("::error title=").unwrap();
    let (title, message) = properties.split_once("::").unwrap();
    assert!(
        title.contains("]]>\"'&<x>") && title.contains("%3A%3Aerror"),
        "{title}"
    );
    assert!(title.contains("d%250A"), "{title}");
    assert!(message.contains("does not hold"), "{message}");
    assert!(!text.trim_end().chars().any(char::is_control), "{text:?}");
}
