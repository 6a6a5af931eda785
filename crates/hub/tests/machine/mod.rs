//! A user's machine with a cache, and a model on a hub of [`server`](super::server).
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use hub::{Hub, HubError, Settings};
use tempfile::TempDir;

use crate::server::{Reply, Repository, Request, Server};

pub(crate) const CONFIG: &[u8] = br#"{"model_type": "bert"}"#;
pub(crate) const WEIGHTS: &str = "model.safetensors";

/// Weights with more bytes than a client reads at once.
pub(crate) fn weights() -> Vec<u8> {
    (0..=250).cycle().take(300_000).collect()
}

pub(crate) fn repository() -> Repository {
    Repository::new(
        "owner/tiny",
        &[
            ("config.json", CONFIG),
            ("tokenizer.json", b"{}"),
            ("tokenizer_config.json", b"{\"do_lower_case\": true}"),
            (WEIGHTS, &weights()),
        ],
    )
}

/// A user's machine: a cache, and the settings of the environment.
pub(crate) struct Machine {
    pub(crate) dir: TempDir,
    pub(crate) settings: Settings,
}

impl Machine {
    pub(crate) fn new(endpoint: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let home = dir.path().to_owned();
        let endpoint = endpoint.to_owned();
        let settings = Settings::from_vars(|name| match name {
            "HF_HOME" => Some(home.clone().into()),
            "HF_ENDPOINT" => Some(endpoint.clone().into()),
            _ => None,
        });
        let settings = Settings { pause: Duration::ZERO, ..settings.unwrap() };
        Self { dir, settings }
    }

    pub(crate) fn asks(&mut self, server: &Server) -> &mut Self {
        self.settings.endpoint = server.url().parse().unwrap();
        self
    }

    pub(crate) fn fetch(&self, name: &str) -> Result<PathBuf, HubError> {
        self.fetch_until(name, Arc::default())
    }

    /// Fetches a model until it is cancelled.
    pub(crate) fn fetch_until(
        &self,
        name: &str,
        is_cancelled: Arc<AtomicBool>,
    ) -> Result<PathBuf, HubError> {
        let hub = Hub::new(self.settings.clone()).ended_by(is_cancelled);
        let mut checkout = hub.open(&name.parse()?)?;
        checkout.description(&mut |_| ControlFlow::Continue(()))?;
        Ok(checkout.weights(&mut |_| ControlFlow::Continue(()))?.to_owned())
    }

    /// The error as the user reads it, on one line.
    pub(crate) fn refusal(&self, name: &str) -> String {
        let error = self.fetch(name).unwrap_err();
        let source = std::error::Error::source(&error);
        let line = source.map_or(error.to_string(), |source| format!("{error}: {source}"));
        assert_eq!(line.lines().count(), 1, "{line}");
        line
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.dir.path().join("hub/models--owner--tiny")
    }

    pub(crate) fn blob(&self, etag: &str) -> PathBuf {
        self.repo().join("blobs").join(etag)
    }

    /// The bytes of all files of the cache that a reader could take for whole files.
    pub(crate) fn whole(&self) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut folders = vec![self.repo().join("blobs"), self.repo().join("snapshots")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_none_or(|extension| extension != "incomplete") {
                    found.push(fs::read(path).unwrap());
                }
            }
        }
        found
    }

    /// Checks that the cache contains nothing but files of the repository.
    #[track_caller]
    pub(crate) fn assert_no_half_file(&self) {
        let files: Vec<_> = repository().files.into_values().collect();
        assert!(self.whole().iter().all(|bytes| files.contains(bytes)));
    }
}

pub(crate) fn assert_complete(folder: &Path) {
    for (name, bytes) in repository().files {
        assert!(fs::read(folder.join(&name)).unwrap() == bytes, "{name}");
    }
}

/// A hub that gives another answer to some requests.
pub(crate) fn hub_except(
    repository: Repository,
    answer: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
) -> Server {
    Server::start(move |request| answer(request).unwrap_or_else(|| repository.answer(request)))
}

pub(crate) fn is_weights(request: &Request) -> bool {
    request.is_get() && request.path.starts_with("/large/")
}
