//! What the model says of one sentence.

use std::{io::Write, sync::Arc};

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use bert_model::{MASK, Site};
use lesion_eval::{LesionKind, MaskRating, Score, SentenceLesion, Tokens, WordRating};

use super::{L, R, table};
use crate::predict::Predicted;

pub(crate) fn predicted(out: &mut impl Write, found: &Predicted) -> Result<()> {
    let Predicted { sentence, masks, lesion, .. } = found;
    writeln!(out, "{}", sentence.replace(MASK, &format!("{BOLD}{MASK}{BOLD:#}")))?;
    for word in &found.unknown {
        writeln!(
            out,
            "Note: the model does not know \"{word}\"; that is one unknown token to it."
        )?;
    }
    if let Some(lesion) = lesion {
        writeln!(out, "{}", described(lesion))?;
        if found.selected {
            writeln!(out, "A label's neurons are those that the bundled stimuli select.")?;
        }
    }
    for (index, mask) in masks.iter().enumerate() {
        if masks.len() > 1 {
            let (number, all) = (index + 1, masks.len());
            writeln!(out, "\n{MASK} {number} of {all}, token {}", mask.position)?;
        }
        let rows = if lesion.is_some() { compared(mask) } else { plain(mask) };
        writeln!(out, "{}", painted(&rows))?;
        if lesion.is_some() {
            writeln!(out, "{}", finding(mask))?;
        }
    }
    Ok(())
}

const BOLD: Style = Style::new().bold();

/// What is lesioned, in a sentence.
fn described(SentenceLesion { manner, layers }: &SentenceLesion) -> String {
    let set = |(index, (layer, neurons)): (usize, &(usize, Arc<[usize]>))| {
        let (count, s) = (neurons.len(), if neurons.len() == 1 { "" } else { "s" });
        let named = if index == 0 { format!(" neuron{s}") } else { String::new() };
        format!("{count}{named} of layer {layer}")
    };
    let sets: Vec<String> = layers.iter().enumerate().map(set).collect();
    let becomes = match manner.kind {
        LesionKind::Scale(factor) => format!("multiplied by {factor}"),
        other => format!("set to {other}"),
    };
    let site = match manner.site {
        Site::Pre => "before",
        Site::Post => "after",
    };
    let tokens = match &manner.tokens {
        Tokens::Target => "at the mask".to_owned(),
        Tokens::All => "at all tokens".to_owned(),
        offsets @ Tokens::Offsets(_) => format!("at {offsets} from the mask"),
    };
    format!("Lesion: {}, {becomes} {site} GELU, {tokens}.", sets.join(", "))
}

fn plain(mask: &MaskRating) -> String {
    let mut rows = table(&["rank", "word", "probability", "logit"], &[R, L, L, R]);
    for WordRating { clean, .. } in &mask.words {
        rows.add_row([
            clean.rank.to_string(),
            clean.word.clone(),
            probability(clean.prob, 32),
            format!("{:.3}", clean.logit),
        ]);
    }
    rows.to_string()
}

fn compared(mask: &MaskRating) -> String {
    let header = ["rank", "word", "probability", "lesioned", "logit", "lesioned", "drop"];
    let mut rows = table(&header, &[L, L, L, L, R, R, R]);
    for of in &mask.words {
        let WordRating { clean, lesioned: Some(lesioned) } = of else { continue };
        rows.add_row([
            ranks(clean, lesioned),
            clean.word.clone(),
            probability(clean.prob, 6),
            probability(lesioned.prob, 6),
            format!("{:.2}", clean.logit),
            format!("{:.2}", lesioned.logit),
            format!("{:.3}", of.logit_drop().unwrap_or(f64::NAN)),
        ]);
    }
    rows.to_string()
}

/// The rank, and where the lesion moves the word to.
fn ranks(clean: &Score, lesioned: &Score) -> String {
    match clean.rank.cmp(&lesioned.rank) {
        std::cmp::Ordering::Equal => clean.rank.to_string(),
        std::cmp::Ordering::Less => format!("{} {DOWN} {}", clean.rank, lesioned.rank),
        std::cmp::Ordering::Greater => format!("{} {UP} {}", clean.rank, lesioned.rank),
    }
}

const UP: char = '▲';
const DOWN: char = '▼';

/// A probability and a bar of it, `width` long for certainty.
fn probability(prob: f64, width: usize) -> String {
    // Four digits, or the size of what these would show as 0.
    let figure = if prob < 5e-5 { format!("{prob:.0e}") } else { format!("{prob:.4}") };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 8 x width")]
    let eighths = (prob.clamp(0.0, 1.0) * 8.0 * width as f64).round() as usize;
    let part = EIGHTHS[eighths % 8];
    let bar = FULL.to_string().repeat(eighths / 8) + part;
    format!("{figure:>6} {bar:width$}")
}

const FULL: char = '█';
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// Colours what is drawn: bars, and marks of a rank that rises or falls.
fn painted(table: &str) -> String {
    let colour = |drawn: char| match drawn {
        UP => Some(AnsiColor::Green),
        DOWN => Some(AnsiColor::Red),
        '▉'..='▏' | FULL => Some(AnsiColor::Cyan),
        _ => None,
    };
    let drawn: Vec<char> = table.chars().collect();
    let run = |run: &[char]| {
        let style = colour(run[0]).map_or(Style::new(), AnsiColor::on_default);
        format!("{style}{}{style:#}", String::from_iter(run))
    };
    drawn.chunk_by(|a, b| colour(*a) == colour(*b)).map(run).collect()
}

/// What became of the word on top.
fn finding(mask: &MaskRating) -> String {
    if !mask.changed {
        return "This lesion changed no logit.".to_owned();
    }
    let lesioned = |of: &&WordRating| of.lesioned.as_ref().map_or(f32::NAN, |score| score.logit);
    let after = mask.words.iter().max_by(|a, b| lesioned(a).total_cmp(&lesioned(b)));
    let Some((before, after)) = mask.words.first().zip(after) else { return String::new() };
    let (word, drop) = (&before.clean.word, before.logit_drop().unwrap_or(f64::NAN));
    let moved = if drop < 0.0 { "rises" } else { "falls" };
    let moved = format!("its logit {moved} by {:.3}", drop.abs());
    // Words that were asked for may all be far from the top.
    let ranks = [before.clean.rank, after.lesioned.as_ref().map_or(0, |score| score.rank)];
    let place = if ranks == [1, 1] { "on top" } else { "ahead of the others here" };
    if after.clean.word == *word {
        format!("Found: \"{word}\" stays {place}; {moved}.")
    } else {
        format!("Found: \"{}\" takes the place of \"{word}\" {place}; {moved}.", after.clean.word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_probability() {
        assert_eq!(probability(1.0, 4), "1.0000 ████");
        assert_eq!(probability(0.5, 4), "0.5000 ██  ");
        assert_eq!(probability(0.28, 4), "0.2800 █▏  ");
        assert_eq!(probability(0.000_011, 4), "  1e-5     ");
    }
}
