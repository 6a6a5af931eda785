//! The single-step max-T test.

use std::{
    ops::{ControlFlow, Range},
    slice,
};

use rayon::prelude::*;

use crate::{
    error::StatsError,
    families::Families,
    input_checks::check_sides,
    matrix::{Matrix, Sample},
    permutation::{
        contrasts::{Contrasts, Extremes, LANES},
        relabelling::{Relabelling, Resampling},
        sign_codes::SignCodes,
    },
    ttest::{test_kind::TestKind, test_result::Alternative},
};

/// Family-wise adjusted permutation p-values of every neuron.
#[derive(Debug, Clone, PartialEq)]
pub struct MaxT {
    /// Number of relabellings.
    pub relabellings: usize,
    /// Whether these were all possible ones, so that the p-values have no sampling error.
    pub exact: bool,
    /// P-values against the alternative that the means differ.
    pub p_two_sided: Vec<f64>,
    /// P-values against the alternative that `a > b`.
    pub p_greater: Vec<f64>,
    /// P-values against the alternative that `a < b`.
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
/// `alpha` if the hypothesis behind the relabelling holds for all its neurons. (Under subset
/// pivotality, as here, also if it holds for some of them only.)
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
/// If the sides have different numbers of neurons ([`StatsError::NeuronCounts`]), a sign flip has
/// different numbers of samples ([`StatsError::UnequalPairs`]), a side has fewer than two samples
/// ([`StatsError::TooFewSamples`]), the families have another number of tests than there are neurons
/// ([`StatsError::FamilyTotal`]), or relabellings must be drawn and `draws` is 0
/// ([`StatsError::NoDraws`]) or above [`Resampling::MOST`] ([`StatsError::TooManyDraws`]).
pub fn max_t<S: Sample>(
    relabelling: Relabelling,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    families: &Families,
    resampling: Resampling,
) -> Result<MaxT, StatsError> {
    let mut tests =
        max_t_over(relabelling, a, b, slice::from_ref(families), resampling, &mut |_, _| {
            ControlFlow::Continue(())
        })?;
    Ok(tests.swap_remove(0))
}

/// [`max_t`] for several divisions of the same neurons into families, such as the model's layers and
/// the whole model. The relabelled sums, nearly all of the work, are computed once for all.
///
/// `progress` is told the number of finished steps of the work, and of all steps, and may stop it.
///
/// # Errors
///
/// If [`max_t`] fails for one of the divisions, or `progress` stops the work
/// ([`StatsError::Cancelled`]).
pub fn max_t_over<S: Sample>(
    relabelling: Relabelling,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    divisions: &[Families],
    resampling: Resampling,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<MaxT>, StatsError> {
    let kind = match relabelling {
        Relabelling::SignFlip => TestKind::Paired,
        Relabelling::LabelShuffle => TestKind::Student,
    };
    check_sides(kind, a, b)?;
    for families in divisions {
        families.check_total(a.neurons())?;
    }
    let codes = SignCodes::new(relabelling, a.samples(), b.samples(), resampling)?;
    let n = codes.samples as f64;
    let tolerance = 4.0 * n * n.sqrt() * f64::EPSILON;

    let mut divisions: Vec<_> =
        divisions.iter().map(|families| Division::new(families, &codes)).collect();
    // Neurons between two such ends are in one family under each division.
    let mut ends: Vec<usize> =
        divisions.iter().flat_map(|division| division.ends).copied().collect();
    ends.sort_unstable();
    ends.dedup();

    let steps = ends.len() * codes.count().div_ceil(AT_ONCE);
    let mut done = 0;
    let mut observed = Vec::with_capacity(a.neurons());
    for end in ends {
        let neurons = observed.len()..end;
        for from in (0..codes.count()).step_by(AT_ONCE) {
            let patterns = from..codes.count().min(from + AT_ONCE);
            let (extremes, contrasts) =
                relabel(relabelling, a, b, neurons.clone(), &codes, patterns);
            for division in &mut divisions {
                division.extremes.merge(from, &extremes);
            }
            if from == 0 {
                observed.extend(contrasts.as_flattened().iter().take(neurons.len()));
            }
            done += 1;
            if progress(done, steps).is_break() {
                return Err(StatsError::Cancelled);
            }
        }
        for division in &mut divisions {
            division.conclude(&observed, tolerance);
        }
    }
    Ok(divisions.into_iter().map(|division| division.test).collect())
}

/// Relabellings whose extremes each thread holds at once, so that they stay in a second-level cache
/// and memory does not grow with the threads.
const AT_ONCE: usize = 1 << 14;

/// The extreme contrasts of some neurons under some relabellings, and the neurons' observed ones.
fn relabel<S: Sample>(
    relabelling: Relabelling,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    neurons: Range<usize>,
    codes: &SignCodes,
    patterns: Range<usize>,
) -> (Extremes, Vec<[f64; LANES]>) {
    let blocks: Vec<_> = neurons.clone().step_by(LANES).collect();
    blocks
        .par_iter()
        .map(|&start| Contrasts::new(relabelling, a, b, start..neurons.end.min(start + LANES)))
        .fold(
            || (Extremes::new(patterns.len()), Vec::new()),
            |(mut extremes, mut observed), contrasts| {
                extremes.include(&contrasts, codes.range(patterns.clone()));
                observed.push(contrasts.of(&codes.observed));
                (extremes, observed)
            },
        )
        .reduce_with(|(mut extremes, mut observed), (others, more)| {
            extremes.merge(0, &others);
            observed.extend(more);
            (extremes, observed)
        })
        .unwrap_or_else(|| (Extremes::new(patterns.len()), Vec::new()))
}

/// The test of one division into families, concluded family by family.
struct Division<'a> {
    /// The end of each family that is not concluded yet.
    ends: &'a [usize],
    /// Extremes of the first of these families.
    extremes: Extremes,
    test: MaxT,
}

impl<'a> Division<'a> {
    fn new(families: &'a Families, codes: &SignCodes) -> Self {
        let test = MaxT {
            relabellings: codes.count(),
            exact: codes.exact,
            p_two_sided: Vec::with_capacity(families.tests()),
            p_greater: Vec::with_capacity(families.tests()),
            p_less: Vec::with_capacity(families.tests()),
        };
        Self { ends: families.ends(), extremes: Extremes::new(codes.count()), test }
    }

