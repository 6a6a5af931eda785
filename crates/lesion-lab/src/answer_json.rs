//! Answers in JSON, with their long lists of numbers beside it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::one_line::Problem;

/// Long lists of numbers of an answer, by name.
pub(crate) type Columns = BTreeMap<String, Vec<f32>>;

/// An answer in JSON. A number that is not finite is `null`.
pub(crate) fn json(answer: &impl Serialize) -> Result<String, Problem> {
    Ok(serde_json::to_string(answer)?)
}
