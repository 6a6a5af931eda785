//! What the lesion of each layer does.

use plotters::{
    element::{PathElement, Rectangle},
    prelude::Color,
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
    let names = labels.map(|label| format!("matched ({label})"));
    let svg = draw((WIDTH, 640), |root| {
        let keys = [
            key(SHAPES[0], LABELS[0], &names[0]),
            key(SHAPES[1], LABELS[1], &names[1]),
            key(Shape::Cross, MUTED, "swapped"),
            key(Shape::Ring, MUTED, "least tuned"),
            key(Shape::Block, BAND, "95 % of random"),
            key(Shape::Block, ACTIVE, "95 % of as active"),
        ];
        let areas = legend(root, &keys)?.split_evenly((2, 2));
        // Margins first: they are what changes a prediction.
        for (row, (name, measure)) in MEASURES.into_iter().rev().enumerate() {
            let y = around(judged.iter().filter_map(|of| of.cell).flat_map(|cell| {
                let drops = [Kind::Matched, Kind::Swapped, Kind::LeastTuned];
                let drops = drops.into_iter().filter_map(move |kind| cell.mean(kind, measure));
                let bands = [Kind::Random, Kind::RandomActive].into_iter();
                let bands = bands.filter_map(move |kind| cell.band(kind, measure));
                drops.chain(bands.flat_map(|(low, high)| [low, high]))
            }));
            for (place, label) in labels.iter().enumerate() {
                let (title, y_name) =
                    (format!("{label} neurons, {label} prompts"), format!("mean {name} (logits)"));
                let frame = Frame {
                    title: &title,
                    x: "layer",
                    y: &y_name,
                    ticks: (2 * study.layers(), 5),
                    x_format: &whole,
                    ..Frame::default()
                };
                let x = -0.5..study.layers() as f64 - 0.5;
                let mut chart = panel(&areas[2 * row + place], &frame, x.clone(), y.clone())?;
                let own = judged.iter().filter(|of| of.profile.neuron_set == *label);
                let cells: Vec<_> = own.filter_map(|of| Some((of, of.cell?))).collect();
                for (of, cell) in &cells {
                    let at = of.profile.layer as f64;
                    let random = cell.band(Kind::Random, measure).map(|band| (band, 0.36, BAND));
                    let active = cell.band(Kind::RandomActive, measure);
                    let active = active.filter(|_| has_alikes(of.profile));
                    let bands = random.into_iter().chain(active.map(|band| (band, 0.14, ACTIVE)));
                    chart.draw_series(bands.map(|((low, high), half, colour)| {
                        Rectangle::new([(at - half, low), (at + half, high)], colour.filled())
                    }))?;
                }
                level(&mut chart, 0.0, x)?;
                let drops = |kind| {
                    cells.iter().filter_map(move |(of, cell)| {
                        Some((of.profile.layer as f64, cell.mean(kind, measure)?))
                    })
                };
                let colour = LABELS[place];
                let line = drops(Kind::Matched).collect::<Vec<_>>();
                chart.draw_series([PathElement::new(line, colour.stroke_width(4))])?;
                for (kind, shape, colour, size) in [
                    (Kind::LeastTuned, Shape::Ring, MUTED, 7),
                    (Kind::Swapped, Shape::Cross, MUTED, 8),
                    (Kind::Matched, SHAPES[place], colour, 9),
                ] {
                    chart.draw_series(drops(kind).map(|at| mark(shape, colour, size, at)))?;
                }
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
