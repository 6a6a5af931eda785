use std::path::PathBuf;

/// Everything that can keep a model from being had. Each prints as one line, with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// A name that no repository can have.
    #[error(
        "{text:?} is no name of a model on the hub: {reason}; write owner/name, or owner/name@revision"
    )]
    Name {
        /// What was asked for.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// `HF_ENDPOINT` is no address.
    #[error("HF_ENDPOINT is {found:?}; it has to start with https:// or http://")]
    Endpoint {
        /// Its value.
        found: String,
    },

    /// The access token holds what no token does.
    #[error("the access token from {from} holds spaces or other characters that no token has")]
    Token {
        /// The variable or file.
        from: String,
    },

    /// Nothing says where the cache is.
    #[error("there is no place for the hub's cache: set HF_HOME, or HF_HUB_CACHE")]
    NoHome,

    /// The network is not to be used, and the cache has not all of the model.
    #[error(
        "HF_HUB_OFFLINE is set, and {} has no {file} of {repo}: run once without HF_HUB_OFFLINE, or \
         give the folder of a model instead of its name",
        cache.display()
    )]
    Offline {
        /// The repository.
        repo: String,
        /// The first file that is missing; several where any one of them would do.
        file: String,
        /// The cache.
        cache: PathBuf,
    },

    /// The hub cannot be reached, or does not answer.
    #[error(
        "cannot ask {endpoint} for {repo}, which the cache has not all of; without a network, give \
         the folder of a model that was downloaded elsewhere (`hf download {repo} --local-dir \
         FOLDER`) instead of its name"
    )]
    Unreachable {
        /// The repository.
        repo: String,
        /// The hub's address.
        endpoint: String,
        /// What went wrong.
        source: Box<ureq::Error>,
    },

    /// 401 or 403.
    #[error("the hub does not give out {repo} ({status}): {}", denied(endpoint, repo, *with_token))]
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

    /// 404.
    #[error("{endpoint} has no {what} {name:?}: {advice}")]
    NotFound {
        /// The hub's address.
        endpoint: String,
        /// Model, revision or file.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// How it is written.
        advice: &'static str,
    },

    /// The repository has none of the files of which a checkpoint needs one.
    #[error("{repo} has no {files}, so it is no checkpoint that can be read")]
    NoFile {
        /// The repository.
        repo: String,
        /// These files.
        files: String,
    },

    /// Another status that is no answer, after retries where these could help.
    #[error("{url} answered {status}{}", later(*status, *retry_after))]
    Status {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Seconds after which the server wants to be asked again.
        retry_after: Option<u64>,
    },

    /// The answer is not that of a hub.
    #[error(
        "{url} answered without a proper {header}, so it is no hub; see HF_ENDPOINT and your proxy"
    )]
    NotAHub {
        /// What was asked for.
        url: String,
        /// The header that is missing or has no such value.
        header: &'static str,
    },

    /// The connection broke, again and again.
    #[error(
        "{file} of {repo} was cut off at {done} of {size} bytes; give the same command to go on"
    )]
    CutOff {
        /// The file.
        file: String,
        /// The repository.
        repo: String,
        /// Bytes that are kept.
        done: u64,
        /// Bytes of the whole file.
        size: u64,
        /// What went wrong.
        source: Box<ureq::Error>,
    },

    /// What arrived is not what the hub's metadata promised.
    #[error(
        "{file} of {repo} arrived damaged and is not kept: its {what} is {found}, the hub says {expected}"
    )]
    Damaged {
        /// The file.
        file: String,
        /// The repository.
        repo: String,
        /// Size or hash.
        what: &'static str,
        /// What the hub's metadata says.
        expected: String,
        /// What arrived.
        found: String,
    },

    /// An index of shards that cannot be read.
    #[error("{file} of {repo}: {reason}")]
    Index {
        /// The index.
        file: &'static str,
        /// The repository.
        repo: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The cache cannot be read or written.
    #[error("cannot use {}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl HubError {
    /// Whether the hub did not say what it has: then what the cache has is worth using.
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

fn denied(endpoint: &str, repo: &str, with_token: bool) -> String {
    if with_token {
        format!(
            "check its name; if it is gated, accept its terms at {endpoint}/{repo}; if it is private, the token in HF_TOKEN has to be one that may read it"
        )
    } else {
        "check its name; if it is private or gated, set HF_TOKEN to an access token that may read it".to_owned()
    }
}

/// What to do about a server that is busy or out of order.
fn later(status: u16, retry_after: Option<u64>) -> String {
    match (status, retry_after) {
        (_, Some(seconds @ 1..)) => format!("; try again in {seconds} s"),
        (408 | 429 | 500.., _) => "; try again later".to_owned(),
        _ => String::new(),
    }
}
