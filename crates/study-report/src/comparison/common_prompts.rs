//! Two studies, and the prompts that they have in common.

use std::collections::BTreeMap;

use study_record::tables::{LesionRow, PredictionRow, PromptRow};

use crate::{
    error::ReportError, finished_study::FinishedStudy, sections::lesion_section::lesioned_prompts,
};

/// A masked prompt that both studies have.
pub(crate) struct CommonPrompt {
    pub(crate) label: Option<String>,
    /// The right word's clean margin in each study.
    pub(crate) margins: [f64; 2],
    /// Its margin drop in the paper's lesion, if both studies lesion it.
    pub(crate) drops: Option<[f64; 2]>,
}

/// A prompt by its sentence and candidates.
type PromptKey = (String, Vec<String>);

/// A prompt as one study has it.
struct StudiedPrompt {
    label: Option<String>,
    margin: f64,
    drop: Option<f64>,
}

/// The masked prompts that both studies have, with the same candidates.
pub(crate) fn common_prompts(
    studies: [&FinishedStudy<'_>; 2],
) -> Result<Vec<CommonPrompt>, ReportError> {
    let prompts = studied_prompts(studies[0])?;
    let others = studied_prompts(studies[1])?;
    let common = prompts.into_iter().filter_map(|(key, prompt)| {
        let other = others.get(&key)?;
        Some(CommonPrompt {
            label: prompt.label,
            margins: [prompt.margin, other.margin],
            drops: prompt.drop.zip(other.drop).map(|(drop, other)| [drop, other]),
        })
    });
    Ok(common.collect())
}

fn studied_prompts(
    study: &FinishedStudy<'_>,
) -> Result<BTreeMap<PromptKey, StudiedPrompt>, ReportError> {
    let lesions: Vec<LesionRow> = study.rows()?;
    let lesions = lesioned_prompts(&lesions).into_iter();
    let drops: BTreeMap<(usize, usize), f64> =
        lesions.map(|rows| ((rows[0].prompt, rows[0].position), rows[0].margin_drop)).collect();
    let predictions: Vec<PredictionRow> = study.rows()?;
    let prompts: Vec<PromptRow> = study.rows()?;
    let prompts: BTreeMap<(usize, usize), PromptRow> =
        prompts.into_iter().map(|row| ((row.prompt, row.position), row)).collect();
    let mut found = BTreeMap::new();
    for candidates in PredictionRow::by_prompt(&predictions) {
        let place = (candidates[0].prompt, candidates[0].position);
        let Some(prompt) = prompts.get(&place) else { continue };
        let words = candidates.iter().map(|row| row.candidate.clone()).collect();
        let studied = StudiedPrompt {
            label: prompt.label.clone(),
            margin: PredictionRow::margin(candidates),
            drop: drops.get(&place).copied(),
        };
        found.insert((prompt.sentence.clone(), words), studied);
    }
    Ok(found)
}
