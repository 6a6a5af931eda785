//! The library below the program: studies from values, in memory, with progress and cancellation.

use std::{collections::BTreeMap, fs, path::Path};

use lesion::{
    CancelToken, LesionError, LesionRequest, LoadedModel, Memory, MemoryFolder, ModelSource, Note,
    PreparedStudy, RunOptions, SentenceQuestion, Session, Stages, StarterWords, StudyTexts,
    TextInput, Unwatched, Watch, create_folder, device, run,
};
use study_record::{Backend, Part, Study, tables::DoseRow};
use study_report::Section;
use tempfile::TempDir;

use crate::support::tables;

/// A study of a few hundred lesions.
const STUDY: &str = "[lesion]\nlayers = [5]\n[controls]\nnulls = 40\n\
                     [dose]\nlayers = [3, 5]\n[causal]\nlayers = [3, 5]\n";

fn texts() -> StudyTexts {
    let pairs = "We met {him|her}.\nI saw {him|her} again.\nThe dog bit {him|her} at noon.\n\
                 They thanked {him|her} for the help.\nNobody knew {him|her} there.\n";
    let pairs = TextInput::given("pairs", pairs);
    let prompts = "The king smiled when we met {him|her}.\nThe queen saw that we met {her|him}.\n";
    StudyTexts::parse(pairs, TextInput::given("prompts", prompts), None).unwrap()
}

fn open(source: &ModelSource, stages: &mut Stages<'_>) -> LoadedModel {
    LoadedModel::open(source, None, &device(Backend::Flex, 0).unwrap(), stages).unwrap()
}

fn prepare<'m>(
    model: &'m LoadedModel,
    stages: &mut Stages<'_>,
) -> Result<PreparedStudy<'m>, Box<LesionError>> {
    let study = Study::parse("study", STUDY).unwrap();
    Ok(PreparedStudy::new(model, study, texts(), RunOptions::default(), stages)?)
}

/// The tables of a study that runs in memory.
fn run_in_memory(source: &ModelSource) -> BTreeMap<String, Vec<u8>> {
    let mut watch = Unwatched;
    let mut stages = Stages::new(&mut watch, &CancelToken::default());
    let model = open(source, &mut stages);
    let mut memory = Memory::default();
    run(&prepare(&model, &mut stages).unwrap(), &mut memory, &mut stages).unwrap();
    let is_other =
        |name: &str| name.contains('/') || ["manifest.json", "report.html"].contains(&name);
    memory.into_iter().filter(|(name, _)| !is_other(name)).collect()
}

/// An observer that cancels a run at a step of a stage, and keeps notes and stages. Step 0 is the
/// beginning of the stage.
struct Canceller {
    token: CancelToken,
    at: (String, usize),
    /// The stages that began, each with its number of reported steps.
    stages: Vec<(String, usize)>,
    notes: Vec<Note>,
}

impl Canceller {
    fn reach(&self, step: usize) {
        if self.stages.last().is_some_and(|(stage, _)| *stage == self.at.0) && step >= self.at.1 {
            self.token.cancel();
        }
    }
}

impl Watch for Canceller {
    fn begin(&mut self, stage: &str) {
        self.stages.push((stage.to_owned(), 0));
        self.reach(0);
    }

    fn advance(&mut self, done: usize, _all: usize) {
        if let Some((_, steps)) = self.stages.last_mut() {
            *steps += 1;
        }
        self.reach(done);
    }

    fn note(&mut self, note: &Note) {
        self.notes.push(note.clone());
    }
}

/// An observer that keeps the sections of a run, each with the stages that began before it.
#[derive(Default)]
struct Reader {
    stages: Vec<String>,
    sections: Vec<(Section, Vec<String>)>,
}

impl Watch for Reader {
    fn begin(&mut self, stage: &str) {
        self.stages.push(stage.to_owned());
    }

    fn section(&mut self, section: &Section) {
        self.sections.push((section.clone(), self.stages.clone()));
    }
}

/// The blocks of sections that a screen shows.
fn on_screen<'a>(sections: impl Iterator<Item = &'a Section>) -> Vec<String> {
    sections.map(|section| format!("{} {:?}", section.id, section.on_screen())).collect()
}

