use burn::{
    nn::loss::CrossEntropyLossConfig,
    optim::GradientsParams,
    tensor::{Int, Tensor, TensorData},
};

use bert_model::NoHook;

use super::{TrainError, masking::Example, state::TrainingState, token_batch};

/// One optimizer step on one batch. Returns the mean cross-entropy (nats) over its targets.
pub(super) fn step(
    state: &mut TrainingState,
    batch: &[Example],
    rate: f64,
) -> Result<f64, TrainError> {
    let hidden = state.model.forward(&token_batch(batch)?, &mut NoHook)?;
    let device = hidden.device();
    let (places, tokens): (Vec<_>, Vec<_>) = batch
        .iter()
        .enumerate()
        .flat_map(|(row, example)| {
            example.targets.iter().map(move |&(position, id)| ((row, position), i64::from(id)))
        })
        .unzip();
    let count = tokens.len();
    let tokens = Tensor::<1, Int>::from_data(TensorData::new(tokens, [count]), &device);
    let logits = state.model.logits_at(hidden, &places)?;
    let loss = CrossEntropyLossConfig::new().init(&device).forward(logits, tokens);

    let gradients = GradientsParams::from_grads(loss.backward(), &state.model);
    state.model = state.optimizer.step(rate, state.model.clone(), gradients);
    state.steps += 1;
    let loss = loss.into_data().iter::<f32>().next().unwrap_or(f32::NAN);
    if loss.is_finite() {
        Ok(f64::from(loss))
    } else {
        Err(TrainError::Diverged { loss, step: state.steps })
    }
}
