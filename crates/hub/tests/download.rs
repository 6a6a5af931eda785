//! The real client and a hub on 127.0.0.1: every fault ends in the right file or in one clear line,
//! and never in a part of a file in the cache.

mod machine;
mod server;

use std::{
    fs,
    ops::ControlFlow,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use hub::{Hub, HubError, Token, Transfer};
use machine::{Machine, WEIGHTS, assert_complete, hub_except, is_weights, repository, weights};
use server::{COMMIT, Reply, Request, Server, etag};

#[test]
fn a_model_is_downloaded_into_the_layout_of_the_hubs_tools() {
    let server = Server::start(|request| repository().answer(request));
    let machine = Machine::new(&server.url());
    let folder = machine.fetch("owner/tiny").unwrap();
    assert_complete(&folder);
    assert_eq!(folder, machine.repo().join("snapshots").join(COMMIT));
    assert_eq!(fs::read_to_string(machine.repo().join("refs/main")).unwrap(), COMMIT);
    for (name, bytes) in repository().files {
        let etag = etag(&name, &bytes);
        assert!(machine.blob(&etag).is_file());
        #[cfg(unix)]
        assert_eq!(fs::read_link(folder.join(&name)).unwrap(), Path::new("../../blobs").join(etag),);
    }
    let absent = machine.repo().join(".no_exist").join(COMMIT).join("special_tokens_map.json");
    assert_eq!(fs::read(absent).unwrap(), b"");
    // Sizes of compressed files would not be those of the files.
    assert!(
        server.requests().iter().all(|request| request.headers["accept-encoding"] == "identity")
    );
}

#[test]
fn a_cached_model_needs_one_request_and_works_without_a_network() {
    let server = Server::start(|request| repository().answer(request));
    let mut machine = Machine::new(&server.url());
    let first = machine.fetch("owner/tiny").unwrap();
    let asked = server.requests().len();
    assert_eq!(machine.fetch("owner/tiny").unwrap(), first);
    let again = &server.requests()[asked..];
    assert!(again.iter().all(|request| !request.is_get() && request.path.ends_with("config.json")));

    let asked = server.requests().len();
    let commit = format!("owner/tiny@{COMMIT}");
    assert_eq!(machine.fetch(&commit).unwrap(), first);
    machine.settings.offline = Some("HF_HUB_OFFLINE");
    assert_eq!(machine.fetch("owner/tiny").unwrap(), first);
    assert_eq!(server.requests().len(), asked);

    drop(server);
    assert_eq!(machine.fetch("owner/tiny").unwrap(), first);
    machine.settings.offline = None;
    assert_eq!(machine.fetch(&commit).unwrap(), first);
    let hub = Hub::new(machine.settings.clone());
    let checkout = hub.open(&"owner/tiny".parse().unwrap()).unwrap();
    assert!(matches!(checkout.unanswered(), Some(HubError::Unreachable { .. })));
    assert_eq!(checkout.repo().to_string(), commit);
    assert_complete(checkout.folder());
}

#[test]
fn a_broken_connection_is_resumed() {
    // Every answer is cut off after some more bytes.
    let server = hub_except(repository(), |request| {
        let reply = is_weights(request).then(|| repository().answer(request))?;
        Some(Reply { cut: Some(70_001), ..reply })
    });
    let machine = Machine::new(&server.url());
    assert_complete(&machine.fetch("owner/tiny").unwrap());
    let large: Vec<Request> = server.requests().into_iter().filter(is_weights).collect();
    let starts: Vec<Option<usize>> = large.iter().map(Request::start).collect();
    assert_eq!(starts, [None, Some(70_001), Some(140_002), Some(210_003), Some(280_004)]);
}

#[test]
fn a_download_that_ended_early_is_resumed_by_the_next_run() {
    let server = hub_except(repository(), |request| {
        let first = is_weights(request) && request.start().is_none();
        if first {
            return Some(Reply { cut: Some(100_000), ..repository().answer(request) });
        }
        // No bytes follow.
        let broken = Reply::status(206).header("content-range", "bytes 100000-299999/300000");
        is_weights(request).then_some(broken)
    });
    let mut machine = Machine::new(&server.url());
    let line = machine.refusal("owner/tiny");
    assert!(line.contains("cut off at 100000 of 300000 bytes"), "{line}");
    machine.assert_no_half_file();
    assert!(!machine.repo().join("refs/main").exists());
    let incomplete = machine.blob(&etag(WEIGHTS, &weights())).with_extension("incomplete");
    assert_eq!(fs::metadata(&incomplete).unwrap().len(), 100_000);
    drop(server);

    let server = Server::start(|request| repository().answer(request));
    assert_complete(&machine.asks(&server).fetch("owner/tiny").unwrap());
    let asked: Vec<Request> = server.requests().into_iter().filter(is_weights).collect();
    assert_eq!(asked.iter().map(Request::start).collect::<Vec<_>>(), [Some(100_000)]);
    assert!(!incomplete.exists());
}

#[test]
fn a_download_restarts_if_the_server_does_not_resume() {
    let server = hub_except(repository(), |request| {
        is_weights(request).then(|| Reply { status: 200, body: weights(), ..Reply::default() })
    });
    let machine = Machine::new(&server.url());
    let incomplete = machine.blob(&etag(WEIGHTS, &weights())).with_extension("incomplete");
    fs::create_dir_all(incomplete.parent().unwrap()).unwrap();
    fs::write(&incomplete, &weights()[..12_345]).unwrap();
    assert_complete(&machine.fetch("owner/tiny").unwrap());
}

#[test]
fn leftovers_of_another_file_are_not_used() {
    for leftover in [vec![7; 1000], vec![7; 300_000], vec![7; 300_001]] {
        let server = Server::start(|request| repository().answer(request));
        let machine = Machine::new(&server.url());
        let incomplete = machine.blob(&etag(WEIGHTS, &weights())).with_extension("incomplete");
        fs::create_dir_all(incomplete.parent().unwrap()).unwrap();
        fs::write(&incomplete, leftover).unwrap();
        // Of a commit that is not wanted any more.
        let old = machine.blob(&"a".repeat(64)).with_extension("incomplete");
        fs::write(&old, b"old").unwrap();
        assert_complete(&machine.fetch("owner/tiny").unwrap());
        assert!(!old.exists() && !incomplete.exists());
    }
}

#[test]
fn bytes_that_do_not_have_their_hash_are_not_kept() {
    for (file, what) in [(WEIGHTS, "/large/"), ("tokenizer.json", "/small/")] {
        let server = hub_except(repository(), move |request| {
            let hit = request.is_get() && request.path == format!("{what}{file}");
            let mut reply = hit.then(|| repository().answer(request))?;
            *reply.body.last_mut()? ^= 1;
            Some(reply)
        });
        let mut machine = Machine::new(&server.url());
        let line = machine.refusal("owner/tiny");
        assert!(line.contains(file) && line.contains("hash"), "{line}");
        machine.assert_no_half_file();
        drop(server);
        let server = Server::start(|request| repository().answer(request));
        assert_complete(&machine.asks(&server).fetch("owner/tiny").unwrap());
    }
}

#[test]
fn more_bytes_than_announced_are_not_kept() {
    let server = hub_except(repository(), |request| {
        let body = [weights(), vec![0; 9]].concat();
        is_weights(request).then(|| Reply { status: 200, body, ..Reply::default() })
    });
    let machine = Machine::new(&server.url());
    let line = machine.refusal("owner/tiny");
    assert!(line.contains("size is more than 300000"), "{line}");
    machine.assert_no_half_file();
}

#[test]
fn a_refusal_names_the_model_and_gives_advice() {
    let refused = |status: u16, code: &'static str| {
        let server = Server::start(move |_| Reply::status(status).header("x-error-code", code));
        Machine::new(&server.url()).refusal("owner/tiny")
    };
    for (status, code) in [(401, "GatedRepo"), (401, "RepoNotFound"), (403, "")] {
        let line = refused(status, code);
        assert!(line.contains(&status.to_string()) && line.contains("HF_TOKEN"), "{line}");
        assert!(line.contains("owner/tiny"), "{line}");
    }
    for (code, expected) in [
        ("RepoNotFound", "no model \"owner/tiny\""),
        ("RevisionNotFound", "no revision \"owner/tiny\""),
        ("EntryNotFound", "config.json"),
        ("", "no model \"owner/tiny\""),
    ] {
        let line = refused(404, code);
        assert!(line.contains(expected), "{line}");
    }
    let line = refused(418, "");
    assert!(line.contains("418") && !line.contains("later"), "{line}");
}

