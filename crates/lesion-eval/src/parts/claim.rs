//! The claims that a study tests, and the verdicts on them: one family, corrected together.

use neuron_stats::{
    Correction, JZS_SCALE, RandomisationTest, SampleCounts, StatsError, StudentT, TestKind,
    jzs_bayes_factor, t_test,
};
use study_record::{
    Evidence, FEWEST_TEMPLATES, Question, Range, SetChoice, Study, Verdict, smallest_p,
    tables::VerdictRow,
};

use crate::{error::StudyError, selection::select::CONFIDENCE};

/// A claim with the evidence on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    pub(crate) question: Question,
    pub(crate) sets: SetChoice,
    /// The lesioned layers, separated by spaces.
    pub(crate) layers: String,
    /// The label of the lesioned neurons.
    pub(crate) label: String,
    /// The mean margin drop, the difference or the synergy, in logits.
    pub(crate) value: f64,
    /// Its interval over templates.
    pub(crate) interval: Option<Range>,
    /// The comparison with random sets.
    pub(crate) comparison: Option<RandomComparison>,
    /// For each template, the value less the mean of random sets; empty if the claim has no test of
    /// equivalence.
    pub(crate) template_excess: Vec<f64>,
    /// The mean margin of each template without a lesion, in logits; empty if the claim has no test of
    /// equivalence.
    pub(crate) template_margins: Vec<f64>,
}

/// The comparison of a value with those of random sets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RandomComparison {
    /// The range that holds 95 % of the random sets' values.
    pub(crate) range: Range,
    /// The value less their mean.
    pub(crate) excess: f64,
    /// The largest p of the comparisons that count.
    pub(crate) p: f64,
    /// Standard error of their mean.
    pub(crate) error: f64,
    /// Number of random sets.
    pub(crate) sets: usize,
}

impl RandomComparison {
    /// A test with the p that counts and the standard error of the random sets' mean.
    pub(crate) const fn new(test: &RandomisationTest, p: f64, error: f64) -> Self {
        Self { range: test.random_range, excess: test.excess, p, error, sets: test.random_sets }
    }
}

/// The standard error of the mean of values.
pub(crate) fn standard_error(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    (variance(values) / count).sqrt()
}

/// The variance with n − 1.
fn variance(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)
}

/// Judges all claims of a study. p are corrected over all of them by Holm's method, and so are those of
/// the tests of equivalence.
///
/// # Errors
/// If a statistic fails.
pub fn judge_claims(claims: &[Claim], study: &Study) -> Result<Vec<VerdictRow>, StudyError> {
    let mut evidence = Vec::with_capacity(claims.len());
    for claim in claims {
        let comparison = claim.comparison.as_ref();
        evidence.push(UncorrectedEvidence {
            excess: comparison.map(|comparison| comparison.excess),
            p: comparison.map(|comparison| comparison.p),
            sets: comparison.map_or(0, |comparison| comparison.sets),
            p_equivalence: claim.test_equivalence(study).map_err(StudyError::Stats)?,
        });
    }
    let judgements = judge_together(&evidence)?;
    let mut rows = Vec::with_capacity(claims.len());
    for ((claim, evidence), judgement) in claims.iter().zip(&evidence).zip(judgements) {
        let comparison = claim.comparison.as_ref();
        let (low, high) = claim.interval.unzip();
        let (random_low, random_high) = comparison.map(|comparison| comparison.range).unzip();
        rows.push(VerdictRow {
            question: claim.question,
            sets: claim.sets,
            layers: claim.layers.clone(),
            neuron_set: claim.label.clone(),
            value: claim.value,
            low,
            high,
            random_low,
            random_high,
            excess: evidence.excess,
            p: evidence.p,
            p_corrected: judgement.p_corrected,
            at_floor: comparison.map(RandomComparison::is_at_floor),
            equivalence: comparison.and_then(|_| claim.equivalence_margin(study)),
            p_equivalence: evidence.p_equivalence,
            p_no_effect: judgement.p_no_effect,
            bayes_factor: claim.bayes_factor().map_err(StudyError::Stats)?,
            verdict: judgement.verdict,
        });
    }
    Ok(rows)
}

/// The evidence on a claim before it is corrected together with others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UncorrectedEvidence {
    /// The value less the mean of random sets; none without controls.
    pub excess: Option<f64>,
    /// p of the comparison with random sets.
    pub p: Option<f64>,
    /// Number of random sets.
    pub sets: usize,
    /// p of the test of equivalence.
    pub p_equivalence: Option<f64>,
}

/// The conclusion on a claim that was corrected together with others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// p of the comparison with random sets, corrected.
    pub p_corrected: Option<f64>,
    /// p of the test of equivalence, corrected.
    pub p_no_effect: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
}

