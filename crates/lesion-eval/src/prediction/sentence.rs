//! One sentence, without a study: what the model predicts at its masks, and what a lesion changes.

use std::{ops::Range, sync::Arc};

use activation_capture::Target;
use bert_model::TokenBatch;

use crate::{
    encoding::{
        filled::Filled,
        masked_prompt::{Candidate, MaskedPrompt},
    },
    engine::manner::Manner,
    error::StudyError,
    passes::{
        clean_pass::CleanPass,
        logits::{log_sum, read_logits},
        subject::Subject,
    },
    prediction::predict::Score,
};

/// A sentence with one or more masks. Each is read in a row of its own, with all the others masked
/// too.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// Words that are not in the model's vocabulary: it reads its unknown token in their place.
    pub unknown: Vec<String>,
    text: String,
    /// The bytes of each mask in the text.
    places: Vec<Range<usize>>,
    /// A prompt for each mask. There is no right word: the candidates are those to rate, or none
    /// where the whole vocabulary is looked at.
    masks: Vec<MaskedPrompt>,
}

/// A lesion of one sentence.
#[derive(Clone, Debug)]
pub struct SentenceLesion {
    /// How neurons are lesioned. The target is the mask that is read.
    pub manner: Manner,
    /// The lesioned layers, each with its neurons.
    pub layers: Vec<(usize, Arc<[usize]>)>,
}

/// What the model says at one mask.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskRating {
    /// Position of the mask; `[CLS]` is 0.
    pub position: usize,
    /// The words, those with the highest logit without a lesion first.
    pub words: Vec<WordRating>,
    /// Whether the lesion changed any logit of the vocabulary.
    pub changed: bool,
}

/// How the model rates a word without a lesion and, if there is one, with it.
#[derive(Clone, Debug, PartialEq)]
pub struct WordRating {
    /// Without a lesion.
    pub clean: Score,
    /// With the lesion.
    pub lesioned: Option<Score>,
}

impl Sentence {
    /// Encodes a sentence.
    ///
    /// # Errors
    /// Where it has no mask, or another special token, or is too long for the model.
    pub fn encode(subject: Subject<'_>, text: &str) -> Result<Self, StudyError> {
        let (encoded, masks) = subject.tokenizer.encode_masked(text)?;
        subject.check_length(&encoded.ids)?;
        let prompt = |(prompt, position)| MaskedPrompt {
            prompt,
            sentence: text.to_owned(),
            position,
            candidates: Vec::new(),
            label: None,
            masked: encoded.ids.clone(),
            unmasked: Vec::new(),
        };
        Ok(Self {
            unknown: subject.tokenizer.unknown_words(&encoded, text),
            text: text.to_owned(),
            places: masks.iter().map(|&position| encoded.place(position)).collect(),
            masks: masks.into_iter().enumerate().map(prompt).collect(),
        })
    }

    /// The same sentence, in which only these words are rated.
    ///
    /// # Errors
    /// Where a word is not one token of the model in the place of each mask, or the same as another.
    pub fn with_candidates(
        mut self,
        subject: Subject<'_>,
        words: &[String],
    ) -> Result<Self, StudyError> {
        for (mask, place) in self.masks.iter_mut().zip(&self.places) {
            let (before, after) = (&self.text[..place.start], &self.text[place.end..]);
            for word in words {
                // Its token is the one that it has there: a first word may have another.
                let filled = format!("{before}{word}{after}");
                let filled =
                    Filled::encode(subject, &filled, place.start..place.start + word.len())?;
                let id = filled.ids[filled.position];
                Candidate::add(&mut mask.candidates, subject, word, id)
                    .map_err(|problem| StudyError::Impossible { problem })?;
            }
        }
        Ok(self)
    }

    /// Rates the candidates at each mask. Where none were given, it rates the `top` tokens of the
    /// vocabulary, and those that are among the top ones with the lesion.
    ///
    /// # Errors
    /// Where a layer, neuron or token of the lesion does not exist, or its kind needs a study; and
    /// where the model cannot be run, or gives logits that are not finite.
    pub fn rate(
        &self,
        subject: Subject<'_>,
        top: usize,
        lesion: Option<&SentenceLesion>,
    ) -> Result<Vec<MaskRating>, StudyError> {
        let mut found = Vec::new();
        for masks in self.masks.chunks(subject.batching.rows) {
            let (clean, lesioned) = logits(subject, masks, lesion)?;
            let lesioned =
                lesioned.map_or(vec![None; masks.len()], |all| all.into_iter().map(Some).collect());
            for ((mask, clean), lesioned) in masks.iter().zip(&clean).zip(&lesioned) {
                found.push(rate(subject, mask, top, clean, lesioned.as_deref()));
            }
        }
        Ok(found)
    }
}

