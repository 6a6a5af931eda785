//! The forest plot: the effect of each model in the cell with the strongest evidence, label by label.

use plotters::{
    coord::types::RangedCoordf64,
    element::{PathElement, Polygon, Rectangle},
    prelude::{Color, RGBColor},
    style::text_anchor::{HPos, VPos},
};
use study_record::tables::{GatherEstimateRow, GatherRow, Row as _};

use super::pooled_sentences::by_evidence;
use crate::{
    document::{
        figure::{Figure, FigureFile},
        number_text::{list, plural},
    },
    drawing::{
        canvas::{Area, Fault, WIDTH, draw, points, text},
        legend::{SHAPES, Shape, key, label_keys, legend, mark},
        palette::{BAND, INK, LABELS, SOFT},
        panel::{Chart, Frame, around, panel},
    },
    error::ReportError,
    pooling::pooled_studies::PooledStudies,
};

pub(super) const FOREST: FigureFile = FigureFile {
    name: "forest",
    shows: "the effect of each model with its interval, the mean, and where the next model lies",
    tables: &[GatherEstimateRow::TABLE.file, GatherRow::TABLE.file],
};

/// Models up to which each has a row with its name. More of them share the height of the figure.
const MOST_NAMED: usize = 60;
/// Height of a model's row with a name, and of all rows without, in points.
const ROW: usize = 21;
const ALL_ROWS: usize = 900;
/// Height of legend, title and axis, in points.
const AROUND: usize = 130;
/// Width of a character of a name, in pixels of the drawing.
const CHARACTER: i32 = 13;
/// Room of a panel left of its axis, into which names reach, in pixels.
const LEFT_OF_AXIS: i32 = 66;
/// Names of the rows below the models.
const MEAN: &str = "mean of all models";
const NEXT: &str = "next model";
/// Rows below the models: a gap, the mean and the prediction interval.
const BELOW: f64 = 3.0;

/// The forest plot of the cell with the strongest evidence of each label; none without a pooled cell.
pub(super) fn forest_figure(pooled: &PooledStudies) -> Result<Option<Figure>, ReportError> {
    let strongest = strongest_of_labels(pooled);
    if strongest.is_empty() {
        return Ok(None);
    }
    let studies = pooled.studies();
    let is_named = studies <= MOST_NAMED;
    let rows_height = if is_named { ROW * (studies + 3) } else { ALL_ROWS };
    let svg = draw((WIDTH, points(rows_height + AROUND)), |root| {
        let labels = &pooled.effects[0].labels;
        let mut keys = label_keys([0, 1].map(|side| format!("a model ({})", labels[side])));
        keys.push(key(Shape::Line, INK, "95 % interval"));
        keys.push(key(Shape::Block, INK, "mean"));
        keys.push(key(Shape::Block, BAND, "prediction of the next model"));
        let rest = legend(root, &keys)?;
        let width = width_of_names(pooled, is_named);
        let (names, charts) = rest.split_horizontally(width);
        let areas = charts.split_evenly((1, strongest.len()));
        for (place, (side, row)) in strongest.iter().enumerate() {
            let forest = Forest { pooled, row, side: *side, is_named };
            let chart = forest.draw(&areas[place])?;
            if place == 0 {
                forest.draw_names(&names, width + LEFT_OF_AXIS, &chart)?;
            }
        }
        Ok(())
    })?;
    let cells = strongest.iter().map(|(_, row)| {
        format!("{}, {}", pooled.cell_name(row.cell).to_lowercase(), row.neuron_set)
    });
    let cells: Vec<String> = cells.collect();
    let caption = format!(
        "Margin drops beyond random sets in {}, for each label the cell with the smallest p. The size of a \
         mark is the model\u{2019}s weight in the mean.",
        list(&cells)
    );
    Ok(Some(Figure { file: FOREST, svg, caption }))
}

/// The cell of each label with the smallest p, with the label's number.
fn strongest_of_labels(pooled: &PooledStudies) -> Vec<(usize, &GatherRow)> {
    let rows = by_evidence(pooled);
    let labels = pooled.effects.first().map(|study| study.labels.clone()).unwrap_or_default();
    let mut strongest = Vec::new();
    for (side, label) in labels.iter().enumerate() {
        strongest.extend(rows.iter().find(|row| row.neuron_set == *label).map(|row| (side, *row)));
    }
    strongest
}

/// The width that the names take left of the first panel, in pixels.
fn width_of_names(pooled: &PooledStudies, is_named: bool) -> i32 {
    let mut longest = MEAN.len();
    if is_named {
        let lengths = pooled.short_names().into_iter().map(|name| name.chars().count());
        longest = longest.max(lengths.max().unwrap_or(0));
    }
    i32::try_from(longest).unwrap_or(0) * CHARACTER - LEFT_OF_AXIS + 20
}

/// The panel of one cell.
struct Forest<'a> {
    pooled: &'a PooledStudies,
    row: &'a GatherRow,
    side: usize,
    is_named: bool,
}

