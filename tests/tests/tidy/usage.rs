//! Environment, processes and clocks each have one place.

use crate::source::Source;

/// A thing that only some files may do.
struct Rule {
    /// What is done, for the message.
    what: &'static str,
    /// Any of these in a line of code does it.
    marks: &'static [&'static str],
    /// Folders or files that the rule is about.
    within: &'static [&'static str],
    /// Folders or files below those that may do it all the same.
    except: &'static [&'static str],
}

const EVERYWHERE: &[&str] = &["harness/", "adapters/"];

const RULES: &[Rule] = &[
    Rule {
        what: "reads arguments or environment (only the cli does, and what a test binary is told)",
        marks: &["env::var", "env::args", "env::vars"],
        within: EVERYWHERE,
        except: &[
            "harness/cli/src/",
            "harness/exactly/src/api/surroundings.rs",
        ],
    },
    Rule {
        what: "starts a process (only the engine's supervisor does)",
        marks: &["process::Command", "Command::new("],
        within: EVERYWHERE,
        // The cli's commands are clap's, not the operating system's.
        except: &["harness/engine/src/supervisor/", "harness/cli/src/"],
    },
    Rule {
        what: "starts a process (the cli only leaves it to the facade)",
        marks: &["process::Command"],
        within: &["harness/cli/src/"],
        except: &[],
    },
    Rule {
        what: "reads a clock (the engine has one module that does)",
        marks: &["Instant::now", "SystemTime::now", "UtcDateTime"],
        within: &[
            "harness/model/",
            "harness/check/",
            "harness/report/",
            "harness/adapter/",
            "harness/engine/",
        ],
        except: &["harness/engine/src/clock.rs"],
    },
    Rule {
        what: "touches files or sockets (model, check and report are pure)",
        marks: &["std::fs", "std::net", "File::open", "File::create"],
        within: &["harness/model/", "harness/check/", "harness/report/"],
        except: &[],
    },
    Rule {
        what: "prints to stdout (libraries never do)",
        marks: &["println!(", "print!(", "dbg!("],
        within: EVERYWHERE,
        except: &[],
    },
];

/// Lines of code, tests apart, that do what their file may not.
pub fn violations(sources: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        for rule in RULES {
            let below = |paths: &[&str]| paths.iter().any(|path| source.path.starts_with(path));
            if !below(rule.within) || below(rule.except) {
                continue;
            }
            for (number, line) in source.code() {
                if rule.marks.iter().any(|mark| holds(line, mark)) {
                    violations.push(format!("{}:{number} {}", source.path, rule.what));
                }
            }
        }
    }
    violations
}

/// Whether `line` holds `mark` as a word of its own at its start: `eprintln!`
/// is not `println!`.
fn holds(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn planted_usages_are_found() {
    for (path, line, found) in [
        (
            "harness/engine/src/a.rs",
            "let x = std::env::var(\"X\");",
            1,
        ),
        ("adapters/kafka/src/a.rs", "use std::env::args_os;", 1),
        ("harness/cli/src/a.rs", "let x = std::env::args();", 0),
        ("harness/engine/tests/a.rs", "std::env::var(\"X\");", 0),
        ("harness/engine/src/a.rs", "// std::env::var", 0),
        (
            "adapters/postgres/src/a.rs",
            "tokio::process::Command::new(\"x\");",
            1,
        ),
        (
            "harness/engine/src/plan.rs",
            "let c = Command::new(\"x\");",
            1,
        ),
        (
            "harness/engine/src/supervisor/a.rs",
            "Command::new(\"x\");",
            0,
        ),
        ("harness/cli/src/a.rs", "use std::process::Command;", 1),
        ("harness/check/src/a.rs", "let now = Instant::now();", 1),
        (
            "harness/engine/src/clock.rs",
            "let now = Instant::now();",
            0,
        ),
        ("harness/report/src/a.rs", "std::fs::read(x)", 1),
        ("harness/exactly/src/a.rs", "println!(\"x\");", 1),
        ("harness/exactly/src/a.rs", "eprintln!(\"x\");", 0),
    ] {
        let violations = violations(&[Source::new(path, line)]);
        assert_eq!(violations.len(), found, "{path} {line}: {violations:?}");
    }
}
