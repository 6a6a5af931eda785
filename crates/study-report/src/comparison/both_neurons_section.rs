//! The labelled neurons of both studies.

use std::collections::BTreeSet;

use study_record::tables::{NeuronRow, Row as _, SelectionRow};

use super::{
    pair_figures::{LayerPoint, draw_by_layer},
    study_pair::{StudyPair, label_name},
};
use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::count,
        report_table::Table,
        section::Section,
    },
    error::ReportError,
    sections::selection_counts::SelectionCounts,
};

const NEURONS: FigureFile = FigureFile {
    name: "neurons",
    shows: "neurons of each label in each layer of both studies",
    tables: &[SelectionRow::TABLE.file],
};

pub(super) fn both_neurons_section(pair: &StudyPair<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("neurons", "Labelled neurons");
    section.figure(neurons_figure(pair)?);
    section.table(neurons_table(pair)?);
    Ok(section)
}

fn neurons_figure(pair: &StudyPair<'_>) -> Result<Figure, ReportError> {
    let [a, b] = pair.studies;
    let counts = [SelectionCounts::read(a)?, SelectionCounts::read(b)?];
    let manifests = pair.manifests();
    let points = |study: usize, label: &str| -> Vec<LayerPoint> {
        let points = (0..manifests[study].model_layers).map(|layer| LayerPoint {
            layer,
            value: counts[study].chosen(layer, label) as f64,
            random: None,
        });
        points.collect()
    };
    let [total_a, total_b] = [0, 1].map(|study| {
        let layers = 0..manifests[study].model_layers;
        count(layers.map(|layer| counts[study].labelled(layer, manifests[study])).sum())
    });
    Ok(Figure {
        file: NEURONS,
        svg: draw_by_layer(pair, "neurons with the label", points)?,
        caption: format!(
            "In all layers together {total_a} neurons carry a label in A and {total_b} in B, each \
             under its own correction."
        ),
    })
}

fn neurons_table(pair: &StudyPair<'_>) -> Result<Table, ReportError> {
    let caption = if pair.same_model() {
        "Neurons with the label in each study, and in both: the model is the same, so these are \
         the same neurons."
    } else {
        "Neurons with the label in each study. The models differ, so no neuron is in both."
    };
    let columns = ["layer", "label", "A", "B", "both"];
    let mut table = Table::new("neurons", &[NeuronRow::TABLE.file], caption, columns);
    let [a, b] = pair.studies;
    let neurons: [Vec<NeuronRow>; 2] = [a.rows()?, b.rows()?];
    for layer in 0..pair.layers() {
        for labels in pair.labels() {
            let [a, b] = [0, 1].map(|study| -> BTreeSet<usize> {
                let in_layer = neurons[study].iter().filter(|row| row.layer == layer);
                let labelled = in_layer.filter(|row| row.label.as_deref() == Some(labels[study]));
                labelled.map(|row| row.neuron).collect()
            });
            let shared = if pair.same_model() {
                Cell::count(a.intersection(&b).count())
            } else {
                Cell::missing()
            };
            let label = Cell::text(label_name(labels));
            let [a, b] = [a, b].map(|neurons| Cell::count(neurons.len()));
            table.row([Cell::count(layer), label, a, b, shared]);
        }
    }
    Ok(table)
}
