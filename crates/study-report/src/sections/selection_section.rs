//! The neurons that were selected.

use neuron_stats::quantile;
use plotters::prelude::{Color, RGBColor, Rectangle};
use serde::Serialize;
use study_record::{
    Correction, Manifest, SelectAt, TTestKind,
    tables::{HeldOutRow, NeuronRow, Row as _, SelectionRow},
};

use super::selection_counts::SelectionCounts;
use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{count, fixed, labelled_neurons, percent, quoted},
        prompt_sentence::Lookup,
        report_table::Table,
        section::{Block, Section},
        stimuli_text::group_note,
    },
    drawing::{
        axis_text::{plain, whole},
        canvas::{WIDTH, draw, grid, points},
        legend::{Shape, key, label_keys, label_look, legend, mark},
        palette::{LABELS, MUTED, SOFT},
        panel::{Frame, around, draw_level, panel},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) const T: FigureFile = FigureFile {
    name: "t",
    shows: "t of each neuron of the lesioned layer",
    tables: &[NeuronRow::TABLE.file],
};
pub(crate) const VOLCANO: FigureFile = FigureFile {
    name: "volcano",
    shows: "mean difference against q of each neuron of the lesioned layer",
    tables: &[NeuronRow::TABLE.file],
};
pub(crate) const LAMINAR: FigureFile = FigureFile {
    name: "laminar",
    shows: "neurons of each label in each layer under each correction",
    tables: &[SelectionRow::TABLE.file],
};

/// Neurons of each label in the table of the strongest.
const STRONGEST: usize = 10;
/// A share of the layer above which significance says little.
const MANY: f64 = 0.5;
/// An effect size that is called large, after Cohen.
const LARGE_EFFECT: f64 = 0.8;

pub(crate) fn selection_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let manifest = study.manifest();
    let selection = &manifest.study.selection;
    let layer = manifest.layer;
    let counts = SelectionCounts::read(study)?;
    let neurons: Vec<NeuronRow> = study.rows()?;
    let in_layer: Vec<&NeuronRow> = neurons.iter().filter(|row| row.layer == layer).collect();
    let mut section = Section::new("selection", "Selection");
    section.explanation(format!(
        "A {} t-test compares each neuron\u{2019}s activation {}, at the {}, \
         between {}; {}, which gives q. A neuron with q of at most {} carries the label of the side \
         on which it is higher.{}",
        manifest.test(),
        manifest.site_words(selection.site),
        selection.at.target(manifest.prediction_place()),
        if manifest.selected_on.paired {
            "the two sides of the pairs"
        } else {
            "the sentences of the two labels"
        },
        correction_clause(manifest),
        selection.alpha,
        group_note(manifest)
    ));
    section.table(layers_table(manifest, &counts, &neurons));
    let share = counts.labelled(layer, manifest) as f64 / manifest.model_neurons.max(1) as f64;
    if share > MANY && selection.at == SelectAt::Visible {
        section.warning(format!(
            "{} of layer {layer} is significant. At a visible target the two sides differ in the \
             word itself, so significance alone selects much of a layer. Effect sizes say more.",
            percent(share)
        ));
    }
    section.heading(format!("The neurons of layer {layer}"));
    section.figure(t_figure(manifest, &counts, &in_layer)?);
    section.figure(volcano_figure(manifest, &in_layer)?);
    section.table(strongest_table(manifest, &in_layer));
    section.add(Block::Lookup(lookup(manifest, &neurons)?));
    section.heading("Dependence on the correction");
    section.text(corrections_sentence(manifest, &counts));
    section.figure(laminar_figure(manifest, &counts)?);
    if let Some(rows) = study.rows_if_written()? {
        add_held_out(&mut section, manifest, &rows);
    }
    Ok(section)
}

/// How p is corrected: `p is corrected by Holm over each layer`.
pub(crate) fn correction_clause(manifest: &Manifest) -> String {
    let selection = &manifest.study.selection;
    let direction = if selection.directional { ", each direction by itself" } else { "" };
    match selection.correction {
        Correction::None => "p is not corrected".to_owned(),
        correction => format!(
            "p is corrected by {} over each {}{direction}",
            correction.title(),
            selection.scope
        ),
    }
}

