//! The rows of the tables that `lesion gather` writes about many finished studies.

use crate::{
    choice::choices,
    row::{Row as _, Table, tables},
};

choices! {
    /// The unit of an effect.
    pub enum EffectUnit: "unit of an effect" {
        /// Logits; nats where studies compare the scores of sentences.
        Logits = "logits",
        /// The mean margin of the same prompts without a lesion.
        Margin = "margin",
    }
}

tables! {
    pub struct GatherRow in "gather.csv": "a cell and a unit: its effect over all models" {
        /// The cell's place, counted from 0 at the bottom of the models. There are as many as the
        /// shallowest model has layers.
        cell: usize,
        /// The share of a model's depth at which the cell begins.
        depth_low: f64,
        /// The share at which it ends.
        depth_high: f64,
        /// The label of neurons and prompts.
        neuron_set: String,
        /// The unit of everything that follows, see below.
        unit: EffectUnit,
        /// Number of models.
        models: usize,
        /// In how many the effect is above 0: the lesion lowers the margin more than random sets do.
        positive: usize,
        /// In how many it is below 0.
        negative: usize,
        /// In how many the interval of the model by itself lies above 0.
        shown_positive: usize,
        /// In how many it lies below 0.
        shown_negative: usize,
        /// Mean effect over models like these, by restricted maximum likelihood.
        mean: f64,
        /// Its standard error, Hartung and Knapp's.
        standard_error: f64,
        /// Lower end of its 95 % interval.
        low: f64,
        /// Upper end of that interval.
        high: f64,
        /// Two-sided p of a mean of 0.
        p: f64,
        /// The larger one of `p` and `crossed_p`, corrected by Holm over all cells with this unit. A mean
        /// effect is shown if it is at most 0.05.
        p_corrected: f64,
        /// Lower end of the 95 % prediction interval: where the effect in the next model lies. Empty with
        /// fewer than three models.
        prediction_low: Option<f64>,
        /// Upper end of that interval.
        prediction_high: Option<f64>,
        /// Standard deviation of the effect between models.
        between_sd: f64,
        /// Lower end of its 95 % interval, by the Q-profile method.
        between_sd_low: f64,
        /// Upper end of that interval.
        between_sd_high: f64,
        /// Cochran's Q.
        q: f64,
        /// p of Q, if all models had the same effect.
        q_p: f64,
        /// I²: the share of the variance of a typical estimate that is due to different effects.
        i_squared: f64,
        /// p of the sign test: whether effects are as often above as below 0.
        sign_p: f64,
        /// Mean effect by `DerSimonian` and Laird's method. It and the following three are beside the
        /// others for comparison.
        dl_mean: f64,
        /// Lower end of its 95 % interval, with Hartung and Knapp's standard error.
        dl_low: f64,
        /// Upper end of that interval.
        dl_high: f64,
        /// Standard deviation between models by that method.
        dl_between_sd: f64,
        /// The smallest mean if one model is left out. Empty with fewer than three models, as are the
        /// following two.
        without_one_low: Option<f64>,
        /// The largest mean if one model is left out.
        without_one_high: Option<f64>,
        /// The largest p if one model is left out.
        without_one_p: Option<f64>,
        /// Number of templates that all models have, for the crossed random effects of templates and
        /// models. The following are empty with fewer than two.
        crossed_templates: usize,
        /// Mean effect, each template with the same weight.
        crossed_mean: Option<f64>,
        /// Lower end of its 95 % interval, over other templates and other models.
        crossed_low: Option<f64>,
        /// Upper end of that interval.
        crossed_high: Option<f64>,
        /// Two-sided p of this mean.
        crossed_p: Option<f64>,
        /// Lower end of the 95 % prediction interval of the next model.
        crossed_prediction_low: Option<f64>,
        /// Upper end of that interval.
        crossed_prediction_high: Option<f64>,
        /// Standard deviation between templates.
        template_sd: Option<f64>,
        /// Standard deviation between models.
        model_sd: Option<f64>,
        /// Standard deviation of what is left.
        residual_sd: Option<f64>,
    }

    pub struct GatherEstimateRow in "gather_estimates.csv": "a cell and a unit in one study" {
        /// The study, counted from 1 in the order in which they were given.
        study: usize,
        /// Its folder.
        folder: String,
        /// Its model: a path, `bundled`, or a name on the hub.
        model: String,
        /// The cell's place, as in `gather.csv`.
        cell: usize,
        /// The layers of this model in the cell whose lesions were measured, separated by spaces.
        layers: String,
        /// The label of neurons and prompts.
        neuron_set: String,
        /// The unit, as in `gather.csv`.
        unit: EffectUnit,
        /// Number of templates or, if templates have groups, of groups.
        templates: usize,
        /// Number of prompts.
        prompts: usize,
        /// Mean margin of these prompts without a lesion, in logits. Empty without prompts.
        margin: Option<f64>,
        /// The effect: mean margin drop of the matched lesion, less that of the random sets. Empty if the
        /// cell is left out, as are all others but `left_out`.
        effect: Option<f64>,
        /// Variance of the effect over other templates, by a bootstrap of the templates.
        template_variance: Option<f64>,
        /// Variance of the mean of the random sets.
        set_variance: Option<f64>,
        /// Lower end of the 95 % interval of this effect by itself, `effect` ± 1.96 standard errors.
        low: Option<f64>,
        /// Upper end of that interval.
        high: Option<f64>,
        /// Weight of the study in the mean over models, as a share of all.
        weight: Option<f64>,
        /// The mean over models without this study. Empty with fewer than three models, as are the following.
        without_mean: Option<f64>,
        /// Lower end of its 95 % interval.
        without_low: Option<f64>,
        /// Upper end of that interval.
        without_high: Option<f64>,
        /// Its p.
        without_p: Option<f64>,
        /// The reason why the cell of this study is not pooled.
        left_out: Option<String>,
    }
}

/// The tables that `lesion gather` writes.
pub const GATHERED: [Table; 2] = [GatherRow::TABLE, GatherEstimateRow::TABLE];

impl GatherRow {
    /// The interval of the mean effect.
    #[must_use]
    pub const fn interval(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The interval of the mean effect over other templates and other models.
    #[must_use]
    pub fn crossed_interval(&self) -> Option<(f64, f64)> {
        self.crossed_low.zip(self.crossed_high)
    }

    /// The larger one of p over other models, and p over other templates and other models.
    #[must_use]
    pub fn p_of_both(&self) -> f64 {
        self.crossed_p.map_or(self.p, |crossed| crossed.max(self.p))
    }

    /// The prediction interval of the next model.
    #[must_use]
    pub fn prediction(&self) -> Option<(f64, f64)> {
        self.prediction_low.zip(self.prediction_high)
    }
}

impl GatherEstimateRow {
    /// The interval of this effect by itself.
    #[must_use]
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.low.zip(self.high)
    }
}
