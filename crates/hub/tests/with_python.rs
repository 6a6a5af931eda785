//! The cache is shared with the hub's own Python library: it uses our files, and we use its files.
//! `PYTHON` is a Python that has `huggingface_hub`:
//! `PYTHON=... cargo test --release --test with_python -- --ignored`

mod server;

use std::{fs, ops::ControlFlow, path::Path, process::Command};

use hub::{Hub, Settings};
use server::{COMMIT, Repository, Server};
use tempfile::TempDir;

fn repository() -> Repository {
    Repository::new(
        "owner/tiny",
        &[
            ("config.json", b"{}"),
            ("tokenizer.json", b"{}"),
            ("tokenizer_config.json", b"{}"),
            ("model.safetensors", &[5; 10_000]),
        ],
    )
}

fn fetch(home: &Path, endpoint: &str, offline: bool) -> String {
    let settings = Settings::from_vars(|name| match name {
        "HF_HOME" => Some(home.into()),
        "HF_ENDPOINT" => Some(endpoint.into()),
        _ => None,
    });
    let hub =
        Hub::new(Settings { offline: offline.then_some("HF_HUB_OFFLINE"), ..settings.unwrap() });
    let mut checkout = hub.open(&"owner/tiny".parse().unwrap()).unwrap();
    checkout.description(&mut |_| ControlFlow::Continue(())).unwrap();
    checkout.weights(&mut |_| ControlFlow::Continue(())).unwrap().to_str().unwrap().to_owned()
}

/// Requests each file, from the cache alone or not, and prints the snapshot's folder.
const SCRIPT: &str = "
import os, sys
from huggingface_hub import hf_hub_download
names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors']
local = sys.argv[1] == 'local'
folders = {os.path.dirname(hf_hub_download('owner/tiny', name, local_files_only=local)) for name in names}
assert len(folders) == 1, folders
print(folders.pop())
";

fn python(home: &Path, endpoint: &str, from: &str) -> String {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let output = Command::new(python)
        .args(["-c", SCRIPT, from])
        .env("HF_HOME", home)
        .env("HF_ENDPOINT", endpoint)
        .env_remove("HF_HUB_CACHE")
        .env_remove("HF_HUB_OFFLINE")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
#[ignore = "needs Python with huggingface_hub"]
fn the_python_library_finds_what_we_downloaded() {
    let server = Server::start(|request| repository().answer(request));
    let home = TempDir::new().unwrap();
    let ours = fetch(home.path(), &server.url(), false);
    let url = server.url();
    drop(server);
    assert_eq!(python(home.path(), &url, "local"), ours);
}

#[test]
#[ignore = "needs Python with huggingface_hub"]
fn we_find_what_the_python_library_downloaded() {
    let server = Server::start(|request| repository().answer(request));
    let home = TempDir::new().unwrap();
    let theirs = python(home.path(), &server.url(), "hub");
    let url = server.url();
    drop(server);
    assert_eq!(fetch(home.path(), &url, true), theirs);
    assert!(theirs.ends_with(COMMIT));
    assert_eq!(fs::read(Path::new(&theirs).join("model.safetensors")).unwrap(), [5; 10_000]);
}
