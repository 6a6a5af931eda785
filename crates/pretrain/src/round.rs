//! The batches of one round.

use bert_model::{BertModelError, BertTokenizer, MASK};
use grammar::{Corpus, HeldOut, PronounSlot, Sentence};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::masking::{Example, Hiding, LEANING_PRONOUN_SHARE, mask};
use crate::recipe::Recipe;
use crate::train_error::TrainError;

/// A batch smaller than the batch size divided by this is dropped: its gradient would be noise.
const SMALLEST_BATCH: usize = 4;

/// Draws the masked examples of one round.
pub(crate) fn draw_examples(
    tokenizer: &BertTokenizer,
    held_out: &HeldOut,
    recipe: &Recipe,
    round: u64,
) -> Result<Vec<Example>, TrainError> {
    let mut rng = round_rng(recipe.seed, round);
    let vocabulary = tokenizer.highest_id() + 1;
    let mask_id = tokenizer.mask_id().ok_or(BertModelError::NoMask { mask: MASK })?;
    let mut examples = Vec::new();
    let corpus = Corpus::for_round(recipe.seed, round, held_out)?;
    for sentence in corpus.take(recipe.sentences_per_round) {
        let (ids, positions) = encode(tokenizer, &sentence)?;
        let leans = sentence.slots.iter().any(PronounSlot::leans);
        let pronoun_share = if leans { LEANING_PRONOUN_SHARE } else { recipe.pronoun_share };
        let word_share = recipe.word_share;
        let hiding = Hiding { pronouns: &positions, pronoun_share, word_share };
        examples.push(mask(&ids, hiding, mask_id, vocabulary, &mut rng));
    }
    Ok(examples)
}

/// The sentence's tokens and the positions of its pronouns.
fn encode(
    tokenizer: &BertTokenizer,
    sentence: &Sentence,
) -> Result<(Vec<u32>, Vec<usize>), TrainError> {
    let text = &sentence.text;
    let encoded = tokenizer.encode(text)?;
    let mut pronouns = Vec::new();
    for slot in &sentence.slots {
        let position = tokenizer
            .position_of(&encoded, text, slot.range.clone())
            .map_err(|source| TrainError::Sentence { sentence: text.clone(), source })?;
        pronouns.push(position);
    }
    Ok((encoded.ids, pronouns))
}

/// Sorts examples into batches of one length, in random order.
pub(crate) fn make_batches(
    examples: Vec<Example>,
    recipe: &Recipe,
    round: u64,
) -> Vec<Vec<Example>> {
    let longest = examples.iter().map(|example| example.input.len()).max().unwrap_or(0);
    let mut by_length: Vec<Vec<Example>> = vec![Vec::new(); longest + 1];
    for example in examples {
        by_length[example.input.len()].push(example);
    }
    let smallest = recipe.batch_size.div_ceil(SMALLEST_BATCH);
    let mut batches: Vec<Vec<Example>> = by_length
        .iter()
        .flat_map(|same_length| same_length.chunks(recipe.batch_size))
        .filter(|batch| batch.len() >= smallest)
        .map(<[Example]>::to_vec)
        .collect();
    batches.shuffle(&mut round_rng(!recipe.seed, round));
    batches
}

fn round_rng(seed: u64, round: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(round);
    rng
}
