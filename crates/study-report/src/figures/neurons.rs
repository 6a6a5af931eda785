//! Which neurons tell the two sides apart.

use plotters::prelude::{Color, RGBColor, Rectangle};

use super::{Figure, WIDTH, grid, points};
use crate::{
    ReportError, Study,
    chart::{
        Frame, LABELS, MUTED, SHAPES, Shape, around, draw, key, legend, level, mark, panel, plain,
        whole,
    },
    manifest::CORRECTIONS,
    number::{count, fixed},
    rows::Neuron,
};

/// The neurons of the lesioned layer.
fn shown(study: &Study) -> impl Iterator<Item = &Neuron> + Clone {
    study.neurons.iter().filter(|of| of.layer == study.manifest.layer && of.t.is_finite())
}

/// How a neuron is marked.
fn look(study: &Study, neuron: &Neuron) -> (Shape, RGBColor, i32) {
    let place =
        study.manifest.labels().iter().position(|label| neuron.label.as_deref() == Some(*label));
    place.map_or((Shape::Disc, MUTED, 4), |place| (SHAPES[place], LABELS[place], 6))
}

fn names(study: &Study) -> [String; 2] {
    study.manifest.labels().map(|label| format!("{label} neuron"))
}

/// t of every neuron of the lesioned layer.
pub(crate) fn t_by_neuron(study: &Study) -> Result<Figure, ReportError> {
    let (layer, [a, b]) = (study.manifest.layer, study.manifest.labels());
    let names = names(study);
    let svg = draw((WIDTH, 340), |root| {
        let root = legend(
            root,
            &[
                key(SHAPES[0], LABELS[0], &names[0]),
                key(SHAPES[1], LABELS[1], &names[1]),
                key(Shape::Disc, MUTED, "neither"),
            ],
        )?;
        let y = format!("t statistic, {a} minus {b}");
        let frame = Frame { x: "neuron index", y: &y, ticks: (8, 6), ..Frame::default() };
        let x = -0.01 * study.width() as f64..1.01 * study.width() as f64;
        let mut chart = panel(&root, &frame, x.clone(), around(shown(study).map(|of| of.t)))?;
        level(&mut chart, 0.0, x)?;
        chart.draw_series(shown(study).map(|of| {
            let (shape, colour, size) = look(study, of);
            mark(shape, colour.mix(0.75), size, (of.neuron as f64, of.t))
        }))?;
        Ok(())
    })?;
    let strongest = shown(study).max_by(|one, other| one.t.abs().total_cmp(&other.t.abs()));
    let strongest = strongest.map_or(String::new(), |of| {
        format!(" The largest |t| is that of neuron {}: t = {}.", of.neuron, fixed(of.t, 1))
    });
    Ok(Figure {
        id: "t",
        label: format!("t of every neuron of layer {layer}"),
        svg,
        caption: format!(
            "Layer {layer}: {} neurons are significantly higher at \u{201c}{a}\u{201d}, {} at \
             \u{201c}{b}\u{201d}, of {}.{strongest}",
            count(study.chosen(layer, a)),
            count(study.chosen(layer, b)),
            count(study.width())
        ),
        sources: &["neurons.csv"],
    })
}

