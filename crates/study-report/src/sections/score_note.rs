//! The unit of scores, and what a logit is in a study of whole sentences.

use std::collections::BTreeSet;

use study_record::ScoreUnit;

/// The unit of margins in studies with these scores, or both units.
pub(crate) fn margin_unit(scores: impl IntoIterator<Item = ScoreUnit>) -> String {
    let units: BTreeSet<&str> = scores.into_iter().map(ScoreUnit::unit).collect();
    units.into_iter().collect::<Vec<_>>().join(" or ")
}

/// A sentence that says what a logit is in the studies of `subject`, such as `It`. Empty if it is one.
pub(crate) fn score_note(subject: &str, score: ScoreUnit) -> String {
    match score {
        ScoreUnit::Word => String::new(),
        ScoreUnit::Sentence => format!(
            " {subject} compares whole sentences: wherever a logit is named, the score of a sentence is meant, \
             the sum of the log probabilities of all its tokens in nats, and a lesion where the word is \
             predicted is one where each of these tokens is predicted, in turn."
        ),
    }
}
