#![allow(missing_docs)]
use std::time::Instant;
#[inline(never)]
fn rows(a: &[f32], b: &[f32], n: usize, m: usize, blk: usize, out: &mut [[f64; 3]]) {
    for (k, o) in out.chunks_mut(blk).enumerate() {
        let s = k * blk;
        let w = o.len();
        let mut sa = vec![0.0f64; w];
        let mut sb = vec![0.0f64; w];
        let mut s1 = vec![0.0f64; w];
        let mut s2 = vec![0.0f64; w];
        for (ra, rb) in a.chunks_exact(m).zip(b.chunks_exact(m)) {
            for (((sa, sb), &x), &y) in
                sa.iter_mut().zip(&mut sb).zip(&ra[s..s + w]).zip(&rb[s..s + w])
            {
                *sa += f64::from(x);
                *sb += f64::from(y);
            }
        }
        let md: Vec<f64> = sa.iter().zip(&sb).map(|(a, b)| (a - b) / n as f64).collect();
        for (ra, rb) in a.chunks_exact(m).zip(b.chunks_exact(m)) {
            for ((((s1, s2), &x), &y), md) in
                s1.iter_mut().zip(&mut s2).zip(&ra[s..s + w]).zip(&rb[s..s + w]).zip(&md)
            {
                let d = f64::from(x) - f64::from(y) - md;
                *s1 += d;
                *s2 += d * d;
            }
        }
        for i in 0..w {
            o[i] = [sa[i] / n as f64, sb[i] / n as f64, s2[i] - s1[i] * s1[i] / n as f64];
        }
    }
}
#[inline(never)]
fn tile<const T: usize>(a: &[f32], b: &[f32], n: usize, m: usize, out: &mut [[f64; 3]]) {
    for (k, o) in out.chunks_exact_mut(T).enumerate() {
        let s = k * T;
        let mut sa = [0.0f64; T];
        let mut sb = [0.0f64; T];
        for (ra, rb) in a.chunks_exact(m).zip(b.chunks_exact(m)) {
            let (x, y): (&[f32; T], &[f32; T]) =
                (ra[s..s + T].try_into().unwrap(), rb[s..s + T].try_into().unwrap());
            for i in 0..T {
                sa[i] += f64::from(x[i]);
                sb[i] += f64::from(y[i]);
            }
        }
        let mut md = [0.0; T];
        for i in 0..T {
            md[i] = (sa[i] - sb[i]) / n as f64;
        }
        let mut s1 = [0.0f64; T];
        let mut s2 = [0.0f64; T];
        for (ra, rb) in a.chunks_exact(m).zip(b.chunks_exact(m)) {
            let (x, y): (&[f32; T], &[f32; T]) =
                (ra[s..s + T].try_into().unwrap(), rb[s..s + T].try_into().unwrap());
            for i in 0..T {
                let d = f64::from(x[i]) - f64::from(y[i]) - md[i];
                s1[i] += d;
                s2[i] += d * d;
            }
        }
        for i in 0..T {
            o[i] = [sa[i] / n as f64, sb[i] / n as f64, s2[i] - s1[i] * s1[i] / n as f64];
        }
    }
}
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
    let mut out = vec![[0.0; 3]; m];
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
    for blk in [128, 256, 512, 1024, 4096] {
        best(&format!("rows {blk}"), &mut || rows(&a, &b, n, m, blk, &mut out));
    }
    best("tile 4", &mut || tile::<4>(&a, &b, n, m, &mut out));
    best("tile 8", &mut || tile::<8>(&a, &b, n, m, &mut out));
    best("tile 16", &mut || tile::<16>(&a, &b, n, m, &mut out));
    best("tile 32", &mut || tile::<32>(&a, &b, n, m, &mut out));
    best("page faults 4MB", &mut || {
        std::hint::black_box(vec![[1.0f64; 14]; m]);
    });
    best("page faults 1MB", &mut || {
        std::hint::black_box(vec![[1.0f64; 4]; m]);
    });
}
