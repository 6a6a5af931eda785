//! The rows of the tables that every study writes, and those of single sentences.

use neuron_stats::{SampleCounts, effect_interval};
use rayon::prelude::*;
use study_record::{
    Correction,
    tables::{
        HeldOutRow, HistogramRow, LesionRow, LesionedRating, NeuronRow, NormalityRow,
        PredictionRow, PromptRow, RatingRow, SelectionRow, SingleLesionRow, SparsityMeasure,
        SparsityRow, TokenActivationRow,
    },
};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    paper_lesion::silenced_prompts::LesionOutcome,
    prediction::{
        neuron_effects::MaskEffects, neuron_view::SentenceView, predict::Prediction,
        sentence::MaskRating,
    },
    selection::{
        diagnose::{Diagnostics, Sparsity},
        replication::Replication,
        select::{Adjusted, CONFIDENCE, Selection},
    },
    translate::{sample_counts, site_name},
};

/// All layers, all neurons.
pub fn neurons(selection: &Selection) -> impl Iterator<Item = NeuronRow> {
    let rows = NeuronRows::new(selection);
    let intervals: Vec<(f64, f64)> =
        (0..selection.tests.len()).into_par_iter().map(|index| rows.interval(index)).collect();
    (0..selection.tests.len()).map(move |index| rows.row(index, intervals[index]))
}

/// One neuron of a layer.
///
/// # Panics
/// If the model has no such neuron.
#[must_use]
pub fn neuron(selection: &Selection, layer: usize, neuron: usize) -> NeuronRow {
    let rows = NeuronRows::new(selection);
    let index = selection.columns(layer).start + neuron;
    rows.row(index, rows.interval(index))
}

/// The tests of a selection, with the p-values that a row contains.
struct NeuronRows<'a> {
    selection: &'a Selection,
    counts: SampleCounts,
    chosen: &'a Adjusted,
    storey: &'a [f64],
    bh: &'a [f64],
    by: &'a [f64],
    max_t: &'a [f64],
    holm: &'a [f64],
    bonferroni: &'a [f64],
}

impl<'a> NeuronRows<'a> {
    fn new(selection: &'a Selection) -> Self {
        let under = |correction| -> &'a [f64] { &selection.under(correction).p };
        Self {
            selection,
            counts: sample_counts(selection.test, selection.counts.groups),
            chosen: selection.chosen(),
            storey: under(Correction::Storey),
            bh: under(Correction::BenjaminiHochberg),
            by: under(Correction::BenjaminiYekutieli),
            max_t: under(Correction::MaxT),
            holm: under(Correction::Holm),
            bonferroni: under(Correction::Bonferroni),
        }
    }

    /// The interval of a neuron's effect size; NaN without one.
    fn interval(&self, index: usize) -> (f64, f64) {
        let effect = self.selection.tests[index].effect;
        effect_interval(effect, self.counts, CONFIDENCE).unwrap_or((f64::NAN, f64::NAN))
    }

    /// The row of a neuron, counted over the whole model.
    fn row(&self, index: usize, (effect_low, effect_high): (f64, f64)) -> NeuronRow {
        let test = &self.selection.tests[index];
        NeuronRow {
            layer: index / self.selection.neurons,
            neuron: index % self.selection.neurons,
            mean_a: test.mean_a,
            mean_b: test.mean_b,
            t: test.t,
            df: test.df,
            p: test.p_two_sided,
            q: self.chosen.p[index],
            effect: test.effect,
            effect_low,
            effect_high,
            label: self.selection.label(self.chosen, index).map(str::to_owned),
            ci_low: test.ci.0,
            ci_high: test.ci.1,
            p_storey: self.storey[index],
            p_bh: self.bh[index],
            p_by: self.by[index],
            p_max_t: self.max_t[index],
            p_holm: self.holm[index],
            p_bonferroni: self.bonferroni[index],
        }
    }
}

/// Every layer under every correction.
pub fn selection(selection: &Selection) -> impl Iterator<Item = SelectionRow> {
    (0..selection.layers).flat_map(move |layer| {
        selection.adjusted.iter().flat_map(move |adjusted| counts(selection, adjusted, layer))
    })
}

fn counts(selection: &Selection, adjusted: &Adjusted, layer: usize) -> [SelectionRow; 2] {
    let (a, b) = selection.count(adjusted, layer);
    let sides = [(&selection.contrast.a, a), (&selection.contrast.b, b)];
    sides.map(|(label, neurons)| SelectionRow {
        layer,
        scope: adjusted.scope,
        directional: adjusted.directional,
        correction: adjusted.correction,
        label: label.clone(),
        neurons,
    })
}

/// Every bin of every layer and site.
pub fn histogram(diagnostics: &Diagnostics) -> impl Iterator<Item = HistogramRow> {
    diagnostics.histograms.iter().flat_map(|layer| {
        let bins = layer.histogram.edges().windows(2).zip(layer.histogram.counts());
        bins.map(|(edges, &count)| HistogramRow {
            layer: layer.layer,
            site: site_name(layer.site),
            low: edges[0],
            high: edges[1],
            count: to_usize(count),
        })
    })
}

/// Every layer, pooled and neuron by neuron.
pub fn normality(diagnostics: &Diagnostics) -> impl Iterator<Item = NormalityRow> {
    diagnostics.normality.iter().map(|normality| NormalityRow {
        layer: normality.layer,
        neuron: normality.neuron,
        count: to_usize(normality.moments.count()),
        mean: normality.moments.mean(),
        sd: normality.moments.variance().sqrt(),
        skewness: normality.moments.skewness(),
        excess_kurtosis: normality.moments.excess_kurtosis(),
        jarque_bera: normality.jarque_bera.statistic,
        jarque_bera_p: normality.jarque_bera.p,
        k_squared: normality.k_squared.statistic,
        k_squared_p: normality.k_squared.p,
    })
}

