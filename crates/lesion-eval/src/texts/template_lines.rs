//! One line of a stimuli or prompts file: text with words in braces.

use std::ops::Range;

use crate::error::{LineProblem, StudyError};

/// A sentence whose braces each contain words: alternatives, `{him|her}`, or a single one, `{him}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// The line in its file, counted from 1.
    pub(crate) line: usize,
    /// The label before a tab, if there is one.
    pub(crate) label: Option<String>,
    /// The name of the group that the line belongs to, if `group=NAME` stands before a tab.
    pub(crate) group: Option<String>,
    /// The text between the braces: one piece more than there are braces.
    text: Vec<String>,
    /// The words of each brace.
    pub(crate) braces: Vec<Vec<String>>,
}

impl Template {
    /// The sentence with `word` in brace `index` and the first word in every other brace, and the
    /// byte range of `word` in it.
    pub(crate) fn fill(&self, index: usize, word: &str) -> (String, Range<usize>) {
        self.fill_sides(0, index, word)
    }

    /// The sentence with `word` in brace `index` and word number `side` in every other brace, and
    /// the byte range of `word` in it.
    pub(crate) fn fill_sides(
        &self,
        side: usize,
        index: usize,
        word: &str,
    ) -> (String, Range<usize>) {
        let mut sentence = self.text[0].clone();
        let mut place = 0..0;
        for (i, (words, after)) in self.braces.iter().zip(&self.text[1..]).enumerate() {
            if i == index {
                place = sentence.len()..sentence.len() + word.len();
                sentence.push_str(word);
            } else {
                sentence.push_str(&words[side]);
            }
            sentence.push_str(after);
        }
        (sentence, place)
    }

    /// Whether both have the same text, words and label.
    fn repeats(&self, other: &Self) -> bool {
        self.label == other.label && self.text == other.text && self.braces == other.braces
    }
}

/// The beginning of a group's field.
const GROUP: &str = "group=";

/// Reads the templates of a file; blank lines and lines that start with `#` are skipped. Each brace
/// has at least `fewest_words`.
///
/// # Errors
/// If a line is invalid or occurs twice ([`StudyError::Line`]).
pub(crate) fn parse_file(
    file: &str,
    content: &str,
    fewest_words: usize,
) -> Result<Vec<Template>, StudyError> {
    // Some editors put a byte order mark before the first line.
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let mut templates: Vec<Template> = Vec::new();
    for (index, text) in content.lines().enumerate() {
        if text.trim().is_empty() || text.trim_start().starts_with('#') {
            continue;
        }
        let line = index + 1;
        let template = parse_line(line, text, fewest_words)
            .map_err(|problem| StudyError::in_line(file, line, problem))?;
        templates.push(template);
    }
    check_repeats(file, &templates)?;
    Ok(templates)
}

/// Checks that no template occurs twice: it would count as two independent observations.
fn check_repeats(file: &str, templates: &[Template]) -> Result<(), StudyError> {
    for (index, template) in templates.iter().enumerate() {
        if let Some(first) = templates[..index].iter().find(|earlier| earlier.repeats(template)) {
            let problem = LineProblem::Repeated { first: first.line };
            return Err(StudyError::in_line(file, template.line, problem));
        }
    }
    Ok(())
}

fn parse_line(line: usize, text: &str, fewest_words: usize) -> Result<Template, LineProblem> {
    let mut template =
        Template { line, label: None, group: None, text: Vec::new(), braces: Vec::new() };
    let mut rest = text.trim();
    while let Some((before, after)) = rest.split_once('\t') {
        let field = before.trim();
        let kind = match field.strip_prefix(GROUP) {
            Some("") => return Err(LineProblem::EmptyGroup),
            Some(name) => template.group.replace(name.to_owned()),
            None if field.contains('{') => break,
            None => template.label.replace(field.to_owned()),
        };
        if kind.is_some() {
            return Err(LineProblem::SecondField { field: field.to_owned() });
        }
        rest = after.trim();
    }
    while let Some((before, after)) = rest.split_once('{') {
        let Some((brace, after)) = after.split_once('}') else {
            return Err(LineProblem::Unclosed);
        };
        template.text.push(parse_text(before)?);
        template.braces.push(parse_words(brace, fewest_words)?);
        rest = after;
    }
    template.text.push(parse_text(rest)?);
    if template.braces.is_empty() {
        return Err(LineProblem::NoTarget);
    }
    Ok(template)
}

/// The text between braces, which contains none.
fn parse_text(text: &str) -> Result<String, LineProblem> {
    if text.contains('}') {
        return Err(LineProblem::Unopened);
    }
    Ok(text.to_owned())
}

