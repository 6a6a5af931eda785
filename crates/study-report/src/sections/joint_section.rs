//! Lesions of several layers at once.

use plotters::{
    element::PathElement,
    prelude::{Color, RGBColor},
};
use study_record::{
    Manifest, Part, PatternKind, Question, Range,
    tables::{JointRow, Row as _},
};

use super::{absent_part::absence, study_verdicts::StudyVerdicts};
use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{fixed, labelled_neurons, list},
        report_table::Table,
        section::Section,
    },
    drawing::{
        canvas::{WIDTH, draw},
        legend::{Shape, key, legend, mark},
        palette::{ACTIVE, GREEN, INK, PURPLE, SOFT},
        panel::{Frame, draw_diagonal, panel, spanning},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) const JOINT: FigureFile = FigureFile {
    name: "joint",
    shows: "joint lesions against the sum of single ones",
    tables: &[JointRow::TABLE.file],
};

pub(crate) fn joint_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("joint", "Several layers at once");
    let Some(rows) = study.rows_if_written::<JointRow>()? else {
        section.text(absence(study, Part::Joint, JointRow::TABLE));
        return Ok(section);
    };
    let several: Vec<&JointRow> =
        rows.iter().filter(|row| row.depth() > 1 && row.neurons > 0).collect();
    if several.is_empty() {
        section.text("Not computed: needs neurons in at least two layers.");
        return Ok(section);
    }
    section.explanation(
        "Synergy is the effect of the layers together minus the sum of their single effects. If \
         it is below 0, the effects of the layers overlap.",
    );
    section.figure(joint_figure(study.manifest(), &several)?);
    section.table(joint_table(study.manifest(), &rows));
    let verdicts = StudyVerdicts::read(study)?;
    for claim in verdicts.about(Question::Synergy) {
        section.finding(verdicts.describe(claim));
    }
    for row in deepest(&rows) {
        section.finding(format!(
            "With {} of layers {} lesioned together, the right word\u{2019}s mean probability is {}; \
             without a lesion it is {}.",
            labelled_neurons(row.neurons, &row.neuron_set),
            list(&row.layers.split(' ').collect::<Vec<&str>>()),
            fixed(row.prob_lesioned, 4),
            fixed(row.prob_clean, 4)
        ));
    }
    Ok(section)
}

/// The lesions of the most layers, if these are several.
fn deepest(rows: &[JointRow]) -> Vec<&JointRow> {
    let most = rows.iter().map(JointRow::depth).max().unwrap_or_default();
    rows.iter().filter(|row| row.depth() == most && most > 1 && row.neurons > 0).collect()
}

fn joint_table(manifest: &Manifest, rows: &[JointRow]) -> Table {
    let columns = [
        "layers",
        "set",
        "neurons",
        "together",
        "sum of single",
        "synergy",
        "95 % interval",
        "95 % of random",
        "right word clean",
        "lesioned",
    ];
    let caption = format!(
        "Mean margin drops in {} of several layers lesioned together. The last two columns are mean \
         probabilities of the right word.",
        manifest.study.score.unit()
    );
    let mut table = Table::new("joint", JOINT.tables, caption, columns).on_screen();
    for row in rows.iter().filter(|row| row.depth() > 1) {
        table.row([
            Cell::text(&row.layers),
            Cell::text(&row.neuron_set),
            Cell::count(row.neurons),
            Cell::number(row.margin_drop, 3),
            Cell::number(row.sum_of_single, 3),
            Cell::number(row.synergy, 3),
            Cell::interval(row.interval()),
            Cell::interval(row.random()),
            Cell::number(row.prob_clean, 4),
            Cell::number(row.prob_lesioned, 4),
        ]);
    }
    table
}

/// The interval of the joint margin drop, given the sum of the single ones.
fn drop_interval(row: &JointRow) -> Option<Range> {
    row.interval().map(|(low, high)| (row.sum_of_single + low, row.sum_of_single + high))
}

fn pattern_look(pattern: PatternKind) -> (Shape, RGBColor) {
    match pattern {
        PatternKind::Up => (Shape::Disc, GREEN),
        PatternKind::Down => (Shape::Triangle, PURPLE),
        PatternKind::Single | PatternKind::Given => (Shape::Cross, INK),
    }
}

fn joint_figure(manifest: &Manifest, several: &[&JointRow]) -> Result<Figure, ReportError> {
    let unit = manifest.study.score.unit();
    let range = spanning(several.iter().flat_map(|row| {
        let (low, high) = drop_interval(row).unwrap_or((row.margin_drop, row.margin_drop));
        [row.sum_of_single, row.margin_drop, low, high]
    }));
    let svg = draw((WIDTH, 400), |root| {
        let mut keys = vec![
            key(Shape::Disc, GREEN, "layers from the bottom up"),
            key(Shape::Triangle, PURPLE, "from the top down"),
        ];
        if several.iter().any(|row| row.pattern == PatternKind::Given) {
            keys.push(key(Shape::Cross, INK, "as given"));
        }
        if several.iter().any(|row| row.interval().is_some()) {
            keys.push(key(Shape::Line, ACTIVE, "95 % interval"));
        }
        let areas = legend(root, &keys)?.split_evenly((1, 2));
        for (area, label) in areas.iter().zip(manifest.labels()) {
            let frame = Frame {
                title: &format!("{label} neurons"),
                x: &format!("sum of the single lesions ({unit})"),
                y: &format!("margin drop of the joint lesion ({unit})"),
                ..Frame::default()
            };
            let mut chart = panel(area, &frame, range.clone(), range.clone())?;
            draw_diagonal(&mut chart, &range, SOFT)?;
            for row in several.iter().filter(|row| row.neuron_set == label) {
                let x = row.sum_of_single;
                if let Some((low, high)) = drop_interval(row) {
                    let style = ACTIVE.stroke_width(5);
                    chart.draw_series([PathElement::new([(x, low), (x, high)], style)])?;
                }
                let (shape, colour) = pattern_look(row.pattern);
                chart.draw_series([mark(shape, colour, 8, (x, row.margin_drop))])?;
            }
        }
        Ok(())
    })?;
    let caption = "On the line, layers lesioned together have the sum of their single effects; \
                   above it more, below it less."
        .to_owned();
    Ok(Figure { file: JOINT, caption, svg })
}
