use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use crate::{
    cache::{
        presence::Presence,
        repo_cache::{RepoCache, cache_error},
    },
    checkouts::{
        checkpoint_files::{CommitFiles, no_config_error, provide_description, provide_weights},
        tensor_names::{FileParts, tensor_names},
    },
    environment::hub_settings::OFFLINE,
    error::HubError,
    naming::repo::Repo,
    requests::{
        client::{Client, Metadata},
        download::{Download, Progress},
        file_request::FileRequest,
    },
};

/// A model at one commit, in the cache or on its way into it.
pub struct Checkout<'a> {
    client: &'a Client,
    cache: RepoCache,
    /// The repository at the requested revision.
    requested: Repo,
    /// The repository at the commit.
    repo: Repo,
    folder: PathBuf,
    source: Source,
}

/// Source of the files.
pub(crate) enum Source {
    /// The hub, for files that are not in the cache.
    Hub,
    /// The cache alone.
    Cache {
        /// The reason why the hub does not serve, if it was asked.
        unanswered: Option<HubError>,
        /// Whether the commit is older than the last known one, of which files are missing.
        older: bool,
    },
}

impl<'a> Checkout<'a> {
    pub(crate) fn new(
        client: &'a Client,
        cache: RepoCache,
        requested: &Repo,
        commit: &str,
        source: Source,
    ) -> Self {
        Self {
            client,
            folder: cache.snapshot(commit),
            cache,
            requested: requested.clone(),
            repo: requested.at(commit),
            source,
        }
    }

    /// The repository at its commit, whose files never change.
    #[must_use]
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// The folder of the files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The reason why the files are those of the cache, if the hub was asked and did not serve.
    #[must_use]
    pub fn unanswered(&self) -> Option<&HubError> {
        match &self.source {
            Source::Cache { unanswered, .. } => unanswered.as_ref(),
            Source::Hub => None,
        }
    }

    /// Whether the commit is an older one in the cache, because files of the last known commit are
    /// missing there.
    #[must_use]
    pub fn is_older(&self) -> bool {
        matches!(self.source, Source::Cache { older: true, .. })
    }

    /// The origin of the access token, if the hub refused it and answered without it.
    #[must_use]
    pub fn refused_token(&self) -> Option<&str> {
        self.client.refused_token()
    }

    /// Brings everything but the weights into the folder: `config.json` and the tokenizer's files.
    /// They are small, and show whether the weights are of any use.
    ///
    /// # Errors
    /// If the repository has no such files, or they cannot be downloaded completely.
    pub fn description(&mut self, progress: Progress<'_>) -> Result<&Path, HubError> {
        provide_description(&mut Fetch { checkout: self, progress })?;
        self.cache.check_small_files(self.commit())?;
        Ok(&self.folder)
    }

    /// Brings the weights into the folder: `model.safetensors`, the shards of
    /// `model.safetensors.index.json`, or `pytorch_model.bin`.
    ///
    /// # Errors
    /// If the repository has no such files, or they cannot be downloaded completely.
    pub fn weights(&mut self, progress: Progress<'_>) -> Result<&Path, HubError> {
        provide_weights(&mut Fetch { checkout: self, progress })?;
        if matches!(self.source, Source::Hub) {
            // Only now: until all files are there, the cache answers with its last complete commit.
            self.cache.keep_commit(&self.requested, self.commit());
            self.cache.sweep();
        }
        Ok(&self.folder)
    }

    /// Checks that the cache has all files of the commit, without a request.
    pub(crate) fn check_complete(&mut self) -> Result<(), HubError> {
        self.description(&mut |_| ControlFlow::Continue(()))?;
        self.weights(&mut |_| ControlFlow::Continue(())).map(drop)
    }

    /// Stores the reason why the cache serves.
    pub(crate) fn set_unanswered(&mut self, error: Option<HubError>) {
        if let Source::Cache { unanswered, .. } = &mut self.source {
            *unanswered = error;
        }
    }

    /// The error that the repository has no `config.json`.
    pub(crate) fn no_config_error(&self) -> HubError {
        no_config_error(&Count { checkout: self, missing_bytes: 0 }, Presence::Absent)
    }

    /// The number of bytes that are not in the cache yet. Nothing is downloaded into it.
    ///
    /// # Errors
    /// If the repository has no such files, or the hub does not answer.
    pub fn missing(&self) -> Result<u64, HubError> {
        let mut count = Count { checkout: self, missing_bytes: 0 };
        provide_description(&mut count)?;
        provide_weights(&mut count)?;
        Ok(count.missing_bytes)
    }

    /// The names of the tensors, without downloading the weights: from the index of several files, or
    /// from the header of a safetensors file. `None` if the weights have neither, or are in the cache.
    ///
    /// # Errors
    /// If the hub does not answer.
    pub fn tensor_names(&self) -> Result<Option<Vec<String>>, HubError> {
        tensor_names(&mut Count { checkout: self, missing_bytes: 0 })
    }

