//! Studies as TOML text.

use std::{ops::Range, path::Path};

use toml::de::DeTable;

use super::{Study, settings_macro::SettingError};

/// The table of a study file that makes it a sweep.
pub(super) const SWEEP_TABLE: &str = "sweep";

impl Study {
    /// Reads a study file's text. `file` is what an error calls it.
    ///
    /// # Errors
    /// If a key does not exist or a value is not one of its setting, with line and column.
    pub fn parse(file: &str, text: &str) -> Result<Self, SettingError> {
        toml::from_str(text).map_err(|error| {
            if let Some(place) = sweep_place(text) {
                return file_error(file, text, place, ONE_STUDY);
            }
            read_error(file, text, &error)
        })
    }

    /// The study seen from another folder than that of its file: its paths to texts start there.
    #[must_use]
    pub fn beside(mut self, folder: &Path) -> Self {
        for path in self.text_paths().into_iter().flatten() {
            *path = path.beside(folder);
        }
        self
    }
}

/// The problem of a sweep where one study is expected.
const ONE_STUDY: &str = "a sweep of several studies, which `lesion run` and `lesion check` take; \
                         specify the file of one study";

/// The place of the table that makes a file a sweep, if it has one.
fn sweep_place(text: &str) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let (key, _) = table.get_ref().get_key_value(SWEEP_TABLE)?;
    Some(key.span())
}

/// An error of the reader of TOML in a study file.
pub(super) fn read_error(file: &str, text: &str, error: &toml::de::Error) -> SettingError {
    file_error(file, text, error.span().unwrap_or_default(), &in_users_words(error.message()))
}

/// A problem in a place of a study file.
pub(super) fn file_error(
    file: &str,
    text: &str,
    span: Range<usize>,
    problem: &str,
) -> SettingError {
    let (line, column) = place(text, span);
    SettingError::File { file: file.to_owned(), line, column, problem: problem.to_owned() }
}

/// Names of Rust and serde in the messages of the readers, each with the user's.
const USERS_WORDS: [(&str, &str); 15] = [
    ("\n", " "),
    ("unknown field", "unknown setting"),
    ("invalid type: ", ""),
    ("invalid value: ", ""),
    ("floating point", "the number"),
    ("expected usize", "expected a non-negative integer"),
    ("expected u64", "expected a non-negative integer"),
    ("expected i64", "expected an integer"),
    ("expected f64", "expected a number"),
    ("expected a string", "expected a text in quotes"),
    ("expected a sequence", "expected a list in brackets"),
    ("expected path string", "expected a path in quotes"),
    ("as i128", ""),
    ("struct NeuronSetFile", "an object with `sets`"),
    ("struct NeuronSetEntry", "an object with `layer`, `label` and `neurons`"),
];

/// A message of a reader of TOML or JSON in one line, in words that users know.
#[must_use]
pub fn in_users_words(message: &str) -> String {
    let mut text = message.to_owned();
    for (word, replacement) in USERS_WORDS {
        text = text.replace(word, replacement);
    }
    text
}

/// Line and column of a place in a text, both from 1.
fn place(text: &str, span: Range<usize>) -> (usize, usize) {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LesionKind, SetRule, Tokens};

    #[test]
    fn an_empty_study_is_the_default_one() {
        assert_eq!(Study::parse("empty.toml", "").unwrap(), Study::default());
    }

    #[test]
    fn a_study_is_the_same_after_writing_and_reading() {
        let text = "seed = 7\nparts = [\"joint\"]\n[lesion]\nsets = { top = 5 }\nlayers = [0, 2]\n\
                    kind = { scale = 2 }\nat = { offsets = [-1, 1] }\n";
        let study = Study::parse("s.toml", text).unwrap();
        assert_eq!(study.lesion.kind, LesionKind::Scale(2.0));
        assert_eq!(study.lesion.sets, SetRule::Top(5));
        assert_eq!(study.lesion.at, Tokens::Offsets(vec![-1, 1]));
        let as_options = text.replace("{ scale = 2 }", "\"scale=2\"");
        let as_options = as_options.replace("{ offsets = [-1, 1] }", "\"-1,1\"");
        assert_eq!(Study::parse("s.toml", &as_options).unwrap(), study);
        let written = toml::to_string(&study).unwrap();
        assert_eq!(Study::parse("written", &written).unwrap(), study);
        let json = serde_json::to_string(&study).unwrap();
        assert_eq!(serde_json::from_str::<Study>(&json).unwrap(), study);
    }

    #[test]
    fn mistakes_name_line_and_column() {
        for (text, expected) in [
            ("sede = 1\n", "s.toml:1:1: unknown setting `sede`"),
            (
                "\n[lesion]\nlayer = \"four\"\n",
                "s.toml:3:9: string \"four\", expected a non-negative integer",
            ),
            ("seed = -1\n", "s.toml:1:8: integer `-1`, expected a non-negative integer"),
            ("parts = \"joint\"\n", "s.toml:1:9: string \"joint\", expected a list in brackets"),
            (
                "[selection]\nalpha = 1.5\n",
                "s.toml:2:9: `1.5` is not a significance level; use a number above 0",
            ),
            ("[selection]\n  test = \"anova\"\n", "s.toml:2:10: `anova` is not a t-test"),
            ("[lesion]\nsets = { share = 2.0 }\n", "s.toml:2:8: `share=2.0` is not a rule; use"),
            ("[lesion]\nsets = { top = 0 }\n", "s.toml:2:8: `top=0` is not a rule; use"),
            (
                "[lesion]\nkind = { scale = nan }\n",
                "s.toml:2:8: `scale=nan` is not a kind of lesion; use",
            ),
            ("[lesion]\nkind = \"scale\"\n", "s.toml:2:8: `scale` is not a kind of lesion"),
            (
                "[lesion]\nat = \"offsets\"\n",
                "s.toml:2:6: `offsets` is not a choice of tokens; use",
            ),
            ("[lesion]\nat = { offsets = [] }\n", "s.toml:2:6: `offsets=[]` is not a choice"),
            (
                "[bootstrap]\ndraws = 1\n",
                "s.toml:2:9: `1` is not a valid count; use an integer from 1,000 to 1,000,000",
            ),
            (
                "[dose]\nsizes = [1, 0]\n",
                "s.toml:2:9: `[1, 0]` is not a list of sizes; use integers of at least 1",
            ),
            (
                "[controls]\nnulls = 0\n",
                "s.toml:2:9: `0` is not a valid count; use an integer from 1 to 100,000",
            ),
            ("[controls]\nnulls = -3\n", "s.toml:2:9: `-3` is not"),
            ("parts = [\"joint\", \"cat\"]\n", "s.toml:1:"),
            ("seed = \n", "s.toml:1:"),
            ("[selection]\nheld_out = 1.0\n", "s.toml:2:12: `1.0` is not a share of stimuli"),
        ] {
            let error = Study::parse("s.toml", text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
