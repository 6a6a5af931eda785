//! The page of two studies beside each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ReportError, Study, figures,
    number::{count, list},
    page::{Cell, Page, Section, Table},
    pair::{Common, Pair, both, margin},
    report::judgements,
    rows::Lesioned,
    verdict::Judged,
};

/// Makes the page of two studies, each with a name.
///
/// # Errors
/// Where a figure cannot be drawn.
pub fn compare([a, b]: [(&str, &Study); 2]) -> Result<String, ReportError> {
    let pair = Pair { studies: [a.1, b.1] };
    let common = pair.common();
    let judged = pair.studies.map(judgements);
    let page = Page {
        name: "Two studies beside each other".to_owned(),
        kicker: "Lesion study".to_owned(),
        title: "Two studies beside each other".to_owned(),
        lead: format!(
            "A is {}, B is {}. What differs is said first, then what came of it.",
            a.0, b.0
        ),
        sections: vec![
            what_differs(&pair),
            profiles(&pair, &judged)?,
            neurons(&pair)?,
            predictions(&pair, &common)?,
            lesions(&pair, &common)?,
        ],
        beside_tables: false,
    };
    page.html()
}

/// Everything that was decided or read, by its name.
fn decided(study: &Study) -> BTreeMap<String, String> {
    let manifest = &study.manifest;
    let mut all = manifest.keys.clone();
    let layers: Vec<String> = manifest.layers.iter().map(usize::to_string).collect();
    for (name, value) in [
        ("layer of the paper\u{2019}s lesion", manifest.layer.to_string()),
        ("layers of the laboratory", layers.join(" ")),
        ("first label", manifest.label_a.clone()),
        ("second label", manifest.label_b.clone()),
        ("version of lesion", manifest.lesion.clone()),
        ("version of Burn", manifest.burn.clone()),
        ("layers of the model", study.layers().to_string()),
        ("neurons of a layer", study.width().to_string()),
    ] {
        all.insert(name.to_owned(), value);
    }
    for (input, origin) in &manifest.inputs {
        // A file may have moved, so it is known by its content alone.
        let hashes: Vec<&str> = origin.sha256.values().map(String::as_str).collect();
        all.insert(format!("SHA-256 of {input}"), hashes.join(" "));
        all.insert(format!("source of {input}"), origin.source.clone());
    }
    all
}

fn differences(pair: &Pair<'_>) -> Table {
    let [a, b] = pair.studies.map(decided);
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let mut table =
        Table::new("differences", "Settings and inputs that differ.", &["entry", "A", "B"]);
    for name in names {
        let (one, other) = (a.get(name), b.get(name));
        if one != other {
            let cell = |value: Option<&String>| Cell::text(value.map_or("none", String::as_str));
            table.row([Cell::text(name), cell(one).class("long"), cell(other).class("long")]);
        }
    }
    table.from(&["manifest.json"])
}

fn what_differs(pair: &Pair<'_>) -> Section {
    let differing = differences(pair);
    let mut section = Section::new("differences", "What differs");
    for (letter, study) in ["A", "B"].into_iter().zip(pair.studies) {
        if !study.changed.is_empty() {
            section.warning(format!(
                "The files of {letter} are not those that the study wrote: {}.",
                list(&study.changed)
            ));
        }
    }
    if differing.rows.is_empty() {
        section.text("Nothing: the settings and inputs of both are the same.");
    } else {
        section.table(differing);
        section.text("All else is the same.");
    }
    section
}

fn profiles(pair: &Pair<'_>, judged: &[Vec<Judged<'_>>; 2]) -> Result<Section, ReportError> {
    let mut section = Section::new("profiles", "What each layer\u{2019}s lesion does");
    if judged.iter().all(Vec::is_empty) {
        section.text("The controls ran in neither study.");
        return Ok(section);
    }
    section.text(
        "Mean margin drops of the matched lesions, and where 95 % of the random sets of each study \
         lie. Two studies beside each other are no test of their difference.",
    );
    section.figure(figures::beside::profile(pair, judged)?);
    let columns =
        ["#layer", "set", "#A", "#95 % of random, A", "A is", "#B", "#95 % of random, B", "B is"];
    let mut table = Table::new("profiles", "Mean margin drops in logits.", &columns);
    for layer in 0..pair.layers() {
        for label in pair.labels() {
            let find = |place: usize| {
                let own = |of: &&Judged<'_>| {
                    of.profile.layer == layer && of.profile.neuron_set == label[place]
                };
                judged[place].iter().find(own)
            };
            let of = [find(0), find(1)];
            if of.iter().all(Option::is_none) {
                continue;
            }
            let [a, b] = of.map(|of| {
                [
                    Cell::maybe(of.map(|of| of.profile.margin_drop), 3),
                    Cell::interval(of.and_then(|of| of.random)),
                    of.map_or_else(Cell::none, |of| {
                        Cell::text(of.verdict.name()).class(of.verdict.class())
                    }),
                ]
            });
            let ([a, band_a, verdict_a], [b, band_b, verdict_b]) = (a, b);
            let name = Cell::text(both(label));
            table.row([Cell::count(layer), name, a, band_a, verdict_a, b, band_b, verdict_b]);
        }
    }
    section.table(table.from(&["profile.csv", "nulls.csv"]));
    Ok(section)
}