/// Judges claims together, those of one study or of several: p are corrected over all of them by Holm's
/// method, and so are those of the tests of equivalence.
///
/// # Errors
/// If a p is not one.
pub fn judge_together(claims: &[UncorrectedEvidence]) -> Result<Vec<Judgement>, StudyError> {
    let p: Vec<Option<f64>> = claims.iter().map(|claim| claim.p).collect();
    let p_equivalence: Vec<Option<f64>> = claims.iter().map(|claim| claim.p_equivalence).collect();
    let tested = p.iter().flatten().count();
    let p_corrected = correct(&p)?;
    let p_no_effect = correct(&p_equivalence)?;
    let mut judgements = Vec::with_capacity(claims.len());
    for ((claim, p_corrected), p_no_effect) in claims.iter().zip(p_corrected).zip(p_no_effect) {
        let evidence = Evidence {
            excess: claim.excess,
            p_corrected,
            smallest_p: smallest_p(tested, claim.sets),
            p_no_effect,
        };
        let verdict = Verdict::on(&evidence);
        judgements.push(Judgement { p_corrected, p_no_effect, verdict });
    }
    Ok(judgements)
}

/// Holm's correction of the p that there are.
fn correct(p: &[Option<f64>]) -> Result<Vec<Option<f64>>, StudyError> {
    let tested: Vec<f64> = p.iter().copied().flatten().collect();
    if tested.is_empty() {
        return Ok(p.to_vec());
    }
    let mut adjusted = Correction::Holm.adjust(&tested).map_err(StudyError::Stats)?.into_iter();
    Ok(p.iter().map(|p| p.and_then(|_| adjusted.next())).collect())
}

impl RandomComparison {
    /// Whether p is the smallest that the number of random sets admits.
    fn is_at_floor(&self) -> bool {
        // The nearest other p is twice as large.
        self.p * (1 + self.sets) as f64 <= 1.5
    }
}

/// p of the one-sided t-test that the mean of values is above 0, if a further error with this standard
/// deviation is in all of them. None without any variation.
fn test_above_0(values: &[f64], error: f64) -> Result<Option<f64>, StatsError> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let standard_error = (variance(values) / count + error.powi(2)).sqrt();
    let t = mean / standard_error;
    if !t.is_finite() {
        return Ok(None);
    }
    Ok(Some(StudentT::new(count - 1.0)?.survival(t)))
}

impl Claim {
    /// The margin of equivalence in logits; none if the claim has no test of equivalence.
    fn equivalence_margin(&self, study: &Study) -> Option<f64> {
        let margin = study.controls.equivalence.get() * self.clean_margin().abs();
        Some(margin).filter(|margin| margin.is_finite())
    }

    fn clean_margin(&self) -> f64 {
        self.template_margins.iter().sum::<f64>() / self.template_margins.len() as f64
    }

    /// p of the test that the excess lies within the margin of equivalence: the larger p of two
    /// one-sided t-tests. The margin of equivalence is not known but a share of the margins in the same
    /// templates, so each template's excess is compared with its own; and the mean of random sets has an
    /// error of its own. None with too few templates, or without any variation.
    fn test_equivalence(&self, study: &Study) -> Result<Option<f64>, StatsError> {
        let share = study.controls.equivalence.get() * self.clean_margin().signum();
        let Some(comparison) = &self.comparison else { return Ok(None) };
        if self.template_excess.len() < FEWEST_TEMPLATES || !share.is_finite() {
            return Ok(None);
        }
        let beside = |sign: f64| -> Vec<f64> {
            let templates = self.template_excess.iter().zip(&self.template_margins);
            templates.map(|(excess, margin)| excess + sign * share * margin).collect()
        };
        let above = test_above_0(&beside(1.0), comparison.error)?;
        let below: Vec<f64> = beside(-1.0).iter().map(|value| -value).collect();
        let below = test_above_0(&below, comparison.error)?;
        Ok(above.zip(below).map(|(above, below)| above.max(below)))
    }

    /// The JZS Bayes factor of the excess; none with too few templates, or if it does not vary.
    fn bayes_factor(&self) -> Result<Option<f64>, StatsError> {
        let excess = &self.template_excess;
        if excess.len() < FEWEST_TEMPLATES {
            return Ok(None);
        }
        let zeros = vec![0.0; excess.len()];
        let test = t_test(TestKind::Paired, excess, &zeros, CONFIDENCE)?;
        if !test.defined {
            return Ok(None);
        }
        let factor = jzs_bayes_factor(test.t, SampleCounts::Pairs(excess.len()), JZS_SCALE)?;
        Ok(Some(factor.bf10()))
    }
}
