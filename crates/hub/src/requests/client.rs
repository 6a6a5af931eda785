//! The kinds of requests to the hub: for the metadata of a file, for its bytes, and for a list of
//! files.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::Deserialize;
use ureq::{
    Agent, Body, Error, Proxy,
    http::{Response, Uri},
    tls::TlsConfig,
};

use crate::{
    cache::etag::Etag,
    checkouts::unusable_file::{SLOW_TOKENIZERS, USUAL_WEIGHTS},
    environment::{certificates::Certificates, hub_settings::Settings},
    error::{HubError, TokenUse},
    naming::repo::{Repo, is_commit},
    requests::{
        body::reader,
        file_request::FileRequest,
        headers::{
            COMMIT, ERROR_CODE, LINKED_ETAG, LINKED_SIZE, content_length, content_range,
            is_web_page, retry_after, text,
        },
        origin::{resolve, same_origin},
        patience::TRIES,
        refusal::{NO_FILE, is_about_the_token, is_denied, refusal},
        waiting::Waiting,
    },
};

/// Longest pause that a server may ask for. If it asks for more, the user decides.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Longest time until a connection is there.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time for the bytes of a small file that is read into memory.
const SMALL_FILE_TIMEOUT: Duration = Duration::from_mins(2);

/// Most bytes of a file that is read into memory, or only to count them.
const LARGEST_SMALL_FILE: usize = 64 << 20;

/// Number of redirections that one request follows.
const MOST_REDIRECTIONS: usize = 10;

pub(crate) struct Client {
    /// Sends requests with answers that are small.
    agent: Agent,
    /// Sends requests for the bytes of files.
    download_agent: Agent,
    settings: Settings,
    /// Host and port of the proxy, if requests to the hub go through one.
    proxy: Option<String>,
    /// Whether the hub refused the token. Then it is not sent again.
    token_refused: AtomicBool,
    waiting: Waiting,
}

/// The hub's metadata of a file.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    pub(crate) commit: String,
    pub(crate) etag: Etag,
    pub(crate) size: u64,
}

/// The part of an answer that is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ask {
    Headers,
    /// The same, from a server that sends no headers alone.
    HeadersOfFirstByte,
    /// The first byte, whose answer has the size.
    FirstByte,
    /// A part of a file.
    Bytes {
        start: u64,
        end: u64,
    },
    Everything,
    /// The bytes of a download from this one on.
    From(u64),
}

/// The answer to a request. The inner error is one of the connection, and the outer one that the
/// caller ended the request.
type Answered = Result<Result<Response<Body>, Error>, HubError>;

impl Client {
    pub(crate) fn new(settings: Settings) -> Self {
        let endpoint = settings.endpoint.address().parse::<Uri>().ok();
        let host = endpoint.as_ref().and_then(Uri::host).unwrap_or_default();
        let is_local = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
        let proxy = if is_local { None } else { Proxy::try_from_env() };
        let is_proxied =
            |proxy: &Proxy| endpoint.as_ref().is_some_and(|endpoint| !proxy.is_no_proxy(endpoint));
        let roots = settings.certificates.as_ref().map(Certificates::roots);
        let agent = |answer_timeout, body_timeout| {
            let mut config = Agent::config_builder()
                .user_agent(concat!("lesion/", env!("CARGO_PKG_VERSION")))
                .accept_encoding("identity") // or sizes would be those of compressed files
                .http_status_as_error(false)
                .max_redirects(0) // they are followed below, and a token goes to the hub's host only
                .timeout_resolve(Some(CONNECTION_TIMEOUT))
                .timeout_connect(Some(CONNECTION_TIMEOUT))
                .timeout_recv_response(Some(answer_timeout))
                .timeout_per_read(Some(answer_timeout))
                .timeout_recv_body(body_timeout)
                .proxy(proxy.clone());
            if let Some(roots) = &roots {
                config = config.tls_config(TlsConfig::builder().root_certs(roots.clone()).build());
            }
            config.build().new_agent()
        };
        Self {
            agent: agent(settings.metadata_timeout, Some(SMALL_FILE_TIMEOUT)),
            download_agent: agent(settings.download_timeout, None),
            proxy: proxy
                .filter(is_proxied)
                .map(|proxy| format!("{}:{}", proxy.host(), proxy.port())),
            settings,
            token_refused: AtomicBool::new(false),
            waiting: Waiting::default(),
        }
    }

