//! Other ways to choose neurons.

use plotters::{
    element::Polygon,
    prelude::{Color, IntoLogRange, LineSeries},
    series::DashedLineSeries,
};
use study_record::{
    Manifest, Part, Selector,
    tables::{Row as _, SelectorRow},
};

use super::absent_part::absence;
use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{fixed, interval, percent, plural, quoted},
        report_table::Table,
        section::Section,
    },
    drawing::{
        axis_text::plain,
        canvas::{WIDTH, draw},
        legend::{SHAPES, Shape, key, label_keys, legend, mark},
        palette::{BAND, GREEN, LABELS, MUTED},
        panel::{Frame, around, draw_level, panel},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) const SELECTORS: FigureFile = FigureFile {
    name: "selectors",
    shows: "margin drops of neurons that are chosen in different ways",
    tables: &[SelectorRow::TABLE.file],
};

pub(crate) fn selectors_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("selectors", "Other ways to choose neurons");
    let Some(rows) = study.rows_if_written::<SelectorRow>()? else {
        section.text(absence(study, Part::Selectors, SelectorRow::TABLE));
        return Ok(section);
    };
    if rows.is_empty() {
        section.text("Not computed: no neuron of the layer is lesioned, or no prompt has a label.");
        return Ok(section);
    }
    section.explanation(
        "A t-test finds neurons that respond to the word. Would another way of choosing find neurons \
         that matter more? Ways that look at the prompts choose on one half of the templates and are \
         judged on the other. The best of several ways looks a little better than it is.",
    );
    let manifest = study.manifest();
    section.figure(selectors_figure(manifest, &rows)?);
    section.table(selectors_table(&rows));
    for label in manifest.labels() {
        if let Some(finding) = finding(&largest_sets(&rows, label)) {
            section.finding(finding);
        }
    }
    Ok(section)
}

/// The rows of a label with the most neurons, in the order of the selectors.
fn largest_sets<'a>(rows: &'a [SelectorRow], label: &str) -> Vec<&'a SelectorRow> {
    let rows = rows.iter().filter(|row| row.neuron_set == label);
    let most = rows.clone().map(|row| row.neurons).max();
    rows.filter(|row| Some(row.neurons) == most).collect()
}

/// The row with the largest drop.
fn best<'a>(rows: &[&'a SelectorRow]) -> Option<&'a SelectorRow> {
    rows.iter().copied().max_by(|a, b| a.margin_drop.total_cmp(&b.margin_drop))
}

fn finding(rows: &[&SelectorRow]) -> Option<String> {
    let best = best(rows)?;
    let drop = |row: &SelectorRow| match row.interval() {
        Some(ends) => format!("{} ({})", fixed(row.margin_drop, 3), interval(ends)),
        None => fixed(row.margin_drop, 3),
    };
    let random = best.random().map_or(String::new(), |ends| {
        let sets = plural(best.random_sets, "random set");
        format!(" Of {sets} of this size, 95 % have drops of {}.", interval(ends))
    });
    let start = format!(
        "Of {} ways to choose {} of layer {} for {}, {} gives the largest mean margin drop, {}",
        rows.len(),
        plural(best.neurons, "neuron"),
        best.layer,
        quoted(&best.neuron_set),
        quoted(best.selector.name()),
        drop(best),
    );
    if best.selector == Selector::T {
        return Some(format!("{start}: the way of this study.{random}"));
    }
    let by_t = rows.iter().find(|row| row.selector == Selector::T)?;
    let beyond = match best.beyond_t_interval() {
        Some(ends) => format!("{} ({}) more", fixed(best.beyond_t, 3), interval(ends)),
        None => format!("{} more", fixed(best.beyond_t, 3)),
    };
    let common = fixed(best.dice_t, 2);
    Some(format!(
        "{start}. That is {beyond} than {} of the neurons with the largest t; the two sets share {common} \
         of their neurons (Dice).{random}",
        drop(by_t),
    ))
}

