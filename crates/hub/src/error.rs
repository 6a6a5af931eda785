use std::{io, path::PathBuf};

use crate::{
    environment::secrets::without_password,
    naming::name_problem::{AddressProblem, NameProblem},
};

/// Everything that can make a model unavailable. Each prints as one line, with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// No repository can have this name.
    #[error(
        "{} is not the name of a model on the hub: {problem}; write owner/name, or \
         owner/name@revision",
        quote(text)
    )]
    Name {
        /// The name.
        text: String,
        /// Reason why it is invalid.
        problem: NameProblem,
    },

    /// An address is not that of a model on the hub.
    #[error("{} is not the address of a model on the hub: {problem}", quote(text))]
    Address {
        /// The address.
        text: String,
        /// Reason why it is invalid.
        problem: AddressProblem,
    },

    /// `HF_ENDPOINT` is not an address.
    #[error(
        "HF_ENDPOINT is {}; it must be an address such as https://huggingface.co, with https:// or \
         http:// at its start",
        quote(found)
    )]
    Endpoint {
        /// Its value.
        found: String,
    },

    /// The access token has characters that no token has.
    #[error("the access token from {origin} has spaces or other characters that no token has")]
    Token {
        /// The variable or file that the token comes from.
        origin: String,
    },

    /// A variable is not the address of a proxy. Its value may contain a password.
    #[error(
        "{variable} is not the address of a proxy, such as http://HOST:PORT; correct it or unset it"
    )]
    Proxy {
        /// The variable.
        variable: &'static str,
    },

    /// A variable is not a number of seconds.
    #[error("{variable} is {}; it must be a whole number of seconds", quote(found))]
    Seconds {
        /// The variable.
        variable: &'static str,
        /// Its value.
        found: String,
    },

    /// Root certificates cannot be read.
    #[error(
        "cannot read root certificates from {path:?}, the value of {variable}; correct it or unset it"
    )]
    Certificates {
        /// The variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// The folder of the cache is unknown.
    #[error("the folder of the hub's cache is unknown: set HF_HOME or HF_HUB_CACHE")]
    NoHome,

    /// The network must not be used, and the cache does not have the whole model.
    #[error(
        "{variable} is set, and {} has no {files} of {repo}: run once without {variable}, or give the \
         folder of a model instead of its name",
        cache.display()
    )]
    Offline {
        /// The repository.
        repo: String,
        /// The first missing file, or several if any one of them would do.
        files: String,
        /// The cache.
        cache: PathBuf,
        /// The variable that forbids the network.
        variable: &'static str,
    },

    /// The caller stopped the download. The next one resumes it.
    #[error("the download was cancelled")]
    Cancelled,

    /// The hub cannot be reached, or does not answer.
    #[error(
        "cannot ask {endpoint}{} for {repo}, which is not completely in the cache; {}",
        describe_proxy(proxy.as_ref()),
        advise_on_connection(repo, source)
    )]
    Unreachable {
        /// The repository.
        repo: String,
        /// The hub's address.
        endpoint: String,
        /// Host and port of the proxy, if there is one.
        proxy: Option<String>,
        /// Error of the connection.
        source: Box<ureq::Error>,
    },

    /// The hub denies access, with status 401 or 403.
    #[error(
        "the hub denies access to {repo} ({status}): {}",
        advise_on_access(endpoint, repo, *gated, token)
    )]
    Denied {
        /// The repository.
        repo: String,
        /// The hub's address.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// Whether access is given on request.
        gated: bool,
        /// The use of the access token.
        token: TokenUse,
    },

    /// The model was withdrawn.
    #[error("{endpoint} no longer gives access to {repo}: the model was disabled; specify another")]
    Disabled {
        /// The repository.
        repo: String,
        /// The hub's address.
        endpoint: String,
    },

    /// The hub has no such model.
    #[error(
        "{endpoint} has no model {repo:?}{}: write a model of the hub as owner/name, and a folder \
         without slashes as ./name",
        describe_token(token)
    )]
    NoModel {
        /// The hub's address.
        endpoint: String,
        /// The repository.
        repo: String,
        /// The use of the access token.
        token: TokenUse,
    },

    /// The model has no such revision.
    #[error("{endpoint} has no revision {repo:?}: after `@` write a branch, a tag or a commit")]
    NoRevision {
        /// The hub's address.
        endpoint: String,
        /// The repository at the revision.
        repo: String,
    },

    /// The hub does not give a file that the repository had a moment ago.
    #[error("{endpoint} has no file \"{repo}/{file}\"")]
    FileGone {
        /// The hub's address.
        endpoint: String,
        /// The repository.
        repo: String,
        /// The file.
        file: String,
    },

    /// The repository has none of several files of which a checkpoint needs one.
    #[error("{repo} has no {files}, so it is not a checkpoint that can be read")]
    NoFile {
        /// The repository.
        repo: String,
        /// The files.
        files: String,
    },

    /// The weights are in a form that is not read.
    #[error("{repo} has no {missing}, but {file:?}: {advice}, and give FOLDER instead of the name")]
    UnusableWeights {
        /// The repository.
        repo: String,
        /// The missing files.
        missing: String,
        /// The file of weights.
        file: String,
        /// How to get weights that are read.
        advice: &'static str,
    },

    /// The tokenizer is in a form that is not read.
    #[error(
        "{repo} has no tokenizer.json, but only {file}, which needs Python: download the model \
         (`hf download {repo} --local-dir FOLDER`), save its fast tokenizer with transformers \
         (`AutoTokenizer.from_pretrained(\"FOLDER\").save_pretrained(\"FOLDER\")`) and give FOLDER \
         instead of the name"
    )]
    SlowTokenizer {
        /// The repository.
        repo: String,
        /// The file of the tokenizer.
        file: &'static str,
    },

    /// The model is in a folder of the repository.
    #[error(
        "{repo} has no config.json, but one in its folder {folder:?}: download it (`hf download \
         {repo} --include \"{folder}/*\" --local-dir FOLDER`) and give FOLDER/{folder}"
    )]
    ModelInFolder {
        /// The repository.
        repo: String,
        /// The folder.
        folder: String,
    },

    /// A page for a browser came instead of a file.
    #[error(
        "{url} answered with a web page: a proxy or a login page of your network stands in between; \
         open it in a browser, or check HF_ENDPOINT and your proxy"
    )]
    WebPage {
        /// The requested address.
        url: String,
    },

    /// A pointer of Git LFS came instead of the file.
    #[error(
        "the hub sent only a Git LFS pointer for {file} of {repo}, not its content; if HF_ENDPOINT is \
         a mirror, it lacks the large files: use another one, or give the folder of a clone after \
         `git lfs pull`"
    )]
    Pointer {
        /// The file.
        file: String,
        /// The repository.
        repo: String,
    },

    /// Another status that is not an answer, after retries if these could help.
    #[error("{url} answered {status}{}", advise_on_status(*status, *retry_after))]
    Status {
        /// The requested address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Seconds after which the server wants to be asked again.
        retry_after: Option<u64>,
    },

    /// The answer is not that of a hub.
    #[error(
        "{url} answered without a valid {header}, so it is not a hub; check HF_ENDPOINT and your \
         proxy"
    )]
    NotAHub {
        /// The requested address.
        url: String,
        /// The header that is missing or has an invalid value.
        header: &'static str,
    },

    /// The connection broke, again and again.
    #[error(
        "{file} of {repo} was cut off at {done} of {size} bytes; give the same command to resume"
    )]
    CutOff {
        /// The file.
        file: String,
        /// The repository.
        repo: String,
        /// Number of bytes that are kept.
        done: u64,
        /// Number of bytes of the whole file.
        size: u64,
        /// Error of the connection.
        source: Box<ureq::Error>,
    },

    /// A file does not have the hash of the hub's metadata.
    #[error(
        "{file} of {repo} arrived damaged and is not kept: its hash is {found}, the hub expects \
         {expected}"
    )]
    WrongHash {
        /// The file.
        file: String,
        /// The repository.
        repo: String,
        /// Hash in the hub's metadata.
        expected: String,
        /// Hash of the bytes that arrived.
        found: String,
    },

    /// A file has more bytes than the hub's metadata.
    #[error(
        "{file} of {repo} arrived damaged and is not kept: its size is more than {expected}, the \
         size that the hub announced"
    )]
    TooLarge {
        /// The file.
        file: String,
        /// The repository.
        repo: String,
        /// Number of bytes in the hub's metadata.
        expected: u64,
    },

    /// An index of shards is not valid JSON.
    #[error("{index} of {repo}: {message}")]
    Index {
        /// Name of the index.
        index: String,
        /// The repository.
        repo: String,
        /// Message of the JSON reader.
        message: String,
    },

    /// An index of shards names a file that cannot be one.
    #[error("{index} of {repo}: {file:?} is not the name of a file of weights")]
    ShardName {
        /// Name of the index.
        index: String,
        /// The repository.
        repo: String,
        /// Name of the file, as the index has it.
        file: String,
    },

    /// The cache cannot be read or written.
    #[error("cannot use {}{}", path.display(), advise_on_cache(source))]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },

    /// A file of the cache does not have the hash that it is named after.
    #[error(
        "{} is damaged: its content is not the one that the hub sent; remove it, and it is downloaded again",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// The use of the access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenUse {
    /// There is no token.
    NoToken,
    /// The name and the password in `HF_ENDPOINT` were sent, and no token.
    Password,
    /// The token was sent.
    Sent {
        /// The variable or file that it comes from.
        origin: String,
    },
    /// The hub refused the token, and was asked again without it.
    Refused {
        /// The variable or file that it comes from.
        origin: String,
    },
}

