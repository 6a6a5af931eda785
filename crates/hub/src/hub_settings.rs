use std::{
    env,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::error::HubError;

/// Settings of the hub and of its cache.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The hub's address, without a slash at its end.
    pub endpoint: String,
    /// The folder of all cached repositories.
    pub cache: PathBuf,
    /// The access token, for repositories that are not open to all.
    pub token: Option<Token>,
    /// Whether only the cache is used, and never the network.
    pub offline: bool,
    /// The first pause before a retry, if the hub does not specify one. Each further pause is twice
    /// as long.
    pub pause: Duration,
}

/// An access token. It does not print.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// `None` if the text has a character that no token has. A token becomes a header, which must not
    /// have line breaks.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        Some(Self(text.to_owned()))
    }

    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

const ENDPOINT: &str = "https://huggingface.co";

impl Settings {
    /// Settings of the environment, from the variables that the hub's own tools read: `HF_ENDPOINT`,
    /// `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HUB_OFFLINE`.
    ///
    /// # Errors
    /// If a value is invalid, or the home folder is unknown.
    pub fn from_env() -> Result<Self, HubError> {
        Self::from_vars(|name| env::var_os(name))
    }

    /// Settings of any values of these variables. An empty value counts as none.
    ///
    /// # Errors
    /// If a value is invalid, or the home folder is unknown.
    pub fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Result<Self, HubError> {
        let vars = Variables(var);
        let endpoint = vars.text("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        if !["http://", "https://"].iter().any(|scheme| endpoint.starts_with(scheme)) {
            return Err(HubError::Endpoint { found: endpoint });
        }
        let caches =
            vars.path("XDG_CACHE_HOME").or_else(|| Some(vars.home_folder()?.join(".cache")));
        let hf_home = vars.path("HF_HOME").or_else(|| Some(caches?.join("huggingface")));
        let cache = vars.path("HF_HUB_CACHE").or_else(|| Some(hf_home.as_ref()?.join("hub")));
        Ok(Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            cache: cache.ok_or(HubError::NoHome)?,
            token: vars.token(hf_home.as_deref())?,
            offline: vars.text("HF_HUB_OFFLINE").is_some_and(|value| is_true(&value)),
            pause: Duration::from_secs(1),
        })
    }
}

/// Variables of an environment.
struct Variables<F>(F);

impl<F: Fn(&str) -> Option<OsString>> Variables<F> {
    fn value(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(|value| value.to_string_lossy().into_owned())
    }

    fn home_folder(&self) -> Option<PathBuf> {
        self.value("HOME").or_else(|| self.value("USERPROFILE")).map(PathBuf::from)
    }

    /// A path, which may begin with `~`.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.value(name)?);
        if let Ok(below_home) = path.strip_prefix("~")
            && let Some(home) = self.home_folder()
        {
            return Some(home.join(below_home));
        }
        Some(path)
    }

    /// The token of `HF_TOKEN`, or of the file that `HF_TOKEN_PATH` or `hf_home` has.
    fn token(&self, hf_home: Option<&Path>) -> Result<Option<Token>, HubError> {
        if let Some(text) = self.text("HF_TOKEN") {
            return parse_token(&text, || "HF_TOKEN".to_owned());
        }
        let file = self.path("HF_TOKEN_PATH").or_else(|| Some(hf_home?.join("token")));
        let Some(file) = file else { return Ok(None) };
        match fs::read_to_string(&file) {
            Ok(text) => parse_token(&text, || file.display().to_string()),
            Err(_) => Ok(None),
        }
    }
}

/// The token in a text that comes from `origin`, if there is one.
fn parse_token(text: &str, origin: impl Fn() -> String) -> Result<Option<Token>, HubError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    match Token::new(text.trim()) {
        Some(token) => Ok(Some(token)),
        None => Err(HubError::Token { origin: origin() }),
    }
}

/// Whether a switch is on, by the rules of the hub's own tools.
fn is_true(value: &str) -> bool {
    ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(vars: &[(&str, &str)]) -> Result<Settings, HubError> {
        let find = |name: &str| vars.iter().find(|(key, _)| *key == name);
        Settings::from_vars(|name| find(name).map(|(_, value)| value.into()))
    }

    #[test]
    fn the_cache_is_the_same_as_that_of_the_hubs_tools() {
        let home = ("HOME", "/home/ada");
        for (vars, expected) in [
            (vec![home], "/home/ada/.cache/huggingface/hub"),
            (vec![home, ("XDG_CACHE_HOME", "/x")], "/x/huggingface/hub"),
            (vec![home, ("HF_HOME", "/big/hf")], "/big/hf/hub"),
            (vec![home, ("HF_HOME", "~/hf")], "/home/ada/hf/hub"),
            (vec![home, ("HF_HOME", "/big/hf"), ("HF_HUB_CACHE", "/c")], "/c"),
            (vec![home, ("HF_HOME", "")], "/home/ada/.cache/huggingface/hub"),
        ] {
            assert_eq!(settings(&vars).unwrap().cache, Path::new(expected));
        }
        assert!(settings(&[]).unwrap_err().to_string().contains("HF_HOME"));
    }

    #[test]
    fn switches_and_addresses_are_read() {
        let home = ("HOME", "/h");
        assert_eq!(settings(&[home]).unwrap().endpoint, ENDPOINT);
        let mirror = settings(&[home, ("HF_ENDPOINT", "http://localhost:1/")]).unwrap();
        assert_eq!(mirror.endpoint, "http://localhost:1");
        assert!(settings(&[home, ("HF_ENDPOINT", "localhost")]).is_err());
        for (value, offline) in [("1", true), ("True", true), ("0", false), ("", false)] {
            assert_eq!(settings(&[home, ("HF_HUB_OFFLINE", value)]).unwrap().offline, offline);
        }
    }

    #[test]
    fn a_token_comes_from_the_environment_or_a_file_and_never_prints() {
        let dir = tempfile::TempDir::new().unwrap();
        fs::write(dir.path().join("token"), "hf_file\n").unwrap();
        let hf_home = ("HF_HOME", dir.path().to_str().unwrap());
        let bearer = |vars: &[_]| settings(vars).unwrap().token.map(|token| token.bearer());
        assert_eq!(bearer(&[hf_home]).unwrap(), "Bearer hf_file");
        assert_eq!(bearer(&[hf_home, ("HF_TOKEN", " hf_env ")]).unwrap(), "Bearer hf_env");
        assert_eq!(bearer(&[("HF_HOME", "/nowhere")]), None);
        let broken = settings(&[hf_home, ("HF_TOKEN", "hf secret")]).unwrap_err().to_string();
        assert!(broken.contains("HF_TOKEN") && !broken.contains("secret"), "{broken}");
        assert!(!format!("{:?}", settings(&[hf_home]).unwrap()).contains("hf_file"));
    }
}
