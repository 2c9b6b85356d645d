//! The workflows of docs/ci.md: they are YAML, they have what such a file needs,
//! and their commands exist.

use clap::Parser as _;
use serde_json::Value;
use std::path::Path;

/// What is wrong with the page.
pub fn violations(root: &Path) -> Vec<String> {
    let page = std::fs::read_to_string(root.join("docs/ci.md")).unwrap_or_default();
    of_page(&page)
}

fn of_page(page: &str) -> Vec<String> {
    let mut violations = Vec::new();
    let (mut github, mut gitlab) = (0, 0);
    for text in blocks(page) {
        let file: Value = match serde_saphyr::from_str(&text) {
            Ok(file) => file,
            Err(error) => {
                violations.push(format!("docs/ci.md: {error}"));
                continue;
            }
        };
        let scripts = match file.get("jobs") {
            Some(jobs) => {
                github += 1;
                of_github(&file, jobs, &mut violations)
            }
            None => {
                gitlab += 1;
                of_gitlab(&file, &mut violations)
            }
        };
        let commands: Vec<String> = scripts.iter().flat_map(|script| commands(script)).collect();
        if commands.is_empty() {
            violations.push("docs/ci.md: a workflow without a command of ours".into());
        }
        violations.extend(commands.iter().filter_map(|command| refused(command)));
    }
    if github == 0 || gitlab == 0 {
        violations.push(format!(
            "docs/ci.md: {github} workflows of GitHub, {gitlab} of GitLab"
        ));
    }
    violations
}

/// The blocks of YAML.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while lines.by_ref().any(|line| line == "```yaml") {
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(block.join("\n"));
    }
    blocks
}

/// Scripts of a GitHub workflow.
fn of_github(file: &Value, jobs: &Value, violations: &mut Vec<String>) -> Vec<String> {
    let mut scripts = Vec::new();
    if file.get("on").is_none_or(Value::is_null) {
        violations.push("docs/ci.md: a workflow without `on`".into());
    }
    for (name, job) in jobs.as_object().into_iter().flatten() {
        for key in ["runs-on", "timeout-minutes", "steps"] {
            if job.get(key).is_none() {
                violations.push(format!("docs/ci.md: job {name} without `{key}`"));
            }
        }
        for step in job["steps"].as_array().into_iter().flatten() {
            match (step["uses"].as_str(), step["run"].as_str()) {
                (Some(action), None) if action.contains('@') => {}
                (None, Some(script)) => scripts.push(script.to_owned()),
                _ => violations.push(format!("docs/ci.md: a step that does nothing: {step}")),
            }
        }
    }
    scripts
}

/// Scripts of a GitLab pipeline.
fn of_gitlab(file: &Value, violations: &mut Vec<String>) -> Vec<String> {
    let mut scripts = Vec::new();
    for (name, job) in file.as_object().into_iter().flatten() {
        if job["artifacts"]["reports"]["junit"].as_str().is_none() {
            violations.push(format!("docs/ci.md: job {name} without a JUnit report"));
        }
        let lines = job["script"].as_array().into_iter().flatten();
        match lines.clone().all(Value::is_string) {
            true => scripts.extend(lines.filter_map(|line| Some(line.as_str()?.to_owned()))),
            false => violations.push(format!("docs/ci.md: job {name}: a line that is no text")),
        }
    }
    scripts
}

/// The commands of ours in a script, each on one line.
fn commands(script: &str) -> Vec<String> {
    let joined = script.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim);
    lines
        .filter(|line| line.starts_with("exactly "))
        .filter_map(|line| Some(line.split(" || ").next()?.to_owned()))
        .collect()
}

/// Why the command line refuses it, if it does.
fn refused(command: &str) -> Option<String> {
    // An expression of GitHub's is one word, and some value of the right kind.
    let words = command.replace("${{ matrix.part }}", "1");
    let words = words.split_whitespace().map(|word| word.replace('"', ""));
    let error = exactly_cli::Cli::try_parse_from(words).err()?;
    Some(format!("docs/ci.md: {command}: {error}"))
}

#[test]
fn planted_mistakes_are_found() {
    let github = "```yaml\non: push\njobs:\n  a:\n    runs-on: x\n    timeout-minutes: 1\n    \
                  steps:\n      - run: |\n          exactly judge r \\\n            --junit f\n```\n";
    let gitlab = "```yaml\na:\n  script:\n    - exactly judge r\n  artifacts:\n    reports:\n      \
                  junit: f\n```\n";
    let page = format!("{github}text\n{gitlab}");
    assert_eq!(of_page(&page), [""; 0]);
    for (from, to, part) in [
        ("on: push", "on: [push", "docs/ci.md: "),
        ("on: push", "name: x", "without `on`"),
        ("runs-on: x", "runs: x", "without `runs-on`"),
        ("--junit f", "--junitt f", "--junitt"),
        ("exactly judge r", "echo", "without a command of ours"),
        ("junit: f", "junit: [f]", "without a JUnit report"),
        ("- run: |", "- ruin: |", "does nothing"),
        ("- exactly judge r", "- exactly: judge", "no text"),
    ] {
        let found = of_page(&page.replace(from, to)).join("; ");
        assert!(found.contains(part), "{part}: {found}");
    }
    assert_eq!(of_page("").len(), 1);
}
