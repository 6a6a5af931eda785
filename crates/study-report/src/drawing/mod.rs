//! The look of all figures: one palette, one kind of panel, one kind of legend, on `plotters`.

pub(crate) mod axis_text;
pub(crate) mod canvas;
pub(crate) mod legend;
pub(crate) mod palette;
pub(crate) mod panel;
pub(crate) mod scatter;
pub(crate) mod svg;
