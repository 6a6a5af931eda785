use std::sync::{Arc, atomic::AtomicBool};

use crate::{
    cache::repo_cache::RepoCache,
    checkouts::checkout::{Checkout, Source},
    environment::hub_settings::{OFFLINE, Settings},
    error::HubError,
    naming::repo::{MAIN, Repo},
    requests::{client::Client, file_request::FileRequest},
};

/// The hub, and its cache on this machine.
pub struct Hub {
    client: Client,
}

impl Hub {
    /// A hub with these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { client: Client::new(settings) }
    }

    /// A hub with the settings of the environment.
    ///
    /// # Errors
    /// If [`Settings::from_env`] fails.
    pub fn from_env() -> Result<Self, HubError> {
        if cfg!(target_family = "wasm") {
            // A browser has neither a folder for the cache nor connections.
            return Err(HubError::NoHome);
        }
        Settings::from_env().map(Self::new)
    }

    /// The same hub, for a caller who may end whatever it waits for: as soon as `is_cancelled` is true,
    /// it fails with [`HubError::Cancelled`].
    #[must_use]
    pub fn ended_by(self, is_cancelled: Arc<AtomicBool>) -> Self {
        Self { client: self.client.ended_by(is_cancelled) }
    }

    /// Asks the hub for the commit of the revision. If the hub does not answer, the cache serves as
    /// for [`Hub::open_cached`]. The hub is not asked about a commit that is completely in the cache.
    ///
    /// # Errors
    /// If there is no such model, or neither the hub nor the cache has it.
    pub fn open(&self, repo: &Repo) -> Result<Checkout<'_>, HubError> {
        if self.client.settings().offline.is_some() {
            return self.open_without_request(repo, None);
        }
        if repo.commit().is_some()
            && let Ok(checkout) = self.open_without_request(repo, None)
        {
            return Ok(checkout);
        }
        let request = FileRequest { repo, file: "config.json" };
        match self.client.metadata(request) {
            Ok(Some(metadata)) => Ok(self.checkout(repo, &metadata.commit, Source::Hub)),
            Ok(None) => {
                let checkout = self.checkout(repo, repo.revision(), Source::Hub);
                Err(checkout.no_config_error())
            }
            Err(error) => self.open_cached(repo, error),
        }
    }

    /// The revision in the cache, after the hub failed with `error`: the last known commit if the
    /// cache has all of its files; for the branch `main`, otherwise the latest commit of which it has.
    /// [`Checkout::unanswered`] is then `error`.
    ///
    /// # Errors
    /// Returns `error` if the cache has no such commit, or if the hub did answer: then another commit
    /// is not what was asked for.
    pub fn open_cached(&self, repo: &Repo, error: HubError) -> Result<Checkout<'_>, HubError> {
        // The hub's answer is of more use than that the model is not in the cache.
        if !error.lets_cache_serve() || self.open_without_request(repo, None).is_err() {
            return Err(error);
        }
        self.open_without_request(repo, Some(error))
    }

    fn open_without_request(
        &self,
        repo: &Repo,
        unanswered: Option<HubError>,
    ) -> Result<Checkout<'_>, HubError> {
        let cache = self.cache(repo);
        let known = cache.commit(repo);
        let older = if repo.revision() == MAIN { cache.downloaded_commits() } else { Vec::new() };
        let commits: Vec<String> = known.iter().cloned().chain(older).collect();
        let mut first_error = None;
        for (place, commit) in commits.iter().enumerate() {
            let source = Source::Cache { unanswered: None, older: place > 0 || known.is_none() };
            let mut checkout = self.checkout(repo, commit, source);
            match checkout.check_complete() {
                Ok(()) => {
                    checkout.set_unanswered(unanswered);
                    return Ok(checkout);
                }
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        Err(first_error.unwrap_or_else(|| HubError::Offline {
            repo: repo.to_string(),
            files: "files".to_owned(),
            cache: self.client.settings().cache.clone(),
            variable: self.client.settings().offline.unwrap_or(OFFLINE),
        }))
    }

    fn checkout(&self, repo: &Repo, commit: &str, source: Source) -> Checkout<'_> {
        Checkout::new(&self.client, self.cache(repo), repo, commit, source)
    }

    fn cache(&self, repo: &Repo) -> RepoCache {
        RepoCache::new(&self.client.settings().cache, repo)
    }
}
