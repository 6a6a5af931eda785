//! x
use crate::{ReportError, Study};
/// x
/// # Errors
/// x
pub fn compare(_: [(&str, &Study); 2]) -> Result<String, ReportError> {
    Ok(String::new())
}
