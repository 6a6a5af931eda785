//! Parts of the laboratory without a table.

use study_record::{Part, tables::Table};

use crate::{document::number_text::quoted, finished_study::FinishedStudy};

/// Why the table of a part cannot be shown.
pub(crate) fn absence(study: &FinishedStudy<'_>, part: Part, table: Table) -> String {
    if study.has(table) {
        return format!("{} of the part {} was removed.", table.file, quoted(part.name()));
    }
    match study.manifest().skipped.get(&part) {
        Some(reason) => format!("The part {} did not run: {reason}.", quoted(part.name())),
        None => format!("The part {} did not run.", quoted(part.name())),
    }
}
