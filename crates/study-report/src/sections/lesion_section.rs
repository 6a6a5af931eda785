//! The lesion of one layer.

use std::collections::BTreeMap;

use study_record::{
    LesionSummary, Manifest, PredictedAt,
    tables::{LesionRow, PredictionRow, PromptRow, Row as _},
};

use crate::{
    document::{
        cell::Cell,
        figure::{Figure, FigureFile},
        number_text::{count, fixed, labelled_neurons, list, mean, plural, quoted},
        prompt_sentence::{Candidate, Sentence},
        report_table::Table,
        section::{Block, Section},
    },
    drawing::{
        canvas::{WIDTH, draw},
        legend::{Shape, key, label_keys, label_look, legend, mark_size},
        palette::{ACTIVE, MUTED},
        panel::Frame,
        scatter::{Point, draw_scatter},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) const LESIONS: FigureFile = FigureFile {
    name: "lesions",
    shows: "clean against lesioned logits and margins of the lesion of one layer",
    tables: &[LesionRow::TABLE.file],
};

/// Prompts that are named one by one.
const NAMED: usize = 10;

pub(crate) fn lesion_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let manifest = study.manifest();
    let layer = manifest.layer;
    let place = manifest.prediction_place();
    let rows: Vec<LesionRow> = study.rows()?;
    let prompts: Vec<PromptRow> = study.rows()?;
    let lesions = lesioned_prompts(&rows);
    let summary = LesionSummary::of(&rows);
    let mut section = Section::new("lesion", "Lesion");
    section.explanation(format!(
        "Every neuron of layer {layer} that carries the label of the right word is set to 0 {} \
         at {}{}.",
        manifest.site_words(manifest.study.lesion.site),
        place.token(),
        manifest.study.lesion.shared.place()
    ));
    if !lesions.is_empty() {
        section.table(lesions_table(manifest, &lesions));
    }
    for notice in notices(layer, &prompts, &lesions) {
        section.text(notice);
    }
    section.finding(finding(layer, place, &summary));
    if summary.prompts > 0 {
        section.text(control_sentence(&summary));
    }
    if !lesions.is_empty() {
        section.figure(lesions_figure(manifest, &lesions)?);
    }
    section.warning(
        "That a lesion of many neurons lowers a logit does not show that these neurons are \
         special: others may do the same. The controls test that.",
    );
    section.heading("Sentence by sentence");
    section.explanation(
        "The right word stands in its place in the sentence. Bars are probabilities over the whole \
         vocabulary.",
    );
    section.add(Block::Sentences(sentences(&prompts, &study.rows()?, &lesions)));
    Ok(section)
}

/// The rows of each lesioned prompt, the right word first. The controls are left out.
pub(crate) fn lesioned_prompts(rows: &[LesionRow]) -> Vec<&[LesionRow]> {
    LesionRow::by_prompt(rows).filter(|prompt| prompt[0].neuron_set.is_some()).collect()
}

/// The right words' rows of the lesioned prompts of a label.
pub(crate) fn right_words<'a>(lesions: &[&'a [LesionRow]], label: &str) -> Vec<&'a LesionRow> {
    let right = lesions.iter().map(|prompt| &prompt[0]);
    right.filter(|row| row.neuron_set.as_deref() == Some(label)).collect()
}

fn finding(layer: usize, place: PredictedAt, summary: &LesionSummary) -> String {
    if summary.prompts == 0 {
        return format!(
            "No neuron of layer {layer} was silenced, so there is no effect to report."
        );
    }
    let LesionSummary { prompts, logit_drop, margin_drop, logit_falls, margin_falls, .. } =
        *summary;
    format!(
        "With the matched neurons of layer {layer} silenced, the mean drop of the right word\u{2019}s \
         margin over the strongest other candidate is {} (it falls in {} of {}), and that of its \
         logit {} (in {} of {}).",
        fixed(margin_drop, 3),
        count(margin_falls),
        plural(prompts, place.prompt()),
        fixed(logit_drop, 3),
        count(logit_falls),
        count(prompts)
    )
}

/// Whether the unlesioned controls stayed the same.
fn control_sentence(summary: &LesionSummary) -> String {
    if summary.control_moved == 0.0 {
        return "The unlesioned control sentences kept exactly the same logits.".to_owned();
    }
    format!(
        "A logit of the unlesioned control sentences moved by {:e}, which is a fault.",
        summary.control_moved
    )
}

/// Prompts that were not lesioned, with the reason.
fn notices(layer: usize, prompts: &[PromptRow], lesions: &[&[LesionRow]]) -> Vec<String> {
    let mut notices = Vec::new();
    let unlabelled = prompts.iter().filter(|row| row.label.is_none());
    let unlabelled: Vec<String> =
        unlabelled.map(|row| format!("{} ({})", row.prompt, quoted(&row.target))).collect();
    if !unlabelled.is_empty() {
        notices.push(format!(
            "Prompts without a label are not lesioned: {}. Their right word is not a word of the \
             contrast; a line with one target may begin with a label and a tab.",
            shortened(&unlabelled)
        ));
    }
    let untouched = lesions.iter().map(|prompt| &prompt[0]).filter(|row| row.neurons == 0);
    let mut by_label: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in untouched {
        let label = row.neuron_set.as_deref().unwrap_or_default();
        let prompts = by_label.entry(label).or_default();
        // Masks of one prompt follow each other.
        let prompt = row.prompt.to_string();
        if prompts.last() != Some(&prompt) {
            prompts.push(prompt);
        }
    }
    for (label, prompts) in by_label {
        notices.push(format!(
            "Layer {layer} has no {} neuron, so these prompts are not lesioned: {}.",
            quoted(label),
            shortened(&prompts)
        ));
    }
    notices
}