    /// The same client, whose requests and pauses end as soon as `is_cancelled` is true.
    pub(crate) fn ended_by(self, is_cancelled: Arc<AtomicBool>) -> Self {
        Self { waiting: Waiting::ended_by(is_cancelled), ..self }
    }

    pub(crate) fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The origin of the token, if the hub refused it.
    pub(crate) fn refused_token(&self) -> Option<&str> {
        match &self.settings.token {
            Some(token) if self.token_refused.load(Ordering::Relaxed) => Some(token.origin()),
            _ => None,
        }
    }

    /// The hub's metadata of a file; `None` if the repository has no such file.
    pub(crate) fn metadata(&self, request: FileRequest<'_>) -> Result<Option<Metadata>, HubError> {
        let url = self.url(request);
        let mut ask = Ask::Headers;
        let mut response = self.answer(request, ask)?;
        if [405, 501].contains(&response.status().as_u16()) {
            // The server does not know such requests.
            ask = Ask::HeadersOfFirstByte;
            response = self.answer(request, ask)?;
        }
        let status = response.status();
        let headers = response.headers();
        if status == 404 && is_no_file(request, &response) {
            return Ok(None);
        }
        if status.is_client_error() || status.is_server_error() {
            return Err(self.refusal(request, &response));
        }
        let commit = text(headers, COMMIT).filter(|commit| is_commit(commit));
        if commit.is_none() && is_web_page(headers) {
            return Err(HubError::WebPage { url });
        }
        let not_a_hub = |header| HubError::NotAHub { url: url.clone(), header };
        let etag = text(headers, LINKED_ETAG).or_else(|| text(headers, "etag"));
        let commit = commit.ok_or_else(|| not_a_hub(COMMIT))?.to_owned();
        let etag = etag.and_then(Etag::parse).ok_or_else(|| not_a_hub("etag"))?;
        let mut size = text(headers, LINKED_SIZE).and_then(|size| size.trim().parse().ok());
        // The length of a redirection is that of its own text.
        if size.is_none() && ask == Ask::Headers && status == 200 {
            size = content_length(headers);
        }
        let size = match size {
            Some(size) => Some(size),
            None => self.measure(request)?,
        };
        let size = size.ok_or_else(|| not_a_hub("size"))?;
        Ok(Some(Metadata { commit, etag, size }))
    }

    /// The size of a file whose metadata does not have it; `None` if it is too large to be counted.
    fn measure(&self, request: FileRequest<'_>) -> Result<Option<u64>, HubError> {
        let response = self.answer(request, Ask::FirstByte)?;
        if !response.status().is_success() {
            return Err(self.refusal(request, &response));
        }
        let size = match response.status().as_u16() {
            206 => content_range(response.headers()).and_then(|(_, size)| size),
            _ => content_length(response.headers()),
        };
        if size.is_some() {
            return Ok(size);
        }
        let response = self.answer(request, Ask::Everything)?;
        let bytes = self.read_small_file(request, response)?;
        Ok(bytes.map(|bytes| bytes.len() as u64))
    }

    /// The bytes of a small file.
    pub(crate) fn small_file(&self, request: FileRequest<'_>) -> Result<Vec<u8>, HubError> {
        let response = self.answer(request, Ask::Everything)?;
        if !response.status().is_success() {
            return Err(self.refusal(request, &response));
        }
        let bytes = self.read_small_file(request, response)?;
        bytes.ok_or_else(|| HubError::NotAHub { url: self.url(request), header: "size" })
    }

    /// The bytes of a file from `start` up to `end`; `None` if the server does not send them alone.
    pub(crate) fn part(
        &self,
        request: FileRequest<'_>,
        start: u64,
        end: u64,
    ) -> Result<Option<Vec<u8>>, HubError> {
        let response = self.answer(request, Ask::Bytes { start, end })?;
        let range = content_range(response.headers());
        if response.status() != 206 || range.is_none_or(|(first, _)| first != start) {
            return Ok(None);
        }
        let bytes = self.read_small_file(request, response)?;
        Ok(bytes.filter(|bytes| bytes.len() as u64 == end - start))
    }

    /// The bytes of a response; `None` if there are too many.
    fn read_small_file(
        &self,
        request: FileRequest<'_>,
        response: Response<Body>,
    ) -> Result<Option<Vec<u8>>, HubError> {
        let unreachable = |error| self.unreachable_error(request, Error::Io(error));
        let mut pieces = self.waiting.read_body(reader(response)).map_err(unreachable)?;
        pieces.read_all(LARGEST_SMALL_FILE)?.map_err(unreachable)
    }

