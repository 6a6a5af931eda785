use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Write},
    ops::ControlFlow,
    path::Path,
};

use ureq::{Body, Error, http::Response};

use crate::{
    cache::{
        etag::RunningHash,
        repo_cache::{RepoCache, cache_error, make_parent},
    },
    environment::hub_settings::Rate,
    error::HubError,
    requests::{
        body::reader,
        client::{Client, Metadata},
        file_request::FileRequest,
        headers::{content_range, is_web_page},
        patience::{Pace, TRIES, Tries},
    },
};

/// Progress of a download.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    /// The file.
    pub file: &'a str,
    /// Number of bytes in the cache, including those of an earlier try.
    pub done: u64,
    /// Number of bytes of the whole file.
    pub size: u64,
}

/// Receives the progress of a download. If it returns [`ControlFlow::Break`], the download ends with
/// [`HubError::Cancelled`]. The bytes so far are kept, and the next download resumes after them.
pub type Progress<'a> = &'a mut dyn FnMut(Transfer<'_>) -> ControlFlow<()>;

/// One file on its way into the cache.
pub(crate) struct Download<'a> {
    pub(crate) client: &'a Client,
    pub(crate) cache: &'a RepoCache,
    pub(crate) request: FileRequest<'a>,
    pub(crate) metadata: &'a Metadata,
}

/// The first bytes of a blob, and their hash.
struct Partial {
    file: File,
    done: u64,
    hash: RunningHash,
}

impl Download<'_> {
    /// Brings the file into the cache, unless its bytes are there already.
    pub(crate) fn run(&self, progress: Progress<'_>) -> Result<(), HubError> {
        let Metadata { commit, etag, size } = self.metadata;
        let lock = self.cache.lock(etag, self.client.waiting())?;
        let is_there = fs::metadata(self.cache.blob(etag)).is_ok_and(|blob| blob.len() == *size);
        if !is_there {
            let incomplete = self.cache.incomplete(etag, lock.is_some());
            let downloaded = self.download_blob(&incomplete, progress);
            if downloaded.is_err() && lock.is_none() {
                // Nobody else knows this file, and the next run does not either.
                let _ = fs::remove_file(&incomplete);
            }
            downloaded?;
        }
        self.cache.link(commit, self.request.file, etag)
    }

    /// Brings the blob into the cache, complete and compared with its metadata. Until then it is in
    /// `incomplete`.
    fn download_blob(&self, incomplete: &Path, progress: Progress<'_>) -> Result<(), HubError> {
        let etag = &self.metadata.etag;
        let blob = self.cache.blob(etag);
        make_parent(&blob).map_err(cache_error(&blob))?;
        let mut resumed = self.open(incomplete).map_err(cache_error(incomplete))?;
        let kept = resumed.done;
        self.fill(&mut resumed, incomplete, progress)?;
        let mut found = resumed.finish(incomplete)?;
        if found != etag.as_str() && kept > 0 {
            // The bytes of the earlier try may not have been of this file.
            let mut restarted = self.restart(incomplete).map_err(cache_error(incomplete))?;
            self.fill(&mut restarted, incomplete, progress)?;
            found = restarted.finish(incomplete)?;
        }
        let file = self.request.file.to_owned();
        let repo = self.request.repo.to_string();
        if found != etag.as_str() {
            fs::remove_file(incomplete).map_err(cache_error(incomplete))?;
            let expected = etag.as_str().to_owned();
            return Err(HubError::WrongHash { file, repo, expected, found });
        }
        if self.metadata.size < LARGEST_POINTER && is_pointer(incomplete) {
            fs::remove_file(incomplete).map_err(cache_error(incomplete))?;
            return Err(HubError::Pointer { file, repo });
        }
        fs::rename(incomplete, &blob).map_err(cache_error(&blob))
    }

    /// Downloads until the file has its size, and resumes if a connection breaks.
    fn fill(
        &self,
        partial: &mut Partial,
        path: &Path,
        progress: Progress<'_>,
    ) -> Result<(), HubError> {
        let Metadata { size, .. } = *self.metadata;
        let file = self.request.file;
        let mut tries = Tries::new(partial.done);
        report(progress, Transfer { file, done: partial.done, size })?;
        while partial.done < size {
            let broken = match self.client.bytes(self.request, partial.done)? {
                Ok(response) => self.receive(response, partial, path, progress)?,
                Err(error) => Some(error),
            };
            let Some(source) = broken else { continue };
            let failed = tries.count(partial.done);
            if failed == 0 {
                continue;
            }
            if failed == TRIES {
                return Err(HubError::CutOff {
                    file: file.to_owned(),
                    repo: self.request.repo.to_string(),
                    done: partial.done,
                    size,
                    source: Box::new(source),
                });
            }
            self.client.pause(failed)?;
        }
        Ok(())
    }

    /// Appends the bytes of one response. Returns the error that broke the connection, if any.
    fn receive(
        &self,
        response: Response<Body>,
        partial: &mut Partial,
        path: &Path,
        progress: Progress<'_>,
    ) -> Result<Option<Error>, HubError> {
        let Metadata { size, .. } = *self.metadata;
        let range = content_range(response.headers());
        let continues =
            response.status() == 206 && range.is_some_and(|(start, _)| start == partial.done);
        if partial.done > 0 && !continues {
            // The server does not resume: it sends all bytes, or none.
            *partial = self.restart(path).map_err(cache_error(path))?;
            if response.status() == 206 {
                let message = "the server sent another range of bytes than it was asked for";
                return Ok(Some(Error::Io(io::Error::other(message))));
            }
        }
        if !response.status().is_success() {
            return Ok(Some(Error::StatusCode(response.status().as_u16())));
        }
        let may_be_page = partial.done == 0 && is_web_page(response.headers());
        let mut pace = Pace::new(self.client.settings().slowest, partial.done);
        let mut pieces = match self.client.waiting().read_body(reader(response)) {
            Ok(pieces) => pieces,
            Err(error) => return Ok(Some(Error::Io(error))),
        };
        loop {
            let piece = match pieces.next()? {
                Ok(piece) => piece,
                Err(error) => return Ok(Some(Error::Io(error))),
            };
            if piece.is_empty() && partial.done < size {
                return Ok(Some(Error::Io(io::ErrorKind::UnexpectedEof.into())));
            }
            if piece.is_empty() {
                return Ok(None);
            }
            if may_be_page && partial.done == 0 && starts_like_page(&piece) {
                return Err(HubError::WebPage { url: self.client.url(self.request) });
            }
            partial.append(&piece).map_err(cache_error(path))?;
            report(progress, Transfer { file: self.request.file, done: partial.done, size })?;
            if partial.done > size {
                fs::remove_file(path).map_err(cache_error(path))?;
                return Err(HubError::TooLarge {
                    file: self.request.file.to_owned(),
                    repo: self.request.repo.to_string(),
                    expected: size,
                });
            }
            if partial.done < size && pace.is_too_slow(partial.done) {
                return Ok(Some(Error::Io(too_slow(self.client.settings().slowest))));
            }
        }
    }

    /// The bytes of an earlier try, if there are any.
    fn open(&self, path: &Path) -> io::Result<Partial> {
        let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        let done = file.metadata()?.len();
        if done > self.metadata.size {
            return self.restart(path);
        }
        let mut hash = self.metadata.etag.start_hash(self.metadata.size);
        let mut reader = BufReader::with_capacity(1 << 20, &file).take(done);
        let mut buffer = vec![0; BUFFER];
        loop {
            match reader.read(&mut buffer)? {
                0 => break,
                read => hash.update(&buffer[..read]),
            }
        }
        Ok(Partial { file, done, hash })
    }

    /// An empty file at `path`.
    fn restart(&self, path: &Path) -> io::Result<Partial> {
        let hash = self.metadata.etag.start_hash(self.metadata.size);
        Ok(Partial { file: File::create(path)?, done: 0, hash })
    }
}

