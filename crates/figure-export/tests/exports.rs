//! Figures of a study as PDF and PNG: their sizes, their texts, and what is on them.

use std::fs;

use figure_export::{ExportError, pdf, png};
use lopdf::{Document, Object};
use resvg::tiny_skia::{Pixmap, PremultipliedColorU8};

/// The figures of the guide, with their texts.
fn figures() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/figures");
    let names = ["profile.svg", "dose.svg", "volcano.svg"];
    names.map(|name| fs::read_to_string(format!("{folder}/{name}")).unwrap()).into()
}

/// The texts of a figure.
fn texts(svg: &str) -> Vec<String> {
    let after = svg.split("<text ").skip(1);
    let texts = after.map(|rest| {
        let (_, text) = rest.split_once('>').unwrap();
        text.split_once("</text>").unwrap().0.trim().to_owned()
    });
    texts.filter(|text| !text.is_empty()).collect()
}

/// The figure without its texts.
fn without_texts(svg: &str) -> String {
    let mut parts = svg.split("<text ");
    let mut rest = parts.next().unwrap().to_owned();
    for part in parts {
        rest += part.split_once("</text>").unwrap().1;
    }
    rest
}

/// The number in an attribute of the first element.
fn attribute(svg: &str, name: &str) -> f32 {
    let (_, rest) = svg.split_once(&format!("{name}=\"")).unwrap();
    rest.split_once('"').unwrap().0.parse().unwrap()
}

fn is_dark(pixel: PremultipliedColorU8) -> bool {
    pixel.alpha() == u8::MAX && pixel.red() < 128 && pixel.green() < 128 && pixel.blue() < 128
}

fn dark_pixels(svg: &str) -> usize {
    let pixmap = Pixmap::decode_png(&png(svg).unwrap()).unwrap();
    pixmap.pixels().iter().filter(|&&pixel| is_dark(pixel)).count()
}

/// The numbers of a PDF's array.
fn numbers(object: &Object) -> Vec<f32> {
    object.as_array().unwrap().iter().map(|number| number.as_float().unwrap()).collect()
}

#[test]
fn a_png_has_three_pixels_per_point_and_shows_the_texts() {
    for svg in figures() {
        let pixmap = Pixmap::decode_png(&png(&svg).unwrap()).unwrap();
        let size = ["width", "height"].map(|name| 3.0 * attribute(&svg, name));
        for (found, expected) in [pixmap.width(), pixmap.height()].into_iter().zip(size) {
            assert!((found as f32 - expected).abs() < 0.5, "{found}, {expected}");
        }
        // White paper, and at least a letter's strokes for each character of the texts.
        assert!(pixmap.pixels().iter().all(|pixel| pixel.alpha() == u8::MAX));
        assert_eq!(pixmap.pixel(0, 0).unwrap().red(), u8::MAX);
        let characters: usize = texts(&svg).iter().map(|text| text.chars().count()).sum();
        let strokes = dark_pixels(&svg) - dark_pixels(&without_texts(&svg));
        assert!(characters > 50 && strokes > 20 * characters, "{characters} {strokes}");
    }
}

#[test]
fn a_pdf_has_a_page_of_the_figures_size_with_its_texts_in_an_embedded_font() {
    for svg in figures() {
        let pdf = pdf(&svg).unwrap();
        assert!(pdf.starts_with(b"%PDF"));
        let document = Document::load_mem(&pdf).unwrap();
        let pages = document.get_pages();
        assert_eq!(pages.len(), 1);
        let page = document.get_dictionary(pages[&1]).unwrap();
        let size = ["width", "height"].map(|name| attribute(&svg, name));
        assert_eq!(numbers(page.get(b"MediaBox").unwrap()), [0.0, 0.0, size[0], size[1]]);
        let has_key = |key: &[u8]| {
            let mut dictionaries =
                document.objects.values().filter_map(|object| object.as_dict().ok());
            dictionaries.any(|dictionary| dictionary.has(key))
        };
        assert!(has_key(b"FontFile2") || has_key(b"FontFile3"));
        // Spaces and lines of the page's text depend on the reader.
        let compact = |text: &str| text.split_whitespace().collect::<String>();
        let found = compact(&document.extract_text(&[1]).unwrap());
        for text in texts(&svg) {
            assert!(found.contains(&compact(&text)), "{text:?} is not in {found:?}");
        }
    }
}

#[test]
fn the_same_figure_gives_the_same_bytes() {
    for svg in figures() {
        for export in [pdf, png] {
            let bytes = export(&svg).unwrap();
            assert!((0..5).all(|_| export(&svg).unwrap() == bytes));
        }
    }
}

/// A figure of one text.
fn figure(text: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"300\" height=\"60\">\
         <text x=\"10\" y=\"40\" font-family=\"sans-serif\" font-size=\"20\">{text}</text></svg>"
    )
}

#[test]
fn a_character_without_a_glyph_is_named() {
    for export in [pdf, png] {
        match export(&figure("a 日 and a 本, 日")) {
            Err(ExportError::MissingGlyphs(missing)) => assert_eq!(missing, "日本"),
            other => panic!("{other:?}"),
        }
        // Letters of Europe, and the signs of the figures.
        export(&figure("žena и жена, −0.5, 10⁻³, log₁₀ q, “her”, 95 %")).unwrap();
    }
}

#[test]
fn what_is_no_figure_is_an_error() {
    let huge = figure("a").replace("300", "30000000");
    for (text, expected) in [
        ("", "not a figure in SVG"),
        ("no figure", "not a figure in SVG"),
        ("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"-1\"/>", "not a figure in SVG"),
        (huge.as_str(), "too large for a PNG"),
    ] {
        let error = png(text).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
    }
}
