//! Cells of tables.

use super::number_text::{NONE, count, fixed, interval, interval_with_digits, p_value};

/// A cell of a table: a text and, if it is a number, its exact value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The text, where a number is rounded.
    pub text: String,
    /// The exact number that the cell is sorted by, `NaN` if there is none; `None` for a text.
    pub value: Option<String>,
    /// A class of the style sheet; empty for none.
    pub class: &'static str,
    /// The address that it leads to on a page; empty for none.
    pub link: String,
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), value: None, class: "", link: String::new() }
    }

    fn value(text: String, value: &impl ToString) -> Self {
        Self { text, value: Some(value.to_string()), class: "", link: String::new() }
    }

    pub(crate) fn count(number: usize) -> Self {
        Self::value(count(number), &number)
    }

    /// A number with `digits` decimals.
    pub(crate) fn number(value: f64, digits: usize) -> Self {
        Self::value(fixed(value, digits), &value)
    }

    /// A number with `digits` decimals that may be missing.
    pub(crate) fn optional(value: Option<f64>, digits: usize) -> Self {
        value.map_or_else(Self::missing, |value| Self::number(value, digits))
    }

    pub(crate) fn p(p: Option<f64>) -> Self {
        p.map_or_else(Self::missing, |p| Self::value(p_value(p), &p))
    }

    /// A probability in percent.
    pub(crate) fn probability(prob: f64) -> Self {
        let text =
            if prob >= 1e-4 { format!("{:.2} %", 100.0 * prob) } else { "< 0.01 %".to_owned() };
        Self::value(text, &prob)
    }

    /// Both ends of an interval, sorted by the lower one.
    pub(crate) fn interval(ends: Option<(f64, f64)>) -> Self {
        ends.map_or_else(Self::missing, |ends| Self::value(interval(ends), &ends.0))
    }

    /// The same with `digits` decimals.
    pub(crate) fn interval_with_digits(ends: Option<(f64, f64)>, digits: usize) -> Self {
        let text = |ends| Self::value(interval_with_digits(ends, digits), &ends.0);
        ends.map_or_else(Self::missing, text)
    }

    /// A number that is missing.
    pub(crate) fn missing() -> Self {
        Self::value(NONE.to_owned(), &f64::NAN)
    }

    /// The same with a sign before the text.
    pub(crate) fn prefixed(mut self, sign: &str) -> Self {
        self.text.insert_str(0, sign);
        self
    }

    pub(crate) fn link(mut self, address: String) -> Self {
        self.link = address;
        self
    }

    pub(crate) fn class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }
}
