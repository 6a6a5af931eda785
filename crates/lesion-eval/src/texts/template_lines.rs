//! One line of a stimuli or prompts file: text with words in braces.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use study_record::Warning;

use crate::{
    error::{InvalidLines, LineProblem},
    texts::characters::{check_characters, lines_of, look_alike, unseparated_field},
};

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
    pub(crate) text: Vec<String>,
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
}

/// The beginning of a group's field.
const GROUP: &str = "group=";

/// The templates of a file; blank lines and lines that start with `#` are skipped. Each brace has at
/// least `fewest_words`. Lines that are invalid or occur twice are added to `invalid`, and lines that
/// may not mean what they say to `warnings`.
pub(crate) fn parse_file(
    file: &str,
    content: &str,
    fewest_words: usize,
    invalid: &mut InvalidLines,
    warnings: &mut Vec<Warning>,
) -> Vec<Template> {
    // Some editors put a byte order mark before the first line.
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let mut templates: Vec<Template> = Vec::new();
    for (index, text) in lines_of(content).enumerate() {
        let line = index + 1;
        if text.trim().is_empty() {
            continue;
        }
        if let Some(comment) = text.trim_start().strip_prefix('#') {
            if looks_like_a_template(comment) {
                warnings.push(Warning::CommentedLine { file: file.to_owned(), line });
            }
            continue;
        }
        match parse_line(line, text, fewest_words) {
            Ok(template) => {
                if template.text.last().is_some_and(|text| text.contains(" #")) {
                    warnings.push(Warning::CommentInLine { file: file.to_owned(), line });
                }
                templates.push(template);
            }
            Err(problem) => invalid.add(file, line, problem),
        }
    }
    check_repeats(file, &templates, invalid);
    check_fields(file, &templates, invalid);
    templates
}

/// Whether the text after a `#` is a sentence with a target, such as one about a hashtag.
fn looks_like_a_template(comment: &str) -> bool {
    comment.starts_with(char::is_alphanumeric) && comment.contains('{') && comment.contains('}')
}

/// Finds templates that occur twice: they would count as two independent observations.
fn check_repeats(file: &str, templates: &[Template], invalid: &mut InvalidLines) {
    let mut first_lines = HashMap::new();
    for Template { line, label, text, braces, .. } in templates {
        let first = *first_lines.entry((label, text, braces)).or_insert(*line);
        if first != *line {
            invalid.add(file, *line, LineProblem::Repeated { first });
        }
    }
}

/// Finds lines without a label that begin with a word and several spaces, if others have a label.
fn check_fields(file: &str, templates: &[Template], invalid: &mut InvalidLines) {
    if templates.iter().all(|template| template.label.is_none()) {
        return;
    }
    for template in templates {
        if template.label.is_none()
            && let Some(field) = unseparated_field(&template.text[0])
        {
            let field = field.to_owned();
            invalid.add(file, template.line, LineProblem::SpacesAfterField { field });
        }
    }
}

