//! The distribution of the activations.

use plotters::{
    coord::types::RangedCoordf64,
    element::PathElement,
    prelude::{AreaSeries, Color, IntoLogRange, LineSeries, LogCoord, RGBColor},
    series::DashedLineSeries,
};
use study_record::{
    LEVEL, Manifest, Site,
    tables::{HistogramRow, NormalityRow, Row as _, SparsityMeasure, SparsityRow},
};

use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{count, fixed, percent, plural},
        report_table::Table,
        section::Section,
    },
    drawing::{
        axis_text::tens,
        canvas::{Area, Fault, WIDTH, draw, grid, points},
        legend::{Shape, key, legend},
        palette::{BLUE, GREEN, INK, MUTED, depth},
        panel::{Chart, Frame, extremes, panel, spanning},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) const ACTIVATIONS: FigureFile = FigureFile {
    name: "activations",
    shows: "activations before and after the activation function, with the normal distribution of the same mean and sd",
    tables: &[HistogramRow::TABLE.file, NormalityRow::TABLE.file],
};
pub(crate) const BY_LAYER: FigureFile = FigureFile {
    name: "activations-by-layer",
    shows: "activations before and after the activation function, layer by layer",
    tables: &[HistogramRow::TABLE.file, NormalityRow::TABLE.file],
};
pub(crate) const SPARSITY: FigureFile = FigureFile {
    name: "sparsity",
    shows: "how few neurons carry a layer after the activation function",
    tables: &[SparsityRow::TABLE.file],
};

/// The start of the logarithmic axis of counts, below one.
const FLOOR: f64 = 0.5;

pub(crate) fn activations_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let manifest = study.manifest();
    let bins: Vec<HistogramRow> = study.rows()?;
    let normality: Vec<NormalityRow> = study.rows()?;
    let sparsity: Vec<SparsityRow> = study.rows()?;
    let pooled: Vec<&NormalityRow> = normality.iter().filter(|row| row.neuron.is_none()).collect();
    let mut section = Section::new("activations", "Activations");
    if let Some(text) = normality_sentence(manifest, &normality) {
        section.text(text);
    }
    section.text(sparsity_sentence(manifest, &sparsity));
    section.explanation(
        "A neuron that responds differently to the two words deviates from a normal distribution \
         for that reason alone.",
    );
    section.figure(pooled_figure(manifest, &bins, &pooled)?);
    section.figure(layers_figure(manifest, &bins, &pooled)?);
    section.table(normality_table(manifest, &pooled));
    section.figure(sparsity_figure(manifest, &sparsity)?);
    Ok(section)
}

/// How far the lesioned layer is from normal.
fn normality_sentence(manifest: &Manifest, normality: &[NormalityRow]) -> Option<String> {
    let in_layer = || normality.iter().filter(|row| row.layer == manifest.layer);
    let pooled = in_layer().find(|row| row.neuron.is_none())?;
    let single = || in_layer().filter(|row| row.neuron.is_some());
    let tested = single().filter(|row| row.k_squared_p.is_finite()).count();
    let rejected = single().filter(|row| row.k_squared_p < LEVEL).count();
    Some(format!(
        "Before {} the activations of layer {} have skewness {} and excess kurtosis {}; a normal \
         distribution has 0 and 0. The K² test rejects normality for {} of {} neurons at the level \
         {LEVEL}; about {} would be expected by chance.",
        manifest.activation_name(),
        manifest.layer,
        fixed(pooled.skewness, 2),
        fixed(pooled.excess_kurtosis, 2),
        count(rejected),
        count(tested),
        fixed(LEVEL * tested as f64, 0)
    ))
}

/// How few values and neurons carry the lesioned layer.
fn sparsity_sentence(manifest: &Manifest, sparsity: &[SparsityRow]) -> String {
    let share = |measure, at: Option<f64>| {
        let found = sparsity
            .iter()
            .find(|row| row.layer == manifest.layer && row.measure == measure && row.at == at);
        percent(found.map_or(f64::NAN, |row| row.share))
    };
    let tenth = (manifest.model_neurons / 10).max(1);
    format!(
        "After {} {} of the activations of layer {} are below 0.1 in size, {} below 0.01 and {} \
         exactly 0. The strongest {} of {} carry {} of the squared norm.",
        manifest.activation_name(),
        share(SparsityMeasure::Below, Some(0.1)),
        manifest.layer,
        share(SparsityMeasure::Below, Some(0.01)),
        share(SparsityMeasure::Zero, None),
        count(tenth),
        plural(manifest.model_neurons, "neuron"),
        share(SparsityMeasure::Top, Some(tenth as f64))
    )
}

