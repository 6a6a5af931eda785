//! The two labels of a contrast, and the sides of the lines that they come from.

use std::collections::HashMap;

use study_record::Warning;

use crate::{
    error::{InvalidLines, LineProblem},
    texts::{characters::unseparated_field, template_lines::Template},
};

/// The two sides of a contrast: a neuron with t > 0 gets label `a`, one with t < 0 label `b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contrast {
    /// The label of the first words, for example `him`.
    pub a: String,
    /// The label of the second words, for example `her`.
    pub b: String,
    /// True if the labels are words. Otherwise they only name the sides of pairs, such as `a` and `b`, and
    /// no prompt's right word is one of them.
    pub words: bool,
}

/// The word as a model reads it. Two words with the same key are one word to the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WordKey {
    /// Its tokens.
    Tokens(Vec<u32>),
    /// A word that the model does not know.
    Unknown(String),
}

/// Looks up the key of a word.
pub(crate) type ReadWord<'a> = &'a mut dyn FnMut(&str) -> WordKey;

impl Contrast {
    /// The label that equals `name`. If neither does, the only one that equals it in any letter case.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        let labels = [&self.a, &self.b];
        if let Some(label) = labels.into_iter().find(|label| *label == name) {
            return Some(label);
        }
        let name = name.to_lowercase();
        let [is_a, is_b] = labels.map(|label| label.to_lowercase() == name);
        match (is_a, is_b) {
            (true, false) => Some(&self.a),
            (false, true) => Some(&self.b),
            _ => None,
        }
    }

    /// The label of the side that `word` belongs to: the label that is the same word to the model, or
    /// as [`Contrast::label`].
    pub(crate) fn label_of_word(&self, word: &str, read: ReadWord<'_>) -> Option<&str> {
        if !self.words {
            return None;
        }
        let key = read(word);
        let same = [&self.a, &self.b].map(|label| label == word || read(label) == key);
        match same {
            [true, false] => Some(&self.a),
            [false, true] => Some(&self.b),
            _ => self.label(word),
        }
    }

    /// The labels of pairs: the words of the target that all of them share, or `a` and `b`; empty if
    /// there is no pair. Pairs in
    /// the order that fewer lines have are added to `invalid`.
    pub(crate) fn of_pairs(
        file: &str,
        templates: &[Template],
        read: ReadWord<'_>,
        invalid: &mut InvalidLines,
    ) -> Self {
        let targets: Vec<[&str; 2]> = templates.iter().map(target_words).collect();
        let keys: Vec<[WordKey; 2]> = targets.iter().map(|words| words.map(&mut *read)).collect();
        let lower: Vec<[String; 2]> =
            targets.iter().map(|words| words.map(str::to_lowercase)).collect();
        let mut turned: HashMap<usize, usize> = turned_pairs(&lower).into_iter().collect();
        turned.extend(turned_pairs(&keys));
        for (&index, &first) in &turned {
            let words = targets[index].map(str::to_owned);
            let problem = LineProblem::OtherWayRound { words, first: templates[first].line };
            invalid.add(file, templates[index].line, problem);
        }
        let kept: Vec<usize> =
            (0..templates.len()).filter(|index| !turned.contains_key(index)).collect();
        let Some(&first) = kept.first() else {
            return Self { a: String::new(), b: String::new(), words: false };
        };
        let is_same = kept.iter().all(|&index| keys[index] == keys[first])
            || kept.iter().all(|&index| lower[index] == lower[first]);
        if !is_same {
            return Self::of_sides();
        }
        let [a, b] = targets[first].map(|word| name_of_word(word, read));
        Self { a, b, words: true }
    }

    /// The labels of pairs whose sides have names.
    pub(crate) fn of_named_sides([a, b]: [&str; 2]) -> Self {
        Self { a: a.to_owned(), b: b.to_owned(), words: false }
    }

    /// The labels of pairs that share no words.
    fn of_sides() -> Self {
        Self { a: "a".to_owned(), b: "b".to_owned(), words: false }
    }

    /// Finds sentences without a label that begin with one and spaces, not a tab, and doubtful labels.
    pub(crate) fn check_fields(
        &self,
        file: &str,
        templates: &[Template],
        invalid: &mut InvalidLines,
        warnings: &mut Vec<Warning>,
    ) {
        for template in templates {
            let text = &template.text[0];
            let file = file.to_owned();
            let line = template.line;
            if let Some(label) = &template.label {
                let word = &template.braces[0][0];
                if self.words && self.are_different(label, word) {
                    let (label, word) = (label.clone(), word.clone());
                    warnings.push(Warning::OtherLabel { file, line, label, word });
                }
                continue;
            }
            if let Some(field) = unseparated_field(text)
                && self.label(field).is_some()
            {
                let field = field.to_owned();
                invalid.add(&file, line, LineProblem::SpacesAfterField { field });
            } else if let Some((field, after)) = text.split_once(char::is_whitespace)
                && (self.may_be_field(field, after) || is_set_apart(field, text))
            {
                warnings.push(Warning::MayBeLabel { file, line, word: field.to_owned() });
            }
        }
    }

    /// Whether two words are the two labels.
    fn are_different(&self, word_a: &str, word_b: &str) -> bool {
        match (self.label(word_a), self.label(word_b)) {
            (Some(label_a), Some(label_b)) => label_a != label_b,
            _ => false,
        }
    }

    /// Whether the first word of a sentence may be a label: one with a colon or the like after it, or
    /// one in lower case before a word that begins with a capital.
    fn may_be_field(&self, word: &str, after: &str) -> bool {
        let is_label = |word: &str| self.a == word || self.b == word;
        let is_marked = word.strip_suffix([':', ';', ',', '=']).is_some_and(is_label);
        let is_in_lower_case = word.starts_with(char::is_lowercase);
        is_marked || (is_label(word) && is_in_lower_case && after.starts_with(char::is_uppercase))
    }
}

