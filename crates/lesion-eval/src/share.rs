//! Counts from shares.

/// The whole part of a share of a count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares of what is in memory, never negative"
)]
pub(crate) fn whole(part: f64) -> usize {
    part as usize
}
