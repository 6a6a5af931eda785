//! Panels with axes, and the ranges that they show.

use std::ops::Range;

use plotters::{
    chart::ChartContext,
    coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter},
    prelude::{Cartesian2d, ChartBuilder, Color, PathElement, RGBColor, SVGBackend},
    style::text_anchor::{HPos, VPos},
};

use super::{
    axis_text::plain,
    canvas::{Area, Fault, text},
    palette::{ACTIVE, GRID, INK, SOFT},
};

/// A panel with its axes.
pub(crate) type Chart<'a, X, Y> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>;

const LEFT: (HPos, VPos) = (HPos::Left, VPos::Top);
/// The size of the numbers at the axes, in points.
const SMALL: f64 = 11.0;

/// The texts around a panel.
pub(crate) struct Frame<'a> {
    pub(crate) title: &'a str,
    /// The names of the axes, with units. The vertical one stands above it, so that no head turns.
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    /// About how many numbers stand at the axes.
    pub(crate) ticks: (usize, usize),
    pub(crate) x_format: &'a dyn Fn(f64) -> String,
    pub(crate) y_format: &'a dyn Fn(f64) -> String,
}

impl Default for Frame<'_> {
    fn default() -> Self {
        Self { title: "", x: "", y: "", ticks: (6, 5), x_format: &plain, y_format: &plain }
    }
}

/// A panel with its title, axes and grid.
pub(crate) fn panel<'a, X, Y>(
    area: &Area<'a>,
    frame: &Frame<'_>,
    x: X,
    y: Y,
) -> Result<Chart<'a, X::CoordDescType, Y::CoordDescType>, Fault>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut top = 8;
    for (line, style) in
        [(frame.title, text(13.0, INK, true, LEFT)), (frame.y, text(SMALL, SOFT, false, LEFT))]
    {
        if !line.is_empty() {
            area.draw_text(line, &style, (10, top))?;
            top += 36;
        }
    }
    let below = if frame.x.is_empty() { 44 } else { 84 };
    let mut chart = ChartBuilder::on(area)
        .margin_top(top + 14)
        .margin_right(28)
        .margin_bottom(10)
        .x_label_area_size(below)
        .y_label_area_size(86)
        .build_cartesian_2d(x, y)?;
    let label = text(SMALL, SOFT, false, (HPos::Center, VPos::Top));
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(frame.ticks.0)
        .y_labels(frame.ticks.1)
        .y_max_light_lines(0)
        .bold_line_style(GRID.stroke_width(2))
        .axis_style(ACTIVE.stroke_width(2))
        .set_all_tick_mark_size(6)
        .label_style(label.clone())
        .axis_desc_style(label)
        .x_label_formatter(&|value| (frame.x_format)(*value))
        .y_label_formatter(&|value| (frame.y_format)(*value))
        .x_desc(frame.x)
        .draw()?;
    Ok(chart)
}

/// A range that holds all values, and 0, with some room.
pub(crate) fn around(values: impl IntoIterator<Item = f64>) -> Range<f64> {
    let (low, high) = extremes(values, (0.0, 0.0));
    padded(low, high)
}

/// A range that holds all values, with some room.
pub(crate) fn spanning(values: impl IntoIterator<Item = f64>) -> Range<f64> {
    let (low, high) = extremes(values, (f64::INFINITY, f64::NEG_INFINITY));
    if low <= high { padded(low, high) } else { padded(0.0, 0.0) }
}

/// The smallest and the largest of the values and of `start`.
pub(crate) fn extremes(values: impl IntoIterator<Item = f64>, start: (f64, f64)) -> (f64, f64) {
    let finite = values.into_iter().filter(|value| value.is_finite());
    finite.fold(start, |(low, high), value| (low.min(value), high.max(value)))
}

fn padded(low: f64, high: f64) -> Range<f64> {
    let room = if high > low { 0.06 * (high - low) } else { 0.5 };
    low - room..high + room
}

/// Draws a horizontal line through a panel.
pub(crate) fn draw_level<X, Y>(
    chart: &mut Chart<'_, X, Y>,
    height: f64,
    x: Range<f64>,
) -> Result<(), Fault>
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    let line = PathElement::new([(x.start, height), (x.end, height)], SOFT.stroke_width(2));
    chart.draw_series([line])?;
    Ok(())
}

/// Draws the line on which both axes are equal.
pub(crate) fn draw_diagonal<X, Y>(
    chart: &mut Chart<'_, X, Y>,
    range: &Range<f64>,
    colour: RGBColor,
) -> Result<(), Fault>
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    let ends = [(range.start, range.start), (range.end, range.end)];
    chart.draw_series([PathElement::new(ends, colour.stroke_width(2))])?;
    Ok(())
}
