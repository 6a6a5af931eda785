//! Headers of the hub's answers.

use std::time::{SystemTime, UNIX_EPOCH};

use ureq::http::HeaderMap;

pub(crate) const COMMIT: &str = "x-repo-commit";
pub(crate) const LINKED_ETAG: &str = "x-linked-etag";
pub(crate) const LINKED_SIZE: &str = "x-linked-size";
pub(crate) const ERROR_CODE: &str = "x-error-code";
pub(crate) const ERROR_MESSAGE: &str = "x-error-message";

/// The text of a header.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether the body is compressed, although that was not asked for.
pub(crate) fn is_compressed(headers: &HeaderMap) -> bool {
    text(headers, "content-encoding").is_some_and(|encoding| encoding.trim() != "identity")
}

/// The number of bytes of the file in the body.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    if is_compressed(headers) {
        return None;
    }
    text(headers, "content-length")?.trim().parse().ok()
}

/// The start of the range of bytes that was sent, and the size of the whole file if it is known.
pub(crate) fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    if is_compressed(headers) {
        return None;
    }
    let range = text(headers, "content-range")?.trim().strip_prefix("bytes ")?;
    let (bytes, size) = range.split_once('/')?;
    let (start, _) = bytes.split_once('-')?;
    Some((start.trim().parse().ok()?, size.trim().parse().ok()))
}

/// Whether the body is a page for a browser.
pub(crate) fn is_web_page(headers: &HeaderMap) -> bool {
    text(headers, "content-type").is_some_and(|kind| kind.trim_start().starts_with("text/html"))
}

/// The requested pause in seconds, from `retry-after` with a number or a date, or from the hub's
/// `ratelimit`, as in `"api";r=0;t=55`.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<u64> {
    if let Some(value) = text(headers, "retry-after") {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(value.parse().unwrap_or(u64::MAX));
        }
        if let Some(date) = parse_date(value) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
            return Some(date.saturating_sub(now));
        }
    }
    let rate_limit = text(headers, "ratelimit")?;
    let mut fields = rate_limit.split(';').map(str::trim);
    fields.find_map(|field| field.strip_prefix("t=")?.parse().ok())
}

/// Seconds since 1970 of a date of HTTP, such as `Sun, 06 Nov 1994 08:49:37 GMT`. Its two older forms
/// are not read: no server should send them.
fn parse_date(text: &str) -> Option<u64> {
    let [_, day, month, year, time, "GMT"] = text.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let (year, day) = (year.parse::<u64>().ok()?, day.parse::<u64>().ok()?);
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>()[..] else { return None };
    let seconds = hour.parse::<u64>().ok()? * 3600
        + minute.parse::<u64>().ok()? * 60
        + second.parse::<u64>().ok()?;
    if !(1970..=9999).contains(&year) || !(1..=31).contains(&day) || seconds > 86_400 {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + seconds)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Number of days from the first of January 1970 to a day of the Gregorian calendar.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    // Years that begin in March have their leap day at their end.
    let year = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let leap_days = year / 4 - year / 100 + year / 400;
    let days_before_month = (153 * month_from_march + 2) / 5;
    let days_to_1970 = 719_468;
    365 * year + leap_days + days_before_month + day - 1 - days_to_1970
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_seconds_of_the_command_date() {
        // `date --date '1994-11-06 08:49:37 UTC' +%s` and so on
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
            ("Fri, 31 Dec 2100 12:00:00 GMT", 4_133_937_600),
        ] {
            assert_eq!(parse_date(text), Some(seconds), "{text}");
        }
        for text in
            ["", "soon", "Sun, 06 Nov 1994", "Sun, 99 Nov 1994 08:49:37 GMT", "a b c d e GMT"]
        {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn a_pause_is_a_number_or_a_date() {
        let pause = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(pause("retry-after", " 7 "), Some(7));
        assert_eq!(pause("retry-after", "99999999999999999999999"), Some(u64::MAX));
        assert_eq!(pause("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
        assert!(pause("retry-after", "Fri, 31 Dec 2100 12:00:00 GMT").unwrap() > 1_000_000);
        assert_eq!(pause("retry-after", "-1"), None);
        assert_eq!(pause("retry-after", "later"), None);
        assert_eq!(pause("ratelimit", "\"api\";r=0;t=55"), Some(55));
    }
}
