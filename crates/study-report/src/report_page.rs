//! The page of one study.

use askama::Template as _;

use crate::{
    document::{number_text::quoted, section::Section},
    error::ReportError,
    finished_study::FinishedStudy,
    page_template::Page,
    sections::{sections, study_verdicts::StudyVerdicts},
};

/// The page of a study and its figures.
#[derive(Debug)]
pub struct Report {
    /// The result in a few sentences.
    pub lead: String,
    /// One self-contained HTML file.
    pub html: String,
    /// The name of each figure, one of [`FIGURES`](crate::FIGURES), and its SVG.
    pub figures: Vec<(&'static str, String)>,
    /// The sections of the page, which a screen may show too.
    pub sections: Vec<Section>,
}

/// Renders the page of a study.
///
/// # Errors
/// If a table cannot be read, or a figure cannot be drawn.
pub fn report(study: &FinishedStudy<'_>) -> Result<Report, ReportError> {
    let [a, b] = study.manifest().labels();
    let page = Page {
        name: format!("{a} and {b}: a lesion study"),
        title: format!(
            "Which neurons tell {} from {}, and what happens without them?",
            quoted(a),
            quoted(b)
        ),
        lead: lead(study)?,
        sections: sections(study)?,
        beside_tables: true,
    };
    let figures = page.figures().map(|figure| (figure.file.name, figure.contents()));
    let figures = figures.collect();
    let html = page.render()?;
    Ok(Report { lead: page.lead, html, figures, sections: page.sections })
}

/// The result: the strongest controlled effect, with its interval and verdict.
fn lead(study: &FinishedStudy<'_>) -> Result<String, ReportError> {
    Ok(StudyVerdicts::read(study)?.summary())
}
