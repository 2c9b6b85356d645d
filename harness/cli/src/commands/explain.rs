//! `exactly explain CODE`.

use crate::failure::Failure;
use crate::terminal;
use exactly_model::{Code, CodeClass, exit};
use std::fmt::Write as _;

pub(super) fn run(code: Option<&str>) -> Result<u8, Failure> {
    match code {
        None => super::print(&all())?,
        Some(code) => match explanation(code) {
            Some(page) => super::print(&exactly_report::wrapped(&page, terminal::stdout_style()))?,
            None => {
                return Err(Failure::Usage(format!(
                    "no anomaly has the code {code:?}; there are:\n{}",
                    all().trim_end()
                )));
            }
        },
    }
    Ok(exit::DONE)
}

/// The page of a code in either case, or `None` where there is none.
pub fn explanation(code: &str) -> Option<String> {
    let code = Code::parse(code)?;
    Some(format!(
        "{code} {}\n\n{}\n\nClass: {}.\nNeeds: {}. Without that it is reported as undecidable.\n",
        code.name(),
        code.explanation(),
        class(code.class()),
        code.needs(),
    ))
}

fn all() -> String {
    let mut text = String::new();
    for code in Code::ALL {
        let _ = writeln!(
            text,
            "  {code}  {:<22} {}",
            code.name(),
            class(code.class())
        );
    }
    text
}

const fn class(class: CodeClass) -> &'static str {
    match class {
        CodeClass::Loss => "loss",
        CodeClass::Duplicate => "duplicate",
        CodeClass::Order => "order",
        CodeClass::Phantom => "phantom",
        CodeClass::Atomicity => "atomicity",
        CodeClass::Fencing => "fencing",
        CodeClass::Corruption => "corruption",
        CodeClass::Liveness => "liveness",
        CodeClass::Honesty => "honesty",
        CodeClass::Info => "information, never a violation",
        CodeClass::Inconclusive => "not proven either way",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_and_a_line() {
        for code in Code::ALL {
            let page = explanation(&code.as_str().to_lowercase()).unwrap();
            assert!(page.contains(code.explanation()) && page.contains(code.needs()));
            assert!(all().contains(code.name()));
        }
        assert_eq!(all().lines().count(), Code::ALL.len());
    }

    #[test]
    fn an_unknown_code_is_a_usage_error_that_lists_all() {
        let failure = run(Some("Z9")).unwrap_err();
        assert_eq!(failure.exit_code(), exit::USAGE);
        assert!(failure.to_string().contains("duplicate-effect"));
    }
}
