//! Results as a table, in Markdown or JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::rates::Rate;

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum TableCell {
    /// A text.
    Text(String),
    /// A count.
    Count(usize),
    /// A number, with so many digits after the point.
    Number(f64, usize),
    /// A rate with its 95 % interval.
    Rate(Rate),
    /// A rate of clusters with two standard errors.
    ClusteredRate(Rate),
}

/// The results of a simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulationTable {
    /// The heading.
    pub title: String,
    /// Sentences below it.
    pub notes: String,
    /// The names of the columns.
    pub columns: Vec<&'static str>,
    /// The rows, each with a cell per column.
    pub rows: Vec<Vec<TableCell>>,
}

impl SimulationTable {
    /// The table in Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text =
            format!("### {}\n\n{}\n\n| {} |\n", self.title, self.notes, self.columns.join(" | "));
        text += &"|---".repeat(self.columns.len());
        text += "|\n";
        for row in &self.rows {
            for cell in row {
                let _ = write!(text, "| {} ", cell.to_text());
            }
            text += "|\n";
        }
        text
    }

    /// The table as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut rows = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let mut object = Map::new();
            for (column, cell) in self.columns.iter().zip(row) {
                object.insert((*column).to_owned(), cell.to_json());
            }
            rows.push(Value::Object(object));
        }
        json!({"title": self.title, "notes": self.notes, "rows": rows})
    }
}

impl TableCell {
    /// A text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Number(number, digits) => format!("{number:.digits$}"),
            Self::Rate(rate) => {
                let (low, high) = rate.interval();
                let [share, low, high] = [rate.share(), low, high].map(percent);
                format!("{} of {}: {share} % ({low} to {high})", rate.hits, rate.trials)
            }
            Self::ClusteredRate(rate) => {
                let [share, error] = [rate.share(), 2.0 * rate.standard_error()].map(percent);
                format!("{} of {}: {share} % (± {error})", rate.hits, rate.trials)
            }
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Count(count) => json!(count),
            Self::Number(number, _) => json!(number),
            Self::Rate(rate) => {
                let (low, high) = rate.interval();
                json!({"hits": rate.hits, "trials": rate.trials, "share": rate.share(),
                    "low": low, "high": high})
            }
            Self::ClusteredRate(rate) => json!({"hits": rate.hits, "trials": rate.trials,
                "share": rate.share(), "standard_error": rate.standard_error()}),
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