#[test]
fn the_error_of_a_repository_without_weights_names_their_files() {
    let mut some = repository();
    some.files.remove(WEIGHTS);
    let server = Server::start(move |request| some.answer(request));
    let line = Machine::new(&server.url()).refusal("owner/tiny");
    assert!(line.contains("no model.safetensors or") && line.contains("bin"), "{line}");
}

#[test]
fn a_busy_hub_is_asked_again() {
    for status in [429, 500, 502, 503, 504] {
        // Twice at each address, then it answers.
        let seen = Mutex::new(Vec::new());
        let server = hub_except(repository(), move |request| {
            let mut seen = seen.lock().unwrap();
            let key = format!("{} {}", request.method, request.path);
            seen.push(key.clone());
            let times = seen.iter().filter(|earlier| **earlier == key).count();
            (times <= 2).then(|| Reply::status(status).header("retry-after", "0"))
        });
        let machine = Machine::new(&server.url());
        assert_complete(&machine.fetch("owner/tiny").unwrap());
    }
}

#[test]
fn a_hub_that_stays_busy_is_an_error() {
    for (status, retry_after, times, when) in
        [(429, "0", 5, "later"), (500, "0", 5, "later"), (429, "3600", 1, "in 3600 s")]
    {
        let asked = AtomicUsize::new(0);
        let server = Server::start(move |_| {
            assert!(asked.fetch_add(1, Ordering::SeqCst) < times, "asked too often");
            Reply::status(status).header("retry-after", retry_after)
        });
        let machine = Machine::new(&server.url());
        let line = machine.refusal("owner/tiny");
        assert!(line.contains(&status.to_string()) && line.contains(when), "{line}");
        assert_eq!(server.requests().len(), times);
        assert!(!machine.repo().exists());
    }
}