fn layers_table(manifest: &Manifest, counts: &SelectionCounts, neurons: &[NeuronRow]) -> Table {
    let selection = &manifest.study.selection;
    let [a, b] = manifest.labels();
    let caption = format!(
        "Neurons that carry the label {} or {}, by a {} t-test on {} at the {} target, with q of \
         at most {}; {}. Effect sizes are in standard deviations of {}.",
        quoted(a),
        quoted(b),
        manifest.test(),
        manifest.selected_on.in_words(),
        selection.at,
        selection.alpha,
        correction_clause(manifest),
        match manifest.test() {
            TTestKind::Paired => "the difference",
            TTestKind::Student | TTestKind::Welch => "one label",
        }
    );
    let uncorrected = format!("p < {} uncorrected", selection.alpha);
    let columns = ["layer", a, b, "neither", &uncorrected, "median |effect|", "largest |effect|"];
    let mut table = Table::new("layers", T.tables, caption, columns).on_screen();
    for layer in 0..manifest.model_layers {
        let in_layer: Vec<&NeuronRow> = neurons.iter().filter(|row| row.layer == layer).collect();
        let [labelled_a, labelled_b] = [a, b].map(|label| counts.chosen(layer, label));
        let effects = sorted_effects(in_layer.iter().copied());
        table.row([
            Cell::count(layer),
            Cell::count(labelled_a),
            Cell::count(labelled_b),
            Cell::count(in_layer.len().saturating_sub(labelled_a + labelled_b)),
            Cell::count(in_layer.iter().filter(|row| row.p < selection.alpha.get()).count()),
            Cell::number(quantile(&effects, 0.5), 2),
            Cell::number(effects.last().copied().unwrap_or(f64::NAN), 2),
        ]);
    }
    table
}

/// The sizes of the effects, ascending.
fn sorted_effects<'a>(neurons: impl Iterator<Item = &'a NeuronRow>) -> Vec<f64> {
    let effects = neurons.map(|row| row.effect.abs());
    let mut effects: Vec<f64> = effects.filter(|effect| effect.is_finite()).collect();
    effects.sort_by(f64::total_cmp);
    effects
}

fn strongest_table(manifest: &Manifest, in_layer: &[&NeuronRow]) -> Table {
    let caption = format!(
        "The neurons of layer {} with the largest |t|, up to {STRONGEST} of each label.",
        manifest.layer
    );
    let columns = ["neuron", "label", "effect", "mean difference, 95 %", "t", "q"];
    let mut table = Table::new("strongest", T.tables, caption, columns);
    for label in manifest.labels() {
        let labelled = in_layer.iter().filter(|row| row.label.as_deref() == Some(label));
        let mut labelled: Vec<&NeuronRow> = labelled.copied().collect();
        labelled.sort_by(|one, other| other.t.abs().total_cmp(&one.t.abs()));
        for row in labelled.into_iter().take(STRONGEST) {
            table.row([
                Cell::count(row.neuron),
                Cell::text(label),
                Cell::number(row.effect, 3),
                Cell::interval(Some((row.ci_low, row.ci_high))),
                Cell::number(row.t, 2),
                Cell::p(Some(row.q)),
            ]);
        }
    }
    table
}

/// The neurons of each layer, as the page's script reads them.
#[derive(Serialize)]
struct LookupData<'a> {
    labels: [&'a str; 2],
    layers: Vec<Vec<LookupEntry>>,
}

/// t, effect, q, and the place of the label.
#[derive(Clone, Serialize)]
struct LookupEntry(f64, f64, f64, Option<usize>);

fn lookup(manifest: &Manifest, neurons: &[NeuronRow]) -> Result<Lookup, ReportError> {
    let labels = manifest.labels();
    let mut layers = vec![Vec::new(); manifest.model_layers];
    // Rounded as they are shown, so that the page stays small.
    let rounded = |text: String| text.parse().unwrap_or(f64::NAN);
    for row in neurons {
        let Some(layer) = layers.get_mut(row.layer) else { continue };
        layer.push(LookupEntry(
            rounded(format!("{:.2}", row.t)),
            rounded(format!("{:.3}", row.effect)),
            rounded(format!("{:.2e}", row.q)),
            labels.iter().position(|label| row.label.as_deref() == Some(*label)),
        ));
    }
    let json = serde_json::to_string(&LookupData { labels, layers })?;
    Ok(Lookup {
        layers: manifest.model_layers,
        neurons: manifest.model_neurons,
        json: json.replace('<', "\\u003c"),
    })
}

