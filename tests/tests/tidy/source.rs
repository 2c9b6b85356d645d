//! The source files of the workspace.

use std::path::Path;

/// A source file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// Path from the root of the workspace, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// A planted file.
    #[cfg(test)]
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Every `.rs` file of the members, in the order of paths.
    pub fn all(root: &Path) -> Vec<Self> {
        let mut sources = Vec::new();
        for folder in ["harness", "adapters", "tests"] {
            collect(root, &root.join(folder), &mut sources);
        }
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        // An empty list would satisfy every check.
        assert!(sources.len() > 20, "{} holds no sources", root.display());
        sources
    }

    /// Whether it holds tests, benches or examples only.
    pub fn is_test(&self) -> bool {
        let (folder, file) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        matches!(file, "tests.rs" | "testing.rs")
            || self.path.starts_with("tests/")
            || folder
                .split('/')
                .any(|f| matches!(f, "tests" | "benches" | "examples"))
    }

    /// Lines of code with their numbers: without comments, and without a test
    /// module at the end of the file.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests = lines.windows(2).position(|pair| {
            pair[0].trim() == "#[cfg(test)]"
                && pair[1].starts_with("mod ")
                && pair[1].ends_with('{')
        });
        let end = tests.unwrap_or(lines.len());
        let code = lines.into_iter().enumerate().take(end);
        code.filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(at, line)| (at + 1, line))
    }
}

fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the workspace can be read");
    for entry in entries {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if name != "target" {
                collect(root, &path, sources);
            }
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file can be read");
            let path = path.strip_prefix(root).expect("it lies below the root");
            sources.push(Source {
                path: path.to_string_lossy().into_owned(),
                text,
            });
        }
    }
}

#[test]
fn code_leaves_out_comments_and_the_test_module() {
    let source = Source::new(
        "harness/x/src/lib.rs",
        "//! a\nfn f() {}\n  // b\n#[cfg(test)]\nfn g() {}\n#[cfg(test)]\nmod tests {\nfn h() {}\n}\n",
    );
    let code: Vec<_> = source.code().collect();
    assert_eq!(
        code,
        [(2, "fn f() {}"), (4, "#[cfg(test)]"), (5, "fn g() {}")]
    );
}

#[test]
fn test_files_are_known() {
    for (path, test) in [
        ("harness/x/src/a.rs", false),
        ("harness/x/src/a/tests.rs", true),
        ("harness/x/tests/a.rs", true),
        ("harness/x/benches/a.rs", true),
        ("tests/src/lib.rs", true),
        ("harness/x/src/contests.rs", false),
    ] {
        assert_eq!(Source::new(path, "").is_test(), test, "{path}");
    }
}
