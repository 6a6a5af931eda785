//! Controls: whether other neurons would do the same.

use plotters::{
    element::{PathElement, Rectangle},
    prelude::Color,
};
use study_record::{
    LesionSettings, Manifest, Measured, Part, SetChoice, SetKind, SetRule,
    tables::{ProfileRow, PromptControlRow, Row as _},
};

use super::{
    absent_part::absence,
    dissociation_section::add_dissociation,
    study_verdicts::{StudyVerdicts, p_cell, verdict_cell},
};
use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{count, fixed, list, percent, plural},
        report_table::Table,
        section::Section,
    },
    drawing::{
        axis_text::whole,
        canvas::{Area, Fault, WIDTH, draw},
        legend::{SHAPES, Shape, key, label_keys, label_look, legend, mark, mark_size},
        palette::{ACTIVE, BAND, LABELS, MUTED},
        panel::{Frame, around, draw_level, panel},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) const PROFILE: FigureFile = FigureFile {
    name: "profile",
    shows: "the mean drops of each layer's lesion, over 95 % of the random sets",
    tables: &[ProfileRow::TABLE.file],
};
pub(crate) const PROMPTS: FigureFile = FigureFile {
    name: "prompts",
    shows: "each prompt's drops at the lesioned layer, over 95 % of the random sets in that \
            prompt",
    tables: &[PromptControlRow::TABLE.file],
};

pub(crate) fn controls_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let manifest = study.manifest();
    let mut section = Section::new("controls", "Controls");
    if study.rows_if_written::<ProfileRow>()?.is_none() {
        section.text(absence(study, Part::Controls, ProfileRow::TABLE));
        add_without_controls(&mut section);
        return Ok(section);
    }
    let verdicts = StudyVerdicts::read(study)?;
    if verdicts.profile.is_empty() {
        section.text("Not computed: no prompt has a label, so nothing was lesioned.");
        add_without_controls(&mut section);
        return Ok(section);
    }
    let place = manifest.prediction_place();
    section.explanation(format!(
        "Each layer is lesioned by itself, and the labelled neurons of layer {} all together. The \
         mean margin drop is compared with that of {} of the whole layer, two-sided. If \
         this p is at most 0.05, sets that are about as active at {} and sets that displace \
         the residual stream about as much are lesioned too, and the largest p counts. It is \
         corrected by Holm over every claim of the study: effects, dissociations and synergies. \
         More prompts make the interval narrower, but not this p: its unit is the set of neurons.",
        manifest.layer,
        plural(verdicts.sets, "random set"),
        place.token()
    ));
    section.figure(profile_figure(manifest, &verdicts)?);
    section.table(profile_table(manifest, &verdicts));
    for notice in notices(manifest, &verdicts) {
        section.warning(notice);
    }
    section.finding(verdicts.summary());
    add_prompts(&mut section, study)?;
    add_dissociation(&mut section, study, &verdicts)?;
    Ok(section)
}

fn add_without_controls(section: &mut Section) {
    section.warning(
        "Without controls it is not known whether other neurons would do the same, so no effect \
         above can be attributed to these neurons in particular.",
    );
}

