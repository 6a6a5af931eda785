//! Joint lesions, doses, and the double dissociation.

use plotters::{
    element::{PathElement, Rectangle},
    prelude::{Color, IntoLogRange, LineSeries, RGBColor},
    series::DashedLineSeries,
    style::text_anchor::{HPos, VPos},
};

use super::{Figure, WIDTH, grid, points};
use crate::{
    ReportError, Study,
    chart::{
        ACTIVE, BAND, Frame, GREEN, INK, LABELS, MUTED, PURPLE, SHAPES, SOFT, Shape, around, draw,
        key, legend, level, mark, panel, plain, spanning, text,
    },
    number::{fixed, list, mean},
    rows::{Dissociation, Dose, Joint, Kind},
};

/// Joint lesions against the sum of single ones.
pub(crate) fn joint(study: &Study, joint: &[Joint]) -> Result<Option<Figure>, ReportError> {
    let several: Vec<&Joint> = joint.iter().filter(|of| of.depth() > 1 && of.neurons > 0).collect();
    if several.is_empty() {
        return Ok(None);
    }
    let labels = study.manifest.labels();
    let ends = |of: &Joint| {
        of.interval().map(|(low, high)| (of.sum_of_single + low, of.sum_of_single + high))
    };
    let range = spanning(several.iter().flat_map(|of| {
        let (low, high) = ends(of).unwrap_or((of.margin_drop, of.margin_drop));
        [of.sum_of_single, of.margin_drop, low, high]
    }));
    let look = |pattern: &str| match pattern {
        "up" => (Shape::Disc, GREEN),
        "down" => (Shape::Triangle, PURPLE),
        _ => (Shape::Cross, INK),
    };
    let svg = draw((WIDTH, 400), |root| {
        let mut keys = vec![
            key(Shape::Disc, GREEN, "layers from the bottom up"),
            key(Shape::Triangle, PURPLE, "from the top down"),
        ];
        if several.iter().any(|of| of.pattern == "given") {
            keys.push(key(Shape::Cross, INK, "as given"));
        }
        if several.iter().any(|of| of.interval().is_some()) {
            keys.push(key(Shape::Line, ACTIVE, "95 % interval"));
        }
        let root = legend(root, &keys)?;
        for (area, label) in root.split_evenly((1, 2)).iter().zip(labels) {
            let title = format!("{label} neurons");
            let frame = Frame {
                title: &title,
                x: "sum of the single lesions (logits)",
                y: "margin drop of the joint lesion (logits)",
                ..Frame::default()
            };
            let mut chart = panel(area, &frame, range.clone(), range.clone())?;
            let diagonal = [(range.start, range.start), (range.end, range.end)];
            chart.draw_series([PathElement::new(diagonal, SOFT.stroke_width(2))])?;
            for of in several.iter().filter(|of| of.neuron_set == label) {
                if let Some((low, high)) = ends(of) {
                    let line = [(of.sum_of_single, low), (of.sum_of_single, high)];
                    chart.draw_series([PathElement::new(line, ACTIVE.stroke_width(5))])?;
                }
                let (shape, colour) = look(&of.pattern);
                chart.draw_series([mark(shape, colour, 8, (of.sum_of_single, of.margin_drop))])?;
            }
        }
        Ok(())
    })?;
    let most = several.iter().map(|of| of.depth()).max().unwrap_or_default();
    let largest: Vec<String> = several
        .iter()
        .filter(|of| of.depth() == most)
        .map(|of| {
            format!(
                "{} for \u{201c}{}\u{201d} against a sum of {}",
                fixed(of.margin_drop, 3),
                of.neuron_set,
                fixed(of.sum_of_single, 3)
            )
        })
        .collect();
    Ok(Some(Figure {
        id: "joint",
        label: "Joint lesions against the sum of single ones".to_owned(),
        svg,
        caption: format!(
            "On the line several layers together do what each does by itself, added up; above it \
             more, below it less. All {most} layers together: {}.",
            list(&largest)
        ),
        sources: &["joint.csv"],
    }))
}

