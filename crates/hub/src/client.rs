//! The two requests that the hub is asked: what a file is, and its bytes from some place on.

use std::{thread, time::Duration};

use ureq::{
    Agent, Body, Error, Proxy,
    http::{HeaderMap, Response, Uri},
};

use crate::{
    HubError, Repo, Settings,
    digest::Etag,
    origin::{resolve, same_origin},
    repo::is_commit,
};

/// How often one thing is tried before it is given up.
pub(crate) const TRIES: u32 = 5;

/// The longest pause that a server may ask for; beyond, the person is to decide.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Redirections from one request at most.
const HOPS: usize = 10;

pub(crate) struct Client {
    agent: Agent,
    settings: Settings,
}

/// A file of a repository at its revision.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) repo: &'a Repo,
    pub(crate) file: &'a str,
}

/// What the hub says of a file.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    pub(crate) commit: String,
    pub(crate) etag: Etag,
    pub(crate) size: u64,
}

impl Client {
    pub(crate) fn new(settings: Settings) -> Self {
        let waits = |seconds| Some(Duration::from_secs(seconds));
        let host = settings.endpoint.parse::<Uri>().ok();
        let host = host.as_ref().and_then(Uri::host).unwrap_or_default();
        let here = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
        let agent = Agent::config_builder()
            .user_agent(concat!("lesion/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity") // or sizes would be those of compressed files
            .http_status_as_error(false)
            .max_redirects(0) // they are followed below, where a token goes to its own host only
            .timeout_resolve(waits(10))
            .timeout_connect(waits(10))
            .timeout_recv_response(waits(30))
            .timeout_per_read(waits(30))
            .proxy(if here { None } else { Proxy::try_from_env() })
            .build()
            .new_agent();
        Self { agent, settings }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the hub says of a file; None where the repository has none of this name.
    pub(crate) fn metadata(&self, wanted: Wanted<'_>) -> Result<Option<Metadata>, HubError> {
        let url = self.url(wanted);
        let response = self.ask(&url, None).map_err(|error| self.unreachable(wanted, error))?;
        let status = response.status();
        let headers = response.headers();
        // Not every mirror says what it is that it does not have; a commit is known to be there.
        let no_file = text(headers, ERROR_CODE)
            .map_or(wanted.repo.commit().is_some(), |code| code == "EntryNotFound");
        if status == 404 && no_file {
            return Ok(None);
        }
        if status.is_client_error() || status.is_server_error() {
            return Err(self.refusal(wanted, &response));
        }
        let not = |header| HubError::NotAHub { url: url.clone(), header };
        let commit = text(headers, COMMIT).filter(|commit| is_commit(commit));
        let etag = text(headers, LINKED_ETAG).or_else(|| text(headers, "etag"));
        // The length of a redirection is that of its own text.
        let length = || text(headers, "content-length").filter(|_| status.is_success());
        let size = text(headers, LINKED_SIZE).or_else(length);
        Ok(Some(Metadata {
            commit: commit.ok_or_else(|| not(COMMIT))?.to_owned(),
            etag: etag.and_then(Etag::parse).ok_or_else(|| not("etag"))?,
            size: size.and_then(|size| size.parse().ok()).ok_or_else(|| not("size"))?,
        }))
    }

    /// The bytes of a file from `start` on, or all of them: the status says which. The inner error
    /// is one of the connection, which may be gone the next time.
    pub(crate) fn bytes(
        &self,
        wanted: Wanted<'_>,
        start: u64,
    ) -> Result<Result<Response<Body>, Error>, HubError> {
        match self.ask(&self.url(wanted), Some(start)) {
            Ok(response) if [200, 206, 416].contains(&response.status().as_u16()) => {
                Ok(Ok(response))
            }
            Ok(response) => Err(self.refusal(wanted, &response)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Pauses after try number `tried`, longer each time.
    pub(crate) fn pause(&self, tried: u32) {
        thread::sleep(self.backoff(tried));
    }

    fn backoff(&self, tried: u32) -> Duration {
        self.settings.pause * 2_u32.saturating_pow(tried.saturating_sub(1))
    }

    pub(crate) fn unreachable(&self, wanted: Wanted<'_>, source: Error) -> HubError {
        HubError::Unreachable {
            repo: wanted.repo.to_string(),
            endpoint: self.settings.endpoint.clone(),
            source: Box::new(source),
        }
    }

    fn url(&self, Wanted { repo, file }: Wanted<'_>) -> String {
        let revision = repo.revision().replace('/', "%2F").replace('+', "%2B");
        format!("{}/{}/resolve/{revision}/{file}", self.settings.endpoint, repo.id())
    }

    /// Asks again where the server is busy or out of order, as long as it will not take too long.
    fn ask(&self, url: &str, start: Option<u64>) -> Result<Response<Body>, Error> {
        for tried in 1.. {
            let response = self.follow(url, start)?;
            let retry = matches!(response.status().as_u16(), 408 | 429 | 500 | 502..=504);
            let asked_for = retry_after(response.headers()).map(Duration::from_secs);
            let wait = asked_for.unwrap_or_else(|| self.backoff(tried));
            if !retry || tried == TRIES || wait > LONGEST_PAUSE {
                return Ok(response);
            }
            thread::sleep(wait);
        }
        unreachable!("the last try returns")
    }

    /// Follows redirections. A request for metadata ends where the file is handed over to another
    /// host, as that one does not know what the hub knows of it.
    fn follow(&self, url: &str, start: Option<u64>) -> Result<Response<Body>, Error> {
        let mut url = url.to_owned();
        for _ in 0..=HOPS {
            let response = self.send(&url, start)?;
            let location = text(response.headers(), "location");
            let location = location.filter(|_| response.status().is_redirection());
            let Some(next) = location.and_then(|location| resolve(&url, location)) else {
                return Ok(response);
            };
            let told =
                [COMMIT, LINKED_ETAG].iter().all(|name| response.headers().contains_key(*name));
            if start.is_none() && told && !same_origin(&url, &next) {
                return Ok(response);
            }
            url = next;
        }
        Err(Error::TooManyRedirects)
    }

    /// One request. The token goes to the hub and to nobody else.
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

    /// What it means that the hub does not give a file.
    fn refusal(&self, wanted: Wanted<'_>, response: &Response<Body>) -> HubError {
        let endpoint = self.settings.endpoint.clone();
        let repo = wanted.repo.to_string();
        let not_found = |what, name, advice| HubError::NotFound {
            endpoint: endpoint.clone(),
            what,
            name,
            advice,
        };
        let status = response.status().as_u16();
        match (status, text(response.headers(), ERROR_CODE)) {
            (401 | 403, _) => {
                let with_token = self.settings.token.is_some();
                HubError::Denied { repo, endpoint, status, with_token }
            }
            (404, Some("RevisionNotFound")) => {
                not_found("revision", repo, "after `@` stands a branch, a tag or a commit")
            }
            (404, Some("EntryNotFound")) => {
                let name = format!("{repo}/{}", wanted.file);
                not_found("file", name, "a checkpoint of a model has one")
            }
            (404, _) => not_found(
                "model",
                repo,
                "a name is written owner/name, a folder that has none is ./name",
            ),
            _ => HubError::Status {
                url: self.url(wanted),
                status,
                retry_after: retry_after(response.headers()),
            },
        }
    }
}

const COMMIT: &str = "x-repo-commit";
const LINKED_ETAG: &str = "x-linked-etag";
const LINKED_SIZE: &str = "x-linked-size";
const ERROR_CODE: &str = "x-error-code";

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Seconds; a date is left to the usual pauses.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    text(headers, "retry-after")?.trim().parse().ok()
}
