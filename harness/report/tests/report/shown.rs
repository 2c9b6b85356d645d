//! What reports look like, compared with files under `tests/golden`.
//! `UPDATE_GOLDEN=1 cargo test -p exactly-report` rewrites them.

use crate::support::{
    claim, difference, empty, golden, inconclusive, not_hosted, refuted, sink, tally, two_owners,
    upheld,
};
use exactly_model::{Code, Guarantee, Inconclusive, Report, SinkKind, SinkResult, Tally};
use exactly_report::{
    Style, counterexample, counterexamples, human, json, matrix, summary, verdict_line, wrapped,
};

const SENTENCE: &str = "We ack after processing, so nothing is lost or doubled.";

/// The report a reader meets first: foils refuted, the cure upheld.
fn usual() -> Report {
    Report {
        claims: vec![claim(
            "ack-after-process",
            SENTENCE,
            vec![
                refuted("kafka-effect-then-ack", &[Code::D3]),
                refuted("kafka-ack-then-effect", &[Code::L1]),
                refuted("kafka-auto-commit-on-a-timer", &[Code::L1, Code::D3]),
                upheld("kafka-effect-and-inbox-then-ack"),
            ],
        )],
        ..empty()
    }
}

/// Every reason, a surprise, two sinks, a second claim.
fn unusual() -> Report {
    let mut surprise = upheld("not-as-predicted");
    surprise.expected = Guarantee::AtMostOnce;
    surprise.matches = false;
    let mut two_sinks = refuted("two-sinks", &[Code::D3]);
    two_sinks.sinks.push(SinkResult {
        kind: SinkKind::Record,
        ..sink("mails.out", tally())
    });
    let reasons = [
        Inconclusive::HarnessError,
        Inconclusive::Undecidable,
        Inconclusive::NotExercised,
        Inconclusive::Flaky,
    ];
    Report {
        claims: vec![
            claim(
                "ack-after-process",
                SENTENCE,
                reasons.into_iter().map(inconclusive).collect(),
            ),
            claim(
                "another-claim",
                "Nothing of the kind happens.",
                vec![surprise, two_sinks],
            ),
        ],
        ..empty()
    }
}

/// Several sinks with predictions of their own, two owners at once, a cell that
/// this place cannot hold, pairs, effects of aborted transactions.
fn transactional() -> Report {
    let mut aborted = refuted("reads-uncommitted", &[Code::G2]);
    aborted.sinks[0].id = "records".into();
    aborted.sinks[0].tally.aborted_seen = 17;
    aborted.expected = Guarantee::AtLeastOnce;
    aborted.matches = false;
    let mut torn = two_owners("surprises-at-rows");
    torn.expected_at.clear();
    torn.matches = false;
    torn.sinks[1].tally.torn = 3;
    torn.counterexamples.clear();
    Report {
        plan: "pairs".into(),
        claims: vec![claim(
            "a-claim",
            "We use transactions, so our flow is exactly-once.",
            vec![
                two_owners("row-beside-the-transaction"),
                torn,
                aborted,
                not_hosted(
                    "frozen-owner",
                    "needs session and transaction timeouts, and kafka (embedded) has none: run \
                     it with --on kafka=local",
                ),
            ],
        )],
        ..empty()
    }
}

/// Every code as a forbidden one, every counter, hostile and wide text.
fn every_code() -> Report {
    let mut variant = refuted("обработка-потом-подтверждение", Code::ALL);
    variant.sinks = vec![sink(
        "заказы",
        Tally {
            attempted: 1_000_000,
            ok: 999_000,
            failed: 600,
            unknown: 400,
            effects: 1_000_123,
            lost: 12_345,
            duplicated: 67_890,
            reordered: 3,
            phantom: 4,
            corrupted: 5,
            recovered: 390,
            redelivered: 70_000,
            aborted_seen: 6,
            torn: 7,
        },
    )];
    variant.expected = Guarantee::None;
    variant.notes = vec!["the server said \u{1b}[31mred\u{1b}[0m\nand a second line".into()];
    variant.counterexamples.truncate(1);
    let long = &mut variant.counterexamples[0];
    let filler = long.evidence[1].clone();
    long.evidence
        .splice(1..1, std::iter::repeat_n(filler.clone(), 30));
    long.evidence.extend(std::iter::repeat_n(filler, 20));
    Report {
        claims: vec![claim(
            "порядок",
            "每条消息恰好处理一次，不会丢失，也不会重复。",
            vec![variant],
        )],
        ..empty()
    }
}