fn profile_table(manifest: &Manifest, verdicts: &StudyVerdicts) -> Table {
    let lesion = &manifest.study.lesion;
    let place = manifest.prediction_place();
    let caption = format!(
        "Mean margin drops in {}, and the ranges that hold 95 % of {}. In each layer every \
         activation of {} is {} {} {}{}.",
        manifest.study.score.unit(),
        plural(verdicts.sets, "random set"),
        rule(lesion),
        lesion.kind.effect(lesion.from, place),
        manifest.site_words(lesion.site),
        lesion.at.place(place),
        lesion.shared.place()
    );
    let columns = [
        "layer",
        "set",
        "neurons",
        "margin drop",
        "95 % interval",
        "95 % of random",
        "p corrected",
        "verdict",
        "falls in",
        "higher, lower at prompts",
    ];
    let mut table = Table::new("profile", PROFILE.tables, caption, columns).on_screen();
    for row in &verdicts.profile {
        let claim = verdicts.effect(row);
        let set = match row.sets {
            SetChoice::Lesioned => row.neuron_set.clone(),
            SetChoice::Labelled => format!("all {}", row.neuron_set),
        };
        table.row([
            Cell::count(row.layer),
            Cell::text(set),
            Cell::count(row.neurons),
            Cell::number(row.margin_drop, 3),
            Cell::interval(row.interval()),
            Cell::interval(row.random().margin),
            p_cell(claim),
            verdict_cell(claim),
            Cell::text(format!("{} of {}", count(row.margin_falls), count(row.prompts))),
            match row.higher_at_masks.zip(row.lower_at_masks) {
                Some((higher, lower)) => Cell::text(format!("{higher}, {lower}")),
                None => Cell::missing(),
            },
        ]);
    }
    table
}

/// The neurons that are lesioned.
fn rule(lesion: &LesionSettings) -> String {
    if lesion.neurons.is_some() {
        return "the neurons of the given file".to_owned();
    }
    let strength = lesion.strength;
    match lesion.sets {
        SetRule::Significant => "all significant neurons of the label".to_owned(),
        SetRule::Top(count) => format!("the {count} strongest neurons (|{strength}|) of the label"),
        SetRule::Share(share) => format!(
            "the strongest neurons (|{strength}|), equally many of both labels and at most {} of \
             the layer,",
            percent(share)
        ),
    }
}

/// Controls that could not be made, with the reasons.
fn notices(manifest: &Manifest, verdicts: &StudyVerdicts) -> Vec<String> {
    let mut notices = Vec::new();
    let untested: Vec<&ProfileRow> =
        verdicts.profile.iter().filter(|row| row.p_random.is_none()).collect();
    let without = untested.iter().filter(|row| row.neurons == 0);
    let without: Vec<String> = without.map(|row| row.name()).collect();
    if !without.is_empty() {
        notices.push(format!("No control in {}: no neuron is lesioned there.", list(&without)));
    }
    for row in untested.iter().filter(|row| row.neurons > 0) {
        notices.push(format!(
            "No control in {}: its {} are the whole layer of {}, so there are no other sets.",
            row.name(),
            plural(row.neurons, "neuron"),
            count(manifest.model_neurons)
        ));
    }
    let same_at_masks = verdicts.profile.iter().filter(|row| row.higher_at_masks == Some(0));
    let same_at_masks: Vec<String> =
        same_at_masks.filter(|row| row.neurons > 0).map(ProfileRow::name).collect();
    if !same_at_masks.is_empty() {
        notices.push(format!(
            "In {} none of the lesioned neurons is significantly higher at {} of its own \
             label\u{2019}s prompts. Whatever the lesion does there, the neurons do not tell the labels \
             apart where they are lesioned.",
            list(&same_at_masks),
            manifest.prediction_place().tokens()
        ));
    }
    notices
}

/// One of the two measures of a lesion.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    Logit,
    Margin,
}

impl Measure {
    fn name(self) -> &'static str {
        match self {
            Self::Logit => "logit drop",
            Self::Margin => "margin drop",
        }
    }

    fn of<T>(self, measured: Measured<T>) -> T {
        match self {
            Self::Logit => measured.logit,
            Self::Margin => measured.margin,
        }
    }
}

