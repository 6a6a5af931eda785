//! The effects over all models.

use study_record::{
    EffectUnit,
    tables::{GatherEstimateRow, GatherRow, Row as _},
};

use super::{
    effects_figure::effects_figure,
    forest_figure::forest_figure,
    pooled_sentences::{
        by_evidence, count_shown, describe, is_shown, left_out_sentences, shown_sentences,
    },
};
use crate::{
    document::{
        cell::Cell,
        number_text::{count, percent},
        report_table::Table,
        section::Section,
    },
    error::ReportError,
    pooling::{cell_estimate::RESAMPLES, pooled_studies::PooledStudies},
    sections::score_note::score_note,
};

const SOURCES: &[&str] = &[GatherRow::TABLE.file];

pub(super) fn pooled_section(pooled: &PooledStudies) -> Result<Section, ReportError> {
    let mut section = Section::new("pooled", "Over all models");
    if pooled.rows().is_empty() {
        section.text("No cell could be pooled.");
        section.list(left_out_sentences(pooled));
        return Ok(section);
    }
    let scores = pooled.effects.first().map(|study| score_note("Each study", study.score));
    section.explanation(format!(
        "A cell is a layer and a label. Its effect in one model is the mean margin drop of the label\u{2019}s \
         neurons beyond that of random sets of the same size. The mean over models is that of a \
         random-effects meta-analysis (restricted maximum likelihood, Hartung and Knapp\u{2019}s interval). It \
         is about all models like these, and the prediction interval is about the next one. p is the larger \
         one of that of this mean and of that over other templates too, corrected by Holm over all cells.{}",
        scores.unwrap_or_default()
    ));
    section.table(pooled_table(pooled, EffectUnit::Logits).on_screen());
    let shown = shown_sentences(pooled);
    if shown.is_empty() {
        // The strongest evidence there is.
        section
            .text(by_evidence(pooled).first().map_or(String::new(), |row| describe(pooled, row)));
    }
    for sentence in shown {
        section.finding(sentence);
    }
    section.text(count_shown(pooled));
    for caveat in caveats(pooled) {
        section.warning(caveat);
    }
    section.figure(effects_figure(pooled)?);
    if let Some(forest) = forest_figure(pooled)? {
        section.figure(forest);
    }
    section.heading("As a share of the margin");
    section.explanation(
        "Models with larger margins have larger drops. Here each effect is divided by the mean margin of the \
         same prompts without a lesion, in the same model.",
    );
    section.table(pooled_table(pooled, EffectUnit::Margin));
    section.heading("How far models differ");
    section.explanation(format!(
        "The variance of each effect is that over other templates ({} bootstrap resamples) plus that of the mean \
         of its random sets. I\u{b2} is the share of the variance of a typical estimate that is not due to these. \
         A standard deviation of 0 does not mean that models do not differ, but that they differ by no more than these \
         variances allow; the prediction interval is then rather too narrow. DerSimonian and Laird\u{2019}s method \
         estimates the differences in another way.",
        count(RESAMPLES)
    ));
    section.table(differences_table(pooled));
    section.heading("Templates and models");
    section.explanation(
        "All models read the same prompts, so a template that is easy in one may be easy in all, and their \
         errors are not independent. Here templates and models are both random effects (restricted maximum \
         likelihood), and the interval is about other templates and other models. An effect counts as shown \
         only if it is shown in this way too.",
    );
    section.table(crossed_table(pooled));
    let left_out = left_out_sentences(pooled);
    if !left_out.is_empty() {
        section.heading("Left out");
        section.list(left_out);
    }
    Ok(section)
}

/// Warnings about few models, and about effects that one model decides.
fn caveats(pooled: &PooledStudies) -> Vec<String> {
    /// Models below which intervals are wide, and a prediction covers too little or too much.
    const FEW: usize = 5;
    let mut caveats = Vec::new();
    let studies = pooled.studies();
    if studies < FEW {
        caveats.push(format!(
            "{} models are few: an effect must be large and alike in all of them to be shown.",
            count(studies)
        ));
    }
    let fragile = by_evidence(pooled)
        .into_iter()
        .filter(|row| is_shown(row) && row.without_one_p.is_some_and(|p| p > study_record::LEVEL));
    for row in fragile {
        caveats.push(format!(
            "{}, {}: without one of the models the mean effect is not shown, even without correction.",
            pooled.cell_name(row.cell),
            row.neuron_set
        ));
    }
    caveats
}

