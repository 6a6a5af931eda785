//! Results that are kept to be taken again.

use std::{collections::VecDeque, sync::Arc};

/// At most `MOST` results of one kind, each with a key of everything that it depends on. The oldest is dropped
/// first.
pub(crate) struct Memo<T, const MOST: usize>(VecDeque<(String, Arc<T>)>);

impl<T, const MOST: usize> Default for Memo<T, MOST> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T, const MOST: usize> Memo<T, MOST> {
    /// The result with this key, computed if it is not kept.
    ///
    /// # Errors
    /// If `compute` fails.
    pub(crate) fn take_or<E>(
        &mut self,
        key: String,
        compute: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        if let Some((_, found)) = self.0.iter().find(|(other, _)| *other == key) {
            return Ok(found.clone());
        }
        let computed = Arc::new(compute()?);
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((key, computed.clone()));
        Ok(computed)
    }
}

#[cfg(test)]
mod tests {
    use lesion_eval::StudyError;

    use super::*;

    #[test]
    fn a_result_is_computed_once_and_the_oldest_is_dropped() {
        let mut memo = Memo::<_, 3>::default();
        let mut computed = Vec::new();
        for key in ["a", "b", "a", "c", "d", "b", "a"] {
            let value = memo.take_or(key.to_owned(), || {
                computed.push(key);
                Ok::<_, StudyError>(key.to_uppercase())
            });
            assert_eq!(*value.unwrap(), key.to_uppercase());
        }
        assert_eq!(computed, ["a", "b", "c", "d", "a"]);
        assert!(memo.take_or("x".to_owned(), || Err(StudyError::Cancelled)).is_err());
    }
}
