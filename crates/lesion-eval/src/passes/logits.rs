//! Logits over the vocabulary.

use burn::tensor::Tensor;

use crate::{encoding::masked_prompt::MaskedPrompt, error::StudyError, passes::subject::Subject};

/// The logits over the vocabulary of each row of last hidden states, `[rows, hidden]`.
/// `prompt_of_row` gives the prompt that an error names.
///
/// # Errors
/// [`StudyError::NotFinite`] if a logit is not a finite number.
pub(crate) fn read_logits(
    subject: Subject<'_>,
    hidden: Tensor<2>,
    prompt_of_row: impl Fn(usize) -> usize,
) -> Result<Vec<Vec<f32>>, StudyError> {
    let logits = subject.model.logits(hidden);
    let [_, vocabulary] = logits.dims();
    let data = logits.into_data();
    let all: Vec<f32> = data.iter::<f32>().collect();
    if let Some(index) = all.iter().position(|logit| !logit.is_finite()) {
        let prompt = prompt_of_row(index / vocabulary);
        return Err(StudyError::NotFinite { value: all[index], prompt });
    }
    Ok(all.chunks_exact(vocabulary).map(<[f32]>::to_vec).collect())
}

/// Reads the logits over the vocabulary of each row of last hidden states, `[rows, hidden]`, and keeps the value that
/// `read` computes from a row's pass and its logits. As many rows as a batch may have are computed at once, because there may be many more.
///
/// # Errors
/// If a logit is not a finite number ([`StudyError::NotFinite`]).
pub(crate) fn read_each<'a, T>(
    subject: Subject<'_>,
    hidden: &Tensor<2>,
    pass_of_row: impl Fn(usize) -> &'a MaskedPrompt,
    read: impl Fn(&MaskedPrompt, &[f32]) -> T,
) -> Result<Vec<T>, StudyError> {
    let [rows, _] = hidden.dims();
    let most = subject.batching.rows.max(1);
    let mut found = Vec::with_capacity(rows);
    for first in (0..rows).step_by(most) {
        let some = hidden.clone().narrow(0, first, most.min(rows - first));
        let logits = read_logits(subject, some, |row| pass_of_row(first + row).prompt)?;
        for (place, logits) in logits.iter().enumerate() {
            found.push(read(pass_of_row(first + place), logits));
        }
    }
    Ok(found)
}

/// The logarithm of the sum of exp(logit) over the vocabulary.
pub(crate) fn log_sum_exp(logits: &[f32]) -> f64 {
    let highest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    // Shifted by the highest logit, so that no exponential overflows.
    highest + logits.iter().map(|&logit| (f64::from(logit) - highest).exp()).sum::<f64>().ln()
}

/// The tokens with the highest logits.
pub(crate) fn highest_tokens(logits: &[f32], count: usize) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..).take(logits.len()).collect();
    let logit = |id: u32| logits[id as usize];
    ids.sort_by(|&a, &b| logit(b).total_cmp(&logit(a)).then(a.cmp(&b)));
    ids.truncate(count);
    ids
}

#[cfg(test)]
mod tests {
    use super::highest_tokens;

    #[test]
    fn the_highest_logits_come_first_and_ties_by_id() {
        assert_eq!(highest_tokens(&[1.0, 3.0, -2.0, 3.0], 3), [1, 3, 0]);
        assert_eq!(highest_tokens(&[1.0], 10), [0]);
    }
}
