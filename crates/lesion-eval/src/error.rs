//! Errors of a study.

use std::fmt;

use activation_capture::CaptureError;
use bert_model::{BertModelError, Family};
use neuron_stats::StatsError;
use study_record::{StimuliCounts, TableError};

/// Everything that can go wrong in a study. Each error prints as one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// Invalid lines of stimuli or prompts files.
    #[error("{0}")]
    Lines(InvalidLines),

    /// A stimuli or prompts file with too few templates.
    #[error("{file}: {problem}")]
    File {
        /// The file's name.
        file: String,
        /// The problem.
        problem: FileProblem,
    },

    /// The model cannot be run.
    #[error(transparent)]
    Model(#[from] BertModelError),

    /// The activations cannot be read or edited.
    #[error(transparent)]
    Capture(#[from] CaptureError),

    /// An activation that is not a finite number.
    #[error(
        "the activation of neuron {neuron} in layer {layer} is {value}; its weights are damaged"
    )]
    Activation {
        /// The layer.
        layer: usize,
        /// The neuron in it.
        neuron: usize,
        /// The activation.
        value: f64,
    },

    /// The activations cannot be tested.
    #[error(transparent)]
    Stats(StatsError),

    /// A share of held-out stimuli that leaves too few of them in either part.
    #[error(
        "holding out {share} of {count} {unit} leaves a part with fewer than the 2 that a t-test \
         needs"
    )]
    HeldOut {
        /// The share.
        share: f64,
        /// Number of the units that are held out or kept.
        count: usize,
        /// The units.
        unit: StimuliUnit,
    },

    /// A dynamic selection over the whole model.
    #[error(
        "dynamic hooks test a layer while it runs, but the scope `model` needs every layer's tests"
    )]
    DynamicScope,

    /// A dynamic selection by max-T.
    #[error("dynamic hooks test a layer while it runs, but max-T needs all activations at once")]
    DynamicMaxT,

    /// A study whose neurons a dynamic pass cannot find or lesion.
    #[error("dynamic hooks: {obstacle}")]
    DynamicStudy {
        /// The reason.
        obstacle: DynamicObstacle,
    },

    /// A lesion in every layer that shares a neuron's weights, in a model whose layers share none.
    #[error("`shared` is `everywhere`, but the layers of `{family}` share no weights; use `here`")]
    NothingShared {
        /// The family of the model.
        family: Family,
    },

    /// A part that reads one prediction of each prompt, in a study that scores sentences.
    #[error(
        "it follows one word's logit back to the neurons, but this study scores whole sentences (`score`)"
    )]
    ScoredSentences,

    /// A patch in a study that scores sentences.
    #[error(
        "kind `patch` takes values from a prompt's counterpart at one mask, but this study scores whole \
         sentences (`score`), with a mask for each token; use another kind"
    )]
    PatchedSentences,

    /// Rows that cannot be written as a table.
    #[error(transparent)]
    Table(#[from] TableError),

    /// A kind of lesion that needs activations, without a study that measures them.
    #[error(
        "kind `{kind}` uses the activations of a study's sentences, and there is no study here; \
         `zero`, `scale=0.5` and `value=1.5` need none"
    )]
    NoActivations {
        /// The kind.
        kind: String,
    },

    /// The stability of neuron sets that were not selected.
    #[error("it selects on other stimuli, but the study's neurons come from a file")]
    StabilityOfGivenSets,

    /// A lesion whose values come from prompts, if none has the label that it takes them from.
    #[error(
        "kind `{kind}` takes activations from prompts of a label, and there are none; add prompts of \
         both labels, or use `from = \"stimuli\"`"
    )]
    NoSentences {
        /// The kind.
        kind: String,
    },

    /// A prompt without a counterpart that has the lesioned tokens.
    #[error("prompt {prompt} has no counterpart from which kind `patch` could take values")]
    NoCounterpart {
        /// Index of the prompt's template.
        prompt: usize,
    },

    /// An offset that leaves its sentence.
    #[error(
        "offset {offset} leaves prompt {prompt}, whose word is predicted at token {position} of 0 to {}; \
         offsets count from there",
        length - 1
    )]
    Offset {
        /// The distance from the token at which the word is predicted.
        offset: i64,
        /// Index of the prompt's template.
        prompt: usize,
        /// Position at which the word is predicted.
        position: usize,
        /// Tokens of the sentence.
        length: usize,
    },

    /// A sentence of several in which activations cannot be read.
    #[error("sentence {number}: {problem}")]
    Sentence {
        /// The place of the sentence, from 1 on.
        number: usize,
        /// The problem.
        problem: Box<SentenceProblem>,
    },

    /// A word that cannot be a candidate.
    #[error(transparent)]
    Candidate(#[from] CandidateProblem),

    /// A neuron set that does not fit the model or the contrast.
    #[error("set {index}: {problem}")]
    NeuronSet {
        /// Index of the set in its file.
        index: usize,
        /// The problem.
        problem: NeuronSetProblem,
    },

    /// A label that no neuron set of a file has.
    #[error("no neuron set has the label \"{label}\"; found: {}", quote_all(known))]
    NoSetOfLabel {
        /// The label.
        label: String,
        /// The labels in the file.
        known: Vec<String>,
    },

    /// The most active neurons of a sentence, where neurons must be named.
    #[error(
        "`top` followed by a number is only for neurons to look at; name the neurons by number or label"
    )]
    MostActive,

    /// Finished batches cannot be kept.
    #[error("cannot write to the journal of the run")]
    Journal(#[source] std::io::Error),

    /// A trial of the laboratory that ended without an outcome.
    #[error("the trials \"{journal_key}\" have lesions without an outcome")]
    MissingOutcome {
        /// The name of the trials in the journal.
        journal_key: String,
    },

    /// A logit that is not a finite number.
    #[error("the model gives prompt {prompt} a logit that is {value}; its weights are damaged")]
    NotFinite {
        /// The logit.
        value: f32,
        /// Index of the prompt's template.
        prompt: usize,
    },

    /// Batches that are needed are left to other shares of the study.
    #[error("batches of other shares are missing")]
    LeftToShares,

    /// The caller stopped the run.
    #[error("the run was cancelled")]
    Cancelled,
}

