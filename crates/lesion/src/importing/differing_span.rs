//! The part in which two sentences differ.

use std::ops::Range;

use bert_model::MASK;
use study_record::ScoreUnit;

use crate::importing::sentence_pair::{SentencePair, UnusedReason};

/// A pair of sentences that differ in one word or, if sentences are scored, in some words next to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpanContrast {
    /// The line of the file on which the pair begins.
    pub(crate) line: usize,
    /// The text before the words.
    pub(crate) before: String,
    /// The word or words of the good sentence, and those of the bad one.
    pub(crate) words: [String; 2],
    /// The text after them.
    pub(crate) after: String,
}

impl SpanContrast {
    /// Finds the part in which the sentences of a pair differ. A run of white space counts as one space. If
    /// one sentence has no word there, the part begins a word earlier, or ends one later at the beginning.
    ///
    /// # Errors
    /// If they do not differ in exactly one word and only words are compared, if they do not differ, or cannot
    /// be written as a template.
    pub(crate) fn find(pair: &SentencePair, score: ScoreUnit) -> Result<Self, UnusedReason> {
        let good = single_spaces(&pair.good);
        let bad = single_spaces(&pair.bad);
        check_sentence(&good, "good")?;
        check_sentence(&bad, "bad")?;
        if good == bad {
            return Err(UnusedReason::Same);
        }
        let tokens = [split(&good), split(&bad)];
        let mut differing = differing_tokens([&good, &bad], &tokens);
        if score == ScoreUnit::Sentence {
            widen(&mut differing, &tokens)?;
        }
        let spans = [span(&tokens[0], &differing[0]), span(&tokens[1], &differing[1])];
        let parts = [&good[spans[0].clone()], &bad[spans[1].clone()]];
        match score {
            ScoreUnit::Word => check_words(parts, [&good, &bad])?,
            ScoreUnit::Sentence => check_part(parts)?,
        }
        let around = |sentence: &str, span: &Range<usize>| {
            (sentence[..span.start].to_owned(), sentence[span.end..].to_owned())
        };
        let (before, after) = around(&good, &spans[0]);
        if around(&bad, &spans[1]) != (before.clone(), after.clone()) {
            return Err(UnusedReason::SpacesToo);
        }
        Ok(Self { line: pair.line, before, words: parts.map(str::to_owned), after })
    }

    /// The template of the pair, with word number `first` first.
    pub(crate) fn template(&self, first: usize) -> String {
        let Self { before, words, after, .. } = self;
        format!("{before}{{{}|{}}}{after}", words[first], words[1 - first])
    }

    /// The text around the word, in lower case.
    pub(crate) fn frame(&self) -> [String; 2] {
        [self.before.to_lowercase(), self.after.to_lowercase()]
    }

    /// The two words, in lower case.
    pub(crate) fn keys(&self) -> [String; 2] {
        self.words.each_ref().map(|word| word.to_lowercase())
    }
}

