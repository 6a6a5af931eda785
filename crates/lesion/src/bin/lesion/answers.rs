//! The answer of each command: text for a person or, with `--json`, one object for a script.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _, Write},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use clap_complete::Shell;
use lesion::{
    Evaluation, GatheredStudies, PromptsEvaluation, REPORT, RunSummary, ShareSummary, StudyPlan,
    WordList, WrittenPage, WrittenPaper, device_name, device_needs, devices,
};
use lesion_eval::LabelAccuracy;
use serde::Serialize;
use study_record::{
    Accuracy, Backend, LesionSummary, Part, Registration, ScoreUnit, Seconds, Study, Warning,
    tables::{
        DissociationRow, GatherEstimateRow, GatherRow, LesionRow, PredictionRow, ProfileRow,
        SelectionRow, VerdictRow,
    },
};
use study_report::{FinishedStudy, StudyFolder};

use crate::{
    args::completion_script,
    next_step,
    screen::{self, Download, plural},
    terminal::{printable, printable_json, shown_path, tell},
};

/// The answer of a command.
pub(crate) trait Answer {
    /// Writes the answer for a person. Colours are left out if `out` does not show them.
    fn text(&self, out: &mut impl Write) -> Result<()>;

    /// The object that `--json` writes. docs/json.md names every key.
    fn json(&self) -> Result<impl Serialize>;

    /// The command that a person may type next; none after an answer that is a list for other programs.
    fn next(&self) -> Option<String> {
        None
    }
}

/// The error of an answer that cannot be written.
pub(crate) const UNWRITTEN: &str = "cannot write to stdout";

/// Writes an answer to stdout. Nothing else is written there: what to type next goes to stderr.
pub(crate) fn give(answer: &impl Answer, json: bool) -> Result<()> {
    if json {
        let line = printable_json(&serde_json::to_string(&answer.json()?)?);
        return writeln!(io::stdout(), "{line}").context(UNWRITTEN);
    }
    let mut out = anstream::stdout().lock();
    answer.text(&mut out).map_err(name_stdout)?;
    out.flush().context(UNWRITTEN)?;
    drop(out);
    next_step::suggest(answer.next());
    Ok(())
}

/// Says of an error of the operating system that it is about stdout. An answer may also fail because a
/// file that it shows cannot be read.
fn name_stdout(error: anyhow::Error) -> anyhow::Error {
    if error.is::<io::Error>() { error.context(UNWRITTEN) } else { error }
}

/// A study that ran.
pub(crate) struct RunAnswer {
    pub(crate) summary: RunSummary,
    pub(crate) dir: PathBuf,
}

/// A share of a study that ended.
pub(crate) struct ShareAnswer {
    pub(crate) summary: ShareSummary,
    pub(crate) dir: PathBuf,
}

#[derive(Serialize)]
struct ShareJson {
    share: ShareFacts,
}

/// A number of batches in words.
fn batches(number: usize) -> String {
    if number == 1 { "1 batch".to_owned() } else { format!("{number} batches") }
}

#[derive(Serialize)]
struct ShareFacts {
    number: usize,
    count: usize,
    journal: String,
    computed: usize,
    finished: usize,
    left: Vec<Part>,
    study_finished: bool,
}

impl ShareAnswer {
    fn journal(&self) -> PathBuf {
        self.dir.join(&self.summary.journal)
    }
}

impl Answer for ShareAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        let ShareSummary { share, computed, finished, left, .. } = &self.summary;
        let (number, count) = (share.number(), share.count());
        if self.summary.is_study_finished {
            let dir = shown_path(&self.dir);
            writeln!(
                out,
                "The study in {dir} is finished; share {number} of {count} is not needed."
            )?;
            return Ok(());
        }
        let computed = batches(*computed);
        let journal = shown_path(&self.journal());
        writeln!(out, "Share {number} of {count} computed {computed} into {journal}.")?;
        if left.is_empty() {
            writeln!(
                out,
                "All {finished} batches are finished; the same command without --shard writes the results."
            )?;
        } else {
            let parts: Vec<&str> = left.iter().map(|part| part.name()).collect();
            writeln!(
                out,
                "Batches of other shares are missing in {}; the same command without --shard computes \
                 those that no share has computed, and writes the results.",
                parts.join(", ")
            )?;
        }
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        let ShareSummary { share, computed, finished, left, is_study_finished, .. } = &self.summary;
        Ok(ShareJson {
            share: ShareFacts {
                number: share.number(),
                count: share.count(),
                journal: self.journal().display().to_string(),
                computed: *computed,
                finished: *finished,
                left: left.clone(),
                study_finished: *is_study_finished,
            },
        })
    }
}

