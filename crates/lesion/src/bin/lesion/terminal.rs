//! Text for a terminal, which shows some characters and obeys others.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write as _},
    path::Path,
};

/// The text with every character escaped that a terminal would obey: control characters, line breaks
/// and marks of the direction of writing. Names and words of a user's files may contain any.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_obeyed(character) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "{}", character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// The same JSON, with every character escaped that a terminal would obey. JSON contains these only in
/// its strings.
pub(crate) fn printable_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if is_obeyed(character) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// A path as [`printable`] text.
pub(crate) fn shown_path(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

/// Whether a terminal obeys a character rather than showing it.
fn is_obeyed(character: char) -> bool {
    let is_direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let is_line_break = matches!(character, '\u{2028}' | '\u{2029}');
    character.is_control() || is_direction || is_line_break
}

/// Writes one line to stderr. If nobody can read it, the exit code still tells the result.
pub(crate) fn tell(line: &str) {
    tell_printable(&printable(line));
}

/// Writes one line to stderr that is printable already.
pub(crate) fn tell_printable(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_of_a_text() {
        for (text, escaped) in [
            ("a \"word\" – ∂é \u{a0}", "a \"word\" – ∂é \u{a0}"),
            ("two\nlines\r\t", "two\\nlines\\r\\t"),
            ("\u{1b}]0;x\u{7}", "\\u{1b}]0;x\\u{7}"),
            ("\u{85}\u{9b}31m \u{202e}abc", "\\u{85}\\u{9b}31m \\u{202e}abc"),
        ] {
            assert_eq!(printable(text), escaped);
        }
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let text = "a\u{202e}\u{9b}31m\u{7f}\u{2028}\n∂";
        let json = printable_json(&serde_json::to_string(text).unwrap());
        assert_eq!(json, "\"a\\u202e\\u009b31m\\u007f\\u2028\\n∂\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
