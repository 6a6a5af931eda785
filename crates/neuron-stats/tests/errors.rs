//! The errors that inputs without an answer give, and values that are known without a reference.

#![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]

use neuron_stats::{
    Correction, Families, Histogram, Matrix, Moments, Relabelling, Resampling, StatsError,
    StudentT, TTestAccumulator, TestKind, concentration, dagostino_pearson, jarque_bera, max_t,
    moments, share_below, share_of_zeros, significant, t_test, t_tests,
};

#[test]
fn matrices_are_checked() {
    let values = [1.0, 2.0, 3.0, f64::NAN, 5.0, 6.0];
    assert!(matches!(
        Matrix::new(&values, 2, 3).unwrap_err(),
        StatsError::NotFinite { sample: 1, neuron: 0, value } if value.is_nan()
    ));
    let error = Matrix::new(&values, 4, 2).unwrap_err();
    assert_eq!(error, StatsError::Shape { samples: 4, neurons: 2, len: 6 });
    let error = Matrix::new(&values, usize::MAX, 2).unwrap_err();
    assert_eq!(error, StatsError::Shape { samples: usize::MAX, neurons: 2, len: 6 });
    for (samples, neurons) in [(0, 2), (2, 0)] {
        let error = Matrix::<f32>::new(&[], samples, neurons).unwrap_err();
        assert_eq!(error, StatsError::EmptyMatrix { samples, neurons });
    }

    // Each place, in whole lanes, in the rest of a chunk and across chunks.
    let mut values = vec![1.0_f32; 40_003];
    for index in [0, 15, 16, 16_383, 16_384, 40_002] {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            values[index] = value;
            let error = Matrix::new(&values, 1, values.len()).unwrap_err();
            assert!(matches!(error, StatsError::NotFinite { neuron, .. } if neuron == index));
        }
        values[index] = f32::MAX;
    }
    assert!(Matrix::new(&values, 40_003, 1).is_ok());
    assert_eq!(Matrix::new(&values, 40_003, 1).unwrap().column(1).count(), 0);
}

#[test]
fn inputs_without_an_answer_are_errors() {
    let two = [1.0, 2.0];
    let three = [1.0, 2.0, 4.0];
    let test = |kind, a: &[f64], b: &[f64], level| t_test(kind, a, b, level).unwrap_err();
    assert_eq!(test(TestKind::Paired, &two, &three, 0.95), StatsError::UnequalPairs { a: 2, b: 3 });
    assert_eq!(
        test(TestKind::Welch, &two, &[1.0], 0.95),
        StatsError::TooFewSamples { needed: 2, got: 1 }
    );
    for level in [0.0, 1.0, -1.0, f64::INFINITY] {
        assert_eq!(test(TestKind::Student, &two, &three, level), StatsError::Level { level });
        let error = significant(&two, level).unwrap_err();
        assert_eq!(error, StatsError::Alpha { alpha: level });
        assert!(StudentT::new(3.0).unwrap().critical_value(level).is_err());
    }
    assert!(matches!(
        test(TestKind::Student, &two, &three, f64::NAN),
        StatsError::Level { level } if level.is_nan()
    ));
    for df in [0.0, -1.0, f64::INFINITY] {
        assert_eq!(StudentT::new(df).unwrap_err(), StatsError::DegreesOfFreedom { df });
    }

    let wide = Matrix::new(&two, 1, 2).unwrap();
    let narrow = Matrix::new(&three, 3, 1).unwrap();
    let counts = StatsError::NeuronCounts { a: 2, b: 1 };
    assert_eq!(t_tests(TestKind::Welch, wide, narrow, 0.95).unwrap_err(), counts);
    let one = Families::of_sizes([1]).unwrap();
    let resampling = Resampling::default();
    let error = max_t(Relabelling::LabelShuffle, wide, narrow, &one, resampling).unwrap_err();
    assert_eq!(error, counts);
    let error = max_t(
        Relabelling::SignFlip,
        narrow,
        narrow,
        &Families::of_sizes([1, 1]).unwrap(),
        resampling,
    );
    assert_eq!(error.unwrap_err(), StatsError::FamilyTotal { families: 2, tests: 1 });
    let none = Resampling { draws: 0, exact_up_to: 7, seed: 0 };
    let error = max_t(Relabelling::SignFlip, narrow, narrow, &one, none).unwrap_err();
    assert_eq!(error, StatsError::NoDraws);
    let draws = usize::MAX;
    let endless = Resampling { draws, exact_up_to: 7, seed: 0 };
    let error = max_t(Relabelling::SignFlip, narrow, narrow, &one, endless).unwrap_err();
    assert_eq!(error, StatsError::TooManyDraws { draws, most: Resampling::MOST });

    for value in [-0.1, 1.1, f64::INFINITY] {
        let error = Correction::Holm.adjust(&[0.5, value]).unwrap_err();
        assert_eq!(error, StatsError::NotAProbability { index: 1, value });
    }
    let pair = Families::of_sizes([1, 1]).unwrap();
    let error = pair.adjust(Correction::Holm, &[0.5, 1.1]).unwrap_err();
    assert_eq!(error, StatsError::NotAProbability { index: 1, value: 1.1 });
    assert_eq!(Families::of_sizes([3, 0]).unwrap_err(), StatsError::EmptyFamily { index: 1 });
    assert_eq!(Families::of_sizes([]).unwrap_err(), StatsError::EmptyFamily { index: 0 });

    for edges in [vec![], vec![1.0], vec![1.0, 1.0], vec![2.0, 1.0], vec![0.0, f64::INFINITY]] {
        assert_eq!(Histogram::new(edges.clone()).unwrap_err(), StatsError::Edges { edges });
    }
    assert_eq!(share_below(narrow, 0.0).unwrap_err(), StatsError::Threshold { threshold: 0.0 });
    let seven = Moments::of(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 9.0]);
    assert!(jarque_bera(&seven).is_ok());
    let error = dagostino_pearson(&seven).unwrap_err();
    assert_eq!(error, StatsError::TooFewSamples { needed: 8, got: 7 });

    let mut pairs = TTestAccumulator::new(TestKind::Paired, 1);
    let side = Matrix::new(&two, 2, 1).unwrap();
    let error = pairs.push(side, narrow).unwrap_err();
    assert_eq!(error, StatsError::UnequalPairs { a: 2, b: 3 });
    assert_eq!(pairs.push(wide, wide).unwrap_err(), StatsError::NeuronCounts { a: 1, b: 2 });
    let error = pairs.merge(&TTestAccumulator::new(TestKind::Welch, 1)).unwrap_err();
    assert_eq!(error, StatsError::TestKinds { a: TestKind::Paired, b: TestKind::Welch });
    let error = pairs.finish(0.95).unwrap_err();
    assert_eq!(error, StatsError::TooFewSamples { needed: 2, got: 0 });
}

