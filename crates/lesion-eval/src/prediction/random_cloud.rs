//! A lesion of one sentence beside those of random sets.

use std::sync::Arc;

use bert_model::Site;
use neuron_stats::randomisation_p;
use study_record::SetKind;

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::{
        journal::NoJournal,
        laboratory::Laboratory,
        lesion_method::PreparedLesionMethod,
        trial::{Drops, Outcome, Read, Trial},
    },
    error::StudyError,
    parts::{
        layer_controls::central_range,
        random_sets::SimilarGroups,
        set_lesions::{DrawnSets, RandomSetPlan, SetList},
    },
    passes::{progress::Progress, subject::Subject},
    prediction::{
        neuron_effects::choose_words, sentence::Sentence, sentence_lesion::SentenceLesion,
    },
    random::Purpose,
    selection::activations::activations_at_masks,
};

/// The lesion of a sentence where its first word is predicted, and the same lesion of random sets of the
/// same sizes, a few at a time.
pub struct RandomCloud {
    /// The sentence, with the words whose logits are compared.
    prompts: Vec<MaskedPrompt>,
    method: PreparedLesionMethod,
    /// The margin without a lesion.
    margin: f64,
    /// The falls under the lesion itself.
    drops: Drops,
    groups: [RandomGroup; 2],
}

/// Random sets of one kind.
pub struct RandomGroup {
    /// The kind.
    pub kind: SetKind,
    /// The lesioned layers of each set.
    sets: Vec<Vec<(usize, Arc<[usize]>)>>,
    /// The falls under the lesions of the first sets.
    drops: Vec<Drops>,
}

impl RandomGroup {
    /// The falls under the lesions so far, in the order of the sets.
    #[must_use]
    pub fn drops(&self) -> &[Drops] {
        &self.drops
    }

    /// Number of sets; none if there is no other set of the lesion's size.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sets.len()
    }

    /// The margin drops so far.
    fn margins(&self) -> Vec<f64> {
        self.drops.iter().map(|drops| drops.margin).collect()
    }

    /// The range that contains 95 % of the margin drops so far; none before the first.
    #[must_use]
    pub fn range(&self) -> Option<(f64, f64)> {
        central_range(self.margins())
    }
}

impl RandomCloud {
    /// Runs the lesion itself, and chooses `count` random sets of each kind. Those of kind `random` are
    /// the ones of a study with this seed; `random-active` are matched on the activations in this
    /// sentence.
    ///
    /// # Errors
    /// If a layer, neuron or token does not exist, the kind of lesion needs values that are not given, or
    /// the model cannot be run.
    pub fn new(
        subject: Subject<'_>,
        sentence: &Sentence,
        lesion: &SentenceLesion,
        (count, seed): (usize, u64),
        progress: Progress<'_>,
    ) -> Result<Self, StudyError> {
        let mask = &sentence.masks()[0];
        let candidates = choose_words(subject, mask)?;
        let prompts = vec![MaskedPrompt { candidates, ..mask.clone() }];
        let method = lesion.prepare(subject, &prompts)?;
        let mut layers = lesion.layers.clone();
        layers.retain(|(_, neurons)| !neurons.is_empty());
        let neurons = subject.model.config().intermediate_size;
        let plan = RandomSetPlan { neurons, count, seed };
        let active = activations_at_masks(subject, &prompts, Site::Post, &mut *progress)?;
        let groups = [draw_any(plan, &layers), draw_active(plan, &layers, &active[0])];
        let trials = [Trial { prompt: 0, layers }];
        let mut journal = NoJournal;
        let mut laboratory = Laboratory::new(subject, &prompts, method.clone(), &mut journal);
        let outcomes = laboratory.run("cloud", &trials, Read::Candidates, progress)?;
        let (margin, drops) = (outcomes[0].clean.margin(), outcomes[0].drops());
        Ok(Self { prompts, method, margin, drops, groups })
    }

