//! Lesions of more and more neurons.

use plotters::{
    element::Polygon,
    prelude::{Color, IntoLogRange, LineSeries},
    series::DashedLineSeries,
};
use study_record::{
    Manifest, Part, SetKind,
    tables::{DoseRow, Row as _},
};

use super::absent_part::absence;
use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{fixed, labelled_neurons, list, mean},
        report_table::Table,
        section::Section,
    },
    drawing::{
        axis_text::plain,
        canvas::{WIDTH, draw},
        legend::{SHAPES, Shape, key, label_keys, legend, mark},
        palette::{BAND, LABELS, MUTED},
        panel::{Frame, around, draw_level, extremes, panel},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) const DOSE: FigureFile = FigureFile {
    name: "dose",
    shows: "margin drops against the number of neurons",
    tables: &[DoseRow::TABLE.file],
};

pub(crate) fn dose_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let manifest = study.manifest();
    let mut section = Section::new("dose", "More and more neurons");
    let Some(rows) = study.rows_if_written::<DoseRow>()? else {
        section.text(absence(study, Part::Dose, DoseRow::TABLE));
        return Ok(section);
    };
    let Some(first) = rows.first() else {
        section.text("Not computed: no neuron of the layer carries a label, or no prompt does.");
        return Ok(section);
    };
    section.figure(dose_figure(manifest, &rows)?);
    section.table(dose_table(first.layer, &rows));
    let largest = manifest.labels().map(|label| {
        let (neurons, drops) = doses(&rows, label, SetKind::Matched).pop()?;
        let drop = fixed(mean(drops), 3);
        Some(format!("{drop} with {}", labelled_neurons(neurons, label)))
    });
    let largest: Vec<String> = largest.into_iter().flatten().collect();
    if !largest.is_empty() {
        section.finding(format!(
            "The largest lesions of layer {} have these mean margin drops: {}.",
            first.layer,
            list(&largest)
        ));
    }
    Ok(section)
}

/// The numbers of neurons, ascending, with the margin drops of the sets of that size.
fn doses(rows: &[DoseRow], label: &str, kind: SetKind) -> Vec<(usize, Vec<f64>)> {
    let rows = rows.iter().filter(|row| row.neuron_set == label && row.kind == kind);
    let rows: Vec<&DoseRow> = rows.collect();
    let sizes = rows.chunk_by(|a, b| a.neurons == b.neurons);
    sizes.map(|sets| (sets[0].neurons, sets.iter().map(|row| row.margin_drop).collect())).collect()
}

fn dose_table(layer: usize, rows: &[DoseRow]) -> Table {
    let caption = format!(
        "More and more neurons of layer {layer}, the strongest first: mean margin drops in logits. \
         There is no random set if the set is the whole layer."
    );
    let columns = ["neurons", "set", "matched", "swapped", "random"];
    let mut table = Table::new("dose", DOSE.tables, caption, columns).on_screen();
    let sizes = rows.chunk_by(|a, b| (&a.neuron_set, a.neurons) == (&b.neuron_set, b.neurons));
    for sets in sizes {
        let drop = |kind| {
            let drops = sets.iter().filter(|row| row.kind == kind).map(|row| row.margin_drop);
            Cell::number(mean(drops), 3)
        };
        table.row([
            Cell::count(sets[0].neurons),
            Cell::text(&sets[0].neuron_set),
            drop(SetKind::Matched),
            drop(SetKind::Swapped),
            drop(SetKind::Random),
        ]);
    }
    table
}

fn dose_figure(manifest: &Manifest, rows: &[DoseRow]) -> Result<Figure, ReportError> {
    let labels = manifest.labels();
    let most = rows.iter().map(|row| row.neurons).max().unwrap_or(1).max(2) as f64;
    let y = around(rows.iter().map(|row| row.margin_drop));
    let svg = draw((WIDTH, 370), |root| {
        let mut keys = label_keys(labels.map(|label| format!("matched ({label})")));
        keys.push(key(Shape::Dashes, MUTED, "swapped"));
        keys.push(key(Shape::Block, BAND, "range of random sets"));
        let areas = legend(root, &keys)?.split_evenly((1, 2));
        for (place, (area, label)) in areas.iter().zip(labels).enumerate() {
            let frame = Frame {
                title: &format!("{label} prompts"),
                x: "neurons lesioned, strongest first (log)",
                y: "mean margin drop (logits)",
                x_format: &plain,
                ..Frame::default()
            };
            let x = 0.85..1.15 * most;
            let mut chart = panel(area, &frame, x.clone().log_scale(), y.clone())?;
            let mut above = Vec::new();
            let mut below = Vec::new();
            for (neurons, drops) in doses(rows, label, SetKind::Random) {
                let (low, high) = extremes(drops, (f64::INFINITY, f64::NEG_INFINITY));
                above.push((neurons as f64, high));
                below.push((neurons as f64, low));
            }
            above.extend(below.into_iter().rev());
            chart.draw_series([Polygon::new(above, BAND.filled())])?;
            draw_level(&mut chart, 0.0, x)?;
            let means = |kind| {
                let doses = doses(rows, label, kind).into_iter();
                doses.map(|(neurons, drops)| (neurons as f64, mean(drops)))
            };
            let swapped = means(SetKind::Swapped);
            chart.draw_series(DashedLineSeries::new(swapped, 10, 8, MUTED.stroke_width(4)))?;
            let matched = means(SetKind::Matched);
            chart.draw_series(LineSeries::new(matched.clone(), LABELS[place].stroke_width(4)))?;
            chart.draw_series(matched.map(|dose| mark(SHAPES[place], LABELS[place], 8, dose)))?;
        }
        Ok(())
    })?;
    let caption = "Mean margin drops of matched sets of each size, over the range of random sets \
                   of that size."
        .to_owned();
    Ok(Figure { file: DOSE, caption, svg })
}
