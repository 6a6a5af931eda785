//! Double dissociation: whether neurons matter for their own prompts, and less for the others.

use plotters::{
    element::Rectangle,
    prelude::{Color, RGBColor},
    style::text_anchor::{HPos, VPos},
};
use study_record::{
    FEWEST_TEMPLATES, Manifest, Part, SetChoice, Verdict,
    tables::{DissociationRow, Row as _, VerdictRow},
};

use super::{
    absent_part::absence,
    study_verdicts::{StudyVerdicts, p_cell},
};
use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{fixed, list, plural},
        report_table::Table,
        section::Section,
    },
    drawing::{
        canvas::{Area, Fault, WIDTH, draw, grid, points, text},
        palette::{INK, SOFT},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) const DISSOCIATION: FigureFile = FigureFile {
    name: "dissociation",
    shows: "margin drops of each label's neurons in each label's prompts",
    tables: &[DissociationRow::TABLE.file],
};

/// Adds the double dissociation to the section of the controls.
pub(crate) fn add_dissociation(
    section: &mut Section,
    study: &FinishedStudy<'_>,
    verdicts: &StudyVerdicts,
) -> Result<(), ReportError> {
    section.heading("Double dissociation");
    let Some(mut rows) = study.rows_if_written::<DissociationRow>()? else {
        section.text(absence(study, Part::Controls, DissociationRow::TABLE));
        return Ok(());
    };
    rows.retain(|row| row.sets == SetChoice::Lesioned);
    if rows.is_empty() {
        section.text("Not computed: needs prompts with both labels, and neurons in some layer.");
        return Ok(());
    }
    let pairs = layer_pairs(study.manifest(), &rows);
    section.explanation(
        "The same neurons are lesioned in the prompts of their own label and in those of the \
         other. A set that only makes one word more likely in every prompt lowers the margin of its \
         own prompts and raises that of the others by as much. So a dissociation needs both: the \
         difference of the two drops and their sum must be larger than those of random sets. It is \
         double if it is shown for the neurons of either label.",
    );
    section.figure(dissociation_figure(study.manifest(), &rows, &pairs, verdicts)?);
    section.table(dissociation_table(study.manifest(), &rows, verdicts).on_screen());
    if rows.iter().all(|row| row.interval().is_none()) {
        section.warning(format!(
            "No intervals: at least {FEWEST_TEMPLATES} templates per label are needed."
        ));
    }
    section.finding(dissociation_finding(&rows, &pairs, verdicts));
    Ok(())
}

/// The rows of both labels in each layer that has both.
fn layer_pairs<'a>(
    manifest: &Manifest,
    rows: &'a [DissociationRow],
) -> Vec<[&'a DissociationRow; 2]> {
    let [a, b] = manifest.labels();
    let layers = rows.chunk_by(|one, other| one.layer == other.layer);
    let pairs = layers.filter_map(|layer| {
        let find = |label| layer.iter().find(|row| row.neuron_set == label);
        Some([find(a)?, find(b)?])
    });
    pairs.collect()
}

fn dissociation_finding(
    rows: &[DissociationRow],
    pairs: &[[&DissociationRow; 2]],
    verdicts: &StudyVerdicts,
) -> String {
    let shown = |row: &&DissociationRow| {
        verdicts.dissociation(row).is_some_and(|claim| claim.verdict == Verdict::Larger)
    };
    let single: Vec<String> = rows
        .iter()
        .filter(shown)
        .map(|row| format!("{} ({})", row.layer, row.neuron_set))
        .collect();
    let double = pairs.iter().filter(|pair| verdicts.is_double(*pair));
    let double: Vec<String> = double.map(|[a, _]| a.layer.to_string()).collect();
    let all = plural(rows.len(), "case");
    if single.is_empty() {
        return format!("A dissociation is shown in none of {all}, and so no double one.");
    }
    let double = match &double[..] {
        [] => "A double dissociation is shown in no layer.".to_owned(),
        [layer] => format!("A double dissociation is shown in layer {layer}."),
        layers => format!("A double dissociation is shown in layers {}.", list(layers)),
    };
    format!("A dissociation is shown in {} of {all}: {}. {double}", single.len(), list(&single))
}