/// The numbers of the lesioned layer under each correction.
fn corrections_sentence(manifest: &Manifest, counts: &SelectionCounts) -> String {
    let [a, b] = manifest.labels();
    let layer = manifest.layer;
    let mut parts = Vec::new();
    for &correction in Correction::ALL {
        let [count_a, count_b] = [a, b].map(|label| count(counts.under(correction, layer, label)));
        parts.push(format!("{} {count_a} + {count_b}", correction.title()));
    }
    format!(
        "{} + {} neurons of layer {layer} under each correction: {}.",
        quoted(a),
        quoted(b),
        parts.join(", ")
    )
}

/// How many of a layer's neurons of a label are significant again, as a sentence.
pub(crate) fn describe_replication(manifest: &Manifest, row: &HeldOutRow) -> String {
    format!(
        "On the held-out {}, of {} of layer {}, {} differ in the same direction and {} are significant \
         again.",
        manifest.selected_on.noun(),
        labelled_neurons(row.neurons, &row.label),
        row.layer,
        count(row.same_direction),
        count(row.replicated)
    )
}

fn add_held_out(section: &mut Section, manifest: &Manifest, rows: &[HeldOutRow]) {
    let layer = manifest.layer;
    let noun = manifest.selected_on.noun();
    section.heading(format!("In {noun} that were held out"));
    for row in rows.iter().filter(|row| row.layer == layer) {
        section.text(describe_replication(manifest, row));
    }
    let caption = format!(
        "The neurons selected on the other {noun}, tested on {noun} that they were not selected on. \
         With fewer {noun} a test finds less."
    );
    let columns = ["layer", "label", "neurons", "same direction", "significant again"];
    let mut table = Table::new("held-out", &[HeldOutRow::TABLE.file], caption, columns);
    for row in rows {
        table.row([
            Cell::count(row.layer),
            Cell::text(&row.label),
            Cell::count(row.neurons),
            Cell::count(row.same_direction),
            Cell::count(row.replicated),
        ]);
    }
    section.table(table);
}

/// Shape, colour and size of a neuron's mark.
fn neuron_look(manifest: &Manifest, neuron: &NeuronRow) -> (Shape, RGBColor, i32) {
    match label_look(manifest.labels(), neuron.label.as_deref()) {
        Some((shape, colour)) => (shape, colour, 6),
        None => (Shape::Disc, MUTED, 4),
    }
}

fn t_figure(
    manifest: &Manifest,
    counts: &SelectionCounts,
    in_layer: &[&NeuronRow],
) -> Result<Figure, ReportError> {
    let layer = manifest.layer;
    let [a, b] = manifest.labels();
    let width = manifest.model_neurons as f64;
    let tested = || in_layer.iter().filter(|row| row.t.is_finite());
    let svg = draw((WIDTH, 340), |root| {
        let mut keys = label_keys([a, b].map(|label| format!("{label} neuron")));
        keys.push(key(Shape::Disc, MUTED, "neither"));
        let root = legend(root, &keys)?;
        let y = format!("t statistic, {a} minus {b}");
        let frame = Frame { x: "neuron index", y: &y, ticks: (8, 6), ..Frame::default() };
        let x = -0.01 * width..1.01 * width;
        let mut chart = panel(&root, &frame, x.clone(), around(tested().map(|row| row.t)))?;
        draw_level(&mut chart, 0.0, x)?;
        chart.draw_series(tested().map(|row| {
            let (shape, colour, size) = neuron_look(manifest, row);
            mark(shape, colour.mix(0.75), size, (row.neuron as f64, row.t))
        }))?;
        Ok(())
    })?;
    let strongest = tested().max_by(|one, other| one.t.abs().total_cmp(&other.t.abs()));
    let strongest = strongest.map_or(String::new(), |row| {
        format!(" The largest |t| is that of neuron {}: t = {}.", row.neuron, fixed(row.t, 1))
    });
    let caption = format!(
        "Layer {layer}: of {} neurons, {} are significantly higher at {} and {} at {}.{strongest}",
        count(manifest.model_neurons),
        count(counts.chosen(layer, a)),
        quoted(a),
        count(counts.chosen(layer, b)),
        quoted(b)
    );
    Ok(Figure { file: T, caption, svg })
}

