//! Predictions at the masks of one sentence, without a study, and how a lesion changes them.

use std::{ops::Range, sync::Arc};

use activation_capture::Target;
use bert_model::TokenBatch;

use crate::{
    encoding::{
        filled::Filled,
        masked_prompt::{Candidate, Candidates, MaskedPrompt},
    },
    engine::lesion_method::LesionMethod,
    error::StudyError,
    passes::{
        clean_pass::CleanPass,
        logits::{log_sum_exp, read_logits},
        subject::Subject,
    },
    prediction::predict::Score,
    translate::model_site,
};

/// A sentence with one or more masks. Each mask has a row of its own, in which all others are masked
/// too.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// Words that are not in the model's vocabulary: the model reads its unknown token instead.
    pub unknown: Vec<String>,
    text: String,
    /// The bytes of each mask in the text.
    places: Vec<Range<usize>>,
    /// A prompt for each mask. There is no right word: the candidates are the words to rate, or none
    /// if the whole vocabulary is rated.
    masks: Vec<MaskedPrompt>,
}

/// A lesion of one sentence.
#[derive(Clone, Debug)]
pub struct SentenceLesion {
    /// How neurons are lesioned. The target is the row's own mask.
    pub method: LesionMethod,
    /// The lesioned layers, each with its neurons.
    pub layers: Vec<(usize, Arc<[usize]>)>,
}

/// The model's ratings at one mask.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskRating {
    /// Position of the mask; `[CLS]` is 0.
    pub position: usize,
    /// The words, by falling logit without a lesion.
    pub words: Vec<WordRating>,
    /// Whether the lesion changed any logit of the vocabulary.
    pub changed: bool,
}

/// The model's rating of a word without a lesion and, if there is one, with it.
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
    /// If it has no mask, contains another special token or is too long for the model.
    pub fn encode(subject: Subject<'_>, text: &str) -> Result<Self, StudyError> {
        let (encoded, masks) = subject.tokenizer.encode_masked(text)?;
        subject.check_length(&encoded.ids)?;
        let prompt = |(prompt, position)| MaskedPrompt {
            prompt,
            sentence: text.to_owned(),
            position,
            candidates: Vec::new(),
            label: None,
            group: None,
            cluster: prompt,
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

    /// The same sentence with these words as the only ones to rate.
    ///
    /// # Errors
    /// If a word is not one token of the model in the place of each mask, or has the same token as
    /// another.
    pub fn with_candidates(
        mut self,
        subject: Subject<'_>,
        words: &[String],
    ) -> Result<Self, StudyError> {
        for (mask, place) in self.masks.iter_mut().zip(&self.places) {
            let before = &self.text[..place.start];
            let after = &self.text[place.end..];
            let mut candidates = Candidates::default();
            for word in words {
                // The token depends on the place: at the start of a sentence it may be another.
                let sentence = format!("{before}{word}{after}");
                let word_place = place.start..place.start + word.len();
                let filled = Filled::encode(subject, &sentence, word_place)?;
                let id = filled.ids[filled.position];
                candidates.add(subject, word, id)?;
            }
            mask.candidates = candidates.into_list();
        }
        Ok(self)
    }

    /// Rates the candidates at each mask. By default these are the `top` tokens of the vocabulary and
    /// those that become top tokens with the lesion.
    ///
    /// # Errors
    /// If a layer, neuron or token of the lesion does not exist, its kind needs a study, or the model
    /// cannot be run or gives logits that are not finite.
    pub fn rate(
        &self,
        subject: Subject<'_>,
        top: usize,
        lesion: Option<&SentenceLesion>,
    ) -> Result<Vec<MaskRating>, StudyError> {
        let mut ratings = Vec::with_capacity(self.masks.len());
        for masks in self.masks.chunks(subject.batching.rows) {
            let (clean, lesioned) = run(subject, masks, lesion)?;
            for (row, mask) in masks.iter().enumerate() {
                let lesioned = lesioned.as_ref().map(|rows| &rows[row][..]);
                ratings.push(rate(subject, mask, top, &clean[row], lesioned));
            }
        }
        Ok(ratings)
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

/// Logits over the vocabulary at each mask, without the lesion and with it.
type Logits = (Vec<Vec<f32>>, Option<Vec<Vec<f32>>>);

/// Runs the sentence without the lesion and with it. Both go through the same operations, so that a
/// lesion without effect changes no bit.
fn run(
    subject: Subject<'_>,
    masks: &[MaskedPrompt],
    lesion: Option<&SentenceLesion>,
) -> Result<Logits, StudyError> {
    let batch = TokenBatch::new(masks.iter().map(|mask| mask.masked.clone()).collect())?;
    let positions = masks.iter().map(|mask| mask.position).collect();
    let read = |hidden| read_logits(subject, hidden, |row| masks[row].prompt);
    let Some(SentenceLesion { method, layers }) = lesion else {
        return Ok((read(CleanPass::run(subject, batch, positions)?.hidden())?, None));
    };
    for &(layer, _) in layers {
        subject.check_layer(layer)?;
    }
    let prepared = method.prepare(None, masks, 0)?;
    let mut targets = Vec::new();
    for row in 0..masks.len() {
        for &(layer, ref neurons) in layers {
            let edit = prepared.edit(row, layer);
            for &position in prepared.positions(row) {
                targets.push(Target { row, layer, position, neurons, edit });
            }
        }
    }
    let pass = CleanPass::run(subject, batch, positions)?;
    let from = layers.iter().map(|&(layer, _)| layer).min().unwrap_or_default();
    let rows: Vec<usize> = (0..masks.len()).collect();
    let site = model_site(method.site);
    // A lesion of no neuron at the same tokens.
    let empty: Vec<Target<'_>> =
        targets.iter().map(|target| Target { neurons: &[], ..*target }).collect();
    let clean = read(pass.lesioned(&rows, from, site, &empty)?)?;
    let lesioned = read(pass.lesioned(&rows, from, site, &targets)?)?;
    Ok((clean, Some(lesioned)))
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
        if let Some(lesioned) = lesioned {
            ids.extend(highest(lesioned, top));
        }
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            // A model can have more logits than its tokenizer has tokens.
            if let Some(word) = subject.tokenizer.token(id) {
                words.push(Candidate { word, id });
            }
        }
    }
    let logit = |candidate: &Candidate| clean[candidate.id as usize];
    words.sort_by(|a, b| logit(b).total_cmp(&logit(a)).then(a.id.cmp(&b.id)));
    let clean_sum = log_sum_exp(clean);
    let lesioned_sum = lesioned.map(log_sum_exp);
    let words = words.iter().map(|word| WordRating {
        clean: Score::new(word, clean, clean_sum),
        lesioned: lesioned.zip(lesioned_sum).map(|(logits, sum)| Score::new(word, logits, sum)),
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
    fn the_highest_logits_come_first_and_ties_by_id() {
        assert_eq!(highest(&[1.0, 3.0, -2.0, 3.0], 3), [1, 3, 0]);
        assert_eq!(highest(&[1.0], 10), [0]);
    }
}
