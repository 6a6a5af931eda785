//! Part 2: what the model predicts.

use std::io::Write;

use anyhow::Result;
use lesion_eval::{Accuracy, MaskedPrompt, Prediction};

use super::{L, R, SHOWN, table};

pub(crate) fn baseline(
    out: &mut impl Write,
    predictions: &[Prediction],
    prompts: &[MaskedPrompt],
) -> Result<()> {
    writeln!(out, "2. Baseline: what the model predicts at each mask")?;
    for prompt in prompts.iter().take(SHOWN) {
        let MaskedPrompt { prompt, position, sentence, .. } = prompt;
        writeln!(out, "   prompt {prompt}, position {position}: {sentence}")?;
    }
    let mut rows = table(
        &["prompt", "position", "right word", "candidate", "logit", "probability", "rank"],
        &[R, R, L, L, R, R, R],
    );
    for prediction in predictions.iter().take(SHOWN) {
        for (i, score) in prediction.scores.iter().enumerate() {
            // The prompt is named once, in its first row.
            let named = |text: String| if i == 0 { text } else { String::new() };
            rows.add_row([
                named(prediction.prompt.to_string()),
                named(prediction.position.to_string()),
                named(prediction.target().to_owned()),
                score.word.clone(),
                format!("{:.3}", score.logit),
                format!("{:.4}", score.prob),
                score.rank.to_string(),
            ]);
        }
    }
    writeln!(out, "{rows}")?;
    if predictions.len() > SHOWN {
        writeln!(out, "... and {} more, in predictions.csv", predictions.len() - SHOWN)?;
    }
    let Accuracy { prompts, right, top } = Accuracy::of(predictions);
    writeln!(
        out,
        "The right word is above the other candidates in {right} of {prompts} prompts, and the top \
         token of the vocabulary in {top}.\n"
    )?;
    Ok(())
}

pub(crate) fn accuracy(out: &mut impl Write, rows: &[(&str, Accuracy)]) -> Result<()> {
    let mut printed = table(
        &["prompts", "count", "right word above the other", "right word on top of all words"],
        &[L, R, R, R],
    );
    let share = |count: usize, of: usize| {
        format!("{count} ({:.1} %)", 100.0 * count as f64 / of.max(1) as f64)
    };
    for (name, row) in rows {
        printed.add_row([
            (*name).to_owned(),
            row.prompts.to_string(),
            share(row.right, row.prompts),
            share(row.top, row.prompts),
        ]);
    }
    writeln!(out, "{printed}")?;
    Ok(())
}
