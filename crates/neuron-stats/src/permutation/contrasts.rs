//! Signed sums of many neurons under many patterns of signs.
//!
//! All sums together are one product of a sign matrix and the matrix of values. As its entries are
//! ±1, there is no need to multiply ("the method of four Russians"): the samples are cut into groups
//! of six, the 64 signed sums of each group are tabulated, and a sum of 54 signed values becomes one
//! of 9 tabulated ones. Eight neurons go side by side, which the compiler turns into vectors.

use std::{array, ops::Range};

use crate::{
    matrix::{Matrix, Sample},
    permutation::{relabelling::Relabelling, sign_codes::GROUP},
};

/// Neurons side by side.
pub(super) const LANES: usize = 8;

type Lanes = [f64; LANES];

/// The signed sums of a few neurons, by group of samples and by pattern of signs.
pub(super) struct Contrasts {
    tables: Vec<[Lanes; 1 << GROUP]>,
}

impl Contrasts {
    /// Of at most [`LANES`] neurons. Lanes without a neuron and neurons without variation are NaN.
    pub(super) fn new<S: Sample>(
        relabelling: Relabelling,
        a: Matrix<'_, S>,
        b: Matrix<'_, S>,
        neurons: Range<usize>,
    ) -> Self {
        let lanes = |row: &[S]| -> Lanes {
            array::from_fn(|lane| row[neurons.clone()].get(lane).map_or(0.0, |&value| value.into()))
        };
        let mut values: Vec<Lanes> = match relabelling {
            Relabelling::SignFlip => {
                a.rows().zip(b.rows()).map(|(a, b)| subtract(lanes(a), lanes(b))).collect()
            }
            Relabelling::LabelShuffle => {
                let mut pooled: Vec<Lanes> = a.rows().chain(b.rows()).map(lanes).collect();
                // First relative to one sample, so that a constant neuron becomes exactly 0.
                centre(&mut pooled, |values| values[0]);
                centre(&mut pooled, mean);
                pooled
            }
        };
        normalise(&mut values);
        Self { tables: values.chunks(GROUP).map(signed_sums).collect() }
    }

    /// The sums under one pattern of signs.
    #[inline] // a fifth of the time of all relabellings
    pub(super) fn of(&self, codes: &[u8]) -> Lanes {
        let mut sums = [0.0; LANES];
        for (table, &code) in self.tables.iter().zip(codes) {
            let partial = &table[usize::from(code) % (1 << GROUP)];
            for lane in 0..LANES {
                sums[lane] += partial[lane];
            }
        }
        sums
    }
}

/// For each pattern of signs, the largest and the smallest sum of any neuron.
pub(super) struct Extremes {
    pub(super) largest: Vec<f64>,
    pub(super) smallest: Vec<f64>,
}

impl Extremes {
    pub(super) fn new(patterns: usize) -> Self {
        Self { largest: vec![f64::NEG_INFINITY; patterns], smallest: vec![f64::INFINITY; patterns] }
    }

    pub(super) fn include<'a>(
        &mut self,
        contrasts: &Contrasts,
        patterns: impl Iterator<Item = &'a [u8]>,
    ) {
        let extremes = self.largest.iter_mut().zip(&mut self.smallest);
        for ((largest, smallest), codes) in extremes.zip(patterns) {
            let sums = contrasts.of(codes);
            *largest = sums.iter().fold(*largest, |most, &sum| greater(sum, most));
            *smallest = sums.iter().fold(*smallest, |least, &sum| less(sum, least));
        }
    }

    /// Takes in other neurons' extremes of as many patterns as these are, from the given one on.
    pub(super) fn merge(&mut self, from: usize, other: &Self) {
        for (most, &value) in self.largest[from..].iter_mut().zip(&other.largest) {
            *most = greater(value, *most);
        }
        for (least, &value) in self.smallest[from..].iter_mut().zip(&other.smallest) {
            *least = less(value, *least);
        }
    }

    /// Makes these the extremes of no neuron again.
    pub(super) fn clear(&mut self) {
        self.largest.fill(f64::NEG_INFINITY);
        self.smallest.fill(f64::INFINITY);
    }
}

/// The greater number, `other` if `value` is NaN.
fn greater(value: f64, other: f64) -> f64 {
    if value > other { value } else { other }
}