/// The words of a brace: all different, none empty.
fn parse_words(brace: &str, fewest: usize) -> Result<Vec<String>, LineProblem> {
    if brace.contains('{') {
        return Err(LineProblem::Nested);
    }
    let words: Vec<String> = brace.split('|').map(|word| word.trim().to_owned()).collect();
    if words.iter().any(String::is_empty) {
        return Err(LineProblem::EmptyWord { brace: brace.to_owned() });
    }
    if words.len() < fewest {
        return Err(LineProblem::OneWord { brace: brace.to_owned() });
    }
    for (i, word) in words.iter().enumerate() {
        if words[..i].iter().any(|other| other.to_lowercase() == word.to_lowercase()) {
            return Err(LineProblem::RepeatedWord { word: word.clone(), brace: brace.to_owned() });
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_word_fills_its_brace() {
        let template = parse_line(1, "We met {him|her} and {he|she} smiled.", 2).unwrap();
        assert_eq!(template.fill(0, "X"), ("We met X and he smiled.".to_owned(), 7..8));
        assert_eq!(template.fill(1, "she"), ("We met him and she smiled.".to_owned(), 15..18));
        let side_b = template.fill_sides(1, 1, "X");
        assert_eq!(side_b, ("We met her and X smiled.".to_owned(), 15..16));
    }

    #[test]
    fn a_label_precedes_a_tab() {
        let template = parse_line(1, "him\tIt is {his|hers}.", 2).unwrap();
        assert_eq!(template.label.as_deref(), Some("him"));
        assert_eq!(template.fill(0, "hers").0, "It is hers.");
    }

    #[test]
    fn a_group_and_a_label_precede_tabs_in_any_order() {
        for text in ["group=beds\thim\tIt is {his|hers}.", "him\tgroup=beds\tIt is {his|hers}."] {
            let template = parse_line(1, text, 2).unwrap();
            assert_eq!(template.label.as_deref(), Some("him"));
            assert_eq!(template.group.as_deref(), Some("beds"));
            assert_eq!(template.fill(0, "hers").0, "It is hers.");
        }
        for (text, problem) in [
            ("group=\tIt is {his|hers}.", "without a name"),
            ("him\ther\tIt is {his|hers}.", "second"),
            ("group=a\tgroup=b\tIt is {his|hers}.", "second"),
        ] {
            let error = parse_line(1, text, 2).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn tabs_at_the_ends_and_a_byte_order_mark_are_not_text() {
        let templates = parse_file("f", "\u{feff}# c\n\tI saw {a|b}.\t\n", 2).unwrap();
        assert_eq!((templates.len(), &templates[0].label), (1, &None));
    }

    #[test]
    fn comments_and_blank_lines_do_not_count_but_keep_the_line_numbers() {
        let templates =
            parse_file("f", "# one\n\n  # two\nI saw {a|b}.\n \nYou saw {c|d}.", 2).unwrap();
        assert_eq!(templates.iter().map(|t| t.line).collect::<Vec<_>>(), [4, 6]);
    }

    #[test]
    fn a_line_that_occurs_twice_is_an_error() {
        let error = parse_file("f", "I saw {a|b}.\n\nI  saw {a|b}.\nI saw {a|b}. ", 2).unwrap_err();
        assert_eq!(error.to_string(), "f:4: the same as line 1");
    }

    #[test]
    fn errors_name_file_and_line() {
        for (text, problem) in [
            ("No target.", "no target"),
            ("A {him|her", "without its `}`"),
            ("A him|her}", "without its `{`"),
            ("A {him|{her}}", "inside braces"),
            ("A {him}", "one word"),
            ("A {him|}", "empty word"),
            ("A {him|Him}", "twice"),
        ] {
            let error = parse_file("f.txt", &format!("# x\n{text}"), 2).unwrap_err().to_string();
            assert!(error.starts_with("f.txt:2: ") && error.contains(problem), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_one_line_of_error(
            text in "[ a-z{}|\t#.é]{0,40}",
            fewest_words in 1_usize..3,
        ) {
            match parse_file("f", &text, fewest_words) {
                Ok(templates) => for template in templates {
                    for (i, words) in template.braces.iter().enumerate() {
                        let word = words.last().unwrap();
                        let (sentence, place) = template.fill(i, word);
                        prop_assert_eq!(&sentence[place], word);
                    }
                },
                Err(error) => prop_assert!(!error.to_string().contains('\n')),
            }
        }
    }
}
