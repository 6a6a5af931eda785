//! Masks tokens of a sentence.

use rand::{Rng, RngExt, seq::IndexedRandom};

/// A sentence with some tokens hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Example {
    /// The tokens that the model reads.
    pub(crate) input: Vec<u32>,
    /// Positions to predict, with their original tokens.
    pub(crate) targets: Vec<(usize, u32)>,
}

/// Probability that a pronoun is hidden in a sentence with one that leans. Odds take longer to learn
/// than referents.
pub(crate) const LEANING_PRONOUN_SHARE: f64 = 0.9;
/// Probability that a hidden token becomes `[MASK]`.
const MASKED_SHARE: f64 = 0.85;
/// Probability that a hidden token becomes `[MASK]` or, unless it is a pronoun, a random token.
const REPLACED_SHARE: f64 = 0.9;

/// The pronouns of a sentence, and how often its tokens are hidden.
#[derive(Clone, Copy)]
pub(crate) struct Hiding<'a> {
    /// Positions of the pronouns' tokens.
    pub(crate) pronouns: &'a [usize],
    /// Probability that a pronoun is hidden.
    pub(crate) pronoun_share: f64,
    /// Probability that another token is hidden.
    pub(crate) word_share: f64,
}

/// Chooses tokens to predict, at least one, never `[CLS]` or `[SEP]`, and hides them. As in BERT, a
/// chosen token is usually masked, sometimes replaced by a random one, and sometimes unchanged.
pub(crate) fn mask(
    ids: &[u32],
    hiding: Hiding<'_>,
    mask_id: u32,
    vocabulary: u32,
    rng: &mut impl Rng,
) -> Example {
    let inner: Vec<usize> = (1..ids.len() - 1).collect();
    let mut chosen: Vec<usize> = inner
        .iter()
        .copied()
        .filter(|position| {
            let is_pronoun = hiding.pronouns.contains(position);
            rng.random_bool(if is_pronoun { hiding.pronoun_share } else { hiding.word_share })
        })
        .collect();
    if chosen.is_empty() {
        chosen.extend(hiding.pronouns.choose(rng).or_else(|| inner.choose(rng)));
    }

    let mut input = ids.to_vec();
    for &position in &chosen {
        let dice: f64 = rng.random();
        if dice < MASKED_SHARE {
            input[position] = mask_id;
        } else if dice < REPLACED_SHARE && !hiding.pronouns.contains(&position) {
            input[position] = rng.random_range(0..vocabulary);
        }
    }
    let targets = chosen.into_iter().map(|position| (position, ids[position])).collect();
    Example { input, targets }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn targets_are_the_hidden_tokens_and_the_rest_is_unchanged() {
        let ids: Vec<u32> = (100..112).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for _ in 0..500 {
            let hiding = Hiding { pronouns: &[4], pronoun_share: 0.5, word_share: 0.1 };
            let example = mask(&ids, hiding, 7, 1000, &mut rng);
            assert!(!example.targets.is_empty());
            for (position, &id) in ids.iter().enumerate() {
                match example.targets.iter().find(|target| target.0 == position) {
                    Some(&(_, hidden)) => assert_eq!(hidden, id),
                    None => assert_eq!(example.input[position], id),
                }
            }
            assert_eq!((example.input[0], example.input[11]), (100, 111));
        }
    }
}