/// More and more neurons.
pub(crate) fn dose(study: &Study, doses: &[Dose]) -> Result<Option<Figure>, ReportError> {
    let Some(layer) = doses.first().map(|of| of.layer) else { return Ok(None) };
    let labels = study.manifest.labels();
    let curve = |label: &str, kind: Kind| -> Vec<(f64, Vec<f64>)> {
        let own: Vec<&Dose> =
            doses.iter().filter(|of| of.neuron_set == label && of.kind == kind).collect();
        own.chunk_by(|a, b| a.neurons == b.neurons)
            .map(|of| (of[0].neurons as f64, of.iter().map(|of| of.margin_drop).collect()))
            .collect()
    };
    let most = doses.iter().map(|of| of.neurons).max().unwrap_or(1).max(2) as f64;
    let names = labels.map(|label| format!("matched ({label})"));
    let svg = draw((WIDTH, 370), |root| {
        let root = legend(
            root,
            &[
                key(SHAPES[0], LABELS[0], &names[0]),
                key(SHAPES[1], LABELS[1], &names[1]),
                key(Shape::Dashes, MUTED, "swapped"),
                key(Shape::Block, BAND, "range of random sets"),
            ],
        )?;
        let y = around(doses.iter().map(|of| of.margin_drop));
        for ((place, area), label) in root.split_evenly((1, 2)).iter().enumerate().zip(labels) {
            let title = format!("{label} prompts");
            let frame = Frame {
                title: &title,
                x: "neurons lesioned, strongest first (log)",
                y: "mean margin drop (logits)",
                x_format: &plain,
                ..Frame::default()
            };
            let x = 0.85..1.15 * most;
            let mut chart = panel(area, &frame, x.clone().log_scale(), y.clone())?;
            let random = curve(label, Kind::Random);
            let extreme = |of: &Vec<f64>, pick: fn(f64, f64) -> f64| {
                of.iter().copied().reduce(pick).unwrap_or(f64::NAN)
            };
            let above = random.iter().map(|(x, of)| (*x, extreme(of, f64::max)));
            let below = random.iter().rev().map(|(x, of)| (*x, extreme(of, f64::min)));
            let band: Vec<(f64, f64)> = above.chain(below).collect();
            chart.draw_series([plotters::element::Polygon::new(band, BAND.filled())])?;
            level(&mut chart, 0.0, x)?;
            let means = |kind| curve(label, kind).into_iter().map(|(x, of)| (x, mean(of)));
            let swapped = DashedLineSeries::new(means(Kind::Swapped), 10, 8, MUTED.stroke_width(4));
            chart.draw_series(swapped)?;
            chart.draw_series(LineSeries::new(
                means(Kind::Matched),
                LABELS[place].stroke_width(4),
            ))?;
            chart.draw_series(
                means(Kind::Matched).map(|at| mark(SHAPES[place], LABELS[place], 8, at)),
            )?;
        }
        Ok(())
    })?;
    let largest: Vec<String> = labels
        .iter()
        .filter_map(|label| {
            let (neurons, drops) = curve(label, Kind::Matched).pop()?;
            Some(format!(
                "all {neurons} \u{201c}{label}\u{201d} neurons give {}",
                fixed(mean(drops), 3)
            ))
        })
        .collect();
    Ok(Some(Figure {
        id: "dose",
        label: format!("Margin drop against the number of lesioned neurons of layer {layer}"),
        svg,
        caption: format!(
            "Layer {layer}: {}. There is no random set where too few other neurons are left to \
             draw from.",
            list(&largest)
        ),
        sources: &["dose.csv"],
    }))
}

