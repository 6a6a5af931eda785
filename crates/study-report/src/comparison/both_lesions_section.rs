//! The lesion of one layer in both studies.

use study_record::tables::{LesionRow, Row as _};

use super::{
    common_prompts::CommonPrompt,
    pair_figures::{PromptPoint, draw_prompts},
    study_pair::{LETTERS, StudyPair},
};
use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{count, mean, plural},
        report_table::Table,
        section::Section,
    },
    error::ReportError,
    sections::lesion_section::{lesioned_prompts, right_words},
};

const DROPS: FigureFile = FigureFile {
    name: "drops",
    shows: "margin drops of the prompts that are lesioned in both studies",
    tables: &[LesionRow::TABLE.file],
};

pub(super) fn both_lesions_section(
    pair: &StudyPair<'_>,
    common: &[CommonPrompt],
) -> Result<Section, ReportError> {
    let mut section = Section::new("lesions", "The lesion of one layer");
    section.table(lesions_table(pair)?);
    let points = common.iter().filter_map(|prompt| {
        Some(PromptPoint { label: prompt.label.as_deref(), values: prompt.drops? })
    });
    let points: Vec<PromptPoint<'_>> = points.collect();
    if points.is_empty() {
        section.text("No prompt is lesioned in both studies.");
    } else {
        section.figure(drops_figure(pair, &points)?);
    }
    let [a, b] = pair.manifests().map(|manifest| manifest.layer);
    if a != b {
        section.text(format!("A lesions layer {a}, B layer {b}."));
    }
    Ok(section)
}

fn lesions_table(pair: &StudyPair<'_>) -> Result<Table, ReportError> {
    let columns =
        ["study", "layer", "label", "neurons", "prompts", "mean logit drop", "mean margin drop"];
    let caption = format!(
        "Every neuron of a layer that carries the label of the right word is 0 where the word is \
         predicted: means over the prompts of each label, in {}.",
        pair.unit()
    );
    let mut table = Table::new("lesions", DROPS.tables, caption, columns);
    for (letter, study) in LETTERS.into_iter().zip(pair.studies) {
        let rows: Vec<LesionRow> = study.rows()?;
        let lesions = lesioned_prompts(&rows);
        for label in study.manifest().labels() {
            let rows = right_words(&lesions, label);
            let Some(first) = rows.first() else { continue };
            table.row([
                Cell::text(letter),
                Cell::count(first.layer),
                Cell::text(label),
                Cell::count(first.neurons),
                Cell::count(rows.len()),
                Cell::number(mean(rows.iter().map(|row| row.logit_drop)), 3),
                Cell::number(mean(rows.iter().map(|row| row.margin_drop)), 3),
            ]);
        }
    }
    Ok(table)
}

fn drops_figure(pair: &StudyPair<'_>, points: &[PromptPoint<'_>]) -> Result<Figure, ReportError> {
    let larger = points.iter().filter(|point| point.values[1] > point.values[0]).count();
    Ok(Figure {
        file: DROPS,
        svg: draw_prompts(pair, "margin drop", points)?,
        caption: format!(
            "The lesion of B harms more than that of A in {} of {} that are lesioned in both.",
            count(larger),
            plural(points.len(), "prompt")
        ),
    })
}
