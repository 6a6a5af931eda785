//! The effect of each layer's lesion in both studies.

use study_record::{
    SetChoice,
    tables::{ProfileRow, Row as _},
};

use super::{
    pair_figures::{LayerPoint, draw_by_layer},
    study_pair::{StudyPair, label_name},
};
use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{NONE, fixed},
        report_table::Table,
        section::Section,
    },
    error::ReportError,
    sections::study_verdicts::{StudyVerdicts, verdict_cell},
};

const PROFILES: FigureFile = FigureFile {
    name: "profiles",
    shows: "mean margin drops of each layer's lesion in both studies",
    tables: &[ProfileRow::TABLE.file],
};

pub(super) fn both_profiles_section(pair: &StudyPair<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("profiles", "Each layer\u{2019}s lesion");
    let [a, b] = pair.studies;
    let mut verdicts = [StudyVerdicts::read(a)?, StudyVerdicts::read(b)?];
    for verdicts in &mut verdicts {
        verdicts.profile.retain(|row| row.sets == SetChoice::Lesioned);
    }
    if verdicts.iter().all(|verdicts| verdicts.profile.is_empty()) {
        section.text("The controls ran in neither study.");
        return Ok(section);
    }
    section.explanation(
        "Mean margin drops of the matched lesions, and the range of 95 % of the random sets of \
         each study. Two studies side by side do not test their difference.",
    );
    section.figure(profiles_figure(pair, &verdicts)?);
    section.table(profiles_table(pair, &verdicts));
    Ok(section)
}

fn profiles_figure(
    pair: &StudyPair<'_>,
    verdicts: &[StudyVerdicts; 2],
) -> Result<Figure, ReportError> {
    let points = |study: usize, label: &str| -> Vec<LayerPoint> {
        let rows = verdicts[study].profile.iter().filter(|row| row.neuron_set == label);
        let points = rows.map(|row| LayerPoint {
            layer: row.layer,
            value: row.margin_drop,
            random: row.random().margin,
        });
        points.collect()
    };
    let [most_a, most_b] = verdicts.each_ref().map(|verdicts| {
        let largest = verdicts.profile.iter().map(|row| row.margin_drop).reduce(f64::max);
        largest.map_or(NONE.to_owned(), |drop| fixed(drop, 3))
    });
    Ok(Figure {
        file: PROFILES,
        svg: draw_by_layer(pair, &format!("mean margin drop ({})", pair.unit()), points)?,
        caption: format!("The largest mean margin drop is {most_a} in A and {most_b} in B."),
    })
}

fn profiles_table(pair: &StudyPair<'_>, verdicts: &[StudyVerdicts; 2]) -> Table {
    let columns = [
        "layer",
        "set",
        "A",
        "95 % of random, A",
        "verdict, A",
        "B",
        "95 % of random, B",
        "verdict, B",
    ];
    let caption = format!("Mean margin drops in {}.", pair.unit());
    let mut table = Table::new("profiles", PROFILES.tables, caption, columns);
    for layer in 0..pair.layers() {
        for labels in pair.labels() {
            let [a, b] = [0, 1].map(|study| {
                verdicts[study]
                    .profile
                    .iter()
                    .find(|row| row.layer == layer && row.neuron_set == labels[study])
            });
            if a.is_none() && b.is_none() {
                continue;
            }
            let [(drop_a, random_a, verdict_a), (drop_b, random_b, verdict_b)] =
                [(a, 0), (b, 1)].map(|(row, study)| profile_cells(row, &verdicts[study]));
            table.row([
                Cell::count(layer),
                Cell::text(label_name(labels)),
                drop_a,
                random_a,
                verdict_a,
                drop_b,
                random_b,
                verdict_b,
            ]);
        }
    }
    table
}

/// Margin drop, range of random sets, and verdict.
fn profile_cells(row: Option<&ProfileRow>, verdicts: &StudyVerdicts) -> (Cell, Cell, Cell) {
    match row {
        None => (Cell::missing(), Cell::missing(), Cell::text(NONE)),
        Some(row) => (
            Cell::number(row.margin_drop, 3),
            Cell::interval(row.random().margin),
            verdict_cell(verdicts.effect(row)),
        ),
    }
}
