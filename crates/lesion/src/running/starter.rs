//! Files to start a study of one's own from.

use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use study_record::{Study, guide};

use crate::{
    error::LesionError,
    inputs::bundled::STARTER_TEXTS,
    running::new_files::{STARTER_FILES, write_new_files},
};

/// The two words of a contrast that there are sentences to start from for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StarterWords {
    words: &'static str,
    pairs: &'static [u8],
    prompts: &'static [u8],
}

impl StarterWords {
    /// The contrasts that there are sentences for.
    pub fn all() -> impl Iterator<Item = Self> {
        STARTER_TEXTS.map(|(words, pairs, prompts)| Self { words, pairs, prompts }).into_iter()
    }

    /// Its pairs and prompts, as the text of a file each.
    #[must_use]
    pub fn texts(self) -> [Cow<'static, str>; 2] {
        [self.pairs, self.prompts].map(String::from_utf8_lossy)
    }

    /// The names of all of them, in a sentence.
    #[must_use]
    pub fn values() -> String {
        let names: Vec<String> = Self::all().map(|starter| format!("`{starter}`")).collect();
        names.join(", ")
    }
}

impl Default for StarterWords {
    fn default() -> Self {
        let [(words, pairs, prompts), ..] = STARTER_TEXTS;
        Self { words, pairs, prompts }
    }
}

impl fmt::Display for StarterWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words)
    }
}

/// Reads two words with a comma between them, in either order.
impl FromStr for StarterWords {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = |text: &str| -> Vec<String> {
            let mut words: Vec<String> =
                text.split(',').map(|word| word.trim().to_lowercase()).collect();
            words.sort_unstable();
            words
        };
        let wanted = words(text);
        if let Some(found) = Self::all().find(|starter| words(starter.words) == wanted) {
            return Ok(found);
        }
        Err(format!(
            "there are no sentences for `{text}`; start from one of {}, and replace its words and \
             sentences",
            Self::values()
        ))
    }
}

/// Writes pairs, prompts and a study to start from into a folder, which is created if it does not exist.
/// Returns the paths of the files, the study's last.
///
/// # Errors
/// If a file exists already ([`LesionError::FilesExist`]), or the folder cannot be written into. Then
/// no file is written.
pub fn write_starter(dir: &Path, words: StarterWords) -> Result<Vec<PathBuf>, LesionError> {
    let study = starter_study()?;
    let [pairs, prompts, study_file] = STARTER_FILES;
    let files = [(pairs, words.pairs), (prompts, words.prompts), (study_file, study.as_bytes())];
    write_new_files(dir, &files, false)
}

/// The parts of a study to start from.
pub(crate) const STARTER_PARTS: &str = "controls,dose";

/// Settings of a starter's study, for which its pairs are made.
pub const STARTER_SETTINGS: [(&str, &str); 2] =
    [("parts", STARTER_PARTS), ("selection.at", "masked")];

/// The text of a starter's study.
fn starter_study() -> Result<String, LesionError> {
    let mut study = Study::default();
    let [pairs, prompts, _] = STARTER_FILES;
    let texts = [("stimuli", pairs), ("prompts", prompts)];
    for (key, text) in texts.into_iter().chain(STARTER_SETTINGS) {
        study.set(key, text)?;
    }
    Ok(guide::starter_study(&study))
}
