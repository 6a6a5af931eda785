//! Patterns of a `tokenizer.json`, which are written for the Oniguruma library.
//!
//! The library here is another one. It reads most patterns in the same way; those that it would read
//! otherwise are translated, or refused.

use std::{iter::Peekable, str::Chars};

use serde_json::Value;

/// Characters of a word in Oniguruma, in a class. Joiners are not among them.
const WORD: &str = r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}";

/// Further ones outside a class: three superscripts and three fractions.
const LATIN_1: &str = r"\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE}";

/// Letters that are one character in another case: if case is ignored, Oniguruma finds it by them.
const FOLDED: [&str; 6] = ["ss", "ff", "fi", "fl", "st", "ß"];

/// Translates every pattern in a component.
///
/// # Errors
/// If a pattern cannot be translated, what is wrong.
pub(crate) fn translate_patterns(component: &mut Value) -> Result<(), String> {
    match component {
        Value::Array(parts) => parts.iter_mut().try_for_each(translate_patterns),
        Value::Object(keys) => {
            if let Some(Value::String(pattern)) = keys.get_mut("Regex") {
                *pattern = translate(pattern)?;
            }
            keys.values_mut().try_for_each(translate_patterns)
        }
        _ => Ok(()),
    }
}

/// A pattern that means here what `pattern` means in Oniguruma.
fn translate(pattern: &str) -> Result<String, String> {
    let mut translated = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    // Number of brackets around the place: a class may be inside another one.
    let mut classes = 0_usize;
    while let Some(character) = rest.next() {
        let in_class = classes > 0;
        match character {
            '\\' => translated.push_str(&translate_escape(rest.next(), in_class)),
            '[' if in_class && rest.peek() == Some(&':') => {
                return Err(refusal(pattern, "[:"));
            }
            '[' => {
                classes += 1;
                translated.push('[');
                copy_start_of_class(&mut rest, &mut translated);
            }
            ']' if in_class => {
                classes -= 1;
                translated.push(']');
            }
            // Both are about lines, not about the whole text.
            '^' if !in_class => translated.push_str(r"(?:\A|(?m:^)(?!\z))"),
            '$' if !in_class => translated.push_str("(?m:$)"),
            '(' if !in_class && sets(&['m', 's'], rest.clone()) => {
                return Err(refusal(pattern, "(?m"));
            }
            '(' if !in_class && sets(&['i'], rest.clone()) => {
                check_folding(pattern)?;
                translated.push('(');
            }
            other => translated.push(other),
        }
    }
    Ok(translated)
}

fn refusal(pattern: &str, part: &str) -> String {
    format!("has the pattern {pattern:?}, of which `{part}` is not supported")
}

/// The meaning here of a backslash and the character after it.
fn translate_escape(escaped: Option<char>, in_class: bool) -> String {
    let is = format!("[{WORD}{LATIN_1}]");
    match (escaped, in_class) {
        (Some('w'), true) => WORD.to_owned(),
        (Some('W'), true) => format!("[^{WORD}]"),
        (Some('w'), false) => is,
        (Some('W'), false) => format!("[^{WORD}{LATIN_1}]"),
        (Some('b'), false) => format!("(?:(?<={is})(?!{is})|(?<!{is})(?={is}))"),
        (Some('B'), false) => format!("(?:(?<={is})(?={is})|(?<!{is})(?!{is}))"),
        (Some(other), _) => format!("\\{other}"),
        (None, _) => "\\".to_owned(),
    }
}

/// Checks that a pattern that ignores case contains no letters that are one character in another case.
fn check_folding(pattern: &str) -> Result<(), String> {
    let lower = pattern.to_lowercase();
    match FOLDED.into_iter().find(|letters| lower.contains(letters)) {
        Some(letters) => Err(refusal(pattern, &format!("(?i` with `{letters}"))),
        None => Ok(()),
    }
}

/// Copies what has another meaning at the start of a class: `^`, and `]` as itself.
fn copy_start_of_class(rest: &mut Peekable<Chars<'_>>, translated: &mut String) {
    if let Some(negation) = rest.next_if_eq(&'^') {
        translated.push(negation);
    }
    if rest.next_if_eq(&']').is_some() {
        translated.push_str(r"\]");
    }
}

/// True if a group, whose bracket was read, sets one of these options.
fn sets(options: &[char], mut group: Peekable<Chars<'_>>) -> bool {
    if group.next() != Some('?') {
        return false;
    }
    let mut set = group.take_while(|option| option.is_ascii_alphabetic() || *option == '-');
    set.any(|option| options.contains(&option))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_mean_the_same_stay_as_they_are() {
        for pattern in [
            r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+",
            r"\\w\[\^\$[$^](?<a>x)(?<=x)(?:m)(?>s)",
            "",
            r"\",
        ] {
            assert_eq!(translate(pattern).unwrap(), pattern);
        }
    }

    #[test]
    fn words_and_lines_are_those_of_oniguruma() {
        assert_eq!(translate(r"[^\w]").unwrap(), format!("[^{WORD}]"));
        assert_eq!(translate(r"[]a]$").unwrap(), r"[\]a](?m:$)");
        let outside = format!("[{WORD}{LATIN_1}]");
        assert_eq!(translate(r"[a[b]\w]\w").unwrap(), format!("[a[b]{WORD}]{outside}"));
        for pattern in ["[[:punct:]]", "(?m:a)", "(?i-m)a", "(?s)a", "(?ims:a)", "(?i:aSsb)"] {
            let problem = translate(pattern).unwrap_err();
            assert!(problem.contains("is not supported"), "{problem}");
        }
    }
}
