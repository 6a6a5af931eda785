//! Predictions of the words of one sentence, without a study, and how a lesion changes them.

use std::{
    ops::Range,
    sync::{Arc, Mutex},
};

use activation_capture::Target;
use bert_model::{MASK, TokenBatch};
use study_record::Site;

use crate::{
    encoding::{
        filled::Filled,
        masked_prompt::{Candidate, Candidates, MaskedPrompt},
    },
    error::{CandidateProblem, StudyError},
    passes::{
        batching::Batching,
        clean_pass::CleanPass,
        logits::{highest_tokens, log_sum_exp, read_logits},
        progress::{Progress, report, unwatched},
        read_tokens::ReadTokens,
        side_by_side::{lock, run_side_by_side},
        subject::Subject,
    },
    prediction::{
        predict::Score,
        sentence_lesion::{SentenceLesion, targets},
    },
    selection::activations::activations_at_masks,
    translate::model_site,
};

/// A sentence with one or more masks. Each mask has a row of its own, in which all others are masked
/// too.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// Words that are not in the model's vocabulary: the model reads its unknown token instead.
    pub unknown: Vec<String>,
    /// Text after the mask, if there is some and the model is a decoder, which does not read it.
    pub unread: Option<String>,
    text: String,
    /// The bytes of each mask in the text.
    places: Vec<Range<usize>>,
    /// A prompt for each word to predict. There is no right word: the candidates are the words to rate, or none
    /// if the whole vocabulary is rated.
    masks: Vec<MaskedPrompt>,
}