/// A count of things in memory.
fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Every measure of every layer.
pub fn sparsity(diagnostics: &Diagnostics) -> impl Iterator<Item = SparsityRow> {
    diagnostics.sparsity.iter().map(|&(layer, measure, share)| {
        let (measure, at) = match measure {
            Sparsity::Zero => (SparsityMeasure::Zero, None),
            Sparsity::Below(threshold) => (SparsityMeasure::Below, Some(threshold)),
            Sparsity::Top(count) => (SparsityMeasure::Top, Some(count as f64)),
        };
        SparsityRow { layer, measure, at, share }
    })
}

/// Every layer and label.
pub fn held_out(replications: &[Replication]) -> impl Iterator<Item = HeldOutRow> {
    replications.iter().map(|replication| HeldOutRow {
        layer: replication.layer,
        label: replication.label.clone(),
        neurons: replication.neurons,
        same_direction: replication.same_direction,
        replicated: replication.replicated,
    })
}

/// Every prompt, with the sentence that its lesions resample from, if they do, and the
/// counterpart whose values they take, if they are patches.
pub fn prompts(
    prompts: &[MaskedPrompt],
    resampled: Option<Vec<(&str, usize)>>,
    is_patched: bool,
) -> impl Iterator<Item = PromptRow> {
    prompts.iter().enumerate().map(move |(index, prompt)| PromptRow {
        prompt: prompt.prompt,
        sentence: prompt.sentence.clone(),
        position: prompt.position,
        target: prompt.target().to_owned(),
        label: prompt.label.clone(),
        group: prompt.group.clone(),
        resampled_from: resampled
            .as_ref()
            .map(|resampled| format!("{} {}", resampled[index].0, resampled[index].1)),
        counterpart: prompt
            .counterpart
            .as_ref()
            .filter(|_| is_patched)
            .map(|counterpart| counterpart.sentence.clone()),
        score: prompt.score(),
    })
}

/// Every candidate of every prompt.
pub fn predictions(predictions: &[Prediction]) -> impl Iterator<Item = PredictionRow> {
    predictions.iter().flat_map(|prediction| {
        prediction.scores.iter().map(|score| PredictionRow {
            prompt: prediction.prompt,
            position: prediction.position,
            target: prediction.target().to_owned(),
            candidate: score.word.clone(),
            logit: f64::from(score.logit),
            prob: score.prob,
            rank: score.rank,
            score: prediction.score,
        })
    })
}

/// Every candidate of every lesioned prompt and in every control.
pub fn lesions(layer: usize, outcomes: &[LesionOutcome]) -> impl Iterator<Item = LesionRow> {
    outcomes.iter().flat_map(move |lesion| {
        let margin_drop = lesion.outcome.drops().margin;
        lesion.words.iter().enumerate().map(move |(index, candidate)| LesionRow {
            layer,
            prompt: lesion.prompt,
            position: lesion.position,
            target: lesion.target().to_owned(),
            neuron_set: lesion.neuron_set.clone(),
            neurons: lesion.neurons,
            candidate: candidate.clone(),
            logit_clean: f64::from(lesion.outcome.clean.logits[index]),
            logit_lesioned: f64::from(lesion.outcome.lesioned.logits[index]),
            logit_drop: lesion.logit_drop(index),
            margin_drop,
            prob_clean: lesion.outcome.clean.prob(index),
            prob_lesioned: lesion.outcome.lesioned.prob(index),
            score: lesion.score,
        })
    })
}

/// The rated words in one place of a sentence.
pub fn ratings(mask: &MaskRating) -> impl Iterator<Item = RatingRow> {
    mask.words.iter().map(|word| {
        let lesioned = word.lesioned.as_ref().zip(word.logit_drop());
        RatingRow {
            candidate: word.clean.word.clone(),
            logit: f64::from(word.clean.logit),
            prob: word.clean.prob,
            rank: word.clean.rank,
            lesioned: lesioned.map(|(score, logit_drop)| LesionedRating {
                logit_lesioned: f64::from(score.logit),
                logit_drop,
                prob_lesioned: score.prob,
                rank_lesioned: score.rank,
            }),
        }
    })
}

/// The neurons that are lesioned by themselves at one prediction of a sentence.
pub fn single_lesions(mask: &MaskEffects) -> impl Iterator<Item = SingleLesionRow> {
    mask.neurons.iter().map(|effect| {
        let drops = effect.direct.map(|(drops, _)| drops);
        SingleLesionRow {
            position: mask.position,
            word: mask.word.clone(),
            layer: effect.layer,
            neuron: effect.neuron,
            pre: f64::from(effect.pre),
            post: f64::from(effect.post),
            logit_drop: effect.drops.logit,
            margin_drop: effect.drops.margin,
            direct: effect.direct.map(|(_, directness)| directness),
            direct_logit_drop: drops.map(|drops| drops.logit),
            direct_margin_drop: drops.map(|drops| drops.margin),
        }
    })
}

/// The neurons of a view at every token of the sentence.
pub fn token_activations(view: &SentenceView) -> impl Iterator<Item = TokenActivationRow> {
    view.neurons.iter().flat_map(|neuron| {
        let values = neuron.pre.iter().zip(&neuron.post);
        view.tokens.iter().zip(values).enumerate().map(|(position, (token, (&pre, &post)))| {
            TokenActivationRow {
                layer: neuron.layer,
                neuron: neuron.neuron,
                position,
                token: token.clone(),
                pre: f64::from(pre),
                post: f64::from(post),
            }
        })
    })
}
