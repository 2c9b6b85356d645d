//! What a process is told of its systems.

use crate::EngineError;
use exactly_model::{Process, ReadyWhen};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, TcpListener};

/// A free port for each `{port.NAME}` that a process is told of, so that
/// incarnations and trials can listen beside each other.
pub(super) fn ports(process: &Process) -> std::io::Result<BTreeMap<String, String>> {
    let ready = match &process.ready.when {
        ReadyWhen::Tcp(text) | ReadyWhen::Http(text) => Some(text),
        ReadyWhen::Log(_) | ReadyWhen::FirstExchange => None,
    };
    let texts = process.command.iter().chain(process.env.values());
    let names: BTreeSet<&str> = texts
        .chain(ready)
        .flat_map(|text| port_names(text))
        .collect();
    // All are held until each has its own.
    let listeners = names
        .iter()
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let listeners = listeners.collect::<std::io::Result<Vec<_>>>()?;
    let numbered = names.iter().zip(&listeners).map(|(name, listener)| {
        let port = listener.local_addr()?.port();
        Ok(((*name).to_string(), port.to_string()))
    });
    numbered.collect()
}

fn port_names(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split('{').skip(1);
    after.filter_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        let own = name.strip_prefix("port.")?;
        let sound = !own.is_empty() && own.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        sound.then_some(name)
    })
}

/// Fills in `{system.name}` placeholders. One that stands for nothing is an
/// error; braces around anything else are left alone.
pub(super) fn fill(
    text: &str,
    values: &BTreeMap<String, String>,
    process: &str,
) -> Result<String, EngineError> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let name = from[1..].split('}').next().unwrap_or("");
        let looks_like_one = from.contains('}')
            && name.contains('.')
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !looks_like_one {
            filled.push('{');
            rest = &from[1..];
            continue;
        }
        let value = values.get(name).ok_or_else(|| EngineError::Config {
            what: format!("process {process}: nothing is called {{{name}}}"),
            hint: format!(
                "use one of {}",
                values
                    .keys()
                    .map(|k| format!("{{{k}}}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            ),
        })?;
        filled.push_str(value);
        rest = &from[name.len() + 2..];
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::{fill, port_names};
    use std::collections::BTreeMap;

    #[test]
    fn names_of_ports_are_found() {
        let names = |text| port_names(text).collect::<Vec<_>>();
        assert_eq!(
            names("http://127.0.0.1:{port.http}/{pg.url}?{port.admin}"),
            ["port.http", "port.admin"]
        );
        assert!(names("{port.}{port.a b}{report.x}{port.open").is_empty());
    }

    #[test]
    fn placeholders_are_filled_and_unknown_ones_named() {
        let values = BTreeMap::from([("k.address".to_string(), "h:1".to_string())]);
        let fill = |text| fill(text, &values, "worker").map_err(|error| error.to_string());
        assert_eq!(fill("a={k.address},{}").unwrap(), "a=h:1,{}");
        assert_eq!(fill(r#"{"json":1}"#).unwrap(), r#"{"json":1}"#);
        assert_eq!(fill("{k.address").unwrap(), "{k.address");
        let error = fill("{k.adress}").unwrap_err();
        assert!(
            error.contains("{k.adress}") && error.contains("{k.address}"),
            "{error}"
        );
    }
}
