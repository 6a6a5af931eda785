//! Use of a tokenizer that strangers wrote: it may be wrong, but must not panic, abort or never end.

pub(crate) mod charsmap;
pub(crate) mod component_checks;
pub(crate) mod pattern_dialect;
