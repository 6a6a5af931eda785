//! What a study reads beside its model: settings and texts.

pub(crate) mod bundled;
pub(crate) mod study_texts;