    /// Turns the contrasts of the first family into p-values, if it ends with the last of these.
    fn conclude(&mut self, observed: &[f64], tolerance: f64) {
        let Some(rest) = self.ends.strip_prefix(&[observed.len()]) else { return };
        self.ends = rest;
        let null = Null::new(&mut self.extremes, self.test.exact, tolerance);
        for &contrast in &observed[self.test.p_two_sided.len()..] {
            self.test.p_two_sided.push(null.p_two_sided(contrast));
            self.test.p_greater.push(null.p_greater(contrast));
            self.test.p_less.push(null.p_less(contrast));
        }
        self.extremes.clear();
    }
}

/// The null distributions of one family's largest contrasts, each sorted.
struct Null<'a> {
    absolute: Vec<f64>,
    positive: &'a [f64],
    negative: &'a [f64],
    exact: bool,
    tolerance: f64,
}

impl<'a> Null<'a> {
    /// Sorts the extremes in their place.
    fn new(extremes: &'a mut Extremes, exact: bool, tolerance: f64) -> Self {
        let positive = &mut extremes.largest[..];
        let negative = &mut extremes.smallest[..];
        for least in &mut *negative {
            *least = -*least;
        }
        let mut absolute: Vec<f64> =
            positive.iter().zip(&*negative).map(|(&high, &low)| high.max(low)).collect();
        for values in [&mut absolute[..], positive, negative] {
            values.sort_unstable_by(f64::total_cmp);
        }
        Self { absolute, positive, negative, exact, tolerance }
    }

    fn p_two_sided(&self, contrast: f64) -> f64 {
        self.p(&self.absolute, contrast.abs())
    }

    fn p_greater(&self, contrast: f64) -> f64 {
        self.p(self.positive, contrast)
    }

    fn p_less(&self, contrast: f64) -> f64 {
        self.p(self.negative, -contrast)
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
