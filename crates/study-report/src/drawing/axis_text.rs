//! Numbers at axes.

use crate::document::number_text::power;

/// As short as it can be, with a true minus.
pub(crate) fn plain(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded < 0.0 { format!("−{}", -rounded) } else { format!("{}", rounded.abs()) }
}

/// Integers only, as layers are.
pub(crate) fn whole(value: f64) -> String {
    if (value - value.round()).abs() < 1e-9 { plain(value.round()) } else { String::new() }
}

/// Powers of ten on a logarithmic axis, and nothing between them.
pub(crate) fn tens(value: f64) -> String {
    let exponent = value.log10();
    if (exponent - exponent.round()).abs() > 1e-9 {
        return String::new();
    }
    #[expect(clippy::cast_possible_truncation)] // an axis ends far below
    let exponent = exponent.round() as i32;
    match exponent {
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        _ => power(exponent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_labelled_with_true_signs() {
        assert_eq!(
            (plain(-0.5), plain(-0.0), plain(1200.0)),
            ("−0.5".into(), "0".into(), "1200".into())
        );
        assert_eq!((whole(2.0), whole(2.5)), ("2".into(), String::new()));
        assert_eq!(
            (tens(0.001), tens(1.0), tens(20.0)),
            ("10⁻³".into(), "1".into(), String::new())
        );
    }
}
