//! Words, and the word pieces of the bundled model's tokenizer.

use std::collections::BTreeSet;

use crate::held_out::{PROMPTS, STIMULI, template_lines};
use crate::lexicon::leanings::{NEUTRAL_NAMES, PROFESSIONS, VERBS, leaning_words};
use crate::lexicon::people::{
    KINSHIP, OWNERS, ROLE_ADJECTIVES, ROLES, SURNAMES, TITLES_WITH_FIRST_NAME, TITLES_WITH_SURNAME,
    first_names,
};
use crate::lexicon::phrases::PHRASES;
use crate::lexicon::words::WORDS;
use crate::pronoun::{Case, Gender};
use crate::sentences::shapes::SHAPE_GROUPS;

/// The special pieces, in the order of their ids.
pub const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// Pieces for punctuation.
const PUNCTUATION: &str = ".,?!;:'\"-()";

/// Every word piece, in the order of the ids.
///
/// First the special pieces, then punctuation, then single letters and digits (alone and as
/// continuations, so that any other word can be spelt), then the words.
#[must_use]
pub fn word_pieces() -> Vec<String> {
    let single: Vec<String> = ('a'..='z').chain('0'..='9').map(String::from).collect();
    let mut pieces: Vec<String> = SPECIAL.map(str::to_owned).to_vec();
    pieces.extend(PUNCTUATION.chars().map(String::from));
    pieces.extend(single.iter().cloned());
    pieces.extend(single.iter().map(|piece| format!("##{piece}")));
    pieces.extend(words().into_iter().filter(|word| word.len() > 1));
    pieces
}

/// Every word, in lower case, that can occur in a sentence of the grammar, a stimulus or a prompt.
#[must_use]
pub fn words() -> BTreeSet<String> {
    let mut words = grammar_words();
    for line in template_lines(STIMULI).chain(template_lines(PROMPTS)) {
        words.extend(split_words(line));
    }
    words
}

/// Every word, in lower case, that can occur in a sentence of the grammar.
#[must_use]
pub fn grammar_words() -> BTreeSet<String> {
    let mut words: BTreeSet<String> = ["a", "an"].map(str::to_owned).into();
    for gender in [Gender::Male, Gender::Female] {
        words.extend(first_names(gender).map(str::to_lowercase));
        words.extend(Case::ALL.map(|case| case.pronoun(gender).to_owned()));
    }
    for list in [SURNAMES, OWNERS, ROLE_ADJECTIVES] {
        words.extend(list.iter().map(|word| word.to_lowercase()));
    }
    for pairs in [TITLES_WITH_SURNAME, TITLES_WITH_FIRST_NAME, KINSHIP, ROLES] {
        for (male, female) in pairs {
            words.extend([male.to_lowercase(), female.to_lowercase()]);
        }
    }
    for table in [PROFESSIONS, NEUTRAL_NAMES, VERBS] {
        words.extend(leaning_words(table).map(|(_, word)| word.to_lowercase()));
    }
    for (_, class) in WORDS {
        words.extend(split_words(class));
    }
    for phrase in PHRASES.iter().flat_map(|(_, phrases)| *phrases) {
        words.extend(literal_words(phrase));
    }
    for shape in SHAPE_GROUPS.iter().flat_map(|group| group.shapes) {
        words.extend(literal_words(shape));
    }
    words
}

/// Splits a text at white space and punctuation into words in lower case.
pub fn split_words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase)
}

/// The words of a shape or phrase outside its braces.
fn literal_words(shape: &str) -> impl Iterator<Item = String> {
    let literals = shape.split('{').map(|part| match part.split_once('}') {
        Some((_, literal)) => literal,
        None => part,
    });
    literals.flat_map(split_words)
}
