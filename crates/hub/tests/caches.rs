//! Caches that cannot be written, locked or linked in, or that lack files: what is there is used.

mod machine;
mod server;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use hub::{Checkout, Hub, HubError};
use machine::{Machine, WEIGHTS, assert_complete, hub_except, is_weights, repository, weights};
use server::{COMMIT, Reply, Repository, Server, etag};

/// Another commit than that of the server.
const OLDER: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// Puts a complete snapshot into the cache, with other weights than those of the hub.
fn put_older(machine: &Machine, commit: &str) -> PathBuf {
    let snapshot = machine.repo().join("snapshots").join(commit);
    fs::create_dir_all(&snapshot).unwrap();
    for name in ["config.json", "tokenizer.json", WEIGHTS] {
        fs::write(snapshot.join(name), commit).unwrap();
    }
    snapshot
}

fn refer(machine: &Machine, revision: &str, commit: &str) {
    let path = machine.repo().join("refs").join(revision);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, commit).unwrap();
}

fn open(hub: &Hub) -> Result<Checkout<'_>, HubError> {
    hub.open(&"owner/tiny".parse().unwrap())
}

/// Puts a file where the cache would have a folder: nobody, not even root, can write into it.
fn block(path: &Path) {
    if path.is_dir() {
        fs::remove_dir_all(path).unwrap();
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap();
}

#[test]
fn bookkeeping_that_cannot_be_written_does_no_harm() {
    let server = Server::start(|request| repository().answer(request));
    for blocked in
        ["hub/.locks", "hub/models--owner--tiny/.no_exist", "hub/models--owner--tiny/refs"]
    {
        let mut machine = Machine::new(&server.url());
        block(&machine.dir.path().join(blocked));
        assert_complete(&machine.fetch("owner/tiny").unwrap());
        assert_complete(&machine.fetch("owner/tiny").unwrap());
        machine.settings.offline = Some("HF_HUB_OFFLINE");
        assert_complete(&machine.fetch("owner/tiny").unwrap());
        machine.assert_no_half_file();
    }
}

#[test]
fn two_downloads_without_locks_do_not_disturb_each_other() {
    let server = Server::start(|request| repository().answer(request));
    let machine = Machine::new(&server.url());
    block(&machine.dir.path().join("hub/.locks"));
    // As another process would leave it.
    let name = format!("{}.4000000000.incomplete", etag(WEIGHTS, &weights()));
    let other = machine.repo().join("blobs").join(name);
    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::write(&other, b"other bytes").unwrap();
    assert_complete(&machine.fetch("owner/tiny").unwrap());
    assert_eq!(fs::read(&other).unwrap(), b"other bytes");
}

#[test]
fn a_cache_that_cannot_be_written_is_an_error_with_advice() {
    let server = Server::start(|request| repository().answer(request));
    let machine = Machine::new(&server.url());
    block(&machine.repo().join("blobs"));
    let line = machine.refusal("owner/tiny");
    assert!(line.contains("cannot use") && line.contains("blobs"), "{line}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_in_the_middle_is_an_error_with_advice() {
    let server = Server::start(|request| repository().answer(request));
    let machine = Machine::new(&server.url());
    let incomplete = machine.blob(&etag(WEIGHTS, &weights())).with_extension("incomplete");
    fs::create_dir_all(incomplete.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/dev/full", &incomplete).unwrap();
    let line = machine.refusal("owner/tiny");
    assert!(line.contains("free some space") && line.contains("HF_HUB_CACHE"), "{line}");
    machine.assert_no_half_file();
    fs::remove_file(&incomplete).unwrap();
    assert_complete(&machine.fetch("owner/tiny").unwrap());
}

#[test]
fn an_older_complete_commit_serves_if_the_hub_does_not() {
    let server = Server::start(|_| Reply::status(500).header("retry-after", "0"));
    let mut machine = Machine::new(&server.url());
    let older = put_older(&machine, OLDER);
    // The last known commit was never complete.
    refer(&machine, "main", COMMIT);
    fs::create_dir_all(machine.repo().join("snapshots").join(COMMIT)).unwrap();
    let hub = Hub::new(machine.settings.clone());
    let checkout = open(&hub).unwrap();
    assert!(checkout.is_older() && checkout.folder() == older);
    assert!(matches!(checkout.unanswered(), Some(HubError::Status { status: 500, .. })));
    assert_eq!(checkout.repo().to_string(), format!("owner/tiny@{OLDER}"));
    machine.settings.offline = Some("HF_HUB_OFFLINE");
    let hub = Hub::new(machine.settings.clone());
    let checkout = open(&hub).unwrap();
    assert!(checkout.is_older() && checkout.unanswered().is_none());
    // The last known commit goes first once it is complete.
    let latest = put_older(&machine, COMMIT);
    let checkout = open(&hub).unwrap();
    assert!(!checkout.is_older() && checkout.folder() == latest);
}

#[test]
fn a_commit_of_another_branch_does_not_serve() {
    let mut machine = Machine::new("http://127.0.0.1:9");
    machine.settings.offline = Some("TRANSFORMERS_OFFLINE");
    put_older(&machine, OLDER);
    refer(&machine, "refs/pr/1", OLDER);
    let line = machine.refusal("owner/tiny");
    assert!(line.contains("TRANSFORMERS_OFFLINE"), "{line}");
    machine.refusal("owner/tiny@v1.0");
    machine.refusal(&format!("owner/tiny@{COMMIT}"));
    assert!(machine.fetch("owner/tiny@refs/pr/1").is_ok());
}

#[test]
fn an_older_commit_serves_if_the_new_one_cannot_be_stored_or_breaks_off() {
    let server = hub_except(repository(), |request| {
        is_weights(request).then(|| Reply { cut: Some(0), ..repository().answer(request) })
    });
    let machine = Machine::new(&server.url());
    let older = put_older(&machine, OLDER);
    refer(&machine, "main", OLDER);
    let error = machine.fetch("owner/tiny").unwrap_err();
    let hub = Hub::new(machine.settings.clone());
    let checkout = hub.open_cached(&"owner/tiny".parse().unwrap(), error).unwrap();
    assert_eq!(checkout.folder(), older);
    assert!(matches!(checkout.unanswered(), Some(HubError::CutOff { .. })));
    // But an answer about the model is one.
    let gone = HubError::NoFile { repo: "owner/tiny".to_owned(), files: String::new() };
    assert!(hub.open_cached(&"owner/tiny".parse().unwrap(), gone).is_err());
}

#[cfg(unix)]
#[test]
fn broken_links_and_empty_files_are_downloaded_again() {
    let server = Server::start(|request| repository().answer(request));
    let machine = Machine::new(&server.url());
    let folder = machine.fetch("owner/tiny").unwrap();
    let blob = machine.blob(&etag(WEIGHTS, &weights()));
    fs::remove_file(&blob).unwrap();
    assert_complete(&machine.fetch("owner/tiny").unwrap());
    fs::write(&blob, b"").unwrap();
    assert_complete(&machine.fetch("owner/tiny").unwrap());
    fs::remove_file(folder.join("config.json")).unwrap();
    File::create(folder.join("config.json")).unwrap();
    assert_complete(&machine.fetch("owner/tiny").unwrap());
}

#[cfg(unix)]
#[test]
fn a_file_that_was_cut_is_refused_until_it_is_removed() {
    let server = Server::start(|request| repository().answer(request));
    let mut machine = Machine::new(&server.url());
    let folder = machine.fetch("owner/tiny").unwrap();
    let blob = fs::canonicalize(folder.join("tokenizer.json")).unwrap();
    let bytes = fs::read(&blob).unwrap();
    for damaged in [&bytes[..bytes.len() - 1], &[&bytes[1..], b"}"].concat()] {
        fs::write(&blob, damaged).unwrap();
        for offline in [None, Some("HF_HUB_OFFLINE")] {
            machine.settings.offline = offline;
            let line = machine.refusal("owner/tiny");
            assert!(line.contains("is damaged") && line.contains("remove it"), "{line}");
        }
    }
    machine.settings.offline = None;
    fs::remove_file(&blob).unwrap();
    assert_complete(&machine.fetch("owner/tiny").unwrap());
}

#[test]
fn an_offline_cache_without_usable_weights_says_so() {
    let mut machine = Machine::new("http://127.0.0.1:9");
    let snapshot = put_older(&machine, OLDER);
    refer(&machine, "main", OLDER);
    fs::remove_file(snapshot.join(WEIGHTS)).unwrap();
    fs::write(snapshot.join("tf_model.h5"), "weights").unwrap();
    machine.settings.offline = Some("HF_HUB_OFFLINE");
    let line = machine.refusal("owner/tiny");
    assert!(line.contains("HF_HUB_OFFLINE") && line.contains(WEIGHTS), "{line}");
}

#[test]
fn a_repository_is_used_by_its_own_name_only() {
    let other = Repository { id: "owner/other".to_owned(), ..repository() };
    let server = Server::start(move |request| other.answer(request));
    let machine = Machine::new(&server.url());
    put_older(&machine, OLDER);
    refer(&machine, "main", OLDER);
    let line = machine.refusal("owner/tiny");
    assert!(line.contains("no model \"owner/tiny\""), "{line}");
}