impl WordRating {
    /// The fall of the word's logit: positive where the lesion lowers it.
    #[must_use]
    pub fn logit_drop(&self) -> Option<f64> {
        let lesioned = self.lesioned.as_ref()?;
        Some(f64::from(self.clean.logit) - f64::from(lesioned.logit))
    }
}

/// The logits over the vocabulary at each mask, without the lesion and with it. Both go through the
/// same products, so that a lesion that changes nothing changes no bit.
type Logits = (Vec<Vec<f32>>, Option<Vec<Vec<f32>>>);

fn logits(
    subject: Subject<'_>,
    masks: &[MaskedPrompt],
    lesion: Option<&SentenceLesion>,
) -> Result<Logits, StudyError> {
    let batch = TokenBatch::new(masks.iter().map(|mask| mask.masked.clone()).collect())?;
    let positions = masks.iter().map(|mask| mask.position).collect();
    let read = |hidden| read_logits(subject, hidden, |row| masks[row].prompt);
    let Some(SentenceLesion { manner, layers }) = lesion else {
        return Ok((read(CleanPass::run(subject, batch, positions)?.hidden())?, None));
    };
    for &(layer, _) in layers {
        subject.check_layer(layer)?;
    }
    let prepared = manner.prepare(None, masks, 0)?;
    let mut targets = Vec::new();
    for row in 0..masks.len() {
        for &(layer, ref neurons) in layers {
            let edit = prepared.edit(row, layer);
            let at = prepared.positions(row).iter();
            targets.extend(at.map(|&position| Target { row, layer, position, neurons, edit }));
        }
    }
    let pass = CleanPass::run(subject, batch, positions)?;
    let from = layers.iter().map(|&(layer, _)| layer).min().unwrap_or_default();
    let rows: Vec<usize> = (0..masks.len()).collect();
    let lesioned =
        |targets: &[Target<'_>]| read(pass.lesioned(&rows, from, manner.site, targets)?);
    // The lesion of no neuron at the same tokens.
    let none: Vec<Target<'_>> = targets.iter().map(|of| Target { neurons: &[], ..*of }).collect();
    Ok((lesioned(&none)?, Some(lesioned(&targets)?)))
}

fn rate(
    subject: Subject<'_>,
    mask: &MaskedPrompt,
    top: usize,
    clean: &[f32],
    lesioned: Option<&[f32]>,
) -> MaskRating {
    let mut words = mask.candidates.clone();
    if words.is_empty() {
        let mut ids = highest(clean, top);
        ids.extend(lesioned.map_or(Vec::new(), |lesioned| highest(lesioned, top)));
        ids.sort_unstable();
        ids.dedup();
        // A model can have more logits than its tokenizer has tokens.
        let word = |id| Some(Candidate { word: subject.tokenizer.token(id)?, id });
        words = ids.into_iter().filter_map(word).collect();
    }
    let logit = |of: &Candidate| clean[of.id as usize];
    words.sort_by(|a, b| logit(b).total_cmp(&logit(a)).then(a.id.cmp(&b.id)));
    let sums = (log_sum(clean), lesioned.map(log_sum));
    let words = words.iter().map(|word| WordRating {
        clean: Score::of(word, clean, sums.0),
        lesioned: lesioned.zip(sums.1).map(|(logits, sum)| Score::of(word, logits, sum)),
    });
    MaskRating {
        position: mask.position,
        words: words.collect(),
        changed: lesioned.is_some_and(|lesioned| lesioned != clean),
    }
}

/// The tokens with the highest logits.
fn highest(logits: &[f32], count: usize) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..).take(logits.len()).collect();
    let logit = |id: u32| logits[id as usize];
    ids.sort_by(|&a, &b| logit(b).total_cmp(&logit(a)).then(a.cmp(&b)));
    ids.truncate(count);
    ids
}

#[cfg(test)]
mod tests {
    use super::highest;

    #[test]
    fn the_highest_logits_come_first_and_the_lower_id_of_equal_ones() {
        assert_eq!(highest(&[1.0, 3.0, -2.0, 3.0], 3), [1, 3, 0]);
        assert_eq!(highest(&[1.0], 10), [0]);
    }
}
