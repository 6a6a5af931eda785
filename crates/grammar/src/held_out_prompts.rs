//! Evaluation prompts, made of sentences that training never sees.

use std::collections::HashSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::held_out::{HeldOut, is_evaluation};
use crate::pronoun::{Case, Gender};
use crate::sentences::grammar::Grammar;
use crate::sentences::notation::NotationError;

/// The word that stands for the hidden pronoun of a prompt.
pub const MASK: &str = "[MASK]";

/// A held-out sentence with one pronoun hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOutPrompt {
    /// The sentence, with [`MASK`] in place of the pronoun.
    pub text: String,
    /// The right pronoun, in lower case: the more probable one.
    pub right: &'static str,
    /// The pronoun of the same case and the other gender.
    pub other: &'static str,
    /// The hidden pronoun's case.
    pub case: Case,
    /// The gender of the right pronoun.
    pub gender: Gender,
    /// The grammar's probability of the right pronoun rather than the other, in percent.
    pub percent: u8,
}

impl HeldOutPrompt {
    /// The prompt as a line of a prompts file, with `{right|other}` in place of the mask.
    #[must_use]
    pub fn template(&self) -> String {
        self.text.replace(MASK, &format!("{{{}|{}}}", self.right, self.other))
    }
}

/// Draws `count` different prompts, half of each gender; if `count` is odd, one more is male.
///
/// With `case`, only pronouns of that case are hidden. A sentence gives at most one prompt. The
/// sentences come from the evaluation side of the split, and `held_out` does not list them, so they
/// are new to the model and to the project's stimuli. The search ends only if the grammar can make
/// `count` such sentences; it can make many millions.
///
/// # Errors
///
/// If the tables of the grammar are malformed.
pub fn held_out_prompts(
    seed: u64,
    count: usize,
    case: Option<Case>,
    held_out: &HeldOut,
) -> Result<Vec<HeldOutPrompt>, NotationError> {
    let grammar = Grammar::new()?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut seen = HashSet::new();
    let mut prompts = Vec::with_capacity(count);
    let mut missing_male = count.div_ceil(2);
    let mut missing_female = count / 2;
    while missing_male + missing_female > 0 {
        let sentence = grammar.draw_sentence(&mut rng);
        if !is_evaluation(&sentence.text) || held_out.lists(&sentence.text) {
            continue;
        }
        // The gender with more prompts missing, so that both are complete at the same time.
        let gender = if missing_male > missing_female { Gender::Male } else { Gender::Female };
        let slot = sentence.slots.iter().find(|slot| {
            slot.is_decided()
                && slot.gender == gender
                && case.is_none_or(|wanted| slot.case == wanted)
        });
        let Some(slot) = slot else { continue };
        if !seen.insert(sentence.text.clone()) {
            continue;
        }
        match gender {
            Gender::Male => missing_male -= 1,
            Gender::Female => missing_female -= 1,
        }
        prompts.push(HeldOutPrompt {
            text: sentence.fill_slot(slot, MASK),
            right: slot.right(),
            other: slot.other(),
            case: slot.case,
            gender,
            percent: slot.percent,
        });
    }
    Ok(prompts)
}

/// The probabilities, in percent, that the more probable pronoun has in the grammar if both are
/// possible.
pub const LEVELS: [u8; 6] = [50, 60, 70, 80, 90, 95];

/// Draws `count` different prompts of each of [`LEVELS`], in its order. Both pronouns are possible in
/// them, and the right one is the more probable one; at 50 %, the one that was hidden.
///
/// Apart from that they are like [`held_out_prompts`]. Training may have seen the sentence with the
/// pronoun that is not hidden, but such sentences are rare.
///
/// # Errors
///
/// If the tables of the grammar are malformed.
pub fn graded_prompts(
    seed: u64,
    count: usize,
    case: Option<Case>,
    held_out: &HeldOut,
) -> Result<Vec<HeldOutPrompt>, NotationError> {
    let grammar = Grammar::new()?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut seen = HashSet::new();
    let mut by_level = LEVELS.map(|_| Vec::with_capacity(count));
    while by_level.iter().any(|prompts| prompts.len() < count) {
        let sentence = grammar.draw_sentence(&mut rng);
        let slot = sentence
            .slots
            .iter()
            .find(|slot| slot.is_graded() && case.is_none_or(|wanted| slot.case == wanted));
        let Some(slot) = slot else { continue };
        let is_right = slot.percent >= 50;
        let (gender, percent) = if is_right {
            (slot.gender, slot.percent)
        } else {
            (slot.gender.other(), 100 - slot.percent)
        };
        let Some(level) = LEVELS.iter().position(|&level| level == percent) else { continue };
        let prompts = &mut by_level[level];
        // The two genders take turns.
        let wanted = if prompts.len() % 2 == 0 { Gender::Male } else { Gender::Female };
        if prompts.len() == count || gender != wanted {
            continue;
        }
        if !is_evaluation(&sentence.text) || held_out.lists(&sentence.text) {
            continue;
        }
        let text = sentence.fill_slot(slot, MASK);
        if !seen.insert(text.clone()) {
            continue;
        }
        let (right, other) = (slot.case.pronoun(gender), slot.case.pronoun(gender.other()));
        prompts.push(HeldOutPrompt { text, right, other, case: slot.case, gender, percent });
    }
    Ok(by_level.into_iter().flatten().collect())
}
