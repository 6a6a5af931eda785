//! Corrections for many tests: from p-values to adjusted p-values.

use crate::error::StatsError;

/// How to adjust the p-values of one family of `m` tests.
///
/// A neuron is significant at `alpha` if its adjusted p-value is at most `alpha`. The promise differs
/// between corrections:
///
/// * The **family-wise error rate** (FWER) is the probability of one or more false discoveries.
/// * The **false discovery rate** (FDR) is the expected share of false ones among the discoveries.
///
/// | correction | bounds at `alpha` | if the p-values of the family have |
/// |---|---|---|
/// | none | each test's own error | - |
/// | Bonferroni, Holm | FWER | any dependence |
/// | Benjamini-Hochberg | FDR | independence, or positive regression dependence (PRDS) |
/// | Benjamini-Yekutieli | FDR | any dependence |
/// | Storey | FDR | independence; asymptotically under weak dependence |
///
/// # Directions
///
/// Two-sided p-values bound the false discoveries among all neurons found, "him" and "her" neurons
/// together, but not within either label: if the true ones are mostly "him", most false ones may
/// stand among the few "her". One run per direction, on [`TTest::p_greater`] and on
/// [`TTest::p_less`], bounds the error of each label at `alpha`, and of their union at `2 alpha`:
/// the FDR or the FWER, and under the conditions of the table on the one-sided p-values.
///
/// # Dependence
///
/// Neurons of one model are not independent. One-sided p-values are proven to be PRDS where the
/// statistics are jointly normal and none of their correlations is negative (Benjamini and
/// Yekutieli 2001, section 3.1). But "him" and "her" neurons also correlate negatively, and t
/// statistics are nearly normal only for many samples. Two-sided p-values are in general not PRDS
/// even without negative correlations (section 3.2 there). So for neurons only Benjamini-Yekutieli
/// and the FWER corrections are proven. Benjamini-Hochberg usually keeps its bound all the same; the
/// tests of this crate simulate it for correlations of one sign and of both.
///
/// [`TTest::p_greater`]: crate::TTest::p_greater
/// [`TTest::p_less`]: crate::TTest::p_less
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Correction {
    /// No correction: `p`.
    None,
    /// `min(1, m p)`. Bonferroni (1936); Dunn (1961), J. Am. Stat. Assoc. 56.
    Bonferroni,
    /// `max over p_(j) <= p of min(1, (m - j + 1) p_(j))`. Uniformly at least as powerful as
    /// Bonferroni. Holm (1979), Scand. J. Stat. 6.
    Holm,
    /// `min over p_(j) >= p of min(1, m p_(j) / j)`. Benjamini and Hochberg (1995), J. R. Stat.
    /// Soc. B 57.
    BenjaminiHochberg,
    /// Benjamini-Hochberg times `1 + 1/2 + ... + 1/m`. Benjamini and Yekutieli (2001), Ann. Stat.
    /// 29.
    BenjaminiYekutieli,
    /// The q-value: `min over p <= p_(j) <= λ of min(1, π₀ m p_(j) / j)`, and 1 for `p > λ`, with
    /// the share of true nulls estimated at `λ = 1/2` as `π₀ = (1 + #{p > λ}) / (m (1 - λ))`.
    ///
    /// The bound is proven for finite `m` thanks to the 1 in the numerator, the 1 above `λ`, and
    /// because `π₀` may exceed 1: q is then above Benjamini-Hochberg's. Where `π₀` is small, q may
    /// lie below p. Storey, Taylor and Siegmund (2004), J. R. Stat. Soc. B 66, theorem 3.
    Storey,
}

