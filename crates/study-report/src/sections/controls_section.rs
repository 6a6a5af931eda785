//! Controls: whether other neurons would do the same, and whether the neurons matter for their own
//! prompts.

use plotters::{
    element::{PathElement, Rectangle},
    prelude::{Color, RGBColor},
    style::text_anchor::{HPos, VPos},
};
use study_record::{
    Lesion, Manifest, Measured, Part, SetKind, SetRule,
    tables::{DissociationRow, ProfileRow, PromptControlRow, Row as _},
};

use super::{
    absent_part::absence,
    judged_profile::{JudgedProfile, verdict_cell},
};
use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{count, fixed, percent, plural},
        report_table::Table,
        section::Section,
    },
    drawing::{
        axis_text::whole,
        canvas::{Area, Fault, WIDTH, draw, grid, points, text},
        legend::{SHAPES, Shape, key, label_keys, label_look, legend, mark, mark_size},
        palette::{ACTIVE, BAND, INK, LABELS, MUTED, SOFT},
        panel::{Frame, around, draw_level, panel},
    },
    error::ReportError,
    finished_study::Study,
};

pub(crate) const PROFILE: FigureFile = FigureFile {
    name: "profile",
    shows: "the mean drops of each layer\u{2019}s lesion, over 95 % of the random sets",
    tables: &[ProfileRow::TABLE.file],
};
pub(crate) const PROMPTS: FigureFile = FigureFile {
    name: "prompts",
    shows: "each prompt\u{2019}s drops at the lesioned layer, over 95 % of the random sets in that \
            prompt",
    tables: &[PromptControlRow::TABLE.file],
};
pub(crate) const DISSOCIATION: FigureFile = FigureFile {
    name: "dissociation",
    shows: "margin drops of each label\u{2019}s neurons in each label\u{2019}s prompts",
    tables: &[DissociationRow::TABLE.file],
};

pub(crate) fn controls_section(study: &Study<'_>) -> Result<Section, ReportError> {
    let manifest = study.manifest();
    let mut section = Section::new("controls", "Controls");
    if study.rows_if_written::<ProfileRow>()?.is_none() {
        section.text(absence(study, Part::Controls, ProfileRow::TABLE));
        add_without_controls(&mut section);
        return Ok(section);
    }
    let profile = JudgedProfile::read(study)?;
    if profile.rows.is_empty() {
        section.text("Not computed: no prompt has a label, so nothing was lesioned.");
        add_without_controls(&mut section);
        return Ok(section);
    }
    section.explanation(format!(
        "Each layer is lesioned by itself. The matched neurons of a prompt\u{2019}s label are \
         compared with as many of the other label, with the least tuned ones and with {} random \
         sets of each kind: one kind is drawn from all other neurons, the other from neurons that \
         are about as active at the mask. p compares the mean margin drop with both kinds and \
         takes the larger; it is corrected by Holm over layers and labels.",
        count(profile.sets)
    ));
    section.figure(profile_figure(manifest, &profile)?);
    section.table(profile_table(manifest, &profile));
    for notice in notices(manifest, &profile) {
        section.warning(notice);
    }
    section.finding(profile.finding());
    add_prompts(&mut section, study)?;
    add_dissociation(&mut section, study)?;
    Ok(section)
}

fn add_without_controls(section: &mut Section) {
    section.warning(
        "Without controls it is not known whether other neurons would do the same, so no effect \
         above can be attributed to these neurons in particular.",
    );
}

fn profile_table(manifest: &Manifest, profile: &JudgedProfile) -> Table {
    let lesion = &manifest.study.lesion;
    let caption = format!(
        "Mean margin drops in logits, and the ranges that hold 95 % of {} random sets. In each \
         layer {} are {} {} GELU {}.",
        count(profile.sets),
        rule(lesion),
        lesion.kind.effect(),
        lesion.site.when(),
        lesion.at.place()
    );
    let columns = [
        "layer",
        "set",
        "margin drop",
        "95 % of random",
        "95 % as active",
        "p corrected",
        "verdict",
        "neurons",
        "prompts",
        "falls in",
        "swapped",
        "least tuned",
    ];
    let mut table = Table::new("profile", PROFILE.tables, caption, columns).on_screen();
    for row in &profile.rows {
        table.row([
            Cell::count(row.layer),
            Cell::text(&row.neuron_set),
            Cell::number(row.margin_drop, 3),
            Cell::interval(row.random().margin),
            Cell::interval(row.as_active().margin),
            Cell::p(row.p_corrected),
            verdict_cell(row.verdict),
            Cell::count(row.neurons),
            Cell::count(row.prompts),
            Cell::count(row.margin_falls),
            Cell::optional(row.drops(SetKind::Swapped).margin, 3),
            Cell::optional(row.drops(SetKind::LeastTuned).margin, 3),
        ]);
    }
    table
}