/// Reports the progress.
fn report(progress: Progress<'_>, transfer: Transfer<'_>) -> Result<(), HubError> {
    match progress(transfer) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(HubError::Cancelled),
    }
}

/// Number of bytes of a kept part that are read at once.
const BUFFER: usize = 1 << 16;

impl Partial {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.done += bytes.len() as u64;
        Ok(())
    }

    /// The hash of the whole file, once it is on the disk.
    fn finish(self, path: &Path) -> Result<String, HubError> {
        self.file.sync_all().map_err(cache_error(path))?;
        Ok(self.hash.finish())
    }
}

/// The error of a connection that brings too few bytes.
fn too_slow(slowest: Rate) -> io::Error {
    let Rate { bytes, window } = slowest;
    let message = format!("fewer than {bytes} bytes arrived in {} s", window.as_secs());
    io::Error::new(io::ErrorKind::TimedOut, message)
}

/// Whether these bytes are the start of a page for a browser.
fn starts_like_page(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let names: [&[u8]; 3] = [b"<!doctype html", b"<html", b"<head"];
    names.iter().any(|name| start.get(..name.len()).is_some_and(|s| s.eq_ignore_ascii_case(name)))
}

/// Number of bytes that no pointer of Git LFS reaches.
const LARGEST_POINTER: u64 = 1024;

/// Whether the file only points to the one that is wanted, as Git LFS leaves it in a repository.
fn is_pointer(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"version https://git-lfs.github.com/spec/"))
}