/// A sentence in which activations cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SentenceProblem {
    /// The model cannot read the sentence.
    #[error(transparent)]
    Model(#[from] BertModelError),

    /// The word is not in the sentence.
    #[error("it does not contain the word `{word}`")]
    NoWord {
        /// The word.
        word: String,
    },

    /// The position is outside the sentence.
    #[error("it has no token {position}; its tokens are 0 to {}, or -{length} to -1", length - 1)]
    NoToken {
        /// The requested position.
        position: i64,
        /// Tokens of the sentence.
        length: usize,
    },
}

/// A property of a study that a dynamic pass does not support.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicObstacle {
    /// The study lesions the sets of a file.
    #[error("neurons must be selected by the study; this study takes them from a file")]
    GivenSets,

    /// The study does not select on all pairs.
    #[error("neurons must be selected on all pairs; in this study pairs are held out")]
    HeldOut,

    /// The study lesions in another way.
    #[error(
        "only zero lesions at the target are supported; this study sets `lesion.kind` or `lesion.at`"
    )]
    Lesion,

    /// The study lesions neurons in layers below that in which they are selected.
    #[error(
        "neurons must be lesioned in the layer where they are selected; this study sets `lesion.shared`"
    )]
    Shared,
}

/// An invalid line of a stimuli or prompts file.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct InvalidLine {
    /// The file's name.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The problem.
    pub problem: LineProblem,
}

/// Invalid lines of a study's texts. It prints as one line: the first of them, and how many more
/// there are.
#[derive(Debug, Default)]
pub struct InvalidLines(Vec<InvalidLine>);

