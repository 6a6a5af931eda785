//! How a model responds to the bundled stimuli.

use std::sync::Arc;

use lesion_eval::{
    Activations, EncodedStimuli, NeuronSetFile, NeuronSets, Observations, Progress,
    ReferenceActivations, Subject, measure, select,
};
use study_record::{SetRule, Site, Strength, Study};

use crate::{
    error::LesionError, inputs::study_texts::bundled_stimuli,
    session::sentence_answers::ActiveStimulus,
};

/// A model's activations at the targets of the bundled stimuli, and the neurons that they select.
pub(crate) struct StimuliResponses {
    /// The sentences of each side.
    sentences: [Vec<String>; 2],
    activations: Activations,
    /// The neurons that the default study selects.
    pub(crate) sets: NeuronSetFile,
}

impl StimuliResponses {
    /// Runs the stimuli, and selects neurons as the default study does.
    ///
    /// # Errors
    /// If the model cannot encode the stimuli or be run, or `progress` cancels.
    pub(crate) fn measure(
        subject: Subject<'_>,
        progress: Progress<'_>,
    ) -> Result<Self, LesionError> {
        let study = Study::default();
        let stimuli = bundled_stimuli(study.selection.at)?;
        let sentences = stimuli.pair_sentences();
        let encoded = EncodedStimuli::encode(subject, &stimuli, &study.selection)?;
        let activations = measure(subject, &encoded, &mut *progress)?;
        let observations = Observations::of(&activations, study.selection.site);
        let selection = select(&observations, &study.selection, study.seed, progress)?;
        let sets = NeuronSets::choose(&selection, SetRule::Significant, Strength::T);
        let sets = NeuronSetFile::new(&sets, &sets);
        Ok(Self { sentences, activations, sets })
    }

    /// The activations as values for lesions at `site`.
    pub(crate) fn reference(&self, site: Site) -> Arc<ReferenceActivations> {
        Arc::new(ReferenceActivations::of_stimuli(&self.activations, site))
    }

    /// The stimuli in which a neuron is most active after GELU.
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