#[test]
fn each_section_is_told_once_when_it_is_final() {
    for kind in ["zero", "resample"] {
        let mut reader = Reader::default();
        let mut memory = Memory::default();
        {
            let mut stages = Stages::new(&mut reader, &CancelToken::default());
            let model = open(&ModelSource::Bundled, &mut stages);
            let study =
                format!("[lesion]\nlayers = [5]\nkind = \"{kind}\"\n[controls]\nnulls = 20\n");
            let study = Study::parse("study", &study).unwrap();
            let options = RunOptions::default();
            let prepared =
                PreparedStudy::new(&model, study, texts(), options, &mut stages).unwrap();
            run(&prepared, &mut memory, &mut stages).unwrap();
        }
        let report = study_report::report(&study_report::FinishedStudy::read(&memory).unwrap());
        let expected = on_screen(report.unwrap().sections.iter());
        assert_eq!(on_screen(reader.sections.iter().map(|(section, _)| section)), expected);
        let last_stage = |id: &str| {
            let told = reader.sections.iter().find(|(section, _)| section.id == id).unwrap();
            told.1.last().unwrap().clone()
        };
        assert_eq!(last_stage("selection"), "reference");
        assert_eq!(last_stage("activations"), "diagnostics");
        assert_eq!(last_stage("lesion"), "lesion");
        assert_eq!(last_stage("controls"), reader.stages.last().unwrap().clone());
    }
}

/// A run that is cancelled at a step of a stage.
fn run_in_folder(
    dir: &Path,
    stage: &str,
    step: usize,
) -> (Result<(), Box<LesionError>>, Canceller) {
    let token = CancelToken::default();
    let at = (stage.to_owned(), step);
    let mut watch = Canceller { token: token.clone(), at, stages: Vec::new(), notes: Vec::new() };
    let result = run_study(dir, &mut Stages::new(&mut watch, &token));
    (result, watch)
}

fn run_study(dir: &Path, stages: &mut Stages<'_>) -> Result<(), Box<LesionError>> {
    let device = device(Backend::Flex, 0)?;
    let model = LoadedModel::open(&ModelSource::Bundled, None, &device, stages)?;
    let prepared = prepare(&model, stages)?;
    run(&prepared, &mut create_folder(dir)?, stages)?;
    Ok(())
}

#[test]
fn a_cancelled_run_resumes_and_writes_the_bytes_of_a_study_in_memory() {
    let expected = run_in_memory(&ModelSource::Bundled);
    let dir = TempDir::new().unwrap();
    let steps = [("activations", 1), ("controls", 1), ("controls", 150), ("dose", 1)];
    // More than half of these steps are in the second layer.
    for (stage, step) in steps.into_iter().chain([("dose", 300), ("causal", 600)]) {
        let (result, _) = run_in_folder(dir.path(), stage, step);
        assert!(result.unwrap_err().is_cancelled());
        assert!(!dir.path().join("manifest.json").exists());
    }
    let (result, watch) = run_in_folder(dir.path(), "none", 0);
    result.unwrap();
    let notes = watch.notes;
    assert!(matches!(notes[0], Note::Resumed { batches, .. } if batches > 2), "{notes:?}");
    // Texts in memory are not the bundled ones: that there are few prompts is a doubt.
    assert!(notes[1..].iter().all(|note| matches!(note, Note::Doubt(_))), "{notes:?}");
    assert_eq!(tables(dir.path()), expected);
}

#[test]
fn every_stage_can_be_cancelled_before_and_during_it() {
    let dir = TempDir::new().unwrap();
    let (result, watch) = run_in_folder(dir.path(), "none", 0);
    result.unwrap();
    let names: Vec<&str> = watch.stages.iter().map(|(stage, _)| &**stage).collect();
    let inputs = ["load", "hash", "encode"];
    let work = ["baseline", "activations", "selection", "reference", "diagnostics", "lesion"];
    let parts: Vec<&str> = Part::ALL.iter().map(|part| part.name()).collect();
    assert_eq!(names, [&inputs[..], &work, &parts].concat());
    for (number, &(ref stage, steps)) in watch.stages.iter().enumerate() {
        // Inputs are read in one piece, and zero lesions need no activations of other sentences.
        let is_one_step = [&inputs[..], &["reference"]].concat().contains(&&**stage);
        assert_eq!(steps == 0, is_one_step, "{stage}");
        for step in 0..=steps.min(1) {
            let dir = TempDir::new().unwrap();
            let (result, watch) = run_in_folder(dir.path(), stage, step);
            assert!(result.unwrap_err().is_cancelled(), "{stage}");
            // The stage ended, after the batches that were under way, and none followed.
            assert_eq!(watch.stages.len(), number + 1, "{stage}");
            assert_eq!(watch.stages[number].1 == 0, step == 0, "{stage}");
            assert!(!dir.path().join("manifest.json").exists());
        }
    }
}

