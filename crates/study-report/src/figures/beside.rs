//! Two studies in one figure: A is always a green disc, B a purple triangle.

use plotters::{
    element::{PathElement, Rectangle},
    prelude::{Color, RGBColor},
};

use super::{Figure, WIDTH};
use crate::{
    ReportError,
    chart::{
        ACTIVE, BAND, Frame, GREEN, LABELS, MUTED, PURPLE, SHAPES, Shape, Svg, around, draw, key,
        legend, level, mark, panel, spanning, whole,
    },
    number::{count, fixed, mean, plural},
    pair::{Common, Pair, both},
    verdict::Judged,
};

/// How each study is marked, and how far beside the layer's own place.
const LOOKS: [(Shape, RGBColor, f64); 2] =
    [(Shape::Disc, GREEN, -0.16), (Shape::Triangle, PURPLE, 0.16)];

/// One value of one study: the layer, the value, and the band behind it.
type Point = (usize, f64, Option<(f64, f64)>);

/// A panel for each label; `points` of a label's place and a study's place.
fn by_layer(
    pair: &Pair<'_>,
    y_name: &str,
    banded: bool,
    points: impl Fn(usize, usize) -> Vec<Point>,
) -> Result<Svg, ReportError> {
    let layers = pair.studies.iter().map(|study| study.layers()).max().unwrap_or_default();
    let labels = [0, 1].map(|place| both(pair.studies.map(|study| study.manifest.labels()[place])));
    draw((WIDTH, 350), |root| {
        let mut keys = vec![key(Shape::Disc, GREEN, "A"), key(Shape::Triangle, PURPLE, "B")];
        if banded {
            keys.push(key(Shape::Block, BAND, "95 % of random, A"));
            keys.push(key(Shape::Block, ACTIVE, "95 % of random, B"));
        }
        let root = legend(root, &keys)?;
        let every = (0..4).flat_map(|place| points(place / 2, place % 2));
        let y = around(every.flat_map(|(_, value, band)| {
            let (low, high) = band.unwrap_or((value, value));
            [value, low, high]
        }));
        for ((place, area), label) in root.split_evenly((1, 2)).iter().enumerate().zip(&labels) {
            let title = format!("{label} neurons");
            let frame = Frame {
                title: &title,
                x: "layer",
                y: y_name,
                ticks: (2 * layers, 5),
                x_format: &whole,
                ..Frame::default()
            };
            let x = -0.5..layers as f64 - 0.5;
            let mut chart = panel(area, &frame, x.clone(), y.clone())?;
            for (study, (_, _, beside)) in LOOKS.iter().enumerate() {
                let shade = if study == 0 { BAND } else { ACTIVE };
                chart.draw_series(points(place, study).into_iter().filter_map(
                    |(layer, _, band)| {
                        let ((low, high), at) = (band?, layer as f64 + beside);
                        Some(Rectangle::new([(at - 0.15, low), (at + 0.15, high)], shade.filled()))
                    },
                ))?;
            }
            level(&mut chart, 0.0, x)?;
            for (study, (shape, colour, beside)) in LOOKS.into_iter().enumerate() {
                let line: Vec<_> =
                    points(place, study).iter().map(|of| (of.0 as f64 + beside, of.1)).collect();
                chart.draw_series([PathElement::new(line.clone(), colour.stroke_width(3))])?;
                chart.draw_series(line.into_iter().map(|at| mark(shape, colour, 8, at)))?;
            }
        }
        Ok(())
    })
}

