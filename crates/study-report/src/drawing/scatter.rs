//! Clean against lesioned values, or those of two studies.

use plotters::prelude::{Color, RGBAColor, RGBColor};

use super::{
    canvas::{Area, Fault},
    legend::{Shape, mark},
    palette::ACTIVE,
    panel::{Frame, draw_diagonal, panel, spanning},
};

/// A value on both axes.
pub(crate) struct Point {
    shape: Shape,
    colour: RGBAColor,
    place: (f64, f64),
}

impl Point {
    /// A point that lets others shine through.
    pub(crate) fn new((shape, colour): (Shape, RGBColor), place: (f64, f64)) -> Self {
        let opacity = if shape == Shape::Cross { 1.0 } else { 0.8 };
        Self { shape, colour: colour.mix(opacity), place }
    }
}

/// Draws points in a panel whose axes are the same, with the line on which both values are equal.
pub(crate) fn draw_scatter(
    area: &Area<'_>,
    frame: &Frame<'_>,
    size: i32,
    points: &[Point],
) -> Result<(), Fault> {
    let range = spanning(points.iter().flat_map(|point| [point.place.0, point.place.1]));
    let mut chart = panel(area, frame, range.clone(), range.clone())?;
    draw_diagonal(&mut chart, &range, ACTIVE)?;
    chart.draw_series(
        points.iter().map(|point| mark(point.shape, point.colour, size, point.place)),
    )?;
    Ok(())
}
