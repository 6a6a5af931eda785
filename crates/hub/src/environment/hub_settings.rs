use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use ureq::Proxy;

use crate::{
    environment::{
        certificates::Certificates,
        endpoint::Endpoint,
        token::Token,
        variables::{Variables, is_true},
    },
    error::HubError,
};

/// Settings of the hub and of its cache.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The hub's address.
    pub endpoint: Endpoint,
    /// The folder of all cached repositories.
    pub cache: PathBuf,
    /// The access token, for repositories that are not open to all.
    pub token: Option<Token>,
    /// The variable that forbids the network, if one does: only the cache is used.
    pub offline: Option<&'static str>,
    /// Root certificates that are trusted besides Mozilla's.
    pub certificates: Option<Certificates>,
    /// Longest time until the hub answers a question about a file.
    pub metadata_timeout: Duration,
    /// Longest time until the next bytes of a download.
    pub download_timeout: Duration,
    /// The first pause before a retry, if the hub does not specify one. Each further pause is twice
    /// as long.
    pub pause: Duration,
    /// The rate of a download below which the connection is given up.
    pub slowest: Rate,
}

/// A rate of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Number of bytes in each window.
    pub bytes: u64,
    /// The time in which so many bytes must arrive.
    pub window: Duration,
}

const ENDPOINT: &str = "https://huggingface.co";

/// Default of both timeouts.
const TIMEOUT: Duration = Duration::from_secs(30);

/// 1 kB/s, averaged over 20 seconds. The slowest lines of mobile phones are some times as fast.
const SLOWEST: Rate = Rate { bytes: 20_000, window: Duration::from_secs(20) };

/// Variables of the folder of the cache. The last one is older than the hub's tools: it counts only
/// if there is no `HF_HOME` either.
const CACHES: [&str; 2] = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"];
const OLD_CACHE: &str = "TRANSFORMERS_CACHE";

/// The variable that forbids the network. The older name counts only if this one has no value.
pub(crate) const OFFLINE: &str = "HF_HUB_OFFLINE";
const OLD_OFFLINE: &str = "TRANSFORMERS_OFFLINE";

/// Variables of a token, the newer one first.
const TOKENS: [&str; 2] = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

/// Variables of a file of root certificates.
const CERTIFICATES: [&str; 3] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// Variables of a proxy, in the order in which they count.
const PROXIES: [&str; 6] =
    ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

impl Settings {
    /// Settings of the environment, from the variables that the hub's own tools read: `HF_ENDPOINT`,
    /// `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `TRANSFORMERS_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`,
    /// `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, `HF_TOKEN_PATH`, `HF_HUB_DISABLE_IMPLICIT_TOKEN`,
    /// `HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`, `HF_HUB_ETAG_TIMEOUT`, `HF_HUB_DOWNLOAD_TIMEOUT`,
    /// `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE` and `CURL_CA_BUNDLE`.
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
        let hf_home = vars.hf_home();
        let offline = vars.offline();
        // Without requests there is no use for these, and none for an error in them.
        let is_online = offline.is_none();
        let token = if is_online { vars.token(hf_home.as_deref())? } else { None };
        let certificates = if is_online { vars.certificates()? } else { None };
        if is_online {
            vars.check_proxy()?;
        }
        Ok(Self {
            endpoint: vars.endpoint()?,
            cache: vars.cache(hf_home).ok_or(HubError::NoHome)?,
            token,
            offline,
            certificates,
            metadata_timeout: vars.seconds("HF_HUB_ETAG_TIMEOUT", TIMEOUT)?,
            download_timeout: vars.seconds("HF_HUB_DOWNLOAD_TIMEOUT", TIMEOUT)?,
            pause: Duration::from_secs(1),
            slowest: SLOWEST,
        })
    }
}

/// The hub's address in the environment.
///
/// # Errors
/// If `HF_ENDPOINT` is not an address.
pub fn endpoint_from_env() -> Result<Endpoint, HubError> {
    Variables(|name: &str| env::var_os(name)).endpoint()
}

