use rand::{Rng, RngExt, seq::IndexedRandom};

/// A sentence with some tokens hidden, and what was hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Example {
    /// What the model reads.
    pub(super) input: Vec<u32>,
    /// Positions to predict, with the token that was there.
    pub(super) targets: Vec<(usize, u32)>,
}

/// Pronouns are what the model is for, so they are hidden more often than other words.
const PRONOUN_SHARE: f64 = 0.5;
const WORD_SHARE: f64 = 0.12;

/// Chooses tokens to predict, at least one, never `[CLS]` or `[SEP]`. As in BERT, a chosen token
/// is mostly masked, sometimes replaced by a random one, sometimes left as it is.
pub(super) fn mask(
    ids: &[u32],
    pronouns: &[usize],
    mask_id: u32,
    vocabulary: u32,
    rng: &mut impl Rng,
) -> Example {
    let inner: Vec<usize> = (1..ids.len() - 1).collect();
    let mut chosen: Vec<usize> = inner
        .iter()
        .copied()
        .filter(|p| rng.random_bool(if pronouns.contains(p) { PRONOUN_SHARE } else { WORD_SHARE }))
        .collect();
    if chosen.is_empty() {
        chosen.extend(pronouns.choose(rng).or_else(|| inner.choose(rng)));
    }

    let mut input = ids.to_vec();
    for &position in &chosen {
        let dice: f64 = rng.random();
        if dice < 0.85 {
            input[position] = mask_id;
        } else if dice < 0.9 && !pronouns.contains(&position) {
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
    fn targets_are_what_was_hidden_and_the_rest_is_untouched() {
        let ids: Vec<u32> = (100..112).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for _ in 0..500 {
            let example = mask(&ids, &[4], 7, 1000, &mut rng);
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