fn selectors_table(rows: &[SelectorRow]) -> Table {
    let columns =
        ["set", "neurons", "chosen by", "margin drop", "95 %", "beyond t", "95 %", "Dice"];
    let accuracies: Vec<f64> = rows.iter().filter_map(|row| row.probe_accuracy).collect();
    let accuracy = accuracies.first().map_or(String::new(), |accuracy| {
        format!(" The probe predicts the side of {} of held-out stimuli.", percent(*accuracy))
    });
    let layer = rows.first().map_or(0, |row| row.layer);
    let caption = format!(
        "The largest sets of layer {layer}: mean margin drops with 95 % intervals over templates, how \
         much that is beyond the set of the largest t, and the overlap with it.{accuracy}"
    );
    let mut table = Table::new("selectors", SELECTORS.tables, caption, columns).on_screen();
    let mut labels: Vec<&str> = rows.iter().map(|row| &row.neuron_set[..]).collect();
    labels.dedup();
    for label in labels {
        for row in largest_sets(rows, label) {
            table.row([
                Cell::text(&row.neuron_set),
                Cell::count(row.neurons),
                Cell::text(row.selector.name()),
                Cell::number(row.margin_drop, 3),
                Cell::interval(row.interval()),
                Cell::number(row.beyond_t, 3),
                Cell::interval(row.beyond_t_interval()),
                Cell::number(row.dice_t, 2),
            ]);
        }
    }
    table
}

fn selectors_figure(manifest: &Manifest, rows: &[SelectorRow]) -> Result<Figure, ReportError> {
    let labels = manifest.labels();
    let most = rows.iter().map(|row| row.neurons).max().unwrap_or(1).max(2) as f64;
    let ends = rows.iter().filter_map(SelectorRow::random).flat_map(|(low, high)| [low, high]);
    let y = around(rows.iter().map(|row| row.margin_drop).chain(ends));
    let svg = draw((WIDTH, 400), |root| {
        let mut keys = label_keys(labels.map(|label| format!("largest t ({label})")));
        keys.push(key(Shape::Line, GREEN, "way with the largest drop"));
        keys.push(key(Shape::Dashes, MUTED, "other ways"));
        keys.push(key(Shape::Block, BAND, "95 % of random sets"));
        let areas = legend(root, &keys)?.split_evenly((1, 2));
        for (place, (area, label)) in areas.iter().zip(labels).enumerate() {
            let best = best(&largest_sets(rows, label)).map(|row| row.selector);
            let title = match best {
                Some(selector) => format!("{label} prompts; largest: {selector}"),
                None => format!("{label} prompts"),
            };
            let frame = Frame {
                title: &title,
                x: "neurons lesioned (log)",
                y: "mean margin drop (logits)",
                x_format: &plain,
                ..Frame::default()
            };
            let x = 0.85..1.15 * most;
            let mut chart = panel(area, &frame, x.clone().log_scale(), y.clone())?;
            let by = |selector: Selector| {
                let rows = rows.iter().filter(move |row| row.neuron_set == label);
                let rows = rows.filter(move |row| row.selector == selector);
                rows.map(|row| (row.neurons as f64, row.margin_drop))
            };
            chart.draw_series([Polygon::new(outline(rows, label), BAND.filled())])?;
            draw_level(&mut chart, 0.0, x)?;
            for &selector in Selector::ALL {
                if selector != Selector::T && Some(selector) != best {
                    let style = MUTED.stroke_width(2);
                    chart.draw_series(DashedLineSeries::new(by(selector), 6, 6, style))?;
                }
            }
            if let Some(selector) = best {
                chart.draw_series(LineSeries::new(by(selector), GREEN.stroke_width(4)))?;
            }
            let by_t = by(Selector::T);
            chart.draw_series(LineSeries::new(by_t, LABELS[place].stroke_width(4)))?;
            let marks = by(Selector::T).map(|dose| mark(SHAPES[place], LABELS[place], 8, dose));
            chart.draw_series(marks)?;
        }
        Ok(())
    })?;
    let caption =
        "Mean margin drops of the neurons that each way chooses, over the range of random \
                   sets of the same size."
            .to_owned();
    Ok(Figure { file: SELECTORS, caption, svg })
}

/// The outline of the range of random sets of each size: its upper ends and, backwards, its lower ones.
fn outline(rows: &[SelectorRow], label: &str) -> Vec<(f64, f64)> {
    let mut above = Vec::new();
    let mut below = Vec::new();
    for row in rows {
        if row.neuron_set != label || row.selector != Selector::T {
            continue;
        }
        if let Some((low, high)) = row.random() {
            above.push((row.neurons as f64, high));
            below.push((row.neurons as f64, low));
        }
    }
    above.extend(below.into_iter().rev());
    above
}
