//! File formats of figures.

use crate::choice::choices;

choices! {
    /// A file format of figures. The name is also the ending of the file.
    pub enum FigureFormat: "format of figures" {
        /// Drawn again at any size, by a browser or an editor; always written.
        Svg = "svg",
        /// The same for LaTeX and journals, with the font inside.
        Pdf = "pdf",
        /// Pixels on white, for slides and documents.
        Png = "png",
    }
}
