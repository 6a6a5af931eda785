//! Activations that replace those of lesioned neurons.

use std::{collections::BTreeMap, sync::Arc};

use neuron_stats::quantile;
use rand::RngExt;
use study_record::{LesionKind, Site, Study, Tokens, ValuesFrom};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::{counterpart_activations::CounterpartActivations, prompt_passes::PromptPasses},
    error::StudyError,
    passes::{progress::Progress, subject::Subject},
    random::{Purpose, stream},
    selection::activations::{Activations, activations_of_passes},
    translate::model_site,
};

/// The activations of every neuron in other sentences, from which lesions take values: sentences of
/// either label, or the counterparts of the prompts.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceActivations {
    /// Both labels.
    labels: [String; 2],
    /// A row of `layers x neurons` values per sentence of each label; none if values come from
    /// counterparts.
    sides: [Vec<Arc<[f32]>>; 2],
    /// Neurons in a layer.
    neurons: usize,
    /// The sentences.
    from: ValuesFrom,
    counterparts: CounterpartActivations,
}

impl ReferenceActivations {
    /// The activations that the lesions of a study take values from, with the study's own
    /// `activations` at the stimuli's targets; none if its lesions need none. `bystanders` are lesioned
    /// too, but no other prompt takes values from them.
    ///
    /// # Errors
    /// If a prompt has no counterpart but needs one, the model cannot be run, or `progress` cancels the
    /// run.
    pub fn of_study(
        study: &Study,
        subject: Subject<'_>,
        prompts: &[MaskedPrompt],
        bystanders: &[MaskedPrompt],
        activations: &Activations,
        progress: Progress<'_>,
    ) -> Result<Option<Self>, StudyError> {
        let lesion = &study.lesion;
        if !lesion.kind.needs_activations() {
            return Ok(None);
        }
        if lesion.kind == LesionKind::Patch {
            let prompts: Vec<&MaskedPrompt> = prompts.iter().chain(bystanders).collect();
            let tokens = &lesion.at;
            let values = Self::of_counterparts(subject, &prompts, tokens, lesion.site, progress)?;
            return Ok(Some(values));
        }
        if lesion.from == ValuesFrom::Stimuli {
            return Ok(Some(Self::of_stimuli(activations, lesion.site)));
        }
        let labels = [activations.contrast.a.clone(), activations.contrast.b.clone()];
        let passes = PromptPasses::of(prompts);
        let at_masks = activations_of_passes(subject, &passes, model_site(lesion.site), progress)?;
        let sides = labels.each_ref().map(|label| {
            let rows = passes.list.iter().zip(&at_masks);
            let rows = rows.filter(|(prompt, _)| prompt.label.as_ref() == Some(label));
            rows.map(|(_, row)| Arc::from(&row[..])).collect()
        });
        let counterparts = CounterpartActivations::default();
        Ok(Some(Self {
            labels,
            sides,
            neurons: activations.neurons,
            from: lesion.from,
            counterparts,
        }))
    }

    /// The activations at `tokens` of the prompts' counterparts.
    ///
    /// # Errors
    /// If a prompt has no counterpart, the model cannot be run, or `progress` cancels the run.
    pub(crate) fn of_counterparts(
        subject: Subject<'_>,
        prompts: &[&MaskedPrompt],
        tokens: &Tokens,
        site: Site,
        progress: Progress<'_>,
    ) -> Result<Self, StudyError> {
        let site = model_site(site);
        let counterparts =
            CounterpartActivations::measure(subject, prompts, tokens, site, progress)?;
        Ok(Self {
            labels: Default::default(),
            sides: Default::default(),
            neurons: subject.model.config().intermediate_size,
            from: ValuesFrom::Stimuli,
            counterparts,
        })
    }

    /// The activations at the targets of stimuli.
    #[must_use]
    pub fn of_stimuli(activations: &Activations, site: Site) -> Self {
        let labels = [activations.contrast.a.clone(), activations.contrast.b.clone()];
        let width = activations.layers * activations.neurons;
        let sides = activations.at(model_site(site)).each_ref();
        let sides = sides.map(|side| side.chunks_exact(width).map(Arc::from).collect());
        let counterparts = CounterpartActivations::default();
        let neurons = activations.neurons;
        Self { labels, sides, neurons, from: ValuesFrom::Stimuli, counterparts }
    }

    /// Whether a prompt takes values from sentences of the other label only.
    fn is_counterfactual(&self) -> bool {
        self.from == ValuesFrom::OtherPrompts
    }

    pub(crate) fn neurons(&self) -> usize {
        self.neurons
    }

    /// Whether there are sentences for every prompt.
    pub(crate) fn covers(&self, prompts: &[MaskedPrompt]) -> bool {
        prompts.iter().all(|prompt| !self.filled_sides(prompt).is_empty())
    }

    /// The values of every neuron in a prompt's counterpart, where its word is predicted and for `positions`.
    ///
    /// # Errors
    /// [`StudyError::NoCounterpart`] if they were not measured.
    pub(crate) fn patches(
        &self,
        prompt: &MaskedPrompt,
        positions: &[usize],
    ) -> Result<BTreeMap<usize, Arc<[f32]>>, StudyError> {
        self.counterparts.values(prompt, positions)
    }

