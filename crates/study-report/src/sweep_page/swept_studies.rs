//! The results of the tasks of a sweep, judged together.

use study_record::{
    LEVEL, ScoreUnit, SetChoice, SweepTaskRecord, sets_needed, smallest_p,
    tables::{ProfileRow, VerdictRow},
};

use crate::{
    document::number_text::{count, plural},
    sections::score_note::margin_unit,
};

/// A task of a sweep with its results.
#[derive(Clone, Debug)]
pub struct SweptStudy {
    /// Its number, folder and values.
    pub record: SweepTaskRecord,
    /// The two labels of its contrast.
    pub labels: [String; 2],
    /// The unit of its scores.
    pub score: ScoreUnit,
    /// Layers of its model.
    pub layers: usize,
    /// Random sets of each kind.
    pub random_sets: usize,
    /// Its profile; empty if its controls did not run.
    pub profile: Vec<ProfileRow>,
    /// Its claims as it judged them by itself.
    pub verdicts: Vec<VerdictRow>,
    /// The same claims, judged together with those of all other tasks.
    pub judged: Vec<VerdictRow>,
}

/// The tasks of a sweep with their results.
#[derive(Clone, Debug)]
pub struct SweptStudies {
    /// The settings that differ.
    pub axes: Vec<String>,
    /// The tasks, in order.
    pub studies: Vec<SweptStudy>,
}

impl SweptStudies {
    /// All claims, judged together, each with its task.
    pub fn claims(&self) -> impl Iterator<Item = (&SweptStudy, &VerdictRow)> {
        self.studies.iter().flat_map(|study| study.judged.iter().map(move |claim| (study, claim)))
    }

    /// Number of claims that were looked at: those with controls.
    #[must_use]
    pub fn looked_at(&self) -> usize {
        self.claims().filter(|(_, claim)| claim.p_corrected.is_some()).count()
    }

    /// The claims whose values are shown to differ from those of random sets, the largest difference
    /// first.
    #[must_use]
    pub fn shown(&self) -> Vec<(&SweptStudy, &VerdictRow)> {
        let mut shown: Vec<_> =
            self.claims().filter(|(_, claim)| claim.verdict.is_shown()).collect();
        let excess = |claim: &VerdictRow| claim.excess.unwrap_or_default().abs();
        shown.sort_by(|(_, a), (_, b)| excess(b).total_cmp(&excess(a)));
        shown
    }

    /// The result of the sweep: how much was looked at, and how much of it is shown.
    pub(super) fn summary(&self) -> String {
        let looked_at = self.looked_at();
        let settings = plural(self.studies.len(), "setting");
        if looked_at == 0 {
            return format!(
                "In {settings}, no lesion has controls, so nothing can be said about other neurons."
            );
        }
        let claims = plural(looked_at, "claim");
        let sets = self.random_sets();
        if smallest_p(looked_at, sets) > LEVEL {
            return format!(
                "In {settings}, {claims} were looked at. With {} of each kind, none can be told from random \
                 sets if p is corrected over all of them; --nulls {} would be enough.",
                plural(sets, "random set"),
                sets_needed(looked_at)
            );
        }
        let shown = self.shown().len();
        format!(
            "In {settings}, {claims} were looked at; {} of them {} from random sets if p is corrected over \
             all of them (Holm, level {LEVEL}).",
            count(shown),
            if shown == 1 { "differs" } else { "differ" }
        )
    }

    /// The unit of margins.
    pub(crate) fn margin_unit(&self) -> String {
        margin_unit(self.studies.iter().map(|study| study.score))
    }

    /// Most random sets of each kind in a task.
    #[must_use]
    pub fn random_sets(&self) -> usize {
        self.studies.iter().map(|study| study.random_sets).max().unwrap_or_default()
    }
}

impl SweptStudy {
    /// Its values of the settings that differ, in their order.
    pub(crate) fn values<'a>(&'a self, axes: &'a [String]) -> impl Iterator<Item = &'a str> {
        axes.iter().map(|key| self.record.values.get(key).map_or("", String::as_str))
    }

    /// Its name in a sentence: `task 3 (zero, 4)`.
    pub(crate) fn name(&self, axes: &[String]) -> String {
        let values: Vec<&str> = self.values(axes).collect();
        format!("task {} ({})", self.record.number, values.join(", "))
    }

    /// The rows of the study's own lesions.
    pub(crate) fn lesioned(&self) -> impl Iterator<Item = &ProfileRow> + Clone {
        let lesioned = self.profile.iter().filter(|row| row.sets == SetChoice::Lesioned);
        lesioned.filter(|row| row.neurons > 0)
    }

    /// The row of a label with the largest difference from random sets, in either direction.
    pub(crate) fn strongest(&self, label: &str) -> Option<&ProfileRow> {
        let size = |row: &ProfileRow| {
            let claim = row.find_claim(&self.judged);
            claim.and_then(|claim| claim.excess).unwrap_or_default().abs()
        };
        let rows = self.lesioned().filter(|row| row.neuron_set == label);
        rows.max_by(|a, b| size(a).total_cmp(&size(b)))
    }
}
