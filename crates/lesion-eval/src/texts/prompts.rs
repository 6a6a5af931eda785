//! Prompts files.

use bert_model::MASK;
use study_record::Warning;

use crate::{
    error::{FileProblem, InvalidLines, LineProblem, StudyError},
    texts::{
        contrast::{Contrast, ReadWord},
        template_lines::{Template, parse_file},
    },
};

/// The prompts of a study.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompts {
    pub(crate) file: String,
    pub(crate) templates: Vec<Template>,
    /// Doubtful lines.
    pub(crate) warnings: Vec<Warning>,
}

/// One brace of one template: a word that the model is to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prompt<'a> {
    /// Index of the template in its file; lines that are skipped do not count.
    pub index: usize,
    /// The brace of the template whose word is predicted.
    pub brace: usize,
    pub(crate) template: &'a Template,
}

impl Prompts {
    /// Reads a prompts file: one template per line, in each brace the right word first and then
    /// other candidates, `We thanked {her|him|them}.` Each brace is one prompt, in which
    /// the other braces contain their right word. A line with exactly one brace may start with a
    /// label of the contrast and a tab. Blank lines and lines that start with `#` are skipped.
    ///
    /// # Errors
    /// If lines are invalid ([`StudyError::Lines`]) or the file has no prompt ([`StudyError::File`]).
    pub fn parse(file: &str, content: &str) -> Result<Self, StudyError> {
        let mut invalid = InvalidLines::default();
        let prompts = Self::parse_valid_lines(file, content, &mut invalid)?;
        invalid.check()?;
        Ok(prompts)
    }

    /// As [`Prompts::parse`], with invalid lines left out and added to `invalid`.
    ///
    /// # Errors
    /// If no line is invalid, and there is no prompt ([`StudyError::File`]).
    pub fn parse_valid_lines(
        file: &str,
        content: &str,
        invalid: &mut InvalidLines,
    ) -> Result<Self, StudyError> {
        let mut warnings = Vec::new();
        let mut templates = parse_file(file, content, 2, invalid, &mut warnings);
        if templates.is_empty() && !invalid.is_any_of(file) {
            let problem = FileProblem::NoPrompt;
            return Err(StudyError::File { file: file.to_owned(), problem });
        }
        templates.retain(|template| {
            let braces = template.braces.len();
            let is_valid = template.label.is_none() || braces == 1;
            if !is_valid {
                invalid.add(file, template.line, LineProblem::LabelOfSeveral { braces });
            }
            is_valid
        });
        Ok(Self { file: file.to_owned(), templates, warnings })
    }

    /// Every brace of every template, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = Prompt<'_>> {
        self.templates.iter().enumerate().flat_map(|(index, template)| {
            (0..template.braces.len()).map(move |brace| Prompt { index, brace, template })
        })
    }

    /// Finds labels that are not the contrast's, and doubtful ones.
    pub(crate) fn check_labels(
        &self,
        contrast: &Contrast,
        invalid: &mut InvalidLines,
        warnings: &mut Vec<Warning>,
    ) {
        // Without a second label nothing is known about the labels.
        if contrast.b.is_empty() {
            return;
        }
        for template in &self.templates {
            let Some(label) = &template.label else { continue };
            if contrast.label(label).is_none() {
                let known = [contrast.a.clone(), contrast.b.clone()];
                let problem = LineProblem::UnknownLabel { label: label.clone(), known };
                invalid.add(&self.file, template.line, problem);
            }
        }
        contrast.check_fields(&self.file, &self.templates, invalid, warnings);
    }
}

impl<'a> Prompt<'a> {
    /// The right word.
    #[must_use]
    pub fn right(&self) -> &'a str {
        &self.template.braces[self.brace][0]
    }

    /// Its words, the right one first.
    #[must_use]
    pub fn words(&self) -> &'a [String] {
        &self.template.braces[self.brace]
    }

    /// The sentence with [`MASK`] in the place of its words.
    #[must_use]
    pub fn masked_sentence(&self) -> String {
        self.template.fill(self.brace, MASK).0
    }

    /// The label of the neuron set that is matched to this prompt: the label before the tab, or the
    /// right word if it is a word of the contrast. `read` decides which words are the same.
    pub(crate) fn label<'c>(&self, contrast: &'c Contrast, read: ReadWord<'_>) -> Option<&'c str> {
        match &self.template.label {
            Some(label) => contrast.label(label),
            None => contrast.label_of_word(self.right(), read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::contrast::WordKey;

    fn read(word: &str) -> WordKey {
        WordKey::Unknown(word.to_lowercase())
    }

    fn contrast() -> Contrast {
        Contrast { a: "him".into(), b: "her".into(), words: true }
    }

    #[test]
    fn every_brace_is_a_prompt_and_knows_its_label() {
        let content = "# x\nAnn {saw|met} {him|her}.\nher\tIt was {hers|his}.";
        let prompts = Prompts::parse("f", content).unwrap();
        let found: Vec<_> = prompts
            .iter()
            .map(|p| {
                let contrast = contrast();
                let label = p.label(&contrast, &mut read).map(str::to_owned);
                (p.index, p.brace, p.right().to_owned(), label)
            })
            .collect();
        let expected =
            [(0, 0, "saw", None), (0, 1, "him", Some("him")), (1, 0, "hers", Some("her"))];
        assert_eq!(found, expected.map(|(i, b, r, l)| (i, b, r.to_owned(), l.map(str::to_owned))));
    }

    #[test]
    fn the_name_of_a_side_does_not_match_a_word() {
        let sides = Contrast { a: "a".into(), b: "b".into(), words: false };
        let prompts = Prompts::parse("f", "I saw {a|the} dog.\na\tThe {dog|dogs} ran.").unwrap();
        let labels: Vec<_> = prompts.iter().map(|prompt| prompt.label(&sides, &mut read)).collect();
        assert_eq!(labels, [None, Some("a")]);
    }

    #[test]
    fn labels_are_checked() {
        let two = Prompts::parse("f", "him\t{He|She} saw {him|her}.").unwrap_err().to_string();
        assert!(two.starts_with("f:1: a label before 2 braces"), "{two}");
        let prompts = Prompts::parse("f", "them\tIt was {hers|his}.").unwrap();
        let mut invalid = InvalidLines::default();
        prompts.check_labels(&contrast(), &mut invalid, &mut Vec::new());
        let unknown = invalid.to_string();
        assert!(unknown.starts_with("f:1: the label \"them\""), "{unknown}");
        assert!(Prompts::parse("f", "# nothing\n").is_err());
    }
}
