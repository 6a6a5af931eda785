//! Durations as people and job schedulers write them.

use std::{fmt, time::Duration};

/// The longest time that a command may be given, in seconds: ten years.
const MOST_SECONDS: u64 = 10 * 366 * 24 * 3600;

/// The time after which a command stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeLimit(pub(crate) Duration);

/// A text that is not a duration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidDuration(String);

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a duration; use `90s`, `15m`, `2h` or `1:30:00`", self.0)
    }
}

impl std::error::Error for InvalidDuration {}

impl TimeLimit {
    /// Reads `90s`, `15m`, `2h`, `1d`, minutes and seconds `15:00`, or hours, minutes and seconds
    /// `1:30:00`.
    ///
    /// # Errors
    /// If the text is none of these, or the duration is zero or longer than ten years.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidDuration> {
        let seconds = if text.contains(':') { read_clock(text) } else { read_unit(text) };
        match seconds {
            Some(seconds @ 1..=MOST_SECONDS) => Ok(Self(Duration::from_secs(seconds))),
            _ => Err(InvalidDuration(text.to_owned())),
        }
    }
}

/// The seconds of `90s`, `15m`, `2h` or `1d`.
fn read_unit(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return None,
    };
    read_digits(number)?.checked_mul(seconds)
}

/// The seconds of `15:00` or `1:30:00`.
fn read_clock(text: &str) -> Option<u64> {
    let fields: Vec<&str> = text.split(':').collect();
    if fields.len() > 3 {
        return None;
    }
    let mut seconds: u64 = 0;
    for (place, field) in fields.into_iter().enumerate() {
        let number = read_digits(field)?;
        if place > 0 && (number > 59 || field.len() != 2) {
            return None;
        }
        seconds = seconds.checked_mul(60)?.checked_add(number)?;
    }
    Some(seconds)
}

/// A number without a sign.
fn read_digits(text: &str) -> Option<u64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_they_are_written() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("2h", 7_200),
            ("1d", 86_400),
            ("15:00", 900),
            ("1:30:00", 5_400),
            ("100:00:00", 360_000),
        ] {
            assert_eq!(TimeLimit::parse(text), Ok(TimeLimit(Duration::from_secs(seconds))));
        }
        for text in
            ["", "s", "90", "0s", "-1s", "+1s", "1.5h", "1:60", "1:5", "1:2:3:4", ":", "∂", "9d9d"]
        {
            let error = TimeLimit::parse(text).unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{text}` is not")), "{error}");
        }
        assert!(TimeLimit::parse("99999999999999999999d").is_err());
        assert!(TimeLimit::parse("4000d").is_err());
    }
}
