//! How to run the study again.

use study_record::{
    Correction, LEVEL, SetRule, Study,
    tables::{PromptRow, VerdictRow},
};

use super::settings_list::settings_list;
use crate::{
    document::{
        number_text::{count, fixed, percent, plural},
        section::{Block, Section},
        stimuli_text::{describe_stimuli, group_note},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) fn rerun_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let manifest = study.manifest();
    let mut section = Section::new("rerun", "How to run this study again");
    let command: Vec<String> = manifest.command.iter().map(|word| quote_for_shell(word)).collect();
    section.add(Block::Command(command.join(" ")));
    section.explanation(format!(
        "It ran with lesion {} and Burn {} on {}, with {}, in {} seconds. The numbers do not \
         depend on the number of threads. \u{201c}lesion report\u{201d} makes this page again from \
         the tables, without the model.",
        manifest.lesion,
        manifest.burn,
        manifest.platform,
        plural(manifest.threads, "thread"),
        fixed(manifest.seconds.values().sum(), 1)
    ));
    section.heading("Methods, for a paper");
    section.explanation(methods(study)?);
    section.heading("Every setting");
    let mut facts = settings_list(manifest)?;
    let all = if manifest.relabellings_exact { ", all there are" } else { "" };
    facts.push((
        "relabellings of max-T".to_owned(),
        format!("{}{all}", count(manifest.relabellings)),
    ));
    section.add(Block::Facts(facts));
    section.heading("Files");
    section.explanation("SHA-256 of every file that the study wrote, from manifest.json.");
    section.add(Block::Facts(manifest.outputs.clone().into_iter().collect()));
    Ok(section)
}

/// The methods of the study in one paragraph, with every number that decides its results.
fn methods(study: &FinishedStudy<'_>) -> Result<String, ReportError> {
    let manifest = study.manifest();
    let Study { selection, lesion, controls, bootstrap, seed, .. } = &manifest.study;
    let prompts: Vec<PromptRow> = study.rows()?;
    let claims = study.rows::<VerdictRow>()?.iter().filter(|row| row.p.is_some()).count();
    let correction = match selection.correction {
        Correction::None => "without correction".to_owned(),
        correction => format!("corrected by {} over each {}", correction.title(), selection.scope),
    };
    let neurons = match lesion.sets {
        SetRule::Significant => "all significant neurons of a label".to_owned(),
        SetRule::Top(count) => format!("the strongest {count} significant neurons of each label"),
        SetRule::Share(share) => format!(
            "the strongest significant neurons, equally many of both labels and at most {} of a layer",
            percent(share)
        ),
    };
    Ok(format!(
        "We studied {} ({} with {} MLP neurons each) with lesion {}. On {}, \
         a {} t-test compared each neuron\u{2019}s activation {} GELU at the {} target; p was \
         two-sided, {correction}, with \u{3b1} = {}.{} In {}, the activations of {neurons}, by |{}|, were \
         {} {} GELU {}. The mean drop of the right word\u{2019}s margin was compared, two-sided, with \
         that of {} of the same size from the whole layer and, where this p was at most \
         {LEVEL}, with sets of similar activity and displacement. p of {} were corrected by Holm. \
         Absence was tested by two one-sided t-tests over templates against {} of the margin without a \
         lesion. Intervals are 95 % percentile intervals of {} of the templates. \
         The random seed was {seed}.",
        manifest.inputs.model.source,
        plural(manifest.model_layers, "layer"),
        count(manifest.model_neurons),
        manifest.lesion,
        describe_stimuli(manifest),
        manifest.test(),
        selection.site.when(),
        selection.at,
        selection.alpha,
        group_note(manifest),
        plural(prompts.len(), "masked prompt"),
        lesion.strength,
        lesion.kind.effect(lesion.from),
        lesion.site.when(),
        lesion.at.place(),
        plural(manifest.random_sets, "random set"),
        plural(claims, "claim"),
        percent(controls.equivalence.get()),
        plural(bootstrap.draws.get(), "bootstrap resample"),
    ))
}

/// A word of a command as a shell takes it.
fn quote_for_shell(word: &str) -> String {
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Whether a shell takes a byte as it is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_./=,:+@%".contains(&byte)
}