#[test]
fn a_model_in_memory_has_the_results_of_the_bundled_model() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/models/bundled");
    let names = ["config.json", "tokenizer.json", "model.safetensors"];
    let read = |name: &str| fs::read(Path::new(folder).join(name)).unwrap().into();
    let files = names.map(|name| (name.to_owned(), read(name))).into();
    let files = MemoryFolder { name: "from memory".to_owned(), files };
    let expected = run_in_memory(&ModelSource::Bundled);
    assert_eq!(run_in_memory(&ModelSource::Memory(files)), expected);
    assert_eq!(run_in_memory(&ModelSource::Folder(folder.into())), expected);
}

#[test]
fn rows_are_read_from_memory() {
    let mut watch = Unwatched;
    let mut stages = Stages::new(&mut watch, &CancelToken::default());
    let model = open(&ModelSource::Bundled, &mut stages);
    let mut memory = Memory::default();
    let finished = run(&prepare(&model, &mut stages).unwrap(), &mut memory, &mut stages).unwrap();
    assert!(finished.files.contains(&"dose.csv".to_owned()));
    let study = study_report::FinishedStudy::read(&memory).unwrap();
    let doses: Vec<DoseRow> = study.rows().unwrap();
    assert_eq!(study.manifest().label_a, doses[0].neuron_set);
    assert!(study.changed().is_empty());
    assert!(memory.contains_key("report.html"));
}

#[test]
fn a_cloud_grows_in_parts_beside_the_lesion_of_a_prediction() {
    let mut stages = Stages::unwatched();
    let session = Session::open(None, &mut stages).unwrap();
    let ask = |neurons: &str| {
        let lesion = LesionRequest::zero(vec![neurons.parse().unwrap()]);
        SentenceQuestion::new("The king smiled when we met [MASK].")
            .with_candidates(&["him", "her"])
            .with_lesion(lesion)
    };
    let question = ask("4:0-99");
    let words = session.predict(&question, &mut stages).unwrap().masks.remove(0).words;
    let [him, her] = [0, 1].map(|word| words[word].logit_drop().unwrap());
    let mut cloud = session.cloud(&question, (12, 0), &mut stages).unwrap();
    assert!((cloud.drops().margin - (him - her)).abs() < 1e-4);
    assert_eq!(cloud.groups().each_ref().map(|group| cloud.p(group)), [None, None]);
    assert!(!session.extend_cloud(&mut cloud, 5, &mut stages).unwrap());
    assert!(session.extend_cloud(&mut cloud, 20, &mut stages).unwrap());
    let mut at_once = session.cloud(&question, (12, 0), &mut stages).unwrap();
    session.extend_cloud(&mut at_once, 12, &mut stages).unwrap();
    for (group, other) in cloud.groups().iter().zip(at_once.groups()) {
        assert_eq!((group.drops().len(), other.drops().len()), (12, 12));
        for (drops, other) in group.drops().iter().zip(other.drops()) {
            assert!((drops.margin - other.margin).abs() < 1e-4);
        }
        let p = cloud.p(group).unwrap();
        assert!((1.0 / 13.0..=1.0).contains(&p), "{p}");
    }
    // There is no other set of the size of a whole layer.
    let whole = session.cloud(&ask("4:all"), (12, 0), &mut stages).unwrap();
    assert!(whole.groups().iter().all(|group| group.count() == 0));
}

#[test]
fn labels_refer_to_the_stimuli_that_the_model_responded_to_last() {
    let mut stages = Stages::unwatched();
    let session = Session::open(None, &mut stages).unwrap();
    let mut study = Study::default();
    study.set("selection.at", "masked").unwrap();
    let starter: StarterWords = "is,are".parse().unwrap();
    let [pairs, _] = starter.texts();
    let pairs = TextInput::given("pairs", pairs);
    let responses = session.respond_to(Some(&pairs), &study, &mut stages).unwrap();
    assert_eq!([&responses.selection.contrast.a, &responses.selection.contrast.b], ["is", "are"]);
    assert_eq!(responses.sentences[0].len(), responses.activations.sentences()[0]);
    let request = |label: &str| LesionRequest::zero(vec![format!("all:{label}").parse().unwrap()]);
    assert_eq!(session.resolve(&request("are"), &mut stages).unwrap().layers.len(), 6);
    let error = session.resolve(&request("her"), &mut stages).unwrap_err();
    assert!(format!("{error:?}").contains("NoSetOfLabel"), "{error:?}");
}
