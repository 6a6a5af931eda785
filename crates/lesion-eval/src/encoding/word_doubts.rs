//! Words of a file that a model does not know, or reads in several pieces.

use std::collections::{BTreeMap, BTreeSet};

use bert_model::{BertTokenizer, Encoded};
use study_record::Warning;

/// Words that a model does not know, or reads in several pieces, or not at all, by their line.
#[derive(Debug, Default)]
pub(crate) struct WordDoubts {
    unknown: BTreeMap<usize, Vec<String>>,
    split: BTreeMap<usize, BTreeSet<String>>,
    /// Lines with text that a decoder does not read.
    unread: BTreeSet<usize>,
}

impl WordDoubts {
    /// Adds the words of a sentence.
    pub(crate) fn add(
        &mut self,
        tokenizer: &BertTokenizer,
        line: usize,
        sentence: &str,
        encoded: &Encoded,
    ) {
        let unknown = tokenizer.unknown_words(encoded, sentence);
        if !unknown.is_empty() {
            let words = self.unknown.entry(line).or_default();
            for word in unknown {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        let split = split_words(encoded, sentence);
        if !split.is_empty() && !tokenizer.reads_letters() {
            self.split.entry(line).or_default().extend(split);
        }
    }

    /// Adds a line with text after the target, which the model does not read.
    pub(crate) fn add_unread(&mut self, line: usize) {
        self.unread.insert(line);
    }

    /// The words of a line that the model does not know.
    pub(crate) fn unknown(&self, line: usize) -> Vec<String> {
        self.unknown.get(&line).cloned().unwrap_or_default()
    }

    /// Adds the warnings about a file: first the counts, then each line with an unknown word.
    pub(crate) fn warn(self, file: &str, warnings: &mut Vec<Warning>) {
        let file = || file.to_owned();
        if !self.unknown.is_empty() {
            let words = self.unknown.values().map(Vec::len).sum();
            let lines = self.unknown.len();
            warnings.push(Warning::UnknownWords { file: file(), words, lines });
        }
        if !self.split.is_empty() {
            let words = self.split.values().map(BTreeSet::len).sum();
            let lines = self.split.len();
            warnings.push(Warning::SplitWords { file: file(), words, lines });
        }
        if !self.unread.is_empty() {
            warnings.push(Warning::TextAfterTarget { file: file(), lines: self.unread.len() });
        }
        for (line, words) in self.unknown {
            warnings.push(Warning::UnknownWordsInLine { file: file(), line, words });
        }
    }
}

/// The words of a text that became several tokens: letters and digits without anything between them.
fn split_words(encoded: &Encoded, text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut pieces = 0;
    for position in 0..encoded.ids.len() {
        let place = encoded.place(position);
        if place.is_empty() {
            continue;
        }
        if pieces == 0 || !continues_word(text, place.start) {
            start = place.start;
            pieces = 0;
        }
        pieces += 1;
        if pieces > 1 && !continues_word(text, place.end) {
            words.push(text.get(start..place.end).unwrap_or_default().to_owned());
        }
    }
    words
}

/// True if a word continues at a byte: a letter or digit stands on either side. Characters of scripts
/// without spaces are words by themselves.
fn continues_word(text: &str, place: usize) -> bool {
    let (Some(before), Some(after)) = (text.get(..place), text.get(place..)) else { return true };
    let is_part = |character: char| character.is_alphanumeric() && !is_word_by_itself(character);
    before.ends_with(is_part) && after.starts_with(is_part)
}

fn is_word_by_itself(character: char) -> bool {
    matches!(
        character,
        '\u{e00}'..='\u{eff}' // Thai and Lao
            | '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}
