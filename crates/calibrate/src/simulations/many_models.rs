//! The coverage of intervals over models, in worlds with known effects.
//!
//! Each world is some studies of one layer and one label, as tables in memory. They take the path of `lesion
//! gather`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use study_record::{
    EffectUnit, LEVEL, MANIFEST, ScoreUnit, SetChoice, Study,
    tables::{GatherRow, PredictionRow, ProfileRow, PromptControlRow, PromptRow, Row, encode},
};
use study_report::{FinishedStudy, Gathering, hash};

use crate::{
    random_model::draw_normal,
    rates::Rate,
    simulation_table::{SimulationTable, TableCell},
    simulations::simulation_scale::{Scale, for_each_seed},
};

/// Numbers of models.
const MODELS: [usize; 4] = [3, 5, 10, 25];
/// Simulated worlds for each model that is asked for.
const WORLDS_PER_MODEL: usize = 5;

/// A kind of world. Standard deviations are in logits.
#[derive(Clone, Copy)]
struct World {
    name: &'static str,
    /// The mean effect over all models.
    mean: f64,
    /// Standard deviation of the effect between models.
    between: f64,
    /// Standard deviation of a template's effect that all models share.
    shared: f64,
    /// Number of templates, each with one prompt.
    templates: usize,
}

/// Standard deviation of a template's effect in one model.
const TEMPLATE_SD: f64 = 0.5;
/// Standard deviation of the effects of random sets.
const SET_SD: f64 = 0.3;
/// Random sets of each study.
const SETS: usize = 50;
/// The margin without a lesion.
const MARGIN: f64 = 4.0;

const WORLDS: [World; 6] = [
    World { name: "no effect", mean: 0.0, between: 0.0, shared: 0.0, templates: 24 },
    World {
        name: "no effect on average, sd 0.3",
        mean: 0.0,
        between: 0.3,
        shared: 0.0,
        templates: 24,
    },
    World { name: "the same effect", mean: 0.5, between: 0.0, shared: 0.0, templates: 24 },
    World { name: "sd 0.3", mean: 0.5, between: 0.3, shared: 0.0, templates: 24 },
    World { name: "sd 0.3, 8 templates", mean: 0.5, between: 0.3, shared: 0.0, templates: 8 },
    World {
        name: "sd 0.3, shared templates sd 0.5",
        mean: 0.5,
        between: 0.3,
        shared: 0.5,
        templates: 24,
    },
];

/// The result in one world.
#[expect(clippy::struct_excessive_bools, reason = "each is a rate of its own")]
struct Outcome {
    /// The interval contains the mean effect.
    is_mean_covered: bool,
    /// The prediction interval contains the effect in the next model.
    is_next_covered: bool,
    /// The interval of the crossed random effects contains the mean effect.
    is_crossed_covered: bool,
    /// The mean effect is shown.
    is_shown: bool,
}

pub(crate) fn simulate(scale: &Scale) -> Result<SimulationTable> {
    let worlds = scale.models * WORLDS_PER_MODEL;
    let mut rows = Vec::new();
    let mut purpose = 70;
    for world in WORLDS {
        for models in MODELS {
            let outcomes =
                for_each_seed(scale, purpose, worlds, |seed| gather_world(world, models, seed))?;
            purpose += 1;
            let rate = |is_hit: fn(&Outcome) -> bool| {
                TableCell::Rate(Rate::of(outcomes.iter().map(is_hit)))
            };
            rows.push(vec![
                TableCell::text(world.name),
                TableCell::Count(models),
                rate(|outcome| outcome.is_mean_covered),
                rate(|outcome| outcome.is_next_covered),
                rate(|outcome| outcome.is_crossed_covered),
                rate(|outcome| outcome.is_shown),
            ]);
        }
    }
    Ok(SimulationTable {
        title: "Effects over many models".to_owned(),
        notes: format!(
            "{worlds} worlds per row, gathered as `lesion gather` does: how often the 95 % intervals \
             contain the truth, and how often the mean effect is shown."
        ),
        columns: vec!["world", "models", "interval", "next model", "crossed interval", "shown"],
        rows,
    })
}

fn gather_world(world: World, models: usize, seed: u64) -> Result<Outcome> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = || f64::from(draw_normal(&mut rng));
    let shared: Vec<f64> = (0..world.templates).map(|_| world.shared * normal()).collect();
    let mut gathering = Gathering::default();
    for model in 0..models {
        let effect = world.mean + world.between * normal();
        let files = write_study(model, effect, &shared, &mut normal)?;
        gathering.add(&model.to_string(), &FinishedStudy::read(&files)?)?;
    }
    let next = world.mean + world.between * normal();
    let pooled = gathering.pool()?;
    let row = pooled.rows().iter().find(|row| row.unit == EffectUnit::Logits);
    let row = row.context("the cell is not pooled")?;
    let contains = |(low, high): (f64, f64), value: f64| low <= value && value <= high;
    let is_crossed = |row: &GatherRow| {
        let crossed = row.crossed_low.zip(row.crossed_high);
        crossed.is_some_and(|ends| contains(ends, world.mean))
    };
    Ok(Outcome {
        is_mean_covered: contains(row.interval(), world.mean),
        is_next_covered: row.prediction().is_some_and(|ends| contains(ends, next)),
        is_crossed_covered: is_crossed(row),
        is_shown: row.p_corrected <= LEVEL,
    })
}

