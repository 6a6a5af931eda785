//! Finished drawings.

/// A finished drawing, transparent.
#[derive(Clone, Debug)]
pub(crate) struct Svg {
    pub(super) body: String,
    pub(super) size: (u32, u32),
}

impl Svg {
    /// For the page: as wide as its box. `label` describes it to those who cannot see it.
    pub(crate) fn inline(&self, label: &str) -> String {
        let (width, height) = self.size;
        format!(
            "<svg viewBox=\"0 0 {} {}\" style=\"min-width:{width}px;max-width:{}px\" role=\"img\" \
             aria-label=\"{}\">{}",
            2 * width,
            2 * height,
            width * 5 / 4,
            escape(label),
            self.body
        )
    }

    /// For a file of its own: with a size and white paper.
    pub(crate) fn file(&self, label: &str) -> String {
        let (width, height) = self.size;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {} {}\" role=\"img\">\n<title>{}</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>{}",
            2 * width,
            2 * height,
            escape(label),
            self.body
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