/// The model's ratings of words in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskRating {
    /// Position at which the word is predicted; that of the first token is 0.
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
            counterpart: None,
            scored: None,
        };
        Ok(Self {
            unknown: subject.tokenizer.unknown_words(&encoded, text),
            unread: find_unread(subject, text),
            text: text.to_owned(),
            places: masks
                .iter()
                .map(|&position| subject.tokenizer.mask_place(text, &encoded, position))
                .collect(),
            masks: masks.into_iter().enumerate().map(prompt).collect(),
        })
    }

    /// The same sentence with these words as the only ones to rate.
    ///
    /// # Errors
    /// If a word is not one token of the model in the place of each mask, has the same token as another, or
    /// leaves other tokens before it in a decoder.
    pub fn with_candidates(
        mut self,
        subject: Subject<'_>,
        words: &[String],
    ) -> Result<Self, StudyError> {
        for (mask, place) in self.masks.iter_mut().zip(&self.places) {
            let (candidates, before) = encode_candidates(subject, &self.text, place, words)?;
            mask.candidates = candidates;
            if let Some(before) = before {
                mask.masked = before.ids;
                mask.position = before.position;
            }
        }
        Ok(self)
    }

    /// The activations of every neuron at the first prediction, `layers x neurons`, for lesions that set the
    /// neurons of another sentence to them.
    ///
    /// # Errors
    /// If the model cannot be run.
    pub fn activations_at_mask(
        &self,
        subject: Subject<'_>,
        site: Site,
    ) -> Result<Arc<[f32]>, StudyError> {
        let first = &self.masks[..1];
        let rows = activations_at_masks(subject, first, model_site(site), &mut unwatched())?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// A prompt for each word to predict. The candidates are the words to rate, if any were given.
    pub(crate) fn masks(&self) -> &[MaskedPrompt] {
        &self.masks
    }

    /// The tokens, `[CLS]` first.
    pub(crate) fn tokens(&self) -> &[u32] {
        &self.masks[0].masked
    }

    /// Rates the candidates of each word to predict. By default these are the `top` tokens of the
    /// vocabulary and those that become top tokens with the lesion.
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

/// Rates many sentences side by side. Each is rated as it would be by itself, to the last bit.
///
/// # Errors
/// If `progress` cancels. The errors of a sentence are its own result.
pub fn rate_sentences(
    subject: Subject<'_>,
    sentences: &[(&Sentence, usize, Option<&SentenceLesion>)],
    progress: Progress<'_>,
) -> Result<Vec<Result<Vec<MaskRating>, StudyError>>, StudyError> {
    let shapes = sentences.iter().map(|(sentence, ..)| [1, sentence.tokens().len()]);
    let at_once = subject.at_once(Batching::clean_at_once, shapes);
    let mut rated: Vec<_> = sentences.iter().map(|_| None).collect();
    let shared = Mutex::new((progress, 0));
    let pieces = sentences.iter().zip(&mut rated).collect();
    run_side_by_side(pieces, at_once, |(&(sentence, top, lesion), rated)| {
        *rated = Some(sentence.rate(subject, top, lesion));
        let mut guard = lock(&shared);
        let (progress, done) = &mut *guard;
        *done += 1;
        report(*progress, *done, sentences.len())
    })?;
    Ok(rated.into_iter().flatten().collect())
}

/// The candidates in a place of a text and, for a decoder, the tokens before them. These may depend on the words,
/// because white space is cut into tokens by what follows it.
fn encode_candidates(
    subject: Subject<'_>,
    text: &str,
    place: &Range<usize>,
    words: &[String],
) -> Result<(Vec<Candidate>, Option<Filled>), StudyError> {
    let (start, after) = (&text[..place.start], &text[place.end..]);
    let mut candidates = Candidates::default();
    let mut before: Option<Filled> = None;
    for word in words {
        // The token depends on the place: at the start of a sentence it may be another.
        let sentence = format!("{start}{word}{after}");
        let word_place = place.start..place.start + word.len();
        let filled = Filled::encode(subject, &sentence, word_place)?;
        candidates.add(subject, word, filled.ids[filled.position])?;
        if !subject.tokenizer.is_of_decoder() {
            continue;
        }
        let asked = filled.asked(subject)?;
        match &before {
            Some(first) if first.ids != asked.ids => {
                let (other, word) = (words[0].clone(), word.clone());
                return Err(CandidateProblem::OtherTokensBefore { other, word }.into());
            }
            Some(_) => {}
            None => before = Some(asked),
        }
    }
    Ok((candidates.into_list(), before))
}

/// The text after a sentence's mask that the model does not read.
fn find_unread(subject: Subject<'_>, text: &str) -> Option<String> {
    if !subject.tokenizer.is_of_decoder() {
        return None;
    }
    let (_, after) = text.split_once(MASK)?;
    let after = after.trim();
    if after.is_empty() { None } else { Some(after.to_owned()) }
}

/// Logits over the vocabulary at each prediction, without the lesion and with it.
type Logits = (Vec<Vec<f32>>, Option<Vec<Vec<f32>>>);

/// Runs the sentence without the lesion and with it. Both go through the same operations, so that a
/// lesion without effect changes no bit.
fn run(
    subject: Subject<'_>,
    masks: &[MaskedPrompt],
    lesion: Option<&SentenceLesion>,
) -> Result<Logits, StudyError> {
    let batch = TokenBatch::new(masks.iter().map(|mask| mask.masked.clone()).collect())?;
    let reads = ReadTokens::one_each(masks.iter().map(|mask| mask.position).collect());
    let read = |hidden| read_logits(subject, hidden, |row| masks[row].prompt);
    let Some(lesion) = lesion else {
        return Ok((read(CleanPass::run(subject, batch, reads)?.hidden())?, None));
    };
    let prepared = lesion.prepare(subject, masks)?;
    let layers = lesion.spread(subject);
    let targets = targets(&layers, &prepared, masks.len());
    let pass = CleanPass::run(subject, batch, reads)?;
    let from = layers.iter().map(|&(layer, _)| layer).min().unwrap_or_default();
    let rows: Vec<usize> = (0..masks.len()).collect();
    let site = model_site(lesion.method.site);
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
        let mut ids = highest_tokens(clean, top);
        if let Some(lesioned) = lesioned {
            ids.extend(highest_tokens(lesioned, top));
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
