//! The texts of a study: from files, from memory, or compiled into the program.

use std::{collections::BTreeMap, path::Path};

use bert_model::read_bounded;
use lesion_eval::{InvalidLines, NeuronSetFile, Prompts, Stimuli};
use study_record::{BUNDLED, FilePath, Origin, SelectAt, Study, in_users_words};
use study_report::hash;

use crate::{
    error::LesionError,
    inputs::bundled::{CONTEXT_PAIRS, PAIRS, PROMPTS},
};

/// A text input: its name, content and origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextInput {
    name: String,
    text: String,
    origin: Origin,
}

impl TextInput {
    /// A text in memory. Errors in its lines refer to it as `name`.
    #[must_use]
    pub fn given(name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        let source = name.clone();
        let sha256 = BTreeMap::from([(name.clone(), hash::of_bytes(text.as_bytes()))]);
        Self { name, text, origin: Origin { source, sha256 } }
    }

    /// A text file.
    ///
    /// # Errors
    /// If the file cannot be read, or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, LesionError> {
        let bytes = read_bounded(path).map_err(LesionError::read(path))?;
        let name = path.display().to_string();
        if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            return Err(LesionError::Utf16 { name });
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Self::given(name, text)),
            Err(error) => {
                let place = error.valid_up_to();
                let line = 1 + count_lines(&bytes[..place]);
                Err(LesionError::NotUtf8 { name, line, byte: bytes[place] })
            }
        }
    }

    /// The content.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name, as errors in its lines refer to it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Parses the text as prompts, with invalid lines left out and added to `invalid`.
    ///
    /// # Errors
    /// If no line is invalid, and there is no prompt.
    pub(crate) fn parse_prompts(&self, invalid: &mut InvalidLines) -> Result<Prompts, LesionError> {
        Ok(Prompts::parse_valid_lines(&self.name, &self.text, invalid)?)
    }

    /// The text in memory, or else a file, or else a bundled text.
    fn given_or_read(
        given: Option<Self>,
        path: Option<&FilePath>,
        bundled: (&str, &[u8]),
    ) -> Result<Self, LesionError> {
        match given {
            Some(input) => Ok(input),
            None => Self::read_or(path, bundled),
        }
    }

    /// The bundled stimuli for selection at a visible target or where it is predicted.
    #[must_use]
    pub fn bundled_stimuli(at: SelectAt) -> Self {
        Self::bundled(bundled_stimuli_file(at))
    }

    /// The paper's two prompts.
    #[must_use]
    pub fn paper_prompts() -> Self {
        Self::bundled(PROMPTS)
    }

    fn bundled((name, bytes): (&str, &[u8])) -> Self {
        let mut input = Self::given(name, String::from_utf8_lossy(bytes));
        BUNDLED.clone_into(&mut input.origin.source);
        input
    }

    fn read_or(path: Option<&FilePath>, bundled: (&str, &[u8])) -> Result<Self, LesionError> {
        match path {
            Some(FilePath(path)) => Self::read(path),
            None => Ok(Self::bundled(bundled)),
        }
    }
}

/// Number of line ends in bytes: line feeds, and carriage returns without one.
fn count_lines(bytes: &[u8]) -> usize {
    let mut lines = 0;
    for (place, byte) in bytes.iter().enumerate() {
        let is_end = match byte {
            b'\n' => true,
            b'\r' => bytes.get(place + 1) != Some(&b'\n'),
            _ => false,
        };
        lines += usize::from(is_end);
    }
    lines
}

/// Texts in memory that a study reads instead of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenTexts {
    /// The stimuli.
    pub stimuli: Option<TextInput>,
    /// The prompts.
    pub prompts: Option<TextInput>,
    /// Prompts about other things.
    pub bystanders: Option<TextInput>,
}

/// The texts of a study, not yet encoded.
#[derive(Debug)]
pub struct StudyTexts {
    pub(crate) stimuli: Stimuli,
    pub(crate) prompts: Prompts,
    pub(crate) neurons: Option<NeuronSetFile>,
    /// Prompts about other things, with their origin.
    pub(crate) bystanders: Option<(Prompts, Origin)>,
    /// Lines that are invalid for any model.
    pub(crate) invalid: InvalidLines,
    /// Origins of stimuli, prompts and neuron sets.
    pub(crate) origins: (Origin, Origin, Option<Origin>),
}

impl StudyTexts {
    /// Reads the texts of a study: those that it specifies, and otherwise the bundled ones.
    ///
    /// # Errors
    /// If a file cannot be read, or lines of it are invalid.
    pub fn read(study: &Study) -> Result<Self, LesionError> {
        Self::read_valid_lines(study)?.check_lines()
    }

