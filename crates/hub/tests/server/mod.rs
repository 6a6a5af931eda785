//! A hub on 127.0.0.1: real sockets, the hub's routes, and all faults of a connection.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// A request of a client.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Request {
    pub(crate) fn is_get(&self) -> bool {
        self.method == "GET"
    }

    /// Start of the requested range.
    pub(crate) fn start(&self) -> Option<usize> {
        self.headers.get("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// An answer of the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Number of bytes of the body after which the connection is closed.
    pub(crate) cut: Option<usize>,
    /// Whether the length of the body is not announced.
    pub(crate) hides_length: bool,
    /// Whether the connection stays open after the last byte, until the client closes it.
    pub(crate) holds: bool,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// No answer at all, on a connection that stays open.
    pub(crate) fn silence() -> Self {
        Self { holds: true, ..Self::default() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends the status and headers.
    fn send_head(&self, stream: &mut impl Write) -> io::Result<()> {
        write!(stream, "HTTP/1.1 {} X\r\nconnection: close\r\n", self.status)?;
        if !self.hides_length {
            write!(stream, "content-length: {}\r\n", self.body.len())?;
        }
        for (name, value) in &self.headers {
            write!(stream, "{name}: {value}\r\n")?;
        }
        stream.write_all(b"\r\n")
    }

    /// The requested bytes.
    pub(crate) fn bytes(body: &[u8], request: &Request) -> Self {
        let Some(start) = request.start() else {
            return Self { status: 200, body: body.to_vec(), ..Self::default() };
        };
        if start >= body.len() {
            return Self::status(416);
        }
        let range = format!("bytes {start}-{}/{}", body.len() - 1, body.len());
        let reply = Self { status: 206, body: body[start..].to_vec(), ..Self::default() };
        reply.header("content-range", range)
    }
}

/// A server, until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// A connection, encrypted or not.
pub(crate) trait Connection: Read + Write {}

impl<C: Read + Write> Connection for C {}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(|stream| Box::new(stream), answer)
    }

    /// A server that does something with each connection before it reads from it.
    pub(crate) fn start_with(
        wrap: impl Fn(TcpStream) -> Box<dyn Connection> + Send + Sync + 'static,
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let ends = Arc::new(AtomicBool::new(false));
        let answer = Arc::new((wrap, answer));
        let seen = Arc::clone(&requests);
        let end = Arc::clone(&ends);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let answer = Arc::clone(&answer);
                let seen = Arc::clone(&seen);
                thread::spawn(move || {
                    let (wrap, answer) = &*answer;
                    stream.map(|stream| serve(wrap(stream), answer, &seen))
                });
            }
        });
        Self { address, requests, ends, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Number of requests for a body.
    pub(crate) fn gets(&self) -> usize {
        self.requests().iter().filter(|request| request.is_get()).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address)); // so that it stops waiting for one
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Answers one request of a connection. `None` if the client does not wait for the answer.
fn serve(
    mut stream: Box<dyn Connection>,
    answer: &(impl Fn(&Request) -> Reply + ?Sized),
    seen: &Mutex<Vec<Request>>,
) -> Option<()> {
    let mut lines = BufReader::new(&mut stream).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ').map(str::to_owned);
    let method = words.next()?;
    let path = words.next()?;
    let lines = lines.map_while(Result::ok).take_while(|line| !line.is_empty());
    let headers = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect();
    let request = Request { method, path, headers };
    seen.lock().unwrap().push(request.clone());
    let reply = answer(&request);
    if reply.status > 0 {
        reply.send_head(&mut stream).ok()?;
        if request.is_get() {
            let sent = reply.cut.unwrap_or(reply.body.len()).min(reply.body.len());
            stream.write_all(&reply.body[..sent]).ok()?;
        }
        stream.flush().ok()?;
    }
    if reply.holds {
        // Until the client closes the connection, nothing comes.
        let _ = stream.read(&mut [0]);
    }
    Some(())
}

/// A repository of the hub, with one commit.
#[derive(Clone, Default)]
pub(crate) struct Repository {
    pub(crate) id: String,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Address of the server of large files; by default the hub itself.
    pub(crate) elsewhere: Option<String>,
}

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

impl Repository {
    pub(crate) fn new(id: &str, files: &[(&str, &[u8])]) -> Self {
        let files = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
        Self { id: id.to_owned(), files: files.collect(), elsewhere: None }
    }

    /// The hub's answer: a request for weights is redirected to another address, a request for any
    /// other file to a cache of the hub.
    pub(crate) fn answer(&self, request: &Request) -> Reply {
        if let Some(file) =
            request.path.strip_prefix("/large/").or_else(|| request.path.strip_prefix("/small/"))
        {
            let bytes = &self.files[file];
            let reply = Reply::bytes(bytes, request).header("x-repo-commit", COMMIT);
            return reply.header("etag", format!("\"{}\"", etag(file, bytes)));
        }
        let missing = |code: &str| Reply::status(404).header("x-error-code", code);
        let Some(rest) = request.path.strip_prefix(&format!("/{}/resolve/", self.id)) else {
            return missing("RepoNotFound");
        };
        let (revision, file) = rest.split_once('/').unwrap();
        if !["main", "refs%2Fpr%2F1", COMMIT].contains(&revision) {
            return missing("RevisionNotFound");
        }
        let Some(bytes) = self.files.get(file) else {
            return missing("EntryNotFound").header("x-repo-commit", COMMIT);
        };
        if !is_large(file) {
            return Reply::status(307).header("location", format!("/small/{file}"));
        }
        let elsewhere = self.elsewhere.clone().unwrap_or_default();
        Reply::status(302)
            .header("location", format!("{elsewhere}/large/{file}"))
            .header("x-repo-commit", COMMIT)
            .header("x-linked-etag", format!("\"{}\"", etag(file, bytes)))
            .header("x-linked-size", bytes.len().to_string())
            .header("etag", "\"of-the-redirection\"")
    }
}

fn is_large(file: &str) -> bool {
    [".safetensors", ".bin"].iter().any(|end| file.ends_with(end))
}

/// The hash of a file, which is its name on the hub.
pub(crate) fn etag(file: &str, bytes: &[u8]) -> String {
    if is_large(file) {
        return to_hexadecimal(&Sha256::digest(bytes));
    }
    let blob = Sha1::new().chain_update(format!("blob {}\0", bytes.len())).chain_update(bytes);
    to_hexadecimal(&blob.finalize())
}

fn to_hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