impl InvalidLines {
    /// The lines, in the order in which they were found.
    #[must_use]
    pub fn lines(&self) -> &[InvalidLine] {
        &self.0
    }

    /// The lines, in the order in which they were found.
    #[must_use]
    pub fn into_lines(self) -> Vec<InvalidLine> {
        self.0
    }

    /// True if a line of this file is invalid.
    #[must_use]
    pub fn is_any_of(&self, file: &str) -> bool {
        self.0.iter().any(|invalid| invalid.file == file)
    }

    /// Adds a line.
    pub(crate) fn add(&mut self, file: &str, line: usize, problem: impl Into<LineProblem>) {
        self.0.push(InvalidLine { file: file.to_owned(), line, problem: problem.into() });
    }

    /// Checks that no line is invalid. Those of one file are then in the order of the file.
    ///
    /// # Errors
    /// If there is an invalid line ([`StudyError::Lines`]).
    pub fn check(mut self) -> Result<(), StudyError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut files: Vec<String> = Vec::new();
        for invalid in &self.0 {
            if !files.contains(&invalid.file) {
                files.push(invalid.file.clone());
            }
        }
        let place = |invalid: &InvalidLine| {
            (files.iter().position(|file| *file == invalid.file), invalid.line)
        };
        self.0.sort_by_key(place);
        self.0.dedup_by_key(|invalid| place(invalid));
        Err(StudyError::Lines(self))
    }
}

impl fmt::Display for InvalidLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.0.first() else { return f.write_str("no invalid line") };
        write!(f, "{first}")?;
        match self.0.len() - 1 {
            0 => Ok(()),
            1 => f.write_str("; one more line is invalid"),
            more => write!(f, "; {more} more lines are invalid"),
        }
    }
}

