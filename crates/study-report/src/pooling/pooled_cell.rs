//! The random-effects meta-analysis of one cell in one unit.

use std::collections::BTreeMap;

use neuron_stats::{
    BetweenVariance, CrossedEffects, Estimates, Matrix, MetaAnalysis, PooledEffect, StatsError,
    crossed_effects, sign_test,
};
use study_record::{EffectUnit, tables::GatherRow};

use super::{
    cell_estimate::{CellEstimate, UnitEffect},
    study_effects::TemplateKey,
};

/// The confidence level of all intervals.
const CONFIDENCE: f64 = 0.95;

/// The fewest models for a prediction interval, and to leave one out.
pub(crate) const FEWEST_TO_PREDICT: usize = 3;

/// The effects of several models in one cell and unit.
pub(crate) struct PooledCell {
    /// The mean effect. Its place and corrected p are not known yet.
    pub(crate) row: GatherRow,
    /// The weight of each model, as a share of all.
    pub(crate) weights: Vec<f64>,
    /// The pooled effect without each model; empty with fewer than three.
    pub(crate) without: Vec<PooledEffect>,
}

/// Pools the effects of models in one unit. `estimates` are those of the same models, with their templates.
///
/// # Errors
/// If there are fewer than two, or they differ by too many orders of magnitude.
pub(crate) fn pool_cell(
    effects: &[UnitEffect],
    estimates: &[&CellEstimate],
    unit: EffectUnit,
) -> Result<PooledCell, StatsError> {
    let values: Vec<f64> = effects.iter().map(|effect| effect.effect).collect();
    let variances: Vec<f64> = effects.iter().map(UnitEffect::variance).collect();
    let meta = Estimates::new(&values, &variances)?;
    let analysis = MetaAnalysis { level: CONFIDENCE, ..MetaAnalysis::default() };
    let pooled = analysis.pool(&meta)?;
    let by_moments =
        MetaAnalysis { estimator: BetweenVariance::DerSimonianLaird, ..analysis }.pool(&meta)?;
    let (between_sd_low, between_sd_high) = meta.between_sd_interval(CONFIDENCE)?;
    let signs = sign_test(&values)?;
    let without = if values.len() < FEWEST_TO_PREDICT {
        Vec::new()
    } else {
        analysis.leave_one_out(&meta)?
    };
    let is_above = |effect: &&UnitEffect| effect.interval().0 > 0.0;
    let is_below = |effect: &&UnitEffect| effect.interval().1 < 0.0;
    let mut row = GatherRow {
        cell: 0,
        depth_low: 0.0,
        depth_high: 0.0,
        neuron_set: String::new(),
        unit,
        models: values.len(),
        positive: signs.positive,
        negative: signs.negative,
        shown_positive: effects.iter().filter(is_above).count(),
        shown_negative: effects.iter().filter(is_below).count(),
        mean: pooled.mean,
        standard_error: pooled.standard_error,
        low: pooled.interval.0,
        high: pooled.interval.1,
        p: pooled.p,
        p_corrected: pooled.p,
        prediction_low: pooled.prediction.map(|ends| ends.0),
        prediction_high: pooled.prediction.map(|ends| ends.1),
        between_sd: pooled.between_sd(),
        between_sd_low,
        between_sd_high,
        q: pooled.q,
        q_p: pooled.q_p,
        i_squared: pooled.i_squared,
        sign_p: signs.p,
        dl_mean: by_moments.mean,
        dl_low: by_moments.interval.0,
        dl_high: by_moments.interval.1,
        dl_between_sd: by_moments.between_sd(),
        without_one_low: without.iter().map(|effect| effect.mean).reduce(f64::min),
        without_one_high: without.iter().map(|effect| effect.mean).reduce(f64::max),
        without_one_p: without.iter().map(|effect| effect.p).reduce(f64::max),
        crossed_templates: 0,
        crossed_mean: None,
        crossed_low: None,
        crossed_high: None,
        crossed_p: None,
        crossed_prediction_low: None,
        crossed_prediction_high: None,
        template_sd: None,
        model_sd: None,
        residual_sd: None,
    };
    add_crossed_effects(&mut row, estimates);
    let precisions = variances.iter().map(|variance| 1.0 / (variance + pooled.between_variance));
    let precisions: Vec<f64> = precisions.collect();
    let all: f64 = precisions.iter().sum();
    let weights = precisions.iter().map(|precision| precision / all).collect();
    Ok(PooledCell { row, weights, without })
}

/// Adds the crossed random effects of templates and models, over the templates that all models have.
fn add_crossed_effects(row: &mut GatherRow, estimates: &[&CellEstimate]) {
    let means = estimates.iter().map(|estimate| estimate.template_means(row.unit));
    let means: Vec<BTreeMap<&TemplateKey, f64>> = means.collect();
    let Some((first, others)) = means.split_first() else { return };
    let is_shared = |key: &&&TemplateKey| others.iter().all(|means| means.contains_key(**key));
    let shared: Vec<&TemplateKey> = first.keys().filter(is_shared).copied().collect();
    row.crossed_templates = shared.len();
    let mut table = Vec::with_capacity(shared.len() * means.len());
    for key in &shared {
        table.extend(means.iter().map(|means| means[*key]));
    }
    let Ok(table) = Matrix::new(&table, shared.len(), means.len()) else { return };
    let Ok(crossed) = crossed_effects(table, CONFIDENCE) else { return };
    let CrossedEffects { mean, interval, p, next_column, .. } = crossed;
    row.crossed_mean = Some(mean);
    row.crossed_low = Some(interval.0);
    row.crossed_high = Some(interval.1);
    row.crossed_p = Some(p);
    row.crossed_prediction_low = Some(next_column.0);
    row.crossed_prediction_high = Some(next_column.1);
    row.template_sd = Some(crossed.row_variance.sqrt());
    row.model_sd = Some(crossed.column_variance.sqrt());
    row.residual_sd = Some(crossed.residual_variance.sqrt());
}
