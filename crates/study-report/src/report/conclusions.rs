//! What can and cannot be concluded.

use super::quoted;
use crate::{
    Study,
    number::{between, fixed, p_value, percent, plural},
    page::{Block, Section},
    rows::Joint,
    verdict::{Judged, LEVEL, Verdict, has_alikes},
};

pub(super) fn section(study: &Study, judged: &[Judged<'_>]) -> Section {
    let mut section = Section::new("conclusions", "What can be concluded, and what not");
    section.text("Effect sizes in logits and their intervals come first, p last.");
    section.heading("What can be concluded");
    let mut can: Vec<String> =
        judged.iter().filter(|of| of.verdict == Verdict::Beyond).map(beyond).collect();
    if can.is_empty() {
        can.push(
            "Of no lesion is it shown that it lowers the right word\u{2019}s margin more than \
             random sets of the same size do."
                .to_owned(),
        );
    }
    can.extend(double(study));
    let (shown, open) = synergies(study);
    can.extend(shown);
    section.add(Block::List(can));
    section.heading("What cannot be concluded");
    let within: Vec<String> =
        judged.iter().filter(|of| of.verdict == Verdict::Within).filter_map(within).collect();
    if !within.is_empty() {
        section.warning(format!(
            "{} within what random sets do. Whatever these lesions did, other neurons of the same \
             number do as well:",
            if within.len() == 1 {
                "One lesion lies".to_owned()
            } else {
                format!("{} lesions lie", within.len())
            }
        ));
        section.add(Block::List(within));
    }
    let mut limits = limits(study, judged);
    limits.extend(open);
    section.add(Block::List(limits));
    section
}

/// Where a lesion lies within its null.
fn within(of: &Judged<'_>) -> Option<String> {
    let bands = [(of.random, "random sets"), (of.as_active, "sets as active")];
    let (band, which) = bands.into_iter().find_map(|(band, which)| {
        let (low, high) = band?;
        (low..=high).contains(&of.profile.margin_drop).then_some(((low, high), which))
    })?;
    Some(format!(
        "Layer {}, {}: mean margin drop {}, where 95 % of {which} lie between {}.",
        of.profile.layer,
        quoted(&of.profile.neuron_set),
        fixed(of.profile.margin_drop, 3),
        and(band)
    ))
}

/// What holds of a lesion that does more than random sets.
fn beyond(of: &Judged<'_>) -> String {
    let profile = of.profile;
    let random = of.random.map_or(String::new(), |band| {
        format!(", where 95 % of random sets lie between {}", and(band))
    });
    let active = match (of.as_active, profile.activity_ratio) {
        (Some(band), _) => format!(" and 95 % of sets as active between {}", and(band)),
        (None, Some(ratio)) => format!(
            "; the nearest other neurons are {} as active, so nothing is known of equally active \
             ones",
            percent(ratio)
        ),
        (None, None) => String::new(),
    };
    format!(
        "Layer {}, {}: mean margin drop {}{random}{active}. The margin falls in {} of {} (p {}).",
        profile.layer,
        quoted(&profile.neuron_set),
        fixed(profile.margin_drop, 3),
        profile.margin_falls,
        plural(profile.prompts, "prompt"),
        profile.p_corrected.map_or(String::new(), p_value)
    )
}

fn and((low, high): (f64, f64)) -> String {
    format!("{} and {}", fixed(low, 3), fixed(high, 3))
}

fn double(study: &Study) -> Option<String> {
    let rows = study
        .dissociation
        .as_deref()
        .filter(|rows| rows.iter().any(|of| of.interval().is_some()))?;
    let mut looked_at: Vec<usize> = rows.iter().map(|of| of.layer).collect();
    looked_at.dedup();
    let found: Vec<String> = rows
        .chunk_by(|a, b| a.layer == b.layer)
        .filter(|of| of[0].double)
        .map(|of| {
            let each: Vec<String> = of
                .iter()
                .filter_map(|of| {
                    Some(format!(
                        "{} {} ({})",
                        quoted(&of.neuron_set),
                        fixed(of.difference, 3),
                        between(of.interval()?)
                    ))
                })
                .collect();
            format!("layer {}, {}", of[0].layer, each.join(" and "))
        })
        .collect();
    Some(if found.is_empty() {
        format!("A double dissociation is shown in none of {}.", plural(looked_at.len(), "layer"))
    } else {
        format!(
            "A double dissociation, in {} of {}: {}. These are differences of margin drops, own \
             prompts less the other label\u{2019}s, with 95 % intervals.",
            found.len(),
            plural(looked_at.len(), "layer"),
            found.join("; ")
        )
    })
}

/// What is shown of all layers together, and what is not.
fn synergies(study: &Study) -> (Vec<String>, Vec<String>) {
    let rows = study.joint.as_deref().unwrap_or_default();
    let most = rows.iter().map(Joint::depth).max().unwrap_or_default();
    let all = rows.iter().filter(|of| of.depth() == most && most > 1 && of.neurons > 0);
    let mut found = (Vec::new(), Vec::new());
    for of in all {
        let (says, is_shown) = match of.interval() {
            Some((low, _)) if low > 0.0 => ("do more than the sum of each", true),
            Some((_, high)) if high < 0.0 => ("do less than the sum of each", true),
            _ => ("are not shown to do more or less than the sum of each", false),
        };
        let interval = of.interval().map_or("no interval".to_owned(), between);
        let text = format!(
            "All {most} layers together, {}, {says}: synergy {} ({interval}). The right \
             word\u{2019}s mean probability goes from {} to {}.",
            quoted(&of.neuron_set),
            fixed(of.synergy, 3),
            fixed(of.prob_clean, 4),
            fixed(of.prob_lesioned, 4)
        );
        if is_shown { found.0.push(text) } else { found.1.push(text) }
    }
    found
}

fn limits(study: &Study, judged: &[Judged<'_>]) -> Vec<String> {
    let manifest = &study.manifest;
    let mut limits = Vec::new();
    let names = |verdict| -> Vec<String> {
        judged.iter().filter(|of| of.verdict == verdict).map(Judged::name).collect()
    };
    let open = names(Verdict::NotShown);
    if !open.is_empty() {
        limits.push(format!(
            "Not shown, for p is above {LEVEL} once it is corrected, or the margin rises: {}.",
            open.join(", ")
        ));
    }
    if judged.iter().any(|of| of.verdict == Verdict::TooFewSets) {
        limits.push(format!(
            "{} random sets are too few to tell any lesion from them at {LEVEL}: no corrected p \
             can be that small.",
            manifest.study.controls.nulls
        ));
    }
    if judged.is_empty() {
        limits.push("There are no controls, so nothing can be said of other neurons.".to_owned());
    }
    let unlike: Vec<String> = judged
        .iter()
        .filter(|of| of.verdict == Verdict::Beyond && !has_alikes(of.profile))
        .map(Judged::name)
        .collect();
    if !unlike.is_empty() {
        limits.push(format!(
            "In {} no other neurons are as active at the mask, so it is not shown that equally \
             active ones would do less.",
            unlike.join(", ")
        ));
    }
    if !judged.is_empty() && judged.iter().all(|of| of.profile.prompts <= 1) {
        limits.push(
            "Each case is one sentence. Nothing is known of other sentences: \
             assets/studies/controlled.toml asks the same of 212."
                .to_owned(),
        );
    }
    if manifest.study.selection.at == "visible" {
        limits.push(
            "Neurons were selected where the word itself is visible. That a neuron tells two \
             words apart there does not show that it takes part in predicting them at a mask."
                .to_owned(),
        );
    }
    limits.push(
        "The paper\u{2019}s lesion takes all neurons of a label. The controls are of equal-sized \
         sets, and say nothing of larger ones."
            .to_owned(),
    );
    limits.push(
        "Intervals hold for one layer and label at a time, over other templates of the same kind, \
         with this model and these neurons. They are not corrected for how many there are."
            .to_owned(),
    );
    if manifest.inputs.get("model").is_some_and(|of| of.source == "bundled") {
        limits.push(
            "The bundled model knows a small grammar, and is there to try the method. What holds \
             in it need not hold in a model of English."
                .to_owned(),
        );
    }
    limits
}