#[test]
fn a_cached_model_is_used_while_the_hub_is_busy() {
    let server = Server::start(|request| repository().answer(request));
    let mut machine = Machine::new(&server.url());
    let folder = machine.fetch("owner/tiny").unwrap();
    drop(server);
    for status in [401, 403, 429, 500] {
        let server = Server::start(move |_| Reply::status(status).header("retry-after", "0"));
        assert_eq!(machine.asks(&server).fetch("owner/tiny").unwrap(), folder);
    }
    // But a model that the hub has not is not another one.
    let server = Server::start(|_| Reply::status(404).header("x-error-code", "RevisionNotFound"));
    machine.asks(&server).refusal("owner/tiny");
}

#[test]
fn without_a_network_the_error_gives_an_alternative() {
    let server = Server::start(|_| Reply::status(200));
    let mut machine = Machine::new(&server.url());
    drop(server); // nobody listens there now
    let line = machine.refusal("owner/tiny");
    assert!(line.contains("cannot ask") && line.contains("hf download owner/tiny"), "{line}");
    machine.settings.offline = Some("HF_HUB_OFFLINE");
    let line = machine.refusal("owner/tiny");
    assert!(line.contains("HF_HUB_OFFLINE") && line.contains("owner/tiny"), "{line}");
    assert!(!machine.repo().exists());
}

#[test]
fn a_server_that_is_not_a_hub_is_named() {
    for reply in [
        Reply::status(200),
        Reply::status(200).header("x-repo-commit", "../../.."),
        Reply::status(200).header("x-repo-commit", COMMIT),
        Reply::status(200).header("x-repo-commit", COMMIT).header("etag", "\"../../x\""),
    ] {
        let server = Server::start(move |_| reply.clone());
        let machine = Machine::new(&server.url());
        let line = machine.refusal("owner/tiny");
        assert!(line.contains("not a hub") && line.contains("HF_ENDPOINT"), "{line}");
        assert!(!machine.repo().exists());
    }
    let server = Server::start(|request| Reply::status(302).header("location", &request.path));
    let line = Machine::new(&server.url()).refusal("owner/tiny");
    assert!(line.contains("redirect"), "{line}");
}

#[test]
fn the_token_goes_to_the_hub_and_to_nobody_else() {
    let elsewhere = Server::start(|request| repository().answer(request));
    let mut on_hub = repository();
    on_hub.elsewhere = Some(elsewhere.url());
    let server = Server::start(move |request| {
        if request.headers.get("authorization").is_some_and(|value| value == "Bearer hf_secret") {
            return on_hub.answer(request);
        }
        Reply::status(401)
    });
    let mut machine = Machine::new(&server.url());
    assert!(machine.refusal("owner/tiny").contains("HF_TOKEN"));
    machine.settings.token = Some(Token::new("hf_secret", "HF_TOKEN").unwrap());
    assert_complete(&machine.fetch("owner/tiny").unwrap());
    assert_eq!(elsewhere.gets(), 1);
    assert!(
        elsewhere.requests().iter().all(|request| !request.headers.contains_key("authorization"))
    );
    assert!(elsewhere.requests().iter().all(Request::is_get));
}

#[test]
fn a_branch_with_a_slash_has_its_own_reference() {
    let server = Server::start(|request| repository().answer(request));
    let mut machine = Machine::new(&server.url());
    let folder = machine.fetch("owner/tiny@refs/pr/1").unwrap();
    assert_eq!(fs::read_to_string(machine.repo().join("refs/refs/pr/1")).unwrap(), COMMIT);
    machine.settings.offline = Some("HF_HUB_OFFLINE");
    assert_eq!(machine.fetch("owner/tiny@refs/pr/1").unwrap(), folder);
    assert!(machine.refusal("owner/tiny").contains("HF_HUB_OFFLINE"));
}

