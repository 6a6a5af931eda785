//! The passes in which prompts are read.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use crate::{
    encoding::{
        masked_prompt::{Candidate, MaskedPrompt},
        scored_sentences::{ScoredPass, ScoredSentences},
    },
    engine::trial::{DistributionChange, Outcome, Reading, Trial},
    passes::{read_tokens::ReadTokens, subject::Subject},
};

/// The passes of prompts: each is a pass by itself or, if its sentences are scored, one for each token.
#[derive(Clone, Debug)]
pub(crate) struct PromptPasses<'a> {
    prompts: &'a [MaskedPrompt],
    /// The passes of all prompts, in their order.
    pub(crate) list: Cow<'a, [MaskedPrompt]>,
    /// The passes of each prompt.
    ranges: Vec<Range<usize>>,
    /// For each pass, the longest one that begins with its tokens; none if each is the longest itself.
    longest: Option<Vec<usize>>,
}

/// Passes that are read in rows of one length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PassGroup {
    /// The pass whose tokens each row has.
    pub(crate) rows: Vec<usize>,
    /// The passes that are read.
    pub(crate) passes: Vec<usize>,
    /// The row in which each is read.
    pub(crate) row_of: Vec<usize>,
}

impl PassGroup {
    /// Adds a row with the tokens of a pass, in which `passes` are read.
    fn add_row(&mut self, row: usize, passes: &[usize]) {
        self.row_of.extend(std::iter::repeat_n(self.rows.len(), passes.len()));
        self.passes.extend(passes);
        self.rows.push(row);
    }

    /// The tokens of each row.
    pub(crate) fn tokens(&self, passes: &[MaskedPrompt]) -> Vec<Vec<u32>> {
        self.rows.iter().map(|&row| passes[row].masked.clone()).collect()
    }

    /// The tokens at which its passes are read.
    pub(crate) fn reads(&self, passes: &[MaskedPrompt]) -> ReadTokens {
        let positions = self.passes.iter().map(|&pass| passes[pass].position).collect();
        ReadTokens { rows: self.row_of.clone(), positions }
    }
}

impl<'a> PromptPasses<'a> {
    /// The passes of these prompts.
    pub(crate) fn of(prompts: &'a [MaskedPrompt]) -> Self {
        if prompts.iter().all(|prompt| prompt.scored.is_none()) {
            let ranges = (0..prompts.len()).map(|index| index..index + 1).collect();
            return Self { prompts, list: Cow::Borrowed(prompts), ranges, longest: None };
        }
        let mut list = Vec::new();
        let mut longest = Vec::new();
        let mut ranges = Vec::with_capacity(prompts.len());
        for prompt in prompts {
            let first = list.len();
            if let Some(scored) = &prompt.scored {
                list.extend(scored.passes.iter().map(|pass| of_pass(prompt, pass)));
                longest.extend(scored.passes.iter().map(|pass| first + pass.longest));
            } else {
                list.push(prompt.clone());
                longest.push(first);
            }
            ranges.push(first..list.len());
        }
        Self { prompts, list: Cow::Owned(list), ranges, longest: Some(longest) }
    }

    /// The pass in whose row of tokens a pass is read.
    pub(crate) fn row_of(&self, subject: Subject<'_>, pass: usize) -> usize {
        match &self.longest {
            Some(longest) if subject.may_share_rows() => longest[pass],
            Some(_) | None => pass,
        }
    }

    /// The passes that are read in each row of tokens, by the pass that has these tokens.
    pub(crate) fn by_row(
        &self,
        subject: Subject<'_>,
        passes: impl IntoIterator<Item = usize>,
    ) -> BTreeMap<usize, Vec<usize>> {
        let mut of_row: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for pass in passes {
            of_row.entry(self.row_of(subject, pass)).or_default().push(pass);
        }
        of_row
    }

    /// Groups passes, which ascend, by the length of their rows, the shortest first.
    pub(crate) fn group(&self, subject: Subject<'_>, passes: &[usize]) -> Vec<PassGroup> {
        let rows: Vec<(usize, Vec<usize>)> =
            self.by_row(subject, passes.iter().copied()).into_iter().collect();
        let mut groups = Vec::new();
        for members in subject.passes(rows.iter().map(|&(row, _)| self.list[row].length())) {
            let mut group = PassGroup::default();
            for member in members {
                let (row, passes) = &rows[member];
                group.add_row(*row, passes);
            }
            groups.push(group);
        }
        groups
    }

