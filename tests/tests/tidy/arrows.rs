//! Which crate may depend on which.

use cargo_metadata::{DependencyKind, MetadataCommand};

/// The arrows of ARCHITECTURE.md: a member, and the members it may depend on.
/// Build and development dependencies count too: a test that sees through a
/// wall is a hole in it.
const ALLOWED: &[(&str, &[&str])] = &[
    ("exactly-model", &[]),
    ("exactly-check", &["exactly-model"]),
    ("exactly-adapter", &["exactly-model"]),
    ("exactly-http1", &["exactly-model", "exactly-adapter"]),
    (
        "exactly-sqs",
        &["exactly-model", "exactly-adapter", "exactly-http1"],
    ),
    (
        "exactly-http",
        &["exactly-model", "exactly-adapter", "exactly-http1"],
    ),
    ("exactly-redis", &["exactly-model", "exactly-adapter"]),
    ("exactly-smtp", &["exactly-model", "exactly-adapter"]),
    ("exactly-kafka", &["exactly-model", "exactly-adapter"]),
    ("exactly-postgres", &["exactly-model", "exactly-adapter"]),
    ("exactly-engine", &["exactly-model", "exactly-adapter"]),
    ("exactly-report", &["exactly-model"]),
    ("exactly-claims", &["exactly-model"]),
    (
        "exactly",
        &[
            "exactly-model",
            "exactly-check",
            "exactly-adapter",
            "exactly-engine",
            "exactly-report",
            "exactly-kafka",
            "exactly-postgres",
            "exactly-sqs",
            "exactly-http",
            "exactly-redis",
            "exactly-smtp",
        ],
    ),
    (
        "exactly-cli",
        &[
            "exactly",
            "exactly-model",
            "exactly-report",
            "exactly-claims",
        ],
    ),
    (
        "exactly-tests",
        &[
            "exactly",
            "exactly-model",
            "exactly-check",
            "exactly-adapter",
            "exactly-engine",
            "exactly-report",
            "exactly-claims",
            "exactly-cli",
            "exactly-http1",
            "exactly-kafka",
            "exactly-postgres",
            "exactly-sqs",
            "exactly-http",
            "exactly-redis",
            "exactly-smtp",
        ],
    ),
    // As its users see it: the facade and nothing below it.
    ("rust-orders", &["exactly"]),
    // Measures what the others cost, from outside; nothing depends on it. How
    // soon a seeded variant is found out takes the variants and a judge.
    (
        "exactly-bench",
        &[
            "exactly-model",
            "exactly-check",
            "exactly-claims",
            "exactly-adapter",
            "exactly-engine",
            "exactly-kafka",
            "exactly-sqs",
            "exactly-postgres",
            "exactly-redis",
            "exactly-smtp",
        ],
    ),
    // Throws bytes at the decoders, each by itself.
    (
        "exactly-fuzz",
        &[
            "exactly-model",
            "exactly-adapter",
            "exactly-kafka",
            "exactly-postgres",
            "exactly-sqs",
            "exactly-http",
            "exactly-redis",
            "exactly-smtp",
        ],
    ),
];

/// Members that touch nothing outside their arguments: no runtime, no client.
const PURE: &[&str] = &["exactly-model", "exactly-check", "exactly-report"];

/// What a pure member may use when it is not being tested.
const PURE_CRATES: &[&str] = &[
    "crc32fast",
    "quick-xml",
    "serde",
    "serde_json",
    "thiserror",
    "unicode-width",
    "uuid",
];

/// A member and what it depends on.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Names of its dependencies, and whether only tests use them.
    pub dependencies: Vec<(String, bool)>,
}

/// The members of this workspace.
pub fn members() -> Vec<Member> {
    let metadata = MetadataCommand::new()
        .manifest_path(super::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata answers");
    let member = |package: &cargo_metadata::Package| Member {
        name: package.name.to_string(),
        dependencies: package
            .dependencies
            .iter()
            .map(|d| (d.name.clone(), d.kind == DependencyKind::Development))
            .collect(),
    };
    metadata.packages.iter().map(member).collect()
}

/// Arrows that are not allowed, members without a row, rows without a member.
pub fn violations(members: &[Member]) -> Vec<String> {
    let mut violations = Vec::new();
    for member in members {
        let name = member.name.as_str();
        let Some((_, allowed)) = ALLOWED.iter().find(|(row, _)| *row == name) else {
            violations.push(format!("{name} has no row: say what it may depend on"));
            continue;
        };
        for (dependency, only_tests) in &member.dependencies {
            let dependency = dependency.as_str();
            let is_member = dependency == "exactly" || dependency.starts_with("exactly-");
            if is_member && !allowed.contains(&dependency) {
                violations.push(format!("{name} -> {dependency}"));
            }
            let pure = PURE.contains(&name) && !is_member && !only_tests;
            if pure && !PURE_CRATES.contains(&dependency) {
                violations.push(format!("{name} is pure and can't use {dependency}"));
            }
        }
    }
    for (row, _) in ALLOWED {
        if !members.iter().any(|member| member.name == *row) {
            violations.push(format!("the row {row} has no member"));
        }
    }
    violations
}

#[test]
fn planted_arrows_are_found() {
    let clean = members();
    assert!(clean.len() >= ALLOWED.len());
    for (from, to, only_tests, expect) in [
        (
            "exactly-engine",
            "exactly-check",
            false,
            "exactly-engine -> exactly-check",
        ),
        (
            "exactly-engine",
            "exactly-kafka",
            true,
            "exactly-engine -> exactly-kafka",
        ),
        (
            "exactly-check",
            "exactly-engine",
            false,
            "exactly-check -> exactly-engine",
        ),
        (
            "exactly-kafka",
            "exactly-postgres",
            false,
            "exactly-kafka -> exactly-postgres",
        ),
        (
            "exactly-claims",
            "exactly-adapter",
            false,
            "exactly-claims -> exactly-adapter",
        ),
        (
            "exactly-report",
            "exactly-cli",
            false,
            "exactly-report -> exactly-cli",
        ),
        (
            "exactly-model",
            "tokio",
            false,
            "exactly-model is pure and can't use tokio",
        ),
        (
            "exactly-outbox",
            "serde",
            false,
            "exactly-outbox has no row: say what it may depend on",
        ),
    ] {
        let mut planted = vec![Member {
            name: from.into(),
            dependencies: vec![(to.into(), only_tests)],
        }];
        planted.extend(clean.iter().filter(|member| member.name != from).cloned());
        let found = violations(&planted);
        assert!(found.contains(&expect.to_string()), "{found:?}");
    }
    let without: Vec<Member> = clean.into_iter().filter(|m| m.name != "exactly").collect();
    assert!(violations(&without).contains(&"the row exactly has no member".to_string()));
}
