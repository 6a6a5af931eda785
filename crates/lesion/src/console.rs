//! What a person reads: one short table a part, and a sentence that says what was found.

mod baseline;
mod check;
mod laboratory;
mod lesion;
mod predict;
mod selection;

use comfy_table::{
    Cell,
    CellAlignment::{self, Left as L, Right as R},
    Table,
    presets::UTF8_BORDERS_ONLY,
};

use std::io::Write;

use anyhow::Result;

pub(crate) use baseline::accuracy;
pub(crate) use check::{plan, to_download};
pub(crate) use predict::predicted;

use crate::{
    prepare::Prepared,
    results::{LaboratoryResults, Results},
};

/// Every part of a study that ran.
pub(crate) fn results(out: &mut impl Write, prepared: &Prepared, results: &Results) -> Result<()> {
    let Prepared { study, prompts, patterns, lesion: plan, .. } = prepared;
    let Results { selection, laboratory, lesioned, .. } = results;
    selection::selection(out, selection, study.selection.at, plan.layer)?;
    selection::replication(out, &results.replications, plan.layer)?;
    selection::diagnostics(out, &results.diagnostics, plan.layer)?;
    baseline::baseline(out, &results.predictions, prompts)?;
    lesion::lesion(out, *plan, &results.outcomes, &results.notices)?;
    let LaboratoryResults { controls, joint, doses, causal, dynamic } = laboratory;
    if let Some(controls) = controls {
        laboratory::controls(out, study, &controls.controlled, &controls.profile)?;
        laboratory::dissociation(out, &controls.dissociations)?;
    }
    if let Some(joint) = joint {
        laboratory::joint(out, joint)?;
    }
    if let Some(doses) = doses {
        laboratory::dose(out, plan.layer, doses)?;
    }
    if let Some(causal) = causal {
        laboratory::causal(out, prompts, causal)?;
    }
    if let Some(dynamic) = dynamic {
        laboratory::dynamic(out, dynamic, lesioned, patterns, joint.as_deref())?;
    } else if let (None, Err(reason)) = (&study.parts, study.check_dynamic()) {
        writeln!(out, "\n9. Dynamic hooks: not run; {reason}.")?;
    }
    Ok(())
}

/// Prompts that are shown one by one; the tables have all.
const SHOWN: usize = 10;

/// A table whose columns are aligned as given: text to the left, figures to the right.
fn table(header: &[&str], alignment: &[CellAlignment]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    let cells = header.iter().zip(alignment);
    table.set_header(cells.map(|(name, &side)| Cell::new(name).set_alignment(side)));
    for (column, &side) in table.column_iter_mut().zip(alignment) {
        column.set_cell_alignment(side);
    }
    table
}
