//! Counts from shares.

/// The share of a count, rounded down.
pub(crate) fn floor_share(share: f64, count: usize) -> usize {
    to_count(share * count as f64)
}

/// The share of a count, rounded to the nearest whole number.
pub(crate) fn round_share(share: f64, count: usize) -> usize {
    to_count((share * count as f64).round())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of what is in memory; a negative one becomes 0"
)]
fn to_count(value: f64) -> usize {
    value as usize
}
