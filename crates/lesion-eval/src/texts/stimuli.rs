//! Stimuli files.

use study_record::{SelectionSettings, StimuliCounts, TTestKind, Warning};

use crate::{
    error::{FileProblem, InvalidLines, LineProblem, StudyError},
    texts::{
        contrast::{Contrast, ReadWord, SentenceSides, check_contexts},
        stimuli_layout::{FEWEST_OBSERVATIONS, StimuliLayout},
        template_lines::{Template, parse_file},
    },
};

/// The stimuli of a study: minimal pairs that differ in a target word, or single sentences of either
/// label.
#[derive(Clone, Debug, PartialEq)]
pub struct Stimuli {
    pub(crate) file: String,
    /// In the order of the file.
    pub(crate) templates: Vec<Template>,
    /// Whether each line is a pair.
    pub(crate) paired: bool,
    /// Doubtful lines.
    pub(crate) warnings: Vec<Warning>,
}

impl Stimuli {
    /// Reads a stimuli file: one template per line with the target in braces. Blank lines and lines
    /// that start with `#` are skipped, and `group=NAME` before a tab names a line's group. A file
    /// contains either pairs or single sentences.
    ///
    /// A pair has the word of side a first, `The dog followed {him|her} home.` If it has several
    /// braces, the last is the target and all switch together. The labels are the two words of the
    /// target, or `a` and `b` if the lines have different ones. `good|bad` before a tab gives them
    /// other names, and then the same words may occur on either side.
    ///
    /// A single sentence has one word, `The dog followed {him} home.` Its label is this word, or
    /// stands before a tab. Side a is the label that occurs first.
    ///
    /// # Errors
    /// If lines are invalid ([`StudyError::Lines`]), or there is none ([`StudyError::File`]).
    pub fn parse(file: &str, content: &str) -> Result<Self, StudyError> {
        let mut invalid = InvalidLines::default();
        let stimuli = Self::parse_valid_lines(file, content, &mut invalid)?;
        invalid.check()?;
        Ok(stimuli)
    }

    /// As [`Stimuli::parse`], with invalid lines left out and added to `invalid`.
    ///
    /// # Errors
    /// If there is no line ([`StudyError::File`]).
    pub fn parse_valid_lines(
        file: &str,
        content: &str,
        invalid: &mut InvalidLines,
    ) -> Result<Self, StudyError> {
        let mut warnings = Vec::new();
        let mut templates = parse_file(file, content, 1, invalid, &mut warnings);
        let first = templates.first().cloned();
        if let Some(first) = &first {
            templates.retain(|template| match check(template, first) {
                Ok(()) => true,
                Err(problem) => {
                    invalid.add(file, template.line, problem);
                    false
                }
            });
        }
        let found = templates.len();
        if found == 0 && !invalid.is_any_of(file) {
            let problem = FileProblem::TooFewPairs { found };
            return Err(StudyError::File { file: file.to_owned(), problem });
        }
        let paired = first.is_none_or(|first| !is_sentence(&first));
        Ok(Self { file: file.to_owned(), templates, paired, warnings })
    }

    /// The labels, and the sides and groups of the lines. `read` decides which words are the same.
    /// Lines on the wrong side, or with a third label, are added to `invalid`.
    ///
    /// # Errors
    /// If no line is invalid, and there are fewer than 2 pairs, or 2 sentences of each label, or 2
    /// groups of them ([`StudyError::File`]).
    pub(crate) fn arrange(
        &self,
        read: ReadWord<'_>,
        invalid: &mut InvalidLines,
        warnings: &mut Vec<Warning>,
    ) -> Result<(Contrast, StimuliLayout), StudyError> {
        let Self { file, templates, .. } = self;
        let groups: Vec<Option<&str>> =
            templates.iter().map(|template| template.group.as_deref()).collect();
        let mut problem = None;
        let (contrast, layout);
        if self.paired {
            let named = templates.first().and_then(|template| template.label.as_deref());
            contrast = match named.and_then(side_labels) {
                Some(names) => Contrast::of_named_sides(names),
                None => Contrast::of_pairs(file, templates, read, invalid),
            };
            contrast.check_fields(file, templates, invalid, warnings);
            check_contexts(file, templates, warnings);
            layout = StimuliLayout::of_pairs(&groups);
        } else {
            let found = SentenceSides::of(templates, read);
            let mut labels = found.labels.iter().cloned();
            let a = labels.next().unwrap_or_default();
            let b = labels.next();
            if b.is_none() {
                problem = Some(FileProblem::OneLabel { label: a.clone() });
            }
            contrast = Contrast { a, b: b.unwrap_or_default(), words: true };
            contrast.check_fields(file, templates, invalid, warnings);
            found.add_others(file, templates, invalid);
            layout = StimuliLayout::of_sentences(&found.sides, &groups);
        }
        let problem = problem.or_else(|| check_counts(&layout.counts(), &contrast).err());
        match problem {
            Some(problem) if !invalid.is_any_of(file) => {
                Err(StudyError::File { file: file.clone(), problem })
            }
            _ => Ok((contrast, layout)),
        }
    }

