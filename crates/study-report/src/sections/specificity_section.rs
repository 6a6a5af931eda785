//! Specificity: how far lesions move whole distributions.

use std::fmt::Write as _;

use study_record::{
    Part, ReadAt,
    tables::{Row as _, SpecificityRow},
};

use super::absent_part::absence;
use crate::{
    document::{
        cell::Cell,
        number_text::{count, fixed, interval_with_digits, plural, quoted},
        report_table::Table,
        section::Section,
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

/// Decimals of a divergence, which is often small.
const DIGITS: usize = 5;

pub(crate) fn specificity_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("specificity", "What else changes");
    let Some(rows) = study.rows_if_written::<SpecificityRow>()? else {
        section.text(absence(study, Part::Specificity, SpecificityRow::TABLE));
        return Ok(section);
    };
    if rows.is_empty() {
        section.text("Not computed: no neuron is lesioned, or no prompt has a label.");
        return Ok(section);
    }
    section.explanation(
        "A lesion may change other words than the candidates. The divergence (Kullback and Leibler, \
         in nats) compares the whole distribution over the vocabulary with that of the plain pass. \
         Bystanders are prompts about other things: a specific lesion leaves them alone.",
    );
    section.table(specificity_table(&rows));
    if let Some(finding) = finding(&rows) {
        section.finding(finding);
    }
    if rows.iter().all(|row| row.read_at == ReadAt::Prompts) {
        section.text(
            "There are no bystander prompts, so nothing is known of other sentences; --bystanders \
             FILE adds them.",
        );
    }
    Ok(section)
}

fn specificity_table(rows: &[SpecificityRow]) -> Table {
    let columns = [
        "layer",
        "set",
        "read at",
        "prompts",
        "divergence",
        "95 % of random",
        "top changes",
        "of random",
    ];
    let caption = "Mean divergence of the lesioned distribution in nats, and the number of prompts in \
                   which another word is on top, for the matched and for random sets.";
    let tables = &[SpecificityRow::TABLE.file];
    let mut table = Table::new("specificity", tables, caption, columns).on_screen();
    for row in rows {
        table.row([
            Cell::count(row.layer),
            Cell::text(&row.neuron_set),
            Cell::text(row.read_at.name()),
            Cell::count(row.prompts),
            Cell::number(row.divergence, DIGITS),
            Cell::interval_with_digits(row.random(), DIGITS),
            Cell::count(row.top_changes),
            Cell::optional(row.random_top_changes, 1),
        ]);
    }
    table
}

/// The lesion with the largest divergence at its own prompts, and what it does to bystanders.
fn finding(rows: &[SpecificityRow]) -> Option<String> {
    let at_prompts = rows.iter().filter(|row| row.read_at == ReadAt::Prompts);
    let largest = at_prompts.max_by(|a, b| a.divergence.total_cmp(&b.divergence))?;
    let bystanders = rows.iter().find(|row| {
        row.read_at == ReadAt::Bystanders
            && row.layer == largest.layer
            && row.neuron_set == largest.neuron_set
    });
    let random = |row: &SpecificityRow| {
        row.random().map_or(String::new(), |ends| {
            format!(" (95 % of random sets: {})", interval_with_digits(ends, DIGITS))
        })
    };
    let mut text = format!(
        "The distribution moves most when the {} neurons of layer {} are lesioned: by {} nats{}; another \
         word is on top in {} of {}.",
        quoted(&largest.neuron_set),
        largest.layer,
        fixed(largest.divergence, DIGITS),
        random(largest),
        count(largest.top_changes),
        plural(largest.prompts, "prompt")
    );
    if let Some(row) = bystanders {
        let _ = write!(
            text,
            " In {} about other things it moves by {} nats{}, with another word on top in {}.",
            plural(row.prompts, "prompt"),
            fixed(row.divergence, DIGITS),
            random(row),
            count(row.top_changes)
        );
    }
    Some(text)
}
