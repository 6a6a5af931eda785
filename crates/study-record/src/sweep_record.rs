//! `sweep.json` and `sweep.csv`: the tasks of a sweep and their results.

use std::collections::BTreeMap;

use crate::{
    documented_keys::documented_keys,
    part_tables::ProfileRow,
    row::{Row as _, Table, TableError, encode_cells, tables},
    verdict::Verdict,
};

/// The name of the file that lists the tasks of a sweep.
pub const SWEEP: &str = "sweep.json";

documented_keys! {
    /// The tasks of a finished sweep. The same results give the same bytes.
    pub struct SweepRecord {
        /// The version of this program.
        lesion: String,
        /// The settings that differ, in the order of the study file.
        axes: Vec<String>,
        /// The tasks, in order.
        tasks: Vec<SweepTaskRecord>,
    }
}

documented_keys! {
    /// A task of a finished sweep.
    pub struct SweepTaskRecord {
        /// Its number, from 1.
        number: usize,
        /// The name of its folder beside `sweep.json`: the folder of an ordinary study.
        folder: String,
        /// Its value of each setting that differs, as an option writes it.
        values: BTreeMap<String, String>,
        /// SHA-256 of the list of its tables with their hashes, `outputs` of its manifest.
        sha256: String,
    }
}

tables! {
    pub struct SweepColumns in "sweep.csv": "a row of `profile.csv` of a task" {
        /// p of the claim about the row's effect, as in `verdicts.csv` of the task. Empty if there are no
        /// controls, as are the following.
        p: Option<f64>,
        /// The same corrected by Holm over all claims of the task.
        p_corrected: Option<f64>,
        /// The same corrected by Holm over all claims of all tasks.
        p_sweep: Option<f64>,
        /// p of the test of equivalence, corrected by Holm over all claims of all tasks that have it.
        p_no_effect_sweep: Option<f64>,
        /// The verdict from these two; empty if no neuron was lesioned.
        verdict_sweep: Option<Verdict>,
    }
}

/// A row of `sweep.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepRow {
    /// The number of the task.
    pub task: usize,
    /// The task's values of the settings that differ.
    pub values: Vec<String>,
    /// The row of the task's `profile.csv`.
    pub profile: ProfileRow,
    /// The claim about its effect.
    pub columns: SweepColumns,
}

impl SweepRow {
    /// The table, with the columns after those of `profile.csv` only.
    pub const TABLE: Table = SweepColumns::TABLE;

    /// Writes rows as CSV. The columns are `task`, a column for each setting that differs, its key after
    /// `sweep.`, those of `profile.csv` and those of [`SweepColumns`].
    ///
    /// # Errors
    /// If a row cannot be written.
    pub fn encode(
        axes: &[String],
        rows: impl IntoIterator<Item = Self>,
    ) -> Result<Vec<u8>, TableError> {
        let mut names = vec!["task".to_owned()];
        names.extend(axes.iter().map(|key| format!("sweep.{key}")));
        let columns = ProfileRow::TABLE.names().chain(Self::TABLE.names());
        names.extend(columns.map(str::to_owned));
        let cells = rows.into_iter().map(|row| (row.task, row.values, row.profile, row.columns));
        encode_cells(&names, cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_without_rows_has_its_columns() {
        let csv = SweepRow::encode(&["lesion.kind".to_owned()], []).unwrap();
        let text = String::from_utf8(csv).unwrap();
        let names: Vec<&str> = text.trim_end().split(',').collect();
        assert_eq!(names[..3], ["task", "sweep.lesion.kind", "layer"]);
        assert_eq!(names.last(), Some(&"verdict_sweep"));
        assert_eq!(names.len(), 2 + ProfileRow::TABLE.columns.len() + 5);
    }
}
