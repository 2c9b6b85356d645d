//! A check of somebody's own pipelines on a terminal.

use crate::support::{check, empty, golden, hostile, not_hosted};
use exactly_model::{CHECK_CLAIM, Report, Verdict};
use exactly_report::{Outcome, Style, check_human, is_check, verdict_line};

/// The check of the pipelines that `keep` names.
fn only(keep: &str) -> Report {
    let mut report = check();
    report.claims[0]
        .variants
        .retain(|variant| variant.id == keep);
    report
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn as_files() {
    golden("check-100.txt", &check_human(&check(), Style::plain(100)));
    for id in ["orders", "transfers", "audit"] {
        let text = check_human(&only(id), Style::plain(110));
        golden(&format!("check-{id}-110.txt"), &text);
    }
    golden(
        "check-orders-60.txt",
        &check_human(&only("orders"), Style::plain(60)),
    );
    let style = Style {
        colour: true,
        width: 110,
    };
    golden(
        "check-orders-colour-110.txt",
        &check_human(&only("orders"), style),
    );
}

#[test]
fn the_first_line_is_the_verdict() {
    for (id, first) in [
        (
            "orders",
            "orders does not hold: exactly-once at orders, at-least-once at mails was promised, and 5 of 24 trials made \
             effects more than once (D3).",
        ),
        (
            "transfers",
            "transfers holds: at-least-once at out, in 4 trials in which 1 fault struck.",
        ),
        (
            "audit",
            "audit could not be decided (not-exercised): the pipeline did nothing: 10 messages \
             acknowledged and 0 effects at 'log' in trial 1, which had no fault.",
        ),
    ] {
        let text = words(&check_human(&only(id), Style::plain(100)));
        assert!(text.starts_with(first), "{text}");
    }
}

#[test]
fn its_progress_speaks_of_the_config_and_not_of_a_catalogue() {
    let mut report = only("orders");
    report.claims[0].variants[0].matches = false;
    let line = verdict_line(
        CHECK_CLAIM,
        &report.claims[0].variants[0],
        Style::plain(100),
    );
    assert!(line.contains("; the config promises "), "{line}");
    let line = verdict_line("ack", &report.claims[0].variants[0], Style::plain(100));
    assert!(line.contains("; the catalogue predicts "), "{line}");
}

#[test]
fn no_line_is_wider_than_the_terminal_and_nothing_is_sent_to_it() {
    for report in [check(), hostile(CHECK_CLAIM)] {
        for width in [40, 47, 60, 80, 100, 120, 160] {
            let text = check_human(&report, Style::plain(width));
            let widest = text
                .lines()
                .map(unicode_width::UnicodeWidthStr::width)
                .max();
            assert!(widest.unwrap() <= width, "{width}:\n{text}");
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
        }
    }
}

#[test]
fn each_class_is_told_with_its_violations_at_every_width() {
    for width in [40, 60, 110] {
        let text = words(&check_human(&only("orders"), Style::plain(width)));
        for part in [
            "INSERT",
            "0 violations",
            "3 violations",
            "not struck",
            "smtp DATA",
        ] {
            assert!(text.contains(part), "{width}: {part}: {text}");
        }
    }
}

#[test]
fn nothing_checked_is_nothing_decided() {
    let text = check_human(&empty(), Style::plain(100));
    assert!(text.contains("nothing is decided"), "{text}");
    assert!(!is_check(&empty()) && is_check(&check()));
}

#[test]
fn an_outcome_says_what_the_verdicts_say() {
    let outcome = Outcome::of_check(&check());
    assert_eq!(outcome.exit_code(), 100);
    assert_eq!((outcome.broken.len(), outcome.undecided.len()), (1, 1));
    assert_eq!(Outcome::of_check(&only("transfers")).exit_code(), 0);
    assert_eq!(Outcome::of_check(&only("audit")).exit_code(), 80);
    assert_eq!(Outcome::of_check(&empty()).exit_code(), 80);
    // What cannot run here is no gap beside what did, and nothing by itself.
    let mut report = only("transfers");
    report.claims[0]
        .variants
        .push(not_hosted("elsewhere", "no timeouts"));
    assert_eq!(Outcome::of_check(&report).exit_code(), 0);
    report.claims[0].variants.remove(0);
    assert_eq!(report.claims[0].variants[0].verdict, Verdict::NotHosted);
    assert_eq!(Outcome::of_check(&report).exit_code(), 80);
}
