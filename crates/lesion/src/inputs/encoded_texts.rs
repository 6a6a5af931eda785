//! The texts of a study as its model reads them, with the doubts about them.

use lesion_eval::{
    EncodedStimuli, MaskedPrompt, Subject, check_counterparts, check_prompt_labels,
    check_prompts_are_new, name_labels,
};
use study_record::{BUNDLED, LesionKind, ScoreUnit, Study, Warning};

use crate::{error::LesionError, inputs::study_texts::StudyTexts};

/// The texts of a study as its model reads them.
pub(crate) struct EncodedTexts {
    pub(crate) stimuli: EncodedStimuli,
    pub(crate) prompts: Vec<MaskedPrompt>,
    pub(crate) bystanders: Vec<MaskedPrompt>,
    /// Doubts about the texts.
    pub(crate) warnings: Vec<Warning>,
    /// Notes on prompts that raise no doubt, because nobody wrote them so by mistake.
    pub(crate) notes: Vec<String>,
}

impl EncodedTexts {
    /// Encodes the texts of a study.
    ///
    /// # Errors
    /// If lines are invalid: all that are, for any model or for this one.
    pub(crate) fn encode(
        subject: Subject<'_>,
        study: &Study,
        texts: &mut StudyTexts,
    ) -> Result<Self, LesionError> {
        let mut invalid = std::mem::take(&mut texts.invalid);
        let mut warnings = Vec::new();
        let stimuli = EncodedStimuli::encode_valid_lines(
            subject,
            &texts.stimuli,
            &study.selection,
            study.score,
            &mut invalid,
            &mut warnings,
        )?;
        let contrast = stimuli.contrast();
        let mut encode = |prompts, score| {
            MaskedPrompt::encode_valid_lines(
                subject,
                prompts,
                contrast,
                score,
                &mut invalid,
                &mut warnings,
            )
        };
        let prompts = encode(&texts.prompts, study.score);
        let mut bystanders = Vec::new();
        if let Some((prompts, _)) = &texts.bystanders {
            bystanders = encode(prompts, ScoreUnit::Word);
        }
        if study.lesion.kind == LesionKind::Patch {
            let tokens = &study.lesion.at;
            check_counterparts(&texts.prompts, &prompts, tokens, &mut invalid);
            if let Some((texts, _)) = &texts.bystanders {
                check_counterparts(texts, &bystanders, tokens, &mut invalid);
            }
        }
        invalid.check()?;
        check_prompt_labels(&stimuli, &texts.prompts, &prompts, &mut warnings);
        if study.parts.as_ref().is_some_and(Vec::is_empty) {
            // Without a part there are no intervals.
            warnings.retain(|warning| !is_about_size(warning));
        }
        let mut notes = Vec::new();
        if name_labels(&texts.prompts) {
            notes.extend(take_absent_labels(&mut warnings));
        }
        let (_, prompts_origin, _) = &texts.origins;
        if prompts_origin.source == BUNDLED {
            // The paper has two prompts.
            for warning in warnings.extract_if(.., |warning| is_about_size(warning)) {
                notes.push(warning.to_string());
            }
        }
        check_prompts_are_new(
            subject,
            (&texts.stimuli, &stimuli),
            (&texts.prompts, &prompts),
            &mut warnings,
        );
        Ok(Self { stimuli, prompts, bystanders, warnings, notes })
    }
}

/// Takes the warnings that a label has no prompts, and returns notes instead.
fn take_absent_labels(warnings: &mut Vec<Warning>) -> Vec<String> {
    let mut notes = Vec::new();
    warnings.retain(|warning| {
        let Warning::LabelWithoutPrompts { label } = warning else { return true };
        notes.push(format!(
            "every prompt names its label, and none is \"{label}\": its neurons are not lesioned in prompts of \
             their own"
        ));
        false
    });
    notes
}

/// Whether a warning says that there are few prompts.
fn is_about_size(warning: &Warning) -> bool {
    matches!(warning, Warning::FewTemplates { .. })
}