    fn commit(&self) -> &str {
        self.repo.revision()
    }

    /// Whether the commit has the file, as far as is known without a request.
    fn known_presence(&self, file: &str) -> Presence {
        self.cache.presence(self.commit(), file)
    }

    /// Whether the hub must be asked about a file of this presence.
    fn must_ask(&self, presence: Presence) -> bool {
        presence == Presence::Unknown && matches!(self.source, Source::Hub)
    }

    /// The hub's metadata of a file that is not in the cache.
    fn request_metadata(&self, file: &str) -> Result<Option<Metadata>, HubError> {
        self.client.metadata(FileRequest { repo: &self.repo, file })
    }

    /// Names of the files of the commit: all, if the cache is the source or the hub lists them;
    /// otherwise those among the usual ones that the hub has.
    fn file_names(&self) -> Result<Vec<String>, HubError> {
        if !matches!(self.source, Source::Hub) {
            return Ok(self.cache.file_names(self.commit()));
        }
        self.client.known_file_names(&self.repo)
    }

    fn read_cached(&self, file: &str) -> Result<Vec<u8>, HubError> {
        let path = self.folder.join(file);
        fs::read(&path).map_err(cache_error(&path))
    }

    fn missing_error(&self, files: String, presence: Presence) -> HubError {
        let repo = self.requested.to_string();
        if presence == Presence::Unknown {
            let cache = self.client.settings().cache.clone();
            let variable = self.client.settings().offline.unwrap_or(OFFLINE);
            return HubError::Offline { repo, files, cache, variable };
        }
        HubError::NoFile { repo, files }
    }
}

/// Brings files into the cache.
struct Fetch<'a, 'c, 'p> {
    checkout: &'a mut Checkout<'c>,
    progress: Progress<'p>,
}

impl CommitFiles for Fetch<'_, '_, '_> {
    fn provide(&mut self, file: &str) -> Result<Presence, HubError> {
        let presence = self.checkout.known_presence(file);
        if !self.checkout.must_ask(presence) {
            return Ok(presence);
        }
        let Checkout { client, cache, repo, .. } = &*self.checkout;
        let Some(metadata) = self.checkout.request_metadata(file)? else {
            cache.keep_absence(self.checkout.commit(), file);
            return Ok(Presence::Absent);
        };
        let request = FileRequest { repo, file };
        let download = Download { client, cache, request, metadata: &metadata };
        download.run(self.progress)?;
        Ok(Presence::Present)
    }

    fn read(&mut self, file: &str) -> Result<Vec<u8>, HubError> {
        self.checkout.read_cached(file)
    }

    fn missing_error(&self, files: String, presence: Presence) -> HubError {
        self.checkout.missing_error(files, presence)
    }

    fn file_names(&self) -> Result<Vec<String>, HubError> {
        self.checkout.file_names()
    }

    fn repo(&self) -> &Repo {
        &self.checkout.repo
    }
}

/// Counts the bytes of files that are not in the cache.
struct Count<'a, 'c> {
    checkout: &'a Checkout<'c>,
    missing_bytes: u64,
}

impl CommitFiles for Count<'_, '_> {
    fn provide(&mut self, file: &str) -> Result<Presence, HubError> {
        let presence = self.checkout.known_presence(file);
        if !self.checkout.must_ask(presence) {
            return Ok(presence);
        }
        let Some(metadata) = self.checkout.request_metadata(file)? else {
            return Ok(Presence::Absent);
        };
        if !self.checkout.cache.blob(&metadata.etag).exists() {
            self.missing_bytes += metadata.size;
        }
        Ok(Presence::Present)
    }

    fn read(&mut self, file: &str) -> Result<Vec<u8>, HubError> {
        if self.checkout.known_presence(file) == Presence::Present {
            return self.checkout.read_cached(file);
        }
        let Checkout { client, repo, .. } = self.checkout;
        client.small_file(FileRequest { repo, file })
    }

    fn missing_error(&self, files: String, presence: Presence) -> HubError {
        self.checkout.missing_error(files, presence)
    }

    fn file_names(&self) -> Result<Vec<String>, HubError> {
        self.checkout.file_names()
    }

    fn repo(&self) -> &Repo {
        &self.checkout.repo
    }
}

impl FileParts for Count<'_, '_> {
    fn part(&self, file: &str, start: u64, end: u64) -> Result<Option<Vec<u8>>, HubError> {
        if !self.checkout.must_ask(self.checkout.known_presence(file)) {
            return Ok(None);
        }
        let Checkout { client, repo, .. } = self.checkout;
        client.part(FileRequest { repo, file }, start, end)
    }
}
