//! Tables.

use super::cell::Cell;

/// Rows beyond which a page folds a table away at first.
const LONG: usize = 40;

/// A table that a reader can sort.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name, unique in its document.
    pub id: &'static str,
    /// Its caption.
    pub caption: String,
    /// The names of its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
    /// The files that its numbers come from.
    pub sources: &'static [&'static str],
    /// Whether a screen shows it too.
    pub is_on_screen: bool,
}

impl Table {
    /// A table for the page only.
    pub(crate) fn new<const N: usize>(
        id: &'static str,
        sources: &'static [&'static str],
        caption: impl Into<String>,
        columns: [&str; N],
    ) -> Self {
        Self {
            id,
            caption: caption.into(),
            columns: columns.map(str::to_owned).into(),
            rows: Vec::new(),
            sources,
            is_on_screen: false,
        }
    }

    /// The table for page and screen.
    pub(crate) fn on_screen(mut self) -> Self {
        self.is_on_screen = true;
        self
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    /// Whether a column holds numbers, which are aligned to the right.
    #[must_use]
    pub fn is_number(&self, column: usize) -> bool {
        self.rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.value.is_some()))
    }

    /// The columns by name, and whether each holds numbers.
    pub(crate) fn heads(&self) -> impl Iterator<Item = (&str, bool)> {
        let names = self.columns.iter().map(String::as_str);
        names.enumerate().map(|(column, name)| (name, self.is_number(column)))
    }

    /// Whether a page folds it away at first.
    pub(crate) fn is_long(&self) -> bool {
        self.rows.len() > LONG
    }
}
