//! The document of a sweep, for page and screen.

use askama::Template as _;

use super::{
    effects_section::effects_section, settings_section::settings_section,
    swept_studies::SweptStudies,
};
use crate::{
    document::{number_text::plural, section::Section},
    error::ReportError,
    page_template::Page,
};

/// The page of a sweep.
#[derive(Debug)]
pub struct SweepReport {
    /// One self-contained HTML file.
    pub html: String,
    /// Its sections, which a screen may show too.
    pub sections: Vec<Section>,
}

/// Renders the page of a sweep. Its links lead to the pages of the tasks, in folders beside it.
///
/// # Errors
/// If a figure cannot be drawn.
pub fn sweep_report(sweep: &SweptStudies) -> Result<SweepReport, ReportError> {
    let page = Page {
        name: "A sweep of lesion studies".to_owned(),
        title: format!("What do lesions do in {}?", plural(sweep.studies.len(), "setting")),
        lead: "Each panel and each row is a study of its own. What they show is judged over everything \
               that was looked at."
            .to_owned(),
        sections: vec![effects_section(sweep)?, settings_section(sweep)],
        beside_tables: true,
    };
    Ok(SweepReport { html: page.render()?, sections: page.sections })
}
