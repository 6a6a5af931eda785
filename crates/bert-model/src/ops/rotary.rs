//! Rotary positions (Su et al. 2021, arXiv:2104.09864).

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use crate::ops::cpu::tensor_values::{in_place, is_plain_cpu};

/// The frequencies of rotary positions, and the values that they turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RotaryPositions {
    /// The base of the frequencies: `frequency_i = base^(-2i / turned)`.
    pub base: f64,
    /// The share of a head's values that are turned: its first ones.
    pub share: f64,
    /// A change of the frequencies, for longer texts than the model was trained on.
    pub scaling: Option<RotaryScaling>,
}

/// A change of the frequencies of rotary positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RotaryScaling {
    /// All are divided by a factor.
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Llama 3.1's.
    Llama3(Llama3),
    /// `YaRN`'s.
    Yarn(Yarn),
}

/// The change of frequencies in Llama 3.1: low ones are divided by the factor, high ones are not, and those between
/// are a mean of both, by the turns that they make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Llama3 {
    /// The factor.
    pub factor: f64,
    /// Turns that a low frequency makes at most in a text of `trained` tokens.
    pub low: f64,
    /// Turns that a high frequency makes at least in it.
    pub high: f64,
    /// Length of the texts that the model was trained on.
    pub trained: f64,
}

/// The change of frequencies in `YaRN` (Peng et al. 2023, arXiv:2309.00071): low ones are divided by the factor, high
/// ones are not, and those between are a mean of both, by their place in the list of frequencies. Turned values are
/// also multiplied by a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Yarn {
    /// The factor.
    pub factor: f64,
    /// Turns that a low frequency makes at most in a text of `trained` tokens.
    pub low: f64,
    /// Turns that a high frequency makes at least in it.
    pub high: f64,
    /// Length of the texts that the model was trained on.
    pub trained: f64,
    /// True if the places of the last high frequency and of the first low one are rounded outwards.
    pub rounded: bool,
    /// The number that turned values are multiplied by.
    pub amplitude: f64,
}

impl RotaryPositions {
    /// All values of a head are turned, by frequencies of this base.
    #[must_use]
    pub fn with_base(base: f64) -> Self {
        Self { base, share: 1.0, scaling: None }
    }

    /// The share of a head of `size` values that is turned, in values.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most `size`")]
    fn width(&self, size: usize) -> usize {
        (size as f64 * self.share) as usize
    }

    /// Number of turned values in a head of `size`. They are pairs, so an odd share of the head is rounded up.
    pub(crate) fn turned(&self, size: usize) -> usize {
        self.width(size).next_multiple_of(2)
    }

    /// The frequencies for heads of `size` values. Each step is rounded to f32 as in `transformers`: in a long text
    /// the last bit of a frequency can be seen.
    #[expect(clippy::cast_possible_truncation, reason = "they are f32 in `transformers`")]
    pub(crate) fn frequencies(&self, size: usize) -> Vec<f32> {
        let width = self.width(size);
        let base = f64::from(self.base as f32);
        let mut frequencies = Vec::with_capacity(width.div_ceil(2));
        for i in (0..width).step_by(2) {
            let exponent = i as f32 / width as f32;
            let divisor = base.powf(f64::from(exponent)) as f32;
            frequencies.push(match self.scaling {
                Some(RotaryScaling::Yarn(yarn)) => {
                    yarn.frequency(divisor, i / 2, yarn.mixed_places(width, base))
                }
                Some(RotaryScaling::Linear { factor }) => 1.0 / divisor / factor as f32,
                Some(RotaryScaling::Llama3(llama3)) => llama3.frequency(1.0 / divisor),
                None => 1.0 / divisor,
            });
        }
        frequencies
    }

    /// The number that turned values are multiplied by.
    #[expect(clippy::cast_possible_truncation, reason = "it is f32 in `transformers`")]
    pub(crate) fn amplitude(&self) -> f32 {
        match self.scaling {
            Some(RotaryScaling::Yarn(yarn)) => yarn.amplitude as f32,
            _ => 1.0,
        }
    }
}

impl Yarn {
    /// The place of the last frequency that is not divided, and of the first one that is divided by the whole factor,
    /// among those of `width` turned values.
    fn mixed_places(self, width: usize, base: f64) -> [f64; 2] {
        let place = |turns: f64| {
            let wavelength = self.trained / (turns * std::f64::consts::TAU);
            width as f64 * wavelength.ln() / (2.0 * base.ln())
        };
        let [mut first, mut last] = [place(self.high), place(self.low)];
        if self.rounded {
            [first, last] = [first.floor(), last.ceil()];
        }
        [first.max(0.0), last.min(width as f64 - 1.0)]
    }