impl Correction {
    /// Adjusts the p-values of one family; the result has their order.
    ///
    /// Adjusted values keep the order of the p-values, never fall below them (except Storey's, if
    /// `π₀ < 1`) and lie in `[0, 1]`. An empty family gives an empty result.
    ///
    /// ```
    /// use neuron_stats::Correction;
    ///
    /// let q = Correction::BenjaminiHochberg.adjust(&[0.01, 0.04, 0.03, 0.5])?;
    /// assert_eq!(q[0], 0.04);
    /// assert_eq!(q[1], q[2]); // 4/3 of 0.04, which is below 4/2 of 0.03
    /// # Ok::<(), neuron_stats::StatsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a p-value is outside `[0, 1]` ([`StatsError::NotAProbability`], of the first such value).
    pub fn adjust(self, p: &[f64]) -> Result<Vec<f64>, StatsError> {
        check_probabilities(p)?;
        let m = p.len() as f64;
        Ok(match self {
            Self::None => p.to_vec(),
            Self::Bonferroni => p.iter().map(|p| (m * p).min(1.0)).collect(),
            Self::Holm => holm(p),
            Self::BenjaminiHochberg => step_up(p, 1.0, 1.0),
            Self::BenjaminiYekutieli => {
                step_up(p, (1..=p.len()).map(|j| 1.0 / j as f64).sum(), 1.0)
            }
            Self::Storey => step_up(p, share_of_nulls(p), LAMBDA),
        })
    }
}

/// Which adjusted p-values are significant: those of at most `alpha`.
///
/// # Errors
///
/// If `alpha` is not in `(0, 1)` ([`StatsError::Alpha`]).
pub fn significant(adjusted: &[f64], alpha: f64) -> Result<Vec<bool>, StatsError> {
    if alpha > 0.0 && alpha < 1.0 {
        Ok(adjusted.iter().map(|&p| p <= alpha).collect())
    } else {
        Err(StatsError::Alpha { alpha })
    }
}

/// Checks that all p-values lie in `[0, 1]`.
pub(crate) fn check_probabilities(p: &[f64]) -> Result<(), StatsError> {
    match p.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(index) => Err(StatsError::NotAProbability { index, value: p[index] }),
        None => Ok(()),
    }
}

/// Holm's step-down adjustment.
fn holm(p: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, index) in ascending(p).enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[index]).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

/// The step-up adjustment of Benjamini and Hochberg, times `factor`; 1 for a p above `most`.
fn step_up(p: &[f64], factor: f64, most: f64) -> Vec<f64> {
    let m = p.len() as f64;
    let mut adjusted = vec![1.0; p.len()];
    let mut smallest = 1.0_f64;
    for (rank, index) in ascending(p).enumerate().rev().skip_while(|&(_, index)| p[index] > most) {
        smallest = smallest.min(factor * p[index] / ((rank + 1) as f64 / m));
        adjusted[index] = smallest;
    }
    adjusted
}

/// Storey's threshold: p-values above it are counted as true nulls, and are never significant.
const LAMBDA: f64 = 0.5;

/// Storey's estimate of the share of true null hypotheses. It must not be cut off at 1: five true
/// nulls would then be found at 0.05 in 5.8% of all families.
fn share_of_nulls(p: &[f64]) -> f64 {
    let above = p.iter().filter(|&&p| p > LAMBDA).count();
    (1 + above) as f64 / (p.len() as f64 * (1.0 - LAMBDA))
}

/// The indices of the p-values in ascending order of these.
///
/// A bucket sort by value: under the null hypothesis p-values are uniform, so that most of the `m`
/// buckets hold one or two. If small ones crowd the first bucket, it is an ordinary sort.
fn ascending(p: &[f64]) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "p lies in [0, 1]")]
    let bucket = |value: f64| ((value * p.len() as f64) as usize).min(p.len() - 1);

    // The start of each bucket, and then the place of its next value.
    let mut next = vec![0; p.len() + 1];
    for &value in p {
        next[bucket(value) + 1] += 1;
    }
    for i in 1..next.len() {
        next[i] += next[i - 1];
    }
    let mut sorted = vec![(0.0, 0); p.len()];
    for (index, &value) in p.iter().enumerate() {
        let place = &mut next[bucket(value)];
        sorted[*place] = (value, index);
        *place += 1;
    }
    let mut start = 0;
    for &end in &next[..p.len()] {
        if end > start + 1 {
            sorted[start..end].sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        }
        start = end;
    }
    sorted.into_iter().map(|(_, index)| index)
}
