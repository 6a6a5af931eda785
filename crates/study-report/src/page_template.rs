//! The HTML of a page.

use askama::Template;

use crate::{
    document::{
        figure::Figure,
        section::{Block, Section},
    },
    drawing::palette::{PALETTE, Tone},
};

/// Sentences beyond which a page folds the rest away at first.
const SENTENCES: usize = 6;

/// One self-contained page.
#[derive(Template)]
#[template(path = "page.html")]
pub(crate) struct Page {
    /// Its name in a browser's tab.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) lead: String,
    pub(crate) sections: Vec<Section>,
    /// Whether the tables stand beside the page.
    pub(crate) beside_tables: bool,
}

impl Page {
    pub(crate) fn figures(&self) -> impl Iterator<Item = &Figure> {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        blocks.filter_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        })
    }

    /// Each colour of the drawings on white paper, and the one on a dark page.
    fn palette() -> Vec<[String; 2]> {
        PALETTE.iter().map(Tone::hex).collect()
    }
}
