//! The files for a paper about a study.

use super::{
    bibliography::{PROGRAM, Reference},
    cited_text::CitedText,
    latex_tables::{LatexTable, TABLES, main_tables},
    latex_text::escape,
    methods_text::methods_text,
    program_citation::program_bibtex,
    result_sentences::result_sentences,
};
use crate::{error::ReportError, finished_study::FinishedStudy};

/// The names of the files that every paper has, each with its content, except those of tables.
pub const PAPER_FILES: [(&str, &str); 5] = [
    (
        "methods.txt",
        "the methods, in two paragraphs: what was done, and what is needed to repeat it",
    ),
    ("methods.tex", "the same in LaTeX, with citations"),
    ("results.txt", "the results, one finding per paragraph"),
    ("results.tex", "the same in LaTeX"),
    ("references.bib", "the works that `methods.tex` cites, and the program"),
];

/// The names of all tables that a paper may have.
pub const PAPER_TABLES: [&str; TABLES.len()] = TABLES;

/// The methods of a study as text, in two paragraphs.
///
/// # Errors
/// If a table cannot be read.
pub fn methods(study: &FinishedStudy<'_>) -> Result<String, ReportError> {
    Ok(join_paragraphs(methods_text(study)?.iter().map(CitedText::plain)))
}

/// The results of a study, a sentence or a few per finding.
///
/// # Errors
/// If a table cannot be read, or a figure of its section cannot be drawn.
pub fn results(study: &FinishedStudy<'_>) -> Result<Vec<String>, ReportError> {
    result_sentences(study)
}

/// The main tables of a study in LaTeX.
///
/// # Errors
/// If a table cannot be read, or a figure of its section cannot be drawn.
pub fn latex_tables(study: &FinishedStudy<'_>) -> Result<Vec<LatexTable>, ReportError> {
    main_tables(study)
}

/// The works that the methods of a study cite, as `BibTeX`.
///
/// # Errors
/// If a table cannot be read.
pub fn bibtex(study: &FinishedStudy<'_>) -> Result<String, ReportError> {
    Ok(bibliography(study, &methods_text(study)?))
}

/// Every file for a paper about a study, by its name.
///
/// # Errors
/// If a table cannot be read, or a figure of its section cannot be drawn.
pub fn paper(study: &FinishedStudy<'_>) -> Result<Vec<(String, String)>, ReportError> {
    let texts = methods_text(study)?;
    let results = result_sentences(study)?;
    let contents = [
        join_paragraphs(texts.iter().map(CitedText::plain)),
        join_paragraphs(texts.iter().map(CitedText::latex)),
        join_paragraphs(results.iter().cloned()),
        join_paragraphs(results.iter().map(|sentence| escape(sentence))),
        bibliography(study, &texts),
    ];
    let mut files = Vec::new();
    for ((name, _), content) in PAPER_FILES.iter().zip(contents) {
        files.push(((*name).to_owned(), content));
    }
    for table in main_tables(study)? {
        files.push((paper_table_file(table.name), table.latex));
    }
    Ok(files)
}

/// The name of a table's file among those of a paper.
#[must_use]
pub fn paper_table_file(table: &str) -> String {
    format!("tables/{table}.tex")
}

/// Paragraphs with an empty line between them.
fn join_paragraphs(paragraphs: impl Iterator<Item = String>) -> String {
    paragraphs.collect::<Vec<String>>().join("\n\n") + "\n"
}

/// The entries of all works that texts cite, in the order of their first citation.
fn bibliography(study: &FinishedStudy<'_>, texts: &[CitedText]) -> String {
    let mut cited: Vec<&Reference> = Vec::new();
    for reference in texts.iter().flat_map(CitedText::cited) {
        if !cited.contains(&reference) {
            cited.push(reference);
        }
    }
    let mut entries = Vec::new();
    for reference in cited {
        entries.push(if reference == PROGRAM {
            program_bibtex(&study.manifest().lesion)
        } else {
            reference.bibtex(&[])
        });
    }
    entries.join("\n")
}