    /// The names of the files of a repository: all, or the usual ones if the hub does not list them.
    ///
    /// # Errors
    /// If the caller ended it.
    pub(crate) fn known_file_names(&self, repo: &Repo) -> Result<Vec<String>, HubError> {
        let listed = self.listed_file_names(repo);
        self.waiting.check()?;
        if let Some(names) = listed {
            return Ok(names);
        }
        let mut names = Vec::new();
        for file in USUAL_WEIGHTS.into_iter().chain(SLOW_TOKENIZERS) {
            if matches!(self.metadata(FileRequest { repo, file }), Ok(Some(_))) {
                names.push(file.to_owned());
            }
            self.waiting.check()?;
        }
        Ok(names)
    }

    /// The names of the files of a repository; `None` if the hub does not list them.
    fn listed_file_names(&self, repo: &Repo) -> Option<Vec<String>> {
        #[derive(Deserialize)]
        struct Model {
            siblings: Vec<Sibling>,
        }
        #[derive(Deserialize)]
        struct Sibling {
            rfilename: String,
        }
        let endpoint = &self.settings.endpoint;
        let revision = escape_revision(repo);
        let url = format!("{endpoint}/api/models/{}/revision/{revision}", repo.id());
        let response = self.follow_redirections(&url, Ask::Everything).ok()?.ok()?;
        if response.status() != 200 {
            return None;
        }
        let mut pieces = self.waiting.read_body(reader(response)).ok()?;
        let body = pieces.read_all(LARGEST_SMALL_FILE).ok()?.ok()??;
        let model: Model = serde_json::from_slice(&body).ok()?;
        Some(model.siblings.into_iter().map(|sibling| sibling.rfilename).collect())
    }

