//! The characters of a text file: lines, and characters that are not what they look like.

use crate::error::LineProblem;

/// The lines of a text, which end with a line feed, a carriage return or both.
pub(crate) fn lines_of(content: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(content);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let after = &text[end..];
        let break_length = if after.starts_with("\r\n") { 2 } else { 1 };
        rest = Some(&after[break_length..]);
        Some(&text[..end])
    })
}

/// Advice about a character that cannot be seen.
const REMOVE: &str = "remove it";
/// Advice about a character that ends a line in some editors only.
const NEW_LINE: &str = "begin a new line, or remove it";
/// Advice about a character of text in another encoding.
const SAVE: &str = "save the file as UTF-8";

/// Checks that a line contains no control character except tabs, and no other character that
/// cannot be seen and that a tokenizer would drop or read as a word of its own.
///
/// # Errors
/// If it contains one ([`LineProblem::Character`]).
pub(crate) fn check_characters(text: &str) -> Result<(), LineProblem> {
    for character in text.chars() {
        let (name, advice) = match character {
            '\t' => continue,
            '\0' => ("a NUL byte, as in UTF-16", SAVE),
            '\u{fffd}' => ("the mark of a lost character", SAVE),
            '\u{feff}' => ("a byte order mark within the text", REMOVE),
            '\u{b}' => ("a vertical tab", NEW_LINE),
            '\u{c}' => ("a form feed", NEW_LINE),
            '\u{85}' => ("a next line", NEW_LINE),
            '\u{2028}' => ("a line separator", NEW_LINE),
            '\u{2029}' => ("a paragraph separator", NEW_LINE),
            '\u{200b}' => ("a space without width", REMOVE),
            '\u{2060}' => ("a word joiner", REMOVE),
            '\u{ad}' => ("a soft hyphen", REMOVE),
            control if control.is_control() => ("a control character", REMOVE),
            _ => continue,
        };
        return Err(LineProblem::Character { character, name, advice });
    }
    Ok(())
}

/// The first character that looks like one of `syntax`, and the one that it looks like.
pub(crate) fn look_alike(text: &str, syntax: &[char]) -> Option<(char, char)> {
    for character in text.chars() {
        let meant = match character {
            '\u{ff5b}' | '\u{2774}' | '\u{fe5b}' | '\u{2983}' => '{',
            '\u{ff5d}' | '\u{2775}' | '\u{fe5c}' | '\u{2984}' => '}',
            '\u{ff5c}' | '\u{a6}' | '\u{1c0}' | '\u{2223}' | '\u{2502}' | '\u{2758}'
            | '\u{ffe8}' => '|',
            _ => continue,
        };
        if syntax.contains(&meant) {
            return Some((character, meant));
        }
    }
    None
}

/// The first word of a sentence if several spaces follow it, or one that is not on a keyboard: a
/// label whose tab was lost.
pub(crate) fn unseparated_field(text: &str) -> Option<&str> {
    let end = text.find(char::is_whitespace)?;
    let (field, after) = text.split_at(end);
    let rest = after.trim_start();
    let space = &after[..after.len() - rest.len()];
    if space == " " { None } else { Some(field) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_any_system() {
        for (text, lines) in [
            ("", &[""][..]),
            ("a", &["a"]),
            ("a\nb\r\nc\rd", &["a", "b", "c", "d"]),
            ("a\n\n\r\rb\n", &["a", "", "", "", "b", ""]),
        ] {
            assert_eq!(lines_of(text).collect::<Vec<_>>(), lines);
        }
    }

    #[test]
    fn a_field_needs_more_than_a_space_after_it() {
        assert_eq!(unseparated_field("she  We met"), Some("she"));
        assert_eq!(unseparated_field("she\u{3000}We met"), Some("she"));
        assert_eq!(unseparated_field("She met  us"), None);
        assert_eq!(unseparated_field("she  "), Some("she"));
        assert_eq!(unseparated_field("She "), None);
        assert_eq!(unseparated_field(""), None);
    }
}
