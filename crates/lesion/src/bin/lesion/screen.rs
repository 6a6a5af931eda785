//! Output for a terminal.

use std::{
    io::{self, Write},
    sync::Arc,
};

use anstyle::{AnsiColor, Style};
use bert_model::MASK;
use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_BORDERS_ONLY};
use indicatif::DecimalBytes;
use lesion::{Evaluation, PlannedStep, PromptsEvaluation, SentenceAnswer, StudyPlan};
use lesion_eval::{LesionValues, MaskRating, Score, SentenceLesion, WordRating};
use serde::Serialize;
use study_record::{ScoreUnit, ValuesFrom, shown};
use study_report::{Block, Section};

use crate::terminal::printable;

/// Alignment to the left, for texts.
pub(crate) const L: CellAlignment = CellAlignment::Left;
/// Alignment to the right, for numbers.
pub(crate) const R: CellAlignment = CellAlignment::Right;

/// Rows of a table that are shown: enough for both labels in 12 layers. The file has all rows.
const SHOWN: usize = 24;

/// Writes a section of a study, without the blocks that are only for the page.
pub(crate) fn write_section(out: &mut impl Write, section: &Section) -> io::Result<()> {
    let blocks = section.on_screen();
    if blocks.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{BOLD}{}{BOLD:#}", typed(&section.title))?;
    for block in blocks {
        match block {
            Block::Heading(text) => writeln!(out, "\n{}", typed(text))?,
            Block::Text(text) => writeln!(out, "{}", typed(text))?,
            Block::Finding(text) => writeln!(out, "Found: {}", typed(text))?,
            Block::Warning(text) => writeln!(out, "Note: {}", typed(text))?,
            Block::Doubt(text) => writeln!(out, "Warning: {}", typed(text))?,
            Block::List(items) => {
                for item in items {
                    writeln!(out, "- {}", typed(item))?;
                }
            }
            Block::Table(table) => write_study_table(out, table)?,
            _ => {}
        }
    }
    Ok(())
}

/// The text with the quotes and minus signs of a keyboard, so that it can be searched for, and without
/// anything that a terminal obeys.
fn typed(text: &str) -> String {
    printable(text)
        .replace(['\u{201c}', '\u{201d}'], "\"")
        .replace('\u{2019}', "'")
        .replace('\u{2212}', "-")
}

fn write_study_table(out: &mut impl Write, study_table: &study_report::Table) -> io::Result<()> {
    let names: Vec<String> = study_table.columns.iter().map(|name| typed(name)).collect();
    let alignment: Vec<CellAlignment> =
        (0..names.len()).map(|column| if study_table.is_number(column) { R } else { L }).collect();
    let mut shown = table(&names, &alignment);
    for row in study_table.rows.iter().take(SHOWN) {
        shown.add_row(row.iter().map(|cell| typed(&cell.text)));
    }
    writeln!(out, "{}\n{shown}", typed(&study_table.caption))?;
    if study_table.rows.len() > SHOWN {
        let rest = study_table.rows.len() - SHOWN;
        writeln!(out, "... and {rest} more, in {}", study_table.sources.join(" and "))?;
    }
    Ok(())
}

/// A table with a header and the alignment of each column: text to the left, numbers to the right.
pub(crate) fn table(header: &[impl AsRef<str>], alignment: &[CellAlignment]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    let cells = header.iter().zip(alignment);
    table.set_header(cells.map(|(name, &side)| Cell::new(name.as_ref()).set_alignment(side)));
    for (column, &side) in table.column_iter_mut().zip(alignment) {
        column.set_cell_alignment(side);
    }
    table
}

/// Writes how often a model is right.
pub(crate) fn write_evaluation(out: &mut impl Write, evaluation: &Evaluation) -> io::Result<()> {
    let mut printed = table(
        &["prompts", "count", "right word above the other", "right word on top of all words"],
        &[L, R, R, R],
    );
    for (kind, accuracy) in &evaluation.accuracy {
        printed.add_row([
            (*kind).to_owned(),
            accuracy.prompts.to_string(),
            share_of(accuracy.right, accuracy.prompts),
            share_of(accuracy.top, accuracy.prompts),
        ]);
    }
    writeln!(out, "{printed}")?;
    writeln!(
        out,
        "The prompts are drawn with random seed {} from the grammar's held-out sentences: none is in \
         the bundled model's training text, and in each a name, title or kinship word decides the \
         pronoun.",
        evaluation.seed
    )
}

/// A count and its share of all: `2 (50.0 %)`.
fn share_of(count: usize, all: usize) -> String {
    format!("{count} ({:.1} %)", 100.0 * count as f64 / all.max(1) as f64)
}

/// Writes how well a model does in the prompts of each label.
pub(crate) fn write_prompts_evaluation(
    out: &mut impl Write,
    evaluation: &PromptsEvaluation,
) -> io::Result<()> {
    let header = ["label", "prompts", "right", "on top", "margin (95 %)", "prob.", "conf."];
    let mut printed = table(&header, &[L, R, R, R, R, R, R]);
    for label in &evaluation.labels {
        let accuracy = label.accuracy;
        let interval = match (label.margin_low, label.margin_high) {
            (Some(low), Some(high)) => format!(" ({low:.2} to {high:.2})"),
            _ => String::new(),
        };
        printed.add_row([
            printable(&label.label).into_owned(),
            accuracy.prompts.to_string(),
            share_of(accuracy.right, accuracy.prompts),
            share_of(accuracy.top, accuracy.prompts),
            format!("{:.2}{interval}", label.margin),
            format!("{:.4}", label.prob),
            format!("{:.4}", label.confidence),
        ]);
    }
    writeln!(out, "{printed}")?;
    for line in shown(&evaluation.warnings) {
        writeln!(out, "Warning: {}", printable(&line))?;
    }
    if evaluation.score == ScoreUnit::Sentence {
        return writeln!(
            out,
            "Scores are sums of log probabilities of all tokens of a sentence.\nright, on top: the sentence \
             with the right word has a higher score than every other one.\nmargin: its mean lead in nats \
             over the best of the others, with an interval over templates.\nprob.: its mean probability. \
             conf.: the mean probability of the preferred sentence among those of a prompt."
        );
    }
    writeln!(
        out,
        "right: the right word has a higher logit than every other candidate; on top: and than every \
         other word.\nmargin: its mean lead in logits over the strongest other candidate, with an \
         interval over templates.\nprob.: its mean probability. conf.: the mean probability of the \
         preferred candidate among the candidates;\nin a calibrated model as high as the share that \
         is right."
    )
}

/// A download that a run would begin with.
#[derive(Serialize)]
pub(crate) struct Download {
    /// The model's name on the hub.
    pub(crate) model: String,
    pub(crate) bytes: u64,
}

/// Writes that a model would have to be downloaded.
pub(crate) fn write_download(out: &mut impl Write, download: &Download) -> io::Result<()> {
    let Download { model, bytes } = download;
    writeln!(
        out,
        "The model {} is not on this machine, or not complete. A run first downloads {} from the \
         hub.\nThe study, its stimuli and its prompts are valid. Once the model is on this machine, \
         `check` reports whether they fit it and how long a run takes.",
        printable(model),
        DecimalBytes(*bytes)
    )
}

/// Writes the steps of a study and how long they take.
pub(crate) fn write_plan(out: &mut impl Write, plan: &StudyPlan) -> io::Result<()> {
    let StudyPlan { steps, seconds_per_pass, .. } = plan;
    let mut rows =
        table(&["step", "sentences or lesions", "forward passes", "about"], &[L, R, R, R]);
    for PlannedStep { name, sentences, passes, at_most } in steps {
        let limit = if *at_most { "at most " } else { "" };
        rows.add_row([
            (*name).to_owned(),
            format!("{limit}{sentences}"),
            format!("{limit}{passes:.0}"),
            duration(passes * seconds_per_pass),
        ]);
    }
    writeln!(out, "{rows}")?;
    writeln!(
        out,
        "In all about {} on this machine, at {:.2} ms per forward pass of one sentence, measured \
         just now.",
        duration(plan.seconds),
        1e3 * seconds_per_pass
    )?;
    if let (Some(effect), Some(corrected)) =
        (plan.detectable_effect, plan.detectable_effect_corrected)
    {
        writeln!(
            out,
            "{} detect an effect size of {effect:.2} in one neuron with a probability of 80 %, \
             or of {corrected:.2} if alpha is divided by the tests that are corrected together.",
            plan.selected_on.in_words()
        )?;
    }
    if let Some(smallest_p) = plan.smallest_p {
        writeln!(
            out,
            "With {} and at most {}, the smallest corrected p is {smallest_p:.4}; more prompts do not \
             lower it.",
            plural(plan.random_sets, "random set"),
            plural(plan.claims, "claim")
        )?;
    }
    if plan.predicted_prompts == 0 {
        writeln!(
            out,
            "A forward pass takes too long here to predict some prompts; a run reports whether the \
             model is right in any."
        )?;
    }
    for line in shown(&plan.warnings) {
        writeln!(out, "Warning: {}", printable(&line))?;
    }
    for note in &plan.notes {
        writeln!(out, "Note: {}", printable(note))?;
    }
    let state = match plan.warnings.len() {
        0 => "Everything that this study reads is in order".to_owned(),
        count => format!("The study can run, with {}", plural(count, "warning")),
    };
    writeln!(
        out,
        "{state}: {}, {}, a model of {} with {} each.",
        plural(plan.stimuli, "stimulus sentence"),
        plural(plan.prompts, plan.predicted_at.prompt()),
        plural(plan.layers, "layer"),
        plural(plan.neurons, "neuron")
    )
}

/// `1 prompt`, `2 prompts`.
pub(crate) fn plural(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A time in seconds, minutes or hours.
pub(crate) fn duration(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.1} s")
    } else if seconds < 5400.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}

