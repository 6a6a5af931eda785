use crate::{
    Checkout, HubError, Repo, Settings,
    cache::RepoCache,
    checkout::Source,
    client::{Client, Wanted},
};

/// The hub, and its cache on this machine.
pub struct Hub {
    client: Client,
}

impl Hub {
    /// With settings of your own.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { client: Client::new(settings) }
    }

    /// With what the environment says.
    ///
    /// # Errors
    /// As [`Settings::from_env`].
    pub fn from_env() -> Result<Self, HubError> {
        Settings::from_env().map(Self::new)
    }

    /// Asks the hub which commit the revision is. Where it does not say, and the cache has all of
    /// the commit that it last was, that one is taken, and [`Checkout::unanswered`] says why. About
    /// a commit that the cache has all of nobody is asked.
    ///
    /// # Errors
    /// Where there is no such model, or neither the hub nor the cache has it.
    pub fn open(&self, repo: &Repo) -> Result<Checkout<'_>, HubError> {
        if self.client.settings().offline {
            return self.cached(repo, None);
        }
        if repo.commit().is_some()
            && let Ok(checkout) = self.cached(repo, None)
        {
            return Ok(checkout);
        }
        let wanted = Wanted { repo, file: "config.json" };
        match self.client.metadata(wanted) {
            Ok(Some(metadata)) => Ok(self.checkout(repo, &metadata.commit, Source::Hub)),
            Ok(None) => {
                Err(HubError::NoFile { repo: repo.to_string(), files: wanted.file.to_owned() })
            }
            Err(error) if error.is_no_answer() => {
                // What the hub said is of more use than that the cache has it not.
                if self.cached(repo, None).is_err() {
                    return Err(error);
                }
                self.cached(repo, Some(error))
            }
            Err(error) => Err(error),
        }
    }

    /// What the cache has of the commit that the revision last was, if that is all of it.
    fn cached(&self, repo: &Repo, unanswered: Option<HubError>) -> Result<Checkout<'_>, HubError> {
        let commit = self.cache(repo).commit(repo).ok_or_else(|| HubError::Offline {
            repo: repo.to_string(),
            file: "files".to_owned(),
            cache: self.client.settings().cache.clone(),
        })?;
        let mut checkout = self.checkout(repo, &commit, Source::Cache(unanswered));
        checkout.description(&mut |_| ())?;
        checkout.weights(&mut |_| ())?;
        Ok(checkout)
    }

    fn checkout(&self, repo: &Repo, commit: &str, source: Source) -> Checkout<'_> {
        Checkout::new(&self.client, self.cache(repo), repo, commit, source)
    }

    fn cache(&self, repo: &Repo) -> RepoCache {
        RepoCache::new(&self.client.settings().cache, repo)
    }
}