    /// The sentences of each side, whose places among the lines are `lines`.
    ///
    /// # Panics
    /// If there are not so many lines.
    #[must_use]
    pub fn sentences(&self, lines: &[Vec<usize>; 2]) -> [Vec<String>; 2] {
        let mut sentences = [Vec::new(), Vec::new()];
        for (side, sentences) in sentences.iter_mut().enumerate() {
            // A single sentence has the same word on whichever side it is.
            let word = if self.paired { side } else { 0 };
            for &line in &lines[side] {
                let template = &self.templates[line];
                let target = template.braces.len() - 1;
                let (sentence, _) =
                    template.fill_sides(word, target, &template.braces[target][word]);
                sentences.push(sentence);
            }
        }
        sentences
    }

    /// The t-test of each neuron.
    ///
    /// # Errors
    /// If the settings ask for the paired test of single sentences ([`StudyError::File`]).
    pub fn test(&self, settings: &SelectionSettings) -> Result<TTestKind, StudyError> {
        let test = settings.test_of(self.paired);
        if test == TTestKind::Paired && !self.paired {
            let problem = FileProblem::PairedTest;
            return Err(StudyError::File { file: self.file.clone(), problem });
        }
        Ok(test)
    }
}

/// Whether a template is a single sentence: each brace has one word.
fn is_sentence(template: &Template) -> bool {
    template.braces.iter().all(|words| words.len() == 1)
}

/// Checks that a template is a pair or a single sentence, as the first one is.
fn check(template: &Template, first: &Template) -> Result<(), LineProblem> {
    let is_single = is_sentence(template);
    if is_single != is_sentence(first) {
        let line = first.line;
        return Err(if is_single {
            LineProblem::SentenceAmongPairs { pair: line }
        } else {
            LineProblem::PairAmongSentences { sentence: line }
        });
    }
    let braces = template.braces.len();
    if is_single {
        return if braces == 1 { Ok(()) } else { Err(LineProblem::SeveralTargets { braces }) };
    }
    if let Some(label) = &template.label
        && side_labels(label).is_none()
    {
        return Err(LineProblem::LabelledPair { label: label.clone() });
    }
    if template.label != first.label {
        let label = first.label.clone();
        return Err(LineProblem::OtherSideLabels { first: first.line, label });
    }
    if let Some(words) = template.braces.iter().find(|words| words.len() != 2) {
        return Err(LineProblem::WordCount { found: words.len() });
    }
    Ok(())
}

/// The labels of a pair's sides: two different names with a bar between them.
fn side_labels(label: &str) -> Option<[&str; 2]> {
    let (a, b) = label.split_once('|')?;
    let (a, b) = (a.trim(), b.trim());
    let is_valid = !a.is_empty() && !b.is_empty() && !b.contains('|');
    (is_valid && a.to_lowercase() != b.to_lowercase()).then_some([a, b])
}

