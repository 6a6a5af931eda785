//! The effect in one cell of one study, with its variance.

use std::collections::BTreeMap;

use neuron_stats::{Bootstrap, StatsError};
use study_record::EffectUnit;

use super::{
    depth_cells::DepthCells,
    left_out::LeftOut,
    study_effects::{MeasuredEffect, StudyEffects, TemplateKey, TemplateSums},
};

/// Resamples of the templates for each variance. Its standard error is then 3 %.
pub(crate) const RESAMPLES: usize = 2_000;

/// The bootstrap of the templates.
const BOOTSTRAP: Bootstrap = Bootstrap { draws: RESAMPLES, seed: 0, level: 0.95 };

/// Standard errors by which the margin without a lesion must be above 0 to be a unit.
const MARGIN_ERRORS: f64 = 2.0;

/// The 97.5 % quantile of the standard normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

/// An effect in one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct UnitEffect {
    pub(crate) effect: f64,
    /// Variance over other templates.
    pub(crate) template_variance: f64,
    /// Variance of the mean of the random sets.
    pub(crate) set_variance: f64,
}

impl UnitEffect {
    /// The variance of the effect.
    pub(crate) fn variance(&self) -> f64 {
        self.template_variance + self.set_variance
    }

    /// The interval of the effect by itself.
    pub(crate) fn interval(&self) -> (f64, f64) {
        let half_width = NORMAL * self.variance().sqrt();
        (self.effect - half_width, self.effect + half_width)
    }
}

/// The effect in a cell.
pub(crate) struct CellEstimate {
    /// The model's layers in the cell that were measured.
    pub(crate) layers: Vec<usize>,
    /// Sums of each template, mean over the layers.
    pub(crate) templates: BTreeMap<TemplateKey, TemplateSums>,
    /// The mean margin without a lesion.
    pub(crate) margin: Option<f64>,
    logits: Result<UnitEffect, LeftOut>,
    share: Result<UnitEffect, LeftOut>,
}

impl CellEstimate {
    /// Estimates the effect of a study in a cell, in the prompts of a label.
    pub(crate) fn new(study: &StudyEffects, cells: DepthCells, cell: usize, label: &str) -> Self {
        let all = cells.layers(cell, study.layers);
        let mut layers = Vec::new();
        let mut measured = Vec::new();
        let mut reason = LeftOut::NoLayer;
        for effect in &study.effects {
            if effect.label != label || !all.contains(&effect.layer) {
                continue;
            }
            match &effect.measured {
                Ok(sums) => {
                    layers.push(effect.layer);
                    measured.push(sums);
                }
                Err(left_out) => reason = left_out.clone(),
            }
        }
        if measured.is_empty() {
            return Self {
                layers,
                templates: BTreeMap::new(),
                margin: None,
                logits: Err(reason.clone()),
                share: Err(reason),
            };
        }
        let templates = average_layers(&measured);
        let set_variance = average_set_variance(&measured, study.random_sets);
        let sums = TemplateColumns::of(&templates);
        let logits = sums.estimate(set_variance);
        let share = logits.clone().and_then(|logits| sums.estimate_share(logits));
        Self { layers, margin: Some(sums.margin()), templates, logits, share }
    }

    /// The effect in a unit.
    pub(crate) fn effect(&self, unit: EffectUnit) -> &Result<UnitEffect, LeftOut> {
        match unit {
            EffectUnit::Logits => &self.logits,
            EffectUnit::Margin => &self.share,
        }
    }

    /// Number of prompts.
    pub(crate) fn prompts(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let prompts = self.templates.values().map(|sums| sums.prompts).sum::<f64>() as usize;
        prompts
    }

    /// The mean effect of each template in a unit.
    pub(crate) fn template_means(&self, unit: EffectUnit) -> BTreeMap<&TemplateKey, f64> {
        let divisor = match unit {
            EffectUnit::Logits => 1.0,
            EffectUnit::Margin => self.margin.unwrap_or(f64::NAN),
        };
        let means =
            self.templates.iter().map(|(key, sums)| (key, sums.excess / sums.prompts / divisor));
        means.collect()
    }
}

/// The sums of each template that all layers have, mean over the layers.
fn average_layers(layers: &[&MeasuredEffect]) -> BTreeMap<TemplateKey, TemplateSums> {
    let mut templates = layers[0].templates.clone();
    for other in &layers[1..] {
        templates.retain(|key, _| other.templates.contains_key(key));
    }
    for (key, sums) in &mut templates {
        let excess: f64 = layers.iter().map(|layer| layer.templates[key].excess).sum();
        sums.excess = excess / layers.len() as f64;
    }
    templates
}

/// The variance of the mean of random sets, mean over layers, each of which has other random sets.
fn average_set_variance(layers: &[&MeasuredEffect], random_sets: usize) -> f64 {
    let squares: f64 = layers.iter().map(|layer| layer.set_sd.powi(2)).sum();
    squares / random_sets as f64 / (layers.len() as f64).powi(2)
}

/// The sums of templates as columns.
struct TemplateColumns {
    prompts: Vec<f64>,
    excess: Vec<f64>,
    margin: Vec<f64>,
}

impl TemplateColumns {
    fn of(templates: &BTreeMap<TemplateKey, TemplateSums>) -> Self {
        Self {
            prompts: templates.values().map(|sums| sums.prompts).collect(),
            excess: templates.values().map(|sums| sums.excess).collect(),
            margin: templates.values().map(|sums| sums.margin).collect(),
        }
    }

    /// The mean margin without a lesion.
    fn margin(&self) -> f64 {
        self.margin.iter().sum::<f64>() / self.prompts.iter().sum::<f64>()
    }

    /// The effect in logits.
    fn estimate(&self, set_variance: f64) -> Result<UnitEffect, LeftOut> {
        let template_variance = template_variance(&self.excess, &self.prompts)?;
        let effect = self.excess.iter().sum::<f64>() / self.prompts.iter().sum::<f64>();
        // Also false if a value is not a number.
        if template_variance + set_variance > 0.0 && effect.is_finite() {
            Ok(UnitEffect { effect, template_variance, set_variance })
        } else {
            Err(LeftOut::NoVariation)
        }
    }

    /// The effect as a share of the margin without a lesion.
    fn estimate_share(&self, logits: UnitEffect) -> Result<UnitEffect, LeftOut> {
        let margin = self.margin();
        let error = template_variance(&self.margin, &self.prompts)?.sqrt();
        let is_unit = margin.is_finite() && margin > MARGIN_ERRORS * error;
        if !is_unit {
            return Err(LeftOut::NoMargin);
        }
        Ok(UnitEffect {
            effect: logits.effect / margin,
            template_variance: template_variance(&self.excess, &self.margin)?,
            set_variance: logits.set_variance / margin.powi(2),
        })
    }
}

/// The variance of a ratio of sums over templates.
fn template_variance(above: &[f64], below: &[f64]) -> Result<f64, LeftOut> {
    let templates = above.len() as f64;
    match BOOTSTRAP.ratio_standard_error(above, below) {
        Ok(error) => Ok(error * error * templates / (templates - 1.0)),
        Err(StatsError::Clusters { .. }) => Err(LeftOut::FewTemplates),
        // The sum below is 0 in some resamples.
        Err(_) => Err(LeftOut::NoMargin),
    }
}
