use std::{env, ffi::OsString, fmt, fs, path::PathBuf, time::Duration};

use crate::HubError;

/// Where the hub and its cache are.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The hub's address, without a slash at its end.
    pub endpoint: String,
    /// The folder of all cached repositories.
    pub cache: PathBuf,
    /// Who asks, for repositories that are not open to all.
    pub token: Option<Token>,
    /// Whether the network is left alone.
    pub offline: bool,
    /// How long the first pause before a retry is, where the hub names no time. Each further pause
    /// is twice as long.
    pub pause: Duration,
}

/// An access token. It does not print.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// None where it holds what no token does; it becomes a header, which has no line breaks.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let proper = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        proper.then(|| Self(text.to_owned()))
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
    /// What the environment says, in the variables that the hub's own tools read: `HF_ENDPOINT`,
    /// `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HUB_OFFLINE`.
    ///
    /// # Errors
    /// Where a value cannot be meant, or no home folder is known.
    pub fn from_env() -> Result<Self, HubError> {
        Self::from_vars(|name| env::var_os(name))
    }

    /// The same with any values of the variables. An empty one counts as none.
    ///
    /// # Errors
    /// As [`Settings::from_env`].
    pub fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Result<Self, HubError> {
        let var = |name: &str| var(name).filter(|value| !value.is_empty());
        let text = |name: &str| var(name).map(|value| value.to_string_lossy().into_owned());
        let home = || var("HOME").or_else(|| var("USERPROFILE")).map(PathBuf::from);
        let path = |name: &str| {
            var(name).map(|value| {
                let path = PathBuf::from(value);
                let below = path.strip_prefix("~").ok().zip(home());
                below.map_or(path.clone(), |(below, home)| home.join(below))
            })
        };
        let caches = path("XDG_CACHE_HOME").or_else(|| Some(home()?.join(".cache")));
        let hf_home = path("HF_HOME").or_else(|| Some(caches?.join("huggingface")));
        let cache = path("HF_HUB_CACHE").or_else(|| Some(hf_home.as_ref()?.join("hub")));

        let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        if !["http://", "https://"].iter().any(|scheme| endpoint.starts_with(scheme)) {
            return Err(HubError::Endpoint { found: endpoint });
        }
        let token_file = path("HF_TOKEN_PATH").or_else(|| Some(hf_home?.join("token")));
        let token = text("HF_TOKEN").map(|token| (token, "HF_TOKEN".to_owned())).or_else(|| {
            let file = token_file?;
            Some((fs::read_to_string(&file).ok()?, file.display().to_string()))
        });
        let token = token
            .filter(|(text, _)| !text.trim().is_empty())
            .map(|(text, from)| Token::new(text.trim()).ok_or(HubError::Token { from }));
        Ok(Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            cache: cache.ok_or(HubError::NoHome)?,
            token: token.transpose()?,
            offline: text("HF_HUB_OFFLINE").is_some_and(|value| is_true(&value)),
            pause: Duration::from_secs(1),
        })
    }
}

/// As the hub's own tools read a switch.
fn is_true(value: &str) -> bool {
    ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn settings(vars: &[(&str, &str)]) -> Result<Settings, HubError> {
        let find = |name: &str| vars.iter().find(|(key, _)| *key == name);
        Settings::from_vars(|name| find(name).map(|(_, value)| value.into()))
    }

    #[test]
    fn the_cache_is_where_the_hubs_tools_have_it() {
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
    fn switches_and_addresses() {
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
