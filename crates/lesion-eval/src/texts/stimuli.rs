//! Stimuli files.

use crate::{
    error::{FileProblem, LineProblem, StudyError},
    texts::template_lines::{Template, parse_file},
};

/// The two sides of a contrast: a neuron with t > 0 gets label `a`, one with t < 0 label `b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contrast {
    /// The label of the first words, for example `him`.
    pub a: String,
    /// The label of the second words, for example `her`.
    pub b: String,
    /// Whether the labels are the words of every stimulus. Otherwise they only name the sides, `a`
    /// and `b`, and no prompt's right word is one of them.
    pub words: bool,
}

impl Contrast {
    /// The label that equals `name` in any letter case.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        [&self.a, &self.b]
            .into_iter()
            .find(|label| label.to_lowercase() == name.to_lowercase())
            .map(String::as_str)
    }

    /// The label of the side that `word` belongs to.
    #[must_use]
    pub fn label_of_word(&self, word: &str) -> Option<&str> {
        self.label(word).filter(|_| self.words)
    }
}

/// A minimal pair: one sentence with either word of the contrast in it. In a context pair other
/// words switch with it, `{The king|The queen} smiled when we greeted {him|her}.`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StimulusPair {
    pub(crate) template: Template,
}

/// The stimuli of a study: minimal pairs that differ in a target word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stimuli {
    pub(crate) file: String,
    pairs: Vec<StimulusPair>,
    contrast: Contrast,
}

impl Stimuli {
    /// Reads a stimuli file: one template per line with the target in braces, the word of side a
    /// first, `The dog followed {him|her} home.` If a line has several braces, the last is the target
    /// and all switch together. Blank lines and lines that start with `#` are skipped. The labels are
    /// the two words of the target, or `a` and `b` if the lines have different ones.
    ///
    /// # Errors
    /// If a line is invalid ([`StudyError::Line`]) or there are fewer than 2 pairs
    /// ([`StudyError::File`]).
    pub fn parse(file: &str, content: &str) -> Result<Self, StudyError> {
        let templates = parse_file(file, content)?;
        for template in &templates {
            check(template).map_err(|problem| StudyError::in_line(file, template.line, problem))?;
        }
        let found = templates.len();
        if found < 2 {
            let problem = FileProblem::TooFewPairs { found };
            return Err(StudyError::File { file: file.to_owned(), problem });
        }
        let (a, b) = target_words(&templates[0]);
        let same =
            templates.iter().all(|template| target_words(template) == (a.clone(), b.clone()));
        let contrast = if same {
            Contrast { a, b, words: true }
        } else {
            Contrast { a: "a".to_owned(), b: "b".to_owned(), words: false }
        };
        let pairs = templates.into_iter().map(|template| StimulusPair { template }).collect();
        Ok(Self { file: file.to_owned(), pairs, contrast })
    }

    /// The pairs, in the order of the file.
    #[must_use]
    pub fn pairs(&self) -> &[StimulusPair] {
        &self.pairs
    }

    /// The two labels.
    #[must_use]
    pub fn contrast(&self) -> &Contrast {
        &self.contrast
    }
}

/// Checks that a template is a pair.
fn check(template: &Template) -> Result<(), LineProblem> {
    if template.label.is_some() {
        return Err(LineProblem::LabelledStimulus);
    }
    if template.group.is_some() {
        return Err(LineProblem::GroupOfPair);
    }
    if let Some(words) = template.braces.iter().find(|words| words.len() != 2) {
        return Err(LineProblem::WordCount { found: words.len() });
    }
    Ok(())
}

/// Both words of a pair's target in lower case.
fn target_words(template: &Template) -> (String, String) {
    let words = &template.braces[template.braces.len() - 1];
    (words[0].to_lowercase(), words[1].to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_words_that_all_lines_share() {
        let stimuli = Stimuli::parse("f", "I saw {Him|her}.\nYou saw {him|her}.").unwrap();
        assert_eq!(stimuli.contrast(), &Contrast { a: "him".into(), b: "her".into(), words: true });
        let context = "{The king|The queen} saw {him|her}.\n{He|She} saw {him|her}.";
        assert_eq!(Stimuli::parse("f", context).unwrap().contrast(), stimuli.contrast());
        let mixed = Stimuli::parse("f", "The {dog|dogs} ran.\nThe {cat|cats} ran.").unwrap();
        assert_eq!(mixed.contrast(), &Contrast { a: "a".into(), b: "b".into(), words: false });
    }

    #[test]
    fn invalid_pairs_are_errors() {
        for (content, problem) in [
            ("", "has 0"),
            ("I saw {him|her}.", "has 1"),
            ("I saw {him|her|it}.\nI saw {him|her}.", "f:1: 3 words"),
            ("{He|She|It} saw {him|her}.\nI saw {him|her}.", "f:1: 3 words"),
            ("him\tI saw {him|her}.\nI saw {him|her}.", "f:1: a tab"),
        ] {
            let error = Stimuli::parse("f", content).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