fn dissociation_table(
    manifest: &Manifest,
    rows: &[DissociationRow],
    verdicts: &StudyVerdicts,
) -> Table {
    let columns = [
        "layer",
        "set",
        "own",
        "other",
        "difference",
        "95 % interval",
        "95 % of random",
        "sum",
        "95 % of random sums",
        "p corrected",
        "verdict",
    ];
    let caption = format!(
        "Mean margin drops in {} in the prompts of the label and of the other one, their difference and their \
         sum. Intervals are over templates, conditional on these neurons.",
        manifest.study.score.unit()
    );
    let mut table = Table::new("dissociation", DISSOCIATION.tables, caption, columns);
    for row in rows {
        let claim = verdicts.dissociation(row);
        table.row([
            Cell::count(row.layer),
            Cell::text(&row.neuron_set),
            Cell::number(row.own_margin_drop, 3),
            Cell::number(row.other_margin_drop, 3),
            Cell::number(row.difference, 3),
            Cell::interval(row.interval()),
            Cell::interval(row.random_low.zip(row.random_high)),
            Cell::number(row.both, 3),
            Cell::interval(row.random_both_low.zip(row.random_both_high)),
            p_cell(claim),
            dissociation_cell(claim),
        ]);
    }
    table
}

pub(crate) fn dissociation_cell(claim: Option<&VerdictRow>) -> Cell {
    match claim.map(|claim| claim.verdict) {
        Some(Verdict::Larger) => Cell::text("shown").class("beyond"),
        Some(Verdict::Smaller) => Cell::text("reversed").class("beyond"),
        _ => Cell::text("not shown").class("open"),
    }
}

/// The same neurons in both labels' prompts, a panel per layer.
fn dissociation_figure(
    manifest: &Manifest,
    rows: &[DissociationRow],
    pairs: &[[&DissociationRow; 2]],
    verdicts: &StudyVerdicts,
) -> Result<Figure, ReportError> {
    let drops = rows.iter().flat_map(|row| [row.own_margin_drop, row.other_margin_drop]);
    let most = drops.map(f64::abs).fold(f64::MIN_POSITIVE, f64::max);
    let (lines, columns) = grid(pairs.len(), 3);
    let svg = draw((WIDTH, points(lines * 172 + 20)), |root| {
        for (area, pair) in root.split_evenly((lines, columns)).iter().zip(pairs) {
            draw_dissociation(area, manifest.labels(), *pair, verdicts.is_double(pair), most)?;
        }
        Ok(())
    })?;
    let caption = format!(
        "Mean margin drops in {}: blue harms, orange helps. A label\u{2019}s neurons matter for its own \
         prompts where the diagonal is darker than the rest of its row.",
        manifest.study.score.unit()
    );
    Ok(Figure { file: DISSOCIATION, caption, svg })
}

fn draw_dissociation(
    area: &Area<'_>,
    labels: [&str; 2],
    [a, b]: [&DissociationRow; 2],
    is_double: bool,
    most: f64,
) -> Result<(), Fault> {
    let left = (HPos::Left, VPos::Center);
    let centre = (HPos::Center, VPos::Center);
    let title = format!("Layer {}{}", a.layer, if is_double { ": double" } else { "" });
    area.draw_text(&title, &text(13.0, INK, true, left), (20, 30))?;
    for (label, x) in labels.iter().zip([205, 355]) {
        let style = text(11.0, SOFT, false, centre);
        area.draw_text(&format!("{label} prompts"), &style, (x, 78))?;
    }
    let cells =
        [[a.own_margin_drop, a.other_margin_drop], [b.other_margin_drop, b.own_margin_drop]];
    for (line, (label, y)) in labels.iter().zip([104, 204]).enumerate() {
        let style = text(11.0, SOFT, false, left);
        area.draw_text(label, &style, (20, y + 32))?;
        area.draw_text("neurons", &style, (20, y + 62))?;
        for (column, (drop, x)) in cells[line].into_iter().zip([132, 282]).enumerate() {
            let colour = shade(drop / most);
            area.draw(&Rectangle::new([(x, y), (x + 144, y + 94)], colour.filled()))?;
            // It stays dark on a dark page, as the colours below it stay light.
            let ink = RGBColor(0x11, 0x11, 0x11);
            let style = text(13.0, ink, line == column, centre);
            area.draw_text(&fixed(drop, 3), &style, (x + 72, y + 47))?;
        }
    }
    Ok(())
}

/// Blue if the lesion harms, orange if it helps, nearly white at 0.
fn shade(share: f64) -> RGBColor {
    /// The brightness of each part of the colour at 0.
    const PALE: f64 = 250.0;
    let RGBColor(red, green, blue) =
        if share > 0.0 { RGBColor(0x56, 0xB4, 0xE9) } else { RGBColor(0xF0, 0xA0, 0x50) };
    let [red, green, blue] = [red, green, blue].map(|part| {
        let mixed = PALE - (PALE - f64::from(part)) * share.abs().min(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // from 0 to 250
        let mixed = mixed.round() as u8;
        mixed
    });
    RGBColor(red, green, blue)
}
