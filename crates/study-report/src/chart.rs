//! The look of all figures: one palette, one kind of panel, one kind of legend, on `plotters`.
//!
//! Drawings are made at twice the size that they are shown at, because `plotters` places things at
//! whole pixels.

use std::{io, ops::Range};

use plotters::{
    chart::ChartContext,
    coord::{
        Shift,
        ranged1d::{AsRangedCoord, Ranged, ValueFormatter},
    },
    element::{Cross, DynElement, IntoDynElement, TriangleMarker},
    prelude::{
        Cartesian2d, ChartBuilder, Circle, Color, DrawingArea, DrawingAreaErrorKind,
        IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend, ShapeStyle,
        TextStyle, ViridisRGB,
    },
    style::{
        FontStyle,
        colors::colormaps::ColorMap,
        text_anchor::{HPos, Pos, VPos},
    },
};

use crate::ReportError;

/// A part of a drawing.
pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// A panel with its axes.
pub(crate) type Chart<'a, X, Y> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>;
/// What goes wrong in a drawing.
pub(crate) type Fault = DrawingAreaErrorKind<io::Error>;
type Mark<'a, C> = DynElement<'static, SVGBackend<'a>, C>;

/// A colour on white paper; the page's dark form has another in its place.
pub(crate) struct Tone {
    pub(crate) light: RGBColor,
    pub(crate) dark: RGBColor,
}

impl Tone {
    /// As `plotters` writes the light one, and the dark one in the same form.
    pub(crate) fn hex(&self) -> [String; 2] {
        [self.light, self.dark].map(|RGBColor(r, g, b)| format!("#{r:02X}{g:02X}{b:02X}"))
    }
}