#[derive(Serialize)]
struct RunJson {
    files: BTreeMap<String, String>,
    report: String,
    layer: usize,
    selection: Vec<SelectionRow>,
    predictions: Vec<PredictionRow>,
    accuracy: Accuracy,
    lesion: LesionSummary,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Vec<ProfileRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dissociation: Option<Vec<DissociationRow>>,
    /// Every claim.
    verdicts: Vec<VerdictRow>,
    warnings: Vec<Warning>,
    notes: Vec<String>,
    seconds: Seconds,
}

impl Answer for RunAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        // The sections were written when they were final.
        writeln!(out, "\nThe tables are in {}.", shown_path(&self.dir))?;
        writeln!(out, "The report is {}.", shown_path(&self.dir.join(REPORT)))?;
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        let folder = StudyFolder(self.dir.clone());
        let study = FinishedStudy::read(&folder)?;
        let path = |name: &str| self.dir.join(name).display().to_string();
        let predictions: Vec<PredictionRow> = study.rows()?;
        let lesions: Vec<LesionRow> = study.rows()?;
        let mut selection: Vec<SelectionRow> = study.rows()?;
        selection.retain(|row| row.is_chosen_by(&study.manifest().study.selection));
        Ok(RunJson {
            files: self.summary.files.iter().map(|name| (name.clone(), path(name))).collect(),
            report: path(REPORT),
            layer: study.manifest().layer,
            selection,
            accuracy: Accuracy::of(&predictions),
            lesion: LesionSummary::of(&lesions),
            predictions,
            profile: study.rows_if_written()?,
            dissociation: study.rows_if_written()?,
            verdicts: study.rows()?,
            warnings: study.manifest().warnings.clone(),
            notes: study.manifest().notes.clone(),
            seconds: self.summary.seconds.clone(),
        })
    }

    fn next(&self) -> Option<String> {
        next_step::after_run(&self.dir)
    }
}

/// The result of `check`, if everything that it read is valid.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum CheckAnswer {
    /// Only the texts were read, because the model is not on this machine.
    #[serde(with = "download")]
    Absent(Download),
    /// The model was read too.
    Ready(Box<StudyPlan>),
}

/// Form of a download in JSON: `{"download": {..}}`.
mod download {
    use std::collections::BTreeMap;

    use serde::{Serialize as _, Serializer};

    use crate::screen::Download;

    pub(super) fn serialize<S: Serializer>(
        download: &Download,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        BTreeMap::from([("download", download)]).serialize(serializer)
    }
}

impl Answer for CheckAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        match self {
            Self::Absent(download) => screen::write_download(out, download)?,
            Self::Ready(plan) => screen::write_plan(out, plan)?,
        }
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        Ok(self)
    }

    fn next(&self) -> Option<String> {
        Some(next_step::typed_with("run"))
    }
}

#[derive(Serialize)]
struct EvaluationJson<'a> {
    model: &'a str,
    seed: u64,
    accuracy: Vec<AccuracyJson<'a>>,
}

#[derive(Serialize)]
struct AccuracyJson<'a> {
    kind: &'a str,
    #[serde(flatten)]
    accuracy: Accuracy,
}

impl Answer for Evaluation {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        Ok(screen::write_evaluation(out, self)?)
    }

    fn json(&self) -> Result<impl Serialize> {
        let accuracy =
            self.accuracy.iter().map(|&(kind, accuracy)| AccuracyJson { kind, accuracy }).collect();
        Ok(EvaluationJson { model: &self.model, seed: self.seed, accuracy })
    }

    fn next(&self) -> Option<String> {
        Some(next_step::reproduce(&self.model))
    }
}

