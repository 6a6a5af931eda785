//! Numbers as a person reads them.

/// The text of a number that is missing.
pub(crate) const NONE: &str = "–";

/// `value` with `digits` decimals and a minus sign that is as wide as a plus.
pub(crate) fn fixed(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let text = format!("{:.digits$}", value.abs());
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if value < 0.0 && !is_zero { format!("−{text}") } else { text }
}

/// A p-value: four decimals, or a power of ten where these would be zeros.
pub(crate) fn p_value(p: f64) -> String {
    if !p.is_finite() {
        return NONE.to_owned();
    }
    if p >= 0.0001 {
        return format!("{p:.4}");
    }
    if p == 0.0 {
        return format!("below {}", power(-308));
    }
    scientific(p)
}

/// A Bayes factor: two decimals, or a power of ten for a very small or a very large one.
pub(crate) fn bayes_factor(factor: f64) -> String {
    if !factor.is_finite() || (0.01..10_000.0).contains(&factor) || factor == 0.0 {
        return fixed(factor, 2);
    }
    scientific(factor)
}

/// A positive number as a factor and a power of ten.
fn scientific(value: f64) -> String {
    let text = format!("{value:.1e}");
    let (factor, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{factor} × {}", power(exponent.parse().unwrap_or_default()))
}

/// A power of ten.
pub(crate) fn power(exponent: i32) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = exponent.to_string().bytes().fold(String::new(), |mut text, byte| {
        text.push(if byte == b'-' { '⁻' } else { RAISED[usize::from(byte - b'0') % 10] });
        text
    });
    format!("10{digits}")
}

/// Whole percent.
pub(crate) fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.0} %", 100.0 * share) } else { NONE.to_owned() }
}

/// Percent with as many digits as the share has, as a setting is written.
pub(crate) fn exact_percent(share: f64) -> String {
    /// Digits that a share of a setting does not have, and a product may have.
    const ROUNDED_AWAY: f64 = 1e9;
    format!("{} %", (100.0 * share * ROUNDED_AWAY).round() / ROUNDED_AWAY)
}

/// A count, with commas between the thousands.
pub(crate) fn count(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 prompt`, `2 prompts`.
pub(crate) fn plural(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// `1 “him” neuron`, `2 “him” neurons`.
pub(crate) fn labelled_neurons(number: usize, label: &str) -> String {
    format!("{} {} neuron{}", count(number), quoted(label), if number == 1 { "" } else { "s" })
}

/// A value without its sign, or `less than 0.001` if its three decimals would be zeros.
pub(crate) fn size(value: f64) -> String {
    /// Half of the last decimal.
    const ROUNDED_AWAY: f64 = 0.0005;
    if value.abs() < ROUNDED_AWAY { "less than 0.001".to_owned() } else { fixed(value.abs(), 3) }
}

/// A word in quotation marks.
pub(crate) fn quoted(word: &str) -> String {
    format!("\u{201c}{word}\u{201d}")
}

/// Both ends of an interval.
pub(crate) fn interval(ends: (f64, f64)) -> String {
    interval_with_digits(ends, 3)
}

/// Both ends of an interval, with `digits` decimals.
pub(crate) fn interval_with_digits((low, high): (f64, f64), digits: usize) -> String {
    format!("{} to {}", fixed(low, digits), fixed(high, digits))
}

/// The mean; NaN if there are no values.
pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) =
        values.into_iter().fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// `a, b and c`.
pub(crate) fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(fixed(-0.166_84, 3), "−0.167");
        assert_eq!(fixed(-0.000_04, 3), "0.000");
        assert_eq!(fixed(f64::NAN, 3), "–");
        assert_eq!(p_value(0.023_95), "0.0239");
        assert_eq!(p_value(3.2e-47), "3.2 × 10⁻⁴⁷");
        assert_eq!(p_value(0.0), "below 10⁻³⁰⁸");
        assert_eq!([0.004, 0.31, 123_456.0].map(bayes_factor), ["4.0 × 10⁻³", "0.31", "1.2 × 10⁵"]);
        assert_eq!(
            (count(7), count(768), count(36_864)),
            ("7".into(), "768".into(), "36,864".into())
        );
        assert_eq!([0.07, 0.075, 0.1].map(exact_percent), ["7 %", "7.5 %", "10 %"]);
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(labelled_neurons(1, "him"), "1 \u{201c}him\u{201d} neuron");
        assert_eq!([size(-0.461), size(-0.0004)], ["0.461", "less than 0.001"]);
    }
}
