//! Drawings and the texts on them.
//!
//! Drawings are made at twice the size that they are shown at, because `plotters` places things at
//! whole pixels.

use std::io;

use plotters::{
    coord::Shift,
    prelude::{
        DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, IntoFont, RGBColor, SVGBackend,
        TextStyle,
    },
    style::{
        FontStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::svg::Svg;
use crate::error::ReportError;

/// A part of a drawing.
pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// A fault of a drawing.
pub(crate) type Fault = DrawingAreaErrorKind<io::Error>;

/// The width of every figure, in points.
pub(crate) const WIDTH: u32 = 720;

/// Draws on a paper of a width and height in points.
pub(crate) fn draw(
    size: (u32, u32),
    paint: impl FnOnce(&Area<'_>) -> Result<(), Fault>,
) -> Result<Svg, ReportError> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, (2 * size.0, 2 * size.1)).into_drawing_area();
        paint(&root)
            .and_then(|()| root.present())
            .map_err(|fault| ReportError::Drawing(fault.to_string()))?;
    }
    // The opening tag is replaced: it differs between the page and a file.
    let body = text.split_once('>').map_or(String::new(), |(_, body)| body.to_owned());
    Ok(Svg { body, size })
}

/// Text of a size in points.
pub(crate) fn text(
    points: f64,
    colour: RGBColor,
    bold: bool,
    place: (HPos, VPos),
) -> TextStyle<'static> {
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    // `plotters` divides by 1.24 in SVG.
    let font = ("sans-serif", 2.0 * 1.24 * points).into_font().style(style);
    font.color(&colour).pos(Pos::new(place.0, place.1))
}

/// Rows and columns for a number of panels.
pub(crate) fn grid(panels: usize, columns: usize) -> (usize, usize) {
    let columns = columns.min(panels.max(1));
    (panels.div_ceil(columns), columns)
}

/// A size in points; figures are far smaller than `u32` admits.
pub(crate) fn points(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX / 4)
}
