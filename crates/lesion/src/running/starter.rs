//! Files to start a study of one's own from.

use std::{
    borrow::Cow,
    fmt, fs,
    io::Write as _,
    path::{Path, PathBuf},
    str::FromStr,
};

use study_record::{Study, guide};

use crate::{error::LesionError, inputs::bundled::STARTER_TEXTS, running::folder::temporary_file};

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

/// File name of a starter's study.
const STUDY: &str = "study.toml";
/// File names of its texts.
const TEXTS: [&str; 2] = ["pairs.txt", "prompts.txt"];

/// Writes pairs, prompts and a study to start from into a folder, which is created if it does not exist.
/// Returns the paths of the files, the study's last.
///
/// # Errors
/// If a file exists already ([`LesionError::FilesExist`]), or the folder cannot be written into. Then
/// no file is written.
pub fn write_starter(dir: &Path, words: StarterWords) -> Result<Vec<PathBuf>, LesionError> {
    let study = starter_study()?;
    let [pairs, prompts] = TEXTS;
    let files = [(pairs, words.pairs), (prompts, words.prompts), (STUDY, study.as_bytes())];
    let existing: Vec<PathBuf> = files
        .iter()
        .map(|(name, _)| dir.join(name))
        .filter(|path| path.symlink_metadata().is_ok())
        .collect();
    if !existing.is_empty() {
        return Err(LesionError::FilesExist { paths: existing });
    }
    fs::create_dir_all(dir).map_err(LesionError::write(dir))?;
    let mut temporary = Vec::new();
    for (name, bytes) in files {
        let path = dir.join(name);
        let mut file = temporary_file(dir).map_err(LesionError::write(&path))?;
        file.write_all(bytes).map_err(LesionError::write(&path))?;
        temporary.push((path, file));
    }
    let mut written: Vec<PathBuf> = Vec::new();
    for (path, file) in temporary {
        if let Err(failed) = file.persist_noclobber(&path) {
            for path in written {
                let _ = fs::remove_file(path);
            }
            return Err(LesionError::write(path)(failed.error));
        }
        written.push(path);
    }
    Ok(written)
}

/// Settings of a starter's study, for which its pairs are made.
pub const STARTER_SETTINGS: [(&str, &str); 2] =
    [("parts", "controls,dose"), ("selection.at", "masked")];

/// The text of a starter's study.
fn starter_study() -> Result<String, LesionError> {
    let mut study = Study::default();
    let [pairs, prompts] = TEXTS;
    let texts = [("stimuli", pairs), ("prompts", prompts)];
    for (key, text) in texts.into_iter().chain(STARTER_SETTINGS) {
        study.set(key, text)?;
    }
    Ok(guide::starter_study(&study))
}