    /// As [`StudyTexts::read`], but lines that are invalid are an error only when a study is prepared,
    /// together with those that are invalid for its model.
    ///
    /// # Errors
    /// If a file cannot be read, or has too few lines.
    pub fn read_valid_lines(study: &Study) -> Result<Self, LesionError> {
        Self::read_given(study, GivenTexts::default())
    }

    /// As [`StudyTexts::read_valid_lines`], with texts in memory instead of files where they are given.
    ///
    /// # Errors
    /// If a file cannot be read, or has too few lines.
    pub fn read_given(study: &Study, given: GivenTexts) -> Result<Self, LesionError> {
        let neurons = study.lesion.neurons.as_ref();
        let neurons = neurons.map(|FilePath(path)| TextInput::read(path)).transpose()?;
        let bundled_stimuli = bundled_stimuli_file(study.selection.at);
        let mut texts = Self::parse_valid_lines(
            TextInput::given_or_read(given.stimuli, study.stimuli.as_ref(), bundled_stimuli)?,
            TextInput::given_or_read(given.prompts, study.prompts.as_ref(), PROMPTS)?,
            neurons,
        )?;
        texts.stimuli.test(&study.selection)?;
        let bystanders = match (given.bystanders, &study.controls.bystanders) {
            (Some(input), _) => Some(input),
            (None, Some(FilePath(path))) => Some(TextInput::read(path)?),
            (None, None) => None,
        };
        if let Some(input) = bystanders {
            let prompts = input.parse_prompts(&mut texts.invalid)?;
            texts.bystanders = Some((prompts, input.origin));
        }
        Ok(texts)
    }

    /// Parses texts in memory.
    ///
    /// # Errors
    /// If lines of a text are invalid.
    pub fn parse(
        stimuli: TextInput,
        prompts: TextInput,
        neurons: Option<TextInput>,
    ) -> Result<Self, LesionError> {
        Self::parse_valid_lines(stimuli, prompts, neurons)?.check_lines()
    }

    fn parse_valid_lines(
        stimuli: TextInput,
        prompts: TextInput,
        neurons: Option<TextInput>,
    ) -> Result<Self, LesionError> {
        let mut invalid = InvalidLines::default();
        Ok(Self {
            stimuli: Stimuli::parse_valid_lines(&stimuli.name, &stimuli.text, &mut invalid)?,
            prompts: prompts.parse_prompts(&mut invalid)?,
            neurons: neurons.as_ref().map(parse_neuron_sets).transpose()?,
            bystanders: None,
            invalid,
            origins: (stimuli.origin, prompts.origin, neurons.map(|input| input.origin)),
        })
    }

    /// Checks that no line is invalid for any model.
    ///
    /// # Errors
    /// If lines are invalid.
    pub fn check_lines(mut self) -> Result<Self, LesionError> {
        std::mem::take(&mut self.invalid).check()?;
        Ok(self)
    }
}

/// The file of the bundled stimuli for selection at a visible target or where it is predicted.
fn bundled_stimuli_file(at: SelectAt) -> (&'static str, &'static [u8]) {
    match at {
        SelectAt::Visible => PAIRS,
        SelectAt::Masked => CONTEXT_PAIRS,
    }
}

/// The bundled stimuli for selection at a visible target or where it is predicted.
pub(crate) fn bundled_stimuli(at: SelectAt) -> Result<Stimuli, LesionError> {
    parse_stimuli(&TextInput::bundled_stimuli(at))
}

/// Parses stimuli.
///
/// # Errors
/// If lines are invalid.
pub(crate) fn parse_stimuli(input: &TextInput) -> Result<Stimuli, LesionError> {
    Ok(Stimuli::parse(&input.name, &input.text)?)
}

/// The paper's two prompts.
pub(crate) fn paper_prompts() -> Result<Prompts, LesionError> {
    let input = TextInput::paper_prompts();
    Ok(Prompts::parse(&input.name, &input.text)?)
}

/// The sets of a `neuron_sets.json`.
pub(crate) fn read_neuron_sets(path: &Path) -> Result<NeuronSetFile, LesionError> {
    parse_neuron_sets(&TextInput::read(path)?)
}

fn parse_neuron_sets(input: &TextInput) -> Result<NeuronSetFile, LesionError> {
    serde_json::from_str(&input.text).map_err(|error| {
        let problem = error.to_string();
        let problem = in_users_words(problem.split(" at line ").next().unwrap_or_default());
        let (line, column) = (error.line(), error.column());
        LesionError::NeuronSetFile { name: input.name.clone(), line, column, problem }
    })
}
