//! A whole study of a model in memory, through the library.

use anyhow::Result;
use lesion_eval::{
    Activations, Bench, Design, EncodedStimuli, EncodedTable, Laboratory, LayerPattern,
    LesionMethod, MaskedPrompt, NeuronSetFile, NeuronSets, NoJournal, Observations, Prompts,
    ReferenceActivations, Selection, Stimuli, Subject, default_layer, find_part, judge_claims,
    measure, select, unwatched,
};
use study_record::{
    Part, Question, ScoreUnit, SetChoice, SetRule, Study,
    tables::{DissociationRow, ProfileRow, Row, VerdictRow, decode},
};

/// A model with stimuli and the neurons that respond to them.
pub(crate) struct ModelStudy<'a> {
    subject: Subject<'a>,
    stimuli: EncodedStimuli,
    activations: Activations,
    selection: Selection,
}

/// The results of a study.
pub(crate) struct StudyOutcome {
    pub(crate) verdicts: Vec<VerdictRow>,
    pub(crate) profile: Vec<ProfileRow>,
    pub(crate) dissociations: Vec<DissociationRow>,
}

impl<'a> ModelStudy<'a> {
    /// Measures the stimuli and selects neurons.
    pub(crate) fn new(subject: Subject<'a>, stimuli: &str, study: &Study) -> Result<Self> {
        let stimuli = Stimuli::parse("pairs", stimuli)?;
        let stimuli = EncodedStimuli::encode(subject, &stimuli, &study.selection, study.score)?;
        let activations = measure(subject, &stimuli, &mut unwatched())?;
        let observations = Observations::of(&activations, study.selection.site);
        let selection = select(&observations, &study.selection, study.seed, &mut unwatched())?;
        Ok(Self { subject, stimuli, activations, selection })
    }

    /// The encoded prompts.
    pub(crate) fn encode(&self, prompts: &str) -> Result<Vec<MaskedPrompt>> {
        let prompts = Prompts::parse("prompts", prompts)?;
        Ok(MaskedPrompt::encode_all(
            self.subject,
            &prompts,
            &self.selection.contrast,
            ScoreUnit::Word,
        )?)
    }

    /// Runs the controls and the joint lesions, or those that `study` includes, and judges their
    /// claims. `given` are the sets that are lesioned, if not those of the selection.
    pub(crate) fn run(
        &self,
        study: &Study,
        prompts: &[MaskedPrompt],
        given: Option<&NeuronSetFile>,
    ) -> Result<StudyOutcome> {
        let config = self.subject.model.config();
        let count = config.num_hidden_layers;
        let layers = self.subject.layers(&study.lesion.layers)?;
        let mut groups = Vec::new();
        for group in &study.joint.layers.0 {
            groups.push(self.subject.layers(group)?);
        }
        let patterns = LayerPattern::all(&layers, &groups);
        let design = Design {
            subject: self.subject,
            study,
            stimuli: &self.stimuli,
            prompts,
            bystanders: &[],
            layer: study.lesion.layer.unwrap_or_else(|| default_layer(count)),
            layers: &layers,
            patterns: &patterns,
        };
        let contrast = &self.selection.contrast;
        let (labelled, lesioned) = if let Some(file) = given {
            file.sets(contrast, count, config.intermediate_size)?
        } else {
            let strength = study.lesion.strength;
            let choose = |rule| NeuronSets::choose(&self.selection, rule, strength);
            (choose(SetRule::Significant), choose(study.lesion.sets))
        };
        let reference = ReferenceActivations::of_study(
            study,
            self.subject,
            prompts,
            &[],
            &self.activations,
            &mut unwatched(),
        )?;
        let method = LesionMethod::of(study);
        let method = method.prepare(reference.as_ref(), prompts, study.seed)?;
        let mut journal = NoJournal;
        let laboratory = Laboratory::new(self.subject, prompts, method, &mut journal);
        let sets = (&labelled, &lesioned);
        let observations = Observations::of(&self.activations, study.selection.site);
        let mut bench = Bench::new(design, &observations, &self.selection, sets, laboratory, None);
        let mut claims = Vec::new();
        let mut tables = Vec::new();
        for part in [Part::Controls, Part::Joint] {
            if study.parts.as_ref().is_none_or(|parts| parts.contains(&part)) {
                let result = find_part(part).run(&mut bench, &mut unwatched())?;
                claims.extend(result.claims);
                tables.extend(result.tables);
            }
        }
        Ok(StudyOutcome {
            verdicts: judge_claims(&claims, study)?,
            profile: read(&tables)?,
            dissociations: read(&tables)?,
        })
    }
}

/// The rows of a table; none if it was not written.
fn read<R: Row>(tables: &[EncodedTable]) -> Result<Vec<R>> {
    let mut rows = Vec::new();
    for table in tables.iter().filter(|table| table.table == R::TABLE) {
        for row in decode(&table.csv[..])? {
            rows.push(row?);
        }
    }
    Ok(rows)
}

impl StudyOutcome {
    /// The claims about one question.
    pub(crate) fn about(&self, question: Question) -> impl Iterator<Item = &VerdictRow> {
        self.verdicts.iter().filter(move |row| row.question == question)
    }

    /// True if a claim about a question is shown, in either direction.
    pub(crate) fn shows(&self, question: Question) -> bool {
        self.about(question).any(|row| row.verdict.is_shown())
    }

    /// True if a layer has a double dissociation.
    pub(crate) fn shows_double(&self) -> bool {
        let mut rows = self.dissociations.clone();
        rows.retain(|row| row.sets == SetChoice::Lesioned);
        rows.chunk_by(|a, b| a.layer == b.layer)
            .any(|rows| DissociationRow::are_double(rows, &self.verdicts))
    }
}
