use std::ops::ControlFlow;

use crate::{
    cache::repo_cache::RepoCache,
    checkout::{Checkout, Source},
    error::HubError,
    hub_settings::Settings,
    repo::Repo,
    requests::client::{Client, FileRequest},
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
        Settings::from_env().map(Self::new)
    }

    /// Asks the hub for the commit of the revision. If the hub does not answer, and the cache has all
    /// files of the revision's last known commit, that commit is used, and [`Checkout::unanswered`]
    /// has the reason. The hub is not asked about a commit that is completely in the cache.
    ///
    /// # Errors
    /// If there is no such model, or neither the hub nor the cache has it.
    pub fn open(&self, repo: &Repo) -> Result<Checkout<'_>, HubError> {
        if self.client.settings().offline {
            return self.open_cached(repo, None);
        }
        if repo.commit().is_some()
            && let Ok(checkout) = self.open_cached(repo, None)
        {
            return Ok(checkout);
        }
        let request = FileRequest { repo, file: "config.json" };
        match self.client.metadata(request) {
            Ok(Some(metadata)) => Ok(self.checkout(repo, &metadata.commit, Source::Hub)),
            Ok(None) => {
                Err(HubError::NoFile { repo: repo.to_string(), files: request.file.to_owned() })
            }
            Err(error) if error.is_no_answer() => {
                // The hub's answer is of more use than that the model is not in the cache.
                if self.open_cached(repo, None).is_err() {
                    return Err(error);
                }
                self.open_cached(repo, Some(error))
            }
            Err(error) => Err(error),
        }
    }

    /// The last known commit of the revision, if the cache has all of its files.
    fn open_cached(
        &self,
        repo: &Repo,
        unanswered: Option<HubError>,
    ) -> Result<Checkout<'_>, HubError> {
        let Some(commit) = self.cache(repo).commit(repo) else {
            return Err(HubError::Offline {
                repo: repo.to_string(),
                files: "files".to_owned(),
                cache: self.client.settings().cache.clone(),
            });
        };
        let mut checkout = self.checkout(repo, &commit, Source::Cache(unanswered));
        checkout.description(&mut |_| ControlFlow::Continue(()))?;
        checkout.weights(&mut |_| ControlFlow::Continue(()))?;
        Ok(checkout)
    }

    fn checkout(&self, repo: &Repo, commit: &str, source: Source) -> Checkout<'_> {
        Checkout::new(&self.client, self.cache(repo), repo, commit, source)
    }

    fn cache(&self, repo: &Repo) -> RepoCache {
        RepoCache::new(&self.client.settings().cache, repo)
    }
}