#[test]
fn a_cache_that_other_tools_filled_is_used() {
    // As `transformers` leaves it: a link for each file, and no other weights asked for.
    let machine = {
        let mut machine = Machine::new("http://127.0.0.1:9");
        machine.settings.offline = Some("HF_HUB_OFFLINE");
        machine
    };
    let snapshot = machine.repo().join("snapshots").join(COMMIT);
    for folder in [&snapshot, &machine.repo().join("blobs"), &machine.repo().join("refs")] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(machine.repo().join("refs/main"), COMMIT).unwrap();
    let put = |name: &str| {
        let bytes = &repository().files[name];
        let blob = machine.blob(&etag(name, bytes));
        fs::write(&blob, bytes).unwrap();
        fs::hard_link(&blob, snapshot.join(name)).unwrap();
    };
    put("config.json");
    put(WEIGHTS);
    let line = machine.refusal("owner/tiny");
    assert!(line.contains("tokenizer.json or vocab.txt"), "{line}");
    put("tokenizer.json");
    assert_eq!(machine.fetch("owner/tiny").unwrap(), snapshot);
}

#[test]
fn simultaneous_downloads_request_a_file_once() {
    let server = Server::start(|request| repository().answer(request));
    let machine = Machine::new(&server.url());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_complete(&machine.fetch("owner/tiny").unwrap()));
        }
    });
    assert_eq!(server.requests().iter().filter(|request| is_weights(request)).count(), 1);
}

#[test]
fn the_size_of_a_download_is_known_before_it() {
    let server = Server::start(|request| repository().answer(request));
    let machine = Machine::new(&server.url());
    let hub = Hub::new(machine.settings.clone());
    let mut checkout = hub.open(&"owner/tiny".parse().unwrap()).unwrap();
    let all: usize = repository().files.values().map(Vec::len).sum();
    assert_eq!(checkout.missing().unwrap(), all as u64);
    assert!(!machine.repo().exists());
    checkout.description(&mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(checkout.missing().unwrap(), 300_000);
    let mut steps = Vec::new();
    let mut keep = |transfer: Transfer<'_>| {
        steps.push((transfer.done, transfer.size));
        ControlFlow::Continue(())
    };
    checkout.weights(&mut keep).unwrap();
    assert_eq!(checkout.missing().unwrap(), 0);
    assert_eq!((steps[0], steps[steps.len() - 1]), ((0, 300_000), (300_000, 300_000)));
    assert!(steps.is_sorted());
}

#[test]
fn a_cancelled_download_resumes_after_its_last_byte() {
    let server = Server::start(|request| repository().answer(request));
    let machine = Machine::new(&server.url());
    let hub = Hub::new(machine.settings.clone());
    let mut checkout = hub.open(&"owner/tiny".parse().unwrap()).unwrap();
    checkout.description(&mut |_| ControlFlow::Continue(())).unwrap();
    let mut kept = 0;
    let mut cancel = |transfer: Transfer<'_>| {
        kept = transfer.done;
        if kept > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let error = checkout.weights(&mut cancel).unwrap_err();
    assert!(matches!(error, HubError::Cancelled));
    assert!(kept < 300_000);
    let mut first = None;
    let mut resume = |transfer: Transfer<'_>| {
        first.get_or_insert(transfer.done);
        ControlFlow::Continue(())
    };
    checkout.weights(&mut resume).unwrap();
    assert_eq!(first, Some(kept));
    assert_complete(&machine.fetch("owner/tiny").unwrap());
}

#[test]
fn all_shards_of_weights_are_downloaded() {
    let mut sharded = repository();
    let bytes = sharded.files.remove(WEIGHTS).unwrap();
    let index = br#"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}"#;
    sharded.files.insert("model.safetensors.index.json".to_owned(), index.to_vec());
    sharded.files.insert("model-1.safetensors".to_owned(), bytes[..99].to_vec());
    sharded.files.insert("model-2.safetensors".to_owned(), bytes[99..].to_vec());
    let all: usize = sharded.files.values().map(Vec::len).sum();
    let served = sharded.clone();
    let server = Server::start(move |request| served.answer(request));
    let machine = Machine::new(&server.url());
    let hub = Hub::new(machine.settings.clone());
    let checkout = hub.open(&"owner/tiny".parse().unwrap()).unwrap();
    assert_eq!(checkout.missing().unwrap(), all as u64);
    let folder = machine.fetch("owner/tiny").unwrap();
    for (name, bytes) in &sharded.files {
        assert!(fs::read(folder.join(name)).unwrap() == *bytes, "{name}");
    }
}
