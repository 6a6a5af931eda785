#![allow(missing_docs)]
use neuron_stats::*;
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
    let (ma, mb) = (Matrix::new(&a, n, m).unwrap(), Matrix::new(&b, n, m).unwrap());
    for _ in 0..300 {
        std::hint::black_box(t_tests(TestKind::Paired, ma, mb, 0.95).unwrap());
    }
}
