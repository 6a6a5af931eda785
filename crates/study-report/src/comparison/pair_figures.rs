//! Two studies in one figure: A is always a green disc, B a purple triangle.

use plotters::{
    element::{PathElement, Rectangle},
    prelude::{Color, RGBColor},
};
use study_record::Range;

use super::study_pair::{StudyPair, label_name};
use crate::{
    drawing::{
        axis_text::whole,
        canvas::{WIDTH, draw},
        legend::{Shape, key, label_keys, label_look, legend, mark, mark_size},
        palette::{ACTIVE, BAND, GREEN, MUTED, PURPLE},
        panel::{Frame, around, draw_level, panel},
        scatter::{Point, draw_scatter},
        svg::Svg,
    },
    error::ReportError,
};

/// How a study is drawn.
struct Look {
    shape: Shape,
    colour: RGBColor,
    /// The colour of its random sets.
    random: RGBColor,
    /// How far beside the layer's place.
    offset: f64,
}

const LOOKS: [Look; 2] = [
    Look { shape: Shape::Disc, colour: GREEN, random: BAND, offset: -0.16 },
    Look { shape: Shape::Triangle, colour: PURPLE, random: ACTIVE, offset: 0.16 },
];

/// A value of one study in one layer, and the range of random sets.
pub(super) struct LayerPoint {
    pub(super) layer: usize,
    pub(super) value: f64,
    pub(super) random: Option<Range>,
}

/// A panel per label; `points` gives those of a study and a label.
pub(super) fn draw_by_layer(
    pair: &StudyPair<'_>,
    y_name: &str,
    points: impl Fn(usize, &str) -> Vec<LayerPoint>,
) -> Result<Svg, ReportError> {
    let layers = pair.layers();
    let panels = pair
        .labels()
        .map(|labels| (label_name(labels), [points(0, labels[0]), points(1, labels[1])]));
    let every: Vec<&LayerPoint> =
        panels.iter().flat_map(|(_, studies)| studies.iter().flatten()).collect();
    let y = around(every.iter().flat_map(|point| {
        let (low, high) = point.random.unwrap_or((point.value, point.value));
        [point.value, low, high]
    }));
    draw((WIDTH, 350), |root| {
        let mut keys = vec![key(Shape::Disc, GREEN, "A"), key(Shape::Triangle, PURPLE, "B")];
        if every.iter().any(|point| point.random.is_some()) {
            keys.push(key(Shape::Block, BAND, "95 % of random, A"));
            keys.push(key(Shape::Block, ACTIVE, "95 % of random, B"));
        }
        let areas = legend(root, &keys)?.split_evenly((1, 2));
        for (area, (label, studies)) in areas.iter().zip(&panels) {
            let frame = Frame {
                title: &format!("{label} neurons"),
                x: "layer",
                y: y_name,
                ticks: (2 * layers, 5),
                x_format: &whole,
                ..Frame::default()
            };
            let x = -0.5..layers as f64 - 0.5;
            let mut chart = panel(area, &frame, x.clone(), y.clone())?;
            for (points, look) in studies.iter().zip(&LOOKS) {
                for point in points {
                    let Some((low, high)) = point.random else { continue };
                    let middle = point.layer as f64 + look.offset;
                    let corners = [(middle - 0.15, low), (middle + 0.15, high)];
                    chart.draw_series([Rectangle::new(corners, look.random.filled())])?;
                }
            }
            draw_level(&mut chart, 0.0, x)?;
            for (points, look) in studies.iter().zip(&LOOKS) {
                let line =
                    points.iter().map(|point| (point.layer as f64 + look.offset, point.value));
                let line: Vec<(f64, f64)> = line.collect();
                let style = look.colour.stroke_width(3);
                chart.draw_series([PathElement::new(line.clone(), style)])?;
                let marks = line.into_iter().map(|place| mark(look.shape, look.colour, 8, place));
                chart.draw_series(marks)?;
            }
        }
        Ok(())
    })
}

/// A value of both studies in one prompt.
pub(super) struct PromptPoint<'a> {
    pub(super) label: Option<&'a str>,
    pub(super) values: [f64; 2],
}

/// A value of A against the same of B, prompt by prompt.
pub(super) fn draw_prompts(
    pair: &StudyPair<'_>,
    name: &str,
    points: &[PromptPoint<'_>],
) -> Result<Svg, ReportError> {
    let labels = pair.manifests()[0].labels();
    let points = points.iter().map(|point| {
        let look = label_look(labels, point.label).unwrap_or((Shape::Ring, MUTED));
        Point::new(look, point.values.into())
    });
    let points: Vec<Point> = points.collect();
    draw((WIDTH / 2 + 80, 400), |root| {
        let mut keys = label_keys(labels.map(str::to_owned));
        keys.push(key(Shape::Ring, MUTED, "no label"));
        let root = legend(root, &keys)?;
        let unit = pair.unit();
        let frame = Frame {
            x: &format!("{name} in A ({unit})"),
            y: &format!("{name} in B ({unit})"),
            ..Frame::default()
        };
        draw_scatter(&root, &frame, mark_size(points.len()), &points)
    })
}
