//! The predictions before any lesion.

use std::collections::BTreeMap;

use plotters::{
    element::PathElement,
    prelude::Color,
    style::text_anchor::{HPos, VPos},
};
use study_record::{
    Accuracy, PredictedAt, ScoreUnit,
    tables::{PredictionRow, PromptRow, Row as _},
};

use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{count, plural},
        report_table::Table,
        section::Section,
    },
    drawing::{
        axis_text::whole,
        canvas::{WIDTH, draw, text},
        legend::{Shape, key, label_keys, label_look, legend, mark},
        palette::{ACTIVE, GRID, INK, MUTED},
        panel::{Frame, around, panel, spanning},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) const LOGITS: FigureFile = FigureFile {
    name: "logits",
    shows: "the clean logits of the candidates of each prompt",
    tables: &[PredictionRow::TABLE.file, PromptRow::TABLE.file],
};

/// Height of a candidate's name in the figure, with a gap, in pixels.
const NAME_HEIGHT: i32 = 34;

/// Prompts up to which each candidate is named in the figure.
const FEW: usize = 8;

pub(crate) fn baseline_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let predictions: Vec<PredictionRow> = study.rows()?;
    let Accuracy { prompts, right, top } = Accuracy::of(&predictions);
    let place = study.manifest().prediction_place();
    let mut section = Section::new("baseline", "Baseline");
    section.explanation("The predictions of the plain pass, in which nothing is lesioned.");
    section.table(predictions_table(&predictions, study.manifest().study.score, place));
    section.finding(match study.manifest().study.score {
        ScoreUnit::Word => format!(
            "The right word has a higher logit than the other candidates in {} of {}, and the \
             highest of the whole vocabulary in {}.",
            count(right),
            plural(prompts, place.prompt()),
            count(top)
        ),
        ScoreUnit::Sentence => format!(
            "The sentence with the right words has a higher score than those with the other \
             candidates in {} of {}.",
            count(right),
            plural(prompts, "prompt")
        ),
    });
    section.figure(logits_figure(study, &predictions)?);
    Ok(section)
}

fn predictions_table(predictions: &[PredictionRow], score: ScoreUnit, place: PredictedAt) -> Table {
    let caption = match score {
        ScoreUnit::Word => format!(
            "Each candidate at {}. Probability and rank are over the whole vocabulary; rank 1 is the top.",
            place.tokens()
        ),
        ScoreUnit::Sentence => {
            "Each candidate of each prompt. The logit is the score of its sentence, the sum of the \
             log probabilities of all its tokens; the rank is among the candidates."
                .to_owned()
        }
    };
    let columns = ["prompt", "position", "right word", "candidate", "logit", "probability", "rank"];
    let mut table =
        Table::new("predictions", &[PredictionRow::TABLE.file], caption, columns).on_screen();
    for row in predictions {
        table.row([
            Cell::count(row.prompt),
            Cell::count(row.position),
            Cell::text(&row.target),
            Cell::text(&row.candidate),
            Cell::number(row.logit, 3),
            Cell::number(row.prob, 4),
            Cell::count(row.rank),
        ]);
    }
    table
}

fn logits_figure(
    study: &FinishedStudy<'_>,
    predictions: &[PredictionRow],
) -> Result<Figure, ReportError> {
    let labels = study.manifest().labels();
    let prompts: Vec<PromptRow> = study.rows()?;
    let label_of: BTreeMap<(usize, usize), Option<&str>> =
        prompts.iter().map(|row| ((row.prompt, row.position), row.label.as_deref())).collect();
    let masks: Vec<&[PredictionRow]> = PredictionRow::by_prompt(predictions).collect();
    let are_few = masks.len() <= FEW;
    let size = if are_few { 10 } else { 6 };
    let svg = draw((WIDTH, 360), |root| {
        let mut keys = label_keys(labels.map(|label| format!("right word, label {label}")));
        keys.push(key(Shape::Cross, MUTED, "other candidate"));
        let root = legend(root, &keys)?;
        let frame = Frame {
            x: "prompt, in the order of prompts.csv",
            y: "logit (natural log)",
            ticks: (if are_few { 2 * masks.len() } else { 10 }, 6),
            x_format: &whole,
            ..Frame::default()
        };
        let y = around(predictions.iter().map(|row| row.logit));
        let mut chart = panel(&root, &frame, -0.6..masks.len() as f64 - 0.4, y)?;
        for (place, candidates) in masks.iter().enumerate() {
            let x = place as f64;
            let right = &candidates[0];
            let ends = spanning(candidates.iter().map(|row| row.logit));
            chart.draw_series([PathElement::new(
                [(x, ends.start), (x, ends.end)],
                GRID.stroke_width(3),
            )])?;
            let others = candidates[1..].iter();
            chart.draw_series(others.map(|row| mark(Shape::Cross, MUTED, size, (x, row.logit))))?;
            let label = label_of.get(&(right.prompt, right.position)).copied().flatten();
            let (shape, colour) = label_look(labels, label).unwrap_or((Shape::Ring, ACTIVE));
            chart.draw_series([mark(shape, colour, size, (x, right.logit))])?;
            if are_few {
                let (left, top) = root.get_base_pixel();
                let mut named: Vec<&PredictionRow> = candidates.iter().collect();
                named.sort_by(|a, b| a.logit.total_cmp(&b.logit));
                let mut last_on_right = i32::MAX;
                for row in named {
                    let (x, y) = chart.backend_coord(&(x, row.logit));
                    // A name that would touch the one below it stands on the other side.
                    let fits = last_on_right - y >= NAME_HEIGHT;
                    let (offset, side) = if fits { (18, HPos::Left) } else { (-18, HPos::Right) };
                    if fits {
                        last_on_right = y;
                    }
                    let style = text(11.0, INK, false, (side, VPos::Center));
                    let beside = (x - left + offset, y - top);
                    root.strip_coord_spec().draw_text(&row.candidate, &style, beside)?;
                }
            }
        }
        Ok(())
    })?;
    let caption = "Nothing is lesioned. The further the right word stands above the other \
                   candidates, the larger its margin."
        .to_owned();
    Ok(Figure { file: LOGITS, caption, svg })
}