fn normality_table(manifest: &Manifest, pooled: &[&NormalityRow]) -> Table {
    let caption = format!(
        "Activations before {}, all neurons of a layer pooled. A normal distribution has skewness \
         and excess kurtosis 0. Pooled values are not independent, so their p is only a \
         description.",
        manifest.activation_name()
    );
    let columns = ["layer", "activations", "mean", "sd", "skewness", "excess kurtosis", "K² p"];
    let mut table = Table::new("normality", &[NormalityRow::TABLE.file], caption, columns);
    for row in pooled {
        table.row([
            Cell::count(row.layer),
            Cell::count(row.count),
            Cell::number(row.mean, 3),
            Cell::number(row.sd, 3),
            Cell::number(row.skewness, 2),
            Cell::number(row.excess_kurtosis, 2),
            Cell::p(Some(row.k_squared_p)),
        ]);
    }
    table
}

/// The bins of a site, ascending: of one layer, or of all together.
fn bins_of(rows: &[HistogramRow], site: Site, layer: Option<usize>) -> Vec<HistogramRow> {
    let mut bins: Vec<HistogramRow> = Vec::new();
    let of_site = rows.iter().filter(|row| row.site == site);
    for row in of_site.filter(|row| layer.is_none_or(|layer| layer == row.layer)) {
        match bins.iter_mut().find(|bin| bin.low.to_bits() == row.low.to_bits()) {
            Some(bin) => bin.count += row.count,
            None => bins.push(row.clone()),
        }
    }
    bins
}

/// A normal distribution, and the number of values that follow it.
struct Normal {
    count: f64,
    mean: f64,
    sd: f64,
}

impl Normal {
    /// The distribution of all values of these layers together.
    fn new<'a>(layers: impl Iterator<Item = &'a NormalityRow> + Clone) -> Self {
        let count: f64 = layers.clone().map(|row| row.count as f64).sum();
        let mean = layers.clone().map(|row| row.count as f64 * row.mean).sum::<f64>() / count;
        let squares = layers.map(|row| {
            let values = row.count as f64;
            (values - 1.0) * row.sd.powi(2) + values * (row.mean - mean).powi(2)
        });
        Self { count, mean, sd: (squares.sum::<f64>() / (count - 1.0)).sqrt() }
    }

    /// The number of values that it expects in bins of this width, along an axis.
    fn curve(&self, bins: &[HistogramRow]) -> Vec<(f64, f64)> {
        let [first, .., last] = bins else { return Vec::new() };
        let peak = self.count * (first.high - first.low) / (self.sd * std::f64::consts::TAU.sqrt());
        let steps = (0..=400).map(|i| first.low + (last.high - first.low) * f64::from(i) / 400.0);
        let heights = steps.map(|x| (x, peak * (-0.5 * ((x - self.mean) / self.sd).powi(2)).exp()));
        heights.filter(|&(_, height)| height >= FLOOR).collect()
    }
}

/// The outline of a histogram.
fn outline(bins: &[HistogramRow]) -> Vec<(f64, f64)> {
    let ends = bins.iter().flat_map(|bin| {
        let height = (bin.count as f64).max(FLOOR);
        [(bin.low, height), (bin.high, height)]
    });
    ends.collect()
}

/// A panel that holds histograms.
fn histogram_panel<'a>(
    area: &Area<'a>,
    frame: &Frame<'_>,
    shown: &[&[HistogramRow]],
) -> Result<Chart<'a, RangedCoordf64, LogCoord<f64>>, Fault> {
    let filled = || shown.iter().flat_map(|bins| bins.iter()).filter(|bin| bin.count > 0);
    let x = spanning(filled().flat_map(|bin| [bin.low, bin.high]));
    let most = filled().map(|bin| bin.count).max().unwrap_or(1) as f64;
    panel(area, frame, x, (FLOOR..2.0 * most).log_scale())
}

fn pooled_figure(
    manifest: &Manifest,
    rows: &[HistogramRow],
    pooled: &[&NormalityRow],
) -> Result<Figure, ReportError> {
    let activation = manifest.activation_name();
    let [before, after] = [format!("Before {activation}"), format!("After {activation}")];
    let [pre, post] = [Site::Pre, Site::Post].map(|site| bins_of(rows, site, None));
    let normal = Normal::new(pooled.iter().copied());
    let svg = draw((WIDTH, 330), |root| {
        let keys = [
            key(Shape::Block, MUTED, "activations"),
            key(Shape::Dashes, INK, "normal distribution of the same mean and sd"),
        ];
        let areas = legend(root, &keys)?.split_evenly((1, 2));
        for (area, (site, bins)) in areas.iter().zip([(Site::Pre, &pre), (Site::Post, &post)]) {
            let frame = Frame {
                title: if site == Site::Pre { &before } else { &after },
                x: "activation",
                y: "number of activations in a bin (log)",
                y_format: &tens,
                ..Frame::default()
            };
            let mut chart = histogram_panel(area, &frame, &[bins])?;
            chart.draw_series(AreaSeries::new(outline(bins), FLOOR, MUTED.filled()))?;
            if site == Site::Pre {
                let curve = normal.curve(bins);
                chart.draw_series(DashedLineSeries::new(curve, 12, 9, INK.stroke_width(3)))?;
            }
        }
        Ok(())
    })?;
    let kurtosis = pooled.iter().map(|row| row.excess_kurtosis);
    let (low, high) = extremes(kurtosis, (f64::INFINITY, f64::NEG_INFINITY));
    let caption = format!(
        "{} activations at the targets, all layers together: mean {}, standard deviation {} before \
         {activation}. Layer by layer the excess kurtosis lies between {} and {}; above 0 the tails are \
         heavier than those of a normal distribution.",
        count(pre.iter().map(|bin| bin.count).sum()),
        fixed(normal.mean, 2),
        fixed(normal.sd, 2),
        fixed(low, 2),
        fixed(high, 2)
    );
    Ok(Figure { file: ACTIVATIONS, caption, svg })
}

