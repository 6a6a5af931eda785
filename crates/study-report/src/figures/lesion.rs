//! The prompts, one by one, before and after a lesion.

use plotters::{
    element::PathElement,
    prelude::{Color, RGBColor},
};

use super::{Figure, WIDTH, grid};
use crate::{
    ReportError, Study,
    chart::{
        ACTIVE, BAND, Frame, GRID, LABELS, MUTED, SHAPES, Shape, around, draw, key, legend, level,
        mark, panel, spanning, whole,
    },
    nulls::MEASURES,
    number::{count, fixed, mean, plural},
    rows::Kind,
};

/// How the right word of a prompt is marked.
fn look(study: &Study, label: Option<&str>) -> (Shape, RGBColor) {
    let place = study.manifest.labels().iter().position(|own| label == Some(*own));
    place.map_or((Shape::Ring, ACTIVE), |place| (SHAPES[place], LABELS[place]))
}

fn right(study: &Study) -> [String; 2] {
    study.manifest.labels().map(|label| format!("right word, label {label}"))
}

/// Clean logits of the candidates.
pub(crate) fn logits(study: &Study) -> Result<Figure, ReportError> {
    let prompts: Vec<_> = study.predicted().collect();
    let few = prompts.len() <= 8;
    let names = right(study);
    let svg = draw((WIDTH, 360), |root| {
        let root = legend(
            root,
            &[
                key(SHAPES[0], LABELS[0], &names[0]),
                key(SHAPES[1], LABELS[1], &names[1]),
                key(Shape::Cross, MUTED, "other candidate"),
            ],
        )?;
        let frame = Frame {
            x: "masked prompt, in the order of prompts.csv",
            y: "logit (natural log)",
            ticks: (if few { 2 * prompts.len() } else { 10 }, 6),
            x_format: &whole,
            ..Frame::default()
        };
        let y = around(study.predictions.iter().map(|of| of.logit));
        let mut chart = panel(&root, &frame, -0.6..prompts.len() as f64 - 0.4, y)?;
        for (place, of) in prompts.iter().enumerate() {
            let x = place as f64;
            let label =
                study.prompt(of[0].prompt, of[0].position).and_then(|of| of.label.as_deref());
            let ends = spanning(of.iter().map(|of| of.logit));
            chart.draw_series([PathElement::new(
                [(x, ends.start), (x, ends.end)],
                GRID.stroke_width(3),
            )])?;
            let size = if few { 10 } else { 6 };
            chart.draw_series(
                of.iter().skip(1).map(|of| mark(Shape::Cross, MUTED, size, (x, of.logit))),
            )?;
            let (shape, colour) = look(study, label);
            chart.draw_series([mark(shape, colour, size, (x, of[0].logit))])?;
            if few {
                let style = crate::chart::text(11.0, crate::chart::INK, false, BESIDE);
                for of in *of {
                    let at = chart.backend_coord(&(x, of.logit));
                    root.strip_coord_spec().draw_text(
                        &of.candidate,
                        &style,
                        relative(&root, at),
                    )?;
                }
            }
        }
        Ok(())
    })?;
    let highest = |of: &&&[_]| {
        let of: &[crate::rows::Prediction] = of;
        of[1..].iter().all(|other| other.logit < of[0].logit)
    };
    Ok(Figure {
        id: "logits",
        label: "Clean logits of the candidates of each masked prompt".to_owned(),
        svg,
        caption: format!(
            "Nothing is lesioned. The right word is above the other candidates in {} of {}; the \
             higher it stands above them, the larger its margin.",
            count(prompts.iter().filter(highest).count()),
            plural(prompts.len(), "masked prompt")
        ),
        sources: &["predictions.csv", "prompts.csv"],
    })
}

const BESIDE: (plotters::style::text_anchor::HPos, plotters::style::text_anchor::VPos) =
    (plotters::style::text_anchor::HPos::Left, plotters::style::text_anchor::VPos::Center);

/// A place of the whole drawing, as the area counts, and a little to the right of it.
fn relative(area: &crate::chart::Area<'_>, (x, y): (i32, i32)) -> (i32, i32) {
    let (left, top) = area.get_base_pixel();
    (x - left + 18, y - top)
}

