//! The settings and results of a study, each declared once.
//!
//! - [`Study`] holds every setting. One declaration gives its key in a study file, its default, its
//!   range, the option that overrides it, and its text in the help and the guide.
//! - [`tables`] holds a type for the rows of each table. The study writes it, the report reads it,
//!   and the guide describes its columns.
//! - [`Part`] lists the parts of the laboratory and the tables that each writes.
//! - [`Manifest`] records the settings, inputs and outputs of a run.
//! - [`Verdict`] is the conclusion on a claim from its controls; `verdicts.csv` has one for each.
//!
//! ```
//! use study_record::{Study, TTestKind};
//!
//! let mut study = Study::parse("my.toml", "[selection]\nalpha = 0.01\n")?;
//! study.set("selection.test", "welch")?;
//! assert_eq!(study.selection.test, Some(TTestKind::Welch));
//! let error = study.set("selection.alpha", "2").unwrap_err();
//! assert_eq!(error.to_string(), "`2` is not a significance level; use a number above 0 and below 1");
//! # Ok::<(), study_record::SettingError>(())
//! ```
//!
//! The crate knows no model, computes no statistics and does no I/O.

mod choice;
mod documented_keys;
mod figure_format;
mod gather_tables;
pub mod guide;
mod manifest;
mod part_tables;
mod predicted_at;
mod registration;
mod row;
mod row_claims;
mod row_summaries;
mod settings;
mod stimuli_counts;
mod sweep_record;
pub mod tables;
mod verdict;
mod warning;

pub use figure_format::FigureFormat;
pub use gather_tables::EffectUnit;
pub use manifest::{BUNDLED, Inputs, MANIFEST, Manifest, Origin, Seconds};
pub use part_tables::{
    Directness, FEWEST_TEMPLATES, Measured, Part, PatternKind, Range, ReadAt, Selector, SetChoice,
    SetKind,
};
pub use predicted_at::PredictedAt;
pub use registration::{Registration, RegistrationCheck};
pub use row::{RowProblem, TableError};
pub use row_summaries::{Accuracy, LesionSummary};
pub use settings::{
    BootstrapSettings, CausalSettings, ControlsSettings, DoseSettings, JointSettings,
    LesionSettings, OptionForm, Section, SelectionSettings, SelectorsSettings, Setting,
    SettingError, StabilitySettings, Study,
    choices::{
        Backend, Correction, Scope, ScoreUnit, SelectAt, SharedLayers, Site, Strength, TTestKind,
        ValuesFrom,
    },
    in_users_words,
    index_ranges::{IndexRanges, LayerGroups},
    sweep::{StudyFile, Sweep, SweepAxis, SweepTask},
    values::{
        Alpha, Count, FilePath, HeldOut, InvalidValue, LesionKind, SetRule, SettingValue, Share,
        Sizes, Tokens,
    },
};
pub use stimuli_counts::StimuliCounts;
pub use sweep_record::{SWEEP, SweepColumns, SweepRecord, SweepRow, SweepTaskRecord};
pub use verdict::{Evidence, LEVEL, Question, SETS_PER_CLAIM, Verdict, sets_needed, smallest_p};
pub use warning::{MOST_SHOWN, Warning, shown};
