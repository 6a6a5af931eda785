//! Marks, and legends that explain them.

use plotters::{
    element::{Cross, DynElement, IntoDynElement, TriangleMarker},
    prelude::{Circle, Color, PathElement, RGBColor, Rectangle, SVGBackend, ShapeStyle},
    style::text_anchor::{HPos, VPos},
};

use super::{
    canvas::{Area, Fault, text},
    palette::{INK, LABELS},
};

type Mark<'a, C> = DynElement<'static, SVGBackend<'a>, C>;

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

/// The shapes of the two labels, so that no figure depends on colour alone.
pub(crate) const SHAPES: [Shape; 2] = [Shape::Disc, Shape::Triangle];

/// The shape and colour of a label; `None` if it is neither of the two.
pub(crate) fn label_look(labels: [&str; 2], label: Option<&str>) -> Option<(Shape, RGBColor)> {
    let place = labels.iter().position(|name| label == Some(*name))?;
    Some((SHAPES[place], LABELS[place]))
}

/// A mark at a place.
pub(crate) fn mark<'a, C: Clone + 'static>(
    shape: Shape,
    colour: impl Into<ShapeStyle>,
    size: i32,
    place: C,
) -> Mark<'a, C> {
    let style: ShapeStyle = colour.into();
    match shape {
        Shape::Ring => Circle::new(place, size, style.stroke_width(3)).into_dyn(),
        Shape::Triangle => TriangleMarker::new(place, size + 2, style.filled()).into_dyn(),
        Shape::Cross => Cross::new(place, size - 1, style.stroke_width(3)).into_dyn(),
        _ => Circle::new(place, size, style.filled()).into_dyn(),
    }
}

/// The size of marks when there are so many.
pub(crate) fn mark_size(marks: usize) -> i32 {
    if marks > 60 { 5 } else { 9 }
}

/// An entry of a legend.
pub(crate) struct Key {
    shape: Shape,
    colour: RGBColor,
    text: String,
}

/// `(shape, colour, text)`.
pub(crate) fn key(shape: Shape, colour: RGBColor, text: impl Into<String>) -> Key {
    Key { shape, colour, text: text.into() }
}

/// The entries of the two labels.
pub(crate) fn label_keys(texts: [String; 2]) -> Vec<Key> {
    let looks = SHAPES.into_iter().zip(LABELS);
    looks.zip(texts).map(|((shape, colour), text)| key(shape, colour, text)).collect()
}

/// Draws the legend at the top; the area below it.
pub(crate) fn legend<'a>(area: &Area<'a>, keys: &[Key]) -> Result<Area<'a>, Fault> {
    const LINE: i32 = 44;
    let (width, _) = area.dim_in_pixel();
    let width = i32::try_from(width).unwrap_or(i32::MAX);
    let mut x = 22;
    let mut y = 24;
    let mut placed = Vec::new();
    for key in keys {
        let length = i32::try_from(key.text.chars().count()).unwrap_or(0) * 13 + 90;
        if x > 22 && x + length > width {
            x = 22;
            y += LINE;
        }
        placed.push((key, (x, y)));
        x += length;
    }
    let (strip, rest) = area.split_vertically(y + LINE / 2 + 6);
    let style = text(12.0, INK, false, (HPos::Left, VPos::Center));
    for (key, (x, y)) in placed {
        draw_key(&strip, key, (x, y))?;
        strip.draw_text(&key.text, &style, (x + 32, y))?;
    }
    Ok(rest)
}

/// Draws the mark of an entry.
fn draw_key(strip: &Area<'_>, key: &Key, (x, y): (i32, i32)) -> Result<(), Fault> {
    match key.shape {
        Shape::Line => {
            let style = key.colour.stroke_width(4);
            strip.draw(&PathElement::new([(x - 12, y), (x + 20, y)], style))
        }
        Shape::Dashes => {
            for start in [x - 12, x - 1, x + 10] {
                let style = key.colour.stroke_width(4);
                strip.draw(&PathElement::new([(start, y), (start + 7, y)], style))?;
            }
            Ok(())
        }
        Shape::Block => {
            let corners = [(x - 10, y - 12), (x + 16, y + 12)];
            strip.draw(&Rectangle::new(corners, key.colour.filled()))
        }
        shape => strip.draw(&mark(shape, key.colour, 9, (x + 4, y))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        drawing::{
            canvas::draw,
            palette::BLUE,
            panel::{Frame, draw_level, panel},
            svg::Svg,
        },
        error::ReportError,
    };

    fn paint() -> Result<Svg, ReportError> {
        draw((200, 100), |root| {
            let root = legend(root, &[key(Shape::Ring, BLUE, "<script>")])?;
            let frame = Frame { title: "a & b", x: "x", y: "y", ..Frame::default() };
            let mut chart = panel(&root, &frame, -1.0..1.0, -1.0..1.0)?;
            draw_level(&mut chart, 0.0, -1.0..1.0)
        })
    }

    #[test]
    fn a_drawing_is_the_same_each_time_and_its_text_is_text() {
        let drawing = paint().unwrap();
        assert_eq!(drawing.file("\"label\""), paint().unwrap().file("\"label\""));
        let file = drawing.file("</title><script>");
        assert!(!file.contains("<script>") && file.contains("&lt;script&gt;"), "{file}");
        assert!(file.contains("a &amp; b"), "{file}");
        assert!(drawing.inline("\" onload=\"").contains("aria-label=\"&quot; onload=&quot;\""));
    }
}
