//! How closely a model's probabilities follow the grammar's odds.

use std::collections::BTreeMap;

use crate::held_out_prompts::HeldOutPrompt;

/// The probabilities that a model gives to the right pronouns of the prompts of one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationRow {
    /// The grammar's probability of the right pronoun, in percent.
    pub percent: u8,
    /// Number of prompts.
    pub prompts: usize,
    /// Mean of the model's probabilities, from 0 to 1.
    pub mean: f64,
    /// The smallest probability above those of 5 % of the prompts.
    pub low: f64,
    /// The smallest probability above those of half of the prompts.
    pub median: f64,
    /// The smallest probability above those of 95 % of the prompts.
    pub high: f64,
}

/// Summarises a model's probability of the right pronoun in each prompt, by the grammar's.
#[must_use]
pub fn calibration_curve(prompts: &[HeldOutPrompt], probabilities: &[f64]) -> Vec<CalibrationRow> {
    let mut by_level: BTreeMap<u8, Vec<f64>> = BTreeMap::new();
    for (prompt, &probability) in prompts.iter().zip(probabilities) {
        by_level.entry(prompt.percent).or_default().push(probability);
    }
    let mut rows = Vec::new();
    for (percent, mut probabilities) in by_level {
        probabilities.sort_by(f64::total_cmp);
        let count = probabilities.len();
        rows.push(CalibrationRow {
            percent,
            prompts: count,
            mean: probabilities.iter().sum::<f64>() / count as f64,
            low: probabilities[count * 5 / 100],
            median: probabilities[count / 2],
            high: probabilities[count * 95 / 100],
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pronoun::{Case, Gender};

    fn prompt(percent: u8) -> HeldOutPrompt {
        let (text, case, gender) = (String::new(), Case::Object, Gender::Male);
        HeldOutPrompt { text, right: "him", other: "her", case, gender, percent }
    }

    #[test]
    fn each_level_has_a_row() {
        let prompts = [prompt(90), prompt(50), prompt(90), prompt(90)];
        let rows = calibration_curve(&prompts, &[1.0, 0.25, 0.5, 0.75]);
        let row = |percent, prompts, mean, low, median, high| CalibrationRow {
            percent,
            prompts,
            mean,
            low,
            median,
            high,
        };
        assert_eq!(rows, [row(50, 1, 0.25, 0.25, 0.25, 0.25), row(90, 3, 0.75, 0.5, 0.75, 1.0)]);
    }
}