/// The files of a study of one layer, whose neurons have an effect in the prompts of their label.
fn write_study(
    model: usize,
    effect: f64,
    shared: &[f64],
    normal: &mut impl FnMut() -> f64,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let sets: Vec<f64> = (0..SETS).map(|_| SET_SD * normal()).collect();
    let set_mean = sets.iter().sum::<f64>() / SETS as f64;
    let squares: f64 = sets.iter().map(|drop| (drop - set_mean).powi(2)).sum();
    let set_sd = (squares / (SETS as f64 - 1.0)).sqrt();
    let mut prompts = Vec::new();
    let mut predictions = Vec::new();
    let mut controls = Vec::new();
    for (prompt, easy) in shared.iter().enumerate() {
        prompts.push(prompt_row(prompt));
        let margin = MARGIN + normal();
        predictions.push(prediction_row(prompt, "him", margin));
        predictions.push(prediction_row(prompt, "her", 0.0));
        let drop = effect + easy + TEMPLATE_SD * normal();
        controls.push(control_row(prompt, drop, set_mean));
    }
    let mut files = BTreeMap::new();
    let mut outputs = BTreeMap::new();
    for (file, bytes) in [
        table(prompts)?,
        table(predictions)?,
        table(controls)?,
        table(vec![profile_row(set_sd, shared.len())?])?,
    ] {
        outputs.insert(file, hash::of_bytes(&bytes));
        files.insert(file.to_owned(), bytes);
    }
    let manifest = json!({
        "lesion": "", "burn": "", "platform": "", "threads": 1, "command": [],
        "study": Study::default(), "layer": 0, "layers": [0], "random_sets": SETS,
        "model_layers": 1, "model_neurons": 1,
        "selected_on": {"paired": true, "sentences": [1, 1], "groups": [1, 1]},
        "held_out_stimuli": null, "held_out": [], "relabellings": 1, "relabellings_exact": false,
        "label_a": "him", "label_b": "her", "registration": null, "skipped": {}, "warnings": [],
        "notes": [], "seconds": {}, "outputs": outputs,
        "inputs": {
            "model": {"source": "", "sha256": {"model.safetensors": model.to_string()}},
            "stimuli": {"source": "", "sha256": {}}, "prompts": {"source": "", "sha256": {}},
        },
    });
    files.insert(MANIFEST.to_owned(), serde_json::to_vec(&manifest)?);
    Ok(files)
}

fn table<R: Row>(rows: Vec<R>) -> Result<(&'static str, Vec<u8>)> {
    Ok((R::TABLE.file, encode(rows)?))
}

fn prompt_row(prompt: usize) -> PromptRow {
    PromptRow {
        prompt,
        sentence: String::new(),
        position: 1,
        target: "him".to_owned(),
        label: Some("him".to_owned()),
        group: None,
        resampled_from: None,
        counterpart: None,
        score: ScoreUnit::Word,
    }
}

fn prediction_row(prompt: usize, candidate: &str, logit: f64) -> PredictionRow {
    PredictionRow {
        prompt,
        position: 1,
        target: "him".to_owned(),
        candidate: candidate.to_owned(),
        logit,
        prob: 0.5,
        rank: 1,
        score: ScoreUnit::Word,
    }
}

fn control_row(prompt: usize, margin_drop: f64, random_mean: f64) -> PromptControlRow {
    PromptControlRow {
        layer: 0,
        prompt,
        position: 1,
        neuron_set: "him".to_owned(),
        sets: SetChoice::Lesioned,
        logit_drop: margin_drop,
        margin_drop,
        random_logit_low: None,
        random_logit_high: None,
        random_margin_low: None,
        random_margin_high: None,
        random_margin_mean: Some(random_mean),
    }
}

/// The row of the profile, of which only the label and the random sets count here.
fn profile_row(set_sd: f64, prompts: usize) -> Result<ProfileRow> {
    let mut row = serde_json::Map::new();
    for column in ProfileRow::TABLE.columns {
        let value = if column.value.starts_with("Option") { json!(null) } else { json!(0) };
        row.insert(column.name.to_owned(), value);
    }
    row.insert("neuron_set".to_owned(), json!("him"));
    row.insert("sets".to_owned(), json!(SetChoice::Lesioned));
    row.insert("neurons".to_owned(), json!(1));
    row.insert("prompts".to_owned(), json!(prompts));
    row.insert("random_margin_sd".to_owned(), json!(set_sd));
    Ok(serde_json::from_value(row.into())?)
}
