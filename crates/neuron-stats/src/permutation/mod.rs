//! Permutation tests whose p-values are family-wise by the distribution of the maximum.

mod kernel;
mod relabelling;

use rayon::prelude::*;

use self::{
    kernel::{Contrasts, Extremes, LANES},
    relabelling::SignCodes,
};
use crate::{Alternative, Families, Matrix, Sample, StatsError, TestKind, ttest::check_sides};

/// What the null hypothesis lets one relabel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relabelling {
    /// Swap the two sides of some pairs, which turns the sign of their differences. Valid where the
    /// differences are symmetric about 0 under the null hypothesis, as they are if "him" and "her"
    /// are exchangeable within each pair. No normality is assumed.
    SignFlip,
    /// Deal the pooled samples out to the sides anew. Valid where all samples have one distribution
    /// under the null hypothesis. It tests for any difference, not for one of the means alone:
    /// with unequal variances *and* unequal counts it may reject for equal means.
    LabelShuffle,
}

impl Relabelling {
    /// The relabelling that suits the design of a t-test.
    #[must_use]
    pub const fn of(kind: TestKind) -> Self {
        match kind {
            TestKind::Paired => Self::SignFlip,
            TestKind::Student | TestKind::Welch => Self::LabelShuffle,
        }
    }
}

/// How many relabellings to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    /// Number `B` of random relabellings, drawn independently.
    pub draws: usize,
    /// Instead of drawing, go through all relabellings if there are at most this many: of `2ⁿ` sign
    /// flips, of `n_a + n_b` over `n_a` shuffles. Each of them, as each draw, takes some 40 bytes.
    pub exact_up_to: usize,
    /// Seed of the draws. Draw `i` is stream `i` of the `ChaCha8` generator with this seed.
    pub seed: u64,
}

impl Default for Resampling {
    /// 10,000 draws of seed 0; all relabellings if there are at most as many.
    fn default() -> Self {
        Self { draws: 10_000, exact_up_to: 10_000, seed: 0 }
    }
}

/// Family-wise adjusted permutation p-values of every neuron.
#[derive(Debug, Clone, PartialEq)]
pub struct MaxT {
    /// How many relabellings were looked at.
    pub relabellings: usize,
    /// Whether those were all there are, so that the p-values have no sampling error.
    pub exact: bool,
    /// Against the alternative that the means differ.
    pub p_two_sided: Vec<f64>,
    /// Against the alternative that `a > b`.
    pub p_greater: Vec<f64>,
    /// Against the alternative that `a < b`.
    pub p_less: Vec<f64>,
}

impl MaxT {
    /// The p-values against `alternative`.
    #[must_use]
    pub fn p(&self, alternative: Alternative) -> &[f64] {
        match alternative {
            Alternative::TwoSided => &self.p_two_sided,
            Alternative::Greater => &self.p_greater,
            Alternative::Less => &self.p_less,
        }
    }
}

