//! Doubts about a study: nothing that prevents it, but perhaps not what its author means.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{part_tables::FEWEST_TEMPLATES, verdict::LEVEL};

/// A doubt about a study. It is found once, when the study is prepared, and prints as one line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// Words of a file that the model does not know.
    UnknownWords {
        /// The file.
        file: String,
        /// Number of such words.
        words: usize,
        /// Number of lines with one.
        lines: usize,
    },
    /// Words of a line that the model does not know.
    UnknownWordsInLine {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The words.
        words: Vec<String>,
    },
    /// Words of a file that the model reads in several pieces.
    SplitWords {
        /// The file.
        file: String,
        /// Number of such words.
        words: usize,
        /// Number of lines with one.
        lines: usize,
    },
    /// Lines of a file with text after the target, which a decoder does not read.
    TextAfterTarget {
        /// The file.
        file: String,
        /// Number of such lines.
        lines: usize,
    },
    /// A label with too few templates for intervals.
    FewTemplates {
        /// The label.
        label: String,
        /// Number of its templates, or of their groups.
        templates: usize,
    },
    /// A label that no prompt has.
    LabelWithoutPrompts {
        /// The label.
        label: String,
    },
    /// A prompt without a label: it is predicted, but not lesioned.
    PromptWithoutLabel {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The right word.
        word: String,
    },
    /// A prompt that is one of the stimuli too.
    PromptIsStimulus {
        /// The file of the prompts.
        file: String,
        /// The line of the prompt, counted from 1.
        line: usize,
        /// The file of the stimuli.
        stimuli: String,
        /// The line of the stimulus, counted from 1.
        stimulus: usize,
    },
    /// Too few random sets for a claim to reach the level.
    FewRandomSets {
        /// Random sets of each kind.
        random_sets: usize,
        /// Most claims that are tested.
        claims: usize,
        /// The fewest random sets with which a claim can reach the level.
        needed: f64,
    },
    /// A model that is right in none of a label's prompts, as far as it was asked.
    NeverRight {
        /// The label.
        label: String,
        /// Number of its prompts that the model predicted.
        prompts: usize,
        /// Number of all its prompts.
        labelled: usize,
    },
    /// A model that may not be the one that its author means.
    Model {
        /// The doubt, with the model's name.
        doubt: String,
    },
    /// A comment that may be a sentence.
    CommentedLine {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// A comment after a sentence, which is read as a part of it.
    CommentInLine {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// A first word that may be a label.
    MayBeLabel {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The word.
        word: String,
    },
    /// A word of one label in a line that has the other.
    OtherLabel {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The label of the line.
        label: String,
        /// The word.
        word: String,
    },
    /// A brace of a context pair with its words in the other order than elsewhere.
    TurnedContext {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The words.
        words: [String; 2],
        /// The first line with the other order.
        first: usize,
    },
}

impl Warning {
    /// The line that it is about, if it is about one.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::UnknownWordsInLine { line, .. }
            | Self::PromptWithoutLabel { line, .. }
            | Self::PromptIsStimulus { line, .. }
            | Self::CommentedLine { line, .. }
            | Self::CommentInLine { line, .. }
            | Self::MayBeLabel { line, .. }
            | Self::OtherLabel { line, .. }
            | Self::TurnedContext { line, .. } => Some(*line),
            Self::UnknownWords { .. }
            | Self::SplitWords { .. }
            | Self::TextAfterTarget { .. }
            | Self::FewTemplates { .. }
            | Self::LabelWithoutPrompts { .. }
            | Self::FewRandomSets { .. }
            | Self::NeverRight { .. }
            | Self::Model { .. } => None,
        }
    }

    /// Puts the warnings about a study as a whole before those about its lines.
    pub fn sort(warnings: &mut [Self]) {
        warnings.sort_by_key(|warning| warning.line().is_some());
    }
}

/// The most warnings of which each is shown.
pub const MOST_SHOWN: usize = 20;

