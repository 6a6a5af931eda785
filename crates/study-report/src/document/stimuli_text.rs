//! The stimuli of a study in words.

use study_record::Manifest;

use super::number_text::quoted;

/// The stimuli that neurons were selected on, with their labels: `54 pairs, whose sides differ in
/// "him" and "her"`.
pub(crate) fn describe_stimuli(manifest: &Manifest) -> String {
    let counts = &manifest.selected_on;
    let [a, b] = manifest.labels().map(quoted);
    let words = counts.in_words();
    if counts.paired {
        format!("{words}, whose sides differ in {a} and {b}")
    } else {
        format!("{words} with the labels {a} and {b}")
    }
}

/// The rule for groups of stimuli, as a sentence; empty if there are none.
pub(crate) fn group_note(manifest: &Manifest) -> &'static str {
    if manifest.selected_on.are_grouped() {
        " The mean of each group\u{2019}s sentences of a label is one observation."
    } else {
        ""
    }
}
