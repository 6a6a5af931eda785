//! The question, and the answer in four numbers.

use study_record::{
    Accuracy, Question,
    tables::{Row as _, VerdictRow},
};

use super::{
    selection_counts::SelectionCounts,
    study_verdicts::{StudyVerdicts, subject},
};
use crate::{
    document::{
        number_text::{NONE, count, fixed, list, quoted},
        section::{Block, Section},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) fn question_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("question", "The question");
    if !study.changed().is_empty() {
        section.warning(format!(
            "The files are not those that the study wrote: {}. This page shows what they contain \
             now.",
            list(study.changed())
        ));
    }
    if let Some(seed) = study.manifest().study.untrained {
        section.warning(format!(
            "This model was never trained: its weights were drawn at random (seed {seed}). Whatever is \
             found here is no knowledge of the words."
        ));
    }
    match &study.manifest().registration {
        Some(check) if check.deviations.is_empty() => section.text(format!(
            "The study ran as registered (SHA-256 of the registration: {}).",
            check.sha256
        )),
        Some(check) => {
            section.warning("The study deviates from its registration:");
            section.list(check.deviations.clone());
        }
        None => {}
    }
    if study.has(VerdictRow::TABLE) {
        section.add(Block::Numbers(numbers(study)?));
    }
    let [a, b] = study.manifest().labels().map(quoted);
    section.explanation(format!(
        "A language model predicts words. Some neurons of its MLPs respond differently to \
         {a} and {b}. Does the model need these neurons to predict the words, or would any other \
         neurons do? The study selects the neurons by a statistical test, changes their \
         activations while the model predicts, and compares the effect with that of the same \
         lesion of other neurons."
    ));
    section.explanation(
        "Two measures describe what a lesion does to the right word. The logit drop is the \
         word\u{2019}s logit in the plain pass minus its logit in the lesioned pass. The margin \
         drop is the same difference for its margin: its logit minus the largest logit of the \
         other candidates. A shift that all logits share changes no prediction and no margin. \
         Above 0 a lesion harms.",
    );
    Ok(section)
}

fn numbers(study: &FinishedStudy<'_>) -> Result<Vec<(String, String)>, ReportError> {
    let manifest = study.manifest();
    let layer = manifest.layer;
    let labelled = SelectionCounts::read(study)?.labelled(layer, manifest);
    let accuracy = Accuracy::of(&study.rows()?);
    let verdicts = StudyVerdicts::read(study)?;
    let effects = verdicts.about(Question::Effect).filter(|row| row.p_corrected.is_some()).count();
    let shown = verdicts.shown_effects();
    let strongest = match shown.first() {
        Some(row) => (
            fixed(row.value, 3),
            format!(
                "{}: mean margin drop of the strongest controlled effect ({})",
                manifest.study.score.unit(),
                subject(row)
            ),
        ),
        None => (NONE.to_owned(), "no controlled effect is shown".to_owned()),
    };
    let shown = match effects {
        0 => NONE.to_owned(),
        effects => format!("{} of {effects}", shown.len()),
    };
    Ok(vec![
        strongest,
        (shown, "controlled lesions shown to differ from random sets".to_owned()),
        (
            format!("{} of {}", count(accuracy.right), count(accuracy.prompts)),
            "predictions where the right word leads the candidates".to_owned(),
        ),
        (
            count(labelled),
            format!("of {} neurons of layer {layer} carry a label", count(manifest.model_neurons)),
        ),
    ])
}