fn widest(text: &str) -> usize {
    text.lines()
        .map(unicode_width::UnicodeWidthStr::width)
        .max()
        .unwrap_or(0)
}

#[test]
fn usual_report_at_110_columns() {
    golden("usual-110.txt", &human(&usual(), Style::plain(110)));
}

#[test]
fn usual_matrix_at_100_columns() {
    golden("usual-matrix-100.txt", &matrix(&usual(), Style::plain(100)));
}

#[test]
fn usual_report_at_60_columns() {
    golden("usual-60.txt", &human(&usual(), Style::plain(60)));
}

#[test]
fn unusual_report_at_120_columns() {
    golden("unusual-120.txt", &human(&unusual(), Style::plain(120)));
}

#[test]
fn unusual_matrix_with_two_asserted_guarantees_at_140_columns() {
    let mut report = unusual();
    report.claims[1].variants[0].asserted = Guarantee::AtMostOnce;
    golden(
        "unusual-matrix-140.txt",
        &matrix(&report, Style::plain(140)),
    );
}

#[test]
fn every_code_and_wide_text_at_100_columns() {
    golden(
        "every-code-100.txt",
        &human(&every_code(), Style::plain(100)),
    );
}

#[test]
fn transactional_report_at_120_and_70_columns() {
    let report = transactional();
    golden("transactional-120.txt", &human(&report, Style::plain(120)));
    golden("transactional-70.txt", &human(&report, Style::plain(70)));
}

#[test]
fn colours() {
    let style = Style {
        colour: true,
        width: 120,
    };
    golden("usual-colour-120.txt", &human(&usual(), style));
}

#[test]
fn nothing_selected() {
    golden("empty-100.txt", &human(&empty(), Style::plain(100)));
}

#[test]
fn json_is_pretty_stable_and_reads_back() {
    for (name, report) in [
        ("usual.json", usual()),
        ("unusual.json", unusual()),
        ("transactional.json", transactional()),
    ] {
        let text = json(&report);
        golden(name, &text);
        let back: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(back, report);
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for report in [usual(), unusual(), transactional(), every_code(), empty()] {
        for width in [40, 47, 60, 79, 80, 92, 100, 101, 119, 120, 160] {
            let text = human(&report, Style::plain(width));
            assert!(widest(&text) <= width, "{width}:\n{text}");
        }
    }
}

#[test]
fn absurd_widths_are_clamped() {
    assert_eq!(
        human(&usual(), Style::plain(0)),
        human(&usual(), Style::plain(40))
    );
    assert_eq!(
        human(&usual(), Style::plain(usize::MAX)),
        human(&usual(), Style::plain(160))
    );
}

#[test]
fn colour_changes_nothing_but_colour() {
    for report in [usual(), unusual(), every_code()] {
        for width in [60, 120] {
            let plain = human(&report, Style::plain(width));
            let coloured = human(
                &report,
                Style {
                    colour: true,
                    width,
                },
            );
            assert_ne!(plain, coloured);
            assert!(!plain.contains('\u{1b}'));
            assert_eq!(difference(&plain, &without_colour(&coloured)), None);
        }
    }
}

fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (_, rest) = part.split_once('m').expect("colours end in m");
        plain.push_str(rest);
    }
    plain
}

#[test]
fn every_code_verdict_and_reason_appears() {
    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = words(human(&every_code(), Style::plain(100)));
    for code in Code::ALL {
        assert!(text.contains(&format!("{code} {}", code.name())), "{code}");
    }
    for width in [60, 120] {
        let text = matrix(&unusual(), Style::plain(width));
        for verdict in ["upheld", "refuted D3", "inconclusive"] {
            assert!(text.contains(verdict), "{verdict}");
        }
        for reason in ["harness-error", "undecidable", "not-exercised", "flaky"] {
            assert!(text.contains(reason), "{reason}");
        }
    }
}

