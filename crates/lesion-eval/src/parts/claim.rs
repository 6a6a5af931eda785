//! The claims that a study tests, and the verdicts on them: one family, corrected together.

use neuron_stats::{
    Correction, JZS_SCALE, SampleCounts, StatsError, TestKind, equivalence_test, jzs_bayes_factor,
    t_test,
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
    /// The mean margin without a lesion, in logits.
    pub(crate) clean_margin: f64,
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
    /// Number of random sets.
    pub(crate) sets: usize,
}

/// Judges all claims of a study. p are corrected over all of them by Holm's method, and so are those of
/// the tests of equivalence.
///
/// # Errors
/// If a statistic fails.
pub fn judge_claims(claims: &[Claim], study: &Study) -> Result<Vec<VerdictRow>, StudyError> {
    let p: Vec<Option<f64>> =
        claims.iter().map(|claim| Some(claim.comparison.as_ref()?.p)).collect();
    let mut p_no_effect = Vec::with_capacity(claims.len());
    for claim in claims {
        p_no_effect.push(claim.test_equivalence(study).map_err(StudyError::Stats)?);
    }
    let tested = p.iter().flatten().count();
    let p_corrected = correct(&p)?;
    let p_no_effect = correct(&p_no_effect)?;
    let mut rows = Vec::with_capacity(claims.len());
    for ((claim, p_corrected), p_no_effect) in claims.iter().zip(p_corrected).zip(p_no_effect) {
        let comparison = claim.comparison.as_ref();
        let excess = comparison.map(|comparison| comparison.excess);
        let sets = comparison.map_or(0, |comparison| comparison.sets);
        let evidence =
            Evidence { excess, p_corrected, smallest_p: smallest_p(tested, sets), p_no_effect };
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
            excess,
            p: comparison.map(|comparison| comparison.p),
            p_corrected,
            at_floor: comparison.map(RandomComparison::is_at_floor),
            equivalence: comparison.map(|_| claim.equivalence_margin(study)),
            p_no_effect,
            bayes_factor: claim.bayes_factor().map_err(StudyError::Stats)?,
            verdict: Verdict::on(&evidence),
        });
    }
    Ok(rows)
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

impl Claim {
    fn equivalence_margin(&self, study: &Study) -> f64 {
        study.controls.equivalence.get() * self.clean_margin.abs()
    }

    /// p of the test that the excess lies within the margin of equivalence; none with too few
    /// templates, or if the excess does not vary.
    fn test_equivalence(&self, study: &Study) -> Result<Option<f64>, StatsError> {
        let margin = self.equivalence_margin(study);
        let is_testable = margin > 0.0 && margin.is_finite();
        if self.template_excess.len() < FEWEST_TEMPLATES || !is_testable {
            return Ok(None);
        }
        let test = equivalence_test(&self.template_excess, margin, CONFIDENCE)?;
        Ok(test.defined.then_some(test.p))
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
