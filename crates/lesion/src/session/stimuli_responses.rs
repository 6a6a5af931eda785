//! The responses of a model to stimuli.

use std::sync::Arc;

use lesion_eval::{
    Activations, EncodedStimuli, NeuronSetFile, NeuronSets, Progress, ReferenceActivations,
    Replication, Selection, Stimuli, Subject, measure,
};
use study_record::{SetRule, Site, Study};

use crate::{
    error::LesionError,
    running::shared_work::{SelectionResults, select_alone},
    session::sentence_answers::ActiveStimulus,
};

/// A model's activations at the targets of stimuli, and the neurons that a study selects on them.
pub struct StimuliResponses {
    /// The sentences of each side.
    pub sentences: [Vec<String>; 2],
    /// The activations in them.
    pub activations: Activations,
    /// The tests of every neuron.
    pub selection: Selection,
    /// The selected neurons on the stimuli that were held out; none if none were.
    pub replications: Vec<Replication>,
    /// The neurons with a label, and those that the study would lesion.
    pub sets: NeuronSetFile,
}

impl StimuliResponses {
    /// Runs the stimuli, and selects neurons as a study does.
    ///
    /// # Errors
    /// If the model cannot encode the stimuli or be run, or `progress` cancels.
    pub(crate) fn measure(
        subject: Subject<'_>,
        stimuli: &Stimuli,
        study: &Study,
        progress: Progress<'_>,
    ) -> Result<Self, LesionError> {
        let encoded = EncodedStimuli::encode(subject, stimuli, &study.selection, study.score)?;
        let activations = measure(subject, &encoded, &mut *progress)?;
        let sentences = stimuli.sentences(activations.lines());
        let selected = select_alone(study, &activations, progress)?;
        let SelectionResults { selection, replications, .. } = selected;
        let strength = study.lesion.strength;
        let labelled = NeuronSets::choose(&selection, SetRule::Significant, strength);
        let lesioned = NeuronSets::choose(&selection, study.lesion.sets, strength);
        let sets = NeuronSetFile::new(&labelled, &lesioned);
        Ok(Self { sentences, activations, selection, replications, sets })
    }

    /// The activations as values for lesions at `site`.
    pub(crate) fn reference(&self, site: Site) -> Arc<ReferenceActivations> {
        Arc::new(ReferenceActivations::of_stimuli(&self.activations, site))
    }

    /// The stimuli in which a neuron is most active after the activation function.
    pub(crate) fn most_active(
        &self,
        layer: usize,
        neuron: usize,
        count: usize,
    ) -> Vec<ActiveStimulus> {
        let Activations { layers, neurons, contrast, post, .. } = &self.activations;
        let column = layer * neurons + neuron;
        let mut stimuli = Vec::new();
        for (side, label) in [&contrast.a, &contrast.b].into_iter().enumerate() {
            let rows = post[side].chunks_exact(layers * neurons);
            for (sentence, row) in self.sentences[side].iter().zip(rows) {
                let (sentence, label) = (sentence.clone(), label.clone());
                stimuli.push(ActiveStimulus { sentence, label, post: row[column] });
            }
        }
        stimuli.sort_by(|one, other| other.post.total_cmp(&one.post));
        stimuli.truncate(count);
        stimuli
    }
}
