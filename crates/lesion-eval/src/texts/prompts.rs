//! Prompts files.

use crate::{
    error::StudyError,
    texts::{
        stimuli::Contrast,
        template::{Template, parse_file},
    },
};

/// The masked prompts of a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompts {
    pub(crate) file: String,
    pub(crate) templates: Vec<Template>,
}

/// One brace of one template: what the model is asked to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prompt<'a> {
    /// Index of the template in its file; lines that are skipped do not count.
    pub index: usize,
    /// Which of the template's braces is masked.
    pub brace: usize,
    pub(crate) template: &'a Template,
}

impl Prompts {
    /// Reads a prompts file: one template a line, in each brace the right word first and then
    /// other candidates, `We thanked {her|him|them}.` Each brace is one masked prompt, in which
    /// the other braces hold their right word. A line with exactly one brace may start with a
    /// label of the contrast and a tab. Blank lines and lines that start with `#` are skipped.
    ///
    /// # Errors
    /// [`StudyError::Line`] for a line that is no such template, [`StudyError::File`] where there
    /// is none.
    pub fn parse(file: &str, content: &str) -> Result<Self, StudyError> {
        let templates = parse_file(file, content)?;
        if templates.is_empty() {
            return Err(StudyError::File {
                file: file.to_owned(),
                problem: "no prompt; write one a line, the right word first: We thanked {her|him}."
                    .to_owned(),
            });
        }
        for template in &templates {
            let braces = template.braces.len();
            if template.label.is_some() && braces != 1 {
                return Err(StudyError::Line {
                    file: file.to_owned(),
                    line: template.line,
                    problem: format!(
                        "a label before {braces} braces; it can stand before one only"
                    ),
                });
            }
        }
        Ok(Self { file: file.to_owned(), templates })
    }

    /// Every brace of every template, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = Prompt<'_>> {
        self.templates.iter().enumerate().flat_map(|(index, template)| {
            (0..template.braces.len()).map(move |brace| Prompt { index, brace, template })
        })
    }

    /// Checks that every label is one of the contrast's.
    ///
    /// # Errors
    /// [`StudyError::Line`] for the first that is not.
    pub fn check_labels(&self, contrast: &Contrast) -> Result<(), StudyError> {
        for template in &self.templates {
            if let Some(label) = &template.label
                && contrast.label(label).is_none()
            {
                return Err(StudyError::Line {
                    file: self.file.clone(),
                    line: template.line,
                    problem: format!(
                        "the label \"{label}\" is none of the contrast's, \"{}\" and \"{}\"",
                        contrast.a, contrast.b
                    ),
                });
            }
        }
        Ok(())
    }
}

impl<'a> Prompt<'a> {
    /// The right word.
    #[must_use]
    pub fn right(&self) -> &'a str {
        &self.template.braces[self.brace][0]
    }

    /// The label of the neuron set that is matched to this prompt: the one before the tab, or else
    /// the right word if it is a word of the contrast.
    #[must_use]
    pub fn label<'c>(&self, contrast: &'c Contrast) -> Option<&'c str> {
        match &self.template.label {
            Some(label) => contrast.label(label),
            None => contrast.label_of_word(self.right()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                (p.index, p.brace, p.right().to_owned(), p.label(&contrast()).map(str::to_owned))
            })
            .collect();
        let expected =
            [(0, 0, "saw", None), (0, 1, "him", Some("him")), (1, 0, "hers", Some("her"))];
        assert_eq!(found, expected.map(|(i, b, r, l)| (i, b, r.to_owned(), l.map(str::to_owned))));
    }

    #[test]
    fn a_side_that_is_only_named_a_does_not_match_the_word_a() {
        let sides = Contrast { a: "a".into(), b: "b".into(), words: false };
        let prompts = Prompts::parse("f", "I saw {a|the} dog.\na\tThe {dog|dogs} ran.").unwrap();
        let labels: Vec<_> = prompts.iter().map(|prompt| prompt.label(&sides)).collect();
        assert_eq!(labels, [None, Some("a")]);
    }

    #[test]
    fn labels_are_checked() {
        let two = Prompts::parse("f", "him\t{He|She} saw {him|her}.").unwrap_err().to_string();
        assert!(two.starts_with("f:1: a label before 2 braces"), "{two}");
        let prompts = Prompts::parse("f", "them\tIt was {hers|his}.").unwrap();
        let unknown = prompts.check_labels(&contrast()).unwrap_err().to_string();
        assert!(unknown.starts_with("f:1: the label \"them\""), "{unknown}");
        assert!(Prompts::parse("f", "# nothing\n").is_err());
    }
}
