//! What the activations look like.

use std::collections::BTreeMap;

use plotters::{
    element::PathElement,
    prelude::{AreaSeries, Color, IntoLogRange, LineSeries, RGBColor},
    series::DashedLineSeries,
};

use super::{Figure, WIDTH, grid, points};
use crate::{
    ReportError, Study,
    chart::{
        Area, BLUE, Chart, Fault, Frame, GREEN, INK, MUTED, Shape, depth, draw, key, legend, panel,
        spanning, tens,
    },
    number::{count, fixed, percent},
    rows::{Bin, Normality},
};

/// Counts of the bins of a site, and the edges.
type Counts = Vec<(f64, f64, usize)>;

/// The bins of a site: of one layer, or of all together.
fn counts(bins: &[Bin], site: &str, layer: Option<usize>) -> Counts {
    let mut sums: BTreeMap<u64, (f64, f64, usize)> = BTreeMap::new();
    let mut order = Vec::new();
    for bin in bins.iter().filter(|of| of.site == site && layer.is_none_or(|own| own == of.layer)) {
        let sum = sums.entry(bin.low.to_bits()).or_insert_with(|| {
            order.push(bin.low.to_bits());
            (bin.low, bin.high, 0)
        });
        sum.2 += bin.count;
    }
    order.iter().map(|low| sums[low]).collect()
}

/// A normal distribution, and how many values follow it.
struct Normal {
    count: f64,
    mean: f64,
    sd: f64,
}

impl Normal {
    /// That of all values of these layers' pooled rows together.
    fn of<'a>(layers: impl Iterator<Item = &'a Normality> + Clone) -> Self {
        let total: f64 = layers.clone().map(|of| of.count as f64).sum();
        let mean = layers.clone().map(|of| of.count as f64 * of.mean).sum::<f64>() / total;
        let squares: f64 = layers
            .map(|of| {
                (of.count as f64 - 1.0) * of.sd.powi(2) + of.count as f64 * (of.mean - mean).powi(2)
            })
            .sum();
        Self { count: total, mean, sd: (squares / (total - 1.0)).sqrt() }
    }

    /// How many values it expects in bins of this width, along an axis.
    fn curve(&self, counts: &Counts) -> Vec<(f64, f64)> {
        let (Some(first), Some(last)) = (counts.first(), counts.last()) else { return Vec::new() };
        let steps = (0..=400).map(|i| first.0 + (last.1 - first.0) * f64::from(i) / 400.0);
        let peak = self.count * (first.1 - first.0) / (self.sd * std::f64::consts::TAU.sqrt());
        let height = |x: f64| peak * (-0.5 * ((x - self.mean) / self.sd).powi(2)).exp();
        steps.map(|x| (x, height(x))).filter(|&(_, y)| y >= FLOOR).collect()
    }
}

/// Where the logarithmic axis of counts starts: below one.
const FLOOR: f64 = 0.5;

fn steps(counts: &Counts) -> Vec<(f64, f64)> {
    let both = |&(low, high, count): &(f64, f64, usize)| {
        let height = (count as f64).max(FLOOR);
        [(low, height), (high, height)]
    };
    counts.iter().flat_map(both).collect()
}

/// A panel that holds histograms of the given counts.
fn axes<'a>(
    area: &Area<'a>,
    frame: &Frame<'_>,
    shown: &[&Counts],
) -> Result<
    Chart<'a, plotters::coord::types::RangedCoordf64, plotters::prelude::LogCoord<f64>>,
    Fault,
> {
    let filled = || shown.iter().flat_map(|counts| counts.iter()).filter(|of| of.2 > 0);
    let x = spanning(filled().flat_map(|of| [of.0, of.1]));
    let most = filled().map(|of| of.2).max().unwrap_or(1) as f64;
    panel(area, frame, x, (FLOOR..2.0 * most).log_scale())
}