/// A problem in a line of a stimuli or prompts file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// A character that a text does not contain, or that cannot be seen.
    #[error("the character {} ({name}); {advice}", code_point(*character))]
    Character {
        /// The character.
        character: char,
        /// Its name.
        name: &'static str,
        /// A way to mend the file.
        advice: &'static str,
    },

    /// A character that looks like one of the syntax.
    #[error("the character {found} ({}) is not `{meant}`; type `{meant}`", code_point(*found))]
    LookAlike {
        /// The character.
        found: char,
        /// The character of the syntax.
        meant: char,
    },

    /// A tab within or after the sentence.
    #[error(
        "a tab after the first brace; a label stands before the sentence, and a sentence has no tab"
    )]
    TabInSentence,

    /// A tab that is written as a backslash and a letter.
    #[error("`\\t` before the sentence; type a tab, not a backslash and a `t`")]
    WrittenTab,

    /// A label or a group with spaces instead of a tab.
    #[error("\"{field}\" stands before spaces; a label or a group stands before a tab")]
    SpacesAfterField {
        /// The label or the group.
        field: String,
    },

    /// A pair with the sides of others in the other order.
    #[error(
        "the pair {{{}|{}}} is the other way round in line {first}; the same side comes first in \
         every line",
        words[0], words[1]
    )]
    OtherWayRound {
        /// The words of the target.
        words: [String; 2],
        /// The first line with the other order.
        first: usize,
    },

    /// A target with two words that are the same to the model.
    #[error("\"{}\" and \"{}\" are the same to the model", words[0], words[1])]
    SameWords {
        /// The words of the target.
        words: [String; 2],
    },

    /// A pair with sides that are the same to the model.
    #[error("both sides are the same to the model{}", unknown_note(unknown))]
    SameTokens {
        /// Words that the model does not know.
        unknown: Vec<String>,
    },

    /// The same template as on an earlier line: it would count as two observations.
    #[error("the same as line {first}")]
    Repeated {
        /// The earlier line.
        first: usize,
    },

    /// An opening brace without a closing one.
    #[error("a `{{` without its `}}`")]
    Unclosed,

    /// A closing brace without an opening one.
    #[error("a `}}` without its `{{`")]
    Unopened,

    /// A brace inside braces.
    #[error("a `{{` inside braces")]
    Nested,

    /// No braces at all.
    #[error("no target; put its words in braces, as in {{him|her}}")]
    NoTarget,

    /// An empty word in braces.
    #[error("an empty word in {{{brace}}}")]
    EmptyWord {
        /// The text in the braces.
        brace: String,
    },

    /// A single word in braces.
    #[error("{{{brace}}} has one word; a target has at least two, as in {{him|her}}")]
    OneWord {
        /// The text in the braces.
        brace: String,
    },

    /// A word that occurs twice in its braces.
    #[error("the word \"{word}\" occurs twice in {{{brace}}}")]
    RepeatedWord {
        /// The word.
        word: String,
        /// The text in the braces.
        brace: String,
    },

    /// A pair with a label of one side.
    #[error(
        "the label \"{label}\" before a pair; a pair has the labels of both sides, as in \
         good|bad<tab>We {{saw|seen}} it., or none"
    )]
    LabelledPair {
        /// The text before the tab.
        label: String,
    },

    /// A pair with other labels of its sides than the first pair, or with none.
    #[error(
        "the labels of its sides are not those of line {first}, {}; all pairs have the same ones",
        label_note(label.as_deref())
    )]
    OtherSideLabels {
        /// The line of the first pair.
        first: usize,
        /// The labels of the first pair, as they are written.
        label: Option<String>,
    },

    /// A pair with a brace that does not have two words.
    #[error("{found} words in braces; a pair has two")]
    WordCount {
        /// Number of words.
        found: usize,
    },

    /// A single sentence in a file of pairs.
    #[error(
        "a single sentence, but line {pair} is a pair; a file contains either pairs, {{him|her}}, or \
         single sentences, {{him}}"
    )]
    SentenceAmongPairs {
        /// The line of the first pair.
        pair: usize,
    },

    /// A pair in a file of single sentences.
    #[error(
        "a pair, but line {sentence} is a single sentence; a file contains either pairs, {{him|her}}, \
         or single sentences, {{him}}"
    )]
    PairAmongSentences {
        /// The line of the first sentence.
        sentence: usize,
    },

    /// A single sentence with several braces.
    #[error("{braces} braces with one word each; a single sentence has one, its target")]
    SeveralTargets {
        /// Number of braces.
        braces: usize,
    },

    /// A third label among single sentences.
    #[error(
        "a third label \"{label}\" besides \"{}\" and \"{}\"; a label for several words stands \
         before a tab, as in {}<tab>We saw {{Peter}}.",
        known[0], known[1], known[0]
    )]
    ThirdLabel {
        /// The label.
        label: String,
        /// The labels of earlier lines.
        known: [String; 2],
    },

    /// Two lines that the model cannot distinguish.
    #[error("to the model the same as line {first}{}", same_side_note(*same_label))]
    SameInput {
        /// The earlier line.
        first: usize,
        /// Whether both have the same label.
        same_label: bool,
    },

    /// A group without a name.
    #[error("a group without a name; write for example `group=beds` before the tab")]
    EmptyGroup,

    /// A second label or group before a tab.
    #[error("a second label or group before a tab: \"{field}\"")]
    SecondField {
        /// The text before the tab.
        field: String,
    },

    /// A label before several braces.
    #[error("a label before {braces} braces; a line with a label has one")]
    LabelOfSeveral {
        /// Number of braces.
        braces: usize,
    },

    /// A label that is not one of the contrast's.
    #[error("the label \"{label}\" is neither \"{}\" nor \"{}\"", known[0], known[1])]
    UnknownLabel {
        /// The label.
        label: String,
        /// The contrast's labels.
        known: [String; 2],
    },

    /// A sentence or word that the model cannot read.
    #[error(transparent)]
    Encoding(#[from] BertModelError),

    /// A word that cannot be a candidate.
    #[error(transparent)]
    Candidate(#[from] CandidateProblem),

    /// Candidates with different tokens around them.
    #[error("{right:?} and {word:?} leave different tokens around them")]
    Surroundings {
        /// The right word.
        right: String,
        /// The other candidate.
        word: String,
    },

    /// A prompt without a counterpart, in a study that needs it.
    #[error(
        "the prompt with the target \"{target}\" has no counterpart, which kind `patch` takes values \
         from; write at least one other brace, each with exactly two words: The {{king|queen}} smiled \
         when we met {{him|her}}."
    )]
    NoCounterpart {
        /// The right word.
        target: String,
    },

    /// A counterpart that is the same to the model, in a study that needs values from it.
    #[error(
        "the model reads the prompt with the target \"{target}\" and its counterpart as the same, so kind \
         `patch` would change nothing; a decoder reads a context before the target only"
    )]
    SameCounterpart {
        /// The right word.
        target: String,
    },

    /// A counterpart with other positions than its prompt, in a study that needs the same.
    #[error(
        "the prompt and its counterpart have {} and {} tokens, with the word predicted at {} and {}; kind \
         `patch` needs equal ones, except with `at = \"target\"`",
        lengths[0], lengths[1], positions[0], positions[1]
    )]
    UnalignedCounterpart {
        /// Tokens of the prompt and of its counterpart.
        lengths: [usize; 2],
        /// Position at which the word of each is predicted.
        positions: [usize; 2],
    },

    /// A minimal pair whose sides are the same without the target, which is not read.
    #[error(
        "the sides do not differ apart from the target, which is not read; write a context pair, {{The king|The \
         queen}} smiled when we greeted {{him|her}}."
    )]
    SameSides,

    /// A stimulus whose sides have different lengths, or their targets at different positions.
    #[error(
        "the sides have {} and {} tokens, with the target at {} and {}; both must be equal",
        lengths[0], lengths[1], positions[0], positions[1]
    )]
    UnequalSides {
        /// Tokens of each side.
        lengths: [usize; 2],
        /// Position of each side's target.
        positions: [usize; 2],
    },
}