#[derive(Serialize)]
struct PromptsEvaluationJson<'a> {
    model: &'a str,
    prompts: &'a str,
    score: ScoreUnit,
    seed: u64,
    labels: &'a [LabelAccuracy],
    warnings: &'a [Warning],
}

impl Answer for PromptsEvaluation {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        Ok(screen::write_prompts_evaluation(out, self)?)
    }

    fn json(&self) -> Result<impl Serialize> {
        let Self { model, prompts, score, seed, labels, warnings } = self;
        let (score, seed) = (*score, *seed);
        Ok(PromptsEvaluationJson { model, prompts, score, seed, labels, warnings })
    }

    fn next(&self) -> Option<String> {
        Some(next_step::command_line(&["lesion", "new", "my-study"]))
    }
}

/// A page that was written.
pub(crate) struct PageAnswer {
    pub(crate) page: WrittenPage,
}

#[derive(Serialize)]
struct PageJson<'a> {
    page: String,
    /// The figures of a study.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    figures: Vec<String>,
    changed: &'a [String],
}

impl Answer for PageAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        Ok(writeln!(out, "The report is {}.", shown_path(&self.page.path))?)
    }

    fn json(&self) -> Result<impl Serialize> {
        let WrittenPage { path, figures, changed } = &self.page;
        let figures = figures.iter().map(|figure| figure.display().to_string()).collect();
        Ok(PageJson { page: path.display().to_string(), figures, changed })
    }

    fn next(&self) -> Option<String> {
        let page = self.page.path.display().to_string();
        Some(format!("open {} in a browser", printable(&page)))
    }
}

#[derive(Serialize)]
struct GatherJson<'a> {
    page: String,
    files: Vec<String>,
    studies: Vec<String>,
    pooled: bool,
    summary: &'a str,
    cells: &'a [GatherRow],
    estimates: &'a [GatherEstimateRow],
    changed: &'a [String],
}

impl Answer for GatheredStudies {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        if !self.is_pooled {
            writeln!(out, "{}", printable(&self.summary))?;
        }
        for section in &self.sections {
            screen::write_section(out, section)?;
        }
        if let Some(dir) = self.files.first().and_then(|file| file.parent()) {
            writeln!(out, "\nThe tables are in {}.", shown_path(dir))?;
        }
        Ok(writeln!(out, "The page is {}.", shown_path(&self.page))?)
    }

    fn json(&self) -> Result<impl Serialize> {
        let names = |paths: &[PathBuf]| -> Vec<String> {
            paths.iter().map(|path| path.display().to_string()).collect()
        };
        Ok(GatherJson {
            page: self.page.display().to_string(),
            files: names(&self.files),
            studies: names(&self.studies),
            pooled: self.is_pooled,
            summary: &self.summary,
            cells: &self.cells,
            estimates: &self.estimates,
            changed: &self.changed,
        })
    }

    fn next(&self) -> Option<String> {
        let page = self.page.display().to_string();
        Some(format!("open {} in a browser", printable(&page)))
    }
}

#[derive(Serialize)]
struct PaperJson<'a> {
    files: Vec<String>,
    changed: &'a [String],
}

impl Answer for WrittenPaper {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        writeln!(out, "The files for a paper:")?;
        for file in &self.files {
            writeln!(out, "{}", file.display())?;
        }
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        let files = self.files.iter().map(|file| file.display().to_string()).collect();
        Ok(PaperJson { files, changed: &self.changed })
    }
}

/// A script that lets a shell complete command lines.
#[derive(Serialize)]
pub(crate) struct CompletionsAnswer {
    shell: String,
    script: String,
}

impl CompletionsAnswer {
    /// Generates the script.
    pub(crate) fn generate(shell: Shell) -> Self {
        Self { shell: shell.to_string(), script: completion_script(shell) }
    }
}

impl Answer for CompletionsAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        Ok(out.write_all(self.script.as_bytes())?)
    }

    fn json(&self) -> Result<impl Serialize> {
        Ok(self)
    }
}