    /// Lesions the next `sets` random sets of each kind. Returns whether all are lesioned.
    ///
    /// # Errors
    /// If the model cannot be run, or `progress` cancels. The sets before stay.
    pub fn extend(
        &mut self,
        subject: Subject<'_>,
        sets: usize,
        progress: Progress<'_>,
    ) -> Result<bool, StudyError> {
        let mut trials = Vec::new();
        let mut counts = [0; 2];
        for (group, count) in self.groups.iter().zip(&mut counts) {
            let next = group.sets.iter().skip(group.drops.len()).take(sets);
            let before = trials.len();
            trials.extend(next.map(|layers| Trial { prompt: 0, layers: layers.clone() }));
            *count = trials.len() - before;
        }
        let mut journal = NoJournal;
        let method = self.method.clone();
        let mut laboratory = Laboratory::new(subject, &self.prompts, method, &mut journal);
        let outcomes = laboratory.run("cloud", &trials, Read::Candidates, progress)?;
        let mut outcomes = outcomes.iter();
        for (group, count) in self.groups.iter_mut().zip(counts) {
            group.drops.extend(outcomes.by_ref().take(count).map(Outcome::drops));
        }
        Ok(self.groups.iter().all(|group| group.drops.len() == group.sets.len()))
    }

    /// The position at which the word is predicted; that of the first token is 0.
    #[must_use]
    pub fn position(&self) -> usize {
        self.prompts[0].position
    }

    /// The word whose logit and margin fall, and the words that it is compared with.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.prompts[0].candidates.iter().map(|candidate| candidate.word.as_str())
    }

    /// The margin without a lesion.
    #[must_use]
    pub fn margin(&self) -> f64 {
        self.margin
    }

    /// The falls under the lesion itself.
    #[must_use]
    pub fn drops(&self) -> Drops {
        self.drops
    }

    /// The random sets of each kind.
    #[must_use]
    pub fn groups(&self) -> &[RandomGroup; 2] {
        &self.groups
    }

    /// The two-sided p of the lesion's margin drop among those of a group so far; none before the first.
    #[must_use]
    pub fn p(&self, group: &RandomGroup) -> Option<f64> {
        randomisation_p(self.drops.margin, &group.margins()).map(|test| test.p_two_sided)
    }
}

/// The sets of kind `random`: in each layer those of a study. A layer that is lesioned as a whole has no
/// other set, and keeps its own.
fn draw_any(plan: RandomSetPlan, layers: &[(usize, Arc<[usize]>)]) -> RandomGroup {
    let mut by_layer = Vec::with_capacity(layers.len());
    for (layer, neurons) in layers {
        let mut sets = plan.any(&mut DrawnSets::default(), *layer, neurons.len());
        if sets.is_empty() {
            sets = vec![neurons.clone(); plan.count].into();
        }
        by_layer.push((*layer, sets));
    }
    join_layers(SetKind::Random, plan, layers, &by_layer)
}

/// The sets of kind `random-active`, which are about as active where the word is predicted.
fn draw_active(
    plan: RandomSetPlan,
    layers: &[(usize, Arc<[usize]>)],
    activations: &[f32],
) -> RandomGroup {
    let mut by_layer = Vec::with_capacity(layers.len());
    for (layer, neurons) in layers {
        let values = &activations[layer * plan.neurons..(layer + 1) * plan.neurons];
        let activity: Vec<f64> = values.iter().map(|value| f64::from(value.abs())).collect();
        let similar = SimilarGroups::new(&activity, neurons);
        let sets = plan.draw(Purpose::ActiveSet, 2 * layer, |rng| similar.choose(rng));
        by_layer.push((*layer, sets.into()));
    }
    join_layers(SetKind::RandomActive, plan, layers, &by_layer)
}

/// Sets of several layers together; none if every layer is lesioned as a whole.
fn join_layers(
    kind: SetKind,
    plan: RandomSetPlan,
    layers: &[(usize, Arc<[usize]>)],
    by_layer: &[(usize, SetList)],
) -> RandomGroup {
    let mut sets = Vec::new();
    if layers.iter().any(|(_, neurons)| neurons.len() < plan.neurons) {
        for draw in 0..plan.count {
            sets.push(by_layer.iter().map(|(layer, sets)| (*layer, sets[draw].clone())).collect());
        }
    }
    RandomGroup { kind, sets, drops: Vec::new() }
}
