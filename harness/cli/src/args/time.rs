//! Times, as people write them.

use std::time::Duration;

const DAY_S: u64 = 24 * 3600;

/// `90s`, `10m`, `2h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(7 * DAY_S);
    match parsed(text, &[('s', 1), ('m', 60), ('h', 3600)]) {
        Some(time) if !time.is_zero() && time <= LONGEST => Ok(time),
        _ => Err("give a time of up to a week, as in 90s, 10m or 2h".into()),
    }
}

/// By how much a clock is moved: `300s`, `5m`, `2h`, `4d`. What is kept longest, a
/// message, is kept for 14 days.
pub(super) fn forward(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(365 * DAY_S);
    match parsed(text, &[('s', 1), ('m', 60), ('h', 3600), ('d', DAY_S)]) {
        Some(time) if !time.is_zero() && time <= LONGEST => Ok(time),
        _ => Err("give a time of up to 365d, as in 300s, 5m, 2h or 4d".into()),
    }
}

fn parsed(text: &str, units: &[(char, u64)]) -> Option<Duration> {
    let seconds = units.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(*unit)?.parse().ok()?;
        number.checked_mul(*seconds)
    });
    seconds.map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("2h", 7200), ("168h", 604_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "s", "1.5h", "-1s", "1h30m", "10 m", "+1s "] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_clock_goes_forward_by_days_too() {
        for (text, seconds) in [("300s", 300), ("5m", 300), ("4d", 345_600)] {
            assert_eq!(forward(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["0s", "366d", "5", "-5m", "99999999999999999999d"] {
            assert!(forward(text).is_err(), "{text}");
        }
        assert!(duration("1d").is_err());
    }
}