/// Whether the first word of a sentence is in lower case, and several spaces separate it from a word
/// with a capital.
fn is_set_apart(word: &str, text: &str) -> bool {
    let after = text[word.len()..].trim_start();
    unseparated_field(text).is_some()
        && word.starts_with(char::is_lowercase)
        && after.starts_with(char::is_uppercase)
}

/// Both words of a pair's target.
pub(crate) fn target_words(template: &Template) -> [&str; 2] {
    let words = &template.braces[template.braces.len() - 1];
    [&words[0], &words[1]]
}

/// The name of a word as a label: in lower case if that is the same word to the model.
fn name_of_word(word: &str, read: ReadWord<'_>) -> String {
    let lower = word.to_lowercase();
    if read(&lower) == read(word) { lower } else { word.to_owned() }
}

/// The pairs whose sides are in the order that fewer pairs of the same two words have, or the later
/// ones if as many do; each with the first pair in the other order.
fn turned_pairs<K: Eq + std::hash::Hash>(pairs: &[[K; 2]]) -> Vec<(usize, usize)> {
    // Number and first pair of each order.
    let mut orders: HashMap<[&K; 2], (usize, usize)> = HashMap::new();
    for (index, [a, b]) in pairs.iter().enumerate() {
        orders.entry([a, b]).or_insert((0, index)).0 += 1;
    }
    let mut turned = Vec::new();
    for (index, [a, b]) in pairs.iter().enumerate() {
        let (count, first) = orders[&[a, b]];
        if a == b {
            continue;
        }
        if let Some(&(other_count, other_first)) = orders.get(&[b, a])
            && (count < other_count || (count == other_count && first > other_first))
        {
            turned.push((index, other_first));
        }
    }
    turned
}

/// Finds context pairs with the words of a brace before the target in the other order than most lines
/// with these words. A line with both orders is about both.
pub(crate) fn check_contexts(file: &str, templates: &[Template], warnings: &mut Vec<Warning>) {
    let mut braces: Vec<[String; 2]> = Vec::new();
    let mut owners: Vec<&Template> = Vec::new();
    for template in templates {
        let mut pairs: Vec<[String; 2]> = Vec::new();
        for words in &template.braces {
            pairs.push([words[0].to_lowercase(), words[1].to_lowercase()]);
        }
        for [a, b] in &pairs[..pairs.len() - 1] {
            if !pairs.iter().any(|[first, second]| (first, second) == (b, a)) {
                braces.push([a.clone(), b.clone()]);
                owners.push(template);
            }
        }
    }
    for (index, first) in turned_pairs(&braces) {
        warnings.push(Warning::TurnedContext {
            file: file.to_owned(),
            line: owners[index].line,
            words: braces[index].clone(),
            first: owners[first].line,
        });
    }
}

