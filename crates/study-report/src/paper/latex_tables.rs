//! The main tables of a study in LaTeX, with `booktabs`.

use study_record::{
    Manifest, Part, Question, SetChoice,
    tables::{Row as _, VerdictRow},
};

use super::latex_text::escape;
use crate::{
    document::{
        cell::Cell,
        report_table::Table,
        section::{Block, Section},
    },
    error::ReportError,
    finished_study::FinishedStudy,
    sections::{
        dissociation_section::dissociation_cell,
        part_section,
        selection_section::selection_section,
        study_verdicts::{StudyVerdicts, p_cell, verdict_cell},
    },
};

/// The name of the table of all claims.
const VERDICTS: &str = "verdicts";

/// The tables that a paper may have, by their names on the page, and that of all claims.
pub(crate) const TABLES: [&str; 9] = [
    "layers",
    "strongest",
    "held-out",
    "profile",
    "dissociation",
    "joint",
    "stability",
    "selectors",
    VERDICTS,
];

/// A table of a study in LaTeX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatexTable {
    /// Its name: its label is `tab:NAME`.
    pub name: &'static str,
    /// A `table`, for a document with `\usepackage{booktabs,graphicx}`.
    pub latex: String,
}

/// The tables of a study that a paper may have, as far as their parts ran.
pub(crate) fn main_tables(study: &FinishedStudy<'_>) -> Result<Vec<LatexTable>, ReportError> {
    let mut sections = vec![selection_section(study)?];
    for &part in Part::ALL {
        sections.push(part_section(part, study)?);
    }
    let mut tables: Vec<LatexTable> = sections.iter().flat_map(tables_of).collect();
    let verdicts = StudyVerdicts::read(study)?;
    if !verdicts.rows.is_empty() {
        tables.push(latex_table(&verdicts_table(study.manifest(), &verdicts)));
    }
    Ok(tables)
}

/// The tables of a section that a paper may have.
fn tables_of(section: &Section) -> Vec<LatexTable> {
    let mut tables = Vec::new();
    for block in &section.blocks {
        if let Block::Table(table) = block
            && TABLES.contains(&table.id)
            && !table.rows.is_empty()
        {
            tables.push(latex_table(table));
        }
    }
    tables
}

/// Every claim with its value and verdict.
fn verdicts_table(manifest: &Manifest, verdicts: &StudyVerdicts) -> Table {
    let caption = format!(
        "Every claim of the study: its value in {}, the range that holds 95 % of random sets, p corrected by \
         Holm over all claims, and the verdict.",
        manifest.study.score.unit()
    );
    let columns = [
        "claim",
        "layers",
        "set",
        "value",
        "95 % interval",
        "95 % of random",
        "p",
        "p corrected",
        "verdict",
    ];
    let mut table = Table::new(VERDICTS, &[VerdictRow::TABLE.file], caption, columns);
    for row in &verdicts.rows {
        let set = match row.sets {
            SetChoice::Lesioned => row.neuron_set.clone(),
            SetChoice::Labelled => format!("all {}", row.neuron_set),
        };
        let verdict = match row.question {
            Question::Effect => verdict_cell(Some(row)),
            Question::Dissociation => dissociation_cell(Some(row)),
            Question::Synergy => Cell::text(row.verdict.title()),
        };
        table.row([
            Cell::text(row.question.name()),
            Cell::text(row.layers.clone()),
            Cell::text(set),
            Cell::number(row.value, 3),
            Cell::interval(row.interval()),
            Cell::interval(row.random()),
            Cell::p(row.p),
            p_cell(Some(row)),
            verdict,
        ]);
    }
    table
}

/// A table in LaTeX. Numbers are to the right, as on the page.
fn latex_table(table: &Table) -> LatexTable {
    let heads: Vec<(&str, bool)> = table.heads().collect();
    let columns: String =
        heads.iter().map(|(_, is_number)| if *is_number { 'r' } else { 'l' }).collect();
    let names: Vec<String> = heads.iter().map(|(name, _)| escape(name)).collect();
    let mut lines = vec![
        "% Needs \\usepackage{booktabs,graphicx}.".to_owned(),
        "\\begin{table}".to_owned(),
        "  \\centering\\footnotesize".to_owned(),
        format!("  \\caption{{{}}}", escape(&table.caption)),
        format!("  \\label{{tab:{}}}", table.id),
        // Narrowed if it is wider than the text.
        "  \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%".to_owned(),
        format!("  \\begin{{tabular}}{{{columns}}}"),
        "    \\toprule".to_owned(),
        format!("    {} \\\\", names.join(" & ")),
        "    \\midrule".to_owned(),
    ];
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| escape(&cell.text)).collect();
        lines.push(format!("    {} \\\\", cells.join(" & ")));
    }
    for line in ["    \\bottomrule", "  \\end{tabular}}", "\\end{table}", ""] {
        lines.push(line.to_owned());
    }
    LatexTable { name: table.id, latex: lines.join("\n") }
}