/// The laminar profile of drops, with the random sets behind it.
fn profile_figure(manifest: &Manifest, verdicts: &StudyVerdicts) -> Result<Figure, ReportError> {
    let labels = manifest.labels();
    let layers = manifest.model_layers;
    let lesioned: Vec<&ProfileRow> = lesioned_rows(verdicts).collect();
    let svg = draw((WIDTH, 640), |root| {
        let mut keys = label_keys(labels.map(|label| format!("matched ({label})")));
        keys.extend([
            key(Shape::Cross, MUTED, "swapped"),
            key(Shape::Ring, MUTED, "least tuned"),
            key(Shape::Block, BAND, "95 % of random"),
            key(Shape::Block, ACTIVE, "95 % of sets as active"),
        ]);
        let areas = legend(root, &keys)?.split_evenly((2, 2));
        // Margins first: they are what changes a prediction.
        for (line, measure) in [Measure::Margin, Measure::Logit].into_iter().enumerate() {
            let y = around(lesioned.iter().flat_map(|row| profile_values(row, measure)));
            for (place, label) in labels.iter().enumerate() {
                let frame = Frame {
                    title: &format!("{label} neurons, {label} prompts"),
                    x: "layer",
                    y: &format!("mean {} ({})", measure.name(), manifest.study.score.unit()),
                    ticks: (2 * layers, 5),
                    x_format: &whole,
                    ..Frame::default()
                };
                let x = -0.5..layers as f64 - 0.5;
                let mut chart = panel(&areas[2 * line + place], &frame, x.clone(), y.clone())?;
                let rows = || lesioned.iter().filter(|row| row.neuron_set == *label);
                for row in rows() {
                    let ranges = [
                        (measure.of(row.random()), 0.36, BAND),
                        (measure.of(row.as_active()), 0.14, ACTIVE),
                    ];
                    for (range, half, colour) in ranges {
                        let Some((low, high)) = range else { continue };
                        let layer = row.layer as f64;
                        let corners = [(layer - half, low), (layer + half, high)];
                        chart.draw_series([Rectangle::new(corners, colour.filled())])?;
                    }
                }
                draw_level(&mut chart, 0.0, x)?;
                let drops = |kind| {
                    rows().filter_map(move |row| {
                        Some((row.layer as f64, measure.of(row.drops(kind))?))
                    })
                };
                let colour = LABELS[place];
                let line: Vec<_> = drops(SetKind::Matched).collect();
                chart.draw_series([PathElement::new(line, colour.stroke_width(4))])?;
                for (kind, shape, colour, size) in [
                    (SetKind::LeastTuned, Shape::Ring, MUTED, 7),
                    (SetKind::Swapped, Shape::Cross, MUTED, 8),
                    (SetKind::Matched, SHAPES[place], colour, 9),
                ] {
                    chart.draw_series(drops(kind).map(|drop| mark(shape, colour, size, drop)))?;
                }
            }
        }
        Ok(())
    })?;
    Ok(Figure { file: PROFILE, caption: profile_caption(verdicts), svg })
}

/// Every number that the profile shows of a row.
fn profile_values(row: &ProfileRow, measure: Measure) -> Vec<f64> {
    let drops = [SetKind::Matched, SetKind::Swapped, SetKind::LeastTuned];
    let mut values: Vec<f64> =
        drops.into_iter().filter_map(|kind| measure.of(row.drops(kind))).collect();
    for (low, high) in
        [row.random(), row.as_active()].map(|range| measure.of(range)).iter().flatten()
    {
        values.extend([*low, *high]);
    }
    values
}

/// The rows of the study's own lesions.
fn lesioned_rows(verdicts: &StudyVerdicts) -> impl Iterator<Item = &ProfileRow> {
    let lesioned = verdicts.profile.iter().filter(|row| row.sets == SetChoice::Lesioned);
    lesioned.filter(|row| row.neurons > 0)
}

fn profile_caption(verdicts: &StudyVerdicts) -> String {
    let Some(row) = lesioned_rows(verdicts).max_by(|a, b| a.margin_drop.total_cmp(&b.margin_drop))
    else {
        return String::new();
    };
    let random = row.random().margin.map_or(String::new(), |(low, high)| {
        format!(", where 95 % of random sets lie between {} and {}", fixed(low, 3), fixed(high, 3))
    });
    format!(
        "The largest mean margin drop is {} in {}{random}.",
        fixed(row.margin_drop, 3),
        row.name()
    )
}

