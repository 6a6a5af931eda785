use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Write},
    path::Path,
};

use ureq::{Body, Error, http::Response};

use crate::{
    HubError,
    cache::{RepoCache, failed, make_parent},
    client::{Client, Metadata, TRIES, Wanted},
    digest::Running,
};

/// How far a download is.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    /// The file.
    pub file: &'a str,
    /// Bytes that are there, those of an earlier try too.
    pub done: u64,
    /// Bytes of the whole file.
    pub size: u64,
}

/// Is told how far a download is.
pub type Progress<'a> = &'a mut dyn FnMut(Transfer<'_>);

/// One file on its way into the cache.
pub(crate) struct Download<'a> {
    pub(crate) client: &'a Client,
    pub(crate) cache: &'a RepoCache,
    pub(crate) wanted: Wanted<'a>,
    pub(crate) metadata: &'a Metadata,
}

/// What is there of a blob, and its hash so far.
struct Partial {
    file: File,
    done: u64,
    hash: Running,
}

impl Download<'_> {
    /// Brings the file into the cache, unless its bytes are there already. Whether they were not.
    pub(crate) fn run(&self, progress: Progress<'_>) -> Result<bool, HubError> {
        let Metadata { commit, etag, size } = self.metadata;
        let _lock = self.cache.lock(etag)?;
        let there = fs::metadata(self.cache.blob(etag)).is_ok_and(|blob| blob.len() == *size);
        if !there {
            self.load(progress)?;
        }
        self.cache.link(commit, self.wanted.file, etag)?;
        Ok(!there)
    }

    /// Brings the blob into the cache, whole and compared with its metadata.
    fn load(&self, progress: Progress<'_>) -> Result<(), HubError> {
        let etag = &self.metadata.etag;
        let (blob, incomplete) = (self.cache.blob(etag), self.cache.incomplete(etag));
        make_parent(&blob).map_err(failed(&blob))?;
        let mut resumed = self.open(&incomplete).map_err(failed(&incomplete))?;
        let kept = resumed.done;
        self.fill(&mut resumed, &incomplete, progress)?;
        let mut found = resumed.finish(&incomplete)?;
        if found != etag.as_str() && kept > 0 {
            // What was there from an earlier try may not have been this file.
            let mut again = self.start(&incomplete).map_err(failed(&incomplete))?;
            self.fill(&mut again, &incomplete, progress)?;
            found = again.finish(&incomplete)?;
        }
        if found != etag.as_str() {
            fs::remove_file(&incomplete).map_err(failed(&incomplete))?;
            return Err(self.damaged("hash", etag.as_str().to_owned(), found));
        }
        fs::rename(&incomplete, &blob).map_err(failed(&blob))
    }

    /// Reads from the hub until the file has its size, going on where a connection breaks.
    fn fill(
        &self,
        partial: &mut Partial,
        path: &Path,
        progress: Progress<'_>,
    ) -> Result<(), HubError> {
        let Metadata { size, .. } = *self.metadata;
        let file = self.wanted.file;
        let mut tried = 0;
        progress(Transfer { file, done: partial.done, size });
        while partial.done < size {
            let before = partial.done;
            let broken = match self.client.bytes(self.wanted, partial.done)? {
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
                    repo: self.wanted.repo.to_string(),
                    done: partial.done,
                    size,
                    source: Box::new(source),
                });
            }
            self.client.pause(tried);
        }
        Ok(())
    }

    /// Appends what one response brings; what broke the connection, if anything did.
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
            // The server does not resume: it sends all, or nothing to this request.
            *partial = self.start(path).map_err(failed(path))?;
        }
        if !response.status().is_success() {
            return Ok(Some(Error::StatusCode(response.status().as_u16())));
        }
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
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
            partial.append(&buffer[..read]).map_err(failed(path))?;
            progress(Transfer { file: self.wanted.file, done: partial.done, size });
            if partial.done > size {
                fs::remove_file(path).map_err(failed(path))?;
                let found = format!("more than {size}");
                return Err(self.damaged("size", size.to_string(), found));
            }
        }
    }

    /// What an earlier try left, or nothing.
    fn open(&self, path: &Path) -> io::Result<Partial> {
        let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        let done = file.metadata()?.len();
        if done > self.metadata.size {
            return self.start(path);
        }
        let mut hash = self.metadata.etag.start(self.metadata.size);
        let mut reader = BufReader::with_capacity(1 << 20, &file);
        let mut buffer = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buffer)? {
                0 => break,
                read => hash.update(&buffer[..read]),
            }
        }
        Ok(Partial { file, done, hash })
    }

    /// Nothing yet.
    fn start(&self, path: &Path) -> io::Result<Partial> {
        let hash = self.metadata.etag.start(self.metadata.size);
        Ok(Partial { file: File::create(path)?, done: 0, hash })
    }

    fn damaged(&self, what: &'static str, expected: String, found: String) -> HubError {
        let (file, repo) = (self.wanted.file.to_owned(), self.wanted.repo.to_string());
        HubError::Damaged { file, repo, what, expected, found }
    }
}

impl Partial {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.done += bytes.len() as u64;
        Ok(())
    }

    /// The hash of the whole, once it is on the disk.
    fn finish(self, path: &Path) -> Result<String, HubError> {
        self.file.sync_all().map_err(failed(path))?;
        Ok(self.hash.finish())
    }
}

/// Whether a part of a file begins where it was asked to.
fn starts_at(response: &Response<Body>, start: u64) -> bool {
    let range = response.headers().get("content-range").and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {start}-")))
}