    /// The mean of every neuron for each prompt; both sides weigh the same.
    pub(crate) fn means(&self, prompts: &[MaskedPrompt]) -> Vec<Arc<[f32]>> {
        self.pool(prompts, |sides| {
            let width = sides[0][0].len();
            let mut means = vec![0.0_f64; width];
            for side in sides {
                let weight = 1.0 / (side.len() * sides.len()) as f64;
                for row in *side {
                    for (mean, &value) in means.iter_mut().zip(&**row) {
                        *mean += weight * f64::from(value);
                    }
                }
            }
            #[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
            means.into_iter().map(|mean| mean as f32).collect()
        })
    }

    /// The median of every neuron for each prompt, over the sentences of all its sides. Every prompt
    /// weighs the same, but of stimuli both sides do.
    pub(crate) fn medians(&self, prompts: &[MaskedPrompt]) -> Vec<Arc<[f32]>> {
        self.pool(prompts, |sides| {
            let width = sides[0][0].len();
            let sentences: usize = sides.iter().map(|side| side.len()).product();
            let mut medians = Vec::with_capacity(width);
            for neuron in 0..width {
                let mut values = Vec::new();
                for side in sides {
                    let weight = match self.from {
                        // Inversely proportional to the number of the side's sentences.
                        ValuesFrom::Stimuli => sentences / side.len(),
                        ValuesFrom::Prompts | ValuesFrom::OtherPrompts => 1,
                    };
                    values.extend(side.iter().map(|row| (f64::from(row[neuron]), weight)));
                }
                #[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
                medians.push(weighted_median(&mut values) as f32);
            }
            medians.into()
        })
    }

    /// The activations of one random sentence for each prompt.
    pub(crate) fn samples(&self, prompts: &[MaskedPrompt], seed: u64) -> Vec<Arc<[f32]>> {
        let choices = self.choose_sentences(prompts, seed);
        choices.into_iter().map(|(side, sentence)| self.sides[side][sentence].clone()).collect()
    }

    /// The random sentence for each prompt: its label, and its place among those of this label.
    #[must_use]
    pub fn sampled_sentences(&self, prompts: &[MaskedPrompt], seed: u64) -> Vec<(&str, usize)> {
        let choices = self.choose_sentences(prompts, seed);
        choices.into_iter().map(|(side, sentence)| (&self.labels[side][..], sentence)).collect()
    }

    /// A random side and sentence for each prompt.
    fn choose_sentences(&self, prompts: &[MaskedPrompt], seed: u64) -> Vec<(usize, usize)> {
        let mut choices = Vec::with_capacity(prompts.len());
        for (index, prompt) in prompts.iter().enumerate() {
            let mut rng = stream(seed, Purpose::Resample, 0, index);
            let sides = self.filled_sides(prompt);
            let side = sides[rng.random_range(0..sides.len())];
            choices.push((side, rng.random_range(0..self.sides[side].len())));
        }
        choices
    }

    /// One value per prompt; prompts with the same sides share it.
    fn pool(
        &self,
        prompts: &[MaskedPrompt],
        compute: impl Fn(&[&Vec<Arc<[f32]>>]) -> Arc<[f32]>,
    ) -> Vec<Arc<[f32]>> {
        let mut known: Vec<(Option<&str>, Arc<[f32]>)> = Vec::new();
        let mut pooled = Vec::with_capacity(prompts.len());
        for prompt in prompts {
            let key = if self.is_counterfactual() { prompt.label.as_deref() } else { None };
            if let Some((_, value)) = known.iter().find(|(other, _)| *other == key) {
                pooled.push(value.clone());
                continue;
            }
            let sides = self.filled_sides(prompt);
            let sides: Vec<_> = sides.into_iter().map(|side| &self.sides[side]).collect();
            let value = compute(&sides);
            known.push((key, value.clone()));
            pooled.push(value);
        }
        pooled
    }

    /// The sides that have sentences from which a prompt takes values.
    fn filled_sides(&self, prompt: &MaskedPrompt) -> Vec<usize> {
        let side = self.labels.iter().position(|label| Some(label) == prompt.label.as_ref());
        let sides = match side {
            Some(side) if self.is_counterfactual() => vec![1 - side],
            _ => vec![0, 1],
        };
        sides.into_iter().filter(|&side| !self.sides[side].is_empty()).collect()
    }
}

/// The value with half of the weight on either side, or the middle between two such values.
fn weighted_median(values: &mut [(f64, usize)]) -> f64 {
    values.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let total: usize = values.iter().map(|(_, weight)| weight).sum();
    let mut below = 0;
    for (index, &(value, weight)) in values.iter().enumerate() {
        below += weight;
        if 2 * below > total {
            return value;
        }
        if 2 * below == total
            && let Some(&(next, _)) = values.get(index + 1)
        {
            return quantile(&[value, next], 0.5);
        }
    }
    f64::NAN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_of_equal_weights_is_the_plain_one_and_otherwise_both_sides_weigh_the_same() {
        for count in 1..8 {
            let values: Vec<f64> = (0..count).map(|i| f64::from(i * i) / 3.0 - 1.0).collect();
            let mut weighted: Vec<(f64, usize)> = values.iter().map(|&v| (v, 5)).collect();
            let median = weighted_median(&mut weighted);
            assert_eq!(median.to_bits(), quantile(&values, 0.5).to_bits());
        }
        // One sentence of side a weighs as much as three of side b: half of the weight is below 7.
        let mut values = [(9.0, 3), (1.0, 1), (7.0, 1), (2.0, 1)];
        assert_eq!(weighted_median(&mut values).to_bits(), 8.0_f64.to_bits());
        let mut values = [(0.0, 3), (1.0, 1), (7.0, 1), (2.0, 1)];
        assert_eq!(weighted_median(&mut values).to_bits(), 0.5_f64.to_bits());
    }
}