    /// The frequency at a place, from its divisor: without a change it is `1 / divisor`.
    #[expect(clippy::cast_possible_truncation, reason = "they are f32 in `transformers`")]
    fn frequency(self, divisor: f32, place: usize, [first, last]: [f64; 2]) -> f32 {
        let mut distance = last - first;
        if distance == 0.0 {
            // As in `transformers`.
            distance = 0.001;
        }
        let divided = ((place as f32 - first as f32) / distance as f32).clamp(0.0, 1.0);
        let kept = 1.0 - divided;
        1.0 / (self.factor as f32 * divisor) * (1.0 - kept) + 1.0 / divisor * kept
    }
}

impl Llama3 {
    /// The frequency that another one becomes.
    #[expect(clippy::cast_possible_truncation, reason = "they are f32 in `transformers`")]
    fn frequency(self, frequency: f32) -> f32 {
        let Self { factor, low, high, trained } = self;
        let wavelength = std::f32::consts::TAU / frequency;
        if wavelength < (trained / high) as f32 {
            return frequency;
        }
        let slow = frequency / factor as f32;
        if wavelength > (trained / low) as f32 {
            return slow;
        }
        let turns = trained as f32 / wavelength;
        let share = (turns - low as f32) / (high - low) as f32;
        (1.0 - share) * frequency / factor as f32 + share * frequency
    }
}

/// Turns queries and keys by angles that grow with the position, so that their product depends on how far
/// apart they are.
///
/// Of the n turned values of each head, value i and value i + n/2 are the coordinates of a point, which is
/// turned by `position · frequency_i` around 0. Their distance from 0 is multiplied by the amplitude, which is 1 but in
/// [`Yarn`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rotary {
    /// Half as many as values are turned.
    frequencies: Vec<f32>,
    /// The number that turned values are multiplied by.
    amplitude: f32,
    /// Number of values in a head.
    size: usize,
}

/// The positions of the tokens of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Positions<'a> {
    /// 0, 1 and so on in each row.
    Counted,
    /// One token of each row, at these positions.
    OneEach(&'a [usize]),
    /// This one, the next one and so on in each row.
    From(usize),
}

/// The sense in which points are turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// As the model does.
    Forward,
    /// Back, which is the transpose.
    Back,
}

impl Rotary {
    /// Rotary positions for heads of `size` values.
    pub(crate) fn new(positions: &RotaryPositions, size: usize) -> Self {
        let amplitude = positions.amplitude();
        Self { frequencies: positions.frequencies(size), amplitude, size }
    }

    /// Of given frequencies, half as many as values of a head of `size` are turned.
    pub(crate) fn with_frequencies(frequencies: Vec<f32>, size: usize) -> Self {
        Self { frequencies, amplitude: 1.0, size }
    }

    /// Turns `x`, `[batch, tokens, heads x size]`.
    pub(crate) fn turn(&self, x: Tensor<3>, positions: Positions<'_>, turn: Turn) -> Tensor<3> {
        let [batch, tokens, width] = x.dims();
        let angles = match positions {
            Positions::Counted => self.points(0..tokens, turn),
            Positions::OneEach(positions) => self.points(positions.iter().copied(), turn),
            Positions::From(first) => self.points(first..first + tokens, turn),
        };
        if is_plain_cpu(&x.device()) {
            return in_place(x, |values| self.turn_rows(values, width, &angles));
        }
        let shape = match positions {
            Positions::Counted | Positions::From(_) => [1, tokens, 1, self.frequencies.len()],
            Positions::OneEach(_) => [batch, 1, 1, self.frequencies.len()],
        };
        self.turn_by_burn(x, shape, &angles)
    }