fn single_spaces(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Checks that a sentence can be written as a line of a template.
fn check_sentence(sentence: &str, kind: &'static str) -> Result<(), UnusedReason> {
    if sentence.is_empty() {
        return Err(UnusedReason::Empty { kind });
    }
    if sentence.starts_with('#') {
        return Err(UnusedReason::Comment);
    }
    if sentence.contains(MASK) {
        return Err(UnusedReason::Mask { mask: MASK.to_owned() });
    }
    match sentence.chars().find(|character| "{}".contains(*character)) {
        Some(character) => Err(UnusedReason::Brace { character }),
        None => Ok(()),
    }
}

/// True if a character that is no white space is a token by itself. Marks within words, such as accents,
/// are not.
fn is_punctuation(character: char) -> bool {
    if character.is_alphanumeric() {
        return false;
    }
    character.is_ascii_punctuation()
        || matches!(character,
            '\u{a1}'..='\u{bf}' | '\u{d7}' | '\u{f7}'
            | '\u{60c}' | '\u{61b}' | '\u{61f}' | '\u{964}' | '\u{965}'
            | '\u{2010}'..='\u{205e}' | '\u{20a0}'..='\u{20bf}' | '\u{2190}'..='\u{2bff}'
            | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{301f}' | '\u{30fb}'
            | '\u{ff01}'..='\u{ff65}')
}

/// The words and punctuation marks of a sentence.
fn split(sentence: &str) -> Vec<Range<usize>> {
    let mut tokens: Vec<Range<usize>> = Vec::new();
    let mut is_in_word = false;
    for (place, character) in sentence.char_indices() {
        let end = place + character.len_utf8();
        let is_of_word = !character.is_whitespace() && !is_punctuation(character);
        match tokens.last_mut() {
            Some(word) if is_of_word && is_in_word => word.end = end,
            _ if !character.is_whitespace() => tokens.push(place..end),
            _ => {}
        }
        is_in_word = is_of_word;
    }
    tokens
}

/// The tokens of each sentence between the first ones that they share and the last ones.
fn differing_tokens(sentences: [&str; 2], tokens: &[Vec<Range<usize>>; 2]) -> [Range<usize>; 2] {
    let text = |side: usize, token: usize| &sentences[side][tokens[side][token].clone()];
    let lengths = [tokens[0].len(), tokens[1].len()];
    let shorter = lengths[0].min(lengths[1]);
    let first = (0..shorter).find(|&token| text(0, token) != text(1, token)).unwrap_or(shorter);
    let mut last = 0;
    while first + last < shorter && text(0, lengths[0] - 1 - last) == text(1, lengths[1] - 1 - last)
    {
        last += 1;
    }
    lengths.map(|length| first..length - last)
}

/// Widens differing parts of which one is empty by a token that both sentences have.
///
/// # Errors
/// If the sentences have the same tokens.
fn widen(
    differing: &mut [Range<usize>; 2],
    tokens: &[Vec<Range<usize>>; 2],
) -> Result<(), UnusedReason> {
    if differing.iter().all(Range::is_empty) {
        return Err(UnusedReason::Spaces);
    }
    if differing.iter().any(Range::is_empty) {
        for (part, tokens) in differing.iter_mut().zip(tokens) {
            if part.start > 0 {
                part.start -= 1;
            } else {
                part.end = (part.end + 1).min(tokens.len());
            }
        }
    }
    Ok(())
}

/// The bytes of some tokens.
fn span(tokens: &[Range<usize>], differing: &Range<usize>) -> Range<usize> {
    if differing.is_empty() {
        let place = tokens.get(differing.start).map_or(0, |token| token.start);
        return place..place;
    }
    tokens[differing.start].start..tokens[differing.end - 1].end
}

/// Checks that differing parts of any number of words can stand in braces.
fn check_part(parts: [&str; 2]) -> Result<(), UnusedReason> {
    if parts.iter().any(|part| part.is_empty()) {
        return Err(UnusedReason::Spaces);
    }
    if parts.iter().any(|part| part.contains('|')) {
        return Err(UnusedReason::Brace { character: '|' });
    }
    Ok(())
}

/// Checks that each differing part is one word.
fn check_words(parts: [&str; 2], sentences: [&str; 2]) -> Result<(), UnusedReason> {
    if parts.iter().all(|part| part.is_empty()) {
        return Err(UnusedReason::Spaces);
    }
    let words =
        |text: &str| split(text).iter().filter(|word| !is_mark(&text[(*word).clone()])).count();
    let [good, bad] = parts.map(str::to_owned);
    match parts.map(words) {
        [1, 1] if parts.map(|part| split(part).len()) == [1, 1] => Ok(()),
        [0 | 1, 0 | 1] if sentences.map(words)[0] == sentences.map(words)[1] => {
            Err(UnusedReason::Punctuation { good, bad })
        }
        [a, b] if a == b => Err(UnusedReason::SeveralWords { words: a, good, bad }),
        _ => Err(UnusedReason::WordCounts { words: sentences.map(words), good, bad }),
    }
}

/// True if a token is a punctuation mark.
fn is_mark(token: &str) -> bool {
    token.chars().all(is_punctuation)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(good: &str, bad: &str) -> Result<String, String> {
        find_with(good, bad, ScoreUnit::Word)
    }

    fn find_with(good: &str, bad: &str, score: ScoreUnit) -> Result<String, String> {
        let pair = SentencePair { line: 1, good: good.to_owned(), bad: bad.to_owned() };
        let found = SpanContrast::find(&pair, score).map_err(|reason| reason.to_string())?;
        Ok(found.template(0))
    }

    #[test]
    fn the_word_that_differs_is_found_without_its_punctuation() {
        for (good, bad, template) in [
            ("Ann hurt herself.", "Ann hurt himself.", "Ann hurt {herself|himself}."),
            ("These keys work", "This keys work", "{These|This} keys work"),
            ("It isn't\todd.", " It aren't odd. ", "It {isn|aren}'t odd."),
            ("The ill-fated ship", "The well-fated ship", "The {ill|well}-fated ship"),
            ("Who saw \"it\"?", "Who saw \"them\"?", "Who saw \"{it|them}\"?"),
            ("the the dog", "the dog dog", "the {the|dog} dog"),
            ("Cafe\u{301} is", "Cafe\u{301} are", "Cafe\u{301} {is|are}"),
            ("Cafe\u{301}.", "Cafe.", "{Cafe\u{301}|Cafe}."),
            ("May it", "may it", "{May|may} it"),
        ] {
            assert_eq!(find(good, bad).unwrap(), template);
        }
    }

    #[test]
    fn other_sentences_have_a_reason() {
        for (good, bad, reason) in [
            ("It is odd.", "It is  odd.", "both sentences are the same"),
            ("It isn 't.", "It isn't.", "differ in spaces only"),
            ("It 's here.", "It's there.", "differ in spaces beside the word"),
            ("It is here.", "It are there.", "2 words differ: `is here` and `are there`"),
            ("It is.", "It is not.", "2 and 3 words: `` and `not`"),
            ("It is odd", "It is odd.", "differ in punctuation: `` and `.`"),
            ("It is: odd", "It are, odd", "differ in punctuation: `is:` and `are,`"),
            ("\u{a0}", "It", "the good sentence is empty"),
            ("It", "", "the bad sentence is empty"),
            ("It {is}", "It {are}", "contains `{`"),
            ("#It is", "#It are", "begins with `#`"),
        ] {
            let found = find(good, bad).unwrap_err();
            assert!(found.contains(reason), "{good:?}, {bad:?}: {found}");
        }
    }

    #[test]
    fn sentences_may_differ_in_several_words() {
        for (good, bad, template) in [
            ("It is here.", "It are there.", "It {is here|are there}."),
            ("It is not odd.", "It is odd.", "It {is not|is} odd."),
            ("No dog saw it.", "Dog saw it.", "{No dog|Dog} saw it."),
            ("Not now.", "Now.", "{Not now|Now}."),
            ("A b c.", "b c.", "{A b|b} c."),
            ("It is odd", "It is odd.", "It is {odd|odd.}"),
            ("Ann hurt herself.", "Ann hurt himself.", "Ann hurt {herself|himself}."),
        ] {
            assert_eq!(find_with(good, bad, ScoreUnit::Sentence).unwrap(), template);
        }
        for (good, bad, reason) in [
            ("It is.", "It is.", "both sentences are the same"),
            ("It isn 't.", "It isn't.", "differ in spaces only"),
            ("It a|b.", "It c.", "contains `|`"),
        ] {
            let found = find_with(good, bad, ScoreUnit::Sentence).unwrap_err();
            assert!(found.contains(reason), "{good:?}, {bad:?}: {found}");
        }
    }

    proptest! {
        #[test]
        fn a_template_stands_for_exactly_its_two_sentences(
            good in "[ab.,'é ]{0,12}", bad in "[ab.,'é ]{0,12}",
        ) {
            let pair = SentencePair { line: 1, good: good.clone(), bad: bad.clone() };
            for score in [ScoreUnit::Word, ScoreUnit::Sentence] {
                let Ok(found) = SpanContrast::find(&pair, score) else { continue };
                let SpanContrast { before, words, after, .. } = found;
                prop_assert_eq!(format!("{before}{}{after}", words[0]), single_spaces(&good));
                prop_assert_eq!(format!("{before}{}{after}", words[1]), single_spaces(&bad));
                let lengths: Vec<usize> = words.iter().map(|word| split(word).len()).collect();
                prop_assert!(lengths == [1, 1] || score == ScoreUnit::Sentence);
                prop_assert!(lengths.iter().all(|&length| length > 0));
            }
        }
    }
}
