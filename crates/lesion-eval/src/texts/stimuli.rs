//! Stimuli files.

use study_record::{SelectionSettings, StimuliCounts, TTestKind};

use crate::{
    error::{FileProblem, LineProblem, StudyError},
    texts::{
        stimuli_layout::{FEWEST_OBSERVATIONS, StimuliLayout},
        template_lines::{Template, parse_file},
    },
};

/// The two sides of a contrast: a neuron with t > 0 gets label `a`, one with t < 0 label `b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contrast {
    /// The label of the first words, for example `him`.
    pub a: String,
    /// The label of the second words, for example `her`.
    pub b: String,
    /// Whether the labels are words. Otherwise they only name the sides of pairs, `a` and `b`, and no
    /// prompt's right word is one of them.
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

/// The stimuli of a study: minimal pairs that differ in a target word, or single sentences of either
/// label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stimuli {
    pub(crate) file: String,
    /// In the order of the file.
    pub(crate) templates: Vec<Template>,
    pub(crate) layout: StimuliLayout,
    contrast: Contrast,
}

impl Stimuli {
    /// Reads a stimuli file: one template per line with the target in braces. Blank lines and lines
    /// that start with `#` are skipped, and `group=NAME` before a tab names a line's group. A file
    /// contains either pairs or single sentences.
    ///
    /// A pair has the word of side a first, `The dog followed {him|her} home.` If it has several
    /// braces, the last is the target and all switch together. The labels are the two words of the
    /// target, or `a` and `b` if the lines have different ones.
    ///
    /// A single sentence has one word, `The dog followed {him} home.` Its label is this word, or
    /// stands before a tab. Side a is the label that occurs first.
    ///
    /// # Errors
    /// If a line is invalid ([`StudyError::Line`]), or there are fewer than 2 pairs, or 2 sentences of
    /// each label, or 2 groups of them ([`StudyError::File`]).
    pub fn parse(file: &str, content: &str) -> Result<Self, StudyError> {
        let templates = parse_file(file, content, 1)?;
        let in_file = |problem| StudyError::File { file: file.to_owned(), problem };
        let Some(first) = templates.first() else {
            return Err(in_file(FileProblem::TooFewPairs { found: 0 }));
        };
        let paired = !is_sentence(first);
        for template in &templates {
            check(template, first).map_err(|problem| in_line(file, template, problem))?;
        }
        let groups: Vec<Option<&str>> =
            templates.iter().map(|template| template.group.as_deref()).collect();
        let (contrast, layout) = if paired {
            (contrast_of_pairs(&templates), StimuliLayout::of_pairs(&groups))
        } else {
            let (contrast, sides) = contrast_of_sentences(file, &templates)?;
            (contrast, StimuliLayout::of_sentences(&sides, &groups))
        };
        check_counts(&layout.counts(), &contrast).map_err(in_file)?;
        Ok(Self { file: file.to_owned(), templates, layout, contrast })
    }

    /// The two labels.
    #[must_use]
    pub fn contrast(&self) -> &Contrast {
        &self.contrast
    }

    /// The numbers of sentences and groups.
    #[must_use]
    pub fn counts(&self) -> StimuliCounts {
        self.layout.counts()
    }

    /// The t-test of each neuron.
    ///
    /// # Errors
    /// If the settings ask for the paired test of single sentences ([`StudyError::File`]).
    pub fn test(&self, settings: &SelectionSettings) -> Result<TTestKind, StudyError> {
        let test = settings.test_of(self.layout.paired);
        if test == TTestKind::Paired && !self.layout.paired {
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
    if template.label.is_some() {
        return Err(LineProblem::LabelledPair);
    }
    if let Some(words) = template.braces.iter().find(|words| words.len() != 2) {
        return Err(LineProblem::WordCount { found: words.len() });
    }
    Ok(())
}

fn in_line(file: &str, template: &Template, problem: LineProblem) -> StudyError {
    StudyError::in_line(file, template.line, problem)
}

/// The labels of pairs: the words that all of them share, or `a` and `b`.
fn contrast_of_pairs(templates: &[Template]) -> Contrast {
    let (a, b) = target_words(&templates[0]);
    let same = templates.iter().all(|template| target_words(template) == (a.clone(), b.clone()));
    if same {
        Contrast { a, b, words: true }
    } else {
        Contrast { a: "a".to_owned(), b: "b".to_owned(), words: false }
    }
}

/// The labels of single sentences, and the side of each of them.
fn contrast_of_sentences(
    file: &str,
    templates: &[Template],
) -> Result<(Contrast, Vec<usize>), StudyError> {
    let mut labels: Vec<String> = Vec::new();
    let mut sides = Vec::with_capacity(templates.len());
    for template in templates {
        let label = match &template.label {
            Some(label) => label.clone(),
            None => template.braces[0][0].to_lowercase(),
        };
        let known = labels.iter().position(|known| known.to_lowercase() == label.to_lowercase());
        let side = known.unwrap_or(labels.len());
        if let (2, [a, b]) = (side, &labels[..]) {
            let known = [a.clone(), b.clone()];
            let problem = LineProblem::ThirdLabel { label, known };
            return Err(in_line(file, template, problem));
        }
        if side == labels.len() {
            labels.push(label);
        }
        sides.push(side);
    }
    let mut labels = labels.into_iter();
    match (labels.next(), labels.next()) {
        (Some(a), Some(b)) => Ok((Contrast { a, b, words: true }, sides)),
        (label, _) => {
            let problem = FileProblem::OneLabel { label: label.unwrap_or_default() };
            Err(StudyError::File { file: file.to_owned(), problem })
        }
    }
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

/// Both words of a pair's target in lower case.
fn target_words(template: &Template) -> (String, String) {
    let words = &template.braces[template.braces.len() - 1];
    (words[0].to_lowercase(), words[1].to_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            ("him\tI saw {him|her}.\nI saw {him|her}.", "f:1: a label before a pair"),
            ("group=x\tI saw {him|her}.\ngroup=x\tYou saw {him|her}.", "2 pairs are in 1 group"),
        ] {
            let error = Stimuli::parse("f", content).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn single_sentences_belong_to_the_label_of_their_word_or_before_the_tab() {
        let content = "We saw {Her}.\nhim\tWe saw {Peter}.\nHim\tPaul saw {him}.\n\
                       her\tWe saw {Martha}.\nThey saw {her}.";
        let stimuli = Stimuli::parse("f", content).unwrap();
        assert_eq!(stimuli.contrast(), &Contrast { a: "her".into(), b: "him".into(), words: true });
        assert_eq!(stimuli.layout.lines, [vec![0, 3, 4], vec![1, 2]]);
        assert_eq!(stimuli.counts().in_words(), "3 and 2 sentences");
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
            let error = Stimuli::parse("f", content).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
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

    proptest! {
        #[test]
        fn any_text_is_stimuli_or_one_line_of_error(
            text in "((group=[xy]\t)?([ab]\t)?[a-c ]{1,3}\\{[ab|]{1,3}\\}\n){0,6}",
        ) {
            match Stimuli::parse("f", &text) {
                Ok(stimuli) => {
                    let counts = stimuli.counts();
                    prop_assert!(counts.groups.iter().all(|&groups| groups >= 2));
                    prop_assert!(!counts.paired || counts.sentences[0] == counts.sentences[1]);
                }
                Err(error) => prop_assert!(!error.to_string().contains('\n')),
            }
        }
    }
}
