//! Stability: whether other stimuli would select the same neurons.

use study_record::{
    Part,
    tables::{Row as _, StabilityRow},
};

use super::absent_part::absence;
use crate::{
    document::{
        cell::Cell,
        number_text::{fixed, interval, plural, quoted},
        report_table::Table,
        section::Section,
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) fn stability_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("stability", "Other stimuli");
    let Some(rows) = study.rows_if_written::<StabilityRow>()? else {
        section.text(absence(study, Part::Stability, StabilityRow::TABLE));
        return Ok(section);
    };
    let Some(strongest) =
        rows.iter().max_by(|a, b| a.margin_drop.abs().total_cmp(&b.margin_drop.abs()))
    else {
        section.text("Not computed: no neuron is lesioned, or no prompt has a label.");
        return Ok(section);
    };
    let counts = study.manifest().selected_on;
    let unit = if counts.are_grouped() { "groups" } else { counts.noun() };
    section.explanation(format!(
        "The other intervals hold for these neurons. Here the {unit} are resampled, the strongest \
         neurons selected again, and these lesioned: how far do the sets and their effect depend on \
         the stimuli? Cross-fitting selects on one half of the {unit} and measures on the other."
    ));
    section.table(stability_table(&rows));
    section.finding(finding(strongest, unit));
    Ok(section)
}

fn finding(row: &StabilityRow, unit: &str) -> String {
    let drops = row.drops().map_or(String::new(), interval);
    let joint = row.joint_interval().map_or(String::new(), |ends| {
        format!(
            " Over stimuli, templates and random sets together, its 95 % interval beyond random sets is \
             {}.",
            interval(ends)
        )
    });
    format!(
        "Layer {}, {}: sets selected on {} of the stimuli share {} of their neurons with the lesioned \
         set (Dice; {} by chance). Their mean margin drops lie between {} in 95 % of cases; that of the \
         lesioned set is {}.{joint} The mean effect size of the neurons is {} on the {unit} that \
         selected them and {} on others.",
        row.layer,
        quoted(&row.neuron_set),
        plural(row.resamples, "resample"),
        fixed(row.dice, 2),
        fixed(row.dice_chance, 2),
        drops.replace(" to ", " and "),
        fixed(row.margin_drop, 3),
        fixed(row.effect_selected, 2),
        fixed(row.effect_cross_fitted, 2)
    )
}

fn stability_table(rows: &[StabilityRow]) -> Table {
    let columns = [
        "layer",
        "set",
        "neurons",
        "Dice",
        "by chance",
        "margin drop",
        "95 % over stimuli",
        "beyond random, 95 % over all",
        "effect size",
        "cross-fitted",
    ];
    let caption = format!(
        "Sets selected on {} of the stimuli: their overlap with the lesioned set, and their mean margin \
         drops. The interval over all resamples stimuli, templates and random sets.",
        plural(rows.first().map_or(0, |row| row.resamples), "resample")
    );
    let tables = &[StabilityRow::TABLE.file];
    let mut table = Table::new("stability", tables, caption, columns).on_screen();
    for row in rows {
        table.row([
            Cell::count(row.layer),
            Cell::text(&row.neuron_set),
            Cell::count(row.neurons),
            Cell::number(row.dice, 2),
            Cell::number(row.dice_chance, 2),
            Cell::number(row.margin_drop, 3),
            Cell::interval(row.drops()),
            Cell::interval(row.joint_interval()),
            Cell::number(row.effect_selected, 2),
            Cell::number(row.effect_cross_fitted, 2),
        ]);
    }
    table
}
