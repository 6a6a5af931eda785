//! Stimuli as the model reads them.

use rand::seq::SliceRandom;
use study_record::SelectAt;

use crate::{
    encoding::filled::{Filled, fill},
    error::{LineProblem, StudyError},
    passes::subject::Subject,
    random::{Purpose, stream},
    share::round_share,
    texts::{
        stimuli::{Contrast, Stimuli},
        template_lines::Template,
    },
};

/// Stimuli as the model reads them.
#[derive(Clone, Debug)]
pub struct EncodedStimuli {
    pub(crate) contrast: Contrast,
    /// Side a and side b of the first pair, then of the next.
    pub(crate) sentences: Vec<Filled>,
}

impl EncodedStimuli {
    /// Encodes both sides of every pair.
    ///
    /// # Errors
    /// [`StudyError::Line`] if a target is not one token of the model, if the sides of a pair have
    /// different numbers of tokens, or if they do not differ once the target is masked.
    pub fn encode(
        subject: Subject<'_>,
        stimuli: &Stimuli,
        at: SelectAt,
    ) -> Result<Self, StudyError> {
        let mut sentences = Vec::with_capacity(2 * stimuli.pairs().len());
        for pair in stimuli.pairs() {
            sentences.extend(encode_pair(subject, &stimuli.file, &pair.template, at)?);
        }
        Ok(Self { contrast: stimuli.contrast().clone(), sentences })
    }

    /// Checks that a share of the pairs can be held out.
    ///
    /// # Errors
    /// [`StudyError::HeldOut`] if either part would have fewer than 2 pairs.
    pub fn check_split(&self, held_out: f64) -> Result<(), StudyError> {
        count_held_out(self.sentences.len() / 2, held_out)?;
        Ok(())
    }

    /// Number of pairs that are left to select neurons on, if a share is held out.
    ///
    /// # Errors
    /// [`StudyError::HeldOut`] if either part would have fewer than 2 pairs.
    pub fn selected_pairs(&self, held_out: f64) -> Result<usize, StudyError> {
        let pairs = self.sentences.len() / 2;
        if held_out > 0.0 { Ok(pairs - count_held_out(pairs, held_out)?) } else { Ok(pairs) }
    }

    /// The pairs that are held out, ascending, in the order of the stimuli; none if the share is 0.
    ///
    /// # Errors
    /// [`StudyError::HeldOut`] if either part would have fewer than 2 pairs.
    pub fn held_out_pairs(&self, held_out: f64, seed: u64) -> Result<Vec<usize>, StudyError> {
        if held_out > 0.0 {
            return Ok(choose_held_out(self.sentences.len() / 2, held_out, seed)?.0);
        }
        Ok(Vec::new())
    }

    /// Number of sentences, two per pair.
    #[must_use]
    pub fn sentences(&self) -> usize {
        self.sentences.len()
    }
}

/// Side a and side b of a pair.
fn encode_pair(
    subject: Subject<'_>,
    file: &str,
    template: &Template,
    at: SelectAt,
) -> Result<[Filled; 2], StudyError> {
    let target = template.braces.len() - 1;
    if at == SelectAt::Masked && target == 0 {
        return Err(StudyError::in_line(file, template.line, LineProblem::SameSides));
    }
    let words = &template.braces[target];
    let a = encode_side(subject, file, template, 0, &words[0], at)?;
    let b = encode_side(subject, file, template, 1, &words[1], at)?;
    let lengths = [a.ids.len(), b.ids.len()];
    let positions = [a.position, b.position];
    if lengths[0] != lengths[1] || positions[0] != positions[1] {
        let problem = LineProblem::UnequalSides { lengths, positions };
        return Err(StudyError::in_line(file, template.line, problem));
    }
    Ok([a, b])
}

fn encode_side(
    subject: Subject<'_>,
    file: &str,
    template: &Template,
    side: usize,
    word: &str,
    at: SelectAt,
) -> Result<Filled, StudyError> {
    let filled = fill(subject, file, template, side, template.braces.len() - 1, word)?;
    match at {
        SelectAt::Visible => Ok(filled),
        SelectAt::Masked => {
            let ids = filled.masked(subject.tokenizer.mask_id());
            Ok(Filled { ids, position: filled.position })
        }
    }
}

/// The pairs that are held out, and those that are kept, both ascending: a random share.
///
/// # Errors
/// [`StudyError::HeldOut`] if either part would have fewer than 2 pairs.
pub(crate) fn choose_held_out(
    pairs: usize,
    share: f64,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>), StudyError> {
    let count = count_held_out(pairs, share)?;
    let mut held_out: Vec<usize> = (0..pairs).collect();
    held_out.shuffle(&mut stream(seed, Purpose::Split, 0, 0));
    let mut kept = held_out.split_off(count);
    held_out.sort_unstable();
    kept.sort_unstable();
    Ok((held_out, kept))
}

/// The number of pairs to hold out.
///
/// # Errors
/// [`StudyError::HeldOut`] if either part would have fewer than the 2 pairs that a t-test needs.
pub(crate) fn count_held_out(pairs: usize, share: f64) -> Result<usize, StudyError> {
    let count = round_share(share, pairs);
    if count < 2 || pairs < count + 2 {
        return Err(StudyError::HeldOut { share, pairs });
    }
    Ok(count)
}