/// The first lines of a list, and how many more there are.
#[must_use]
pub fn shown<T: fmt::Display>(items: &[T]) -> Vec<String> {
    let mut lines: Vec<String> = items.iter().take(MOST_SHOWN).map(ToString::to_string).collect();
    if items.len() > MOST_SHOWN {
        lines.push(format!("{} in all; the first {MOST_SHOWN} are shown", items.len()));
    }
    lines
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownWords { file, words, lines } => write!(
                f,
                "{file}: {} in {} that the model does not know; it reads each as an unknown token",
                counted(*words, "word"),
                counted(*lines, "line")
            ),
            Self::UnknownWordsInLine { file, line, words } => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                write!(f, "{file}:{line}: the model does not know {}", words.join(", "))
            }
            Self::SplitWords { file, words, lines } => write!(
                f,
                "{file}: the model reads {} in {} in several pieces",
                counted(*words, "word"),
                counted(*lines, "line")
            ),
            Self::TextAfterTarget { file, lines } => write!(
                f,
                "{file}: {} with text after the target; the model is a decoder and does not read it",
                counted(*lines, "line")
            ),
            Self::FewTemplates { label, templates } => write!(
                f,
                "\"{label}\" has {}; intervals need at least {FEWEST_TEMPLATES}",
                counted(*templates, "template")
            ),
            Self::LabelWithoutPrompts { label } => write!(
                f,
                "no prompt has the label \"{label}\", so its neurons are lesioned in none of their \
                 own prompts; add such prompts or, if there are to be none, write the label of each prompt \
                 before it"
            ),
            Self::PromptWithoutLabel { file, line, word } => write!(
                f,
                "{file}:{line}: the prompt for \"{word}\" has no label, so it is not lesioned"
            ),
            Self::PromptIsStimulus { file, line, stimuli, stimulus } => write!(
                f,
                "{file}:{line}: the sentence of {stimuli}:{stimulus}; neurons are selected on it too"
            ),
            Self::FewRandomSets { random_sets, claims, needed } => write!(
                f,
                "with {} and {}, no claim can reach the level {LEVEL}; at least {needed} random sets \
                 are needed",
                counted(*random_sets, "random set"),
                counted(*claims, "claim")
            ),
            Self::NeverRight { label, prompts, labelled } => {
                write!(
                    f,
                    "without a lesion, the model is right in none of the prompts with the label \
                     \"{label}\""
                )?;
                if prompts == labelled {
                    write!(f, " ({})", counted(*prompts, "prompt"))
                } else {
                    write!(f, " that it predicted ({prompts} of {labelled} prompts)")
                }
            }
            Self::Model { doubt } => f.write_str(doubt),
            Self::CommentedLine { file, line } => write!(
                f,
                "{file}:{line}: a sentence that starts with `#` is not read; write `# ` before a \
                 comment"
            ),
            Self::CommentInLine { file, line } => {
                write!(f, "{file}:{line}: a `#` after a sentence is a part of it, not a comment")
            }
            Self::MayBeLabel { file, line, word } => write!(
                f,
                "{file}:{line}: \"{word}\" is read as a word of the sentence; a label stands before a \
                 tab"
            ),
            Self::OtherLabel { file, line, label, word } => {
                write!(
                    f,
                    "{file}:{line}: the line has the label \"{label}\", its word is \"{word}\""
                )
            }
            Self::TurnedContext { file, line, words: [a, b], first } => write!(
                f,
                "{file}:{line}: {{{a}|{b}}} has the other order in line {first}; the first word \
                 belongs to side a"
            ),
        }
    }
}

/// `1 line`, `2 lines`.
fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_reads_as_one_line_and_is_read_back() {
        let warning = Warning::UnknownWordsInLine {
            file: "pairs.txt".into(),
            line: 3,
            words: vec!["Иван".into()],
        };
        assert_eq!(warning.to_string(), "pairs.txt:3: the model does not know \"Иван\"");
        let json = serde_json::to_value(&warning).unwrap();
        assert_eq!(json["kind"], "unknown_words_in_line");
        assert_eq!(serde_json::from_value::<Warning>(json).unwrap(), warning);
    }

    #[test]
    fn no_more_prompts_are_claimed_than_were_predicted() {
        let never = |prompts| Warning::NeverRight { label: "her".into(), prompts, labelled: 40 };
        let start =
            "without a lesion, the model is right in none of the prompts with the label \"her\"";
        assert_eq!(never(40).to_string(), format!("{start} (40 prompts)"));
        let some = format!("{start} that it predicted (20 of 40 prompts)");
        assert_eq!(never(20).to_string(), some);
    }

    #[test]
    fn a_long_list_ends_with_its_number() {
        let items: Vec<usize> = (0..30).collect();
        let lines = shown(&items);
        assert_eq!(lines.len(), MOST_SHOWN + 1);
        assert_eq!(lines[MOST_SHOWN], "30 in all; the first 20 are shown");
        assert_eq!(shown(&items[..2]), ["0", "1"]);
    }
}