/// Writes the model's predictions for one sentence.
pub(crate) fn write_sentence(out: &mut impl Write, answer: &SentenceAnswer) -> io::Result<()> {
    let SentenceAnswer { sentence, masks, lesion, .. } = answer;
    let sentence = printable(sentence).replace(MASK, &format!("{BOLD}{MASK}{BOLD:#}"));
    writeln!(out, "{sentence}")?;
    for word in &answer.unknown {
        writeln!(
            out,
            "Note: the model does not know \"{}\" and reads it as an unknown token.",
            printable(word)
        )?;
    }
    if let Some(unread) = &answer.unread {
        writeln!(out, "Note: the model, a decoder, does not read \"{}\".", printable(unread))?;
    }
    if let Some(lesion) = lesion {
        writeln!(out, "{}", describe_lesion(answer, lesion))?;
        if answer.selected {
            writeln!(out, "A label's neurons are those that the bundled stimuli select.")?;
        }
    }
    for (index, mask) in masks.iter().enumerate() {
        if masks.len() > 1 {
            let number = index + 1;
            let count = masks.len();
            writeln!(out, "\n{MASK} {number} of {count}, token {}", mask.position)?;
        }
        let rows = if lesion.is_some() { compare_words(mask) } else { list_words(mask) };
        writeln!(out, "{}", paint(&rows))?;
        if lesion.is_some() {
            writeln!(out, "{}", describe_change(mask))?;
        }
    }
    Ok(())
}