fn layers_figure(
    manifest: &Manifest,
    rows: &[HistogramRow],
    pooled: &[&NormalityRow],
) -> Result<Figure, ReportError> {
    let layers = manifest.model_layers;
    let (lines, columns) = grid(layers, 3);
    let svg = draw((WIDTH, points(lines * 185 + 60)), |root| {
        let keys = [
            key(Shape::Line, BLUE, manifest.site_words(Site::Pre)),
            key(Shape::Dashes, INK, "its normal"),
            key(Shape::Line, GREEN, manifest.site_words(Site::Post)),
        ];
        let areas = legend(root, &keys)?.split_evenly((lines, columns));
        for (area, layer) in areas.iter().zip(0..layers) {
            let [pre, post] = [Site::Pre, Site::Post].map(|site| bins_of(rows, site, Some(layer)));
            let in_layer = pooled.iter().copied().filter(|row| row.layer == layer);
            let moments = in_layer.clone().next().map_or(String::new(), |row| {
                let kurtosis = fixed(row.excess_kurtosis, 2);
                format!("skew {}, kurtosis {kurtosis}", fixed(row.skewness, 2))
            });
            let frame = Frame {
                title: &format!("Layer {layer}"),
                y: &moments,
                x: if layer / columns + 1 == lines { "activation" } else { "" },
                ticks: (4, 4),
                y_format: &tens,
                ..Frame::default()
            };
            let mut chart = histogram_panel(area, &frame, &[&pre, &post])?;
            for (bins, colour) in [(&post, GREEN), (&pre, BLUE)] {
                let empty = bins.iter().take_while(|bin| bin.count == 0).count();
                let line = outline(&bins[empty..]);
                chart.draw_series([PathElement::new(line, colour.stroke_width(3))])?;
            }
            let curve = Normal::new(in_layer).curve(&pre);
            chart.draw_series(DashedLineSeries::new(curve, 8, 7, INK.stroke_width(2)))?;
        }
        Ok(())
    })?;
    let caption = "Activations in each layer; the axis of counts is logarithmic.".to_owned();
    Ok(Figure { file: BY_LAYER, caption, svg })
}

fn sparsity_figure(manifest: &Manifest, sparsity: &[SparsityRow]) -> Result<Figure, ReportError> {
    let layers = manifest.model_layers;
    let width = manifest.model_neurons.max(1) as f64;
    let curve = |layer: usize, measure: SparsityMeasure, scale: f64| -> Vec<(f64, f64)> {
        let rows = sparsity.iter().filter(|row| row.layer == layer && row.measure == measure);
        rows.filter_map(|row| Some((row.at? / scale, row.share))).collect()
    };
    let shade = |layer| -> RGBColor { depth(layer, layers) };
    // Of many layers only some are named; the colours continue between them.
    let named = (0..layers)
        .filter(|layer| layers <= 6 || layer % layers.div_ceil(6) == 0 || layer + 1 == layers);
    let keys: Vec<_> =
        named.map(|layer| key(Shape::Line, shade(layer), format!("layer {layer}"))).collect();
    let thresholds = (0..layers).flat_map(|layer| curve(layer, SparsityMeasure::Below, 1.0));
    let least = thresholds.map(|(threshold, _)| threshold).fold(0.1, f64::min);
    let svg = draw((WIDTH, 340), |root| {
        let areas = legend(root, &keys)?.split_evenly((1, 2));
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
        let size = Frame {
            title: "Size",
            x: "size (log)",
            y: "share of activations smaller than that",
            x_format: &tens,
            y_format: &percent,
            ..Frame::default()
        };
        let panels = [
            (norm, 1.0 / width, SparsityMeasure::Top, width),
            (size, least, SparsityMeasure::Below, 1.0),
        ];
        for (area, (frame, start, measure, scale)) in areas.iter().zip(panels) {
            let mut chart = panel(area, &frame, (start..1.0).log_scale(), 0.0..1.02)?;
            for layer in 0..layers {
                let style = shade(layer).stroke_width(4);
                chart.draw_series(LineSeries::new(curve(layer, measure, scale), style))?;
            }
        }
        Ok(())
    })?;
    let caption = format!(
        "Activations after {} in each layer, from the lowest (dark) to the highest (light).",
        manifest.activation_name()
    );
    Ok(Figure { file: SPARSITY, caption, svg })
}