fn parse_line(line: usize, text: &str, fewest_words: usize) -> Result<Template, LineProblem> {
    check_characters(text)?;
    let mut template =
        Template { line, label: None, group: None, text: Vec::new(), braces: Vec::new() };
    let mut rest = text.trim();
    while let Some((before, after)) = rest.split_once('\t') {
        let field = before.trim();
        let kind = match field.strip_prefix(GROUP) {
            Some("") => return Err(LineProblem::EmptyGroup),
            Some(name) => template.group.replace(name.to_owned()),
            None if field.contains('{') => return Err(LineProblem::TabInSentence),
            None => template.label.replace(field.to_owned()),
        };
        if kind.is_some() {
            return Err(LineProblem::SecondField { field: field.to_owned() });
        }
        rest = after.trim();
    }
    if rest.starts_with(GROUP) {
        let field = rest.split_whitespace().next().unwrap_or_default().to_owned();
        return Err(LineProblem::SpacesAfterField { field });
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
    if template.text[0].contains("\\t") {
        return Err(LineProblem::WrittenTab);
    }
    if template.braces.is_empty() {
        return Err(LineProblem::NoTarget);
    }
    Ok(template)
}

/// The text between braces, which contains none.
fn parse_text(text: &str) -> Result<String, LineProblem> {
    if let Some((found, meant)) = look_alike(text, &['{', '}']) {
        return Err(LineProblem::LookAlike { found, meant });
    }
    if text.contains('}') {
        return Err(LineProblem::Unopened);
    }
    Ok(text.to_owned())
}

/// The words of a brace: all different, none empty.
fn parse_words(brace: &str, fewest: usize) -> Result<Vec<String>, LineProblem> {
    if let Some((found, meant)) = look_alike(brace, &['{', '}', '|']) {
        return Err(LineProblem::LookAlike { found, meant });
    }
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
    let mut known = HashSet::new();
    if let Some(word) = words.iter().find(|word| !known.insert(*word)) {
        return Err(LineProblem::RepeatedWord { word: word.clone(), brace: brace.to_owned() });
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    /// The templates of a file named `f`, its invalid lines as text, and its warnings.
    fn parse(content: &str, fewest_words: usize) -> (Vec<Template>, Vec<String>, Vec<Warning>) {
        let mut invalid = InvalidLines::default();
        let mut warnings = Vec::new();
        let templates = parse_file("f", content, fewest_words, &mut invalid, &mut warnings);
        (templates, invalid.lines().iter().map(ToString::to_string).collect(), warnings)
    }

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
        let (templates, invalid, _) = parse("\u{feff}# c\n\tI saw {a|b}.\t\n", 2);
        assert_eq!((templates.len(), &templates[0].label, invalid.len()), (1, &None, 0));
    }

    #[test]
    fn comments_and_blank_lines_do_not_count_but_keep_the_line_numbers() {
        let (templates, ..) = parse("# one\n\n  # two\nI saw {a|b}.\n \nYou saw {c|d}.", 2);
        assert_eq!(templates.iter().map(|t| t.line).collect::<Vec<_>>(), [4, 6]);
    }

    #[test]
    fn any_line_end_ends_a_line() {
        for end in ["\n", "\r\n", "\r"] {
            let content = ["I saw {a|b}.", "", "# c", "You saw {a|b}."].join(end);
            let (templates, invalid, _) = parse(&content, 2);
            let lines: Vec<usize> = templates.iter().map(|template| template.line).collect();
            assert_eq!((lines, invalid.len()), (vec![1, 4], 0), "{end:?}");
        }
    }

    #[test]
    fn a_line_that_occurs_twice_is_an_error() {
        let (_, invalid, _) = parse("I saw {a|b}.\n\nI  saw {a|b}.\nI saw {a|b}. ", 2);
        assert_eq!(invalid, ["f:4: the same as line 1"]);
    }

    #[test]
    fn every_invalid_line_is_named_with_its_problem() {
        let lines = [
            ("No target.", "no target"),
            ("A {him|her", "without its `}`"),
            ("A him|her}", "without its `{`"),
            ("A {him|{her}}", "inside braces"),
            ("A {him}", "one word"),
            ("A {him|}", "empty word"),
            ("A {him|him}", "twice"),
            ("A \u{ff5b}him|her\u{ff5d}.", "U+FF5B"),
            ("A {him\u{ff5c}her|it}.", "type `|`"),
            ("A \0{him|her}.", "U+0000"),
            ("A {him|her}.\u{2028}B {him|her}.", "U+2028"),
            ("A \u{feff}{him|her}.", "U+FEFF"),
            ("A\u{c}{him|her}.", "U+000C"),
            ("A\u{200b} {him|her}.", "U+200B"),
            ("A \u{fffd} {him|her}.", "U+FFFD"),
            ("We met {him|her}\tPeter.", "a tab after"),
            ("him\\tWe met {him|her}.", "`\\t` before"),
            ("group=x We met {him|her}.", "before a tab"),
        ];
        let content: Vec<&str> = lines.iter().map(|(line, _)| *line).collect();
        let (_, invalid, _) = parse(&content.join("\n"), 2);
        assert_eq!(invalid.len(), lines.len(), "{invalid:#?}");
        for (index, (found, (_, problem))) in invalid.iter().zip(lines).enumerate() {
            let line = index + 1;
            assert!(
                found.starts_with(&format!("f:{line}: ")) && found.contains(problem),
                "{found}"
            );
        }
    }

    #[test]
    fn a_label_before_spaces_is_not_a_word_of_the_sentence() {
        let (_, invalid, _) = parse("he\tPeter {a|b}.\nshe  Martha {a|b}.\nWe met {a|b}.", 2);
        assert_eq!(invalid.len(), 1, "{invalid:?}");
        assert!(invalid[0].starts_with("f:2: \"she\" stands before spaces"), "{invalid:?}");
        let (_, invalid, _) = parse("We  met {a|b}.\nThey met {a|b}.", 2);
        assert!(invalid.is_empty(), "{invalid:?}");
    }

    #[test]
    fn a_comment_that_may_be_a_sentence_is_doubtful() {
        let content = "# We met {a|b}.\n#metoo helped {a|b}.\nWe met {a|b}. # here";
        let (templates, invalid, warnings) = parse(content, 2);
        assert_eq!((templates.len(), invalid.len()), (1, 0));
        let file = || "f".to_owned();
        let expected = [
            Warning::CommentedLine { file: file(), line: 2 },
            Warning::CommentInLine { file: file(), line: 3 },
        ];
        assert_eq!(warnings, expected);
    }

    #[test]
    fn many_lines_and_many_words_take_no_time() {
        let words: Vec<String> = (0..20_000).map(|word| format!("w{word}")).collect();
        let mut content = format!("We saw {{{}}}.\n", words.join("|"));
        for line in 0..100_000 {
            writeln!(content, "Number {line} saw {{a|b}}.").unwrap();
        }
        let started = std::time::Instant::now();
        let (templates, invalid, _) = parse(&content, 2);
        assert_eq!((templates.len(), invalid.len()), (100_001, 0));
        assert!(started.elapsed().as_secs() < 10);
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_one_line_of_error(
            text in "[ a-z{}|\t#.é]{0,40}",
            fewest_words in 1_usize..3,
        ) {
            let (templates, invalid, _) = parse(&text, fewest_words);
            for template in templates {
                for (i, words) in template.braces.iter().enumerate() {
                    let word = words.last().unwrap();
                    let (sentence, place) = template.fill(i, word);
                    prop_assert_eq!(&sentence[place], word);
                }
            }
            prop_assert!(invalid.iter().all(|line| !line.contains('\n')));
        }
    }
}