/// The lesser number, `other` if `value` is NaN.
fn less(value: f64, other: f64) -> f64 {
    if value < other { value } else { other }
}

/// All `±v₀ ± v₁ ...` of the group, in the order of the codes.
fn signed_sums(group: &[Lanes]) -> [Lanes; 1 << GROUP] {
    let mut sums = [[0.0; LANES]; 1 << GROUP];
    for (bit, &value) in group.iter().enumerate() {
        for code in 0..1 << bit {
            let sum = sums[code];
            sums[code | 1 << bit] = subtract(sum, value);
            sums[code] = array::from_fn(|lane| sum[lane] + value[lane]);
        }
    }
    sums
}

/// Scales each lane to unit length; lanes of length 0 or infinity become NaN.
fn normalise(values: &mut [Lanes]) {
    let mut squares = [0.0; LANES];
    for value in &*values {
        for lane in 0..LANES {
            squares[lane] += value[lane] * value[lane];
        }
    }
    let scale = squares.map(
        |sum: f64| {
            if sum > 0.0 && sum.is_finite() { 1.0 / sum.sqrt() } else { f64::NAN }
        },
    );
    for value in values {
        for lane in 0..LANES {
            value[lane] *= scale[lane];
        }
    }
}

/// Subtracts a centre, which `find_centre` computes.
fn centre(values: &mut [Lanes], find_centre: impl Fn(&[Lanes]) -> Lanes) {
    let centre = find_centre(values);
    for value in values {
        *value = subtract(*value, centre);
    }
}

fn mean(values: &[Lanes]) -> Lanes {
    let mut sums = [0.0; LANES];
    for value in values {
        for lane in 0..LANES {
            sums[lane] += value[lane];
        }
    }
    sums.map(|sum| sum / values.len() as f64)
}

fn subtract(left: Lanes, right: Lanes) -> Lanes {
    array::from_fn(|lane| left[lane] - right[lane])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permutation::{relabelling::Resampling, sign_codes::SignCodes};

    /// Integers in a pattern of no meaning.
    fn values(len: usize) -> Vec<f64> {
        (0..len).map(|i| ((i * i * 7 + i * 3) % 23) as f64 - 11.0).collect()
    }

    #[test]
    fn tabulated_sums_are_the_naive_ones() {
        // 13 samples are two groups and a rest; 5 neurons leave lanes empty.
        const SAMPLES: usize = 13;
        const NEURONS: usize = 5;
        let a = values(SAMPLES * NEURONS);
        let b = vec![0.0; SAMPLES * NEURONS];
        let a = Matrix::new(&a, SAMPLES, NEURONS).unwrap();
        let b = Matrix::new(&b, SAMPLES, NEURONS).unwrap();
        let resampling = Resampling { draws: 100, exact_up_to: 0, seed: 3 };
        let codes = SignCodes::new(Relabelling::SignFlip, SAMPLES, SAMPLES, resampling).unwrap();
        let contrasts = Contrasts::new(Relabelling::SignFlip, a, b, 0..NEURONS);
        let mut extremes = Extremes::new(codes.count());
        extremes.include(&contrasts, codes.range(0..100));

        for (pattern, codes) in codes.range(0..100).enumerate() {
            let sums = contrasts.of(codes);
            for (neuron, sum) in sums.iter().enumerate().take(NEURONS) {
                let length = a.column(neuron).map(|value| value * value).sum::<f64>().sqrt();
                let signed = a.column(neuron).enumerate().map(|(sample, value)| {
                    let turned = codes[sample / GROUP] >> (sample % GROUP) & 1 == 1;
                    if turned { -value } else { value }
                });
                assert!((signed.sum::<f64>() / length - sum).abs() < 1e-14);
            }
            assert!(sums[NEURONS..].iter().all(|sum| sum.is_nan()));
            let sums = &sums[..NEURONS];
            let largest = extremes.largest[pattern];
            let smallest = extremes.smallest[pattern];
            assert!(sums.contains(&largest) && sums.iter().all(|&sum| sum <= largest));
            assert!(sums.contains(&smallest) && sums.iter().all(|&sum| sum >= smallest));
        }
    }
}