macro_rules! palette {
    ($($(#[$doc:meta])* $name:ident = $light:literal, $dark:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: RGBColor = rgb($light);)*
        /// Every colour of the drawings.
        pub(crate) const PALETTE: &[Tone] =
            &[$(Tone { light: rgb($light), dark: rgb($dark) }),*];
    };
}

// The hues are those of Okabe and Ito (2008), which colour-blind readers can tell apart.
palette! {
    INK = 0x1B_1B_1F, 0xEC_EC_EF;
    /// Axes and what is said beside them.
    SOFT = 0x5C_5C_66, 0xA9_A9_B4;
    GRID = 0xE6_E6_EA, 0x32_32_3A;
    /// Where random sets lie.
    BAND = 0xD3_D3_DA, 0x45_45_50;
    /// Where random sets lie that are as active.
    ACTIVE = 0xA9_A9_B6, 0x6C_6C_7A;
    /// What carries no label.
    MUTED = 0x96_96_A0, 0x80_80_8C;
    BLUE = 0x00_72_B2, 0x56_B4_E9;
    VERMILION = 0xD5_5E_00, 0xF5_91_4A;
    GREEN = 0x00_9E_73, 0x2F_C4_99;
    PURPLE = 0xB0_4A_86, 0xE0_92_BF;
}

const fn rgb(hex: u32) -> RGBColor {
    let [_, r, g, b] = hex.to_be_bytes();
    RGBColor(r, g, b)
}

/// The colours of the two labels.
pub(crate) const LABELS: [RGBColor; 2] = [BLUE, VERMILION];
/// The shapes of the two labels, so that no figure rests on colour alone.
pub(crate) const SHAPES: [Shape; 2] = [Shape::Disc, Shape::Triangle];

/// The colour of one of several layers, dark at the bottom of the model.
pub(crate) fn depth(layer: usize, layers: usize) -> RGBColor {
    let share = layer as f64 / layers.saturating_sub(1).max(1) as f64;
    ViridisRGB.get_color(0.15 + 0.65 * share)
}

/// A finished drawing, transparent.
#[derive(Clone, Debug)]
pub(crate) struct Svg {
    body: String,
    size: (u32, u32),
}

impl Svg {
    /// For the page: as wide as its box. `label` is what it shows, for those who cannot see it.
    pub(crate) fn inline(&self, label: &str) -> String {
        let (width, height) = self.size;
        format!(
            "<svg viewBox=\"0 0 {} {}\" style=\"min-width:{width}px;max-width:{}px\" role=\"img\" \
             aria-label=\"{}\">{}",
            2 * width,
            2 * height,
            width * 5 / 4,
            escaped(label),
            self.body
        )
    }

    /// For a file of its own: with a size and white paper.
    pub(crate) fn file(&self, label: &str) -> String {
        let (width, height) = self.size;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {} {}\" role=\"img\">\n<title>{}</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>{}",
            2 * width,
            2 * height,
            escaped(label),
            self.body
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Makes a drawing of so many points of width and height.
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
    // The opening tag is ours: it differs between the page and a file.
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

const LEFT: (HPos, VPos) = (HPos::Left, VPos::Top);
/// The size of the numbers at the axes.
const SMALL: f64 = 11.0;

/// What stands around a panel.
pub(crate) struct Frame<'a> {
    pub(crate) title: &'a str,
    /// What the axes are, with units. The vertical one is said above it, so that no head turns.
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

/// A number at an axis: as short as it can be, with a true minus.
pub(crate) fn plain(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded < 0.0 { format!("−{}", -rounded) } else { format!("{}", rounded.abs()) }
}

/// Whole numbers only, as layers are.
pub(crate) fn whole(value: f64) -> String {
    if (value - value.round()).abs() < 1e-9 { plain(value.round()) } else { String::new() }
}

/// Powers of ten on a logarithmic axis, and nothing between them.
pub(crate) fn tens(value: f64) -> String {
    let exponent = value.log10();
    if (exponent - exponent.round()).abs() > 1e-9 {
        return String::new();
    }
    #[expect(clippy::cast_possible_truncation)] // an axis ends far below
    let exponent = exponent.round() as i32;
    match exponent {
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        _ => crate::number::power(exponent),
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

/// The shape of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Disc,
    Ring,
    Triangle,
    Cross,
    Line,
    Dashes,
    Block,
}

/// A mark at a place.
pub(crate) fn mark<'a, C: Clone + 'static>(
    shape: Shape,
    colour: impl Into<ShapeStyle>,
    size: i32,
    at: C,
) -> Mark<'a, C> {
    let style: ShapeStyle = colour.into();
    match shape {
        Shape::Ring => Circle::new(at, size, style.stroke_width(3)).into_dyn(),
        Shape::Triangle => TriangleMarker::new(at, size + 2, style.filled()).into_dyn(),
        Shape::Cross => Cross::new(at, size - 1, style.stroke_width(3)).into_dyn(),
        _ => Circle::new(at, size, style.filled()).into_dyn(),
    }
}

/// What a mark stands for.
pub(crate) struct Key<'a> {
    pub(crate) shape: Shape,
    pub(crate) colour: RGBColor,
    pub(crate) text: &'a str,
}

/// `(shape, colour, text)`.
pub(crate) fn key(shape: Shape, colour: RGBColor, text: &str) -> Key<'_> {
    Key { shape, colour, text }
}

/// Takes a strip off the top for the legend, and gives back what is below.
pub(crate) fn legend<'a>(area: &Area<'a>, keys: &[Key<'_>]) -> Result<Area<'a>, Fault> {
    const LINE: i32 = 44;
    let (width, _) = area.dim_in_pixel();
    let (mut x, mut y) = (22, 24);
    let style = text(12.0, INK, false, (HPos::Left, VPos::Center));
    let mut placed = Vec::new();
    for key in keys {
        let length = i32::try_from(key.text.chars().count()).unwrap_or(0) * 13 + 90;
        if x > 22 && x + length > i32::try_from(width).unwrap_or(i32::MAX) {
            (x, y) = (22, y + LINE);
        }
        placed.push((key, (x, y)));
        x += length;
    }
    let (strip, rest) = area.split_vertically(y + LINE / 2 + 6);
    for (key, (x, y)) in placed {
        match key.shape {
            Shape::Line => {
                strip.draw(&PathElement::new(
                    [(x - 12, y), (x + 20, y)],
                    key.colour.stroke_width(4),
                ))?;
            }
            Shape::Dashes => {
                for from in [x - 12, x - 1, x + 10] {
                    let dash =
                        PathElement::new([(from, y), (from + 7, y)], key.colour.stroke_width(4));
                    strip.draw(&dash)?;
                }
            }
            Shape::Block => {
                strip.draw(&Rectangle::new(
                    [(x - 10, y - 12), (x + 16, y + 12)],
                    key.colour.filled(),
                ))?;
            }
            shape => strip.draw(&mark(shape, key.colour, 9, (x + 4, y)))?,
        }
        strip.draw_text(key.text, &style, (x + 32, y))?;
    }
    Ok(rest)
}

/// A range that holds all values, and 0, with some room.
pub(crate) fn around(values: impl IntoIterator<Item = f64>) -> Range<f64> {
    let (low, high) = values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    padded(low, high)
}

/// A range that holds all values, with some room.
pub(crate) fn spanning(values: impl IntoIterator<Item = f64>) -> Range<f64> {
    let (low, high) = values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low <= high { padded(low, high) } else { padded(0.0, 0.0) }
}

fn padded(low: f64, high: f64) -> Range<f64> {
    let room = if high > low { 0.06 * (high - low) } else { 0.5 };
    low - room..high + room
}

/// A horizontal line through a panel.
pub(crate) fn level<X, Y>(
    chart: &mut Chart<'_, X, Y>,
    at: f64,
    from: Range<f64>,
) -> Result<(), Fault>
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    let line = PathElement::new(vec![(from.start, at), (from.end, at)], SOFT.stroke_width(2));
    chart.draw_series([line])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_the_same_each_time_and_its_text_is_text() {
        let paint = || {
            draw((200, 100), |root| {
                let root = legend(root, &[key(Shape::Ring, BLUE, "<script>")])?;
                let frame = Frame { title: "a & b", x: "x", y: "y", ..Frame::default() };
                let mut chart = panel(&root, &frame, -1.0..1.0, -1.0..1.0)?;
                level(&mut chart, 0.0, -1.0..1.0)
            })
        };
        let (one, two) = (paint().unwrap(), paint().unwrap());
        assert_eq!(one.file("\"label\""), two.file("\"label\""));
        let file = one.file("</title><script>");
        assert!(!file.contains("<script>") && file.contains("&lt;script&gt;"), "{file}");
        assert!(file.contains("a &amp; b"), "{file}");
        assert!(one.inline("\" onload=\"").contains("aria-label=\"&quot; onload=&quot;\""));
    }

    #[test]
    fn axes_are_labelled_with_true_signs() {
        assert_eq!(
            (plain(-0.5), plain(-0.0), plain(1200.0)),
            ("−0.5".into(), "0".into(), "1200".into())
        );
        assert_eq!((whole(2.0), whole(2.5)), ("2".into(), String::new()));
        assert_eq!(
            (tens(0.001), tens(1.0), tens(20.0)),
            ("10⁻³".into(), "1".into(), String::new())
        );
    }
}
