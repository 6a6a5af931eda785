//! The power to find a planted effect, by its size, the number of random sets and of prompts.

use anyhow::Result;
use lesion_eval::{NeuronSetEntry, NeuronSetFile};
use study_record::{IndexRanges, Part, Question, Study, Verdict, smallest_p, tables::VerdictRow};

use crate::{
    model_study::ModelStudy,
    random_model::{PLANTED, PLANTED_LAYERS, RandomModel, WeightKind},
    random_texts::{draw_pairs, draw_prompts},
    rates::Rate,
    simulation_table::{SimulationTable, TableCell},
    simulations::simulation_scale::{Scale, for_each_seed, quick_study},
};

/// A point of a curve.
#[derive(Clone, Copy)]
struct Point {
    /// Strength with which the planted neurons write.
    strength: f32,
    /// Random sets per claim.
    sets_per_claim: usize,
    /// Prompts per label, each a template of its own.
    prompts: usize,
}

/// The claims of these studies: the effect and the dissociation of either label.
const CLAIMS: usize = 4;
/// The point that two of the three curves keep.
const MIDDLE: Point = Point { strength: 0.06, sets_per_claim: 25, prompts: 12 };

const STRENGTHS: [f32; 8] = [0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4];
const SETS_PER_CLAIM: [usize; 6] = [10, 19, 20, 25, 50, 100];
const PROMPTS: [usize; 6] = [2, 5, 10, 20, 40, 80];

pub(crate) fn simulate(scale: &Scale) -> Result<Vec<SimulationTable>> {
    let models = count_models(scale);
    let strengths = STRENGTHS.map(|strength| Point { strength, ..MIDDLE });
    let sets = SETS_PER_CLAIM.map(|sets_per_claim| Point { sets_per_claim, ..MIDDLE });
    let prompts = PROMPTS.map(|prompts| Point { prompts, ..MIDDLE });
    let notes = |kept: &str| {
        format!(
            "{models} models with {PLANTED} planted neurons of each label per row; {CLAIMS} claims. \
             {kept} The excess is in standard deviations of random sets."
        )
    };
    Ok(vec![
        SimulationTable {
            title: "Power and the size of the effect".to_owned(),
            notes: notes("12 prompts per label, 25 random sets per claim."),
            columns: columns("strength"),
            rows: curve(scale, &strengths, |point| {
                TableCell::Number(f64::from(point.strength), 2)
            })?,
        },
        SimulationTable {
            title: "Power and the number of random sets".to_owned(),
            notes: notes("Strength 0.06, 12 prompts per label."),
            columns: columns("sets per claim"),
            rows: curve(scale, &sets, |point| TableCell::Count(point.sets_per_claim))?,
        },
        SimulationTable {
            title: "Power and the number of prompts".to_owned(),
            notes: notes("Strength 0.06, 25 random sets per claim."),
            columns: columns("prompts per label"),
            rows: curve(scale, &prompts, |point| TableCell::Count(point.prompts))?,
        },
    ])
}

/// Models per point.
fn count_models(scale: &Scale) -> usize {
    scale.models.div_ceil(4)
}

fn columns(first: &'static str) -> Vec<&'static str> {
    vec![
        first,
        "excess (SD)",
        "smallest possible corrected p",
        "smallest corrected p",
        "median p",
        "effect found",
        "dissociation found",
    ]
}

/// The rows of a curve. All points have the same models.
fn curve(
    scale: &Scale,
    points: &[Point],
    first: impl Fn(&Point) -> TableCell,
) -> Result<Vec<Vec<TableCell>>> {
    let models = count_models(scale);
    let mut rows = Vec::with_capacity(points.len());
    for point in points {
        let studies = for_each_seed(scale, 60, models, |seed| run_study(*point, seed))?;
        let about = |question| {
            let rows = studies.iter().flatten();
            rows.filter(move |row: &&VerdictRow| row.question == question)
        };
        let found = |question| {
            let clusters: Vec<(usize, usize)> = studies
                .iter()
                .map(|study| {
                    let rows = study.iter().filter(|row| row.question == question);
                    let found = rows.clone().filter(|row| row.verdict == Verdict::Larger);
                    (found.count(), rows.count())
                })
                .collect();
            Rate::of_clusters(&clusters)
        };
        let sizes: Vec<f64> = about(Question::Effect).filter_map(excess_in_deviations).collect();
        let mut p: Vec<f64> = about(Question::Effect).filter_map(|row| row.p).collect();
        p.sort_by(f64::total_cmp);
        let corrected = about(Question::Effect).filter_map(|row| row.p_corrected);
        rows.push(vec![
            first(point),
            TableCell::Number(sizes.iter().sum::<f64>() / sizes.len() as f64, 1),
            TableCell::Number(smallest_p(CLAIMS, random_sets(*point)), 3),
            TableCell::Number(corrected.fold(f64::INFINITY, f64::min), 3),
            TableCell::Number(p[p.len() / 2], 3),
            TableCell::ClusteredRate(found(Question::Effect)),
            TableCell::ClusteredRate(found(Question::Dissociation)),
        ]);
    }
    Ok(rows)
}

fn random_sets(point: Point) -> usize {
    CLAIMS * point.sets_per_claim
}

/// The excess in standard deviations of random sets, from the range that holds 95 % of them.
fn excess_in_deviations(row: &VerdictRow) -> Option<f64> {
    let (low, high) = row.random()?;
    Some(row.excess? / ((high - low) / 3.92))
}

fn run_study(point: Point, seed: u64) -> Result<Vec<VerdictRow>> {
    let model = RandomModel::new(WeightKind::Planted { strength: point.strength }, seed)?;
    let study = design_study(point, seed)?;
    let prepared = ModelStudy::new(model.subject(), &draw_pairs(8, seed), &study)?;
    let prompts = prepared.encode(&draw_prompts(point.prompts, true, seed))?;
    Ok(prepared.run(&study, &prompts, Some(&planted_sets()))?.verdicts)
}

fn design_study(point: Point, seed: u64) -> Result<Study> {
    let mut study = quick_study(seed)?;
    study.lesion.layers = IndexRanges::one(PLANTED_LAYERS - 1);
    study.lesion.layer = Some(PLANTED_LAYERS - 1);
    study.parts = Some(vec![Part::Controls]);
    study.controls.nulls = Some((random_sets(point) as i64).try_into()?);
    Ok(study)
}

/// The planted neurons of both labels.
fn planted_sets() -> NeuronSetFile {
    let entry = |label: &str, neurons: std::ops::Range<usize>| NeuronSetEntry {
        layer: PLANTED_LAYERS - 1,
        label: label.to_owned(),
        neurons: neurons.collect(),
        lesioned: None,
    };
    NeuronSetFile { sets: vec![entry("him", 0..PLANTED), entry("her", PLANTED..2 * PLANTED)] }
}