    /// True if sentences are scored, so that a prompt may have several passes.
    pub(crate) fn score_sentences(&self) -> bool {
        matches!(self.list, Cow::Owned(_))
    }

    /// The passes of a prompt.
    pub(crate) fn of_prompt(&self, prompt: usize) -> Range<usize> {
        self.ranges[prompt].clone()
    }

    /// A value of each prompt for each of its passes.
    pub(crate) fn repeat<T: Clone>(&self, values: &[T]) -> Vec<T> {
        let mut repeated = Vec::with_capacity(self.list.len());
        for (value, range) in values.iter().zip(&self.ranges) {
            repeated.extend(std::iter::repeat_n(value.clone(), range.len()));
        }
        repeated
    }

    /// The mean over the passes of each prompt of their rows.
    pub(crate) fn means(&self, rows: &[Vec<f32>]) -> Vec<Vec<f32>> {
        self.ranges.iter().map(|range| mean_row(&rows[range.clone()])).collect()
    }

    /// The trials of prompts as trials of passes.
    pub(crate) fn expand(&self, trials: &[Trial]) -> Vec<Trial> {
        let mut expanded = Vec::new();
        for trial in trials {
            for pass in self.of_prompt(trial.prompt) {
                expanded.push(Trial { prompt: pass, layers: trial.layers.clone() });
            }
        }
        expanded
    }

    /// The outcomes of trials, from those of their passes in the order of [`PromptPasses::expand`].
    pub(crate) fn combine(&self, trials: &[Trial], outcomes: &[Outcome]) -> Vec<Outcome> {
        let mut rest = outcomes;
        let mut combined = Vec::with_capacity(trials.len());
        for trial in trials {
            let (passes, others) = rest.split_at(self.ranges[trial.prompt].len());
            combined.push(self.combine_outcomes(trial.prompt, passes));
            rest = others;
        }
        combined
    }

    /// The outcome of a lesion of a prompt, from those of its passes.
    pub(crate) fn combine_outcomes(&self, prompt: usize, passes: &[Outcome]) -> Outcome {
        let Some(scored) = &self.prompts[prompt].scored else { return passes[0].clone() };
        let clean: Vec<&Reading> = passes.iter().map(|outcome| &outcome.clean).collect();
        let lesioned: Vec<&Reading> = passes.iter().map(|outcome| &outcome.lesioned).collect();
        let mut lesioned_scores = add_terms(scored, &lesioned);
        lesioned_scores.change = mean_change(&lesioned);
        Outcome { clean: add_terms(scored, &clean), lesioned: lesioned_scores }
    }

    /// The scores of a prompt's sentences, from the readings of its passes.
    pub(crate) fn combine_readings(&self, prompt: usize, passes: &[Reading]) -> Reading {
        let Some(scored) = &self.prompts[prompt].scored else { return passes[0].clone() };
        add_terms(scored, &passes.iter().collect::<Vec<_>>())
    }
}

/// A pass of a prompt as a prompt, with the tokens that are predicted as its candidates.
fn of_pass(prompt: &MaskedPrompt, pass: &ScoredPass) -> MaskedPrompt {
    let candidate = |&id: &u32| Candidate { word: String::new(), id };
    MaskedPrompt {
        position: pass.position,
        candidates: pass.tokens.iter().map(candidate).collect(),
        masked: pass.ids.clone(),
        unmasked: pass.ids.clone(),
        counterpart: None,
        scored: None,
        ..prompt.clone()
    }
}

/// The scores of sentences, from the readings of the passes.
fn add_terms(scored: &ScoredSentences, readings: &[&Reading]) -> Reading {
    let mut scores = Vec::with_capacity(scored.terms.len());
    for terms in &scored.terms {
        let mut score = 0.0;
        for &(pass, place) in terms {
            score += f64::from(readings[pass].logits[place]) - readings[pass].log_sum;
        }
        #[expect(clippy::cast_possible_truncation, reason = "readings are f32")]
        scores.push(score as f32);
    }
    // Scores are logarithms of probabilities already.
    Reading { logits: scores, log_sum: 0.0, change: None }
}

