//! What was asked, of what, and how to ask it again.

use super::quoted;
use crate::{
    Study,
    number::{count, fixed, list, mean, plural},
    page::{Block, Section},
    verdict::{Judged, Verdict},
};

pub(super) fn question(study: &Study, judged: &[Judged<'_>]) -> Section {
    let manifest = &study.manifest;
    let [a, b] = manifest.labels().map(quoted);
    let layer = manifest.layer;
    let mut section = Section::new("question", "The question");
    if !study.changed.is_empty() {
        section.warning(format!(
            "The files are not those that the study wrote: {}. This page shows what they say now.",
            list(&study.changed)
        ));
    }
    let labelled: usize = manifest.labels().iter().map(|label| study.chosen(layer, label)).sum();
    let right = study
        .predicted()
        .filter(|of| of[1..].iter().all(|other| other.logit < of[0].logit))
        .count();
    let drops = || study.lesions().map(|of| of[0].margin_drop);
    let beyond = judged.iter().filter(|of| of.verdict == Verdict::Beyond).count();
    let tested = judged.iter().filter(|of| of.profile.p_corrected.is_some()).count();
    section.add(Block::Numbers(vec![
        (
            count(labelled),
            format!("of {} neurons of layer {layer} carry a label", count(study.width())),
        ),
        (
            format!("{} of {}", count(right), count(study.predicted().count())),
            "masked words where the right word leads the candidates".to_owned(),
        ),
        (
            fixed(mean(drops()), 3),
            format!("logits: mean margin drop without the labelled neurons of layer {layer}"),
        ),
        (
            if tested == 0 { "none".to_owned() } else { format!("{beyond} of {tested}") },
            "controlled lesions that do more than random sets".to_owned(),
        ),
    ]));
    section.text(format!(
        "A language model predicts masked words. Some neurons of its MLPs respond to {a} \
         otherwise than to {b}. Does the model need them to predict these words, or would any \
         other neurons do? The study finds the neurons by a test, sets their activations to \
         something else while the model predicts, and compares that with the same lesion of other \
         neurons."
    ));
    section.text(
        "Two measures say what a lesion does to the right word. The logit drop is its logit in \
         the plain pass less that in the lesioned one. The margin drop is the same of its margin, \
         its logit less the largest of the other candidates: a shift that all logits share \
         changes no prediction, and no margin. Above 0 a lesion harms.",
    );
    section
}

pub(super) fn model_and_stimuli(study: &Study) -> Section {
    let manifest = &study.manifest;
    let settings = &manifest.study.selection;
    let mut section = Section::new("setup", "Model and stimuli");
    let values = study.normality.iter().find(|of| of.neuron.is_some()).map_or(0, |of| of.count);
    let held_out = if settings.held_out > 0.0 {
        format!(" Of these {} % were held out.", fixed(100.0 * settings.held_out, 0))
    } else {
        String::new()
    };
    section.text(format!(
        "The model has {} with {} MLP neurons each. {} differ in their target, the words {} and \
         {}, which the model sees {}.{held_out} {} ask for a word.",
        plural(study.layers(), "layer"),
        count(study.width()),
        plural(values / 2, "sentence pair"),
        quoted(&manifest.label_a),
        quoted(&manifest.label_b),
        if settings.at == "masked" {
            "masked, so that only the context tells them apart"
        } else {
            "as they are"
        },
        plural(study.prompts.len(), "masked prompt"),
    ));
    let mut facts = Vec::new();
    for (input, origin) in &manifest.inputs {
        facts.push((input.clone(), origin.source.clone()));
        facts.extend(
            origin.sha256.iter().map(|(file, hash)| (format!("SHA-256 of {file}"), hash.clone())),
        );
    }
    section.add(Block::Facts(facts));
    section
}

pub(super) fn again(study: &Study) -> Section {
    let manifest = &study.manifest;
    let mut section = Section::new("again", "Run it again");
    let command: Vec<String> = manifest.command.iter().map(|word| shell(word)).collect();
    section.add(Block::Command(command.join(" ")));
    section.text(format!(
        "With lesion {} and Burn {} on {}, {}; {} seconds. The figures do not depend on the \
         number of threads. \u{201c}lesion report\u{201d} makes this page again from the tables, \
         without the model.",
        manifest.lesion,
        manifest.burn,
        manifest.platform,
        plural(manifest.threads, "thread"),
        fixed(manifest.seconds.values().sum(), 1)
    ));
    section.heading("Every setting");
    let mut facts: Vec<_> = manifest.keys.clone().into_iter().collect();
    facts.push(("layer of the paper\u{2019}s lesion".to_owned(), manifest.layer.to_string()));
    let layers: Vec<String> = manifest.layers.iter().map(usize::to_string).collect();
    facts.push(("layers of the laboratory".to_owned(), layers.join(" ")));
    let all = if manifest.relabellings_exact { ", all there are" } else { "" };
    facts.push((
        "relabellings of max-T".to_owned(),
        format!("{}{all}", count(manifest.relabellings)),
    ));
    section.add(Block::Facts(facts));
    section.heading("What it wrote");
    section.text("SHA-256 of every file, from manifest.json.");
    section.add(Block::Facts(manifest.outputs.clone().into_iter().collect()));
    section
}

/// A word of a command as a shell takes it.
fn shell(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=,:+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
