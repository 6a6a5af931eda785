//! What the lesion of each layer does.

use plotters::{
    element::{PathElement, Rectangle},
    prelude::{Color, RGBColor},
};

use super::{Figure, WIDTH};
use crate::{
    ReportError, Study,
    chart::{
        ACTIVE, BAND, Frame, LABELS, MUTED, SHAPES, Shape, around, draw, key, legend, level, mark,
        panel, whole,
    },
    nulls::MEASURES,
    number::{fixed, list},
    rows::Kind,
    verdict::{Judged, Verdict, has_alikes},
};

/// The laminar profile of drops, with the nulls behind it.
pub(crate) fn profile(study: &Study, judged: &[Judged<'_>]) -> Result<Figure, ReportError> {
    let labels = study.manifest.labels();
    let layers = study.layers();
    let names = labels.map(|label| format!("matched ({label})"));
    let svg = draw((WIDTH, 640), |root| {
        let root = legend(
            root,
            &[
                key(SHAPES[0], LABELS[0], &names[0]),
                key(SHAPES[1], LABELS[1], &names[1]),
                key(Shape::Cross, MUTED, "swapped"),
                key(Shape::Ring, MUTED, "least tuned"),
                key(Shape::Block, BAND, "95 % of random"),
                key(Shape::Block, ACTIVE, "95 % of as active"),
            ],
        )?;
        let areas = root.split_evenly((2, 2));
        // Margins first: they are what changes a prediction.
        for (row, (name, measure)) in MEASURES.into_iter().rev().enumerate() {
            let drops = |kind| {
                judged.iter().filter_map(move |of| {
                    study
                        .nulls
                        .as_ref()?
                        .cell(of.profile.layer, &of.profile.neuron_set)?
                        .mean(kind, measure)
                })
            };
            let bands = |kind| {
                judged.iter().filter_map(move |of| {
                    study
                        .nulls
                        .as_ref()?
                        .cell(of.profile.layer, &of.profile.neuron_set)?
                        .band(kind, measure)
                })
            };
            let all = [Kind::Matched, Kind::Swapped, Kind::LeastTuned].into_iter().flat_map(drops);
            let ends = bands(Kind::Random)
                .chain(bands(Kind::RandomActive))
                .flat_map(|(low, high)| [low, high]);
            let y = around(all.chain(ends));
            for (column, label) in labels.iter().enumerate() {
                let title = format!("{label} neurons, {label} prompts");
                let frame = Frame {
                    title: &title,
                    x: "layer",
                    y: if name == "margin drop" {
                        "mean margin drop (logits)"
                    } else {
                        "mean logit drop (logits)"
                    },
                    ticks: (2 * layers, 5),
                    x_format: &whole,
                    ..Frame::default()
                };
                let x = -0.5..layers as f64 - 0.5;
                let mut chart = panel(&areas[2 * row + column], &frame, x.clone(), y.clone())?;
                let colour: RGBColor = LABELS[column];
                let mut line = Vec::new();
                let mut marks = Vec::new();
                for of in judged.iter().filter(|of| of.profile.neuron_set == *label) {
                    let at = of.profile.layer as f64;
                    let Some(cell) =
                        study.nulls.as_ref().and_then(|nulls| nulls.cell(of.profile.layer, label))
                    else {
                        continue;
                    };
                    let mut block = |kind, half: f64, colour: RGBColor| {
                        let Some((low, high)) = cell.band(kind, measure) else { return Ok(()) };
                        let block =
                            Rectangle::new([(at - half, low), (at + half, high)], colour.filled());
                        chart.draw_series([block]).map(drop)
                    };
                    block(Kind::Random, 0.36, BAND)?;
                    if has_alikes(of.profile) {
                        block(Kind::RandomActive, 0.14, ACTIVE)?;
                    }
                    let mut add = |kind, shape, colour, size| {
                        if let Some(drop) = cell.mean(kind, measure) {
                            marks.push(mark(shape, colour, size, (at, drop)));
                        }
                    };
                    add(Kind::LeastTuned, Shape::Ring, MUTED, 7);
                    add(Kind::Swapped, Shape::Cross, MUTED, 8);
                    add(Kind::Matched, SHAPES[column], colour, 9);
                    line.extend(cell.mean(Kind::Matched, measure).map(|drop| (at, drop)));
                }
                level(&mut chart, 0.0, x)?;
                chart.draw_series([PathElement::new(line, colour.stroke_width(4))])?;
                chart.draw_series(marks)?;
            }
        }
        Ok(())
    })?;
    let strongest =
        judged.iter().max_by(|a, b| a.profile.margin_drop.total_cmp(&b.profile.margin_drop));
    let strongest = strongest.map_or(String::new(), |of| {
        let band = of.random.map_or(String::new(), |(low, high)| {
            format!(
                ", where 95 % of random sets stay between {} and {}",
                fixed(low, 3),
                fixed(high, 3)
            )
        });
        format!(
            "The largest mean margin drop is {} in {}{band}.",
            fixed(of.profile.margin_drop, 3),
            of.name()
        )
    });
    let beyond: Vec<String> =
        judged.iter().filter(|of| of.verdict == Verdict::Beyond).map(Judged::name).collect();
    let outside = if beyond.is_empty() {
        " No lesion is shown to do more than random sets.".to_owned()
    } else {
        format!(" More than random sets, after correction: {}.", list(&beyond))
    };
    Ok(Figure {
        id: "profile",
        label: "Mean drops of the lesion of each layer, with their random nulls".to_owned(),
        svg,
        caption: format!("{strongest}{outside}"),
        sources: &["nulls.csv", "profile.csv"],
    })
}
