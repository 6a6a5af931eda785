//! The page of one study.

use askama::Template as _;

use crate::{
    document::{
        number_text::{count, percent, quoted},
        section::Section,
    },
    error::ReportError,
    finished_study::FinishedStudy,
    page_template::Page,
    sections::{control_verdicts::ControlVerdicts, sections, selection_counts::SelectionCounts},
};

/// The page of a study and its figures.
#[derive(Debug)]
pub struct Report {
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
    Ok(Report { html: page.render()?, figures, sections: page.sections })
}

/// The result in two sentences.
fn lead(study: &FinishedStudy<'_>) -> Result<String, ReportError> {
    let manifest = study.manifest();
    let labelled = SelectionCounts::read(study)?.labelled(manifest.layer, manifest);
    Ok(format!(
        "In layer {}, {} of {} neurons ({}) tell the two apart. {}",
        manifest.layer,
        count(labelled),
        count(manifest.model_neurons),
        percent(labelled as f64 / manifest.model_neurons.max(1) as f64),
        ControlVerdicts::read(study)?.summary()
    ))
}