pub(crate) const BOLD: Style = Style::new().bold();

/// A sentence about the lesion.
fn describe_lesion(answer: &SentenceAnswer, lesion: &SentenceLesion) -> String {
    let SentenceLesion { method, layers, values } = lesion;
    let place = answer.predicted_at;
    let set = |(index, (layer, neurons)): (usize, &(usize, Arc<[usize]>))| {
        let (count, s) = (neurons.len(), if neurons.len() == 1 { "" } else { "s" });
        let named = if index == 0 { format!(" neuron{s}") } else { String::new() };
        format!("{count}{named} of layer {layer}")
    };
    let sets: Vec<String> = layers.iter().enumerate().map(set).collect();
    let effect = match values {
        Some(LesionValues::Patch { sentence, .. }) => {
            format!("set to its value at {} of \"{}\"", place.token(), printable(sentence))
        }
        _ => method.kind.effect(ValuesFrom::Stimuli, place),
    };
    format!(
        "Lesion: {}, {effect} {} {}, {}{}.",
        sets.join(", "),
        method.site.when(),
        answer.activation,
        method.tokens.place(place),
        method.shared.place()
    )
}

fn list_words(mask: &MaskRating) -> String {
    let mut rows = table(&["rank", "word", "probability", "logit"], &[R, L, L, R]);
    for WordRating { clean, .. } in &mask.words {
        rows.add_row([
            clean.rank.to_string(),
            printable(&clean.word).into_owned(),
            probability(clean.prob, 32),
            format!("{:.3}", clean.logit),
        ]);
    }
    rows.to_string()
}

fn compare_words(mask: &MaskRating) -> String {
    let header = ["rank", "word", "probability", "lesioned", "logit", "lesioned", "drop"];
    let mut rows = table(&header, &[L, L, L, L, R, R, R]);
    for word in &mask.words {
        let WordRating { clean, lesioned: Some(lesioned) } = word else { continue };
        rows.add_row([
            ranks(clean, lesioned),
            printable(&clean.word).into_owned(),
            probability(clean.prob, 6),
            probability(lesioned.prob, 6),
            format!("{:.2}", clean.logit),
            format!("{:.2}", lesioned.logit),
            format!("{:.3}", word.logit_drop().unwrap_or(f64::NAN)),
        ]);
    }
    rows.to_string()
}

