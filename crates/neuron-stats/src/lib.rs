//! Statistics over thousands of neurons: which of them respond to a contrast, and how certain that is.
//!
//! ```
//! use neuron_stats::{Correction, Matrix, TestKind, significant, t_tests};
//!
//! // Four pairs of sentences and three neurons. The first one prefers "him"; the last is dead.
//! let him = [1.9_f32, 0.2, 0.0, 2.1, 0.4, 0.0, 2.0, 0.3, 0.0, 1.8, 0.1, 0.0];
//! let her = [0.9_f32, 0.3, 0.0, 1.2, 0.2, 0.0, 0.9, 0.4, 0.0, 0.7, 0.1, 0.0];
//! let (him, her) = (Matrix::new(&him, 4, 3)?, Matrix::new(&her, 4, 3)?);
//!
//! let tests = t_tests(TestKind::Paired, him, her, 0.95)?;
//! let p: Vec<f64> = tests.iter().map(|test| test.p_two_sided).collect();
//! let q = Correction::BenjaminiHochberg.adjust(&p)?;
//!
//! assert_eq!(significant(&q, 0.05)?, [true, false, false]);
//! assert!(tests[0].ci.0 > 0.0);
//! assert!(!tests[2].defined);
//! # Ok::<(), neuron_stats::StatsError>(())
//! ```
//!
//! The crate knows nothing of models. Measurements come in as plain slices, seen as
//! `[samples, neurons]` by [`Matrix`], and results go out as typed values:
//!
//! * [`t_tests`]: paired, Student's or Welch's t of every neuron, with p-values that stay accurate
//!   down to 1e-300, confidence intervals and effect sizes; [`TTestAccumulator`] takes batches.
//! * [`Correction`] and [`Families`]: adjusted p-values, over the model or layer by layer.
//! * [`max_t`]: family-wise p-values by permutation, without an assumption of normality;
//!   [`max_t_over`] gives them over the model and layer by layer in one pass.
//! * [`RelabelledTests`] and [`strongest`]: the neurons that a selection would have found in randomly
//!   relabelled samples.
//! * [`randomisation_p`]: whether the statistic of a set is one that a random set might have.
//! * [`equivalence_test`] and [`jzs_bayes_factor`]: whether there is no effect, rather than no evidence of
//!   one.
//! * [`t_test_power`] and [`detectable_effect`]: how large an effect must be to be found, by [`NoncentralT`].
//! * [`effect_interval`]: exact confidence intervals of effect sizes.
//! * [`dice`] and [`expected_dice`]: the overlap of two sets, and that of random ones.
//! * [`linear_probe()`]: the neurons that tell the sides apart together.
//! * [`Bootstrap`]: confidence intervals of any statistic whose measurements come in clusters.
//! * [`MetaAnalysis`]: the mean of an effect over several studies, how much it varies between them, and
//!   what to expect of the next; [`sign_test`]; [`crossed_effects`] for studies that share their prompts.
//! * [`moments()`], [`jarque_bera`], [`dagostino_pearson`], [`Histogram`], [`concentration`] and
//!   [`share_below`]: properties of the activations.
//!
//! All arithmetic is in `f64`, whatever the type of the measurements, and results do not depend on the
//! number of threads. No measurements make a function panic, nor does any [`Resampling`] or
//! [`Bootstrap`] as long as there is enough memory; only the accumulators allocate as much as they are
//! told to.

mod bootstrap;
mod chi_squared;
mod clustered_mean;
mod correction;
mod diagnostics;
mod effect_size;
mod equivalence;
mod error;
mod families;
mod input_checks;
mod linear_probe;
mod matrix;
mod meta_analysis;
mod moments;
mod pearson;
mod permutation;
mod quantile;
mod rising_root;
mod set_overlap;
mod student_t;
mod ttest;

pub use bootstrap::{Bootstrap, BootstrapInterval};
pub use clustered_mean::clustered_mean_interval;
pub use correction::{Correction, significant};
pub use diagnostics::{
    histogram::Histogram,
    normality::{NormalityTest, dagostino_pearson, jarque_bera},
    sparsity::{concentration, share_below, share_of_zeros},
};
pub use effect_size::{
    effect_interval::effect_interval,
    power::{detectable_effect, t_test_power},
};
pub use equivalence::{
    bayes_factor::{BayesFactor, JZS_SCALE, jzs_bayes_factor},
    two_one_sided_tests::{EquivalenceTest, equivalence_test},
};
pub use error::StatsError;
pub use families::Families;
pub use linear_probe::{LinearProbe, PROBE_PENALTIES, linear_probe};
pub use matrix::{Matrix, Sample};
pub use meta_analysis::{
    between_variance::BetweenVariance,
    crossed_effects::{CrossedEffects, crossed_effects},
    estimates::Estimates,
    pooled_effect::{MetaAnalysis, PooledEffect},
    sign_test::{SignTest, sign_test},
};
pub use moments::{Moments, MomentsAccumulator, moments};
pub use pearson::pearson;
pub use permutation::{
    max_t::{MaxT, max_t, max_t_over},
    randomisation::{RandomisationTest, randomisation_p, smallest_randomisation_p},
    relabelled_tests::{RelabelledTests, strongest},
    relabelling::{Relabelling, Resampling},
};
pub use quantile::quantile;
pub use set_overlap::{dice, expected_dice};
pub use student_t::{distribution::StudentT, noncentral::NoncentralT};
pub use ttest::{
    accumulator::TTestAccumulator,
    many_neurons::{t_test, t_tests},
    sample_counts::SampleCounts,
    test_kind::TestKind,
    test_result::{Alternative, TTest},
};
