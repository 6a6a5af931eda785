//! The two kinds of requests to the hub: for the metadata of a file, and for its bytes.

use std::{thread, time::Duration};

use ureq::{
    Agent, Body, Error, Proxy,
    http::{HeaderMap, Response, Uri},
};

use crate::{
    cache::etag::Etag,
    error::HubError,
    hub_settings::Settings,
    repo::{Repo, is_commit},
    requests::origin::{resolve, same_origin},
};

/// Number of times that one request is tried.
pub(crate) const TRIES: u32 = 5;

/// Longest pause that a server may ask for. If it asks for more, the user decides.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Number of redirections that one request follows.
const MOST_REDIRECTIONS: usize = 10;

pub(crate) struct Client {
    agent: Agent,
    settings: Settings,
}

/// A file of a repository at its revision.
#[derive(Clone, Copy)]
pub(crate) struct FileRequest<'a> {
    pub(crate) repo: &'a Repo,
    pub(crate) file: &'a str,
}

/// The hub's metadata of a file.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    pub(crate) commit: String,
    pub(crate) etag: Etag,
    pub(crate) size: u64,
}

impl Client {
    pub(crate) fn new(settings: Settings) -> Self {
        let connection_timeout = Some(Duration::from_secs(10));
        let answer_timeout = Some(Duration::from_secs(30));
        let endpoint = settings.endpoint.parse::<Uri>().ok();
        let host = endpoint.as_ref().and_then(Uri::host).unwrap_or_default();
        let is_local = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
        let agent = Agent::config_builder()
            .user_agent(concat!("lesion/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity") // or sizes would be those of compressed files
            .http_status_as_error(false)
            .max_redirects(0) // they are followed below, and a token goes to the hub's host only
            .timeout_resolve(connection_timeout)
            .timeout_connect(connection_timeout)
            .timeout_recv_response(answer_timeout)
            .timeout_per_read(answer_timeout)
            .proxy(if is_local { None } else { Proxy::try_from_env() })
            .build()
            .new_agent();
        Self { agent, settings }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The hub's metadata of a file; `None` if the repository has no such file.
    pub(crate) fn metadata(&self, request: FileRequest<'_>) -> Result<Option<Metadata>, HubError> {
        let url = self.url(request);
        let response = match self.send_until_answered(&url, None) {
            Ok(response) => response,
            Err(error) => return Err(self.unreachable_error(request, error)),
        };
        let status = response.status();
        let headers = response.headers();
        if status == 404 && is_no_file(request, headers) {
            return Ok(None);
        }
        if status.is_client_error() || status.is_server_error() {
            return Err(self.refusal(request, &response));
        }
        let not_a_hub = |header| HubError::NotAHub { url: url.clone(), header };
        let commit = text(headers, COMMIT).filter(|commit| is_commit(commit));
        let etag = text(headers, LINKED_ETAG).or_else(|| text(headers, "etag"));
        let mut size = text(headers, LINKED_SIZE);
        // The length of a redirection is that of its own text.
        if size.is_none() && status.is_success() {
            size = text(headers, "content-length");
        }
        Ok(Some(Metadata {
            commit: commit.ok_or_else(|| not_a_hub(COMMIT))?.to_owned(),
            etag: etag.and_then(Etag::parse).ok_or_else(|| not_a_hub("etag"))?,
            size: size.and_then(|size| size.parse().ok()).ok_or_else(|| not_a_hub("size"))?,
        }))
    }

    /// The bytes of a file from `start` on, or all of them: the status tells which. The inner error
    /// is one of the connection, and another try may succeed.
    pub(crate) fn bytes(
        &self,
        request: FileRequest<'_>,
        start: u64,
    ) -> Result<Result<Response<Body>, Error>, HubError> {
        match self.send_until_answered(&self.url(request), Some(start)) {
            Ok(response) if [200, 206, 416].contains(&response.status().as_u16()) => {
                Ok(Ok(response))
            }
            Ok(response) => Err(self.refusal(request, &response)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Pauses after try number `tried`, longer each time.
    pub(crate) fn pause(&self, tried: u32) {
        thread::sleep(self.pause_after(tried));
    }

    fn pause_after(&self, tried: u32) -> Duration {
        self.settings.pause * 2_u32.saturating_pow(tried.saturating_sub(1))
    }

    pub(crate) fn unreachable_error(&self, request: FileRequest<'_>, source: Error) -> HubError {
        HubError::Unreachable {
            repo: request.repo.to_string(),
            endpoint: self.settings.endpoint.clone(),
            source: Box::new(source),
        }
    }

    fn url(&self, FileRequest { repo, file }: FileRequest<'_>) -> String {
        let revision = repo.revision().replace('/', "%2F").replace('+', "%2B");
        format!("{}/{}/resolve/{revision}/{file}", self.settings.endpoint, repo.id())
    }

    /// Sends a request again while the server is busy or out of order, unless the pause would be too
    /// long.
    fn send_until_answered(&self, url: &str, start: Option<u64>) -> Result<Response<Body>, Error> {
        for tried in 1.. {
            let response = self.follow_redirections(url, start)?;
            let is_busy = matches!(response.status().as_u16(), 408 | 429 | 500 | 502..=504);
            let requested_pause = retry_after(response.headers()).map(Duration::from_secs);
            let pause = requested_pause.unwrap_or_else(|| self.pause_after(tried));
            if !is_busy || tried == TRIES || pause > LONGEST_PAUSE {
                return Ok(response);
            }
            thread::sleep(pause);
        }
        unreachable!("the last try returns")
    }

    /// Sends a request and follows redirections. A request for metadata ends with a redirection to
    /// another host, which does not know the hub's metadata.
    fn follow_redirections(&self, url: &str, start: Option<u64>) -> Result<Response<Body>, Error> {
        let mut url = url.to_owned();
        for _ in 0..=MOST_REDIRECTIONS {
            let response = self.send(&url, start)?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let location = text(response.headers(), "location");
            let Some(target) = location.and_then(|location| resolve(&url, location)) else {
                return Ok(response);
            };
            let has_metadata =
                [COMMIT, LINKED_ETAG].iter().all(|name| response.headers().contains_key(*name));
            if start.is_none() && has_metadata && !same_origin(&url, &target) {
                return Ok(response);
            }
            url = target;
        }
        Err(Error::TooManyRedirects)
    }

    /// Sends one request. The token goes to the hub and to nobody else.
    fn send(&self, url: &str, start: Option<u64>) -> Result<Response<Body>, Error> {
        let mut request = match start {
            None => self.agent.head(url),
            Some(0) => self.agent.get(url),
            Some(start) => self.agent.get(url).header("range", format!("bytes={start}-")),
        };
        if let Some(token) = &self.settings.token
            && same_origin(url, &self.settings.endpoint)
        {
            request = request.header("authorization", token.bearer());
        }
        request.call()
    }

    /// The reason why the hub does not give a file.
    fn refusal(&self, request: FileRequest<'_>, response: &Response<Body>) -> HubError {
        let endpoint = self.settings.endpoint.clone();
        let repo = request.repo.to_string();
        let status = response.status().as_u16();
        match (status, text(response.headers(), ERROR_CODE)) {
            (401 | 403, _) => {
                let with_token = self.settings.token.is_some();
                HubError::Denied { repo, endpoint, status, with_token }
            }
            (404, Some("RevisionNotFound")) => HubError::NoRevision { endpoint, repo },
            (404, Some(NO_FILE)) => {
                HubError::FileGone { endpoint, repo, file: request.file.to_owned() }
            }
            (404, _) => HubError::NoModel { endpoint, repo },
            _ => HubError::Status {
                url: self.url(request),
                status,
                retry_after: retry_after(response.headers()),
            },
        }
    }
}

// Headers of the hub.
const COMMIT: &str = "x-repo-commit";
const LINKED_ETAG: &str = "x-linked-etag";
const LINKED_SIZE: &str = "x-linked-size";
const ERROR_CODE: &str = "x-error-code";

/// Error code of a file that the repository does not have.
const NO_FILE: &str = "EntryNotFound";

/// Whether a status of 404 means that the repository has no such file. Not every mirror sends an
/// error code; then it means that if the revision is a commit, which exists.
fn is_no_file(request: FileRequest<'_>, headers: &HeaderMap) -> bool {
    match text(headers, ERROR_CODE) {
        Some(code) => code == NO_FILE,
        None => request.repo.commit().is_some(),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The requested pause in seconds. A date is ignored, and the usual pauses apply.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    text(headers, "retry-after")?.trim().parse().ok()
}
