//! Laws that hold for any input.

#![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]

use neuron_stats::{
    Alternative, Correction, Families, Histogram, Matrix, Moments, Relabelling, Resampling,
    StudentT, TestKind, concentration, dagostino_pearson, jarque_bera, max_t, share_below,
    share_of_zeros, t_test,
};
use proptest::{
    collection::vec,
    num::f64::{ANY, NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO},
    prelude::*,
    sample::select,
};

const CORRECTIONS: [Correction; 6] = [
    Correction::None,
    Correction::Bonferroni,
    Correction::Holm,
    Correction::BenjaminiHochberg,
    Correction::BenjaminiYekutieli,
    Correction::Storey,
];
const KINDS: [TestKind; 3] = [TestKind::Paired, TestKind::Student, TestKind::Welch];

/// p-values with ties and with both ends.
fn p_values() -> impl Strategy<Value = Vec<f64>> {
    vec(prop_oneof![0.0..=1.0, select(vec![0.0, 1e-300, 0.01, 0.5, 1.0])], 0..60)
}

fn side() -> impl Strategy<Value = Vec<f64>> {
    vec(-1e3..1e3, 2..20)
}

/// The sides themselves, or as many pairs as both have.
fn suited<'a>(kind: TestKind, a: &'a [f64], b: &'a [f64]) -> (&'a [f64], &'a [f64]) {
    let pairs = a.len().min(b.len());
    if kind == TestKind::Paired { (&a[..pairs], &b[..pairs]) } else { (a, b) }
}

/// Numbers of any size, among them ones whose squares overflow or underflow; now and then a NaN or
/// an infinity.
fn any_side() -> impl Strategy<Value = Vec<f64>> {
    let finite = POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO;
    prop_oneof![vec(finite, 0..12), vec(-1e3..1e3, 0..12), vec(ANY, 0..4)]
}