/// All layers pooled, before and after GELU.
pub(crate) fn pooled(study: &Study) -> Result<Figure, ReportError> {
    let [pre, post] = ["pre", "post"].map(|site| counts(&study.bins, site, None));
    let normal = Normal::of(study.normality.iter().filter(|of| of.neuron.is_none()));
    let svg = draw((WIDTH, 330), |root| {
        let root = legend(
            root,
            &[
                key(Shape::Block, MUTED, "activations"),
                key(Shape::Dashes, INK, "normal distribution of the same mean and sd"),
            ],
        )?;
        for (area, (title, counts)) in
            root.split_evenly((1, 2)).iter().zip([("Before GELU", &pre), ("After GELU", &post)])
        {
            let frame = Frame {
                title,
                x: "activation",
                y: "number of activations in a bin (log)",
                y_format: &tens,
                ..Frame::default()
            };
            let mut chart = axes(area, &frame, &[counts])?;
            chart.draw_series(AreaSeries::new(steps(counts), FLOOR, MUTED.filled()))?;
            if title == "Before GELU" {
                let curve = normal.curve(counts);
                chart.draw_series(DashedLineSeries::new(curve, 12, 9, INK.stroke_width(3)))?;
            }
        }
        Ok(())
    })?;
    let total = pre.iter().map(|of| of.2).sum();
    let beyond = study.normality.iter().filter(|of| of.neuron.is_none());
    let kurtosis = beyond.map(|of| of.excess_kurtosis);
    let (low, high) = kurtosis
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), k| (low.min(k), high.max(k)));
    Ok(Figure {
        id: "activations",
        label: "Histograms of all activations before and after GELU".to_owned(),
        svg,
        caption: format!(
            "{} activations at the targets, all layers together: mean {}, standard deviation {} \
             before GELU. Layer by layer the excess kurtosis lies between {} and {}, where a \
             normal distribution has 0; above 0 the tails are heavier.",
            count(total),
            fixed(normal.mean, 2),
            fixed(normal.sd, 2),
            fixed(low, 2),
            fixed(high, 2)
        ),
        sources: &["histogram.csv", "normality.csv"],
    })
}

/// One panel a layer.
pub(crate) fn by_layer(study: &Study) -> Result<Figure, ReportError> {
    let layers = study.layers();
    let (rows, columns) = grid(layers, 3);
    let svg = draw((WIDTH, points(rows * 185 + 60)), |root| {
        let root = legend(
            root,
            &[
                key(Shape::Line, BLUE, "before GELU"),
                key(Shape::Dashes, INK, "its normal"),
                key(Shape::Line, GREEN, "after GELU"),
            ],
        )?;
        for (area, layer) in root.split_evenly((rows, columns)).iter().zip(0..layers) {
            let [pre, post] = ["pre", "post"].map(|site| counts(&study.bins, site, Some(layer)));
            let own = study.normality.iter().filter(|of| of.layer == layer && of.neuron.is_none());
            let figures = own.clone().next().map_or(String::new(), |of| {
                format!("skew {}, kurtosis {}", fixed(of.skewness, 2), fixed(of.excess_kurtosis, 2))
            });
            let title = format!("Layer {layer}");
            let frame = Frame {
                title: &title,
                y: &figures,
                x: if layer / columns + 1 == rows { "activation" } else { "" },
                ticks: (4, 4),
                y_format: &tens,
                ..Frame::default()
            };
            let mut chart = axes(area, &frame, &[&pre, &post])?;
            let mut outline = |counts: &Counts, colour: RGBColor| -> Result<(), Fault> {
                let filled = counts.iter().skip_while(|of| of.2 == 0).copied().collect();
                chart.draw_series([PathElement::new(steps(&filled), colour.stroke_width(3))])?;
                Ok(())
            };
            outline(&post, GREEN)?;
            outline(&pre, BLUE)?;
            let curve = Normal::of(own).curve(&pre);
            chart.draw_series(DashedLineSeries::new(curve, 8, 7, INK.stroke_width(2)))?;
        }
        Ok(())
    })?;
    let at = study.manifest.layer;
    let single = || study.normality.iter().filter(|of| of.layer == at && of.neuron.is_some());
    let tested = single().filter(|of| of.k_squared_p.is_finite()).count();
    let rejected = single().filter(|of| of.k_squared_p < 0.05).count();
    Ok(Figure {
        id: "activations-by-layer",
        label: "Histograms of activations before and after GELU, layer by layer".to_owned(),
        svg,
        caption: format!(
            "The same layer by layer; counts are logarithmic. In layer {at} the K² test finds \
             {rejected} of {tested} neurons not normal at 0.05, where chance alone gives {}. A \
             neuron that tells the two words apart is not normal for that reason alone.",
            fixed(0.05 * tested as f64, 0)
        ),
        sources: &["histogram.csv", "normality.csv"],
    })
}

