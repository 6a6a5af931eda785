//! Figures.

use crate::drawing::svg::Svg;

/// A figure that a report may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FigureFile {
    /// Its name: its file is `figures/NAME.svg`.
    pub name: &'static str,
    /// A phrase for what it shows.
    pub shows: &'static str,
    /// The files of the tables that it is drawn from.
    pub tables: &'static [&'static str],
}

/// A figure with its caption.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its declaration.
    pub file: FigureFile,
    /// Its caption.
    pub caption: String,
    pub(crate) svg: Svg,
}

impl Figure {
    /// The figure as part of a page.
    pub(crate) fn inline(&self) -> String {
        self.svg.inline(self.file.shows)
    }

    /// The figure as a file of its own.
    pub(crate) fn contents(&self) -> String {
        self.svg.file(self.file.shows)
    }
}