/// The devices of each backend.
#[derive(Serialize)]
pub(crate) struct DevicesAnswer {
    backends: Vec<BackendDevices>,
}

/// The devices of a backend.
#[derive(Serialize)]
struct BackendDevices {
    backend: Backend,
    built_in: bool,
    devices: Vec<String>,
}

impl DevicesAnswer {
    /// Lists the devices of one backend, or of each.
    pub(crate) fn list(only: Option<Backend>) -> Self {
        let listed =
            Backend::ALL.iter().filter(|&&backend| only.is_none_or(|only| only == backend));
        let backends = listed.map(|&backend| {
            let devices = devices(backend);
            let names = devices.iter().flatten().map(device_name).collect();
            BackendDevices { backend, built_in: devices.is_some(), devices: names }
        });
        Self { backends: backends.collect() }
    }
}

impl Answer for DevicesAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        for BackendDevices { backend, built_in, devices } in &self.backends {
            if !built_in {
                writeln!(out, "{backend:8} not in this build")?;
            } else if devices.is_empty() {
                writeln!(out, "{backend:8} no device: it needs {}", device_needs(*backend))?;
            }
            for (number, device) in devices.iter().enumerate() {
                writeln!(out, "{backend:8} {number}  {}", printable(device))?;
            }
        }
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        Ok(self)
    }

    fn next(&self) -> Option<String> {
        let mut words = vec!["lesion", "reproduce"];
        let fastest = self.backends.iter().rev().find(|backend| !backend.devices.is_empty());
        match fastest {
            Some(BackendDevices { backend, .. }) if *backend != Study::default().backend => {
                words.extend(["--backend", backend.name()]);
            }
            _ => {}
        }
        Some(next_step::command_line(&words))
    }
}

/// Files to start a study from.
pub(crate) struct NewAnswer {
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Serialize)]
struct NewJson {
    files: Vec<String>,
}

impl Answer for NewAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        for path in &self.paths {
            writeln!(out, "Written: {}", printable(&path.display().to_string()))?;
        }
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        let files = self.paths.iter().map(|path| path.display().to_string()).collect();
        Ok(NewJson { files })
    }

    fn next(&self) -> Option<String> {
        let study = self.paths.last()?.display().to_string();
        Some(next_step::command_line(&["lesion", "check", &study]))
    }
}

/// The words of a model that fit a pattern, or all of them.
pub(crate) struct WordsAnswer {
    pub(crate) list: WordList,
    pub(crate) like: Option<String>,
}

#[derive(Serialize)]
struct WordsJson<'a> {
    model: &'a str,
    like: Option<&'a str>,
    words: &'a [String],
}

/// The most words on a terminal, where a list of thousands would hide everything else.
const MOST_WORDS: usize = 200;

impl Answer for WordsAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        let words = &self.list.words;
        let shown = if io::stdout().is_terminal() { MOST_WORDS } else { words.len() };
        for word in words.iter().take(shown) {
            writeln!(out, "{}", printable(word))?;
        }
        if words.len() > shown {
            writeln!(
                out,
                "... and {} more: `--like` narrows them, and a pipe or a file gets all",
                words.len() - shown
            )?;
        }
        if words.is_empty() {
            tell("No word of this model fits the pattern.");
        }
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        let WordList { model, words } = &self.list;
        Ok(WordsJson { model, like: self.like.as_deref(), words })
    }
}

/// The answer of `register`.
#[derive(Serialize)]
pub(crate) struct RegisterAnswer {
    pub(crate) path: PathBuf,
    pub(crate) sha256: String,
    pub(crate) registration: Registration,
}

impl Answer for RegisterAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        let Registration { claims, random_sets, .. } = &self.registration;
        writeln!(out, "The study is registered in {}.", shown_path(&self.path))?;
        writeln!(out, "SHA-256 of the registration: {}", self.sha256)?;
        writeln!(
            out,
            "It tests at most {} with {} of each kind. `lesion run` compares itself with this file.",
            plural(*claims, "claim"),
            plural(*random_sets, "random set")
        )?;
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        Ok(self)
    }

    fn next(&self) -> Option<String> {
        Some(next_step::typed_with("run"))
    }
}
