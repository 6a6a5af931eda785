//! One step of the optimizer.

use bert_model::{NoHook, TokenBatch};
use burn::{
    nn::loss::CrossEntropyLossConfig,
    optim::GradientsParams,
    tensor::{Int, Tensor, TensorData},
};

use crate::masking::Example;
use crate::train_error::TrainError;
use crate::training_state::TrainingState;

/// Takes one optimizer step on `batch`. Returns the mean cross-entropy (nats) over its targets.
pub(crate) fn take_step(
    state: &mut TrainingState,
    batch: &[Example],
    learning_rate: f64,
) -> Result<f64, TrainError> {
    let inputs = batch.iter().map(|example| example.input.clone()).collect();
    let hidden = state.model.forward(&TokenBatch::new(inputs)?, &mut NoHook)?;
    let device = hidden.device();
    let mut places = Vec::new();
    let mut tokens = Vec::new();
    for (row, example) in batch.iter().enumerate() {
        for &(position, id) in &example.targets {
            places.push((row, position));
            tokens.push(i64::from(id));
        }
    }
    let count = tokens.len();
    let tokens = Tensor::<1, Int>::from_data(TensorData::new(tokens, [count]), &device);
    let logits = state.model.logits_at(hidden, &places)?;
    let loss = CrossEntropyLossConfig::new().init(&device).forward(logits, tokens);

    let gradients = GradientsParams::from_grads(loss.backward(), &state.model);
    state.model = state.optimizer.step(learning_rate, state.model.clone(), gradients);
    state.steps += 1;
    let loss = loss.into_data().iter::<f32>().next().unwrap_or(f32::NAN);
    if !loss.is_finite() {
        return Err(TrainError::Diverged { loss, step: state.steps });
    }
    Ok(f64::from(loss))
}