proptest! {
    #[test]
    fn any_floats_give_a_result_or_an_error(
        a in any_side(),
        b in any_side(),
        level in prop_oneof![ANY, 0.0..1.0],
    ) {
        for kind in KINDS {
            let Ok(test) = t_test(kind, &a, &b, level) else { continue };
            for alternative in [Alternative::TwoSided, Alternative::Greater, Alternative::Less] {
                prop_assert!((0.0..=1.0).contains(&test.p(alternative)));
            }
            prop_assert_eq!(test.defined, test.t.is_finite());
        }
        let families = Families::of_sizes([1]).unwrap();
        if let (Ok(a), Ok(b)) = (Matrix::new(&a, a.len(), 1), Matrix::new(&b, b.len(), 1)) {
            for relabelling in [Relabelling::SignFlip, Relabelling::LabelShuffle] {
                let resampling = Resampling { draws: 20, exact_up_to: 100, seed: 0 };
                let Ok(test) = max_t(relabelling, a, b, &families, resampling) else { continue };
                prop_assert!(0.0 < test.p_two_sided[0] && test.p_two_sided[0] <= 1.0);
            }
            let _ = (share_of_zeros(a), share_below(a, level), concentration(a));
            let mut histogram = Histogram::new(vec![-1.0, 1.0]).unwrap();
            histogram.push(a);
            let inside = histogram.counts()[0];
            let total = inside + histogram.below() + histogram.above();
            prop_assert_eq!(total, a.samples() as u64);
        }
        let moments = Moments::of(&a);
        let _ = (jarque_bera(&moments), dagostino_pearson(&moments));
    }

    #[test]
    fn a_p_value_is_the_size_of_the_smallest_interval_that_holds_zero(
        a in side(), b in side(), level in 0.01..0.999,
    ) {
        for kind in KINDS {
            let (a, b) = suited(kind, &a, &b);
            let test = t_test(kind, a, b, level).unwrap();
            if test.defined && (test.p_two_sided - (1.0 - level)).abs() > 1e-9 {
                let holds_zero = test.ci.0 <= 0.0 && 0.0 <= test.ci.1;
                prop_assert_eq!(holds_zero, test.p_two_sided > 1.0 - level);
            }
        }
    }

    #[test]
    fn t_does_not_depend_on_origin_nor_unit(
        a in side(), b in side(), origin in -1e3..1e3, unit in 0.01..100.0,
    ) {
        let move_to = |side: &[f64]| side.iter().map(|x| unit * (x + origin)).collect::<Vec<_>>();
        for kind in KINDS {
            let (a, b) = suited(kind, &a, &b);
            let before = t_test(kind, a, b, 0.95).unwrap();
            let after = t_test(kind, &move_to(a), &move_to(b), 0.95).unwrap();
            if before.defined && before.ci.1 - before.ci.0 > 1e-3 {
                prop_assert!((before.t - after.t).abs() <= 1e-9 * (1.0 + before.t.abs()));
                prop_assert!((before.df - after.df).abs() <= 1e-9 * before.df);
            }
        }
    }

    #[test]
    fn a_neuron_without_variation_is_never_significant(
        a in -1e6..1e6, b in -1e6..1e6, n in 2_usize..100,
    ) {
        for kind in KINDS {
            let test = t_test(kind, &vec![a; n], &vec![b; n], 0.95).unwrap();
            prop_assert!(!test.defined && test.t.is_nan() && test.effect.is_nan());
            prop_assert_eq!([test.p_two_sided, test.p_greater, test.p_less], [1.0; 3]);
        }
    }

    #[test]
    fn a_constant_shift_is_no_evidence(
        mut b in vec(-1e6..1e6, 2..30), shift in 1e-6..1e3, about_0: bool,
    ) {
        // Pairs that differ by rounding only, after the shift, have no noise to judge it by, also
        // where the means are far smaller than what is rounded.
        if about_0 {
            b.extend(b.clone().iter().map(|b| -b));
        }
        let a: Vec<f64> = b.iter().map(|b| b + shift).collect();
        prop_assert!(!t_test(TestKind::Paired, &a, &b, 0.95).unwrap().defined);
    }

    #[test]
    fn any_distribution_has_a_tail(df in ANY, t in ANY) {
        if let Ok(student) = StudentT::new(df) {
            let p = student.two_sided(t);
            let sound = if t.is_nan() { p.is_nan() } else { (0.0..=1.0).contains(&p) };
            prop_assert!(sound, "p is {}", p);
            prop_assert_eq!(p.to_bits(), student.two_sided(-t).to_bits());
            if p > 0.0 && p < 1.0 {
                prop_assert!(student.critical_value(p).unwrap() >= 0.0);
            }
        }
    }

    #[test]
    fn the_tail_falls_with_t(df in 0.5..1e6, t in 0.0..50.0, step in 1e-6..10.0) {
        let student = StudentT::new(df).unwrap();
        let (near, far) = (student.two_sided(t), student.two_sided(t + step));
        prop_assert!((0.0..=1.0).contains(&far));
        prop_assert!(far <= near);
        prop_assert_eq!(student.survival(t), near / 2.0);
    }

    #[test]
    fn adjusting_keeps_order_and_bounds(p in p_values()) {
        for correction in CORRECTIONS {
            let adjusted = correction.adjust(&p).unwrap();
            prop_assert_eq!(adjusted.len(), p.len());
            for i in 0..p.len() {
                prop_assert!((0.0..=1.0).contains(&adjusted[i]));
                prop_assert!(correction == Correction::Storey || adjusted[i] >= p[i]);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
                }
            }
        }
    }

    #[test]
    fn corrections_are_ordered_by_strictness(p in p_values()) {
        let adjust = |correction: Correction| correction.adjust(&p).unwrap();
        let chain = [
            Correction::None,
            Correction::BenjaminiHochberg,
            Correction::Holm,
            Correction::Bonferroni,
        ];
        for pair in chain.windows(2) {
            for (less, more) in adjust(pair[0]).iter().zip(adjust(pair[1])) {
                prop_assert!(*less <= more * (1.0 + 1e-14), "{:?} above {:?}", pair[0], pair[1]);
            }
        }
    }

    #[test]
    fn storey_finds_nothing_above_one_half(p in p_values()) {
        let [q, bh] = [Correction::Storey, Correction::BenjaminiHochberg]
            .map(|correction| correction.adjust(&p).unwrap());
        let nulls = p.iter().filter(|&&p| p > 0.5).count();
        let share = (1 + nulls) as f64 / (0.5 * p.len() as f64);
        for i in 0..p.len() {
            if p[i] > 0.5 {
                prop_assert_eq!(q[i], 1.0);
            } else {
                prop_assert!(q[i] >= (share * bh[i]).min(1.0) * (1.0 - 1e-14));
            }
        }
    }

    #[test]
    fn families_are_adjusted_apart(p in p_values(), q in p_values()) {
        prop_assume!(!p.is_empty() && !q.is_empty());
        let families = Families::of_sizes([p.len(), q.len()]).unwrap();
        for correction in CORRECTIONS {
            let apart = [correction.adjust(&p).unwrap(), correction.adjust(&q).unwrap()].concat();
            let together = families.adjust(correction, &[&p[..], &q[..]].concat()).unwrap();
            prop_assert_eq!(apart, together);
        }
    }

    #[test]
    fn the_observed_labelling_always_counts(
        values in vec(-1e3..1e3, 24), seed: u64, draws in 1_usize..50,
    ) {
        let (a, b) = (Matrix::new(&values, 8, 3).unwrap(), Matrix::new(&[0.0; 24], 8, 3).unwrap());
        let families = Families::of_sizes([1, 2]).unwrap();
        let sampled = Resampling { draws, exact_up_to: 0, seed };
        for (resampling, least) in [
            (sampled, 1.0 / (draws as f64 + 1.0)),
            (Resampling { exact_up_to: 256, ..sampled }, 1.0 / 256.0),
        ] {
            let test = max_t(Relabelling::SignFlip, a, b, &families, resampling).unwrap();
            for p in [&test.p_two_sided, &test.p_greater, &test.p_less].into_iter().flatten() {
                prop_assert!(*p >= least);
            }
            // A neuron's p within a larger family is no smaller than by itself.
            let alone = Families::of_sizes([1, 1, 1]).unwrap();
            let alone = max_t(Relabelling::SignFlip, a, b, &alone, resampling).unwrap();
            for (own, family_wise) in alone.p_two_sided.iter().zip(&test.p_two_sided) {
                prop_assert!(own <= family_wise);
            }
        }
    }
}
