//! The effects of all models in every cell.

use plotters::{
    element::{PathElement, Rectangle},
    prelude::Color,
};
use study_record::{
    EffectUnit,
    tables::{GatherEstimateRow, GatherRow, Row as _},
};

use super::pooled_sentences::count_shown;
use crate::{
    document::figure::{Figure, FigureFile},
    drawing::{
        axis_text::whole,
        canvas::{WIDTH, draw},
        legend::{SHAPES, Shape, key, label_keys, legend, mark},
        palette::{BAND, INK, LABELS, MUTED},
        panel::{Frame, around, draw_level, panel},
    },
    error::ReportError,
    pooling::pooled_studies::PooledStudies,
};

pub(super) const EFFECTS: FigureFile = FigureFile {
    name: "effects",
    shows: "the effects of all models in each layer, their mean, and where the next model lies",
    tables: &[GatherRow::TABLE.file, GatherEstimateRow::TABLE.file],
};

/// Models up to which each has a mark.
const MOST_MARKED: usize = 100;

/// The most numbers at an axis.
const MOST_TICKS: usize = 100;

/// The effects of each cell, a panel per label.
pub(super) fn effects_figure(pooled: &PooledStudies) -> Result<Figure, ReportError> {
    let labels = &pooled.effects[0].labels;
    let cells = pooled.cells.count();
    let marks_models = pooled.studies() <= MOST_MARKED;
    let rows: Vec<&GatherRow> = pooled.rows_in(EffectUnit::Logits).collect();
    let mut values = Vec::new();
    for row in &rows {
        values.extend([row.low, row.high]);
        values.extend(row.prediction().into_iter().flat_map(|(low, high)| [low, high]));
        if marks_models {
            values.extend(pooled.estimates_of(row).filter_map(|estimate| estimate.effect));
        }
    }
    let y = around(values);
    let svg = draw((WIDTH, 380), |root| {
        let mut keys = label_keys([0, 1].map(|side| format!("mean ({})", labels[side])));
        keys.push(key(Shape::Line, INK, "95 % interval"));
        keys.push(key(Shape::Block, BAND, "95 % prediction of the next model"));
        if marks_models {
            keys.push(key(Shape::Ring, MUTED, "a model"));
        }
        let areas = legend(root, &keys)?.split_evenly((1, 2));
        for (side, label) in labels.iter().enumerate() {
            let place = |value: f64| name_of_place(pooled, value);
            let frame = Frame {
                title: &format!("{label} neurons, {label} prompts"),
                x: if pooled.common_layers().is_some() { "layer" } else { "share of the depth" },
                y: &format!("margin drop beyond random sets ({})", pooled.margin_unit()),
                ticks: ((2 * cells).min(MOST_TICKS), 5),
                x_format: &place,
                ..Frame::default()
            };
            let x = -0.5..cells as f64 - 0.5;
            let mut chart = panel(&areas[side], &frame, x.clone(), y.clone())?;
            let of_label = || rows.iter().filter(|row| row.neuron_set == *label);
            for row in of_label() {
                if let Some((low, high)) = row.prediction() {
                    let middle = row.cell as f64;
                    let corners = [(middle - 0.36, low), (middle + 0.36, high)];
                    chart.draw_series([Rectangle::new(corners, BAND.filled())])?;
                }
            }
            draw_level(&mut chart, 0.0, x)?;
            if marks_models {
                for row in of_label() {
                    let effects = pooled.estimates_of(row).filter_map(|estimate| estimate.effect);
                    let marks = effects
                        .map(|effect| mark(Shape::Ring, MUTED, 4, (row.cell as f64 + 0.2, effect)));
                    chart.draw_series(marks)?;
                }
            }
            for row in of_label() {
                let middle = row.cell as f64;
                let ends = [(middle, row.low), (middle, row.high)];
                chart.draw_series([PathElement::new(ends, INK.stroke_width(3))])?;
            }
            let means = of_label()
                .map(|row| mark(SHAPES[side], LABELS[side], 8, (row.cell as f64, row.mean)));
            chart.draw_series(means)?;
        }
        Ok(())
    })?;
    Ok(Figure { file: EFFECTS, svg, caption: count_shown(pooled) })
}

/// The number of a layer, or the middle of a cell's depth.
fn name_of_place(pooled: &PooledStudies, value: f64) -> String {
    let number = whole(value);
    if number.is_empty() || pooled.common_layers().is_some() {
        return number;
    }
    let middle = (value + 0.5) / pooled.cells.count() as f64;
    format!("{middle:.2}")
}
