//! The numbers of stimuli behind a selection.

use serde::{Deserialize, Serialize};

/// Numbers of stimuli, and of the independent groups that they form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StimuliCounts {
    /// Whether the sentences of both labels form pairs.
    pub paired: bool,
    /// Sentences of label a and of label b; as many of both if they form pairs.
    pub sentences: [usize; 2],
    /// Groups of these sentences, each of which is one observation. A sentence or pair without a
    /// group is a group by itself.
    pub groups: [usize; 2],
}

impl StimuliCounts {
    /// Whether any group has more than one sentence of a label.
    #[must_use]
    pub fn are_grouped(&self) -> bool {
        self.sentences != self.groups
    }

    /// The stimuli in words, with their noun: `24 pairs in 6 groups`, `30 and 41 sentences`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let [a, b] = self.sentences;
        let [groups_a, groups_b] = self.groups;
        match (self.paired, self.are_grouped()) {
            (true, false) => format!("{a} pairs"),
            (true, true) => format!("{a} pairs in {groups_a} groups"),
            (false, false) => format!("{a} and {b} sentences"),
            (false, true) => format!("{a} and {b} sentences in {groups_a} and {groups_b} groups"),
        }
    }

    /// The noun of the stimuli: `pairs` or `sentences`.
    #[must_use]
    pub const fn noun(&self) -> &'static str {
        if self.paired { "pairs" } else { "sentences" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stimuli_are_counted_in_words() {
        let words =
            |paired, sentences, groups| StimuliCounts { paired, sentences, groups }.in_words();
        assert_eq!(words(true, [54, 54], [54, 54]), "54 pairs");
        assert_eq!(words(true, [24, 24], [6, 6]), "24 pairs in 6 groups");
        assert_eq!(words(false, [30, 41], [30, 41]), "30 and 41 sentences");
        assert_eq!(words(false, [30, 41], [5, 41]), "30 and 41 sentences in 5 and 41 groups");
    }
}
