//! Text with citations, which a paper has as plain text or in LaTeX.

use std::fmt::Write as _;

use super::{bibliography::Reference, latex_text::escape};

/// Characters of a code after which LaTeX may break a line.
const BREAKS: usize = 8;

/// A paragraph that cites works.
#[derive(Debug, Default)]
pub(crate) struct CitedText {
    pieces: Vec<Piece>,
}

/// A piece of a paragraph.
#[derive(Debug)]
enum Piece {
    Text(String),
    /// A hash or a command, letter by letter.
    Code(String),
    /// Works that the text before is from.
    Citation(Vec<&'static Reference>),
}

impl CitedText {
    /// Appends text.
    pub(crate) fn write(&mut self, text: impl Into<String>) {
        self.pieces.push(Piece::Text(text.into()));
    }

    /// Appends a hash or a command.
    pub(crate) fn code(&mut self, code: impl Into<String>) {
        self.pieces.push(Piece::Code(code.into()));
    }

    /// Cites works for the text before.
    pub(crate) fn cite(&mut self, references: &[&'static Reference]) {
        if !references.is_empty() {
            self.pieces.push(Piece::Citation(references.to_vec()));
        }
    }

    /// The paragraph as text, with authors and years.
    pub(crate) fn plain(&self) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(words) | Piece::Code(words) => text += words,
                Piece::Citation(references) => {
                    let names: Vec<&str> =
                        references.iter().map(|reference| reference.in_text).collect();
                    let _ = write!(text, " ({})", names.join("; "));
                }
            }
        }
        text
    }

    /// The paragraph in LaTeX, with the keys of the bibliography.
    pub(crate) fn latex(&self) -> String {
        let mut latex = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(words) => latex += &escape(words),
                Piece::Code(code) => latex += &typewriter(code),
                Piece::Citation(references) => {
                    let keys: Vec<&str> =
                        references.iter().map(|reference| reference.key).collect();
                    let _ = write!(latex, "~\\cite{{{}}}", keys.join(","));
                }
            }
        }
        latex
    }

    /// The works that it cites.
    pub(crate) fn cited(&self) -> impl Iterator<Item = &'static Reference> {
        let citations = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Citation(references) => Some(references),
            Piece::Text(_) | Piece::Code(_) => None,
        });
        citations.flatten().copied()
    }
}

/// A code in the letters of a typewriter, with places where a line may break.
fn typewriter(code: &str) -> String {
    let characters: Vec<char> = code.chars().collect();
    let runs = characters.chunks(BREAKS).map(|run| escape(&String::from_iter(run)));
    format!("\\texttt{{{}}}", runs.collect::<Vec<String>>().join("\\allowbreak{}"))
}