    /// Turns `x`, `[batch, tokens, heads x size]`, by angles of this shape.
    fn turn_by_burn(&self, x: Tensor<3>, shape: [usize; 4], angles: &[(f32, f32)]) -> Tensor<3> {
        let [batch, tokens, width] = x.dims();
        let half = self.frequencies.len();
        let table =
            |values: Vec<f32>| Tensor::<4>::from_data(TensorData::new(values, shape), &x.device());
        let cosines = table(angles.iter().map(|point| point.0).collect());
        let sines = table(angles.iter().map(|point| point.1).collect());
        let heads = x.reshape([batch, tokens, width / self.size, self.size]);
        let first = heads.clone().narrow(3, 0, half);
        let second = heads.clone().narrow(3, half, half);
        let turned_first = first.clone() * cosines.clone() - second.clone() * sines.clone();
        let turned_second = second * cosines + first * sines;
        let mut parts = vec![turned_first, turned_second];
        if self.size > 2 * half {
            parts.push(heads.narrow(3, 2 * half, self.size - 2 * half));
        }
        Tensor::cat(parts, 3).reshape([batch, tokens, width])
    }

    /// The cosine and the sine of each angle, times the amplitude, frequency by frequency for each position.
    fn points(&self, positions: impl Iterator<Item = usize>, turn: Turn) -> Vec<(f32, f32)> {
        let mut points = Vec::new();
        for position in positions {
            for frequency in &self.frequencies {
                let (sine, cosine) = (position as f32 * frequency).sin_cos();
                let sine = if turn == Turn::Forward { sine } else { -sine };
                points.push((cosine * self.amplitude, sine * self.amplitude));
            }
        }
        points
    }

    /// Turns rows of `width` values. The angles of each position follow each other, and begin again after
    /// the last.
    fn turn_rows(&self, values: &mut [f32], width: usize, points: &[(f32, f32)]) {
        let half = self.frequencies.len();
        let positions = points.len() / half;
        values.par_chunks_mut(width).enumerate().for_each(|(row, values)| {
            let points = &points[row % positions * half..][..half];
            for head in values.chunks_exact_mut(self.size) {
                let (first, second) = head[..2 * half].split_at_mut(half);
                for ((x, y), &(cosine, sine)) in first.iter_mut().zip(second).zip(points) {
                    let turned = *x * cosine - *y * sine;
                    *y = *y * cosine + *x * sine;
                    *x = turned;
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};
    use proptest::prelude::*;

    use super::*;

    fn random(shape: [usize; 3]) -> Tensor<3> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    fn largest(tensor: Tensor<3>) -> f32 {
        tensor.abs().max().into_scalar()
    }

    proptest! {
        #[test]
        fn it_is_the_same_on_every_device_and_can_be_turned_back(
            [batch, length] in [1_usize..5, 1_usize..30],
            [heads, half, rest] in [1_usize..4, 1_usize..9, 0_usize..5],
            at in 0_usize..30,
        ) {
            let size = 2 * half + rest;
            let share = (2 * half) as f64 / size as f64 + 1e-9;
            let positions = RotaryPositions { share, ..RotaryPositions::with_base(1e4) };
            let rotary = Rotary::new(&positions, size);
            prop_assert_eq!(rotary.frequencies.len(), half);
            let x = random([batch, length, heads * size]);
            let turned = rotary.turn(x.clone(), Positions::Counted, Turn::Forward);
            let angles = rotary.points(0..length, Turn::Forward);
            let elsewhere = rotary.turn_by_burn(x.clone(), [1, length, 1, half], &angles);
            prop_assert!(largest(turned.clone() - elsewhere) < 1e-6);
            let back = rotary.turn(turned.clone(), Positions::Counted, Turn::Back);
            prop_assert!(largest(back - x.clone()) < 1e-5);

            let at = at % length;
            let one = x.clone().narrow(1, at, 1);
            let places = vec![at; batch];
            let one = rotary.turn(one, Positions::OneEach(&places), Turn::Forward);
            prop_assert!(largest(one - turned.clone().narrow(1, at, 1)) < 1e-6);
            let end = rotary.turn(
                x.narrow(1, at, length - at),
                Positions::From(at),
                Turn::Forward,
            );
            prop_assert!(largest(end - turned.narrow(1, at, length - at)) < 1e-6);
        }
    }

    #[test]
    fn a_product_depends_on_the_distance_only() {
        let rotary = Rotary::new(&RotaryPositions::with_base(1e4), 8);
        let (query, key) = (random([1, 1, 8]), random([1, 1, 8]));
        let product = |from: usize, to: usize| -> f32 {
            let query = rotary.turn(query.clone(), Positions::OneEach(&[from]), Turn::Forward);
            let key = rotary.turn(key.clone(), Positions::OneEach(&[to]), Turn::Forward);
            (query * key).sum().into_scalar()
        };
        assert!((product(3, 7) - product(20, 24)).abs() < 1e-4);
    }
}
