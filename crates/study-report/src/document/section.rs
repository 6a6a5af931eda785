//! Sections, and the blocks that they are made of.

use super::{
    figure::Figure,
    prompt_sentence::{Lookup, Sentence},
    report_table::Table,
};

/// A section of a document.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name, unique in its document.
    pub id: &'static str,
    /// Its title.
    pub title: String,
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
}

/// A block of a section.
#[derive(Clone, Debug)]
pub enum Block {
    /// A heading within the section.
    Heading(String),
    /// Results in sentences.
    Text(String),
    /// One sentence that says what was found.
    Finding(String),
    /// How something is measured; for the page only.
    Explanation(String),
    /// A warning that a reader must not miss.
    Warning(String),
    /// A doubt about the study, as the manifest contains it.
    Doubt(String),
    /// Sentences, each by itself.
    List(Vec<String>),
    /// A few large numbers, each with what it counts; for the page only.
    Numbers(Vec<(String, String)>),
    /// Terms with their values; for the page only.
    Facts(Vec<(String, String)>),
    /// A command line; for the page only.
    Command(String),
    /// A figure; for the page only.
    Figure(Figure),
    /// A table; its flag says whether a screen shows it.
    Table(Table),
    /// Prompts with their candidates; for the page only.
    Sentences(Vec<Sentence>),
    /// The look-up of a neuron; for the page only.
    Lookup(Lookup),
}

impl Block {
    /// Whether a screen shows it. A heading depends on the blocks that follow it.
    fn is_on_screen(&self) -> bool {
        match self {
            Self::Text(_)
            | Self::Finding(_)
            | Self::Warning(_)
            | Self::Doubt(_)
            | Self::List(_) => true,
            Self::Table(table) => table.is_on_screen,
            _ => false,
        }
    }
}

impl Section {
    pub(crate) fn new(id: &'static str, title: impl Into<String>) -> Self {
        Self { id, title: title.into(), blocks: Vec::new() }
    }

    /// The blocks that a screen shows. A heading is among them if one of them follows it.
    #[must_use]
    pub fn on_screen(&self) -> Vec<&Block> {
        let mut shown = Vec::new();
        let mut heading = None;
        for block in &self.blocks {
            if matches!(block, Block::Heading(_)) {
                heading = Some(block);
            } else if block.is_on_screen() {
                shown.extend(heading.take());
                shown.push(block);
            }
        }
        shown
    }

    pub(crate) fn add(&mut self, block: Block) {
        self.blocks.push(block);
    }

    pub(crate) fn heading(&mut self, text: impl Into<String>) {
        self.add(Block::Heading(text.into()));
    }

    pub(crate) fn text(&mut self, text: impl Into<String>) {
        self.add(Block::Text(text.into()));
    }

    pub(crate) fn finding(&mut self, text: impl Into<String>) {
        self.add(Block::Finding(text.into()));
    }

    pub(crate) fn explanation(&mut self, text: impl Into<String>) {
        self.add(Block::Explanation(text.into()));
    }

    pub(crate) fn warning(&mut self, text: impl Into<String>) {
        self.add(Block::Warning(text.into()));
    }

    pub(crate) fn list(&mut self, items: Vec<String>) {
        self.add(Block::List(items));
    }

    pub(crate) fn figure(&mut self, figure: Figure) {
        self.add(Block::Figure(figure));
    }

    pub(crate) fn table(&mut self, table: Table) {
        self.add(Block::Table(table));
    }
}
