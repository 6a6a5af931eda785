//! Labels of prompts without stimuli, from the prompts' own words.

use std::collections::{HashMap, HashSet};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    texts::{prompts::Prompts, template_lines::Template},
};

/// Gives each prompt a label if there are no stimuli: the label before its tab, or else its right word.
/// Labels that differ in letter case only are one, unless a brace has two such words.
pub fn label_by_words(prompts: &Prompts, encoded: &mut [MaskedPrompt]) {
    let is_cased = prompts.templates.iter().any(differs_in_case);
    let key = |label: &str| if is_cased { label.to_owned() } else { label.to_lowercase() };
    // The name of each label: its only spelling, or the key of several ones.
    let mut names: HashMap<String, String> = HashMap::new();
    for prompt in encoded.iter() {
        let label = own_label(prompts, prompt);
        let name = names.entry(key(label)).or_insert_with(|| label.to_owned());
        if name != label {
            *name = key(label);
        }
    }
    for prompt in encoded {
        prompt.label = names.get(&key(own_label(prompts, prompt))).cloned();
    }
}

fn own_label<'a>(prompts: &'a Prompts, prompt: &'a MaskedPrompt) -> &'a str {
    let label = prompts.templates[prompt.prompt].label.as_deref();
    label.unwrap_or_else(|| prompt.target())
}

/// True if two words of a brace differ in letter case only.
fn differs_in_case(template: &Template) -> bool {
    let mut braces = template.braces.iter();
    braces.any(|words| {
        let lower: HashSet<String> = words.iter().map(|word| word.to_lowercase()).collect();
        lower.len() < words.len()
    })
}
