//! Which neurons were selected, and what the activations look like.

use neuron_stats::quantile;
use serde::Serialize;

use super::quoted;
use crate::{
    ReportError, Study, figures,
    number::percent,
    page::{Block, Cell, Lookup, Section, Table},
    rows::Neuron,
};

/// Neurons of each label in the table of the strongest.
const STRONGEST: usize = 10;

pub(super) fn section(study: &Study) -> Result<Section, ReportError> {
    let settings = &study.manifest.study.selection;
    let layer = study.manifest.layer;
    let labels = study.manifest.labels();
    let mut section = Section::new("selection", "Selection");
    section.text(format!(
        "Each neuron\u{2019}s activation before GELU at the {} target is compared between the two \
         sides by a {} t-test; {}, and q is the result. A neuron carries the label of the side \
         where it is higher, where q is at most {}.",
        settings.at,
        settings.test,
        settings.correction(),
        settings.alpha
    ));
    section.table(by_layer(study));
    let labelled: usize = labels.iter().map(|label| study.chosen(layer, label)).sum();
    let share = labelled as f64 / study.width().max(1) as f64;
    if share > 0.5 && settings.at == "visible" {
        section.warning(format!(
            "{} of layer {layer} is significant. At a visible target the two sides differ in the \
             word itself, so significance alone selects much of a layer; effect sizes tell more.",
            percent(share)
        ));
    }
    section.heading(format!("The neurons of layer {layer}"));
    section.figure(figures::t_by_neuron(study)?);
    section.figure(figures::volcano(study)?);
    section.table(strongest(study));
    section.add(Block::Lookup(lookup(study)));
    section.heading("How much depends on the correction");
    section.figure(figures::laminar(study)?);
    if let Some(rows) = &study.held_out {
        section.heading("In pairs that were held out");
        let mut table = Table::new(
            "held-out",
            "The neurons selected on the other pairs, tested where they were not selected. With \
             fewer pairs a test finds less.",
            &["#layer", "label", "#neurons", "#same direction", "#significant again"],
        );
        for of in rows {
            table.row([
                Cell::count(of.layer),
                Cell::text(&of.label),
                Cell::count(of.neurons),
                Cell::count(of.same_direction),
                Cell::count(of.replicated),
            ]);
        }
        section.table(table.from(&["held_out.csv"]));
    }
    section.heading("What the activations look like");
    section.figure(figures::pooled(study)?);
    section.figure(figures::by_layer(study)?);
    section.table(normality(study));
    section.figure(figures::sparsity(study)?);
    Ok(section)
}

fn by_layer(study: &Study) -> Table {
    let [a, b] = study.manifest.labels();
    let columns = [
        "#layer",
        &format!("#{a}"),
        &format!("#{b}"),
        "#neither",
        "#median |effect|",
        "#largest |effect|",
    ];
    let caption = format!(
        "Neurons of each label, and effect sizes in standard deviations of the difference. {} and \
         {} are the labels.",
        quoted(a),
        quoted(b)
    );
    let mut table = Table::new("layers", caption, &columns);
    for layer in 0..study.layers() {
        let own: Vec<&Neuron> = study.neurons.iter().filter(|of| of.layer == layer).collect();
        let labelled =
            |label: &str| own.iter().filter(|of| of.label.as_deref() == Some(label)).count();
        let mut effects: Vec<f64> =
            own.iter().map(|of| of.effect.abs()).filter(|effect| effect.is_finite()).collect();
        effects.sort_by(f64::total_cmp);
        table.row([
            Cell::count(layer),
            Cell::count(labelled(a)),
            Cell::count(labelled(b)),
            Cell::count(own.len() - labelled(a) - labelled(b)),
            Cell::number(quantile(&effects, 0.5), 2),
            Cell::number(effects.last().copied().unwrap_or(f64::NAN), 2),
        ]);
    }
    table.from(&["neurons.csv"])
}

fn strongest(study: &Study) -> Table {
    let layer = study.manifest.layer;
    let columns = ["#neuron", "label", "#effect", "#mean difference, 95 %", "#t", "#q"];
    let caption = format!(
        "The neurons of layer {layer} with the largest |t|, up to {STRONGEST} of each label."
    );
    let mut table = Table::new("strongest", caption, &columns);
    for label in study.manifest.labels() {
        let own = |of: &&Neuron| of.layer == layer && of.label.as_deref() == Some(label);
        let mut neurons: Vec<&Neuron> = study.neurons.iter().filter(own).collect();
        neurons.sort_by(|one, other| other.t.abs().total_cmp(&one.t.abs()));
        for of in neurons.into_iter().take(STRONGEST) {
            table.row([
                Cell::count(of.neuron),
                Cell::text(label),
                Cell::number(of.effect, 3),
                Cell::interval(Some((of.ci_low, of.ci_high))),
                Cell::number(of.t, 2),
                Cell::p(Some(of.q)),
            ]);
        }
    }
    table.from(&["neurons.csv"])
}

fn normality(study: &Study) -> Table {
    let columns =
        ["#layer", "#activations", "#mean", "#sd", "#skewness", "#excess kurtosis", "#K² p"];
    let caption = "Activations before GELU, all neurons of a layer pooled. A normal distribution has \
                   skewness and excess kurtosis 0. Pooled values are not independent, so their p is \
                   a description.";
    let mut table = Table::new("normality", caption, &columns);
    for of in study.normality.iter().filter(|of| of.neuron.is_none()) {
        table.row([
            Cell::count(of.layer),
            Cell::count(of.count),
            Cell::number(of.mean, 3),
            Cell::number(of.sd, 3),
            Cell::number(of.skewness, 2),
            Cell::number(of.excess_kurtosis, 2),
            Cell::p(Some(of.k_squared_p)),
        ]);
    }
    table.from(&["normality.csv"])
}

/// The neurons of each layer.
#[derive(Serialize)]
struct Neurons<'a> {
    labels: [&'a str; 2],
    layers: Vec<Vec<Found>>,
}

/// t, effect, q, and the place of the label.
#[derive(Clone, Serialize)]
struct Found(f64, f64, f64, Option<usize>);

fn lookup(study: &Study) -> Lookup {
    let labels = study.manifest.labels();
    let mut layers = vec![Vec::new(); study.layers()];
    // As they are shown, so that the page stays small.
    let shown = |text: String| text.parse().unwrap_or(f64::NAN);
    for of in &study.neurons {
        let label = labels.iter().position(|label| of.label.as_deref() == Some(*label));
        let row = Found(
            shown(format!("{:.2}", of.t)),
            shown(format!("{:.3}", of.effect)),
            shown(format!("{:.2e}", of.q)),
            label,
        );
        layers[of.layer].push(row);
    }
    let json = serde_json::to_string(&Neurons { labels, layers }).unwrap_or_default();
    Lookup { layers: study.layers(), neurons: study.width(), json: json.replace('<', "\\u003c") }
}