/// A stimuli or prompts file with too little in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// Fewer than two stimulus pairs.
    #[error("a t-test needs at least 2 stimulus pairs, the file has {found}")]
    TooFewPairs {
        /// Number of pairs.
        found: usize,
    },

    /// Single sentences of one label only.
    #[error(
        "only the label \"{label}\" occurs; a contrast needs sentences of two labels, as in {{him}} \
         and {{her}}"
    )]
    OneLabel {
        /// The label.
        label: String,
    },

    /// Fewer than two single sentences of a label.
    #[error(
        "a t-test needs at least 2 sentences per label; the file has {found} sentence with the label \"{label}\""
    )]
    TooFewSentences {
        /// The label.
        label: String,
        /// Number of sentences.
        found: usize,
    },

    /// Fewer than two groups of a label.
    #[error("a t-test needs at least 2 groups per label; the {stimuli} are in {groups} group")]
    TooFewGroups {
        /// The number and the kind of stimuli.
        stimuli: String,
        /// Number of groups.
        groups: usize,
    },

    /// The paired test of single sentences.
    #[error(
        "single sentences form no pairs, which `test = \"paired\"` needs; use `--test welch` or `--test \
         student`"
    )]
    PairedTest,

    /// No prompt.
    #[error("no prompt; write one per line, the right word first: We thanked {{her|him}}.")]
    NoPrompt,
}

/// The units of stimuli that are observed independently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StimuliUnit {
    /// Pairs.
    Pairs,
    /// Groups of pairs.
    Groups,
    /// Single sentences of one label.
    Sentences,
    /// Groups of single sentences of one label.
    SentenceGroups,
}

impl StimuliUnit {
    /// The unit of stimuli with these counts.
    pub(crate) fn of(counts: &StimuliCounts) -> Self {
        match (counts.paired, counts.are_grouped()) {
            (true, false) => Self::Pairs,
            (true, true) => Self::Groups,
            (false, false) => Self::Sentences,
            (false, true) => Self::SentenceGroups,
        }
    }
}