/// Each prompt's drop in the lesioned layer, over what random sets do to the same prompt.
pub(crate) fn prompts(study: &Study) -> Result<Option<Figure>, ReportError> {
    let Some(nulls) = study.nulls.as_ref().filter(|nulls| !nulls.prompts.is_empty()) else {
        return Ok(None);
    };
    let layer = study.manifest.layer;
    let label_of =
        |key: &(usize, usize)| study.prompt(key.0, key.1).and_then(|of| of.label.as_deref());
    let names = study.manifest.labels().map(|label| format!("{label} prompt, {label} neurons"));
    let mut outside = 0;
    let svg = draw((WIDTH, 600), |root| {
        let root = legend(
            root,
            &[
                key(SHAPES[0], LABELS[0], &names[0]),
                key(SHAPES[1], LABELS[1], &names[1]),
                key(Shape::Block, BAND, "95 % of random sets"),
            ],
        )?;
        for (area, (name, measure)) in root.split_evenly((2, 1)).iter().zip(MEASURES) {
            let mut shown: Vec<_> = nulls
                .prompts
                .iter()
                .filter_map(|(key, cell)| Some((key, cell.mean(Kind::Matched, measure)?, cell)))
                .collect();
            shown.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(b.0)));
            let bands = |of: &(_, f64, &crate::nulls::Cell)| of.2.band(Kind::Random, measure);
            let all = shown.iter().flat_map(|of| {
                let (low, high) = bands(of).unwrap_or((of.1, of.1));
                [of.1, low, high]
            });
            let title =
                if name == "logit drop" { "Logit drop of the right word" } else { "Margin drop" };
            let frame = Frame {
                title,
                x: "masked prompts, from the smallest drop to the largest",
                y: "clean minus lesioned (logits); above 0 the lesion harms",
                x_format: &|_| String::new(),
                ..Frame::default()
            };
            let x = -0.8..shown.len() as f64 - 0.2;
            let mut chart = panel(area, &frame, x.clone(), around(all))?;
            for (place, of) in shown.iter().enumerate() {
                let Some((low, high)) = bands(of) else { continue };
                let at = place as f64;
                let block = plotters::element::Rectangle::new(
                    [(at - 0.42, low), (at + 0.42, high)],
                    BAND.filled(),
                );
                chart.draw_series([block])?;
                outside += usize::from(name == "margin drop" && of.1 > high);
            }
            level(&mut chart, 0.0, x)?;
            let size = if shown.len() > 60 { 5 } else { 9 };
            chart.draw_series(shown.iter().enumerate().map(|(place, of)| {
                let (shape, colour) = look(study, label_of(of.0));
                mark(shape, colour, size, (place as f64, of.1))
            }))?;
        }
        Ok(())
    })?;
    Ok(Some(Figure {
        id: "prompts",
        label: format!("Drops of each prompt at layer {layer} over those of random sets"),
        svg,
        caption: format!(
            "Layer {layer}, the equal-sized sets of the controls: the margin falls by more than \
             in 97.5 % of the random sets in {} of {}. Each prompt is looked at by itself here, \
             without correction for how many there are.",
            count(outside),
            plural(nulls.prompts.len(), "prompt")
        ),
        sources: &["nulls.csv"],
    }))
}

/// Clean against lesioned logits of the paper's lesion.
pub(crate) fn scatter(study: &Study) -> Result<Option<Figure>, ReportError> {
    let lesions: Vec<_> = study.lesions().collect();
    if lesions.is_empty() {
        return Ok(None);
    }
    let layer = study.manifest.layer;
    let names = right(study);
    let (rows, columns) = grid(2, 2);
    let svg = draw((WIDTH, 390), |root| {
        let root = legend(
            root,
            &[
                key(SHAPES[0], LABELS[0], &names[0]),
                key(SHAPES[1], LABELS[1], &names[1]),
                key(Shape::Cross, MUTED, "other candidate"),
            ],
        )?;
        let areas = root.split_evenly((rows, columns));
        let margin = |of: &[crate::rows::Lesioned], logit: fn(&crate::rows::Lesioned) -> f64| {
            logit(&of[0]) - of[1..].iter().map(logit).fold(f64::NEG_INFINITY, f64::max)
        };
        let dot = if lesions.len() > 60 { 5 } else { 9 };
        let frame =
            Frame { title: "Logits", x: "clean logit", y: "lesioned logit", ..Frame::default() };
        let range = spanning(
            lesions
                .iter()
                .flat_map(|of| of.iter())
                .flat_map(|of| [of.logit_clean, of.logit_lesioned]),
        );
        let mut chart = panel(&areas[0], &frame, range.clone(), range.clone())?;
        chart.draw_series([PathElement::new(
            [(range.start, range.start), (range.end, range.end)],
            ACTIVE.stroke_width(2),
        )])?;
        let others = lesions.iter().flat_map(|of| of[1..].iter());
        chart.draw_series(
            others.map(|of| mark(Shape::Cross, MUTED, dot, (of.logit_clean, of.logit_lesioned))),
        )?;
        chart.draw_series(lesions.iter().map(|of| {
            let (shape, colour) = look(study, of[0].neuron_set.as_deref());
            mark(shape, colour.mix(0.8), dot, (of[0].logit_clean, of[0].logit_lesioned))
        }))?;

        let frame = Frame {
            title: "Margins",
            x: "clean margin (logits)",
            y: "lesioned margin",
            ..Frame::default()
        };
        let ends = |of: &&[crate::rows::Lesioned]| {
            let clean = margin(of, |of| of.logit_clean);
            (clean, clean - of[0].margin_drop)
        };
        let range = spanning(lesions.iter().map(ends).flat_map(|(x, y)| [x, y]));
        let mut chart = panel(&areas[1], &frame, range.clone(), range.clone())?;
        chart.draw_series([PathElement::new(
            [(range.start, range.start), (range.end, range.end)],
            ACTIVE.stroke_width(2),
        )])?;
        chart.draw_series(lesions.iter().map(|of| {
            let (shape, colour) = look(study, of[0].neuron_set.as_deref());
            mark(shape, colour.mix(0.8), dot, ends(of))
        }))?;
        Ok(())
    })?;
    let fell = lesions.iter().filter(|of| of[0].margin_drop > 0.0).count();
    Ok(Some(Figure {
        id: "lesions",
        label: format!("Clean against lesioned logits and margins at layer {layer}"),
        svg,
        caption: format!(
            "All neurons of the right word's label in layer {layer} are 0 at the mask. What lies \
             below the line fell: the margin in {} of {}, by {} on average.",
            count(fell),
            plural(lesions.len(), "prompt"),
            fixed(mean(lesions.iter().map(|of| of[0].margin_drop)), 3)
        ),
        sources: &["lesions.csv"],
    }))
}
