//! The answer of `lesion import`: the files of a study, and the lines that could not be used.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf, absolute},
};

use anyhow::{Context as _, Result};
use lesion::{ImportedContrast, ModelSource, Stages, TextInput};
use serde::Serialize;
use study_record::{FilePath, ScoreUnit};

use crate::{
    answers::Answer,
    args::ImportArgs,
    next_step,
    run_inputs::{open_model, use_threads},
    screen::plural,
    terminal::printable,
};

/// An imported list of minimal pairs.
pub(crate) struct ImportAnswer {
    imported: ImportedContrast,
    /// The model that read the words; none if no model did.
    model: Option<String>,
    score: ScoreUnit,
    paths: Vec<PathBuf>,
}

#[derive(Serialize)]
struct ImportJson<'a> {
    files: Vec<String>,
    labels: &'a [String; 2],
    model: Option<&'a str>,
    used: usize,
    stimuli: usize,
    prompts: &'a BTreeMap<String, usize>,
    unused: Vec<UnusedJson>,
}

#[derive(Serialize)]
struct UnusedJson {
    line: usize,
    reason: String,
}

impl ImportAnswer {
    /// Reads the list and writes the files.
    pub(crate) fn import(args: &ImportArgs, stages: &mut Stages<'_>) -> Result<Self> {
        let format = args.format()?;
        let dir = args.folder()?;
        let input = TextInput::read(&args.file)?;
        let study = args.model.study()?;
        let score = args.score.study()?.score;
        let mut model = None;
        let mut setting = None;
        // Without the option, words are not compared with those of the bundled model.
        if args.model.find_override(|_| true).is_some() {
            use_threads(None)?;
            model = Some(open_model(&study, 0, stages)?);
            setting = model_setting(study.model.as_ref())?;
        }
        let imported = ImportedContrast::read(&input, &format, model.as_ref(), score, args.seed)?;
        let paths = imported.write(&dir, setting, args.force)?;
        let model = model.map(|model| model.name().to_owned());
        Ok(Self { imported, model, score, paths })
    }

    fn unused(&self) -> impl Iterator<Item = UnusedJson> {
        self.imported
            .unused
            .iter()
            .map(|unused| UnusedJson { line: unused.line, reason: unused.shown_reason() })
    }
}

/// The setting of a model for a study file in any folder.
fn model_setting(name: Option<&FilePath>) -> Result<Option<FilePath>> {
    let source = ModelSource::named(name, Path::new(""))?;
    match source {
        ModelSource::Folder(path) => {
            let path =
                absolute(&path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(Some(FilePath(path)))
        }
        source => Ok(source.setting()),
    }
}

impl Answer for ImportAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        let ImportedContrast { labels, halves, prompts, unused, .. } = &self.imported;
        if !unused.is_empty() {
            writeln!(out, "Not used:")?;
        }
        for UnusedJson { line, reason } in self.unused() {
            writeln!(out, "  line {line}: {}", printable(&reason))?;
        }
        for path in &self.paths {
            writeln!(out, "Written: {}", printable(&path.display().to_string()))?;
        }
        let [used, total] = [halves[0] + halves[1], halves[0] + halves[1] + unused.len()];
        let names = labels.each_ref().map(|label| printable(label));
        let counts: Vec<String> =
            prompts.iter().map(|(label, count)| format!("{count} {}", printable(label))).collect();
        writeln!(
            out,
            "{used} of {total} lines are used, with the labels {} and {}: {} for the selection, and {} \
             ({}).",
            names[0],
            names[1],
            plural(halves[0], "pair"),
            plural(halves[1], "prompt"),
            counts.join(", "),
        )?;
        if self.model.is_none() && self.score == ScoreUnit::Word {
            writeln!(
                out,
                "No model has read the words; with --model, those that are several tokens are left out."
            )?;
        }
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        let ImportedContrast { labels, halves, prompts, .. } = &self.imported;
        Ok(ImportJson {
            files: self.paths.iter().map(|path| path.display().to_string()).collect(),
            labels,
            model: self.model.as_deref(),
            used: halves[0] + halves[1],
            stimuli: halves[0],
            prompts,
            unused: self.unused().collect(),
        })
    }

    fn next(&self) -> Option<String> {
        let study = self.paths.last()?.display().to_string();
        Some(next_step::command_line(&["lesion", "check", &study]))
    }
}
