//! What can and cannot be concluded.

use super::quoted;
use crate::{
    Study,
    number::{between, fixed, list, p_value, percent, plural},
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
        can.push("Of no lesion is it shown that it lowers the right word\u{2019}s margin more than random sets of the \
                  same size do.".to_owned());
    }
    can.extend(double(study));
    can.extend(synergy(study));
    section.add(Block::List(can));
    section.heading("What cannot be concluded");
    let within: Vec<String> = judged
        .iter()
        .filter(|of| of.verdict == Verdict::Within)
        .map(|of| {
            let bands = [of.random, of.as_active].into_iter().flatten();
            let inside = |&(low, high): &(f64, f64)| (low..=high).contains(&of.profile.margin_drop);
            let band = bands.into_iter().find(inside).map_or(String::new(), between);
            format!("{}, {} in {band}", of.name(), fixed(of.profile.margin_drop, 3))
        })
        .collect();
    if !within.is_empty() {
        section.warning(format!(
            "Within what random sets do (layer and label, mean margin drop, 95 % of random sets): {}. Whatever these \
             lesions did, other neurons of the same number do as well.",
            within.join("; ")
        ));
    }
    section.add(Block::List(limits(study, judged)));
    section
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
            "; the nearest other neurons are {} as active, so nothing is known of equally active ones",
            percent(ratio)
        ),
        (None, None) => String::new(),
    };
    format!(
        "Layer {}, {}: mean margin drop {} over {}{random}{active}. The margin falls in {} of them (p {}).",
        profile.layer,
        quoted(&profile.neuron_set),
        fixed(profile.margin_drop, 3),
        plural(profile.prompts, "prompt"),
        profile.margin_falls,
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
            "A double dissociation, in {} of {}: {}. These are differences of margin drops, own prompts less the \
             other label\u{2019}s, with 95 % intervals.",
            found.len(),
            plural(looked_at.len(), "layer"),
            found.join("; ")
        )
    })
}

fn synergy(study: &Study) -> Option<String> {
    let rows = study.joint.as_deref()?;
    let most = rows.iter().map(Joint::depth).max().filter(|&most| most > 1)?;
    let each: Vec<String> = rows
        .iter()
        .filter(|of| of.depth() == most && of.neurons > 0)
        .map(|of| {
            let (interval, says) = match of.interval() {
                None => (String::new(), "no interval, so neither more nor less is shown"),
                Some((low, _)) if low > 0.0 => (of.interval().map_or(String::new(), between), "more than their sum"),
                Some((_, high)) if high < 0.0 => (of.interval().map_or(String::new(), between), "less than their sum"),
                Some(ends) => (between(ends), "neither more nor less is shown"),
            };
            let interval = if interval.is_empty() { interval } else { format!(" ({interval})") };
            format!(
                "{}: synergy {}{interval}, {says}; the right word\u{2019}s mean probability goes from {} to {}",
                quoted(&of.neuron_set),
                fixed(of.synergy, 3),
                fixed(of.prob_clean, 4),
                fixed(of.prob_lesioned, 4)
            )
        })
        .collect();
    (!each.is_empty()).then(|| format!("All {most} layers together, {}.", list(&each)))
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
            "{} random sets are too few to tell any lesion from them at {LEVEL}: no corrected p can be that small.",
            manifest.study.controls.nulls
        ));
    }
    if judged.is_empty() {
        limits.push("No controls ran, so nothing can be said of other neurons.".to_owned());
    }
    let unlike: Vec<String> = judged
        .iter()
        .filter(|of| of.verdict == Verdict::Beyond && !has_alikes(of.profile))
        .map(Judged::name)
        .collect();
    if !unlike.is_empty() {
        limits.push(format!(
            "In {} no other neurons are as active at the mask, so it is not shown that equally active ones would do \
             less.",
            unlike.join(", ")
        ));
    }
    if !judged.is_empty() && judged.iter().all(|of| of.profile.prompts <= 1) {
        limits.push("Each case is one sentence. Nothing is known of other sentences: assets/studies/controlled.toml asks the same of 212.".to_owned());
    }
    if manifest.study.selection.at == "visible" {
        limits.push("Neurons were selected where the word itself is visible. That a neuron tells two words apart there does not show that it takes part in predicting them at a mask.".to_owned());
    }
    limits.push("The paper\u{2019}s lesion takes all neurons of a label. The controls are of equal-sized sets, and say nothing of larger ones.".to_owned());
    limits.push("Intervals hold for one layer and label at a time, over other templates of the same kind, with this model and these neurons. They are not corrected for how many there are.".to_owned());
    if manifest.inputs.get("model").is_some_and(|of| of.source == "bundled") {
        limits.push("The bundled model knows a small grammar, and is there to try the method. What holds in it need not hold in a model of English.".to_owned());
    }
    limits
}
