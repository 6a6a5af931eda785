//! The effects of all tasks of a sweep, beside one another.

use study_record::{
    Question,
    tables::{ProfileRow, VerdictRow},
};

use super::{
    small_multiples::small_multiples,
    swept_studies::{SweptStudies, SweptStudy},
};
use crate::{
    document::{
        cell::Cell,
        number_text::{count, fixed, interval, p_value, plural},
        report_table::Table,
        section::Section,
    },
    error::ReportError,
    sections::study_verdicts::{is_lowest_p, p_cell, subject, verdict_cell},
};

/// The file that the tables of the page come from.
const SOURCES: &[&str] = &["sweep.csv"];
/// Tasks in a table of the page; `sweep.csv` has all.
const MOST_TASKS: usize = 500;
/// Claims that are listed.
const MOST_CLAIMS: usize = 12;

pub(super) fn effects_section(sweep: &SweptStudies) -> Result<Section, ReportError> {
    let mut section = Section::new("effects", "Every setting beside the others");
    section.finding(sweep.summary());
    let shown = sweep.shown();
    let mut sentences = Vec::new();
    for (study, claim) in shown.iter().take(MOST_CLAIMS) {
        sentences.push(describe(sweep, study, claim));
    }
    if shown.len() > MOST_CLAIMS {
        sentences.push(format!("And {} more.", count(shown.len() - MOST_CLAIMS)));
    }
    if !sentences.is_empty() {
        section.list(sentences);
    }
    if sweep.studies.iter().all(|study| study.lesioned().next().is_none()) {
        section.text("The controls ran in no setting, so there is no profile to show.");
        return Ok(section);
    }
    section.explanation(
        "Mean margin drops of each layer\u{2019}s matched lesion, and the range of 95 % of the random sets \
         in the same setting. All panels have the same vertical axis. Settings are compared with random \
         sets, not with one another.",
    );
    section.figure(small_multiples(sweep)?);
    section.table(strongest_table(sweep));
    Ok(section)
}

/// A sentence on a claim: size and interval first.
fn describe(sweep: &SweptStudies, study: &SweptStudy, claim: &VerdictRow) -> String {
    let what = match claim.question {
        Question::Effect => "a mean margin drop",
        Question::Dissociation => "a difference between the drops in both labels\u{2019} prompts",
        Question::Synergy => "a synergy",
    };
    let ends = match claim.interval() {
        Some(ends) => format!(" (95 % interval {})", interval(ends)),
        None => " (no interval, too few templates)".to_owned(),
    };
    let random = claim.random().map_or(String::new(), |ends| {
        format!("; 95 % of random sets lie between {}", interval(ends).replace(" to ", " and "))
    });
    let p = claim.p_corrected.map_or(String::new(), p_value);
    let most = if is_lowest_p(claim) { "at most " } else { "" };
    format!(
        "{}, {}: {what} of {} {}{ends}{random}; p over the whole sweep {most}{p}.",
        study.name(&sweep.axes).replacen('t', "T", 1),
        subject(claim).replacen('L', "l", 1),
        fixed(claim.value, 3),
        study.score.unit()
    )
}

/// The strongest layer of each task and label.
fn strongest_table(sweep: &SweptStudies) -> Table {
    let count_all = sweep.studies.len();
    let mut some = String::new();
    if count_all > MOST_TASKS {
        some = format!(" The first {} of {}.", count(MOST_TASKS), plural(count_all, "setting"));
    }
    let caption = format!(
        "For each setting and label, the layer whose lesion differs most from random sets: mean margin \
         drops in {}. p is corrected over all claims of all settings.{some}",
        sweep.margin_unit()
    );
    let mut table = Table::new("strongest", SOURCES, caption, ["task"]).on_screen();
    table.columns.extend(sweep.axes.iter().cloned());
    let names = [
        "set",
        "layer",
        "neurons",
        "margin drop",
        "95 % interval",
        "95 % of random",
        "p, whole sweep",
        "verdict, whole sweep",
    ];
    table.columns.extend(names.map(str::to_owned));
    for study in sweep.studies.iter().take(MOST_TASKS) {
        for label in &study.labels {
            let Some(row) = study.strongest(label) else { continue };
            table.rows.push(strongest_cells(sweep, study, row));
        }
    }
    table
}

fn strongest_cells(sweep: &SweptStudies, study: &SweptStudy, row: &ProfileRow) -> Vec<Cell> {
    let claim = row.find_claim(&study.judged);
    let page = format!("{}/report.html", study.record.folder);
    let mut cells = vec![Cell::count(study.record.number).link(page)];
    cells.extend(study.values(&sweep.axes).map(Cell::text));
    cells.extend([
        Cell::text(row.neuron_set.clone()),
        Cell::count(row.layer),
        Cell::count(row.neurons),
        Cell::number(row.margin_drop, 3),
        Cell::interval(row.interval()),
        Cell::interval(row.random().margin),
        p_cell(claim),
        verdict_cell(claim),
    ]);
    cells
}
