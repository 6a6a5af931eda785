//! A page: sections of blocks, and the template that they go through.

use askama::Template;

use crate::{
    ReportError,
    chart::PALETTE,
    figures::Figure,
    number::{NONE, between, count, fixed, p_value},
};

/// One self-contained page.
#[derive(Template)]
#[template(path = "page.html")]
pub(crate) struct Page {
    /// What it is called in a browser's tab.
    pub(crate) name: String,
    /// Above the title, small.
    pub(crate) kicker: String,
    pub(crate) title: String,
    pub(crate) lead: String,
    pub(crate) sections: Vec<Section>,
    /// Whether the tables stand beside the page.
    pub(crate) beside_tables: bool,
}

impl Page {
    pub(crate) fn html(&self) -> Result<String, ReportError> {
        Ok(self.render()?)
    }

    pub(crate) fn figures(&self) -> impl Iterator<Item = &Figure> {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        blocks.filter_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        })
    }

    /// Each colour of the drawings on paper, and what stands for it in the dark.
    fn palette() -> Vec<[String; 2]> {
        PALETTE.iter().map(crate::chart::Tone::hex).collect()
    }
}

/// A part of the page with its title.
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

impl Section {
    pub(crate) fn new(id: &'static str, title: impl Into<String>) -> Self {
        Self { id, title: title.into(), blocks: Vec::new() }
    }

    pub(crate) fn add(&mut self, block: Block) -> &mut Self {
        self.blocks.push(block);
        self
    }

    pub(crate) fn text(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Text(text.into()))
    }

    pub(crate) fn heading(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Heading(text.into()))
    }

    pub(crate) fn warning(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Warning(text.into()))
    }

    pub(crate) fn figure(&mut self, figure: Figure) -> &mut Self {
        self.add(Block::Figure(figure))
    }

    pub(crate) fn table(&mut self, table: Table) -> &mut Self {
        self.add(Block::Table(table))
    }
}

/// What a section is made of.
pub(crate) enum Block {
    Text(String),
    /// A heading within the section.
    Heading(String),
    /// What a reader must not miss.
    Warning(String),
    List(Vec<String>),
    /// A few large numbers, each with what it is.
    Numbers(Vec<(String, String)>),
    /// Terms, and what each is; in the type of code if so marked.
    Facts(Vec<(String, String)>),
    Command(String),
    Figure(Figure),
    Table(Table),
    Sentences(Vec<Sentence>),
    Lookup(Lookup),
}

/// A table that a reader can sort.
pub(crate) struct Table {
    pub(crate) id: &'static str,
    pub(crate) caption: String,
    /// The names of the columns, and whether they hold numbers.
    pub(crate) columns: Vec<(String, bool)>,
    pub(crate) rows: Vec<Vec<Cell>>,
    pub(crate) sources: &'static [&'static str],
}

impl Table {
    /// A column's name starts with `#` where it holds numbers.
    pub(crate) fn new(id: &'static str, caption: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|name| match name.strip_prefix('#') {
            Some(name) => (name.to_owned(), true),
            None => ((*name).to_owned(), false),
        });
        Self {
            id,
            caption: caption.into(),
            columns: columns.collect(),
            rows: Vec::new(),
            sources: &[],
        }
    }

    pub(crate) fn from(mut self, sources: &'static [&'static str]) -> Self {
        self.sources = sources;
        self
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    /// Whether it is long enough to be folded away at first.
    fn is_long(&self) -> bool {
        self.rows.len() > 40
    }
}

/// A cell of a table: what is shown, and what it is sorted by, which for a number is all of it.
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) value: Option<String>,
    /// A name for the style sheet.
    pub(crate) class: &'static str,
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), value: None, class: "" }
    }

    pub(crate) fn count(number: usize) -> Self {
        Self { text: count(number), value: Some(number.to_string()), class: "" }
    }

    pub(crate) fn number(value: f64, digits: usize) -> Self {
        Self { text: fixed(value, digits), value: Some(value.to_string()), class: "" }
    }

    pub(crate) fn maybe(value: Option<f64>, digits: usize) -> Self {
        value.map_or_else(Self::none, |value| Self::number(value, digits))
    }

    pub(crate) fn p(p: Option<f64>) -> Self {
        p.map_or_else(Self::none, |p| Self { value: Some(p.to_string()), ..Self::text(p_value(p)) })
    }

    /// Both ends of an interval, sorted by the lower one.
    pub(crate) fn interval(ends: Option<(f64, f64)>) -> Self {
        ends.map_or_else(Self::none, |ends| Self {
            value: Some(ends.0.to_string()),
            ..Self::text(between(ends))
        })
    }

    pub(crate) fn none() -> Self {
        Self { value: Some("NaN".to_owned()), ..Self::text(NONE) }
    }

    pub(crate) fn class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }
}

/// A masked prompt with its candidates.
pub(crate) struct Sentence {
    /// What stands before the mask, and after it.
    pub(crate) before: String,
    pub(crate) after: String,
    /// The right word.
    pub(crate) target: String,
    /// Its name in the tables, and what was lesioned.
    pub(crate) what: String,
    pub(crate) candidates: Vec<Candidate>,
}

/// A candidate at a mask.
pub(crate) struct Candidate {
    pub(crate) word: String,
    pub(crate) right: bool,
    /// Its probability in the plain pass.
    pub(crate) clean: f64,
    /// Its probability in the lesioned pass and its logit drop, where there was a lesion.
    pub(crate) lesioned: Option<(f64, f64)>,
}

impl Candidate {
    /// Probabilities in percent, as wide as their bars.
    fn bars(&self) -> Vec<String> {
        let all = [Some(self.clean), self.lesioned.map(|of| of.0)];
        all.into_iter().flatten().map(|prob| format!("{:.2}", 100.0 * prob)).collect()
    }

    fn cells(&self) -> [Cell; 3] {
        let share = |prob: f64| {
            let text =
                if prob >= 1e-4 { format!("{:.2} %", 100.0 * prob) } else { "< 0.01 %".to_owned() };
            Cell { value: Some(prob.to_string()), ..Cell::text(text) }
        };
        let (lesioned, drop) = self.lesioned.unzip();
        [share(self.clean), lesioned.map_or_else(Cell::none, share), Cell::maybe(drop, 3)]
    }
}

/// Every neuron, for the look-up.
pub(crate) struct Lookup {
    pub(crate) layers: usize,
    pub(crate) neurons: usize,
    /// JSON without `<`, so that it cannot end its element.
    pub(crate) json: String,
}