/// The profiles of margin drops.
pub(crate) fn profile(
    pair: &Pair<'_>,
    judged: &[Vec<Judged<'_>>; 2],
) -> Result<Figure, ReportError> {
    let points = |label: usize, study: usize| -> Vec<Point> {
        let name = pair.studies[study].manifest.labels()[label];
        let own = judged[study].iter().filter(|of| of.profile.neuron_set == name);
        own.map(|of| (of.profile.layer, of.profile.margin_drop, of.random)).collect()
    };
    let most = [0, 1].map(|study| {
        let all = judged[study].iter().map(|of| of.profile.margin_drop);
        all.reduce(f64::max).map_or("none".to_owned(), |drop| fixed(drop, 3))
    });
    Ok(Figure {
        id: "profiles",
        label: "Mean margin drops of each layer's lesion in both studies".to_owned(),
        svg: by_layer(pair, "mean margin drop (logits)", true, points)?,
        caption: format!("The largest mean margin drop is {} in A and {} in B.", most[0], most[1]),
        sources: &["profile.csv", "nulls.csv"],
    })
}

/// Neurons of each label.
pub(crate) fn neurons(pair: &Pair<'_>) -> Result<Figure, ReportError> {
    let points = |label: usize, study: usize| -> Vec<Point> {
        let study = pair.studies[study];
        let name = study.manifest.labels()[label];
        (0..study.layers()).map(|layer| (layer, study.chosen(layer, name) as f64, None)).collect()
    };
    let total = |study: usize| -> f64 {
        [0, 1].into_iter().flat_map(|label| points(label, study)).map(|of| of.1).sum()
    };
    Ok(Figure {
        id: "neurons",
        label: "Neurons of each label in each layer of both studies".to_owned(),
        svg: by_layer(pair, "neurons with the label", false, points)?,
        caption: format!(
            "In all layers together {} neurons carry a label in A and {} in B, each under its own \
             correction.",
            fixed(total(0), 0),
            fixed(total(1), 0)
        ),
        sources: &["selection.csv"],
    })
}

/// A value of A against the same of B, prompt by prompt.
fn against(
    pair: &Pair<'_>,
    names: [&str; 2],
    points: &[(Option<String>, [f64; 2])],
) -> Result<Svg, ReportError> {
    let labels = pair.studies[0].manifest.labels();
    draw((WIDTH / 2 + 80, 400), |root| {
        let root = legend(
            root,
            &[
                key(SHAPES[0], LABELS[0], labels[0]),
                key(SHAPES[1], LABELS[1], labels[1]),
                key(Shape::Ring, MUTED, "no label"),
            ],
        )?;
        let frame = Frame { x: names[0], y: names[1], ..Frame::default() };
        let range = spanning(points.iter().flat_map(|of| of.1));
        let mut chart = panel(&root, &frame, range.clone(), range.clone())?;
        let diagonal = [(range.start, range.start), (range.end, range.end)];
        chart.draw_series([PathElement::new(diagonal, ACTIVE.stroke_width(2))])?;
        let size = if points.len() > 60 { 5 } else { 9 };
        chart.draw_series(points.iter().map(|(label, [x, y])| {
            let place = labels.iter().position(|own| label.as_deref() == Some(*own));
            let (shape, colour) =
                place.map_or((Shape::Ring, MUTED), |place| (SHAPES[place], LABELS[place]));
            mark(shape, colour.mix(0.8), size, (*x, *y))
        }))?;
        Ok(())
    })
}

/// Clean margins of the common prompts.
pub(crate) fn margins(pair: &Pair<'_>, common: &[Common]) -> Result<Figure, ReportError> {
    let points: Vec<_> = common.iter().map(|of| (of.label.clone(), of.margins)).collect();
    let names = ["clean margin in A (logits)", "clean margin in B (logits)"];
    let average = |place: usize| fixed(mean(common.iter().map(|of| of.margins[place])), 3);
    Ok(Figure {
        id: "margins",
        label: "Clean margins of the prompts that both studies have".to_owned(),
        svg: against(pair, names, &points)?,
        caption: format!(
            "The right word\u{2019}s margin in {} that both studies have: {} on average in A, {} \
             in B.",
            plural(common.len(), "masked prompt"),
            average(0),
            average(1)
        ),
        sources: &["predictions.csv", "prompts.csv"],
    })
}

/// Margin drops of the common prompts; `None` where no prompt is lesioned in both.
pub(crate) fn drops(pair: &Pair<'_>, common: &[Common]) -> Result<Option<Figure>, ReportError> {
    let points: Vec<_> =
        common.iter().filter_map(|of| Some((of.label.clone(), of.drops?))).collect();
    if points.is_empty() {
        return Ok(None);
    }
    let names = ["margin drop in A (logits)", "margin drop in B (logits)"];
    let larger = points.iter().filter(|of| of.1[1] > of.1[0]).count();
    Ok(Some(Figure {
        id: "drops",
        label: "Margin drops of the prompts that are lesioned in both studies".to_owned(),
        svg: against(pair, names, &points)?,
        caption: format!(
            "The lesion of B harms more than that of A in {} of {} that are lesioned in both.",
            count(larger),
            plural(points.len(), "prompt")
        ),
        sources: &["lesions.csv"],
    }))
}
