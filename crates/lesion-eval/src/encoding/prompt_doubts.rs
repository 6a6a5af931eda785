//! Doubts about the prompts of a study.

use std::collections::{BTreeSet, HashMap};

use study_record::{FEWEST_TEMPLATES, Warning};

use crate::{
    encoding::{encoded_stimuli::EncodedStimuli, masked_prompt::MaskedPrompt},
    passes::subject::Subject,
    texts::{prompts::Prompts, stimuli::Stimuli},
};

/// True if every prompt of a file names its label. Then a label that none has was left out on purpose.
#[must_use]
pub fn name_labels(prompts: &Prompts) -> bool {
    prompts.templates.iter().all(|template| template.label.is_some())
}

/// Finds labels with few templates or none, and prompts without a label. `encoded` are the prompts as
/// the model reads them.
pub fn check_prompt_labels(
    stimuli: &EncodedStimuli,
    prompts: &Prompts,
    encoded: &[MaskedPrompt],
    warnings: &mut Vec<Warning>,
) {
    for label in [&stimuli.contrast.a, &stimuli.contrast.b] {
        let labelled = encoded.iter().filter(|prompt| prompt.label.as_ref() == Some(label));
        let clusters: BTreeSet<usize> = labelled.map(|prompt| prompt.cluster).collect();
        if clusters.is_empty() {
            warnings.push(Warning::LabelWithoutPrompts { label: label.clone() });
        } else {
            warnings.extend(check_few_templates(label, clusters.len()));
        }
    }
    for prompt in encoded.iter().filter(|prompt| prompt.label.is_none()) {
        warnings.push(Warning::PromptWithoutLabel {
            file: prompts.file.clone(),
            line: prompts.templates[prompt.prompt].line,
            word: prompt.target().to_owned(),
        });
    }
}

/// The warning that a label has too few templates, or groups of templates, for an interval.
#[must_use]
pub fn check_few_templates(label: &str, templates: usize) -> Option<Warning> {
    if templates >= FEWEST_TEMPLATES {
        return None;
    }
    Some(Warning::FewTemplates { label: label.to_owned(), templates })
}

/// Finds prompts that are stimuli too: the same tokens, where the target is predicted.
pub fn check_prompts_are_new(
    subject: Subject<'_>,
    (stimuli, encoded_stimuli): (&Stimuli, &EncodedStimuli),
    (prompts, encoded): (&Prompts, &[MaskedPrompt]),
    warnings: &mut Vec<Warning>,
) {
    let per_line = encoded_stimuli.sentences_per_line();
    let mut lines: HashMap<(Vec<u32>, usize), usize> = HashMap::new();
    for (index, sentence) in encoded_stimuli.sentences.iter().enumerate() {
        let line = stimuli.templates[index / per_line].line;
        if let Ok(asked) = sentence.asked(subject) {
            lines.entry((asked.ids, asked.position)).or_insert(line);
        }
    }
    for prompt in encoded {
        if let Some(&stimulus) = lines.get(&(prompt.masked.clone(), prompt.position)) {
            warnings.push(Warning::PromptIsStimulus {
                file: prompts.file.clone(),
                line: prompts.templates[prompt.prompt].line,
                stimuli: stimuli.file.clone(),
                stimulus,
            });
        }
    }
}
