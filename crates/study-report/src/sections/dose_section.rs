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

use super::{
    absent_part::absence,
    looked_at::{count_looked_at, describe_choice, describe_drop},
};
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
    let layers: Vec<&[DoseRow]> = rows.chunk_by(|a, b| a.layer == b.layer).collect();
    let Some(shown) = find_strongest_layer(manifest, &layers) else {
        section.text("Not computed: no neuron of the layer carries a label, or no prompt does.");
        return Ok(section);
    };
    let looked_at = manifest.dose_layers();
    section.figure(dose_figure(manifest, shown)?);
    if looked_at > 1 {
        section.table(layers_table(manifest, &layers));
        section.table(dose_table(manifest, shown));
        for label in manifest.labels() {
            let doses = layers.iter().filter_map(|rows| largest_dose(rows, label));
            if let Some(dose) =
                doses.max_by(|a, b| a.margin_drop.abs().total_cmp(&b.margin_drop.abs()))
            {
                section.finding(describe_largest(dose, looked_at));
            }
        }
        return Ok(section);
    }
    section.table(dose_table(manifest, shown).on_screen());
    let largest = manifest.labels().map(|label| {
        let (neurons, drops) = doses(shown, label, SetKind::Matched).pop()?;
        let drop = fixed(mean(drops), 3);
        Some(format!("{drop} with {}", labelled_neurons(neurons, label)))
    });
    let largest: Vec<String> = largest.into_iter().flatten().collect();
    if !largest.is_empty() {
        section.finding(format!(
            "The largest lesions of layer {} have these mean margin drops: {}.",
            shown[0].layer,
            list(&largest)
        ));
    }
    Ok(section)
}

/// The layer whose largest dose of a label has the largest effect.
fn find_strongest_layer<'a>(
    manifest: &Manifest,
    layers: &[&'a [DoseRow]],
) -> Option<&'a [DoseRow]> {
    let effect = |rows: &[DoseRow]| {
        let doses = manifest.labels().map(|label| largest_dose(rows, label));
        let drops = doses.into_iter().flatten().map(|dose| dose.margin_drop.abs());
        drops.fold(0.0, f64::max)
    };
    // Of equal ones, the lowest.
    layers.iter().rev().copied().max_by(|a, b| effect(a).total_cmp(&effect(b)))
}

/// The row of the largest matched set of a label.
fn largest_dose<'a>(rows: &'a [DoseRow], label: &str) -> Option<&'a DoseRow> {
    let rows = rows.iter().filter(|row| row.neuron_set == label && row.kind == SetKind::Matched);
    rows.max_by_key(|row| row.neurons)
}

/// The largest of the effects in several layers.
fn describe_largest(dose: &DoseRow, layers: usize) -> String {
    format!(
        "Of the {}, layer {} has the largest effect: {} have {}.{}",
        count_looked_at(layers, "layer"),
        dose.layer,
        labelled_neurons(dose.neurons, &dose.neuron_set),
        describe_drop(dose.margin_drop, dose.interval(), layers),
        describe_choice(dose.interval())
    )
}

/// The largest dose of each layer and label.
fn layers_table(manifest: &Manifest, layers: &[&[DoseRow]]) -> Table {
    let caption = format!(
        "The largest dose in each layer: mean margin drops in {}. The intervals of a label hold together with \
         95 %.",
        manifest.study.score.unit()
    );
    let columns = ["layer", "set", "neurons", "matched", "interval", "swapped", "random"];
    let mut table = Table::new("dose-layers", DOSE.tables, caption, columns).on_screen();
    for rows in layers {
        for label in manifest.labels() {
            let Some(dose) = largest_dose(rows, label) else { continue };
            let others = |kind| mean_drop(rows, label, dose.neurons, kind);
            table.row([
                Cell::count(dose.layer),
                Cell::text(label),
                Cell::count(dose.neurons),
                Cell::number(dose.margin_drop, 3),
                Cell::interval(dose.interval()),
                Cell::number(others(SetKind::Swapped), 3),
                Cell::number(others(SetKind::Random), 3),
            ]);
        }
    }
    table
}

/// The mean margin drop of a label's sets of one size and kind; NaN if there is none.
fn mean_drop(rows: &[DoseRow], label: &str, neurons: usize, kind: SetKind) -> f64 {
    let rows = rows.iter().filter(|row| row.neuron_set == label && row.neurons == neurons);
    mean(rows.filter(|row| row.kind == kind).map(|row| row.margin_drop))
}

/// The numbers of neurons, ascending, with the margin drops of the sets of that size.
fn doses(rows: &[DoseRow], label: &str, kind: SetKind) -> Vec<(usize, Vec<f64>)> {
    let rows = rows.iter().filter(|row| row.neuron_set == label && row.kind == kind);
    let rows: Vec<&DoseRow> = rows.collect();
    let sizes = rows.chunk_by(|a, b| a.neurons == b.neurons);
    sizes.map(|sets| (sets[0].neurons, sets.iter().map(|row| row.margin_drop).collect())).collect()
}

fn dose_table(manifest: &Manifest, rows: &[DoseRow]) -> Table {
    let caption = format!(
        "More and more neurons of layer {}, the strongest first: mean margin drops in {}. There \
         is no random set if the set is the whole layer.",
        rows[0].layer,
        manifest.study.score.unit()
    );
    let columns = ["neurons", "set", "matched", "swapped", "random"];
    let mut table = Table::new("dose", DOSE.tables, caption, columns);
    let sizes = rows.chunk_by(|a, b| (&a.neuron_set, a.neurons) == (&b.neuron_set, b.neurons));
    for sets in sizes {
        let (label, neurons) = (&sets[0].neuron_set, sets[0].neurons);
        let drop = |kind| Cell::number(mean_drop(sets, label, neurons, kind), 3);
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
                y: &format!("mean margin drop ({})", manifest.study.score.unit()),
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
    let caption = format!(
        "Mean margin drops of matched sets of each size in layer {}, over the range of random sets of \
         that size.",
        rows.first().map_or(0, |row| row.layer)
    );
    Ok(Figure { file: DOSE, caption, svg })
}
