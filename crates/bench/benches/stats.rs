//! The two jobs that have to be fast, at the size of BERT base: 12 layers of 3,072 neurons, and 54
//! him/her pairs.
//!
//! `cargo xtask bench stats`; `scipy_reference.py` times SciPy on the same job.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use neuron_stats::{
    Correction, Families, Matrix, Relabelling, Resampling, TestKind, max_t, t_tests,
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

const PAIRS: usize = 54;
const LAYERS: usize = 12;
const NEURONS: usize = LAYERS * 3072;

/// Uniform values: the time does not depend on the distribution.
fn activations(seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..PAIRS * NEURONS).map(|_| (rng.next_u32() >> 8) as f32 / (1 << 24) as f32).collect()
}

fn benches(criterion: &mut Criterion) {
    let (him, her) = (activations(1), activations(2));

    for (name, kind) in [("paired", TestKind::Paired), ("welch", TestKind::Welch)] {
        criterion.bench_function(&format!("{name}_t_bh"), |bencher| {
            bencher.iter(|| {
                let a = Matrix::new(black_box(&him), PAIRS, NEURONS).unwrap();
                let b = Matrix::new(black_box(&her), PAIRS, NEURONS).unwrap();
                let tests = t_tests(kind, a, b, 0.95).unwrap();
                let p: Vec<f64> = tests.iter().map(|test| test.p_two_sided).collect();
                (Correction::BenjaminiHochberg.adjust(&p).unwrap(), tests)
            });
        });
    }

    let mut group = criterion.benchmark_group("max_t_10000_flips");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    let resampling = Resampling { draws: 10_000, exact_up_to: 0, seed: 1 };
    for (name, families) in [("model", vec![NEURONS]), ("layer", vec![3072; LAYERS])] {
        let families = Families::of_sizes(families).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let a = Matrix::new(black_box(&him), PAIRS, NEURONS).unwrap();
                let b = Matrix::new(black_box(&her), PAIRS, NEURONS).unwrap();
                max_t(Relabelling::SignFlip, a, b, &families, resampling).unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(stats, benches);
criterion_main!(stats);