impl<F: Fn(&str) -> Option<OsString>> Variables<F> {
    fn endpoint(&self) -> Result<Endpoint, HubError> {
        self.text("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned()).parse()
    }

    /// Checks the first variable of a proxy that has a value. With an invalid one, requests would
    /// bypass the proxy.
    fn check_proxy(&self) -> Result<(), HubError> {
        for variable in PROXIES {
            if let Some(address) = self.text(variable) {
                return match Proxy::new(&address) {
                    Ok(_) => Ok(()),
                    Err(_) => Err(HubError::Proxy { variable }),
                };
            }
        }
        Ok(())
    }

    fn hf_home(&self) -> Option<PathBuf> {
        if let Some(path) = self.path("HF_HOME") {
            return Some(path);
        }
        let caches = self.path("XDG_CACHE_HOME");
        let caches = caches.or_else(|| Some(self.home_folder()?.join(".cache")));
        Some(caches?.join("huggingface"))
    }

    fn cache(&self, hf_home: Option<PathBuf>) -> Option<PathBuf> {
        if let Some((_, path)) = self.first_path(&CACHES) {
            return Some(path);
        }
        if self.text("HF_HOME").is_none()
            && let Some(path) = self.path(OLD_CACHE)
        {
            return Some(path);
        }
        Some(hf_home?.join("hub"))
    }

    fn certificates(&self) -> Result<Option<Certificates>, HubError> {
        match self.first_path(&CERTIFICATES) {
            Some((name, path)) => Certificates::read(name, &path).map(Some),
            None => Ok(None),
        }
    }

    fn offline(&self) -> Option<&'static str> {
        let (name, value) = self.first_text(&[OFFLINE, OLD_OFFLINE])?;
        is_true(&value).then_some(name)
    }

    /// The token of a variable, or of the file that `HF_TOKEN_PATH` or `hf_home` has.
    fn token(&self, hf_home: Option<&Path>) -> Result<Option<Token>, HubError> {
        if self.is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            return Ok(None);
        }
        if let Some((name, text)) = self.first_text(&TOKENS)
            && let Some(token) = parse_token(&text, name)?
        {
            return Ok(Some(token));
        }
        let file = self.path("HF_TOKEN_PATH").or_else(|| Some(hf_home?.join("token")));
        let Some(file) = file else { return Ok(None) };
        match fs::read_to_string(&file) {
            Ok(text) => parse_token(&text, &file.display().to_string()),
            Err(_) => Ok(None),
        }
    }
}

