//! Answers about whole studies: run, opened, read and written.

use std::collections::BTreeMap;

use lesion::{LesionRequest, Memory, RunOptions, Session, StudyTexts};
use lesion_eval::{NeuronSetEntry, NeuronSetFile};
use serde::Serialize;
use serde_json::Value;
use study_record::{
    FilePath, Seconds,
    tables::{Column, ColumnKind, Table, all},
};
use study_report::{FinishedStudy, StudyFiles as _};

use crate::{
    lab_question::{AskedExport, AskedStudy, read_neurons},
    one_line::Problem,
    page_watch::PageWatch,
};

/// Runs a study in memory.
pub(crate) fn run(session: &Session, asked: &AskedStudy) -> Result<Memory, Problem> {
    let study = asked.study()?;
    let texts = StudyTexts::read_given(&study, asked.given())?;
    let mut files = Memory::default();
    let mut watch = PageWatch::default();
    session.run(study, texts, RunOptions::default(), &mut files, &mut watch.stages())?;
    Ok(files)
}

#[derive(Serialize)]
pub(crate) struct StudyInfo {
    labels: [String; 2],
    model: String,
    summary: String,
    warnings: Vec<String>,
    page: String,
    figures: Vec<StudyFigure>,
    tables: Vec<TableInfo>,
    files: Vec<String>,
    seconds: Seconds,
    study: String,
}

#[derive(Serialize)]
struct StudyFigure {
    name: &'static str,
    svg: String,
}

#[derive(Serialize)]
struct TableInfo {
    file: &'static str,
    row: &'static str,
    rows: usize,
}

/// Describes the files of a finished study.
pub(crate) fn describe(files: &Memory) -> Result<StudyInfo, Problem> {
    let finished = FinishedStudy::read(files)?;
    let manifest = finished.manifest();
    let report = study_report::report(&finished)?;
    let mut warnings: Vec<String> = manifest.warnings.iter().map(ToString::to_string).collect();
    warnings.extend(finished.changed().iter().cloned());
    let written = all().into_iter().filter(|table| manifest.outputs.contains_key(table.file));
    let mut tables = Vec::new();
    for table in written {
        tables.push(TableInfo {
            file: table.file,
            row: table.row,
            rows: read_rows(files, &table)?.len(),
        });
    }
    let figures = report.figures.into_iter().map(|(name, svg)| StudyFigure { name, svg });
    Ok(StudyInfo {
        labels: [manifest.label_a.clone(), manifest.label_b.clone()],
        model: manifest.inputs.model.source.clone(),
        summary: report.lead,
        warnings,
        page: report.html,
        figures: figures.collect(),
        tables,
        files: files.keys().cloned().collect(),
        seconds: manifest.seconds.clone(),
        study: toml::to_string(&manifest.study)?,
    })
}

#[derive(Serialize)]
pub(crate) struct StudyTable {
    file: &'static str,
    row: &'static str,
    columns: Vec<TableColumn>,
    rows: Vec<Vec<Value>>,
}

#[derive(Serialize)]
struct TableColumn {
    name: &'static str,
    text: String,
    kind: &'static str,
}

/// A table of a study.
pub(crate) fn table(study: Option<&Memory>, file: &str) -> Result<StudyTable, Problem> {
    let Some(files) = study else { return Err(Problem::line("no study was run or opened")) };
    let Some(table) = all().into_iter().find(|table| table.file == file) else {
        return Err(Problem::line(format!("`{file}` is not a table of a study")));
    };
    let columns = table.columns.iter().map(|column| TableColumn {
        name: column.name,
        text: column.text(),
        kind: kind_name(column),
    });
    Ok(StudyTable {
        file: table.file,
        row: table.row,
        columns: columns.collect(),
        rows: read_rows(files, &table)?,
    })
}

fn kind_name(column: &Column) -> &'static str {
    match column.kind() {
        ColumnKind::Flag => "flag",
        ColumnKind::Integer => "integer",
        ColumnKind::Number => "number",
        ColumnKind::Text => "text",
    }
}

