use neuron_stats::*;
use std::time::Instant;
fn main() {
    let n = 54;
    let m = 36864;
    let mut s = 1u64;
    let mut r = || {
        s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((s >> 40) as f32) / (1u32 << 24) as f32
    };
    let a: Vec<f32> = (0..n * m).map(|_| r()).collect();
    let b: Vec<f32> = (0..n * m).map(|_| r()).collect();
    let best = |name: &str, f: &mut dyn FnMut()| {
        let mut t = f64::MAX;
        let mut v = vec![];
        for _ in 0..40 {
            let i = Instant::now();
            f();
            let e = i.elapsed().as_secs_f64() * 1e3;
            v.push(e);
            t = t.min(e);
        }
        v.sort_by(f64::total_cmp);
        println!("{name}: min {t:.3} ms, median {:.3}", v[20]);
    };
    best("new x2", &mut || {
        std::hint::black_box((Matrix::new(&a, n, m).unwrap(), Matrix::new(&b, n, m).unwrap()));
    });
    let (ma, mb) = (Matrix::new(&a, n, m).unwrap(), Matrix::new(&b, n, m).unwrap());
    best("paired", &mut || {
        std::hint::black_box(t_tests(TestKind::Paired, ma, mb, 0.95).unwrap());
    });
    best("student", &mut || {
        std::hint::black_box(t_tests(TestKind::Student, ma, mb, 0.95).unwrap());
    });
    best("welch", &mut || {
        std::hint::black_box(t_tests(TestKind::Welch, ma, mb, 0.95).unwrap());
    });
    let t = t_tests(TestKind::Paired, ma, mb, 0.95).unwrap();
    let d = StudentT::new(53.0).unwrap();
    best("p only 1 thread", &mut || {
        std::hint::black_box(t.iter().map(|t| d.two_sided(t.t)).sum::<f64>());
    });
    best("p tail 1 thread", &mut || {
        std::hint::black_box(t.iter().map(|t| d.two_sided(t.t.abs() + 2.5)).sum::<f64>());
    });
    let p: Vec<f64> = t.iter().map(|t| t.p_two_sided).collect();
    best("bh", &mut || {
        std::hint::black_box(Correction::BenjaminiHochberg.adjust(&p).unwrap());
    });
}