fn add_prompts(section: &mut Section, study: &FinishedStudy<'_>) -> Result<(), ReportError> {
    let manifest = study.manifest();
    let mut rows: Vec<PromptControlRow> = study.rows_if_written()?.unwrap_or_default();
    rows.retain(|row| row.layer == manifest.layer && row.sets == SetChoice::Lesioned);
    if !rows.is_empty() {
        section.heading(format!("Prompt by prompt in layer {}", manifest.layer));
        section.figure(prompts_figure(manifest, &rows)?);
    }
    Ok(())
}

/// Each prompt's drops in the lesioned layer, over those of random sets in the same prompt.
fn prompts_figure(manifest: &Manifest, rows: &[PromptControlRow]) -> Result<Figure, ReportError> {
    let labels = manifest.labels();
    let svg = draw((WIDTH, 600), |root| {
        let mut keys = label_keys(labels.map(|label| format!("{label} prompt, {label} neurons")));
        keys.push(key(Shape::Block, BAND, "95 % of random sets"));
        let areas = legend(root, &keys)?.split_evenly((2, 1));
        draw_prompts(&areas[0], manifest, rows, Measure::Logit)?;
        draw_prompts(&areas[1], manifest, rows, Measure::Margin)
    })?;
    let outside = rows
        .iter()
        .filter(|row| row.random().margin.is_some_and(|(_, high)| row.margin_drop > high));
    let caption = format!(
        "Layer {}, sets as in the controls: in {} of {} the margin falls by more than with 97.5 % of \
         the random sets. Each prompt is compared by itself, without correction for their number.",
        manifest.layer,
        count(outside.count()),
        plural(rows.len(), manifest.prediction_place().prompt())
    );
    Ok(Figure { file: PROMPTS, caption, svg })
}

fn draw_prompts(
    area: &Area<'_>,
    manifest: &Manifest,
    rows: &[PromptControlRow],
    measure: Measure,
) -> Result<(), Fault> {
    let labels = manifest.labels();
    let unit = manifest.study.score.unit();
    let drop = |row: &PromptControlRow| measure.of(row.drops());
    let mut sorted: Vec<&PromptControlRow> = rows.iter().collect();
    sorted.sort_by(|a, b| {
        let prompts = (a.prompt, a.position).cmp(&(b.prompt, b.position));
        drop(a).total_cmp(&drop(b)).then(prompts)
    });
    let frame = Frame {
        title: match measure {
            Measure::Logit => "Logit drop of the right word",
            Measure::Margin => "Margin drop",
        },
        x: "prompts, from the smallest drop to the largest",
        y: &format!("clean minus lesioned ({unit}); above 0 the lesion harms"),
        x_format: &|_| String::new(),
        ..Frame::default()
    };
    let values = sorted.iter().flat_map(|row| {
        let (low, high) = measure.of(row.random()).unwrap_or((drop(row), drop(row)));
        [drop(row), low, high]
    });
    let x = -0.8..sorted.len() as f64 - 0.2;
    let mut chart = panel(area, &frame, x.clone(), around(values))?;
    for (place, row) in sorted.iter().enumerate() {
        let Some((low, high)) = measure.of(row.random()) else { continue };
        let corners = [(place as f64 - 0.42, low), (place as f64 + 0.42, high)];
        chart.draw_series([Rectangle::new(corners, BAND.filled())])?;
    }
    draw_level(&mut chart, 0.0, x)?;
    let size = mark_size(sorted.len());
    chart.draw_series(sorted.iter().enumerate().map(|(place, row)| {
        let look = label_look(labels, Some(&row.neuron_set));
        let (shape, colour) = look.unwrap_or((Shape::Ring, ACTIVE));
        mark(shape, colour, size, (place as f64, drop(row)))
    }))?;
    Ok(())
}
