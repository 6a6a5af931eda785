//! The name of a model, as people write it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use hub::{Repo, decode_percents, endpoint_from_env, expand_path, parse_address};
use study_record::BUNDLED;

use crate::loading::{
    checkpoint_folder::{cached_repo, find_folder},
    model_name_error::ModelNameError,
};

/// The model that a name specifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NamedModel {
    /// The bundled model.
    Bundled,
    /// A checkpoint in a folder.
    Folder(PathBuf),
    /// A model on the hub.
    Hub(Repo),
    /// A model on the hub that an address names.
    HubAddress(Repo),
}

/// Pairs of characters that may stand around a name.
const QUOTES: [(char, char); 8] = [
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('<', '>'),
    ('\u{201c}', '\u{201d}'),
    ('\u{2018}', '\u{2019}'),
    ('\u{201e}', '\u{201c}'),
    ('\u{ab}', '\u{bb}'),
];

/// The model that a name specifies. Paths are relative to `folder`. `var` gives the value of a
/// variable of the environment.
///
/// # Errors
/// If the name specifies no model; it may still turn out that the hub has none of this name.
pub(crate) fn read_model_name(
    name: &Path,
    folder: &Path,
    var: impl Fn(&str) -> Option<OsString>,
) -> Result<NamedModel, ModelNameError> {
    // Whatever exists under the very name is meant by it.
    if !name.as_os_str().is_empty() && folder.join(name).exists() {
        return find_folder(&folder.join(name)).map(NamedModel::Folder);
    }
    let Some(text) = name.to_str() else {
        return Err(ModelNameError::NoFolder { path: folder.join(name) });
    };
    let text = without_quotes(text);
    if text.is_empty() {
        return Err(ModelNameError::Empty);
    }
    let path = if let Some(path) = file_address(text) {
        path
    } else {
        if let Some(repo) = parse_address(text, endpoint_from_env()?.address()) {
            return Ok(NamedModel::HubAddress(repo?));
        }
        expand_path(text, var).to_string_lossy().into_owned()
    };
    // Slashes in place of the backslashes of Windows.
    for path in [path.clone(), path.replace('\\', "/")] {
        let in_folder = folder.join(path);
        if in_folder.exists() {
            return find_folder(&in_folder).map(NamedModel::Folder);
        }
    }
    read_other_name(text, &path, folder.join(&path))
}

/// The model of a name that is neither an address nor an existing path.
fn read_other_name(
    text: &str,
    path: &str,
    in_folder: PathBuf,
) -> Result<NamedModel, ModelNameError> {
    if text == BUNDLED {
        return Ok(NamedModel::Bundled);
    }
    let is_path = path != text || text.starts_with(['.', '/', '~', '$']) || has_drive(text);
    let cached = cached_repo(Path::new(text.trim_end_matches('/')));
    if let Some(repo) = cached {
        if !is_path && !text.trim_end_matches('/').contains('/') {
            return Ok(NamedModel::Hub(repo));
        }
        return Err(ModelNameError::NotCached { path: in_folder, repo: repo.to_string() });
    }
    if is_path {
        return Err(ModelNameError::NoFolder { path: in_folder });
    }
    match text.trim_end_matches('/').parse() {
        Ok(repo) => Ok(NamedModel::Hub(repo)),
        Err(problem) => Err(match text.replace('\\', "/").parse::<Repo>() {
            Ok(repo) => ModelNameError::Backslashes { path: in_folder, repo: repo.to_string() },
            Err(_) => ModelNameError::Neither { problem },
        }),
    }
}

/// The text without spaces and quotes around it.
fn without_quotes(text: &str) -> &str {
    let invisible = ['\u{feff}', '\u{200b}', '\u{200e}', '\u{200f}'];
    let text = text.trim_matches(|c: char| c.is_whitespace() || invisible.contains(&c));
    for (open, close) in QUOTES {
        if let Some(inner) = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            return without_quotes(inner);
        }
    }
    text
}

