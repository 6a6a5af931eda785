use std::path::PathBuf;

use crate::name_problem::NameProblem;

/// Everything that can make a model unavailable. Each prints as one line, with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// No repository can have this name.
    #[error(
        "{text:?} is not the name of a model on the hub: {problem}; write owner/name, or \
         owner/name@revision"
    )]
    Name {
        /// The name.
        text: String,
        /// Reason why it is invalid.
        problem: NameProblem,
    },

    /// `HF_ENDPOINT` is not an address.
    #[error("HF_ENDPOINT is {found:?}; it must start with https:// or http://")]
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

    /// The folder of the cache is unknown.
    #[error("the folder of the hub's cache is unknown: set HF_HOME or HF_HUB_CACHE")]
    NoHome,

    /// The network must not be used, and the cache does not have the whole model.
    #[error(
        "HF_HUB_OFFLINE is set, and {} has no {files} of {repo}: run once without HF_HUB_OFFLINE, \
         or give the folder of a model instead of its name",
        cache.display()
    )]
    Offline {
        /// The repository.
        repo: String,
        /// The first missing file, or several if any one of them would do.
        files: String,
        /// The cache.
        cache: PathBuf,
    },

    /// The caller stopped the download. The next one resumes it.
    #[error("the download was cancelled")]
    Cancelled,

    /// The hub cannot be reached, or does not answer.
    #[error(
        "cannot ask {endpoint} for {repo}, which is not completely in the cache; without a network, \
         give the folder of a model that was downloaded elsewhere (`hf download {repo} --local-dir \
         FOLDER`) instead of its name"
    )]
    Unreachable {
        /// The repository.
        repo: String,
        /// The hub's address.
        endpoint: String,
        /// Error of the connection.
        source: Box<ureq::Error>,
    },

    /// The hub denies access, with status 401 or 403.
    #[error(
        "the hub denies access to {repo} ({status}): {}",
        advise_on_access(endpoint, repo, *with_token)
    )]
    Denied {
        /// The repository.
        repo: String,
        /// The hub's address.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// Whether a token was sent.
        with_token: bool,
    },

    /// The hub has no such model.
    #[error(
        "{endpoint} has no model {repo:?}: write a model of the hub as owner/name, and a folder \
         without slashes as ./name"
    )]
    NoModel {
        /// The hub's address.
        endpoint: String,
        /// The repository.
        repo: String,
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
        index: &'static str,
        /// The repository.
        repo: String,
        /// Message of the JSON reader.
        message: String,
    },

    /// An index of shards names a file that cannot be one.
    #[error("{index} of {repo}: {file:?} is not the name of a file of weights")]
    ShardName {
        /// Name of the index.
        index: &'static str,
        /// The repository.
        repo: String,
        /// Name of the file, as the index has it.
        file: String,
    },

    /// The cache cannot be read or written.
    #[error("cannot use {}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
}

impl HubError {
    /// Whether the hub gave no answer about the model, so that the cache is worth using.
    pub(crate) fn is_no_answer(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Denied { .. }
                | Self::Status { .. }
                | Self::NotAHub { .. }
        )
    }
}

fn advise_on_access(endpoint: &str, repo: &str, with_token: bool) -> String {
    if with_token {
        return format!(
            "check its name; if it is gated, accept its terms at {endpoint}/{repo}; if it is \
             private, the token in HF_TOKEN must have access to it"
        );
    }
    "check its name; if it is private or gated, set HF_TOKEN to an access token that may read it"
        .to_owned()
}

/// Advice for a status of a server that is busy or out of order.
fn advise_on_status(status: u16, retry_after: Option<u64>) -> String {
    match (status, retry_after) {
        (_, Some(seconds @ 1..)) => format!("; try again in {seconds} s"),
        (408 | 429 | 500.., _) => "; try again later".to_owned(),
        _ => String::new(),
    }
}
