//! The labels of imported pairs: the words, if these tell the sides apart, or which sentence is good.

use std::collections::{BTreeMap, BTreeSet};

use crate::importing::differing_span::SpanContrast;

/// The labels of imported pairs, and the side of each label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ContrastLabels {
    /// All pairs have the same two words. The first one is that of side a.
    Words([String; 2]),
    /// All pairs have this word, which is that of side a, and one of several others.
    WordAndOthers(String),
    /// The words differ from pair to pair: side a is the good sentence.
    Judgement,
}

/// The label of the side with other words than the one that all pairs share.
const OTHERS: &str = "other";
/// The labels of sides that differ in whether they are good.
const JUDGEMENTS: [&str; 2] = ["good", "bad"];

impl ContrastLabels {
    /// The labels of these pairs. If both words could be that of side a, it is the good word of the first
    /// pair.
    pub(crate) fn of(contrasts: &[SpanContrast]) -> Self {
        let Some(first) = contrasts.first() else { return Self::Judgement };
        let pairs: BTreeSet<BTreeSet<String>> =
            contrasts.iter().map(|contrast| contrast.keys().into()).collect();
        let is_shared = |word: &String| pairs.iter().all(|pair| pair.contains(word));
        let shared: Vec<String> = first.keys().into_iter().filter(is_shared).collect();
        match &shared[..] {
            [a, b] if a != b => Self::Words([a.clone(), b.clone()]),
            [word] => Self::WordAndOthers(word.clone()),
            _ => Self::Judgement,
        }
    }

    /// The word of a pair that is on side a.
    fn first(&self, contrast: &SpanContrast) -> usize {
        match self {
            Self::Words([a, _]) | Self::WordAndOthers(a) => usize::from(contrast.keys()[0] != *a),
            Self::Judgement => 0,
        }
    }

    /// The names of the two labels.
    pub(crate) fn names(&self) -> [String; 2] {
        match self {
            Self::Words(words) => words.clone(),
            Self::WordAndOthers(word) => [word.clone(), OTHERS.to_owned()],
            Self::Judgement => JUDGEMENTS.map(str::to_owned),
        }
    }

    /// The side of a pair's good word.
    pub(crate) fn good_side(&self, contrast: &SpanContrast) -> usize {
        // The good word is number 0 of the pair.
        self.first(contrast)
    }

    /// The line of stimuli of a pair.
    pub(crate) fn pair_line(&self, contrast: &SpanContrast) -> String {
        let template = contrast.template(self.first(contrast));
        match self {
            Self::Words(_) => template,
            _ => format!("{}\t{template}", self.names().join("|")),
        }
    }

    /// The line of prompts of a pair, with the good word as the right one. `is_only_label` is true if all prompts
    /// have the same label: then each line has it, so that nobody takes the other one for forgotten.
    pub(crate) fn prompt_line(&self, contrast: &SpanContrast, is_only_label: bool) -> String {
        let template = contrast.template(0);
        match self {
            Self::Words(_) if !is_only_label => template,
            _ => format!("{}\t{template}", self.names()[self.good_side(contrast)]),
        }
    }

    /// The number of pairs of each label by their good words.
    pub(crate) fn counts(&self, contrasts: &[SpanContrast]) -> BTreeMap<String, usize> {
        let names = self.names();
        let mut counts = BTreeMap::new();
        for contrast in contrasts {
            *counts.entry(names[self.good_side(contrast)].clone()).or_insert(0) += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrasts(words: &[[&str; 2]]) -> Vec<SpanContrast> {
        let contrast = |(line, words): (usize, &[&str; 2])| SpanContrast {
            line,
            before: "x ".to_owned(),
            words: words.map(str::to_owned),
            after: ".".to_owned(),
        };
        words.iter().enumerate().map(contrast).collect()
    }

    fn lines(words: &[[&str; 2]]) -> Vec<[String; 2]> {
        let contrasts = contrasts(words);
        let labels = ContrastLabels::of(&contrasts);
        let both = |contrast| [labels.pair_line(contrast), labels.prompt_line(contrast, false)];
        contrasts.iter().map(both).collect()
    }

    #[test]
    fn labels_are_words_where_words_tell_the_sides_apart() {
        let two = lines(&[["is", "are"], ["are", "Is"], ["is", "are"]]);
        let expected = ["x {is|are}.", "x {Is|are}.", "x {is|are}."];
        assert_eq!(two.iter().map(|[pair, _]| pair).collect::<Vec<_>>(), expected.each_ref());
        assert_eq!(two[1][1], "x {are|Is}.");

        let one = contrasts(&[["is", "are"]]);
        let labels = ContrastLabels::of(&one);
        assert_eq!(labels.prompt_line(&one[0], true), "is\tx {is|are}.");

        let star = lines(&[["himself", "themselves"], ["themselves", "itself"]]);
        assert_eq!(
            star,
            [
                ["themselves|other\tx {themselves|himself}.", "other\tx {himself|themselves}."],
                ["themselves|other\tx {themselves|itself}.", "themselves\tx {themselves|itself}."],
            ]
        );

        let varied = lines(&[["store", "stores"], ["stores", "store"], ["key", "keys"]]);
        assert_eq!(varied[1], ["good|bad\tx {stores|store}.", "good\tx {stores|store}."]);
    }
}
