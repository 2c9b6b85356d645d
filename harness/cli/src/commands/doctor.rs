//! `exactly doctor`.

use super::up::surroundings;
use crate::args::{DoctorArgs, Format};
use crate::failure::Failure;
use crate::place::Places;
use exactly::{Found, doctor};
use exactly_model::exit;
use serde_json::json;
use std::fmt::Write as _;

pub(super) fn run(args: &DoctorArgs) -> Result<u8, Failure> {
    let asked = Places::read(&args.places);
    let asked = asked.map_err(|error| Failure::Usage(error.to_string()))?;
    let surroundings = surroundings()?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let found = super::block_on(&mut runtime, doctor(&surroundings, &asked.into_map()))??;
    super::print(&match args.format {
        Format::Human => human(&found),
        Format::Json => json(&found),
    })?;
    Ok(match found.iter().any(|f| f.needed && f.state.is_err()) {
        true => exit::SYSTEM_UNAVAILABLE,
        false => exit::DONE,
    })
}

fn human(found: &[Found]) -> String {
    let width = |of: fn(&Found) -> &str| found.iter().map(|f| of(f).len()).max().unwrap_or(0);
    let (kinds, places) = (width(|f| f.kind), width(|f| &f.place));
    let mut text = String::new();
    for Found {
        kind, place, state, ..
    } in found
    {
        let (word, said) = match state {
            Ok(version) => ("there", version),
            Err(missing) => ("missing", &missing.why),
        };
        let _ = writeln!(text, "{kind:<kinds$}  {place:<places$}  {word:<7}  {said}");
        if let Err(missing) = state {
            let _ = writeln!(
                text,
                "{:indent$}{}",
                "",
                missing.hint,
                indent = kinds + places + 13
            );
        }
    }
    text
}

fn json(found: &[Found]) -> String {
    let one = |found: &Found| {
        let missing = found.state.as_ref().err();
        json!({
            "system": found.kind,
            "place": found.place,
            "needed": found.needed,
            "there": found.state.is_ok(),
            "version": found.state.as_ref().ok(),
            "why": missing.map(|missing| &missing.why),
            "hint": missing.map(|missing| &missing.hint),
        })
    };
    let systems: Vec<_> = found.iter().map(one).collect();
    let list = json!({ "schema": "exactly.doctor/1", "systems": systems });
    format!("{list:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use exactly::Missing;

    #[test]
    fn what_is_missing_stands_above_what_gets_it() {
        let found = [
            Found {
                kind: "sqs",
                place: "embedded".into(),
                needed: true,
                state: Ok("exactly-sqs 1".into()),
            },
            Found {
                kind: "kafka",
                place: "local".into(),
                needed: false,
                state: Err(Missing {
                    why: "KAFKA_HOME is not set".into(),
                    hint: "set KAFKA_HOME".into(),
                }),
            },
        ];
        assert_eq!(
            human(&found),
            "sqs    embedded  there    exactly-sqs 1\n\
             kafka  local     missing  KAFKA_HOME is not set\n\
             \x20                         set KAFKA_HOME\n"
        );
        let value: serde_json::Value = serde_json::from_str(&json(&found)).unwrap();
        assert_eq!(value["systems"][0]["version"], "exactly-sqs 1");
        assert_eq!(value["systems"][1]["there"], false);
        assert_eq!(value["systems"][1]["hint"], "set KAFKA_HOME");
    }
}