fn volcano_figure(manifest: &Manifest, in_layer: &[&NeuronRow]) -> Result<Figure, ReportError> {
    let layer = manifest.layer;
    let alpha = manifest.study.selection.alpha.get();
    // A q that is too small for a number stands at the edge.
    let height = |q: f64| -q.max(f64::MIN_POSITIVE).log10();
    let tested = || in_layer.iter().filter(|row| row.t.is_finite());
    let svg = draw((WIDTH, 360), |root| {
        let mut keys = label_keys(manifest.labels().map(|label| format!("{label} neuron")));
        keys.push(key(Shape::Disc, MUTED, "neither"));
        keys.push(key(Shape::Line, SOFT, "threshold"));
        let root = legend(root, &keys)?;
        let frame = Frame {
            x: "mean difference between the sides (activation)",
            y: "−log₁₀ q: higher is more significant",
            ticks: (9, 6),
            ..Frame::default()
        };
        let x = around(tested().map(|row| row.mean_a - row.mean_b));
        let y = around(tested().map(|row| height(row.q)));
        let mut chart = panel(&root, &frame, x.clone(), 0.0..y.end)?;
        draw_level(&mut chart, height(alpha), x)?;
        chart.draw_series(tested().map(|row| {
            let (shape, colour, size) = neuron_look(manifest, row);
            mark(shape, colour.mix(0.65), size, (row.mean_a - row.mean_b, height(row.q)))
        }))?;
        Ok(())
    })?;
    let effects = sorted_effects(in_layer.iter().copied());
    let large = effects.iter().filter(|&&effect| effect >= LARGE_EFFECT).count();
    let caption = format!(
        "Layer {layer}: the median |effect| is {}; {} of {} neurons have an effect of at \
         least {LARGE_EFFECT}, which is called large. The line is q = {alpha}.",
        fixed(quantile(&effects, 0.5), 2),
        count(large),
        count(effects.len())
    );
    Ok(Figure { file: VOLCANO, caption, svg })
}

fn laminar_figure(manifest: &Manifest, counts: &SelectionCounts) -> Result<Figure, ReportError> {
    let layers = manifest.model_layers;
    let labels = manifest.labels();
    let selection = &manifest.study.selection;
    let in_layer = |correction, layer| labels.map(|label| counts.under(correction, layer, label));
    let all = Correction::ALL.iter();
    let most =
        all.flat_map(|&correction| (0..layers).flat_map(move |layer| in_layer(correction, layer)));
    let most = most.max().unwrap_or_default().max(1) as f64;
    let (rows, columns) = grid(Correction::ALL.len(), 4);
    let svg = draw((WIDTH, points(rows * (95 + 17 * layers) + 60)), |root| {
        let [a, b] = labels.map(|label| format!("{label} neurons"));
        let keys = [key(Shape::Block, LABELS[0], a), key(Shape::Block, LABELS[1], b)];
        let areas = legend(root, &keys)?.split_evenly((rows, columns));
        for (index, (area, &correction)) in areas.iter().zip(Correction::ALL).enumerate() {
            let is_chosen = correction == selection.correction;
            let frame = Frame {
                title: correction.title(),
                x: if index / columns + 1 == rows { "neurons" } else { "" },
                y: if is_chosen { "layer (this study's)" } else { "layer" },
                ticks: (4, 2 * layers),
                x_format: &|value: f64| plain(value.abs()),
                y_format: &whole,
            };
            let x = -1.08 * most..1.08 * most;
            let mut chart = panel(area, &frame, x, -0.5..layers as f64 - 0.5)?;
            for layer in 0..layers {
                let [a, b] = in_layer(correction, layer).map(|count| count as f64);
                let height = layer as f64;
                // The first label is on the left, as it is named first.
                chart.draw_series([
                    Rectangle::new([(-a, height - 0.36), (0.0, height + 0.36)], LABELS[0].filled()),
                    Rectangle::new([(0.0, height - 0.36), (b, height + 0.36)], LABELS[1].filled()),
                ])?;
            }
        }
        Ok(())
    })?;
    let total = |correction| -> String {
        count((0..layers).flat_map(|layer| in_layer(correction, layer)).sum())
    };
    let caption = format!(
        "{} neurons on the left, {} on the right, layer 0 at the bottom, corrected over each {}. \
         In the whole model {} neurons are significant uncorrected, {} under this study\u{2019}s \
         correction, {} under Bonferroni, the strictest.",
        quoted(labels[0]),
        quoted(labels[1]),
        selection.scope,
        total(Correction::None),
        total(selection.correction),
        total(Correction::Bonferroni)
    );
    Ok(Figure { file: LAMINAR, caption, svg })
}
