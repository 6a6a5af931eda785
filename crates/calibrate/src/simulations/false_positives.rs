//! False positives: studies of models that know nothing.

use anyhow::Result;
use study_record::{LEVEL, Question};

use crate::{
    model_study::{ModelStudy, StudyOutcome},
    random_model::{RandomModel, WeightKind},
    random_texts::{draw_pairs, draw_prompts},
    rates::Rate,
    simulation_table::{SimulationTable, TableCell},
    simulations::simulation_scale::{Scale, for_each_seed, quick_study},
};

/// Pairs of stimuli.
const PAIRS: usize = 24;
/// Prompts of each label, each a template of its own.
const PROMPTS: usize = 12;

const KINDS: [(WeightKind, &str); 2] =
    [(WeightKind::UnequalGains, "unequal gains"), (WeightKind::Untrained, "untrained")];

/// The findings of one study.
struct Findings {
    /// For each kind of claim, true if one is shown.
    shown: [bool; SHOWN.len()],
    /// For each test, the number of p that are at most 0.05, and the number of p.
    small_p: [(usize, usize); TESTS.len()],
}

/// The names of [`Findings::shown`].
const SHOWN: [&str; 5] = [
    "any effect shown",
    "any dissociation shown",
    "any double dissociation shown",
    "any synergy shown",
    "anything shown",
];

/// The names of [`Findings::small_p`].
const TESTS: [&str; 5] = [
    "an effect's p against random sets of the layer",
    "an effect's p",
    "a difference's p, without that of the sum",
    "a dissociation's p",
    "a synergy's p",
];

impl Findings {
    fn of_study(study: &StudyOutcome) -> Self {
        let p_of = |question| study.about(question).map(|row| row.p).collect::<Vec<_>>();
        let [effect, dissociation, synergy] =
            [Question::Effect, Question::Dissociation, Question::Synergy]
                .map(|question| study.shows(question));
        let anything = effect || dissociation || synergy;
        Self {
            shown: [effect, dissociation, study.shows_double(), synergy, anything],
            small_p: [
                count_small(study.profile.iter().map(|row| row.p_random)),
                count_small(p_of(Question::Effect)),
                count_small(study.dissociations.iter().map(|row| row.p_difference)),
                count_small(p_of(Question::Dissociation)),
                count_small(p_of(Question::Synergy)),
            ],
        }
    }
}

/// Number of p that are at most 0.05, and number of p.
fn count_small(p: impl IntoIterator<Item = Option<f64>>) -> (usize, usize) {
    let p: Vec<f64> = p.into_iter().flatten().collect();
    (p.iter().filter(|&&p| p <= LEVEL).count(), p.len())
}

pub(crate) fn simulate(scale: &Scale) -> Result<SimulationTable> {
    let mut rows = Vec::new();
    for (purpose, (kind, name)) in (0..).zip(KINDS) {
        let studies = for_each_seed(scale, purpose, scale.models, |seed| run_study(kind, seed))?;
        for (test, &title) in SHOWN.iter().enumerate() {
            let rate = Rate::of(studies.iter().map(|study| study.shown[test]));
            rows.push(row(name, "study", title, TableCell::Rate(rate), rate));
        }
        for (test, &title) in TESTS.iter().enumerate() {
            let clusters: Vec<(usize, usize)> =
                studies.iter().map(|study| study.small_p[test]).collect();
            let rate = Rate::of_clusters(&clusters);
            let title = format!("{title} at most {LEVEL}, uncorrected");
            rows.push(row(name, "claim", &title, TableCell::ClusteredRate(rate), rate));
        }
    }
    Ok(SimulationTable {
        title: "False positives".to_owned(),
        notes: format!(
            "Whole studies of {} random models of each kind: {PAIRS} pairs, {PROMPTS} prompts per \
             label, default settings. Nothing should be found in more than 5 % of them. The interval \
             is Wilson's of 95 %; claims of one model depend on each other, so they have two standard \
             errors over models.",
            scale.models
        ),
        columns: vec!["models", "unit", "finding", "rate", "nominal", "at most nominal"],
        rows,
    })
}

fn row(models: &str, unit: &str, test: &str, cell: TableCell, rate: Rate) -> Vec<TableCell> {
    vec![
        TableCell::text(models),
        TableCell::text(unit),
        TableCell::text(test),
        cell,
        TableCell::Number(LEVEL, 2),
        TableCell::text(if rate.is_at_most(LEVEL) { "yes" } else { "no" }),
    ]
}

fn run_study(kind: WeightKind, seed: u64) -> Result<Findings> {
    let model = RandomModel::new(kind, seed)?;
    let study = quick_study(seed)?;
    let prepared = ModelStudy::new(model.subject(), &draw_pairs(PAIRS, seed), &study)?;
    let prompts = prepared.encode(&draw_prompts(PROMPTS, false, seed))?;
    Ok(Findings::of_study(&prepared.run(&study, &prompts, None)?))
}