fn neurons(pair: &Pair<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("neurons", "Which neurons carry a label");
    section.figure(figures::beside::neurons(pair)?);
    let mut table = Table::new(
        "neurons",
        if pair.same_model() {
            "Neurons with the label in each study, and in both: it is the same model, so these \
             are the same neurons."
        } else {
            "Neurons with the label in each study. The models differ, so neurons cannot be told \
             to be the same."
        },
        &["#layer", "label", "#A", "#B", "#both"],
    );
    for layer in 0..pair.layers() {
        for label in pair.labels() {
            let [a, b] = [0, 1].map(|place| -> BTreeSet<usize> {
                let all = pair.studies[place].neurons.iter();
                let own =
                    all.filter(|of| of.layer == layer && of.label.as_deref() == Some(label[place]));
                own.map(|of| of.neuron).collect()
            });
            let shared = if pair.same_model() {
                Cell::count(a.intersection(&b).count())
            } else {
                Cell::none()
            };
            let name = Cell::text(both(label));
            table.row([
                Cell::count(layer),
                name,
                Cell::count(a.len()),
                Cell::count(b.len()),
                shared,
            ]);
        }
    }
    section.table(table.from(&["neurons.csv"]));
    Ok(section)
}

fn predictions(pair: &Pair<'_>, common: &[Common]) -> Result<Section, ReportError> {
    let mut section = Section::new("predictions", "What the models predict");
    let mut table = Table::new(
        "predictions",
        "Masked prompts of each study, and in how many the right word leads.",
        &["study", "#prompts", "#above the other candidates", "#top of the vocabulary"],
    );
    for (letter, study) in ["A", "B"].into_iter().zip(pair.studies) {
        table.row([
            Cell::text(letter),
            Cell::count(study.predicted().count()),
            Cell::count(study.predicted().filter(|of| margin(of) > 0.0).count()),
            Cell::count(study.predicted().filter(|of| of[0].rank == 1).count()),
        ]);
    }
    section.table(table.from(&["predictions.csv"]));
    if common.is_empty() {
        section.text("The studies have no masked prompt in common.");
    } else {
        section.figure(figures::beside::margins(pair, common)?);
    }
    Ok(section)
}

fn lesions(pair: &Pair<'_>, common: &[Common]) -> Result<Section, ReportError> {
    let mut section = Section::new("lesions", "The paper\u{2019}s lesion");
    let mut table = Table::new(
        "lesions",
        "Every neuron of a layer that carries the label of the right word is 0 at the mask: means \
         over the prompts of each label, in logits.",
        &[
            "study",
            "#layer",
            "label",
            "#neurons",
            "#prompts",
            "#mean logit drop",
            "#mean margin drop",
        ],
    );
    for (letter, study) in ["A", "B"].into_iter().zip(pair.studies) {
        for label in study.manifest.labels() {
            let own: Vec<&Lesioned> = study
                .lesions()
                .map(|of| &of[0])
                .filter(|of| of.neuron_set.as_deref() == Some(label))
                .collect();
            let Some(first) = own.first() else { continue };
            let mean =
                |value: fn(&Lesioned) -> f64| crate::number::mean(own.iter().map(|of| value(of)));
            table.row([
                Cell::text(letter),
                Cell::count(study.manifest.layer),
                Cell::text(label),
                Cell::count(first.neurons),
                Cell::count(own.len()),
                Cell::number(mean(|of| of.logit_drop), 3),
                Cell::number(mean(|of| of.margin_drop), 3),
            ]);
        }
    }
    section.table(table.from(&["lesions.csv"]));
    match figures::beside::drops(pair, common)? {
        Some(figure) => {
            section.figure(figure);
        }
        None => {
            section.text("No prompt is lesioned in both studies.");
        }
    }
    let layers = pair.studies.map(|study| study.manifest.layer);
    if layers[0] != layers[1] {
        section.text(format!(
            "A lesions layer {}, B layer {}.",
            count(layers[0]),
            count(layers[1])
        ));
    }
    Ok(section)
}