/// Effect against significance.
pub(crate) fn volcano(study: &Study) -> Result<Figure, ReportError> {
    let (layer, alpha) = (study.manifest.layer, study.manifest.study.selection.alpha);
    // A q that is too small for a number stands at the edge.
    let height = |q: f64| -q.max(f64::MIN_POSITIVE).log10();
    let names = names(study);
    let svg = draw((WIDTH, 360), |root| {
        let root = legend(
            root,
            &[
                key(SHAPES[0], LABELS[0], &names[0]),
                key(SHAPES[1], LABELS[1], &names[1]),
                key(Shape::Disc, MUTED, "neither"),
                key(Shape::Line, crate::chart::SOFT, "threshold"),
            ],
        )?;
        let frame = Frame {
            x: "effect size (standard deviations of the difference)",
            y: "−log₁₀ q: higher is more significant",
            ticks: (9, 6),
            ..Frame::default()
        };
        let x = around(shown(study).map(|of| of.effect));
        let y = around(shown(study).map(|of| height(of.q)));
        let mut chart = panel(&root, &frame, x.clone(), 0.0..y.end)?;
        level(&mut chart, height(alpha), x)?;
        chart.draw_series(shown(study).map(|of| {
            let (shape, colour, size) = look(study, of);
            mark(shape, colour.mix(0.65), size, (of.effect, height(of.q)))
        }))?;
        Ok(())
    })?;
    let mut effects: Vec<f64> = shown(study).map(|of| of.effect.abs()).collect();
    effects.sort_by(f64::total_cmp);
    let large = effects.iter().filter(|&&effect| effect >= 0.8).count();
    Ok(Figure {
        id: "volcano",
        label: format!("Effect size against significance in layer {layer}"),
        svg,
        caption: format!(
            "Layer {layer}: the median |effect| is {}; {} of {} neurons have one of at least 0.8, \
             which is called large. The line is q = {alpha}.",
            fixed(neuron_stats::quantile(&effects, 0.5), 2),
            count(large),
            count(effects.len())
        ),
        sources: &["neurons.csv"],
    })
}

/// Neurons per layer under each correction.
pub(crate) fn laminar(study: &Study) -> Result<Figure, ReportError> {
    let layers = study.layers();
    let labels = study.manifest.labels();
    let chosen = study.manifest.study.selection.correction.as_str();
    let counts =
        |correction: &str, layer: usize| labels.map(|label| study.count(layer, label, correction));
    let most = CORRECTIONS
        .iter()
        .flat_map(|of| (0..layers).flat_map(|layer| counts(of.0, layer)))
        .max()
        .unwrap_or_default()
        .max(1) as f64;
    let names = names(study).map(|name| format!("{name}s"));
    let (rows, columns) = grid(CORRECTIONS.len(), 4);
    let svg = draw((WIDTH, points(rows * (95 + 17 * layers) + 60)), |root| {
        let root = legend(
            root,
            &[key(Shape::Block, LABELS[0], &names[0]), key(Shape::Block, LABELS[1], &names[1])],
        )?;
        for (index, (area, (correction, title))) in
            root.split_evenly((rows, columns)).iter().zip(CORRECTIONS).enumerate()
        {
            let frame = Frame {
                title,
                x: if index / columns + 1 == rows { "neurons" } else { "" },
                y: if correction == chosen { "layer (this study's)" } else { "layer" },
                ticks: (4, 2 * layers),
                x_format: &|value: f64| plain(value.abs()),
                y_format: &whole,
            };
            let (x, y) = (-1.08 * most..1.08 * most, -0.5..layers as f64 - 0.5);
            let mut chart = panel(area, &frame, x, y)?;
            for layer in 0..layers {
                let [a, b] = counts(correction, layer).map(|count| count as f64);
                let at = layer as f64;
                // The first label to the left, as it is named first.
                chart.draw_series([
                    Rectangle::new([(-a, at - 0.36), (0.0, at + 0.36)], LABELS[0].filled()),
                    Rectangle::new([(0.0, at - 0.36), (b, at + 0.36)], LABELS[1].filled()),
                ])?;
            }
        }
        Ok(())
    })?;
    let total = |correction| (0..layers).flat_map(|layer| counts(correction, layer)).sum::<usize>();
    let scope = &study.manifest.study.selection.scope;
    Ok(Figure {
        id: "laminar",
        label: "Neurons of each label in each layer under each correction".to_owned(),
        svg,
        caption: format!(
            "\u{201c}{}\u{201d} neurons to the left, \u{201c}{}\u{201d} to the right, layer 0 at \
             the bottom, corrected over each {scope}. In the whole model {} neurons are \
             significant uncorrected, {} under this study's correction, {} under Bonferroni, the \
             strictest.",
            labels[0],
            labels[1],
            count(total("none")),
            count(total(chosen)),
            count(total("bonferroni"))
        ),
        sources: &["selection.csv"],
    })
}