/// The word's rank, and its rank with the lesion if that differs.
fn ranks(clean: &Score, lesioned: &Score) -> String {
    match clean.rank.cmp(&lesioned.rank) {
        std::cmp::Ordering::Equal => clean.rank.to_string(),
        std::cmp::Ordering::Less => format!("{} {DOWN} {}", clean.rank, lesioned.rank),
        std::cmp::Ordering::Greater => format!("{} {UP} {}", clean.rank, lesioned.rank),
    }
}

const UP: char = '▲';
const DOWN: char = '▼';

/// A probability and its bar. A probability of 1 has a bar of `width` characters.
fn probability(prob: f64, width: usize) -> String {
    // Four decimals, or one digit and the power of ten if these would be 0.
    let figure = if prob < 5e-5 { format!("{prob:.0e}") } else { format!("{prob:.4}") };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 8 x width")]
    let eighths = (prob.clamp(0.0, 1.0) * 8.0 * width as f64).round() as usize;
    let part = EIGHTHS[eighths % 8];
    let bar = FULL.to_string().repeat(eighths / 8) + part;
    format!("{figure:>6} {bar:width$}")
}

const FULL: char = '█';
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The table with colours for its bars and its arrows.
fn paint(table: &str) -> String {
    let characters: Vec<char> = table.chars().collect();
    let paint_run = |run: &[char]| {
        let style = colour(run[0]).map_or(Style::new(), AnsiColor::on_default);
        format!("{style}{}{style:#}", String::from_iter(run))
    };
    characters.chunk_by(|a, b| colour(*a) == colour(*b)).map(paint_run).collect()
}

fn colour(character: char) -> Option<AnsiColor> {
    match character {
        UP => Some(AnsiColor::Green),
        DOWN => Some(AnsiColor::Red),
        '▉'..='▏' | FULL => Some(AnsiColor::Cyan),
        _ => None,
    }
}

/// A sentence about the top word, without and with the lesion.
fn describe_change(mask: &MaskRating) -> String {
    if !mask.changed {
        return "This lesion changed no logit.".to_owned();
    }
    let lesioned_logit =
        |word: &&WordRating| word.lesioned.as_ref().map_or(f32::NAN, |score| score.logit);
    let after = mask.words.iter().max_by(|a, b| lesioned_logit(a).total_cmp(&lesioned_logit(b)));
    let Some((before, after)) = mask.words.first().zip(after) else { return String::new() };
    let word = printable(&before.clean.word);
    let drop = before.logit_drop().unwrap_or(f64::NAN);
    let change = describe_drop(&word, drop);
    // The candidates of the user may all be far from the top.
    let ranks = [before.clean.rank, after.lesioned.as_ref().map_or(0, |score| score.rank)];
    let place = if ranks == [1, 1] { "on top" } else { "ahead of the other candidates" };
    if after.clean.word == before.clean.word {
        return format!("Found: \"{word}\" stays {place}; {change}.");
    }
    let other = printable(&after.clean.word);
    format!("Found: \"{other}\" takes the place of \"{word}\" {place}; {change}.")
}

/// The change of a word's logit as a clause.
fn describe_drop(word: &str, drop: f64) -> String {
    /// Half of the last decimal that is shown.
    const ROUNDED_AWAY: f64 = 0.0005;
    if drop.abs() < ROUNDED_AWAY {
        return format!("the logit of \"{word}\" changes by less than 0.001");
    }
    let direction = if drop < 0.0 { "rises" } else { "falls" };
    format!("the logit of \"{word}\" {direction} by {:.3}", drop.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logit_falls_rises_or_hardly_changes() {
        assert_eq!(describe_drop("her", 0.461), "the logit of \"her\" falls by 0.461");
        assert_eq!(describe_drop("her", -0.461), "the logit of \"her\" rises by 0.461");
        let hardly = "the logit of \"her\" changes by less than 0.001";
        assert_eq!(describe_drop("her", -0.0004), hardly);
    }

    #[test]
    fn a_bar_is_as_long_as_its_probability() {
        assert_eq!(probability(1.0, 4), "1.0000 ████");
        assert_eq!(probability(0.5, 4), "0.5000 ██  ");
        assert_eq!(probability(0.28, 4), "0.2800 █▏  ");
        assert_eq!(probability(0.000_011, 4), "  1e-5     ");
    }
}