/// Checks that a t-test is possible.
fn check_counts(counts: &StimuliCounts, contrast: &Contrast) -> Result<(), FileProblem> {
    let labels = [&contrast.a, &contrast.b];
    for ((label, found), groups) in labels.into_iter().zip(counts.sentences).zip(counts.groups) {
        if counts.paired && found < FEWEST_OBSERVATIONS {
            return Err(FileProblem::TooFewPairs { found });
        }
        if found < FEWEST_OBSERVATIONS {
            return Err(FileProblem::TooFewSentences { label: label.clone(), found });
        }
        if groups < FEWEST_OBSERVATIONS {
            let unit = if counts.paired {
                "pairs".to_owned()
            } else {
                format!("sentences with the label \"{label}\"")
            };
            return Err(FileProblem::TooFewGroups { stimuli: format!("{found} {unit}"), groups });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;
    use crate::texts::contrast::WordKey;

    /// The labels and the layout of a file named `f` for a model that reads lower case only, or also
    /// capitals.
    fn arrange(content: &str, is_cased: bool) -> Result<(Contrast, StimuliLayout), StudyError> {
        let mut invalid = InvalidLines::default();
        let stimuli = Stimuli::parse_valid_lines("f", content, &mut invalid)?;
        let mut read = |word: &str| {
            WordKey::Unknown(if is_cased { word.to_owned() } else { word.to_lowercase() })
        };
        let arranged = stimuli.arrange(&mut read, &mut invalid, &mut Vec::new())?;
        invalid.check()?;
        Ok(arranged)
    }

    fn labels(content: &str, is_cased: bool) -> [String; 2] {
        let (Contrast { a, b, .. }, _) = arrange(content, is_cased).unwrap();
        [a, b]
    }

    #[track_caller]
    fn assert_problem(content: &str, problem: &str) {
        let error = arrange(content, false).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }

    #[test]
    fn labels_are_the_words_that_all_lines_share() {
        for is_cased in [false, true] {
            let pairs = "I saw {him|her}.\nYou saw {Him|her}.";
            assert_eq!(labels(pairs, is_cased), ["him", "her"]);
            let context = "{The king|The queen} saw {him|her}.\n{He|She} saw {him|her}.";
            assert_eq!(labels(context, is_cased), ["him", "her"]);
            let (mixed, _) = arrange("The {dog|dogs} ran.\nThe {cat|cats} ran.", is_cased).unwrap();
            assert_eq!(mixed, Contrast { a: "a".into(), b: "b".into(), words: false });
        }
    }

    #[test]
    fn the_model_decides_whether_letter_case_matters() {
        let residues = "E {L|V} G.\nA {L|V} K.";
        assert_eq!(labels(residues, true), ["L", "V"]);
        assert_eq!(labels(residues, false), ["l", "v"]);
        assert_eq!(labels("In {May|may} we.\nIt {May|may} be.", true), ["May", "may"]);
        let months = "In {May} we.\nSince {May}.\nIt {may}.\nShe {may}.";
        assert_eq!(labels(months, true), ["May", "may"]);
        assert_problem(months, "only the label \"may\"");
        // More than two words in any letter case are two labels in any.
        let mixed = "I saw {Him}.\nYou saw {him}.\nI saw {her}.\nYou saw {Her}.";
        assert_eq!(labels(mixed, true), ["Him", "her"]);
    }

    #[test]
    fn a_pair_the_other_way_round_is_named() {
        let mut content = String::new();
        for line in 1..=20 {
            let pair = if line == 3 { "{she|he}" } else { "{he|she}" };
            writeln!(content, "{{The king|The queen}} {line} said that {pair} left.").unwrap();
        }
        assert_problem(&content, "f:3: the pair {she|he} is the other way round in line 1;");
        assert_problem("I saw {a|b}.\nI met {B|a}.", "f:2: the pair {B|a} is the other way round");
    }

    #[test]
    fn all_invalid_lines_are_found() {
        let content = "I saw {him|her}.\nI saw {him|her\nI met {her|him}.\nWe met {him}.\n\
                       him  We knew {him|her}.\nWe knew {him|her}.";
        let mut invalid = InvalidLines::default();
        let stimuli = Stimuli::parse_valid_lines("f", content, &mut invalid).unwrap();
        let mut read = |word: &str| WordKey::Unknown(word.to_owned());
        stimuli.arrange(&mut read, &mut invalid, &mut Vec::new()).unwrap();
        let Err(StudyError::Lines(invalid)) = invalid.check() else { panic!("no invalid line") };
        let lines: Vec<usize> = invalid.lines().iter().map(|invalid| invalid.line).collect();
        assert_eq!(lines, [2, 3, 4, 5]);
        assert!(invalid.to_string().ends_with("; 3 more lines are invalid"), "{invalid}");
    }

    #[test]
    fn invalid_pairs_are_errors() {
        for (content, problem) in [
            ("", "has 0"),
            ("I saw {him|her}.", "has 1"),
            ("I saw {him|her|it}.\nI saw {him|her}.", "f:1: 3 words"),
            ("{He|She|It} saw {him|her}.\nI saw {him|her}.", "f:1: 3 words"),
            ("him\tI saw {him|her}.\nI saw {him|her}.", "f:1: the label \"him\" before a pair"),
            ("group=x\tI saw {him|her}.\ngroup=x\tYou saw {him|her}.", "2 pairs are in 1 group"),
        ] {
            assert_problem(content, problem);
        }
    }

    #[test]
    fn single_sentences_belong_to_the_label_of_their_word_or_before_the_tab() {
        let content = "We saw {Her}.\nhim\tWe saw {Peter}.\nHim\tPaul saw {him}.\n\
                       her\tWe saw {Martha}.\nThey saw {her}.";
        let (contrast, layout) = arrange(content, false).unwrap();
        assert_eq!(contrast, Contrast { a: "her".into(), b: "him".into(), words: true });
        assert_eq!(layout.lines, [vec![0, 3, 4], vec![1, 2]]);
        assert_eq!(layout.counts().in_words(), "3 and 2 sentences");
    }

    #[test]
    fn invalid_sentences_are_errors() {
        let two = "I saw {him}.\nYou saw {him}.\nI saw {her}.";
        for (content, problem) in [
            ("I saw {him}.\nI saw {him|her}.", "f:2: a pair, but line 1 is a single sentence"),
            ("I saw {him|her}.\nI saw {him}.", "f:2: a single sentence, but line 1 is a pair"),
            ("{He} saw {him}.\nI saw {her}.", "f:1: 2 braces"),
            ("I saw {him}.\nI saw {her}.\nI saw {it}.", "f:3: a third label \"it\""),
            ("I saw {him}.\nYou saw {him}.", "only the label \"him\""),
            (two, "1 sentence with the label \"her\""),
            (
                &format!("{two}\ngroup=x\tYou {{her}}.\nX {{her}}")
                    .replace("I saw {her}", "group=x\tI saw {her}")
                    .replace("\nX {her}", "\ngroup=x\tX {her}"),
                "3 sentences with the label \"her\" are in 1 group",
            ),
        ] {
            assert_problem(content, problem);
        }
    }

    #[test]
    fn single_sentences_are_not_paired_unless_the_settings_ask_in_vain() {
        let sentences = "I saw {him}.\nYou saw {him}.\nI saw {her}.\nYou saw {her}.";
        let sentences = Stimuli::parse("f", sentences).unwrap();
        let pairs = Stimuli::parse("f", "I saw {him|her}.\nYou saw {him|her}.").unwrap();
        let mut settings = SelectionSettings::default();
        assert_eq!(sentences.test(&settings).unwrap(), TTestKind::Welch);
        assert_eq!(pairs.test(&settings).unwrap(), TTestKind::Paired);
        settings.test = Some(TTestKind::Student);
        assert_eq!(sentences.test(&settings).unwrap(), TTestKind::Student);
        settings.test = Some(TTestKind::Paired);
        assert_eq!(pairs.test(&settings).unwrap(), TTestKind::Paired);
        let error = sentences.test(&settings).unwrap_err().to_string();
        assert!(error.contains("`--test welch`"), "{error}");
    }

    #[test]
    fn sides_with_names_may_have_the_same_words() {
        let content = "good|bad\tThe dog {is|are} here.\ngood | bad\tThe dogs {are|is} here.";
        assert_problem(content, "f:2: the labels of its sides are not those of line 1, `good|bad`");
        let (contrast, layout) = arrange(&content.replace(" | ", "|"), false).unwrap();
        assert_eq!(contrast, Contrast { a: "good".into(), b: "bad".into(), words: false });
        assert!(layout.paired);
        let unnamed = content.replace("good | bad\t", "");
        assert_problem(&unnamed, "f:2: the labels of its sides are not those of line 1");
        for label in ["good|Good", "good|", "|bad", "good|bad|odd"] {
            assert_problem(&content.replacen("good|bad", label, 1), "f:1: the label");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_stimuli_or_one_line_of_error(
            text in "((group=[xy]\t)?(([ab]|a[|]b)\t)?[a-c ]{1,3}\\{[ab|]{1,3}\\}\n){0,6}",
        ) {
            match arrange(&text, true) {
                Ok((_, layout)) => {
                    let counts = layout.counts();
                    prop_assert!(counts.groups.iter().all(|&groups| groups >= 2));
                    prop_assert!(!counts.paired || counts.sentences[0] == counts.sentences[1]);
                }
                Err(error) => prop_assert!(!error.to_string().contains('\n')),
            }
        }
    }
}