/// The same neurons in both labels' prompts.
pub(crate) fn dissociation(
    study: &Study,
    rows: &[Dissociation],
) -> Result<Option<Figure>, ReportError> {
    let labels = study.manifest.labels();
    let layers: Vec<(&Dissociation, &Dissociation)> = rows
        .chunk_by(|a, b| a.layer == b.layer)
        .filter_map(|of| {
            let find = |label| of.iter().find(|row| row.neuron_set == label);
            Some((find(labels[0])?, find(labels[1])?))
        })
        .collect();
    if layers.is_empty() {
        return Ok(None);
    }
    let most = rows
        .iter()
        .flat_map(|of| [of.own_margin_drop.abs(), of.other_margin_drop.abs()])
        .fold(f64::MIN_POSITIVE, f64::max);
    // Blue where the lesion harms, orange where it helps, white at 0; ink on it that stays dark.
    let shade = |drop: f64| {
        let share = (drop.abs() / most).min(1.0);
        let RGBColor(r, g, b) =
            if drop > 0.0 { RGBColor(0x56, 0xB4, 0xE9) } else { RGBColor(0xF0, 0xA0, 0x50) };
        let mixed = |part: u8| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            // between part and 250
            let mixed = (250.0 - (250.0 - f64::from(part)) * share).round() as u8;
            mixed
        };
        RGBColor(mixed(r), mixed(g), mixed(b))
    };
    let (lines, columns) = grid(layers.len(), 3);
    let svg = draw((WIDTH, points(lines * 172 + 20)), |root| {
        for (area, (a, b)) in root.split_evenly((lines, columns)).iter().zip(&layers) {
            let style = |points, colour, bold, place| text(points, colour, bold, place);
            let both = if a.double { ": double" } else { "" };
            let left = (HPos::Left, VPos::Center);
            let centre = (HPos::Center, VPos::Center);
            area.draw_text(
                &format!("Layer {}{both}", a.layer),
                &style(13.0, INK, true, left),
                (20, 30),
            )?;
            for (column, label) in labels.iter().enumerate() {
                let x = 205 + 150 * i32::try_from(column).unwrap_or(0);
                area.draw_text(
                    &format!("{label} prompts"),
                    &style(11.0, SOFT, false, centre),
                    (x, 78),
                )?;
            }
            for (row, (label, cells)) in labels
                .iter()
                .zip([
                    [a.own_margin_drop, a.other_margin_drop],
                    [b.other_margin_drop, b.own_margin_drop],
                ])
                .enumerate()
            {
                let y = 104 + 100 * i32::try_from(row).unwrap_or(0);
                area.draw_text(label, &style(11.0, SOFT, false, left), (20, y + 32))?;
                area.draw_text("neurons", &style(11.0, SOFT, false, left), (20, y + 62))?;
                for (column, drop) in cells.into_iter().enumerate() {
                    let x = 132 + 150 * i32::try_from(column).unwrap_or(0);
                    area.draw(&Rectangle::new([(x, y), (x + 144, y + 94)], shade(drop).filled()))?;
                    let ink = RGBColor(0x11, 0x11, 0x11);
                    area.draw_text(
                        &fixed(drop, 3),
                        &style(13.0, ink, row == column, centre),
                        (x + 72, y + 47),
                    )?;
                }
            }
        }
        Ok(())
    })?;
    let double: Vec<String> =
        layers.iter().filter(|(a, _)| a.double).map(|(a, _)| a.layer.to_string()).collect();
    let found = match double.len() {
        0 => "In no layer is the dissociation shown to be double.".to_owned(),
        1 => format!("It is double in layer {}.", double[0]),
        _ => format!("It is double in the layers {}.", list(&double)),
    };
    Ok(Some(Figure {
        id: "dissociation",
        label: "Margin drops of each label's neurons in each label's prompts".to_owned(),
        svg,
        caption: format!(
            "Mean margin drops in logits: blue harms, orange helps. A label's neurons matter for \
             its own prompts where the diagonal is darker than the rest of its row. {found}"
        ),
        sources: &["dissociation.csv"],
    }))
}