/// The rows of a table. A cell that is empty or no finite number is `null`.
fn read_rows(files: &Memory, table: &Table) -> Result<Vec<Vec<Value>>, Problem> {
    let Ok(file) = files.open(table.file) else {
        return Err(Problem::line(format!("{}: the file is missing", table.file)));
    };
    let mut rows = Vec::new();
    for record in csv::Reader::from_reader(file).records() {
        let record = record?;
        let cells = record.iter().zip(table.columns);
        rows.push(cells.map(|(cell, column)| cell_value(cell, column.kind())).collect());
    }
    Ok(rows)
}

fn cell_value(cell: &str, kind: ColumnKind) -> Value {
    match kind {
        _ if cell.is_empty() => Value::Null,
        ColumnKind::Flag => (cell == "true").into(),
        ColumnKind::Integer => cell.parse::<i64>().map_or(Value::Null, Value::from),
        ColumnKind::Number => cell.parse::<f64>().map_or(Value::Null, Value::from),
        ColumnKind::Text => cell.into(),
    }
}

#[derive(Serialize)]
pub(crate) struct TextFile {
    name: &'static str,
    text: String,
}

/// Names of the files of a study that is written.
const STUDY: &str = "study.toml";
const PAIRS_FILE: &str = "pairs.txt";
const PROMPTS_FILE: &str = "prompts.txt";
const SETS_FILE: &str = "neuron_sets.json";

/// The files of a study for `lesion run study.toml`, with the neurons of a lesion, if one is given.
pub(crate) fn export(session: &Session, asked: &AskedExport) -> Result<Vec<TextFile>, Problem> {
    let mut study = asked.study.study()?;
    let mut files = Vec::new();
    let texts = [
        (&mut study.stimuli, PAIRS_FILE, &asked.study.texts.pairs),
        (&mut study.prompts, PROMPTS_FILE, &asked.study.texts.prompts),
    ];
    for (path, name, text) in texts {
        if !text.trim().is_empty() {
            *path = Some(FilePath(name.into()));
            files.push(TextFile { name, text: text.clone() });
        }
    }
    if let Some(lesion) = &asked.lesion {
        for (key, text) in lesion.settings() {
            study.set(key, text)?;
        }
        let sets = lesioned_sets(session, &lesion.neurons)?;
        study.lesion.neurons = Some(FilePath(SETS_FILE.into()));
        files.push(TextFile { name: SETS_FILE, text: serde_json::to_string(&sets)? });
    }
    files.push(TextFile { name: STUDY, text: toml::to_string(&study)? });
    Ok(files)
}

/// The selected neurons, of which the lesioned ones of each label are lesioned; lesioned neurons without a
/// label count for the first label.
fn lesioned_sets(session: &Session, neurons: &[String]) -> Result<NeuronSetFile, Problem> {
    let mut watch = PageWatch::default();
    let selected = session.responses(&mut watch.stages())?;
    let request = LesionRequest::zero(read_neurons(neurons)?);
    let lesion = session.resolve(&request, &mut watch.stages())?;
    let lesioned: BTreeMap<usize, Vec<usize>> =
        lesion.layers.iter().map(|(layer, neurons)| (*layer, neurons.to_vec())).collect();
    let selection = &selected.selection;
    let [a, b] = [&selection.contrast.a, &selection.contrast.b];
    let mut sets = Vec::new();
    for layer in 0..selection.layers {
        let neurons = lesioned.get(&layer).cloned().unwrap_or_default();
        let labelled = selection.set(layer, b);
        let (of_b, of_a) = neurons.into_iter().partition(|neuron| labelled.contains(neuron));
        for (label, lesioned) in [(a, of_a), (b, of_b)] {
            let neurons: Vec<usize> = selection.set(layer, label);
            sets.push(NeuronSetEntry {
                layer,
                label: label.clone(),
                neurons,
                lesioned: Some(lesioned),
            });
        }
    }
    Ok(NeuronSetFile { sets })
}