/// The token in a text that comes from `origin`, if there is one.
fn parse_token(text: &str, origin: &str) -> Result<Option<Token>, HubError> {
    let text: String = text.chars().filter(|character| !"\r\n".contains(*character)).collect();
    if text.trim().is_empty() {
        return Ok(None);
    }
    match Token::new(text.trim(), origin) {
        Some(token) => Ok(Some(token)),
        None => Err(HubError::Token { origin: origin.to_owned() }),
    }
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
            (vec![home, ("HF_HOME", "~")], "/home/ada/hub"),
            (vec![home, ("HF_HOME", "$HOME/hf")], "/home/ada/hf/hub"),
            (vec![home, ("HF_HOME", "/s/${USER}/$NO/hf"), ("USER", "u")], "/s/u/$NO/hf/hub"),
            (vec![home, ("HF_HOME", "/a$/${x")], "/a$/${x/hub"),
            (vec![home, ("HF_HOME", "/big/hf"), ("HF_HUB_CACHE", "/c")], "/c"),
            (vec![home, ("HUGGINGFACE_HUB_CACHE", "/old"), ("HF_HUB_CACHE", "/c")], "/c"),
            (vec![home, ("HUGGINGFACE_HUB_CACHE", "/old"), ("HF_HOME", "/hf")], "/old"),
            (vec![home, ("TRANSFORMERS_CACHE", "/older")], "/older"),
            (vec![home, ("TRANSFORMERS_CACHE", "/older"), ("HF_HOME", "/hf")], "/hf/hub"),
            (vec![home, ("TRANSFORMERS_CACHE", "/o"), ("HUGGINGFACE_HUB_CACHE", "/old")], "/old"),
            (vec![home, ("HF_HOME", "")], "/home/ada/.cache/huggingface/hub"),
        ] {
            assert_eq!(settings(&vars).unwrap().cache, Path::new(expected), "{vars:?}");
        }
        assert!(settings(&[]).unwrap_err().to_string().contains("HF_HOME"));
    }

    #[test]
    fn an_invalid_proxy_is_not_bypassed() {
        let home = ("HOME", "/h");
        for variable in PROXIES {
            for address in ["http://user:secret@x.org:3128", "x.org:3128", ""] {
                assert!(settings(&[home, (variable, address)]).is_ok(), "{address}");
            }
            for address in ["http://", "ftp://user:secret@x.org", "http://a b", "://secret"] {
                let vars = [home, (variable, address)];
                let error = settings(&vars).unwrap_err().to_string();
                assert!(error.starts_with(variable) && !error.contains("secret"), "{error}");
                let offline = [vars[0], vars[1], (OFFLINE, "1")];
                assert!(settings(&offline).is_ok());
            }
        }
    }

    #[test]
    fn the_endpoint_is_an_address_with_a_host() {
        let home = ("HOME", "/h");
        assert_eq!(settings(&[home]).unwrap().endpoint.address(), ENDPOINT);
        for (text, expected) in [
            ("http://localhost:1/", "http://localhost:1"),
            ("https://mirror.org/hf//", "https://mirror.org/hf"),
            (" https://mirror.org ", "https://mirror.org"),
            ("HTTPS://mirror.org", "HTTPS://mirror.org"),
        ] {
            let found = settings(&[home, ("HF_ENDPOINT", text)]).unwrap().endpoint;
            assert_eq!(found.address(), expected);
        }
        for text in ["localhost", "http://", "ftp://x.org", "https://x.org?a=b", "https://a b"] {
            let error = settings(&[home, ("HF_ENDPOINT", text)]).unwrap_err().to_string();
            assert!(error.contains("HF_ENDPOINT"), "{error}");
        }
    }

    #[test]
    fn the_network_is_forbidden_by_the_spellings_of_the_hubs_tools() {
        let offline =
            |vars: &[(&str, &str)]| settings(&[&[("HOME", "/h")], vars].concat()).unwrap().offline;
        for value in ["1", "true", "True", "YES", "on"] {
            assert_eq!(offline(&[("HF_HUB_OFFLINE", value)]), Some("HF_HUB_OFFLINE"));
            assert_eq!(offline(&[("TRANSFORMERS_OFFLINE", value)]), Some("TRANSFORMERS_OFFLINE"));
        }
        for value in ["", "0", "false", "no", "off", "2"] {
            assert_eq!(offline(&[("HF_HUB_OFFLINE", value)]), None);
        }
        // Python: `os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE")`
        assert_eq!(offline(&[("HF_HUB_OFFLINE", "0"), ("TRANSFORMERS_OFFLINE", "1")]), None);
        assert!(offline(&[("HF_HUB_OFFLINE", ""), ("TRANSFORMERS_OFFLINE", "1")]).is_some());
    }

    #[test]
    fn timeouts_are_seconds() {
        let timeout = |text| {
            let vars = [("HOME", "/h"), ("HF_HUB_DOWNLOAD_TIMEOUT", text)];
            settings(&vars).map(|settings| settings.download_timeout)
        };
        assert_eq!(timeout("7").unwrap(), Duration::from_secs(7));
        assert_eq!(timeout("0").unwrap(), TIMEOUT);
        assert!(timeout("18446744073709551615").unwrap() <= Duration::from_hours(24));
        let error = timeout("soon\n").unwrap_err().to_string();
        assert!(error.contains("HF_HUB_DOWNLOAD_TIMEOUT") && error.lines().count() == 1, "{error}");
    }

    #[test]
    fn a_token_comes_from_the_environment_or_a_file_and_never_prints() {
        let dir = tempfile::TempDir::new().unwrap();
        let file = dir.path().join("token");
        fs::write(&file, "hf_file\n").unwrap();
        let path = file.to_str().unwrap();
        let home = ("HF_HOME", dir.path().to_str().unwrap());
        let token = |vars: &[_]| settings(vars).unwrap().token;
        let found =
            |vars: &[_]| token(vars).map(|token| (token.bearer(), token.origin().to_owned()));
        let bearer = |text: &str, origin: &str| Some((format!("Bearer {text}"), origin.to_owned()));
        assert_eq!(found(&[home]), bearer("hf_file", path));
        assert_eq!(found(&[home, ("HF_TOKEN", " hf_env\r\n")]), bearer("hf_env", "HF_TOKEN"));
        assert_eq!(found(&[home, ("HF_TOKEN", " \n")]), bearer("hf_file", path));
        let old = ("HUGGING_FACE_HUB_TOKEN", "hf_old");
        assert_eq!(found(&[home, old]), bearer("hf_old", "HUGGING_FACE_HUB_TOKEN"));
        assert_eq!(found(&[home, old, ("HF_TOKEN", "hf_env")]), bearer("hf_env", "HF_TOKEN"));
        let elsewhere = [("HF_HOME", "/nowhere"), ("HF_TOKEN_PATH", path)];
        assert_eq!(found(&elsewhere), bearer("hf_file", path));
        assert_eq!(found(&[("HF_HOME", "/nowhere")]), None);
        assert_eq!(found(&[home, old, ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "yes")]), None);
        let broken = ("HF_TOKEN", "hf secret");
        let error = settings(&[home, broken]).unwrap_err().to_string();
        assert!(error.contains("HF_TOKEN") && !error.contains("secret"), "{error}");
        assert_eq!(found(&[home, broken, ("HF_HUB_OFFLINE", "1")]), None);
        assert!(!format!("{:?}", settings(&[home]).unwrap()).contains("hf_file"));
    }
}
