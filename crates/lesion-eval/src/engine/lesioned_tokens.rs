//! The tokens of a prompt at which neurons are lesioned.

use study_record::Tokens;

use crate::{
    encoding::masked_prompt::MaskedPrompt, engine::prompt_passes::PromptPasses, error::StudyError,
};

/// Checks that every pass of the prompts has such tokens.
///
/// # Errors
/// [`StudyError::Offset`] if an offset leaves a sentence.
pub fn check_tokens(tokens: &Tokens, prompts: &[MaskedPrompt]) -> Result<(), StudyError> {
    for prompt in PromptPasses::of(prompts).list.iter() {
        lesioned_positions(tokens, prompt)?;
    }
    Ok(())
}

/// The lesioned positions of a prompt.
///
/// # Errors
/// [`StudyError::Offset`] if an offset leaves the sentence.
pub(crate) fn lesioned_positions(
    tokens: &Tokens,
    prompt: &MaskedPrompt,
) -> Result<Vec<usize>, StudyError> {
    match tokens {
        Tokens::Target => Ok(vec![prompt.position]),
        Tokens::All => Ok((0..prompt.length()).collect()),
        Tokens::Offsets(offsets) => offsets.iter().map(|&offset| shift(prompt, offset)).collect(),
    }
}

/// The position at a distance from that of a prompt's prediction.
fn shift(prompt: &MaskedPrompt, offset: i64) -> Result<usize, StudyError> {
    let length = prompt.length();
    let shifted = (prompt.position as i64).checked_add(offset);
    let position = shifted.and_then(|shifted| usize::try_from(shifted).ok());
    match position {
        Some(position) if position < length => Ok(position),
        _ => Err(StudyError::Offset {
            offset,
            prompt: prompt.prompt,
            position: prompt.position,
            length,
        }),
    }
}