    /// The bytes of a file from `start` on, or all of them: the status tells which. The inner error
    /// is one of the connection, and another try may succeed.
    pub(crate) fn bytes(
        &self,
        request: FileRequest<'_>,
        start: u64,
    ) -> Result<Result<Response<Body>, Error>, HubError> {
        match self.send_until_answered(&self.url(request), Ask::From(start))? {
            Ok(response) if [200, 206, 416].contains(&response.status().as_u16()) => {
                Ok(Ok(response))
            }
            Ok(response) => Err(self.refusal(request, &response)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Pauses after try number `tried`, longer each time.
    ///
    /// # Errors
    /// If the caller ended it.
    pub(crate) fn pause(&self, tried: u32) -> Result<(), HubError> {
        self.waiting.pause(self.pause_after(tried))
    }

    fn pause_after(&self, tried: u32) -> Duration {
        self.settings.pause * 2_u32.saturating_pow(tried.saturating_sub(1))
    }

    fn unreachable_error(&self, request: FileRequest<'_>, source: Error) -> HubError {
        HubError::Unreachable {
            repo: request.repo.to_string(),
            endpoint: self.settings.endpoint.to_string(),
            proxy: self.proxy.clone(),
            source: Box::new(source),
        }
    }

    pub(crate) fn url(&self, FileRequest { repo, file }: FileRequest<'_>) -> String {
        let revision = escape_revision(repo);
        format!("{}/{}/resolve/{revision}/{file}", self.settings.endpoint, repo.id())
    }

    fn refusal(&self, request: FileRequest<'_>, response: &Response<Body>) -> HubError {
        let url = self.url(request);
        refusal(self.settings.endpoint.address(), url, request, self.token_use(), response)
    }

    fn token_use(&self) -> TokenUse {
        if self.settings.endpoint.authorization().is_some() {
            return TokenUse::Password;
        }
        let Some(token) = &self.settings.token else { return TokenUse::NoToken };
        let origin = token.origin().to_owned();
        if self.token_refused.load(Ordering::Relaxed) {
            return TokenUse::Refused { origin };
        }
        TokenUse::Sent { origin }
    }

    fn answer(&self, request: FileRequest<'_>, ask: Ask) -> Result<Response<Body>, HubError> {
        let answer = self.send_until_answered(&self.url(request), ask)?;
        answer.map_err(|error| self.unreachable_error(request, error))
    }

    /// Sends a request again while the server is busy or out of order, unless the pause would be too
    /// long.
    fn send_until_answered(&self, url: &str, ask: Ask) -> Answered {
        for tried in 1.. {
            let response = match self.follow_redirections(url, ask)? {
                Ok(response) => response,
                Err(error) => return Ok(Err(error)),
            };
            let is_busy = matches!(response.status().as_u16(), 408 | 429 | 500 | 502..=504);
            let requested_pause = retry_after(response.headers()).map(Duration::from_secs);
            let pause = requested_pause.unwrap_or_else(|| self.pause_after(tried));
            if !is_busy || tried == TRIES || pause > LONGEST_PAUSE {
                return Ok(Ok(response));
            }
            self.waiting.pause(pause)?;
        }
        unreachable!("the last try returns")
    }

    /// Sends a request and follows redirections. A request for metadata ends with a redirection to
    /// another host, which does not know the hub's metadata.
    fn follow_redirections(&self, url: &str, ask: Ask) -> Answered {
        let mut url = url.to_owned();
        for _ in 0..=MOST_REDIRECTIONS {
            let response = match self.send(&url, ask)? {
                Ok(response) if response.status().is_redirection() => response,
                answer => return Ok(answer),
            };
            let location = text(response.headers(), "location");
            let Some(target) = location.and_then(|location| resolve(&url, location)) else {
                return Ok(Ok(response));
            };
            let has_metadata =
                [COMMIT, LINKED_ETAG].iter().all(|name| response.headers().contains_key(*name));
            let is_for_metadata = matches!(ask, Ask::Headers | Ask::HeadersOfFirstByte);
            if is_for_metadata && has_metadata && !same_origin(&url, &target) {
                return Ok(Ok(response));
            }
            url = target;
        }
        Ok(Err(Error::TooManyRedirects))
    }

    /// Sends one request, with the token if there is one. A hub answers a refused token with a
    /// refusal even if the model is open to all, so the request is then sent without it.
    fn send(&self, url: &str, ask: Ask) -> Answered {
        if !same_origin(url, self.settings.endpoint.address()) {
            return self.call(url, ask, None);
        }
        if let Some(password) = self.settings.endpoint.authorization() {
            return self.call(url, ask, Some(password));
        }
        let Some(bearer) = self.bearer() else { return self.call(url, ask, None) };
        let response = match self.call(url, ask, Some(&bearer))? {
            Ok(response) if is_denied(&response) => response,
            answer => return Ok(answer),
        };
        let Ok(without_token) = self.call(url, ask, None)? else { return Ok(Ok(response)) };
        if !is_denied(&without_token) || is_about_the_token(&response) {
            self.token_refused.store(true, Ordering::Relaxed);
            return Ok(Ok(without_token));
        }
        Ok(Ok(response))
    }

    /// The token, which goes to the hub and to nobody else, unless the hub refused it.
    fn bearer(&self) -> Option<String> {
        let is_refused = self.token_refused.load(Ordering::Relaxed);
        let token = self.settings.token.as_ref()?;
        (!is_refused).then(|| token.bearer())
    }

    fn call(&self, url: &str, ask: Ask, authorization: Option<&str>) -> Answered {
        let mut request = match ask {
            Ask::Headers => self.agent.head(url),
            Ask::HeadersOfFirstByte | Ask::FirstByte => {
                self.agent.get(url).header("range", "bytes=0-0")
            }
            Ask::Bytes { start, end } => {
                self.agent.get(url).header("range", format!("bytes={start}-{}", end - 1))
            }
            Ask::Everything => self.agent.get(url),
            Ask::From(0) => self.download_agent.get(url),
            Ask::From(start) => {
                self.download_agent.get(url).header("range", format!("bytes={start}-"))
            }
        };
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let answer = self.waiting.for_work(move || Ok(request.call()))?;
        Ok(answer.unwrap_or_else(|error| Err(Error::Io(error))))
    }
}

/// The revision as a part of an address.
fn escape_revision(repo: &Repo) -> String {
    repo.revision().replace('/', "%2F").replace('+', "%2B")
}

/// Whether a status of 404 means that the repository has no such file. Not every mirror sends an
/// error code; then it means that if the revision is a commit, which exists.
fn is_no_file(request: FileRequest<'_>, response: &Response<Body>) -> bool {
    match text(response.headers(), ERROR_CODE) {
        Some(code) => code == NO_FILE,
        None => request.repo.commit().is_some(),
    }
}
