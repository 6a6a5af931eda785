//! Causal neuron lesions, in one sentence or in a whole study, from any front end.
//!
//! A [`Session`] keeps a model open for questions about single sentences:
//!
//! ```
//! use lesion::{Session, Stages};
//!
//! let mut stages = Stages::unwatched();
//! let bert = Session::open(None, &mut stages)?; // the bundled model; or a folder, or a name on the hub
//! let answer = bert.lesion("She thanked [MASK].", &["5:her".parse()?], &mut stages)?;
//! println!("{}", answer.masks[0].words[0].clean.word);
//! # assert_eq!(answer.masks[0].words[0].clean.word, "her");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The library opens a model from a folder, the hub, memory or the program itself. It takes a study
//! from a file or from values, and writes the results into a folder or into memory. A caller can
//! watch the progress of a run and cancel it. The program `lesion` is a thin command line on top.
//!
//! ```
//! use lesion::{Memory, RunOptions, Session, Stages, StudyTexts, TextInput};
//! use study_record::tables::DoseRow;
//! use study_report::FinishedStudy;
//!
//! let mut stages = Stages::unwatched();
//! let bert = Session::open(None, &mut stages)?;
//! let study = study_record::Study::parse("my.toml", "parts = [\"dose\"]\n[dose]\nsizes = [5]\n")?;
//! let lines = "We met {him|her}.\nI saw {him|her} again.\nThey thanked {him|her}.\n\
//!              Nobody knew {him|her} there.";
//! let pairs = TextInput::given("pairs", lines);
//! let prompts = TextInput::given("prompts", "The king smiled when we met {him|her}.");
//! let texts = StudyTexts::parse(pairs, prompts, None)?;
//!
//! let mut files = Memory::default();
//! bert.run(study, texts, RunOptions::default(), &mut files, &mut stages)?;
//! let doses: Vec<DoseRow> = FinishedStudy::read(&files)?.rows()?;
//! assert_eq!(doses[0].neuron_set, "him");
//! # Ok::<(), lesion::LesionError>(())
//! ```
//!
//! Other crates compute the results. This crate reads the inputs, keeps the journal and writes the
//! outputs. It prints nothing.

mod error;
mod importing;
mod inputs;
mod loading;
mod publishing;
mod questions;
mod running;
mod session;
mod sweeping;

pub use bert_model::MemoryFolder;
pub use error::LesionError;
pub use importing::{
    import_contrast::{ImportedContrast, PairsFormat},
    sentence_pair::{UnusedLine, UnusedReason},
    sentence_table::SentenceColumns,
};
pub use inputs::study_texts::{GivenTexts, StudyTexts, TextInput};
pub use loading::{
    device::{device, device_name, device_needs, devices},
    loaded_model::LoadedModel,
    model_name_error::ModelNameError,
    model_note::ModelNote,
    model_source::ModelSource,
};
pub use publishing::{
    figure_conversion::convert_figure,
    paper_files::{WrittenPaper, bibtex, latex_tables, methods, results, write_paper},
};
pub use questions::{
    evaluation::{Evaluation, evaluate},
    finished_studies::{WrittenPage, export_figures, report_again},
    gathered_studies::{GatheredStudies, gather},
    prompts_evaluation::{PromptsEvaluation, evaluate_prompts},
    word_list::{WordList, list_words},
    word_pattern::WordPattern,
};
pub use running::{
    check_study::{PlannedStep, StudyPlan, check},
    folder::create_folder,
    memory::Memory,
    place::{Identity, Place, REPORT, RunJournal},
    prepared_study::{PreparedStudy, RunOptions},
    registration_file::{read_registration, write_registration},
    run::{RunSummary, run},
    run_share::{ShareSummary, run_share},
    stages::Stages,
    starter::{STARTER_SETTINGS, StarterWords, write_starter},
    watch::{CancelToken, Note, Unwatched, Watch},
};
pub use session::{
    layer_neurons::{LayerNeurons, Neurons},
    open_session::Session,
    sentence_answers::{ActiveStimulus, EachAnswer, SentenceAnswer, ViewAnswer},
    sentence_json::{EachJson, SentenceJson, ViewJson},
    sentence_question::{DEFAULT_TOP, LesionRequest, SentenceQuestion},
    stimuli_responses::StimuliResponses,
};
pub use study_report::cite;
pub use sweeping::{
    check_sweep::{MissingModel, PlannedTask, SweepPlan, check_sweep},
    run_sweep::{SweepSummary, run_sweep, run_task},
    sweep_request::SweepRequest,
    sweep_results::{SweepFindings, write_sweep_again},
};
