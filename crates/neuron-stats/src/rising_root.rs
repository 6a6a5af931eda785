//! The root of a rising function.

/// The root of a rising continuous function, to an error of 1e-13 in its value, by regula falsi in
/// the Illinois variant (Dowell and Jarratt 1971, BIT 11).
///
/// The function may be infinite away from the root. The search for both ends starts at `guess`, in
/// steps of `width` that double. NaN if there is no root within 1e300 widths.
pub(crate) fn find_rising_root(function: impl Fn(f64) -> f64, guess: f64, width: f64) -> f64 {
    const DOUBLINGS: usize = 1000;
    const STEPS: usize = 200;
    const PRECISION: f64 = 1e-13;
    let mut width = width;
    let mut low = (guess, function(guess));
    let mut high = low;
    for _ in 0..DOUBLINGS {
        if low.1 > 0.0 {
            high = low;
            low = (low.0 - width, function(low.0 - width));
        } else if high.1 < 0.0 {
            low = high;
            high = (high.0 + width, function(high.0 + width));
        } else {
            break;
        }
        width *= 2.0;
    }
    if low.1.is_nan() || high.1.is_nan() || low.1 > 0.0 || high.1 < 0.0 {
        return f64::NAN;
    }
    let mut middle = guess;
    // Whether the last step moved the low end.
    let mut moved_low = None;
    for _ in 0..STEPS {
        let span = high.0 - low.0;
        let rise = high.1 - low.1;
        if span <= 0.0 || rise <= 0.0 {
            break;
        }
        middle = if rise.is_finite() {
            (low.0 - low.1 * (span / rise)).clamp(low.0, high.0)
        } else {
            f64::midpoint(low.0, high.0)
        };
        let value = function(middle);
        if value.abs() <= PRECISION {
            break;
        }
        // An end that stays twice would stay for long, so its value is halved.
        let moves_low = value < 0.0;
        let stayed_twice = moved_low == Some(moves_low);
        if moves_low {
            low = (middle, value);
            high.1 /= if stayed_twice { 2.0 } else { 1.0 };
        } else {
            high = (middle, value);
            low.1 /= if stayed_twice { 2.0 } else { 1.0 };
        }
        moved_low = Some(moves_low);
    }
    middle
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::find_rising_root;

    #[test]
    fn roots_are_found_from_near_and_far_in_few_steps() {
        let functions: [fn(f64) -> f64; 3] =
            [|x| x - 3.0, |x| x.powi(3) - 27.0, |x| (x - 3.0).atan()];
        for (index, function) in functions.into_iter().enumerate() {
            for guess in [3.0, 2.9, 50.0] {
                let steps = Cell::new(0);
                let count = |x| {
                    steps.set(steps.get() + 1);
                    function(x)
                };
                let root = find_rising_root(count, guess, 1.0);
                assert!((root - 3.0).abs() < 1e-12, "function {index}, from {guess}: {root}");
                assert!(steps.get() < 30, "function {index}, from {guess}: {} steps", steps.get());
            }
        }
        let steep = |x: f64| if x < 2.0 { f64::NEG_INFINITY } else { x - 3.0 };
        assert!((find_rising_root(steep, -50.0, 1.0) - 3.0).abs() < 1e-12);
        assert!(find_rising_root(|_| 1.0, 0.0, 1.0).is_nan());
    }
}