/// The first names, and how many more there are.
fn shortened(names: &[String]) -> String {
    match names.len().checked_sub(NAMED) {
        None | Some(0) => list(names),
        Some(more) => format!("{} and {} more", names[..NAMED].join(", "), count(more)),
    }
}

fn lesions_table(manifest: &Manifest, lesions: &[&[LesionRow]]) -> Table {
    let columns = [
        "label",
        "neurons",
        "prompts",
        "mean logit drop",
        "mean margin drop",
        "margin falls in",
        "right word clean",
        "lesioned",
    ];
    let caption = format!(
        "The lesion of layer {}: means over the prompts of each label. The last two columns are \
         mean probabilities of the right word.",
        manifest.layer
    );
    let mut table = Table::new("lesions", LESIONS.tables, caption, columns).on_screen();
    for label in manifest.labels() {
        let rows = right_words(lesions, label);
        let Some(first) = rows.first() else { continue };
        table.row([
            Cell::text(label),
            Cell::count(first.neurons),
            Cell::count(rows.len()),
            Cell::number(mean(rows.iter().map(|row| row.logit_drop)), 3),
            Cell::number(mean(rows.iter().map(|row| row.margin_drop)), 3),
            Cell::count(rows.iter().filter(|row| row.margin_drop > 0.0).count()),
            Cell::number(mean(rows.iter().map(|row| row.prob_clean)), 4),
            Cell::number(mean(rows.iter().map(|row| row.prob_lesioned)), 4),
        ]);
    }
    table
}

/// Every masked prompt with its candidates.
fn sentences(
    prompts: &[PromptRow],
    predictions: &[PredictionRow],
    lesions: &[&[LesionRow]],
) -> Vec<Sentence> {
    let texts: BTreeMap<(usize, usize), &str> =
        prompts.iter().map(|row| ((row.prompt, row.position), row.sentence.as_str())).collect();
    let lesions: BTreeMap<(usize, usize), &[LesionRow]> =
        lesions.iter().map(|rows| ((rows[0].prompt, rows[0].position), *rows)).collect();
    let sentences = PredictionRow::by_prompt(predictions).map(|candidates| {
        let right = &candidates[0];
        let place = (right.prompt, right.position);
        let text = texts.get(&place).copied().unwrap_or_default();
        let (before, after) = text.split_once("[MASK]").unwrap_or((text, ""));
        let lesion = lesions.get(&place).copied().unwrap_or_default();
        let note = match lesion.first() {
            Some(row) => format!(
                "{} lesioned, margin drop {}",
                labelled_neurons(row.neurons, row.neuron_set.as_deref().unwrap_or_default()),
                fixed(row.margin_drop, 3)
            ),
            None => "not lesioned".to_owned(),
        };
        let candidates = candidates.iter().map(|row| {
            let lesioned = lesion.iter().find(|lesioned| lesioned.candidate == row.candidate);
            Candidate {
                word: row.candidate.clone(),
                is_right: row.candidate == row.target,
                clean: row.prob,
                lesioned: lesioned.map(|row| (row.prob_lesioned, row.logit_drop)),
            }
        });
        Sentence {
            before: before.to_owned(),
            after: after.to_owned(),
            target: right.target.clone(),
            note: format!("Prompt {}, position {}; {note}", right.prompt, right.position),
            candidates: candidates.collect(),
        }
    });
    sentences.collect()
}

/// The clean and the lesioned margin of a prompt's right word.
fn margins(candidates: &[LesionRow]) -> (f64, f64) {
    let others = candidates[1..].iter().map(|row| row.logit_clean);
    let clean = candidates[0].logit_clean - others.fold(f64::NEG_INFINITY, f64::max);
    (clean, clean - candidates[0].margin_drop)
}

fn lesions_figure(manifest: &Manifest, lesions: &[&[LesionRow]]) -> Result<Figure, ReportError> {
    let labels = manifest.labels();
    let size = mark_size(lesions.len());
    let right_point = |right: &LesionRow, place| {
        let look = label_look(labels, right.neuron_set.as_deref());
        Point::new(look.unwrap_or((Shape::Ring, ACTIVE)), place)
    };
    let svg = draw((WIDTH, 390), |root| {
        let mut keys = label_keys(labels.map(|label| format!("right word, label {label}")));
        keys.push(key(Shape::Cross, MUTED, "other candidate"));
        let areas = legend(root, &keys)?.split_evenly((1, 2));

        let frame =
            Frame { title: "Logits", x: "clean logit", y: "lesioned logit", ..Frame::default() };
        let logits = |row: &LesionRow| (row.logit_clean, row.logit_lesioned);
        let others = lesions.iter().flat_map(|rows| &rows[1..]);
        let mut points: Vec<Point> =
            others.map(|row| Point::new((Shape::Cross, MUTED), logits(row))).collect();
        points.extend(lesions.iter().map(|rows| right_point(&rows[0], logits(&rows[0]))));
        draw_scatter(&areas[0], &frame, size, &points)?;

        let frame = Frame {
            title: "Margins",
            x: &format!("clean margin ({})", manifest.study.score.unit()),
            y: "lesioned margin",
            ..Frame::default()
        };
        let points = lesions.iter().map(|rows| right_point(&rows[0], margins(rows)));
        draw_scatter(&areas[1], &frame, size, &points.collect::<Vec<Point>>())
    })?;
    let caption = format!(
        "All neurons of the right word\u{2019}s label in layer {} are 0 at {}. Logits \
         and margins below the line fall.",
        manifest.layer,
        manifest.prediction_place().token()
    );
    Ok(Figure { file: LESIONS, caption, svg })
}