/// The single-step max-T test of Westfall and Young within each family.
///
/// Each relabelling gives every neuron a t (paired for [`Relabelling::SignFlip`], Student's for
/// [`Relabelling::LabelShuffle`]) and each family its largest: of `|t|`, of `t` and of `-t`. The
/// adjusted p-value of a neuron is the share of relabellings whose largest reaches the neuron's
/// observed t: `b / B` over all `B` relabellings, `(1 + b) / (1 + B)` over `B` random ones, as the
/// observed labelling belongs to them. All neurons are relabelled together, so that their
/// correlation is kept, and the probability of one or more false discoveries in a family is at most
/// `alpha` where the hypothesis behind the relabelling holds for all its neurons. (Under subset
/// pivotality, as here, where only some are null too.)
///
/// A neuron that is 0 in all differences, or has one value in all samples, has no statistic: its
/// p-values are 1. In contrast to [`t_test`](crate::t_test), a difference that is the same nonzero
/// number in every sample does have p-values here, those of an infinite t.
///
/// # Method
///
/// Relabelling leaves the sum of squares as it is, of the differences or of the pooled samples
/// about their mean. So t is an increasing function of the plain contrast `Σ sᵢ zᵢ`, `sᵢ = ±1`, of
/// values `z` scaled to unit length, with the same function for all neurons, and the contrasts are
/// what is compared. They are sums in `f64` with an absolute error below `n^1.5 ε`, n being the
/// number of samples; contrasts that differ by at most four times that count as equal, so that
/// ties, the observed labelling among them, always count as reached.
///
/// Results do not depend on the number of threads.
///
/// References: Westfall and Young (1993), *Resampling-Based Multiple Testing*; Phipson and Smyth
/// (2010), *Permutation P-values should never be zero*, Stat. Appl. Genet. Mol. Biol. 9.
///
/// ```
/// use neuron_stats::{Families, Matrix, Relabelling, Resampling, max_t};
///
/// let him = [1.0, 2.0, 3.0];
/// let her = [0.0, 0.0, 0.0];
/// let (a, b) = (Matrix::new(&him, 3, 1)?, Matrix::new(&her, 3, 1)?);
/// let whole = Families::of_sizes([1])?;
/// let test = max_t(Relabelling::SignFlip, a, b, &whole, Resampling::default())?;
/// // Of the 2³ flips, "all kept" reaches the observed sum, and "all turned" its absolute value.
/// assert!(test.exact);
/// assert_eq!(test.p_greater, [1.0 / 8.0]);
/// assert_eq!(test.p_two_sided, [2.0 / 8.0]);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
///
/// # Errors
///
/// [`StatsError::NeuronCounts`] if the sides have different numbers of neurons,
/// [`StatsError::UnequalPairs`] if a sign flip has different numbers of samples,
/// [`StatsError::TooFewSamples`] if a side has fewer than two, [`StatsError::FamilyTotal`] unless
/// the families have as many tests as there are neurons, and [`StatsError::NoDraws`] if relabellings
/// must be drawn and `draws` is 0.
pub fn max_t<S: Sample>(
    relabelling: Relabelling,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    families: &Families,
    resampling: Resampling,
) -> Result<MaxT, StatsError> {
    let kind = match relabelling {
        Relabelling::SignFlip => TestKind::Paired,
        Relabelling::LabelShuffle => TestKind::Student,
    };
    check_sides(kind, a, b)?;
    families.check_total(a.neurons())?;
    let codes = SignCodes::new(relabelling, a.samples(), b.samples(), resampling)?;

    let mut test = MaxT {
        relabellings: codes.count(),
        exact: codes.exact,
        p_two_sided: Vec::with_capacity(a.neurons()),
        p_greater: Vec::with_capacity(a.neurons()),
        p_less: Vec::with_capacity(a.neurons()),
    };
    let n = codes.samples as f64;
    let tolerance = 4.0 * n * n.sqrt() * f64::EPSILON;
    for family in families.ranges() {
        let blocks: Vec<_> = family.clone().step_by(LANES).collect();
        let (extremes, observed) = blocks
            .par_iter()
            .map(|&start| Contrasts::new(relabelling, a, b, start..family.end.min(start + LANES)))
            .fold(
                || (Extremes::new(codes.count()), Vec::new()),
                |(mut extremes, mut observed), contrasts| {
                    extremes.include(&contrasts, &codes);
                    observed.push(contrasts.of(&codes.observed));
                    (extremes, observed)
                },
            )
            .reduce(
                || (Extremes::new(0), Vec::new()),
                |(extremes, mut observed), (others, more)| {
                    observed.extend(more);
                    (extremes.merge(others), observed)
                },
            );
        let null = Null::new(extremes, codes.exact, tolerance);
        for &contrast in observed.as_flattened().iter().take(family.len()) {
            test.p_two_sided.push(null.p_two_sided(contrast));
            test.p_greater.push(null.p_greater(contrast));
            test.p_less.push(null.p_less(contrast));
        }
    }
    Ok(test)
}

/// The null distributions of one family's largest contrasts, each sorted.
struct Null {
    absolute: Vec<f64>,
    positive: Vec<f64>,
    negative: Vec<f64>,
    exact: bool,
    tolerance: f64,
}

impl Null {
    fn new(extremes: Extremes, exact: bool, tolerance: f64) -> Self {
        let mut positive = extremes.largest;
        let mut negative: Vec<f64> = extremes.smallest.iter().map(|least| -least).collect();
        let mut absolute: Vec<f64> =
            positive.iter().zip(&negative).map(|(&high, &low)| high.max(low)).collect();
        for values in [&mut absolute, &mut positive, &mut negative] {
            values.sort_unstable_by(f64::total_cmp);
        }
        Self { absolute, positive, negative, exact, tolerance }
    }

    fn p_two_sided(&self, contrast: f64) -> f64 {
        self.p(&self.absolute, contrast.abs())
    }

    fn p_greater(&self, contrast: f64) -> f64 {
        self.p(&self.positive, contrast)
    }

    fn p_less(&self, contrast: f64) -> f64 {
        self.p(&self.negative, -contrast)
    }

    /// The share of the `largest` that reach `contrast`; 1 for a neuron without a contrast.
    fn p(&self, largest: &[f64], contrast: f64) -> f64 {
        if contrast.is_nan() {
            return 1.0;
        }
        let below = largest.partition_point(|&value| value < contrast - self.tolerance);
        let reached = largest.len() - below;
        let observed = usize::from(!self.exact);
        (reached + observed) as f64 / (largest.len() + observed) as f64
    }
}