#[test]
fn sparsity_of_a_known_matrix() {
    let values = [0.0, 3.0, -0.1, 0.0, 4.0, 0.0_f32];
    let matrix = Matrix::new(&values, 2, 3).unwrap();
    assert_eq!(share_of_zeros(matrix), 0.5);
    assert_eq!(share_below(matrix, 0.2), Ok(4.0 / 6.0));
    let shares = concentration(matrix);
    assert_eq!(shares.len(), 4);
    assert!((shares[1] - 25.0 / 25.01).abs() < 1e-9);
    assert_eq!((shares[0], shares[2], shares[3]), (0.0, 1.0, 1.0));

    let dead = Matrix::new(&[0.0, 0.0], 1, 2).unwrap();
    assert!(concentration(dead)[1].is_nan());
    assert!(moments(dead)[0].skewness().is_nan());
}

#[test]
fn a_constant_difference_has_a_permutation_p_value_but_no_t() {
    let a = [2.0; 5];
    let b = [1.0; 5];
    assert!(!t_test(TestKind::Paired, &a, &b, 0.95).unwrap().defined);
    let a = Matrix::new(&a, 5, 1).unwrap();
    let b = Matrix::new(&b, 5, 1).unwrap();
    let families = Families::of_sizes([1]).unwrap();
    let test = max_t(Relabelling::SignFlip, a, b, &families, Resampling::default()).unwrap();
    assert_eq!(test.p_greater, [1.0 / 32.0]);
    // A neuron that is the same on both sides has neither.
    let test = max_t(Relabelling::SignFlip, a, a, &families, Resampling::default()).unwrap();
    assert_eq!(test.p_greater, [1.0]);
}

#[test]
fn too_many_relabellings_to_enumerate_are_drawn() {
    // 2⁴⁰ sign flips, and 40 over 20 shuffles.
    let values: Vec<f64> = (0..40).map(f64::from).collect();
    let whole = Matrix::new(&values, 40, 1).unwrap();
    let half = Matrix::new(&values[..20], 20, 1).unwrap();
    let families = Families::of_sizes([1]).unwrap();
    let resampling = Resampling { draws: 30, exact_up_to: usize::MAX, seed: 0 };
    for (relabelling, side) in [(Relabelling::SignFlip, whole), (Relabelling::LabelShuffle, half)] {
        let test = max_t(relabelling, side, side, &families, resampling).unwrap();
        assert_eq!((test.relabellings, test.exact), (30, false));
        // All of three pairs.
        let few = Matrix::new(&values[..3], 3, 1).unwrap();
        assert!(max_t(relabelling, few, few, &families, resampling).unwrap().exact);
    }
}
