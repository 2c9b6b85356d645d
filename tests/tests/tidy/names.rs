//! A judge that knows a claim's name could please it.

use crate::source::Source;

/// Folders whose sources must not know the catalogue.
const BLIND: &[&str] = &["harness/check/", "harness/engine/", "adapters/"];

/// What Kafka itself calls its isolation levels: in snake case they say nothing
/// of a variant.
const TERMS: &[&str] = &["read_committed", "read_uncommitted"];

/// Ids of every claim, variant and program.
pub fn catalogue() -> Vec<String> {
    let mut ids = Vec::new();
    for claim in exactly_claims::catalogue() {
        ids.push(claim.id.to_string());
        ids.extend(claim.variants.iter().map(|variant| variant.id.to_string()));
    }
    ids.extend(exactly_claims::programs().iter().map(|p| p.id.to_string()));
    assert!(ids.len() > 3, "an empty catalogue would satisfy the check");
    ids
}

/// Blind sources (their tests and comments included) that name one of `ids`, in
/// kebab or in snake case.
pub fn violations(sources: &[Source], ids: &[String]) -> Vec<String> {
    let mut violations = Vec::new();
    for source in sources {
        if !BLIND.iter().any(|folder| source.path.starts_with(folder)) {
            continue;
        }
        for id in ids {
            let names = [id.clone(), id.replace('-', "_")];
            let holds = |name: &String| source.text.contains(name.as_str());
            let is_term = |name: &&String| TERMS.contains(&name.as_str());
            if names.iter().filter(|name| !is_term(name)).any(holds) {
                violations.push(format!("{} names {id}", source.path));
            }
        }
    }
    violations
}

#[test]
fn planted_names_are_found() {
    let ids = catalogue();
    let (claim, variant) = (&ids[0], &ids[1]);
    for (path, text, found) in [
        (
            "harness/check/src/a.rs",
            format!("if claim == \"{claim}\" {{}}"),
            true,
        ),
        (
            "harness/engine/src/a.rs",
            format!("// as in {variant}"),
            true,
        ),
        (
            "adapters/kafka/src/a.rs",
            format!("fn {}()", variant.replace('-', "_")),
            true,
        ),
        ("harness/cli/src/a.rs", format!("\"{claim}\""), false),
        ("harness/check/src/a.rs", "cell.claim".into(), false),
        ("harness/check/src/a.rs", "read_committed".into(), false),
        ("harness/check/src/a.rs", "read-committed".into(), true),
    ] {
        let violations = violations(&[Source::new(path, &text)], &ids);
        assert_eq!(!violations.is_empty(), found, "{path}: {violations:?}");
    }
}
