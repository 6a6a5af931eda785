//! Sentences about the largest of several effects that were looked at.

use crate::document::number_text::{fixed, interval, plural};

/// A mean margin drop with its interval, one of several that hold together: `a mean margin drop of 0.200
/// (interval 0.100 to 0.300, one of 3 that hold together with 95 %)`.
pub(crate) fn describe_drop(drop: f64, ends: Option<(f64, f64)>, intervals: usize) -> String {
    let drop = fixed(drop, 3);
    match ends {
        Some(ends) => format!(
            "a mean margin drop of {drop} (interval {}, one of {intervals} that hold together with 95 %)",
            interval(ends)
        ),
        None => format!("a mean margin drop of {drop} (no interval, too few templates)"),
    }
}

/// The note on an effect that was chosen because it is the largest.
pub(crate) fn describe_choice(ends: Option<(f64, f64)>) -> String {
    let is_shown = ends.is_some_and(|(low, high)| low > 0.0 || high < 0.0);
    let doubt = if is_shown { "" } else { " It is not shown to differ from 0." };
    format!("{doubt} That it is larger than the others is not tested.")
}

/// `3 layers looked at`.
pub(crate) fn count_looked_at(number: usize, noun: &str) -> String {
    format!("{} looked at", plural(number, noun))
}
