//! The predictions of both studies.

use study_record::{
    Accuracy,
    tables::{PredictionRow, PromptRow, Row as _},
};

use super::{
    common_prompts::CommonPrompt,
    pair_figures::{PromptPoint, draw_prompts},
    study_pair::{LETTERS, StudyPair},
};
use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{fixed, mean, plural},
        report_table::Table,
        section::Section,
    },
    error::ReportError,
};

const MARGINS: FigureFile = FigureFile {
    name: "margins",
    shows: "clean margins of the prompts that both studies have",
    tables: &[PredictionRow::TABLE.file, PromptRow::TABLE.file],
};

pub(super) fn both_predictions_section(
    pair: &StudyPair<'_>,
    common: &[CommonPrompt],
) -> Result<Section, ReportError> {
    let mut section = Section::new("predictions", "Predictions");
    let caption = "Prompts of each study, and in how many the right word leads.";
    let columns = ["study", "prompts", "above the other candidates", "top of the vocabulary"];
    let sources = &[PredictionRow::TABLE.file];
    let mut table = Table::new("predictions", sources, caption, columns);
    for (letter, study) in LETTERS.into_iter().zip(pair.studies) {
        let Accuracy { prompts, right, top } = Accuracy::of(&study.rows()?);
        let [prompts, right, top] = [prompts, right, top].map(Cell::count);
        table.row([Cell::text(letter), prompts, right, top]);
    }
    section.table(table);
    if common.is_empty() {
        section.text("The studies have no prompt in common.");
    } else {
        section.figure(margins_figure(pair, common)?);
    }
    Ok(section)
}

fn margins_figure(pair: &StudyPair<'_>, common: &[CommonPrompt]) -> Result<Figure, ReportError> {
    let points = common
        .iter()
        .map(|prompt| PromptPoint { label: prompt.label.as_deref(), values: prompt.margins });
    let points: Vec<PromptPoint<'_>> = points.collect();
    let [a, b] =
        [0, 1].map(|study| fixed(mean(common.iter().map(|prompt| prompt.margins[study])), 3));
    Ok(Figure {
        file: MARGINS,
        svg: draw_prompts(pair, "clean margin", &points)?,
        caption: format!(
            "The right word\u{2019}s margin in {} that both studies have: {a} on average in A, {b} \
             in B.",
            plural(common.len(), "prompt")
        ),
    })
}