impl HubError {
    /// Whether the model in the cache is worth using: the hub gave no answer about the model, or the
    /// answer cannot be stored.
    pub(crate) fn lets_cache_serve(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Denied { .. }
            | Self::Status { .. }
            | Self::NotAHub { .. }
            | Self::WebPage { .. }
            | Self::CutOff { .. } => true,
            Self::Cache { source, .. } => is_unwritable(source),
            _ => false,
        }
    }
}

fn is_unwritable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// A text of the user in quotes, on one line and not too long. If it is an address, it is without a
/// password.
fn quote(text: &str) -> String {
    let mut quoted = format!("{:?}", without_password(text));
    if let Some((end, _)) = quoted.char_indices().nth(LONGEST_QUOTE) {
        quoted.truncate(end);
        quoted.push_str("…\"");
    }
    quoted
}

/// Number of characters of a text that an error repeats.
const LONGEST_QUOTE: usize = 200;

fn advise_on_access(endpoint: &str, repo: &str, gated: bool, token: &TokenUse) -> String {
    let id = repo.split('@').next().unwrap_or_default();
    match (token, gated) {
        (TokenUse::NoToken, true) => format!(
            "it is gated; ask for access at {endpoint}/{id}, and set HF_TOKEN to an access token of \
             your account"
        ),
        (TokenUse::NoToken, false) => {
            "check its name; if it is private or gated, set HF_TOKEN to an \
                                       access token that may read it"
                .to_owned()
        }
        (TokenUse::Password, _) => {
            "check the name of the model, and the user's name and the password \
                                    in HF_ENDPOINT"
                .to_owned()
        }
        (TokenUse::Sent { origin }, true) => format!(
            "it is gated, and the account of the token from {origin} has no access; ask for it at \
             {endpoint}/{id}, and let the token read gated repositories"
        ),
        (TokenUse::Sent { origin }, false) => format!(
            "check its name; if it is gated, accept its terms at {endpoint}/{id}; if it is private, \
             the token from {origin} must have access to it"
        ),
        (TokenUse::Refused { origin }, _) => {
            let gated = if gated { "; the model is gated" } else { "" };
            format!(
                "the token from {origin} is not valid, and may have expired{gated}; make another one \
                 at {endpoint}/settings/tokens, and check the name of the model"
            )
        }
    }
}

