//! The verdicts of the controls, and the sentences that report them.

use study_record::{LEVEL, Verdict, sets_needed, tables::ProfileRow};

use crate::{
    document::{
        cell::Cell,
        number_text::{list, percent, plural},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

/// The verdicts of a study's controls.
pub(crate) struct ControlVerdicts {
    /// A row per layer and label; none if the controls did not run.
    pub(crate) rows: Vec<ProfileRow>,
    /// Random sets of each kind.
    pub(crate) sets: usize,
}

impl ControlVerdicts {
    pub(crate) fn read(study: &FinishedStudy<'_>) -> Result<Self, ReportError> {
        let rows = study.rows_if_written()?.unwrap_or_default();
        Ok(Self { rows, sets: study.manifest().study.controls.nulls.get() })
    }

    /// How many lesions have controls.
    pub(crate) fn tested(&self) -> usize {
        self.rows.iter().filter(|row| row.p_corrected.is_some()).count()
    }

    /// Whether there are controls, and enough random sets for a verdict on each lesion.
    pub(crate) fn is_decided(&self) -> bool {
        self.tested() > 0 && self.with(Verdict::TooFewSets).next().is_none()
    }

    /// The rows with a verdict.
    pub(crate) fn with(&self, verdict: Verdict) -> impl Iterator<Item = &ProfileRow> + Clone {
        self.rows.iter().filter(move |row| row.verdict == verdict)
    }

    /// The layers and labels with a verdict: `4 (him), 5 (her)`.
    pub(crate) fn names(&self, verdict: Verdict) -> Vec<String> {
        self.with(verdict).map(ProfileRow::name).collect()
    }

    /// One sentence on all verdicts.
    pub(crate) fn summary(&self) -> String {
        let tested = self.tested();
        if tested == 0 {
            return "There are no controls, so nothing can be said about other neurons.".to_owned();
        }
        if !self.is_decided() {
            return format!(
                "With {} of each kind, none of {} can be told from them at the level {LEVEL}; --nulls \
                 {} would be enough.",
                plural(self.sets, "random set"),
                plural(tested, "lesion"),
                sets_needed(tested)
            );
        }
        match self.with(Verdict::Beyond).count() {
            0 => format!(
                "No matched lesion lowers the right word\u{2019}s margin significantly more than \
                 random sets of the same size (Holm over {} of layer and label, level {LEVEL}).",
                plural(tested, "combination")
            ),
            beyond => format!(
                "In {beyond} of {tested} cases, each a layer and a label, the matched lesion \
                 lowers the right word\u{2019}s margin significantly more than random sets of the \
                 same size (Holm, level {LEVEL})."
            ),
        }
    }

    /// The same, with the names of the lesions that do more than random sets.
    pub(crate) fn finding(&self) -> String {
        let summary = self.summary();
        if self.with(Verdict::Beyond).count() == 0 {
            return summary;
        }
        let falls: usize = self.with(Verdict::Beyond).map(|row| row.margin_falls).sum();
        let prompts: usize = self.with(Verdict::Beyond).map(|row| row.prompts).sum();
        format!(
            "{summary} The cases are {}. There the margin falls in {falls} of {prompts} prompts \
             ({}).",
            list(&self.names(Verdict::Beyond)),
            percent(falls as f64 / prompts as f64)
        )
    }
}

/// A verdict in few words.
pub(crate) fn verdict_cell(verdict: Verdict) -> Cell {
    Cell::text(verdict.title()).class(match verdict {
        Verdict::Beyond => "beyond",
        Verdict::Within => "within",
        Verdict::NotShown | Verdict::TooFewSets | Verdict::NoControls => "open",
    })
}
