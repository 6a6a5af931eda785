//! The coverage of the true mean by the bootstrap's intervals over templates.

use anyhow::Result;
use neuron_stats::Bootstrap;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::{
    random_model::draw_normal,
    rates::Rate,
    simulation_table::{SimulationTable, TableCell},
    simulations::simulation_scale::{Scale, for_each_seed},
};

/// Numbers of templates: the fewest with an interval, and those of the project's own prompts.
pub(crate) const TEMPLATES: [usize; 3] = [10, 24, 53];
/// Resamples for each interval.
const DRAWS: usize = 2_000;
/// Simulated samples for each model that is asked for.
const SAMPLES_PER_MODEL: usize = 20;

/// The distribution of the means of templates.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Normal,
    /// A log-normal distribution with a skewness of 2.
    Skewed,
    /// One in which a few templates have most of the effect: a skewness of 6.
    VerySkewed,
}

pub(crate) const SHAPES: [Shape; 3] = [Shape::Normal, Shape::Skewed, Shape::VerySkewed];

impl Shape {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Skewed => "log-normal, skewness 2",
            Self::VerySkewed => "log-normal, skewness 6",
        }
    }

    /// A value with mean 0 and variance 1.
    pub(crate) fn draw(self, rng: &mut ChaCha8Rng) -> f64 {
        let normal = f64::from(draw_normal(rng));
        // The deviations of the logarithm that give the skewness (e^s² + 2) √(e^s² - 1).
        let deviation: f64 = match self {
            Self::Normal => return normal,
            Self::Skewed => 0.551_4,
            Self::VerySkewed => 0.999_1,
        };
        let square = deviation * deviation;
        let mean = (square / 2.0).exp();
        let spread = (square.exp() * (square.exp() - 1.0)).sqrt();
        ((deviation * normal).exp() - mean) / spread
    }
}

pub(crate) fn simulate(scale: &Scale) -> Result<SimulationTable> {
    let samples = scale.models * SAMPLES_PER_MODEL;
    let mut rows = Vec::new();
    for (purpose, shape) in (50..).zip(SHAPES) {
        let mut cells = vec![TableCell::text(shape.name())];
        for templates in TEMPLATES {
            let covered =
                for_each_seed(scale, purpose, samples, |seed| is_covered(shape, templates, seed))?;
            cells.push(TableCell::Rate(Rate::of(covered)));
        }
        cells.push(TableCell::Number(0.95, 2));
        rows.push(cells);
    }
    Ok(SimulationTable {
        title: "Coverage of intervals over templates".to_owned(),
        notes: format!(
            "{samples} samples of template means each; how often the 95 % bootstrap interval \
             contains the true mean."
        ),
        columns: vec!["template means", "10 templates", "24", "53", "nominal"],
        rows,
    })
}

fn is_covered(shape: Shape, templates: usize, seed: u64) -> Result<bool> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f64> = (0..templates).map(|_| shape.draw(&mut rng)).collect();
    let bootstrap = Bootstrap { draws: DRAWS, seed, level: 0.95 };
    let interval = bootstrap.interval(templates, |drawn: &[usize]| {
        drawn.iter().map(|&template| values[template]).sum::<f64>() / drawn.len() as f64
    })?;
    Ok(interval.low <= 0.0 && interval.high >= 0.0)
}
