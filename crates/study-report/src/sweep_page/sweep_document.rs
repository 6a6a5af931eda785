//! The document of a sweep, for page and screen.

use askama::Template as _;
use study_record::{LEVEL, sets_needed, smallest_p};

use super::{
    effects_section::effects_section, settings_section::settings_section,
    swept_studies::SweptStudies,
};
use crate::{
    document::{
        number_text::{count, plural},
        section::Section,
    },
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

/// The result of the sweep: how much was looked at, and how much of it is shown.
pub(super) fn summary(sweep: &SweptStudies) -> String {
    let looked_at = sweep.looked_at();
    let settings = plural(sweep.studies.len(), "setting");
    if looked_at == 0 {
        return format!(
            "In {settings}, no lesion has controls, so nothing can be said about other neurons."
        );
    }
    let claims = plural(looked_at, "claim");
    let sets = sweep.random_sets();
    if smallest_p(looked_at, sets) > LEVEL {
        return format!(
            "In {settings}, {claims} were looked at. With {} of each kind, none can be told from random \
             sets if p is corrected over all of them; --nulls {} would be enough.",
            plural(sets, "random set"),
            sets_needed(looked_at)
        );
    }
    let shown = sweep.shown().len();
    format!(
        "In {settings}, {claims} were looked at; {} of them {} from random sets if p is corrected over \
         all of them (Holm, level {LEVEL}).",
        count(shown),
        if shown == 1 { "differs" } else { "differ" }
    )
}
