//! Figures in SVG as PDF and PNG.
//!
//! ```
//! let svg = r##"<svg xmlns="http://www.w3.org/2000/svg" width="200" height="80">
//!     <text x="10" y="50" font-family="sans-serif" font-size="24">a margin</text></svg>"##;
//! assert!(figure_export::pdf(svg)?.starts_with(b"%PDF"));
//! assert!(figure_export::png(svg)?.starts_with(b"\x89PNG"));
//! # Ok::<(), figure_export::ExportError>(())
//! ```
//!
//! Texts are set in `DejaVu` Sans, which is part of this crate, so that a figure is the same on every
//! machine, also on one without fonts. A PDF contains the glyphs that it uses, and its text can be
//! searched. The same SVG gives the same bytes.

use std::sync::{Arc, LazyLock};

use krilla::{Document, geom::Size, page::PageSettings};
use krilla_svg::{SurfaceExt as _, SvgSettings};
use resvg::{
    render,
    tiny_skia::Pixmap,
    usvg::{Group, Node, Options, Transform, Tree, fontdb::Database},
};

/// The font of all texts.
const FONT: &str = "DejaVu Sans";

/// Pixels of a PNG per point. A figure of 720 points then has 300 pixels per inch if it is printed
/// 7.2 inches wide, the width of a page's text.
const PIXELS_PER_POINT: f32 = 3.0;

/// The most pixels of a PNG: 400 MB while it is drawn.
const MOST_PIXELS: f32 = 1e8;

/// Why a figure cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The text is no SVG.
    #[error("not a figure in SVG: {0}")]
    Svg(#[from] resvg::usvg::Error),
    /// The font has no glyphs for some of the characters.
    #[error("the font of PDF and PNG, {FONT}, has no glyphs for {0:?}; use SVG")]
    MissingGlyphs(String),
    /// The figure is too large for a PNG.
    #[error("a figure of {width} x {height} points is too large for a PNG")]
    TooLarge {
        /// Its width.
        width: f32,
        /// Its height.
        height: f32,
    },
    /// The PDF cannot be made.
    #[error("cannot make a PDF: {0}")]
    Pdf(String),
    /// The PNG cannot be made.
    #[error("cannot make a PNG: {0}")]
    Png(String),
}

/// The figure as a PDF of one page, where a unit of the SVG is a point.
///
/// # Errors
/// If it is no SVG, or has characters without a glyph.
pub fn pdf(svg: &str) -> Result<Vec<u8>, ExportError> {
    let tree = parse(svg)?;
    let refused = || ExportError::Pdf("its size is none of a page".to_owned());
    let size = Size::from_wh(tree.size().width(), tree.size().height()).ok_or_else(refused)?;
    let mut document = Document::new();
    let mut page = document.start_page_with(PageSettings::new(size));
    let mut surface = page.surface();
    let drawn = surface.draw_svg(&tree, size, SvgSettings::default());
    surface.finish();
    page.finish();
    if drawn.is_none() {
        return Err(ExportError::Pdf("it cannot be drawn".to_owned()));
    }
    document.finish().map_err(|error| ExportError::Pdf(format!("{error:?}")))
}

/// The figure as a PNG with three pixels per unit of the SVG.
///
/// # Errors
/// If it is no SVG, has characters without a glyph, or is too large.
pub fn png(svg: &str) -> Result<Vec<u8>, ExportError> {
    let tree = parse(svg)?;
    let mut pixmap = blank_pixmap(&tree)?;
    let scale = Transform::from_scale(PIXELS_PER_POINT, PIXELS_PER_POINT);
    render(&tree, scale, &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| ExportError::Png(error.to_string()))
}

/// A pixmap of the figure's size.
fn blank_pixmap(tree: &Tree) -> Result<Pixmap, ExportError> {
    let (width, height) = (tree.size().width(), tree.size().height());
    let size = [width, height].map(|points| (PIXELS_PER_POINT * points).ceil().max(1.0));
    let too_large = ExportError::TooLarge { width, height };
    if size[0] * size[1] > MOST_PIXELS {
        return Err(too_large);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 1 and at most `MOST_PIXELS`"
    )]
    let [columns, rows] = size.map(|pixels| pixels as u32);
    Pixmap::new(columns, rows).ok_or(too_large)
}

fn parse(svg: &str) -> Result<Tree, ExportError> {
    let options =
        Options { fontdb: FONTS.clone(), font_family: FONT.to_owned(), ..Options::default() };
    let tree = Tree::from_str(svg, &options)?;
    let mut missing = String::new();
    find_missing(tree.root(), &mut missing);
    if missing.is_empty() { Ok(tree) } else { Err(ExportError::MissingGlyphs(missing)) }
}

/// The fonts in the program; those of the machine are not used.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.load_font_data(dejavu::sans::bold().to_vec());
    fonts.set_sans_serif_family(FONT);
    Arc::new(fonts)
});

/// Adds the characters of a group that have no glyph to `missing`, each once.
fn find_missing(group: &Group, missing: &mut String) {
    /// The glyph that a font shows for a character that it does not have.
    const NO_GLYPH: u16 = 0;
    for node in group.children() {
        match node {
            Node::Group(inner) => find_missing(inner, missing),
            Node::Text(text) => {
                for span in text.layouted() {
                    let glyphs = span.positioned_glyphs.iter();
                    for glyph in glyphs.filter(|glyph| glyph.id.0 == NO_GLYPH) {
                        if !missing.contains(&glyph.text) {
                            missing.push_str(&glyph.text);
                        }
                    }
                }
            }
            Node::Path(_) | Node::Image(_) => {}
        }
    }
}
