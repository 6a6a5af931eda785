//! The studies that are pooled, with their models and layers.

use std::collections::BTreeSet;

use study_record::{
    EffectUnit, MANIFEST,
    tables::{GatherEstimateRow, Row as _},
};

use crate::{
    document::{
        cell::Cell,
        number_text::{fixed, list},
        report_table::Table,
        section::Section,
    },
    pooling::pooled_studies::PooledStudies,
};

/// Studies up to which the page lists every estimate. The file has all of them.
const MOST_LISTED: usize = 100;

const ESTIMATES: &[&str] = &[GatherEstimateRow::TABLE.file];

pub(super) fn studies_section(pooled: &PooledStudies) -> Section {
    let mut section = Section::new("studies", "The studies");
    section.table(studies_table(pooled));
    let versions: BTreeSet<&str> =
        pooled.effects.iter().map(|study| study.version.as_str()).collect();
    if versions.len() > 1 {
        let versions: Vec<&str> = versions.into_iter().collect();
        section.warning(format!("They were written by versions {} of lesion.", list(&versions)));
    }
    if pooled.common_layers().is_none() {
        section.heading("Layers by their depth");
        section.explanation(
            "Layer l of L lies at the share (l + 0.5) / L of a model\u{2019}s depth. The depth is cut \
             into as many equal parts as the shallowest model has layers, and each layer belongs to the \
             part that it lies in. If a part has several layers of a model, its effect is their mean.",
        );
        section.table(layers_table(pooled));
    }
    if pooled.studies() <= MOST_LISTED {
        section.heading("Each study by itself");
        section.table(estimates_table(pooled));
    } else {
        section.text("The effects of each study are in gather_estimates.csv.");
    }
    section
}

fn studies_table(pooled: &PooledStudies) -> Table {
    let columns = ["study", "folder", "model", "layers", "random seed", "random sets"];
    let caption = "The studies ask the same question: their stimuli, prompts and settings agree, apart \
                   from the model and the random seed.";
    let mut table = Table::new("studies", &[MANIFEST], caption, columns);
    for (number, study) in pooled.effects.iter().enumerate() {
        table.row([
            Cell::count(number + 1),
            Cell::text(&study.name),
            Cell::text(&study.model),
            Cell::count(study.layers),
            Cell::text(study.seed.to_string()),
            Cell::count(study.random_sets),
        ]);
    }
    table
}

/// The layers of models of each depth in each cell.
fn layers_table(pooled: &PooledStudies) -> Table {
    let columns = ["depth", "model", "layers"];
    let mut table =
        Table::new("layers", &[MANIFEST], "Layers that are matched to each other.", columns);
    let depths: BTreeSet<usize> = pooled.effects.iter().map(|study| study.layers).collect();
    for cell in pooled.lesioned_cells() {
        for &layers in &depths {
            let inside = pooled.cells.layers(cell, layers);
            let inside: Vec<String> = inside.map(|layer| layer.to_string()).collect();
            table.row([
                Cell::text(pooled.cell_place(cell)),
                Cell::text(format!("of {layers} layers")),
                Cell::text(inside.join(", ")),
            ]);
        }
    }
    table
}

fn estimates_table(pooled: &PooledStudies) -> Table {
    let columns = [
        "study",
        pooled.cell_axis(),
        "set",
        "templates",
        "effect",
        "95 % interval",
        "of the margin",
        "weight",
        "mean without it",
        "95 % interval",
    ];
    let caption = format!(
        "The effect of each study by itself in {}, and the mean over the models without it.",
        pooled.margin_unit()
    );
    let mut table = Table::new("estimates", ESTIMATES, caption, columns);
    let [logits, shares] = [EffectUnit::Logits, EffectUnit::Margin]
        .map(|unit| pooled.estimates().iter().filter(move |row| row.unit == unit));
    // Rows of both units are in the same order.
    let mut pairs: Vec<_> = logits.zip(shares).collect();
    pairs.sort_by_key(|(row, _)| row.study);
    for (row, share) in pairs {
        table.row([
            Cell::count(row.study),
            Cell::text(pooled.cell_place(row.cell)),
            Cell::text(&row.neuron_set),
            Cell::count(row.templates),
            Cell::optional(row.effect, 3),
            Cell::interval(row.interval()),
            Cell::optional(share.effect, 3),
            Cell::text(
                row.weight
                    .map_or(String::new(), |weight| format!("{} %", fixed(100.0 * weight, 1))),
            ),
            Cell::optional(row.without_mean, 3),
            Cell::interval(row.without_low.zip(row.without_high)),
        ]);
    }
    table
}