/// How few neurons carry a layer.
pub(crate) fn sparsity(study: &Study) -> Result<Figure, ReportError> {
    let (layers, width) = (study.layers(), study.width().max(1) as f64);
    let curve = |layer: usize, measure: &str, scale: f64| -> Vec<(f64, f64)> {
        let own = study.sparsity.iter().filter(|of| of.layer == layer && of.measure == measure);
        own.filter_map(|of| Some((of.at? / scale, of.share))).collect()
    };
    let names: Vec<String> = (0..layers).map(|layer| format!("layer {layer}")).collect();
    // Of many layers only some are named; the colours run on between them.
    let named = (0..layers)
        .filter(|layer| layers <= 6 || layer % layers.div_ceil(6) == 0 || layer + 1 == layers);
    let keys: Vec<_> =
        named.map(|layer| key(Shape::Line, depth(layer, layers), &names[layer])).collect();
    let least = (0..layers)
        .flat_map(|layer| curve(layer, "below", 1.0))
        .map(|(at, _)| at)
        .fold(0.1, f64::min);
    let svg = draw((WIDTH, 340), |root| {
        let root = legend(root, &keys)?;
        let areas = root.split_evenly((1, 2));

        let norm = Frame {
            title: "Norm",
            x: "share of the neurons, strongest first (log)",
            y: "share of the layer's squared norm",
            x_format: &|value| {
                if tens(value).is_empty() { String::new() } else { format!("{} %", 100.0 * value) }
            },
            y_format: &percent,
            ..Frame::default()
        };
        let mut chart = panel(&areas[0], &norm, (1.0 / width..1.0).log_scale(), 0.0..1.02)?;
        for layer in 0..layers {
            let line =
                LineSeries::new(curve(layer, "top", width), depth(layer, layers).stroke_width(4));
            chart.draw_series(line)?;
        }
        let size = Frame {
            title: "Size",
            x: "size (log)",
            y: "share of activations smaller than that",
            x_format: &tens,
            y_format: &percent,
            ..Frame::default()
        };
        let mut chart = panel(&areas[1], &size, (least..1.0).log_scale(), 0.0..1.02)?;
        for layer in 0..layers {
            let line =
                LineSeries::new(curve(layer, "below", 1.0), depth(layer, layers).stroke_width(4));
            chart.draw_series(line)?;
        }
        Ok(())
    })?;
    let at = study.manifest.layer;
    let tenth = width / 10.0;
    let near = study
        .sparsity
        .iter()
        .filter(|of| of.layer == at && of.measure == "top")
        .filter_map(|of| Some((of.at?, of.share)))
        .min_by(|a, b| (a.0 - tenth).abs().total_cmp(&(b.0 - tenth).abs()));
    let carried = near.map_or(String::new(), |(neurons, share)| {
        format!(
            "In layer {at} the strongest {neurons} of {width} neurons carry {} of the squared \
             norm after GELU.",
            percent(share)
        )
    });
    Ok(Figure {
        id: "sparsity",
        label: "How few neurons carry a layer after GELU".to_owned(),
        svg,
        caption: format!(
            "After GELU, layer by layer, from the lowest (dark) to the highest (light). {carried}"
        ),
        sources: &["sparsity.csv"],
    })
}