/// The mean divergence over the passes of a prompt, and whether another token is on top in one of them; none if it
/// was not read.
fn mean_change(readings: &[&Reading]) -> Option<DistributionChange> {
    let mut sum = 0.0;
    let mut changes_top = false;
    for reading in readings {
        let change = reading.change?;
        sum += change.divergence;
        changes_top |= change.changes_top;
    }
    Some(DistributionChange { divergence: sum / readings.len() as f64, changes_top })
}

/// The mean of rows of the same length. Of a single one it is that row, to the bit.
fn mean_row(rows: &[Vec<f32>]) -> Vec<f32> {
    let [first, others @ ..] = rows else { return Vec::new() };
    let mut sums: Vec<f64> = first.iter().map(|&value| f64::from(value)).collect();
    for row in others {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
    sums.iter().map(|sum| (sum / rows.len() as f64) as f32).collect()
}

/// The passes in whose rows of tokens all passes of prompts are read: of a decoder, one for each sentence.
#[must_use]
pub fn rows_of(subject: Subject<'_>, prompts: &[MaskedPrompt]) -> Vec<MaskedPrompt> {
    let passes = PromptPasses::of(prompts);
    let rows = (0..passes.list.len()).filter(|&pass| passes.row_of(subject, pass) == pass);
    rows.map(|row| passes.list[row].clone()).collect()
}

/// The passes in which prompts are read: a prompt whose sentences are scored has one for each of their
/// tokens.
#[must_use]
pub fn passes_of(prompts: &[MaskedPrompt]) -> Cow<'_, [MaskedPrompt]> {
    PromptPasses::of(prompts).list
}

#[cfg(test)]
mod tests {
    use bert_model::{Checkpoint, Site};
    use burn::tensor::Device;
    use study_record::ScoreUnit;

    use super::*;
    use crate::{
        passes::{batching::Batching, progress::unwatched},
        selection::activations::{activations_at_masks, activations_of_passes},
        texts::{contrast::Contrast, prompts::Prompts},
    };

    /// Five sentences, of which the third and the fifth, but for its last token, begin the fourth.
    const PROMPTS: &str = "The dog {followed|walking} Robert home.\n\
                           We saw {the king|the king and thanked him|her}";

    #[test]
    fn a_decoder_reads_each_sentence_in_one_row_unless_it_begins_a_longer_one() {
        for (family, rows_expected) in [("gpt2", Some(3)), ("llama", Some(3)), ("", None)] {
            let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/parity");
            let mut checkpoint = Checkpoint::open(format!("{dir}/{family}/model")).unwrap();
            let model = checkpoint.load_model(&Device::flex()).unwrap();
            let (tokenizer, batching) = (&checkpoint.tokenizer, Batching::default());
            let subject = |plain| Subject { model: &model, tokenizer, plain, batching };
            let prompts = Prompts::parse("prompts", PROMPTS).unwrap();
            let contrast = Contrast { a: "a".to_owned(), b: "b".to_owned(), words: false };
            let prompts =
                MaskedPrompt::encode_all(subject(false), &prompts, &contrast, ScoreUnit::Sentence)
                    .unwrap();
            let passes = PromptPasses::of(&prompts);
            let all: Vec<usize> = (0..passes.list.len()).collect();
            for plain in [false, true] {
                let groups = passes.group(subject(plain), &all);
                let rows: usize = groups.iter().map(|group| group.rows.len()).sum();
                let expected = rows_expected.filter(|_| !plain).unwrap_or(all.len());
                assert_eq!(rows, expected, "{family}");
                for group in groups {
                    for (&pass, row) in group.passes.iter().zip(group.row_of) {
                        let row = &passes.list[group.rows[row]].masked;
                        assert!(row.starts_with(&passes.list[pass].masked), "{family}");
                    }
                }
            }
            let [shared, single] = [
                activations_of_passes(subject(false), &passes, Site::Post, &mut unwatched()),
                activations_at_masks(subject(false), &passes.list, Site::Post, &mut unwatched()),
            ]
            .map(Result::unwrap);
            assert_eq!(shared.len(), single.len());
            for (shared, single) in shared.iter().flatten().zip(single.iter().flatten()) {
                assert!((shared - single).abs() < 1e-5, "{family}: {shared} {single}");
            }
        }
    }
}
