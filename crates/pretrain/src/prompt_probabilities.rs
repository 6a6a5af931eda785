//! A model's probabilities in prompts of the grammar.

use std::collections::BTreeMap;

use bert_model::{BertTokenizer, LanguageModel, NoHook, TokenBatch};
use burn::tensor::activation::softmax;
use grammar::HeldOutPrompt;

use crate::train_error::TrainError;

/// Prompts per forward pass.
const BATCH_SIZE: usize = 64;

/// The probability, over all words, of the right pronoun of each prompt.
///
/// # Errors
///
/// If the tokenizer cannot encode a prompt or the model cannot be run.
pub fn prompt_probabilities(
    model: &LanguageModel,
    tokenizer: &BertTokenizer,
    prompts: &[HeldOutPrompt],
) -> Result<Vec<f64>, TrainError> {
    let mut encoded = Vec::new();
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, prompt) in prompts.iter().enumerate() {
        let ids = tokenizer.encode(&prompt.text)?.ids;
        by_length.entry(ids.len()).or_default().push(index);
        encoded.push(ids);
    }
    let mut probabilities = vec![0.0; prompts.len()];
    for batch in by_length.values().flat_map(|indices| indices.chunks(BATCH_SIZE)) {
        let inputs: Vec<Vec<u32>> = batch.iter().map(|&index| encoded[index].clone()).collect();
        let mut places = Vec::new();
        for (row, ids) in inputs.iter().enumerate() {
            let masks = ids.iter().enumerate().filter(|(_, id)| Some(**id) == tokenizer.mask_id());
            places.extend(masks.map(|(position, _)| (row, position)));
        }
        let hidden = model.forward(&TokenBatch::new(inputs)?, &mut NoHook)?;
        let all = softmax(model.logits_at(hidden, &places)?, 1).into_data();
        let words = all.shape()[1];
        let values: Vec<f32> = all.iter().collect();
        for (&index, row) in batch.iter().zip(values.chunks(words)) {
            let right = tokenizer.encode(prompts[index].right)?.ids[1];
            probabilities[index] = f64::from(row[right as usize]);
        }
    }
    Ok(probabilities)
}