impl fmt::Display for StimuliUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pairs => "pairs",
            Self::Groups => "groups",
            Self::Sentences => "sentences of one label",
            Self::SentenceGroups => "groups of one label",
        })
    }
}

/// A word that cannot be a candidate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CandidateProblem {
    /// A special token.
    #[error("{word:?} is a special token, not a word to predict")]
    Special {
        /// The word.
        word: String,
    },

    /// A word with the same token as another.
    #[error("{other:?} and {word:?} are one token for this model")]
    SameToken {
        /// The earlier word.
        other: String,
        /// The word.
        word: String,
    },

    /// A word before which a decoder reads other tokens than before another.
    #[error("the tokens before {other:?} are not those before {word:?}; ask about each by itself")]
    OtherTokensBefore {
        /// The earlier word.
        other: String,
        /// The word.
        word: String,
    },
}

/// A problem in a set of a neuron set file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NeuronSetProblem {
    /// A label that is not one of the contrast's.
    #[error("the label \"{label}\" is neither \"{}\" nor \"{}\"", known[0], known[1])]
    UnknownLabel {
        /// The label.
        label: String,
        /// The contrast's labels.
        known: [String; 2],
    },

    /// A layer that the model does not have.
    #[error("layer {layer} does not exist; there are 0 to {}", layers.saturating_sub(1))]
    NoSuchLayer {
        /// The layer.
        layer: usize,
        /// Number of layers.
        layers: usize,
    },

    /// A second set of the same label in the same layer.
    #[error("layer {layer} has a second set \"{label}\"")]
    SecondSet {
        /// The layer.
        layer: usize,
        /// The label.
        label: String,
    },

    /// A neuron that the layer does not have.
    #[error("neuron {neuron} does not exist; a layer has 0 to {}", neurons.saturating_sub(1))]
    NoSuchNeuron {
        /// The neuron.
        neuron: usize,
        /// Number of neurons in a layer.
        neurons: usize,
    },

    /// A neuron in the sets of both labels.
    #[error("neuron {neuron} of layer {layer} has both labels")]
    BothLabels {
        /// The neuron.
        neuron: usize,
        /// Its layer.
        layer: usize,
    },
}

impl StudyError {
    /// An error of a test of one layer's neurons.
    pub(crate) fn stats_of_layer(source: StatsError, layer: usize) -> Self {
        match source {
            StatsError::NotFinite { neuron, value, .. } => {
                Self::Activation { layer, neuron, value }
            }
            StatsError::Cancelled => Self::Cancelled,
            other => Self::Stats(other),
        }
    }

    /// An error of a test of all layers' neurons, with `neurons` in each layer.
    pub(crate) fn stats_of_model(source: StatsError, neurons: usize) -> Self {
        match Self::stats_of_layer(source, 0) {
            Self::Activation { neuron, value, .. } => {
                Self::Activation { layer: neuron / neurons, neuron: neuron % neurons, value }
            }
            other => other,
        }
    }
}

/// The number of a character in Unicode: `U+00A0`.
fn code_point(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

/// Words that the model does not know, as the reason why sides are the same.
fn unknown_note(unknown: &[String]) -> String {
    if unknown.is_empty() {
        return String::new();
    }
    format!(", which does not know {}", quote_all(unknown))
}

/// The labels of a pair's sides, as they are written.
fn label_note(label: Option<&str>) -> String {
    label.map_or_else(|| "which has none".to_owned(), |label| format!("`{label}`"))
}

/// The consequence of a sentence that occurs twice.
fn same_side_note(same_label: bool) -> &'static str {
    if same_label {
        "; it would count as two observations, unless both are in one group"
    } else {
        ", which has the other label"
    }
}

fn quote_all(labels: &[String]) -> String {
    let quoted: Vec<String> = labels.iter().map(|label| format!("\"{label}\"")).collect();
    quoted.join(", ")
}