impl Forest<'_> {
    fn draw<'b>(
        &self,
        area: &Area<'b>,
    ) -> Result<Chart<'b, RangedCoordf64, RangedCoordf64>, Fault> {
        let estimates: Vec<&GatherEstimateRow> = self.pooled.estimates_of(self.row).collect();
        let intervals = estimates.iter().filter_map(|row| row.interval());
        let ends = intervals.chain(self.row.prediction()).chain([self.row.interval()]);
        let x = around(ends.flat_map(|(low, high)| [low, high]));
        let models = estimates.len() as f64;
        // The first model is on top.
        let y = -(models + (BELOW - 0.3) * self.row_height())..0.9 * self.row_height();
        let frame = Frame {
            title: &format!("{}, {}", self.pooled.cell_name(self.row.cell), self.row.neuron_set),
            x: &format!("margin drop beyond random sets ({})", self.pooled.margin_unit()),
            ticks: (5, 0),
            y_format: &|_| String::new(),
            ..Frame::default()
        };
        let mut chart = panel(area, &frame, x, y.clone())?;
        let zero = [(0.0, y.start), (0.0, y.end)];
        chart.draw_series([PathElement::new(zero, SOFT.stroke_width(2))])?;
        let colour = LABELS[self.side];
        let width = if self.is_named { 3 } else { 1 };
        for (place, estimate) in estimates.iter().enumerate() {
            let Some((low, high)) = estimate.interval() else { continue };
            let height = -(place as f64);
            let ends = [(low, height), (high, height)];
            chart.draw_series([PathElement::new(ends, INK.stroke_width(width))])?;
        }
        let most = estimates.iter().filter_map(|row| row.weight).fold(0.0, f64::max);
        for (place, estimate) in estimates.iter().enumerate() {
            let (Some(effect), Some(weight)) = (estimate.effect, estimate.weight) else { continue };
            let size = self.mark_size(weight / most);
            let middle = (effect, -(place as f64));
            chart.draw_series([mark(SHAPES[self.side], colour, size, middle)])?;
        }
        self.draw_mean(&mut chart, self.height_of_mean(), colour)?;
        Ok(chart)
    }

    /// Radius of the mark of a model with a share of the largest weight.
    fn mark_size(&self, share: f64) -> i32 {
        if !self.is_named {
            return 3;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 10")]
        let size = (3.0 + 7.0 * share.sqrt()).round() as i32;
        size
    }

    /// Draws the mean as a diamond, and the prediction interval below it.
    fn draw_mean(
        &self,
        chart: &mut Chart<'_, RangedCoordf64, RangedCoordf64>,
        height: f64,
        colour: RGBColor,
    ) -> Result<(), Fault> {
        let GatherRow { mean, low, high, .. } = *self.row;
        let half = 0.45 * self.row_height();
        let corners =
            vec![(low, height), (mean, height + half), (high, height), (mean, height - half)];
        chart.draw_series([Polygon::new(corners, INK.filled())])?;
        if let Some((low, high)) = self.row.prediction() {
            let middle = height - 1.2 * self.row_height();
            let quarter = 0.25 * self.row_height();
            let corners = [(low, middle - quarter), (high, middle + quarter)];
            chart.draw_series([Rectangle::new(corners, BAND.filled())])?;
            let ends = [(mean, middle - quarter), (mean, middle + quarter)];
            chart.draw_series([PathElement::new(ends, colour.stroke_width(3))])?;
        }
        Ok(())
    }

    /// The height of a readable row, in rows of models.
    fn row_height(&self) -> f64 {
        if self.is_named {
            return 1.0;
        }
        (self.pooled.studies() * ROW) as f64 / ALL_ROWS as f64
    }

    fn height_of_mean(&self) -> f64 {
        -(self.pooled.studies() as f64 + 0.4 * self.row_height())
    }

    /// Writes the names of the models beside the rows of a chart.
    fn draw_names(
        &self,
        area: &Area<'_>,
        right: i32,
        chart: &Chart<'_, RangedCoordf64, RangedCoordf64>,
    ) -> Result<(), Fault> {
        let style = text(11.0, INK, false, (HPos::Right, VPos::Center));
        let (_, top) = area.get_base_pixel();
        let mut names: Vec<(String, f64)> = Vec::new();
        if self.is_named {
            for (place, name) in self.pooled.short_names().into_iter().enumerate() {
                names.push((name, -(place as f64)));
            }
        } else {
            names.push((
                plural(self.pooled.studies(), "model"),
                -(self.pooled.studies() as f64) / 2.0,
            ));
        }
        let mean = self.height_of_mean();
        names.push((MEAN.to_owned(), mean));
        if self.row.prediction().is_some() {
            names.push((NEXT.to_owned(), mean - 1.2 * self.row_height()));
        }
        for (name, height) in names {
            let (_, y) = chart.backend_coord(&(0.0, height));
            area.draw_text(&name, &style, (right, y - top))?;
        }
        Ok(())
    }
}
