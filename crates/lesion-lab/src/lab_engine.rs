//! The engine that answers the page's questions.

use std::{borrow::Cow, sync::Arc};

use bert_model::MemoryFolder;
use lesion::{EachJson, Memory, SentenceJson, Session, StimuliResponses};
use lesion_eval::RandomCloud;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    answer_json::{Columns, json},
    choice_answers::choose,
    cloud_part::CloudPart,
    contrast_answers::{self, SelectionSummary},
    lab_question::{AskedCloud, AskedSentence, LabQuestion},
    model_answers,
    neuron_card::NeuronCard,
    one_line::Problem,
    page_watch::PageWatch,
    panic_line::report_panics,
    study_answers,
};

/// Random sets of each kind in a cloud by default.
const CLOUD_SETS: usize = 100;

/// The engine: a model, the neurons that were selected, a cloud of random sets, and a study.
#[wasm_bindgen]
#[derive(Default)]
pub struct Engine {
    session: Option<Session>,
    cloud: Option<RandomCloud>,
    study: Option<Memory>,
    /// Files for the next question.
    files: Memory,
    columns: Columns,
}

#[wasm_bindgen]
impl Engine {
    /// An engine without a model.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        report_panics();
        Self::default()
    }

    /// Adds a file to those that the next question opens.
    #[wasm_bindgen(js_name = addFile)]
    pub fn add_file(&mut self, name: String, bytes: Vec<u8>) {
        self.files.insert(name, bytes);
    }

    /// Answers a question. Question and answer are JSON.
    ///
    /// # Errors
    /// If there is no answer: the error, also in JSON, has its line as `message`.
    pub fn ask(&mut self, question: &str) -> Result<String, String> {
        let files = std::mem::take(&mut self.files);
        self.columns.clear();
        match self.answer(question, files) {
            Ok(answer) => Ok(answer),
            Err(problem) => Err(serde_json::to_string(&problem).unwrap_or_default()),
        }
    }

    /// Takes a long list of numbers of the last answer.
    #[wasm_bindgen(js_name = takeColumn)]
    #[must_use]
    pub fn take_column(&mut self, name: &str) -> Vec<f32> {
        self.columns.remove(name).unwrap_or_default()
    }

    /// The bytes of a file of the study that was last run or opened; empty if there is no such file.
    #[wasm_bindgen(js_name = studyFile)]
    #[must_use]
    pub fn study_file(&self, file: &str) -> Vec<u8> {
        self.study.as_ref().and_then(|study| study.get(file)).cloned().unwrap_or_default()
    }
}

impl Engine {
    fn answer(&mut self, question: &str, files: Memory) -> Result<String, Problem> {
        match serde_json::from_str(question)? {
            LabQuestion::LoadFiles { name } => self.load(name, files),
            LabQuestion::MemoryNeeded { sizes } => {
                json(&model_answers::memory_needed(&files, &sizes)?)
            }
            LabQuestion::Examples => json(&contrast_answers::examples()?),
            LabQuestion::Settings => json(&contrast_answers::settings()),
            LabQuestion::Tokens { sentence } => {
                json(&model_answers::tokens(self.session()?, &sentence)?)
            }
            LabQuestion::Predict(asked) => self.predict(&asked),
            LabQuestion::Each(asked) => self.each(&asked),
            LabQuestion::Cloud(asked) => self.begin_cloud(&asked),
            LabQuestion::ExtendCloud { sets } => self.extend_cloud(sets),
            LabQuestion::Parse(asked) => json(&contrast_answers::parse(self.session()?, &asked)?),
            LabQuestion::Select(asked) => json(&SelectionSummary::select(self.session()?, &asked)?),
            LabQuestion::Layer { layer } => {
                let responses = self.responses()?;
                json(&contrast_answers::layer(&responses.selection, layer, &mut self.columns)?)
            }
            LabQuestion::Choose(choice) => json(&choose(self.session()?, &choice)?),
            LabQuestion::Neuron(asked) => {
                let responses = self.responses()?;
                let session = self.session.as_ref().ok_or_else(no_model)?;
                NeuronCard::json(session, &responses, &asked, &mut self.columns)
            }
            LabQuestion::Run(asked) => {
                let study = study_answers::run(self.session()?, &asked)?;
                self.keep_study(study)
            }
            LabQuestion::OpenStudy => self.keep_study(files),
            LabQuestion::Table { file } => json(&study_answers::table(self.study.as_ref(), &file)?),
            LabQuestion::ExportStudy(asked) => {
                json(&study_answers::export(self.session()?, &asked)?)
            }
        }
    }

    fn session(&self) -> Result<&Session, Problem> {
        self.session.as_ref().ok_or_else(no_model)
    }

    fn responses(&self) -> Result<Arc<StimuliResponses>, Problem> {
        Ok(self.session()?.responses(&mut PageWatch::default().stages())?)
    }

    /// Opens a model, which replaces the one before.
    fn load(&mut self, name: String, files: Memory) -> Result<String, Problem> {
        self.session = None;
        self.cloud = None;
        let files = files.into_iter().map(|(name, bytes)| (name, Cow::Owned(bytes))).collect();
        let session = model_answers::open(MemoryFolder { name, files })?;
        let info = json(&model_answers::describe(&session))?;
        self.session = Some(session);
        Ok(info)
    }

    fn predict(&self, asked: &AskedSentence) -> Result<String, Problem> {
        let mut watch = PageWatch::default();
        let answer = self.session()?.predict(&asked.question()?, &mut watch.stages())?;
        json(&SentenceJson::new(&answer, None, None))
    }

    fn each(&self, asked: &AskedSentence) -> Result<String, Problem> {
        let mut watch = PageWatch::default();
        let answer = self.session()?.each(&asked.question()?, &mut watch.stages())?;
        json(&serde_json::to_value(EachJson::new(&answer))?["masks"])
    }

    fn begin_cloud(&mut self, asked: &AskedCloud) -> Result<String, Problem> {
        self.cloud = None;
        let question = asked.sentence.question()?;
        let sets = (asked.sets.unwrap_or(CLOUD_SETS), asked.seed);
        let mut watch = PageWatch::default();
        let cloud = self.session()?.cloud(&question, sets, &mut watch.stages())?;
        let part = json(&CloudPart::new(&cloud, &mut self.columns))?;
        self.cloud = Some(cloud);
        Ok(part)
    }

    fn extend_cloud(&mut self, sets: usize) -> Result<String, Problem> {
        let session = self.session.as_ref().ok_or_else(no_model)?;
        let Some(cloud) = &mut self.cloud else {
            return Err(Problem::line("there is no cloud to extend"));
        };
        session.extend_cloud(cloud, sets, &mut PageWatch::default().stages())?;
        json(&CloudPart::new(cloud, &mut self.columns))
    }

    /// Keeps the files of a finished study, and describes it.
    fn keep_study(&mut self, files: Memory) -> Result<String, Problem> {
        let described = json(&study_answers::describe(&files)?)?;
        self.study = Some(files);
        Ok(described)
    }
}

fn no_model() -> Problem {
    Problem::line("no model is open; load one first")
}
