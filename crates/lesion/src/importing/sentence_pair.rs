//! A pair of sentences in a foreign file, and the reasons why one cannot be used.

use lesion_eval::LineProblem;

/// A pair of sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SentencePair {
    /// The line of the file on which it begins, counted from 1.
    pub(crate) line: usize,
    /// The acceptable sentence.
    pub(crate) good: String,
    /// The unacceptable one.
    pub(crate) bad: String,
}

/// A line that cannot be used.
#[derive(Debug)]
pub struct UnusedLine {
    /// The line of the file, counted from 1.
    pub line: usize,
    /// The reason.
    pub reason: UnusedReason,
}

/// The most characters of a reason that are shown: some contain parts of a sentence of any length.
const MOST_CHARACTERS: usize = 300;

impl UnusedLine {
    /// The reason in words, without its end if it is very long.
    #[must_use]
    pub fn shown_reason(&self) -> String {
        let reason = self.reason.to_string();
        match reason.char_indices().nth(MOST_CHARACTERS) {
            Some((end, _)) => format!("{}…", &reason[..end]),
            None => reason,
        }
    }
}

/// The reason why a line of a list of minimal pairs cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnusedReason {
    /// A line that is not JSON.
    #[error("invalid JSON: {problem} at column {column}")]
    Json {
        /// The parser's words.
        problem: String,
        /// The column, counted from 1.
        column: usize,
    },

    /// A JSON value that is not an object.
    #[error("not a JSON object; each line contains one")]
    NotAnObject,

    /// A missing field.
    #[error("there is no field `{field}`")]
    NoField {
        /// Its name.
        field: &'static str,
    },

    /// A field that is not text.
    #[error("the field `{field}` is not text")]
    NotText {
        /// Its name.
        field: &'static str,
    },

    /// A field that occurs twice.
    #[error("the field `sentence_good` or `sentence_bad` occurs twice")]
    RepeatedField,

    /// A row with more fields than the first one.
    #[error(
        "the row has {fields} fields, but the first row {columns}; a field that contains the separator needs \
         quotation marks"
    )]
    LongRow {
        /// Fields of the row.
        fields: usize,
        /// Fields of the first row.
        columns: usize,
    },

    /// A quotation mark that nothing closes.
    #[error("a quotation mark is not closed, so that lines {first} to {last} are one row")]
    OpenQuote {
        /// The line on which the row begins.
        first: usize,
        /// The last line of the file.
        last: usize,
    },

    /// Text between a closing quotation mark and the end of its field.
    #[error(
        "text follows a closing quotation mark; quotation marks within a field are doubled, and the field is \
         between quotation marks"
    )]
    TextAfterQuote,

    /// A row of a table with fewer fields than a column needs.
    #[error("the row has no field in the column `{column}`")]
    ShortRow {
        /// Name of the column.
        column: String,
    },

    /// A sentence without a character that can be seen.
    #[error("the {kind} sentence is empty")]
    Empty {
        /// `good` or `bad`.
        kind: &'static str,
    },

    /// Sentences that are the same.
    #[error("both sentences are the same")]
    Same,

    /// Sentences that differ in spaces only.
    #[error("the sentences differ in spaces only")]
    Spaces,

    /// Sentences that differ in more than a word because of their spaces.
    #[error("the sentences differ in spaces beside the word")]
    SpacesToo,

    /// Sentences that differ in punctuation.
    #[error("the sentences differ in punctuation: `{good}` and `{bad}`")]
    Punctuation {
        /// The part of the good sentence that differs.
        good: String,
        /// The part of the bad one.
        bad: String,
    },

    /// Sentences with different numbers of words.
    #[error("{} and {} words: `{good}` and `{bad}`; one word is to differ", words[0], words[1])]
    WordCounts {
        /// Words of each sentence.
        words: [usize; 2],
        /// The part of the good sentence that differs.
        good: String,
        /// The part of the bad one.
        bad: String,
    },

    /// Sentences that differ in several words.
    #[error("{words} words differ: `{good}` and `{bad}`; one word is to differ")]
    SeveralWords {
        /// Number of words from the first to the last that differs.
        words: usize,
        /// These words of the good sentence.
        good: String,
        /// Those of the bad one.
        bad: String,
    },

    /// A sentence with a brace.
    #[error("the sentence contains `{character}`, which marks the words of a template")]
    Brace {
        /// The brace.
        character: char,
    },

    /// A sentence with a mask.
    #[error("the sentence contains `{mask}`, which a model reads as a mask")]
    Mask {
        /// The mask.
        mask: String,
    },

    /// A sentence that would be a comment.
    #[error("the sentence begins with `#`, as a comment does")]
    Comment,

    /// The same sentences as on an earlier line.
    #[error("the same sentences as in line {first}")]
    Repeated {
        /// The earlier line.
        first: usize,
    },

    /// Sentences that are the other way round than on an earlier line.
    #[error("the same sentences as in line {first}, where the other one is good")]
    Contradicted {
        /// The earlier line.
        first: usize,
    },

    /// A line that is no valid line of stimuli or prompts.
    #[error(transparent)]
    Line(#[from] LineProblem),
}
