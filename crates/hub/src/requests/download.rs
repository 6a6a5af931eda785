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
    error::HubError,
    requests::client::{Client, FileRequest, Metadata, TRIES},
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
    /// Brings the file into the cache, unless its bytes are there already. Returns whether anything
    /// was downloaded.
    pub(crate) fn run(&self, progress: Progress<'_>) -> Result<bool, HubError> {
        let Metadata { commit, etag, size } = self.metadata;
        let _lock = self.cache.lock(etag)?;
        let is_there = fs::metadata(self.cache.blob(etag)).is_ok_and(|blob| blob.len() == *size);
        if !is_there {
            self.download_blob(progress)?;
        }
        self.cache.link(commit, self.request.file, etag)?;
        Ok(!is_there)
    }

    /// Brings the blob into the cache, complete and compared with its metadata.
    fn download_blob(&self, progress: Progress<'_>) -> Result<(), HubError> {
        let etag = &self.metadata.etag;
        let blob = self.cache.blob(etag);
        let incomplete = self.cache.incomplete(etag);
        make_parent(&blob).map_err(cache_error(&blob))?;
        let mut resumed = self.open(&incomplete).map_err(cache_error(&incomplete))?;
        let kept = resumed.done;
        self.fill(&mut resumed, &incomplete, progress)?;
        let mut found = resumed.finish(&incomplete)?;
        if found != etag.as_str() && kept > 0 {
            // The bytes of the earlier try may not have been of this file.
            let mut restarted = self.restart(&incomplete).map_err(cache_error(&incomplete))?;
            self.fill(&mut restarted, &incomplete, progress)?;
            found = restarted.finish(&incomplete)?;
        }
        if found != etag.as_str() {
            fs::remove_file(&incomplete).map_err(cache_error(&incomplete))?;
            return Err(HubError::WrongHash {
                file: self.request.file.to_owned(),
                repo: self.request.repo.to_string(),
                expected: etag.as_str().to_owned(),
                found,
            });
        }
        fs::rename(&incomplete, &blob).map_err(cache_error(&blob))
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
        let mut tried = 0;
        report(progress, Transfer { file, done: partial.done, size })?;
        while partial.done < size {
            let before = partial.done;
            let broken = match self.client.bytes(self.request, partial.done)? {
                Ok(response) => self.receive(response, partial, path, progress)?,
                Err(error) => Some(error),
            };
            let Some(source) = broken else { continue };
            if partial.done > before {
                tried = 0;
                continue;
            }
            tried += 1;
            if tried == TRIES {
                return Err(HubError::CutOff {
                    file: file.to_owned(),
                    repo: self.request.repo.to_string(),
                    done: partial.done,
                    size,
                    source: Box::new(source),
                });
            }
            self.client.pause(tried);
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
        let continues = response.status() == 206 && starts_at(&response, partial.done);
        if partial.done > 0 && !continues {
            // The server does not resume: it sends all bytes, or none.
            *partial = self.restart(path).map_err(cache_error(path))?;
        }
        if !response.status().is_success() {
            return Ok(Some(Error::StatusCode(response.status().as_u16())));
        }
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = match body.read(&mut buffer) {
                Ok(0) if partial.done < size => {
                    return Ok(Some(Error::Io(io::ErrorKind::UnexpectedEof.into())));
                }
                Ok(0) => return Ok(None),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Ok(Some(Error::Io(error))),
            };
            partial.append(&buffer[..read]).map_err(cache_error(path))?;
            report(progress, Transfer { file: self.request.file, done: partial.done, size })?;
            if partial.done > size {
                fs::remove_file(path).map_err(cache_error(path))?;
                return Err(HubError::TooLarge {
                    file: self.request.file.to_owned(),
                    repo: self.request.repo.to_string(),
                    expected: size,
                });
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
        let mut reader = BufReader::with_capacity(1 << 20, &file);
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

/// Number of bytes that are read at once.
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

/// Whether the bytes of a response begin at `start`.
fn starts_at(response: &Response<Body>, start: u64) -> bool {
    let range = response.headers().get("content-range").and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {start}-")))
}