/// The neurons that are lesioned.
fn rule(lesion: &Lesion) -> String {
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
fn notices(manifest: &Manifest, profile: &JudgedProfile) -> Vec<String> {
    let mut notices = Vec::new();
    let untested = || profile.rows.iter().filter(|row| row.p_random.is_none());
    let without: Vec<String> =
        untested().filter(|row| row.neurons == 0).map(ProfileRow::name).collect();
    if !without.is_empty() {
        notices.push(format!("No control in {}: no neuron is lesioned there.", without.join(", ")));
    }
    for row in untested().filter(|row| row.neurons > 0) {
        notices.push(format!(
            "No control in {}: {} outside a set of {} are too few to draw other sets from.",
            row.name(),
            plural(manifest.model_neurons - row.neurons, "neuron"),
            count(row.neurons)
        ));
    }
    let less_active = profile.rows.iter().filter(|row| row.p_random.is_some());
    let less_active: Vec<String> = less_active
        .filter(|row| !row.has_alikes())
        .filter_map(|row| Some(format!("{}: {}", row.name(), percent(row.activity_ratio?))))
        .collect();
    if !less_active.is_empty() {
        notices.push(format!(
            "No control by activity where no other neurons are as active at the mask. The nearest \
             have this share of the matched neurons\u{2019} activity: {}.",
            less_active.join(", ")
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
fn profile_figure(manifest: &Manifest, profile: &JudgedProfile) -> Result<Figure, ReportError> {
    let labels = manifest.labels();
    let layers = manifest.model_layers;
    let lesioned: Vec<&ProfileRow> = profile.rows.iter().filter(|row| row.neurons > 0).collect();
    let svg = draw((WIDTH, 640), |root| {
        let mut keys = label_keys(labels.map(|label| format!("matched ({label})")));
        keys.extend([
            key(Shape::Cross, MUTED, "swapped"),
            key(Shape::Ring, MUTED, "least tuned"),
            key(Shape::Block, BAND, "95 % of random"),
            key(Shape::Block, ACTIVE, "95 % of as active"),
        ]);
        let areas = legend(root, &keys)?.split_evenly((2, 2));
        // Margins first: they are what changes a prediction.
        for (line, measure) in [Measure::Margin, Measure::Logit].into_iter().enumerate() {
            let y = around(lesioned.iter().flat_map(|row| profile_values(row, measure)));
            for (place, label) in labels.iter().enumerate() {
                let frame = Frame {
                    title: &format!("{label} neurons, {label} prompts"),
                    x: "layer",
                    y: &format!("mean {} (logits)", measure.name()),
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
    Ok(Figure { file: PROFILE, caption: profile_caption(profile), svg })
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

fn profile_caption(profile: &JudgedProfile) -> String {
    let rows = profile.rows.iter();
    let Some(row) = rows.max_by(|a, b| a.margin_drop.total_cmp(&b.margin_drop)) else {
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

fn add_prompts(section: &mut Section, study: &Study<'_>) -> Result<(), ReportError> {
    let manifest = study.manifest();
    let mut rows: Vec<PromptControlRow> = study.rows_if_written()?.unwrap_or_default();
    rows.retain(|row| row.layer == manifest.layer);
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
        draw_prompts(&areas[0], labels, rows, Measure::Logit)?;
        draw_prompts(&areas[1], labels, rows, Measure::Margin)
    })?;
    let outside = rows
        .iter()
        .filter(|row| row.random().margin.is_some_and(|(_, high)| row.margin_drop > high));
    let caption = format!(
        "Layer {}, the equal-sized sets of the controls: in {} of {} the margin falls by more than \
         in 97.5 % of the random sets. Each prompt is taken by itself here, without correction for \
         their number.",
        manifest.layer,
        count(outside.count()),
        plural(rows.len(), "prompt")
    );
    Ok(Figure { file: PROMPTS, caption, svg })
}

fn draw_prompts(
    area: &Area<'_>,
    labels: [&str; 2],
    rows: &[PromptControlRow],
    measure: Measure,
) -> Result<(), Fault> {
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
        x: "masked prompts, from the smallest drop to the largest",
        y: "clean minus lesioned (logits); above 0 the lesion harms",
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

fn add_dissociation(section: &mut Section, study: &Study<'_>) -> Result<(), ReportError> {
    section.heading("Double dissociation");
    let Some(rows) = study.rows_if_written::<DissociationRow>()? else {
        section.text(absence(study, Part::Controls, DissociationRow::TABLE));
        return Ok(());
    };
    let pairs = layer_pairs(study.manifest(), &rows);
    if pairs.is_empty() {
        section.text(
            "Not computed: needs prompts with both labels and, in some layer, sets of equal size.",
        );
        return Ok(());
    }
    section.explanation(
        "The same neurons are lesioned in the prompts of their own label and in those of the \
         other. The dissociation is double if both labels\u{2019} neurons lower the margin of \
         their own prompts, and both intervals lie above 0.",
    );
    section.figure(dissociation_figure(study.manifest(), &rows, &pairs)?);
    section.table(dissociation_table(&rows));
    if rows.iter().all(|row| row.interval().is_none()) {
        section.warning(
            "No interval: at least 10 templates per label are needed. So no dissociation can be \
             shown to be double.",
        );
    } else {
        section.finding(dissociation_finding(&pairs));
    }
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

fn dissociation_finding(pairs: &[[&DissociationRow; 2]]) -> String {
    let double = pairs.iter().filter(|[a, _]| a.double);
    let double: Vec<String> = double.map(|[a, _]| a.layer.to_string()).collect();
    let layers = match double.as_slice() {
        [] => "in no layer".to_owned(),
        [layer] => format!("in layer {layer}"),
        layers => format!("in layers {}", layers.join(", ")),
    };
    format!(
        "The neurons of both labels lower the margin of their own prompts, and more than that of \
         the others\u{2019}, {layers} of {}.",
        pairs.len()
    )
}

fn dissociation_table(rows: &[DissociationRow]) -> Table {
    let columns = [
        "layer",
        "set",
        "neurons",
        "own prompts",
        "other prompts",
        "difference",
        "95 % interval",
        "double",
    ];
    let caption =
        "Mean margin drops in logits; intervals over templates, conditional on these neurons.";
    let mut table = Table::new("dissociation", DISSOCIATION.tables, caption, columns).on_screen();
    for row in rows {
        let double = if row.double {
            Cell::text("yes").class("beyond")
        } else {
            Cell::text("not shown").class("open")
        };
        table.row([
            Cell::count(row.layer),
            Cell::text(&row.neuron_set),
            Cell::count(row.neurons),
            Cell::number(row.own_margin_drop, 3),
            Cell::number(row.other_margin_drop, 3),
            Cell::number(row.difference, 3),
            Cell::interval(row.interval()),
            double,
        ]);
    }
    table
}

/// The same neurons in both labels' prompts, a panel per layer.
fn dissociation_figure(
    manifest: &Manifest,
    rows: &[DissociationRow],
    pairs: &[[&DissociationRow; 2]],
) -> Result<Figure, ReportError> {
    let drops = rows.iter().flat_map(|row| [row.own_margin_drop, row.other_margin_drop]);
    let most = drops.map(f64::abs).fold(f64::MIN_POSITIVE, f64::max);
    let (lines, columns) = grid(pairs.len(), 3);
    let svg = draw((WIDTH, points(lines * 172 + 20)), |root| {
        for (area, pair) in root.split_evenly((lines, columns)).iter().zip(pairs) {
            draw_dissociation(area, manifest.labels(), *pair, most)?;
        }
        Ok(())
    })?;
    let caption =
        "Mean margin drops in logits: blue harms, orange helps. A label\u{2019}s neurons \
                   matter for its own prompts where the diagonal is darker than the rest of its \
                   row."
            .to_owned();
    Ok(Figure { file: DISSOCIATION, caption, svg })
}

fn draw_dissociation(
    area: &Area<'_>,
    labels: [&str; 2],
    [a, b]: [&DissociationRow; 2],
    most: f64,
) -> Result<(), Fault> {
    let left = (HPos::Left, VPos::Center);
    let centre = (HPos::Center, VPos::Center);
    let title = format!("Layer {}{}", a.layer, if a.double { ": double" } else { "" });
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