#[test]
fn a_cell_that_measured_nothing_claims_nothing() {
    let report = Report {
        claims: vec![claim(
            "c",
            "s",
            vec![inconclusive(Inconclusive::HarnessError)],
        )],
        ..empty()
    };
    for width in [50, 120] {
        let text = matrix(&report, Style::plain(width));
        assert!(text.contains("nothing"), "{text}");
        let measured = text.replace("asserts exactly-once", "");
        assert!(!measured.contains("exactly-once"), "{text}");
    }
    let line = verdict_line("c", &report.claims[0].variants[0], Style::plain(100));
    assert_eq!(
        line,
        "c/cut-short: inconclusive (harness-error), nothing measured; classes 0/0, 0 trials"
    );
}

#[test]
fn a_cell_that_is_not_hosted_measured_nothing_and_says_why() {
    let mut cell = not_hosted("c", "no timeouts here");
    // Counters of a sink at which nothing ran are no zeroes.
    cell.sinks = vec![sink("orders", Tally::default())];
    let report = Report {
        claims: vec![claim("claim", "s", vec![cell])],
        ..empty()
    };
    for width in [50, 120] {
        let text = human(&report, Style::plain(width));
        assert!(text.contains("not-hosted"), "{text}");
        assert!(text.contains("no timeouts here"), "{text}");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("1 not hosted here"), "{text}");
        assert!(!text.contains("0 of 0") && !text.contains("0/0"), "{text}");
        assert!(!text.contains("at sink orders"), "{text}");
    }
    assert!(!human(&usual(), Style::plain(120)).contains("not-hosted"));
}

#[test]
fn a_finding_says_how_often_it_came_back_and_how_to_see_it() {
    let mut report = usual();
    let id = report.claims[0].variants[0].counterexamples[0].id.clone();
    let text = human(&report, Style::plain(120));
    assert!(text.contains(&format!("replay it: exactly replay {id}\n")));
    assert_eq!(text.matches("reproduced 3 of 3").count(), 4, "{text}");
    // A record of a run that did not try again says nothing of it.
    for variant in &mut report.claims[0].variants {
        variant
            .counterexamples
            .iter_mut()
            .for_each(|c| c.reproduced = None);
    }
    let text = human(&report, Style::plain(120));
    assert!(text.contains(&id) && !text.contains("reproduced"), "{text}");
    // What is wrong without any fault has no schedule to replay.
    report.claims[0].variants[0].counterexamples[0]
        .schedule
        .faults
        .clear();
    assert!(!human(&report, Style::plain(120)).contains(&id));
}

#[test]
fn one_counterexample_is_told_without_the_command_that_has_just_run() {
    let report = transactional();
    let example = &report.claims[0].variants[0].counterexamples[0];
    let told = counterexample("a-claim/a-variant", example, Style::plain(120));
    assert!(
        told.starts_with("a-claim/a-variant, trial 31: D3 duplicate-effect\n"),
        "{told}"
    );
    assert!(
        told.ends_with("  D3: message 31-0 at 'rows': 2 effects, 1 declared\n"),
        "{told}"
    );
    assert!(!told.contains("exactly replay"), "{told}");
}

#[test]
fn verdict_lines() {
    let style = Style::plain(100);
    let lines: Vec<String> = usual()
        .variants()
        .chain(unusual().variants())
        .chain(transactional().variants())
        .map(|(claim, variant)| verdict_line(&claim.id, variant, style))
        .collect();
    golden("verdict-lines.txt", &(lines.join("\n") + "\n"));
}

#[test]
fn parts_stand_alone() {
    assert_eq!(counterexamples(&empty(), Style::plain(100)), "");
    assert!(summary(&empty(), Style::plain(100)).contains("an emulator"));
    let text = counterexamples(&usual(), Style::plain(100));
    assert!(text.contains("`exactly judge r4821`"), "{text}");
}

#[test]
fn wrapped_text_keeps_its_lines() {
    let text = format!("title\n\n{}", "word ".repeat(60));
    let shown = wrapped(&text, Style::plain(300));
    assert!(shown.starts_with("title\n\nword word"));
    assert_eq!(widest(&shown), 99);
    assert_eq!(shown.lines().count(), 5);
}

#[test]
fn the_difference_names_what_changed() {
    assert_eq!(difference("a\nb\n", "a\nb\n"), None);
    assert_eq!(
        difference("a\nb\nc\n", "a\nx\nc\n").as_deref(),
        Some("line 2:\n  a\n- b\n+ x")
    );
    assert_eq!(
        difference("a\n", "a\na\n").as_deref(),
        Some("line 2:\n  a\n+ a")
    );
}
