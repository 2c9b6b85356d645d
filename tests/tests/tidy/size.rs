//! A file that passes about 400 lines wants to be two.

use crate::source::Source;

/// Lines of a source file: four hundred, and a tenth for what is one thing.
const LINES_MAX: usize = 440;
/// Lines of a file of tests: tables of cases are long and read one by one.
const TEST_LINES_MAX: usize = 800;

/// Files that may be longer, and why.
const LONGER: &[(&str, &str)] = &[(
    "harness/model/src/event.rs",
    "the history format, one type after another; a reader wants it on one page",
)];

/// Files that are too long, and exceptions that are no longer needed.
pub fn violations(sources: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for source in sources {
        let max = if source.is_test() {
            TEST_LINES_MAX
        } else {
            LINES_MAX
        };
        let lines = source.text.lines().count();
        let excepted = LONGER.iter().any(|(path, _)| *path == source.path);
        match (lines > max, excepted) {
            (true, false) => violations.push(format!(
                "{} has {lines} lines, more than {max}: make it two, or say here why not",
                source.path
            )),
            (false, true) => violations.push(format!(
                "{} needs no exception any more ({lines} lines)",
                source.path
            )),
            _ => {}
        }
    }
    for (path, _) in LONGER {
        if !sources.iter().any(|source| source.path == *path) {
            violations.push(format!("the exception {path} has no file"));
        }
    }
    violations
}

#[test]
fn planted_sizes_are_found() {
    let file = |path: &str, lines: usize| Source::new(path, &"x\n".repeat(lines));
    let long = LONGER[0].0;
    for (sources, part) in [
        (
            vec![file("harness/x/src/a.rs", 441), file(long, 500)],
            "has 441 lines",
        ),
        (
            vec![file("harness/x/tests/a.rs", 801), file(long, 500)],
            "has 801 lines",
        ),
        (vec![file(long, 440)], "needs no exception"),
        (vec![file("harness/x/src/a.rs", 440)], "has no file"),
    ] {
        let found = violations(&sources);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(part), "{found:?}");
    }
    let fine = [
        file("harness/x/src/a.rs", 440),
        file("harness/x/tests/a.rs", 800),
        file(long, 500),
    ];
    assert_eq!(violations(&fine), Vec::<String>::new());
}
