//! What a person reads: one short table a part, and a sentence that says what was found.

mod baseline;
mod controls;
mod lesion;
mod selection;

use comfy_table::{
    Cell,
    CellAlignment::{self, Left as L, Right as R},
    Table,
    presets::UTF8_BORDERS_ONLY,
};

pub(crate) use baseline::{accuracy, baseline};
pub(crate) use controls::controls;
pub(crate) use lesion::lesion;
pub(crate) use selection::{diagnostics, selection};

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
