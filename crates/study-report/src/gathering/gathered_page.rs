//! The page of many studies.

use askama::Template as _;

use super::{
    pooled_section::pooled_section, pooled_sentences::summary, studies_section::studies_section,
};
use crate::{
    comparison::pair_sections::pair_sections,
    document::{number_text::plural, section::Section},
    error::ReportError,
    finished_study::FinishedStudy,
    page_template::Page,
    pooling::{mismatch::Mismatch, pooled_studies::PooledStudies},
    report_page::Report,
};

/// Renders the page of studies that are pooled. Two of them also stand side by side.
///
/// # Errors
/// If a table cannot be read, or a figure cannot be drawn.
pub fn gathered_page(
    pooled: &PooledStudies,
    pair: Option<[(&str, &FinishedStudy<'_>); 2]>,
) -> Result<Report, ReportError> {
    let mut sections = vec![pooled_section(pooled)?, studies_section(pooled)];
    if let Some(pair) = pair {
        sections.extend(pair_sections(pair.map(|(_, study)| study))?);
    }
    let title = format!("{} of one question", plural(pooled.studies(), "model"));
    render(&title, summary(pooled), sections)
}

/// Renders the page of two studies that cannot be pooled, side by side.
///
/// # Errors
/// If a table cannot be read, or a figure cannot be drawn.
pub fn side_by_side(
    [a, b]: [(&str, &FinishedStudy<'_>); 2],
    mismatch: &Mismatch,
) -> Result<Report, ReportError> {
    let sections = pair_sections([a.1, b.1])?;
    let lead = format!(
        "A is {}, B is {}. First come the settings that differ, then the results. {}",
        a.0,
        b.0,
        unpooled_sentence(mismatch)
    );
    render("Two studies side by side", lead, sections)
}

/// A sentence on two studies that are not pooled.
#[must_use]
pub fn unpooled_sentence(mismatch: &Mismatch) -> String {
    format!("The effects are not pooled: {mismatch}.")
}

fn render(title: &str, lead: String, sections: Vec<Section>) -> Result<Report, ReportError> {
    let page = Page {
        name: title.to_owned(),
        title: title.to_owned(),
        lead,
        sections,
        beside_tables: false,
    };
    let figures = page.figures().map(|figure| (figure.file.name, figure.contents())).collect();
    let html = page.render()?;
    Ok(Report { lead: page.lead, html, figures, sections: page.sections })
}