/// The path of a `file:` address.
fn file_address(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let path = rest.strip_prefix("//localhost/").map(|path| format!("/{path}"));
    let path = path.unwrap_or_else(|| rest.strip_prefix("//").unwrap_or(rest).to_owned());
    let path = decode_percents(&path);
    // `/C:/x` is a path of Windows.
    let drive = path.strip_prefix('/').filter(|path| has_drive(path)).map(str::to_owned);
    Some(drive.unwrap_or(path))
}

/// Whether the text starts with a drive of Windows.
fn has_drive(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|letter| letter.is_ascii_alphabetic()) && bytes.next() == Some(b':')
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    /// A folder with a checkpoint in `mine`, and a cache in `cache`.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let machine = Self(tempfile::TempDir::new().unwrap());
            for file in ["config.json", "tokenizer.json", "model.safetensors", "pytorch_model.bin"]
            {
                machine.put(&format!("mine/{file}"), "");
            }
            machine.put(&format!("cache/models--owner--tiny/snapshots/{COMMIT}/config.json"), "");
            machine.put("cache/models--owner--tiny/refs/main", COMMIT);
            machine
        }

        fn put(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn path(&self, path: &str) -> String {
            self.0.path().join(path).to_str().unwrap().to_owned()
        }

        fn read(&self, name: &str) -> Result<NamedModel, ModelNameError> {
            let home = self.0.path().as_os_str().to_owned();
            let var = |name: &str| (name == "HOME").then(|| home.clone());
            read_model_name(Path::new(name), self.0.path(), var)
        }

        #[track_caller]
        fn assert_folder(&self, name: &str, folder: &str) {
            let expected = NamedModel::Folder(self.0.path().join(folder));
            assert_eq!(self.read(name).unwrap(), expected, "{name}");
        }

        #[track_caller]
        fn assert_refused(&self, name: &str, expected: &str) {
            let error = self.read(name).unwrap_err();
            let source = std::error::Error::source(&error);
            let line = source.map_or(error.to_string(), |source| format!("{error}: {source}"));
            assert!(line.contains(expected), "{name:?}: {line}");
            assert!(!line.contains(char::is_control), "{name:?}: {line}");
        }
    }

    #[test]
    fn a_name_on_the_hub_may_be_written_in_several_ways() {
        let machine = Machine::new();
        for name in [
            "owner/other",
            " owner/other\n",
            "\"owner/other\"",
            "\u{201c}owner/other\u{201d}",
            "'`owner/other`'",
            "owner/other/",
            "models--owner--other",
        ] {
            let expected = NamedModel::Hub("owner/other".parse().unwrap());
            assert_eq!(machine.read(name).unwrap(), expected, "{name:?}");
        }
        for address in [
            "<https://huggingface.co/owner/other>",
            "https://huggingface.co/owner/other/tree/main",
            "hf.co/owner/other",
            "hf://owner/other",
        ] {
            let expected = NamedModel::HubAddress("owner/other".parse().unwrap());
            assert_eq!(machine.read(address).unwrap(), expected, "{address:?}");
        }
        let old = NamedModel::Hub("bert-base-uncased".parse().unwrap());
        assert_eq!(machine.read("models--bert-base-uncased").unwrap(), old);
        assert_eq!(machine.read("bundled").unwrap(), NamedModel::Bundled);
    }

    #[test]
    fn a_folder_may_be_written_in_several_ways() {
        let machine = Machine::new();
        let home = machine.path("");
        for name in [
            "mine",
            "./mine",
            "mine/",
            "'mine'",
            "~/mine",
            "$HOME/mine",
            "${HOME}/mine",
            &format!("file://{home}mine"),
            &format!("file://localhost{home}mine"),
            &format!("file:{home}%6Dine"),
        ] {
            let NamedModel::Folder(folder) = machine.read(name).unwrap() else { panic!("{name}") };
            assert!(folder.join("config.json").exists(), "{name}");
            assert_eq!(
                folder.canonicalize().unwrap(),
                machine.0.path().join("mine").canonicalize().unwrap()
            );
        }
        machine.put("a folder's \"name\"/config.json", "");
        machine.assert_folder("a folder's \"name\"", "a folder's \"name\"");
        machine.put("owner/tiny/config.json", "");
        machine.assert_folder("owner/tiny", "owner/tiny");
        machine.assert_folder("owner\\tiny", "owner/tiny");
        let hub = NamedModel::HubAddress("owner/tiny".parse().unwrap());
        assert_eq!(machine.read("hf://owner/tiny").unwrap(), hub);
    }

    #[test]
    fn a_file_of_a_checkpoint_stands_for_its_folder() {
        let machine = Machine::new();
        machine.assert_folder("mine/config.json", "mine");
        machine.assert_folder("mine/model.safetensors", "mine");
        machine.assert_folder("mine/tokenizer.json", "mine");
        machine.assert_refused("mine/pytorch_model.bin", "model.safetensors is in the same folder");
        machine.put("mine/tiny.gguf", "");
        machine.assert_refused("mine/tiny.gguf", "made from");
        machine.put("mine/tiny.zip", "");
        machine.assert_refused("mine/tiny.zip", "unpack");
        machine.put("mine/notes.txt", "");
        machine.assert_refused("mine/notes.txt", "is a file");
    }

    #[test]
    fn a_folder_of_the_cache_stands_for_its_commit() {
        let machine = Machine::new();
        let snapshot = format!("cache/models--owner--tiny/snapshots/{COMMIT}");
        for name in ["", "/", "/snapshots", "/refs", &format!("/snapshots/{COMMIT}")] {
            machine.assert_folder(&format!("cache/models--owner--tiny{name}"), &snapshot);
        }
        machine.assert_folder(&machine.path("cache/models--owner--tiny"), &snapshot);
        machine.assert_folder("~/cache/models--owner--tiny", &snapshot);
        machine.assert_refused("cache", "write one of owner/tiny");
        machine.assert_refused("cache/models--owner--gone", "write owner/gone");
        // Without the branch, the only commit is meant, and none of several.
        fs::remove_file(machine.path("cache/models--owner--tiny/refs/main")).unwrap();
        machine.assert_folder("cache/models--owner--tiny", &snapshot);
        machine.put("cache/models--owner--tiny/snapshots/other/config.json", "");
        machine.assert_refused("cache/models--owner--tiny", COMMIT);
        fs::create_dir_all(machine.path("cache/models--owner--empty/snapshots")).unwrap();
        machine.assert_refused("cache/models--owner--empty", "write owner/empty");
    }

    #[test]
    fn a_name_that_can_be_no_model_says_what_to_write() {
        let machine = Machine::new();
        for (name, expected) in [
            ("", "empty"),
            (" \"\" ", "empty"),
            ("a/b/c", "more than one slash"),
            ("a/../b", "more than one slash"),
            ("../nowhere", "there is no folder"),
            ("/nowhere", "there is no folder"),
            ("~/nowhere", "there is no folder"),
            ("$NOWHERE/x", "there is no folder"),
            ("C:\\x", "there is no folder"),
            ("owner\\other", "owner/other"),
            ("google\u{2010}bert/b", "U+2010"),
            ("a/b\u{1b}[31m", "U+001B"),
            ("a\nb", "\\n"),
            ("a b", "' '"),
            ("https://github.com/a/b", "HF_ENDPOINT=https://github.com"),
            ("s3://bucket/model", "s3"),
            ("https://huggingface.co/datasets/a/b", "a data set"),
            ("ada:s3cret@mirror.org/a/b/c/d", "\"mirror.org/a/b/c/d\""),
        ] {
            machine.assert_refused(name, expected);
        }
    }
}
