//! The profile of every setting in a small panel of its own.

use plotters::{
    element::{PathElement, Rectangle},
    prelude::Color,
};

use super::swept_studies::{SweptStudies, SweptStudy};
use crate::{
    document::{
        figure::{Figure, FigureFile},
        number_text::{count, fixed, plural},
    },
    drawing::{
        axis_text::whole,
        canvas::{Area, Fault, WIDTH, draw, grid, points},
        legend::{SHAPES, Shape, key, label_keys, legend, mark},
        palette::{BAND, LABELS},
        panel::{Frame, around, draw_level, panel},
    },
    error::ReportError,
};

const SETTINGS: FigureFile = FigureFile {
    name: "settings",
    shows: "mean margin drops of each layer's lesion in every setting, beside random sets",
    tables: &["sweep.csv"],
};

/// Panels beside one another.
const COLUMNS: usize = 3;
/// Settings that are drawn; `sweep.csv` has all.
const MOST_PANELS: usize = 36;
/// The height of a row of panels and of the legend, in points.
const ROW: usize = 190;
const LEGEND: usize = 40;
/// Characters of a panel's title.
const TITLE: usize = 28;
/// The distance at which each label is drawn beside the layer's place.
const OFFSETS: [f64; 2] = [-0.18, 0.18];

/// Draws a panel for each of the first settings.
pub(super) fn small_multiples(sweep: &SweptStudies) -> Result<Figure, ReportError> {
    let drawn = &sweep.studies[..sweep.studies.len().min(MOST_PANELS)];
    let values = drawn.iter().flat_map(SweptStudy::lesioned).flat_map(|row| {
        let (low, high) = row.random().margin.unwrap_or((row.margin_drop, row.margin_drop));
        [row.margin_drop, low, high]
    });
    let y = around(values);
    let (rows, columns) = grid(drawn.len(), COLUMNS);
    let labels = drawn.first().map(|study| study.labels.clone()).unwrap_or_default();
    let is_one_contrast = drawn.iter().all(|study| study.labels == labels);
    let names = if is_one_contrast { labels } else { ["side a".to_owned(), "side b".to_owned()] };
    let svg = draw((WIDTH, points(LEGEND + ROW * rows)), |root| {
        let mut keys = label_keys(names.map(|name| format!("{name} neurons")));
        keys.push(key(Shape::Block, BAND, "95 % of random"));
        let areas = legend(root, &keys)?.split_evenly((rows, columns));
        for (area, study) in areas.iter().zip(drawn) {
            draw_study(area, sweep, study, y.clone())?;
        }
        Ok(())
    })?;
    Ok(Figure { file: SETTINGS, svg, caption: caption(sweep, drawn) })
}

fn draw_study(
    area: &Area<'_>,
    sweep: &SweptStudies,
    study: &SweptStudy,
    y: std::ops::Range<f64>,
) -> Result<(), Fault> {
    let values: Vec<&str> = study.values(&sweep.axes).collect();
    let title = shortened(&format!("{}: {}", study.record.number, values.join(", ")));
    let frame = Frame {
        title: &title,
        x: "layer",
        ticks: (study.layers.min(8), 4),
        x_format: &whole,
        ..Frame::default()
    };
    let x = -0.5..study.layers as f64 - 0.5;
    let mut chart = panel(area, &frame, x.clone(), y)?;
    for (label, offset) in study.labels.iter().zip(OFFSETS) {
        for row in study.lesioned().filter(|row| row.neuron_set == *label) {
            let Some((low, high)) = row.random().margin else { continue };
            let middle = row.layer as f64 + offset;
            let corners = [(middle - 0.16, low), (middle + 0.16, high)];
            chart.draw_series([Rectangle::new(corners, BAND.filled())])?;
        }
    }
    draw_level(&mut chart, 0.0, x)?;
    for (place, (label, offset)) in study.labels.iter().zip(OFFSETS).enumerate() {
        let rows = study.lesioned().filter(|row| row.neuron_set == *label);
        let line = rows.map(|row| (row.layer as f64 + offset, row.margin_drop));
        let line: Vec<(f64, f64)> = line.collect();
        let style = LABELS[place].stroke_width(3);
        chart.draw_series([PathElement::new(line.clone(), style)])?;
        let marks = line.into_iter().map(|drop| mark(SHAPES[place], LABELS[place], 7, drop));
        chart.draw_series(marks)?;
    }
    Ok(())
}

/// A title that fits above its panel.
fn shortened(title: &str) -> String {
    if title.chars().count() <= TITLE {
        return title.to_owned();
    }
    let start: String = title.chars().take(TITLE - 1).collect();
    format!("{start}…")
}

fn caption(sweep: &SweptStudies, drawn: &[SweptStudy]) -> String {
    let unit = sweep.margin_unit();
    let mut sentences = vec![format!("Vertical axis: mean margin drop ({unit}). {}.", axes(sweep))];
    let drops = drawn.iter().flat_map(|study| study.lesioned().map(move |row| (study, row)));
    if let Some((study, row)) =
        drops.max_by(|(_, a), (_, b)| a.margin_drop.total_cmp(&b.margin_drop))
    {
        sentences.push(format!(
            "The largest mean margin drop is {} in {}, layer {}.",
            fixed(row.margin_drop, 3),
            study.name(&sweep.axes),
            row.name()
        ));
    }
    let count_all = sweep.studies.len();
    if drawn.len() < count_all {
        let drawn = count(drawn.len());
        sentences.push(format!("The first {drawn} of {}.", plural(count_all, "setting")));
    }
    sentences.join(" ")
}

/// The meaning of the titles.
fn axes(sweep: &SweptStudies) -> String {
    format!("Titles: the number of the setting, and its {}", sweep.axes.join(", "))
}