/// The two labels of single sentences, and the side of each of them.
pub(crate) struct SentenceSides {
    /// Labels, the one that occurs first first; fewer than two if there are no more.
    pub(crate) labels: Vec<String>,
    /// The side of each sentence; 0 if it has neither label.
    pub(crate) sides: Vec<usize>,
    /// The sentences with neither label, with their own.
    others: Vec<(usize, String)>,
}

impl SentenceSides {
    /// Finds the labels: the words of the sentences, or the labels before a tab. Words that are the
    /// same to the model are one label. If there are more than two, so are those that differ in
    /// letter case only; of more than two labels, the two most frequent ones count.
    pub(crate) fn of(templates: &[Template], read: ReadWord<'_>) -> Self {
        let mut labels = LabelList::default();
        let mut sides: Vec<usize> = Vec::with_capacity(templates.len());
        for template in templates {
            sides.push(labels.add(template, read));
        }
        let mut names = labels.names;
        if names.len() > 2 {
            names = merge_cases(names, &mut sides);
        }
        let mut counts = vec![0_usize; names.len()];
        for &side in &sides {
            counts[side] += 1;
        }
        let mut chosen: Vec<usize> = (0..names.len()).collect();
        chosen.sort_by_key(|&label| std::cmp::Reverse(counts[label]));
        chosen.truncate(2);
        chosen.sort_unstable();
        let mut others = Vec::new();
        for (index, side) in sides.iter_mut().enumerate() {
            let found = chosen.iter().position(|label| label == side);
            if found.is_none() {
                others.push((index, names[*side].clone()));
            }
            *side = found.unwrap_or(0);
        }
        let labels = chosen.into_iter().map(|label| names[label].clone()).collect();
        Self { labels, sides, others }
    }

    /// Adds the sentences with neither label to `invalid`.
    pub(crate) fn add_others(
        &self,
        file: &str,
        templates: &[Template],
        invalid: &mut InvalidLines,
    ) {
        let [a, b] = &self.labels[..] else { return };
        for (index, label) in &self.others {
            let known = [a.clone(), b.clone()];
            let problem = LineProblem::ThirdLabel { label: label.clone(), known };
            invalid.add(file, templates[*index].line, problem);
        }
    }
}

/// Labels in the order in which they occur.
#[derive(Default)]
struct LabelList {
    names: Vec<String>,
    by_text: HashMap<String, usize>,
    by_key: HashMap<WordKey, usize>,
}

impl LabelList {
    /// The number of a sentence's label, which is new or one that is the same to the model.
    fn add(&mut self, template: &Template, read: ReadWord<'_>) -> usize {
        let text = template.label.as_ref().unwrap_or(&template.braces[0][0]);
        if let Some(&label) = self.by_text.get(text) {
            return label;
        }
        let label = *self.by_key.entry(read(text)).or_insert(self.names.len());
        if label == self.names.len() {
            self.names.push(match &template.label {
                Some(label) => label.clone(),
                None => name_of_word(text, read),
            });
        }
        self.by_text.insert(text.clone(), label);
        label
    }
}

/// The labels, with those that differ in letter case only as one. `sides` are numbered anew.
fn merge_cases(names: Vec<String>, sides: &mut [usize]) -> Vec<String> {
    let mut by_lower_case: HashMap<String, usize> = HashMap::new();
    let mut merged: Vec<String> = Vec::new();
    let mut numbers = Vec::with_capacity(names.len());
    for name in names {
        let number = *by_lower_case.entry(name.to_lowercase()).or_insert(merged.len());
        if number == merged.len() {
            merged.push(name);
        }
        numbers.push(number);
    }
    for side in sides {
        *side = numbers[*side];
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_found_as_written_before_any_letter_case() {
        let contrast = |a: &str, b: &str| Contrast { a: a.into(), b: b.into(), words: true };
        let months = contrast("May", "may");
        assert_eq!(months.label("may"), Some("may"));
        assert_eq!(months.label("May"), Some("May"));
        assert_eq!(months.label("MAY"), None);
        assert_eq!(contrast("L", "V").label("v"), Some("V"));
    }

    #[test]
    fn the_rarer_order_of_two_words_is_turned() {
        let pairs = [["he", "she"], ["a", "b"], ["she", "he"], ["he", "she"], ["b", "a"]];
        assert_eq!(turned_pairs(&pairs), [(2, 0), (4, 1)]);
    }
}
