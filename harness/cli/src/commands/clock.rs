//! `exactly clock`.

use crate::args::{ClockCommand, ServerArgs};
use crate::failure::Failure;
use crate::terminal;
use exactly::clock::{ClockError, advance, ahead};
use exactly::{Standing, standing};
use exactly_model::exit;
use std::path::Path;
use std::time::Duration;

pub(super) fn run(command: &ClockCommand) -> Result<u8, Failure> {
    let server = match command {
        ClockCommand::Advance { server, .. } | ClockCommand::Show { server } => server,
    };
    let at = at(server, &terminal::board_folder())?;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let asked = super::block_on(&mut runtime, async {
        match command {
            ClockCommand::Advance { by, .. } => advance(&at, *by).await,
            ClockCommand::Show { .. } => ahead(&at).await,
        }
    })?;
    let ahead = asked.map_err(|error| match error {
        ClockError::Address { .. } => Failure::Usage(error.to_string()),
        ClockError::Unreachable { .. } | ClockError::NoClock { .. } => {
            Failure::SystemUnavailable(error.to_string())
        }
    })?;
    super::print(&format!("+{}\n", shown(ahead)))?;
    Ok(exit::DONE)
}

/// The server that is meant.
fn at(server: &ServerArgs, board: &Path) -> Result<String, Failure> {
    if let Some(at) = &server.at {
        return Ok(at.clone());
    }
    let standing =
        standing(board).map_err(|error| Failure::Store(format!("{}: {error}", board.display())))?;
    only(standing).map_err(Failure::Usage)
}

/// The only one that has a clock.
fn only(standing: Vec<Standing>) -> Result<String, String> {
    let mut clocks = standing.into_iter().filter(|standing| standing.clock);
    let Some(first) = clocks.next() else {
        return Err(
            "nothing with a clock is up; start it with `exactly up sqs`, or give the server's \
             address with --at"
                .into(),
        );
    };
    let others: Vec<Standing> = clocks.collect();
    if others.is_empty() {
        return Ok(first.endpoint);
    }
    let each = std::iter::once(&first).chain(&others);
    let each: Vec<String> = each.map(|s| format!("--at {}", s.endpoint)).collect();
    Err(format!(
        "{} servers with a clock are up; give one of {}",
        each.len(),
        each.join(", ")
    ))
}

/// `1d 2h 5m 0.250s`, without what is zero.
fn shown(time: Duration) -> String {
    let (seconds, millis) = (time.as_secs(), time.subsec_millis());
    let mut parts = Vec::new();
    for (unit, long, wraps) in [("d", 86_400, u64::MAX), ("h", 3600, 24), ("m", 60, 60)] {
        let number = seconds / long % wraps;
        if number > 0 {
            parts.push(format!("{number}{unit}"));
        }
    }
    match (seconds % 60, millis) {
        (0, 0) if !parts.is_empty() => {}
        (seconds, 0) => parts.push(format!("{seconds}s")),
        (seconds, millis) => parts.push(format!("{seconds}.{millis:03}s")),
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up(port: u16, clock: bool) -> Standing {
        Standing {
            kind: "sqs".into(),
            place: "embedded".into(),
            version: "1".into(),
            endpoint: format!("http://127.0.0.1:{port}"),
            clock,
            authority: None,
        }
    }

    #[test]
    fn the_only_server_with_a_clock_is_meant() {
        assert_eq!(
            only(vec![up(1, false), up(2, true)]),
            Ok("http://127.0.0.1:2".into())
        );
        let none = only(vec![up(1, false)]).unwrap_err();
        assert!(
            none.contains("exactly up sqs") && none.contains("--at"),
            "{none}"
        );
        let several = only(vec![up(1, true), up(2, true)]).unwrap_err();
        let choice = "--at http://127.0.0.1:1, --at http://127.0.0.1:2";
        assert!(several.contains(choice), "{several}");
    }

    #[test]
    fn times_are_shown_as_they_are_given() {
        for (millis, text) in [
            (0, "0s"),
            (300_000, "5m"),
            (301_250, "5m 1.250s"),
            (90_000_000, "1d 1h"),
            (86_400_000 * 40, "40d"),
        ] {
            assert_eq!(shown(Duration::from_millis(millis)), text);
        }
    }
}