fn describe_token(token: &TokenUse) -> String {
    match token {
        TokenUse::NoToken | TokenUse::Password => String::new(),
        TokenUse::Sent { origin } => {
            format!(" that the account of the token from {origin} may read")
        }
        TokenUse::Refused { origin } => format!(", and refuses the token from {origin}"),
    }
}

fn describe_proxy(proxy: Option<&String>) -> String {
    proxy.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default()
}

/// Advice for a connection that failed with this error.
fn advise_on_connection(repo: &str, error: &ureq::Error) -> String {
    // The error of a certificate may be inside one of input and output, so only its text tells.
    if error.to_string().contains("certificate") {
        return "if your network has a certificate of its own, set SSL_CERT_FILE to a file that \
                contains it"
            .to_owned();
    }
    format!(
        "without a network, give the folder of a model that was downloaded elsewhere (`hf download \
         {repo} --local-dir FOLDER`) instead of its name"
    )
}

fn advise_on_cache(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; free some space and give the same command to resume, or set HF_HUB_CACHE to a folder \
             on another disk"
        }
        _ if is_unwritable(error) => "; set HF_HUB_CACHE to a folder that you may write to",
        _ => "",
    }
}

/// Advice for a status of a server that is busy or out of order.
fn advise_on_status(status: u16, retry_after: Option<u64>) -> String {
    match (status, retry_after) {
        (407, _) => {
            "; the proxy asks for a name and a password: http://NAME:PASSWORD@HOST".to_owned()
        }
        (_, Some(seconds @ 1..DAY)) => format!("; try again in {seconds} s"),
        (_, Some(seconds @ DAY..)) => format!("; try again in {} days", seconds / DAY),
        (408 | 429 | 500.., _) => "; try again later".to_owned(),
        _ => String::new(),
    }
}

const DAY: u64 = 86_400;