fn pooled_table(pooled: &PooledStudies, unit: EffectUnit) -> Table {
    let columns = [
        pooled.cell_axis(),
        "set",
        "models",
        "above 0",
        "mean",
        "95 % interval",
        "p corrected",
        "next model",
        "sd",
    ];
    let (id, caption) = match unit {
        EffectUnit::Logits => (
            "pooled",
            format!(
                "Margin drops beyond random sets in {}: the mean over models, the interval in which 95 % of \
                 models like these lie, and the standard deviation between models.",
                pooled.margin_unit()
            ),
        ),
        EffectUnit::Margin => {
            ("shares", "The same as a share of the margin without a lesion.".to_owned())
        }
    };
    let mut table = Table::new(id, SOURCES, caption, columns);
    for row in pooled.rows_in(unit) {
        let p = Cell::p(Some(row.p_corrected));
        let p = if is_shown(row) { p.class("beyond") } else { p };
        table.row([
            Cell::text(pooled.cell_place(row.cell)),
            Cell::text(&row.neuron_set),
            Cell::count(row.models),
            Cell::count(row.positive),
            Cell::number(row.mean, 3),
            Cell::interval(Some(row.interval())),
            p,
            Cell::interval(row.prediction()),
            Cell::number(row.between_sd, 3),
        ]);
    }
    table
}

fn differences_table(pooled: &PooledStudies) -> Table {
    let columns = [
        pooled.cell_axis(),
        "set",
        "sd",
        "95 % of sd",
        "I\u{b2}",
        "p of equal effects",
        "p of signs",
        "mean by DerSimonian and Laird",
        "95 % interval",
        "mean without one",
        "largest p without one",
    ];
    let caption = format!(
        "In {}. The mean without one model, and the largest p without one, leave each model out in turn.",
        pooled.margin_unit()
    );
    let sources = &[GatherRow::TABLE.file, GatherEstimateRow::TABLE.file];
    let mut table = Table::new("between", sources, caption, columns);
    for row in pooled.rows_in(EffectUnit::Logits) {
        table.row([
            Cell::text(pooled.cell_place(row.cell)),
            Cell::text(&row.neuron_set),
            Cell::number(row.between_sd, 3),
            Cell::interval(Some((row.between_sd_low, row.between_sd_high))),
            Cell::text(percent(row.i_squared)),
            Cell::p(Some(row.q_p)),
            Cell::p(Some(row.sign_p)),
            Cell::number(row.dl_mean, 3),
            Cell::interval(Some((row.dl_low, row.dl_high))),
            Cell::interval(row.without_one_low.zip(row.without_one_high)),
            Cell::p(row.without_one_p),
        ]);
    }
    table
}

fn crossed_table(pooled: &PooledStudies) -> Table {
    let columns = [
        pooled.cell_axis(),
        "set",
        "templates",
        "mean",
        "95 % interval",
        "p",
        "next model",
        "sd of templates",
        "sd of models",
        "sd of the rest",
    ];
    let caption = format!(
        "In {}, over the templates that all models have, each with the same weight.",
        pooled.margin_unit()
    );
    let mut table = Table::new("crossed", SOURCES, caption, columns);
    for row in pooled.rows_in(EffectUnit::Logits) {
        table.row([
            Cell::text(pooled.cell_place(row.cell)),
            Cell::text(&row.neuron_set),
            Cell::count(row.crossed_templates),
            Cell::optional(row.crossed_mean, 3),
            Cell::interval(row.crossed_interval()),
            Cell::p(row.crossed_p),
            Cell::interval(row.crossed_prediction_low.zip(row.crossed_prediction_high)),
            Cell::optional(row.template_sd, 3),
            Cell::optional(row.model_sd, 3),
            Cell::optional(row.residual_sd, 3),
        ]);
    }
    table
}
