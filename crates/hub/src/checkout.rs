use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    HubError, Progress, Repo,
    cache::{RepoCache, failed},
    client::{Client, Metadata, Wanted},
    download::Download,
    files::{self, Files},
};

/// A model at one commit, on its way into the cache or there already.
pub struct Checkout<'a> {
    client: &'a Client,
    cache: RepoCache,
    /// As it was asked for.
    asked: Repo,
    /// At the commit.
    repo: Repo,
    folder: PathBuf,
    source: Source,
    /// Whether anything was downloaded.
    loaded: bool,
}

/// Where the files come from.
pub(crate) enum Source {
    /// The hub, where they are not in the cache yet.
    Hub,
    /// The cache alone; with the hub's refusal if it was asked.
    Cache(Option<HubError>),
}

impl<'a> Checkout<'a> {
    pub(crate) fn new(
        client: &'a Client,
        cache: RepoCache,
        asked: &Repo,
        commit: &str,
        source: Source,
    ) -> Self {
        let folder = cache.snapshot(commit);
        let (asked, repo) = (asked.clone(), asked.at(commit));
        Self { client, cache, asked, repo, folder, source, loaded: false }
    }

    /// The repository at its commit: the same files whenever it is asked for.
    #[must_use]
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// The folder of the files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Why the hub did not say which commit the revision is now, where it did not.
    #[must_use]
    pub fn unanswered(&self) -> Option<&HubError> {
        match &self.source {
            Source::Cache(unanswered) => unanswered.as_ref(),
            Source::Hub => None,
        }
    }

    /// Brings everything but the weights into the folder: `config.json` and the tokenizer's files.
    /// They are small, and say whether the weights are of any use.
    ///
    /// # Errors
    /// Where the repository has no such files, or they cannot be had whole.
    pub fn description(&mut self, progress: Progress<'_>) -> Result<&Path, HubError> {
        files::description(&mut Fetch { checkout: self, progress })?;
        Ok(&self.folder)
    }

    /// Brings the weights into the folder: `model.safetensors`, the shards of
    /// `model.safetensors.index.json`, or `pytorch_model.bin`.
    ///
    /// # Errors
    /// Where the repository has no such files, or they cannot be had whole.
    pub fn weights(&mut self, progress: Progress<'_>) -> Result<&Path, HubError> {
        files::weights(&mut Fetch { checkout: self, progress })?;
        if matches!(self.source, Source::Hub) {
            // Only now: until all is there, the cache answers with the commit that it has all of.
            let kept = self.cache.keep_commit(&self.asked, self.commit());
            if self.loaded {
                kept?;
                self.cache.sweep();
            }
        }
        Ok(&self.folder)
    }

    /// How many bytes the cache has not yet. Nothing is downloaded into it.
    ///
    /// # Errors
    /// As [`Checkout::description`] and [`Checkout::weights`].
    pub fn missing(&self) -> Result<u64, HubError> {
        let mut missing = Missing { checkout: self, bytes: 0 };
        files::description(&mut missing)?;
        files::weights(&mut missing)?;
        Ok(missing.bytes)
    }

    fn commit(&self) -> &str {
        self.repo.revision()
    }

    /// Whether the commit has the file, as far as is known without asking.
    fn known(&self, file: &str) -> Option<bool> {
        self.cache.has(self.commit(), file)
    }

    /// What the hub says of a file that is not in the cache.
    fn ask(&self, file: &str) -> Result<Option<Metadata>, HubError> {
        self.client.metadata(Wanted { repo: &self.repo, file })
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, HubError> {
        let path = self.folder.join(file);
        fs::read(&path).map_err(failed(&path))
    }

    fn lacks(&self, files: String, known: bool) -> HubError {
        let repo = self.asked.to_string();
        if known {
            return HubError::NoFile { repo, files };
        }
        HubError::Offline { repo, file: files, cache: self.client.settings().cache.clone() }
    }
}

/// Files that come into the cache.
struct Fetch<'a, 'c, 'p> {
    checkout: &'a mut Checkout<'c>,
    progress: Progress<'p>,
}

impl Files for Fetch<'_, '_, '_> {
    fn has(&mut self, file: &str) -> Result<Option<bool>, HubError> {
        let Checkout { client, cache, repo, source, .. } = &*self.checkout;
        let known = self.checkout.known(file);
        if known.is_some() || matches!(source, Source::Cache(_)) {
            return Ok(known);
        }
        let commit = self.checkout.commit();
        let Some(metadata) = self.checkout.ask(file)? else {
            cache.keep_absence(commit, file)?;
            return Ok(Some(false));
        };
        let wanted = Wanted { repo, file };
        let download = Download { client, cache, wanted, metadata: &metadata };
        let loaded = download.run(self.progress)?;
        self.checkout.loaded |= loaded;
        Ok(Some(true))
    }

    fn read(&mut self, file: &str) -> Result<Vec<u8>, HubError> {
        self.checkout.read(file)
    }

    fn missing(&self, what: String, known: bool) -> HubError {
        self.checkout.lacks(what, known)
    }

    fn repo(&self) -> &Repo {
        &self.checkout.repo
    }
}

/// Files that are only counted.
struct Missing<'a, 'c> {
    checkout: &'a Checkout<'c>,
    bytes: u64,
}

impl Files for Missing<'_, '_> {
    fn has(&mut self, file: &str) -> Result<Option<bool>, HubError> {
        let known = self.checkout.known(file);
        if known.is_some() || matches!(self.checkout.source, Source::Cache(_)) {
            return Ok(known);
        }
        let Some(metadata) = self.checkout.ask(file)? else { return Ok(Some(false)) };
        if !self.checkout.cache.blob(&metadata.etag).exists() {
            self.bytes += metadata.size;
        }
        Ok(Some(true))
    }

    fn read(&mut self, file: &str) -> Result<Vec<u8>, HubError> {
        let Checkout { client, repo, .. } = self.checkout;
        if self.checkout.known(file) == Some(true) {
            return self.checkout.read(file);
        }
        let wanted = Wanted { repo, file };
        client
            .bytes(wanted, 0)?
            .and_then(|mut response| response.body_mut().read_to_vec())
            .map_err(|error| client.unreachable(wanted, error))
    }

    fn missing(&self, what: String, known: bool) -> HubError {
        self.checkout.lacks(what, known)
    }

    fn repo(&self) -> &Repo {
        &self.checkout.repo
    }
}
