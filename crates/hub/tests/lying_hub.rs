//! Refusals, and servers that do not answer as the hub does: each ends in the right files, or in one
//! line that says what to do.

mod machine;
mod server;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use hub::{Hub, HubError, Rate, Settings, Token};
use machine::{
    CONFIG, Machine, WEIGHTS, assert_complete, hub_except, is_weights, repository, weights,
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use server::{COMMIT, Reply, Repository, Request, Server, etag};
use tempfile::TempDir;

#[track_caller]
fn assert_contains(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part:?} is not in {line:?}");
    }
}

/// The refusal of a server that always gives this answer, to a user with or without a token.
fn refusal_of(reply: Reply, with_token: bool) -> String {
    let server = Server::start(move |_| reply.clone());
    let mut machine = Machine::new(&server.url());
    if with_token {
        machine.settings.token = Token::new("hf_secret", "HF_TOKEN");
    }
    let line = machine.refusal("owner/tiny");
    assert!(!line.contains("hf_secret"), "{line}");
    line
}

#[test]
fn a_gated_model_says_where_to_ask_for_access() {
    let gated = |status| Reply::status(status).header("x-error-code", "GatedRepo");
    let line = refusal_of(gated(401), false);
    assert_contains(
        &line,
        &["gated", "ask for access at http://127.0.0.1", "/owner/tiny", "HF_TOKEN"],
    );
    let line = refusal_of(gated(403), true);
    assert_contains(
        &line,
        &["the account of the token from HF_TOKEN has no access", "/owner/tiny"],
    );
    // The hub does not know who asks.
    let server = Server::start(move |request| match request.headers.get("authorization") {
        Some(_) => Reply::status(401),
        None => gated(401),
    });
    let mut machine = Machine::new(&server.url());
    machine.settings.token = Token::new("hf_secret", "the file token");
    let line = machine.refusal("owner/tiny");
    assert_contains(&line, &["the token from the file token is not valid", "gated"]);
}

#[test]
fn other_refusals_say_why() {
    let message = "Access to this resource is disabled.";
    let line = refusal_of(Reply::status(403).header("x-error-message", message), false);
    assert_contains(&line, &["owner/tiny", "disabled"]);
    let missing = Reply::status(404).header("x-error-code", "RepoNotFound");
    let line = refusal_of(missing, true);
    assert_contains(&line, &["no model \"owner/tiny\"", "the token from HF_TOKEN may read"]);
    let line = refusal_of(Reply::status(407), false);
    assert_contains(&line, &["407", "proxy"]);
    let line = refusal_of(Reply::status(401), true);
    assert_contains(&line, &["the token from HF_TOKEN is not valid", "/settings/tokens"]);
}

#[test]
fn a_refused_token_does_not_hide_a_model_that_is_open_to_all() {
    for status in [401, 403] {
        let server = hub_except(repository(), move |request| {
            request.headers.contains_key("authorization").then(|| Reply::status(status))
        });
        let mut machine = Machine::new(&server.url());
        machine.settings.token = Token::new("hf_old", "HF_TOKEN");
        assert_complete(&machine.fetch("owner/tiny").unwrap());
        let sent = server.requests();
        let with_token = |request: &&Request| request.headers.contains_key("authorization");
        assert_eq!(sent.iter().filter(with_token).count(), 1, "it is not sent again");
        let hub = Hub::new(machine.settings.clone());
        let checkout = hub.open(&"owner/tiny".parse().unwrap()).unwrap();
        assert_eq!(checkout.refused_token(), Some("HF_TOKEN"));
    }
    let server = Server::start(|request| repository().answer(request));
    let mut machine = Machine::new(&server.url());
    machine.settings.token = Token::new("hf_good", "HF_TOKEN");
    let hub = Hub::new(machine.settings.clone());
    assert_eq!(hub.open(&"owner/tiny".parse().unwrap()).unwrap().refused_token(), None);
}

#[test]
fn a_renamed_model_is_found() {
    for location in [
        "/new/name/resolve/main",
        "../../../../new/name/resolve/main",
        "//HOST/new/name/resolve/main",
    ] {
        let new = Repository { id: "new/name".to_owned(), ..repository() };
        let server = Server::start(move |request| {
            let Some(rest) = request.path.strip_prefix("/owner/tiny/resolve/") else {
                return new.answer(request);
            };
            let (_, file) = rest.split_once('/').unwrap();
            let host = &request.headers["host"];
            let location = format!("{}/{file}", location.replace("HOST", host));
            Reply::status(307).header("location", location)
        });
        let machine = Machine::new(&server.url());
        assert_complete(&machine.fetch("owner/tiny").unwrap());
    }
}

#[test]
fn files_of_other_frameworks_lead_on() {
    for (file, expected) in [
        ("tf_model.h5", "from_tf=True"),
        ("flax_model.msgpack", "from_flax=True"),
        ("model.onnx", "made from"),
        ("adapter_model.safetensors", "merge_and_unload"),
    ] {
        let mut other = repository();
        let bytes = other.files.remove(WEIGHTS).unwrap();
        other.files.insert(file.to_owned(), bytes);
        let server = Server::start(move |request| other.answer(request));
        let line = Machine::new(&server.url()).refusal("owner/tiny");
        assert_contains(&line, &["owner/tiny", file, expected]);
    }
}

#[test]
fn a_list_of_files_names_those_of_any_name() {
    let list = br#"{"siblings": [{"rfilename": "README.md"}, {"rfilename": "tiny.Q8_0.gguf"}]}"#;
    let server = Server::start(|request| match request.path.as_str() {
        "/api/models/owner/tiny/revision/main" => Reply::bytes(list, request),
        "/owner/tiny/resolve/main/config.json" => {
            Reply::status(404).header("x-error-code", "EntryNotFound")
        }
        _ => Reply::status(404),
    });
    let line = Machine::new(&server.url()).refusal("owner/tiny");
    assert_contains(&line, &["owner/tiny", "config.json", "tiny.Q8_0.gguf"]);
}

#[test]
fn a_slow_tokenizer_is_refused_before_the_weights_are_downloaded() {
    for file in ["sentencepiece.bpe.model", "spiece.model", "tokenizer.model"] {
        let mut slow = repository();
        let bytes = slow.files.remove("tokenizer.json").unwrap();
        slow.files.insert(file.to_owned(), bytes);
        let server = Server::start(move |request| slow.answer(request));
        let line = Machine::new(&server.url()).refusal("owner/tiny");
        assert_contains(&line, &["owner/tiny", file, "save_pretrained", "hf download owner/tiny"]);
        assert!(!server.requests().iter().any(is_weights));
    }
}

#[test]
fn an_added_token_and_an_index_of_pytorch_are_downloaded() {
    let mut other = repository();
    let bytes = other.files.remove(WEIGHTS).unwrap();
    let index = br#"{"weight_map": {"a": "pytorch_model-1.bin"}}"#;
    other.files.insert("pytorch_model.bin.index.json".to_owned(), index.to_vec());
    other.files.insert("pytorch_model-1.bin".to_owned(), bytes);
    other.files.insert("added_tokens.json".to_owned(), b"{\"new\": 119}".to_vec());
    let served = other.clone();
    let server = Server::start(move |request| served.answer(request));
    let folder = Machine::new(&server.url()).fetch("owner/tiny").map(|folder| {
        let read = |name: &String| fs::read(folder.join(name)).unwrap();
        other.files.iter().filter(|(name, bytes)| read(name) != **bytes).count()
    });
    assert_eq!(folder.unwrap(), 0);
}

#[test]
fn servers_that_answer_unusually_are_understood() {
    let unusual: [fn(&Request) -> Reply; 4] = [
        // No length of a small file.
        |request| Reply { hides_length: true, ..repository().answer(request) },
        // No requests for headers alone.
        |request| {
            let answer = repository().answer(request);
            if request.is_get() { answer } else { Reply::status(405) }
        },
        // The same without lengths.
        |request| {
            let answer = Reply { hides_length: true, ..repository().answer(request) };
            if request.is_get() { answer } else { Reply::status(501) }
        },
        // Weak etags.
        |request| {
            let mut reply = repository().answer(request);
            for (name, value) in &mut reply.headers {
                if *name == "etag" {
                    *value = format!("W/{value}");
                }
            }
            reply
        },
    ];
    for answer in unusual {
        let server = Server::start(answer);
        assert_complete(&Machine::new(&server.url()).fetch("owner/tiny").unwrap());
    }
}

#[test]
fn compressed_answers_are_unpacked() {
    // printf '{"model_type": "bert"}' | gzip -n
    let packed = vec![
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0xca, 0xcd, 0x4f,
        0x49, 0xcd, 0x89, 0x2f, 0xa9, 0x2c, 0x48, 0x55, 0xb2, 0x52, 0x50, 0x4a, 0x4a, 0x2d, 0x2a,
        0x51, 0xaa, 0x05, 0x00, 0x9e, 0x55, 0x8a, 0xbb, 0x16, 0x00, 0x00, 0x00,
    ];
    let server = hub_except(repository(), move |request| {
        let reply = Reply { body: packed.clone(), status: 200, ..Reply::default() };
        let etag = format!("\"{}-gzip\"", etag("config.json", CONFIG));
        let reply = reply.header("content-encoding", "gzip").header("etag", etag);
        let is_config = request.path == "/small/config.json";
        is_config.then(|| reply.header("x-repo-commit", COMMIT))
    });
    assert_complete(&Machine::new(&server.url()).fetch("owner/tiny").unwrap());
}

#[test]
fn a_login_page_is_not_taken_for_a_file() {
    let page = |request: &Request| {
        let reply = Reply::bytes(b"\n<!DOCTYPE html><html>Please log in", request);
        reply.header("content-type", "text/html; charset=utf-8")
    };
    let server = Server::start(page);
    let line = Machine::new(&server.url()).refusal("owner/tiny");
    assert_contains(&line, &["web page", "proxy"]);
    // Only after the metadata.
    let server = hub_except(repository(), move |request| {
        (request.is_get() && request.path.starts_with("/large/")).then(|| page(request))
    });
    let machine = Machine::new(&server.url());
    assert_contains(&machine.refusal("owner/tiny"), &["web page", WEIGHTS]);
    machine.assert_no_half_file();
}

#[test]
fn a_pointer_of_git_lfs_is_not_taken_for_the_file() {
    let mut pointers = repository();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 300000\n";
    pointers.files.insert(WEIGHTS.to_owned(), pointer.to_vec());
    let server = Server::start(move |request| pointers.answer(request));
    let machine = Machine::new(&server.url());
    let line = machine.refusal("owner/tiny");
    assert_contains(&line, &["Git LFS", WEIGHTS, "HF_ENDPOINT", "git lfs pull"]);
    machine.assert_no_half_file();
}

#[test]
fn a_download_that_is_cut_at_the_same_two_places_gives_up() {
    let server = hub_except(repository(), |request| {
        let mut reply = is_weights(request).then(|| Reply::bytes(&weights(), request))?;
        // The server does not resume, and breaks off earlier if it was asked to.
        let cut = if request.start() == Some(200_000) { 100_000 } else { 200_000 };
        (reply.status, reply.body, reply.cut) = (200, weights(), Some(cut));
        Some(reply)
    });
    let line = Machine::new(&server.url()).refusal("owner/tiny");
    assert_contains(&line, &["cut off", "of 300000 bytes", "same command to resume"]);
    let requests = server.requests().iter().filter(|request| is_weights(request)).count();
    assert!(requests <= 6, "{requests} requests");
}

#[test]
fn a_download_that_brings_a_byte_at_a_time_gives_up_and_is_resumed() {
    let server = hub_except(repository(), |request| {
        let reply = is_weights(request).then(|| repository().answer(request))?;
        Some(Reply { cut: Some(1), holds: true, ..reply })
    });
    let mut machine = Machine::new(&server.url());
    machine.settings.slowest = Rate { bytes: 1000, window: Duration::ZERO };
    let line = machine.refusal("owner/tiny");
    assert_contains(&line, &["cut off at 5 of 300000 bytes", "fewer than 1000 bytes"]);
    drop(server);
    let server = Server::start(|request| repository().answer(request));
    machine.settings.slowest = Rate { bytes: 1000, window: Duration::from_secs(20) };
    assert_complete(&machine.asks(&server).fetch("owner/tiny").unwrap());
    let first = server.requests().into_iter().find(is_weights).unwrap();
    assert_eq!(first.start(), Some(5));
}

#[test]
fn a_server_that_never_answers_is_not_waited_for() {
    let server = Server::start(|_| Reply::silence());
    let mut machine = Machine::new(&server.url());
    machine.settings.metadata_timeout = Duration::from_millis(50);
    assert_contains(&machine.refusal("owner/tiny"), &["cannot ask", "timeout"]);
    drop(server);
    let server = hub_except(repository(), |request| is_weights(request).then(Reply::silence));
    machine.settings.metadata_timeout = Duration::from_secs(30);
    machine.settings.download_timeout = Duration::from_millis(50);
    let line = machine.asks(&server).refusal("owner/tiny");
    assert_contains(&line, &["cut off at 0 of 300000 bytes", "timeout"]);
    assert_eq!(server.requests().iter().filter(|request| is_weights(request)).count(), 5);
}

#[test]
fn a_pause_that_is_too_long_is_left_to_the_user() {
    for (header, value, expected) in [
        ("retry-after", "Fri, 31 Dec 2100 12:00:00 GMT", "days"),
        ("retry-after", "99999999999999999999", "days"),
        ("retry-after", "7200", "in 7200 s"),
        ("ratelimit", "\"resolvers\";r=0;t=280", "in 280 s"),
    ] {
        let server = Server::start(move |_| Reply::status(429).header(header, value));
        let line = Machine::new(&server.url()).refusal("owner/tiny");
        assert_contains(&line, &["429", expected]);
        assert_eq!(server.requests().len(), 1);
    }
}

/// A server that keeps a client waiting, and cancels it while it waits.
fn hub_that_cancels(answer: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) {
    let cancelled = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&cancelled);
    let server = hub_except(repository(), move |request| {
        let reply = answer(request)?;
        flag.store(true, Ordering::Relaxed);
        Some(reply)
    });
    let mut machine = Machine::new(&server.url());
    machine.settings.pause = Duration::from_secs(50);
    let started = Instant::now();
    let error = machine.fetch_until("owner/tiny", cancelled).unwrap_err();
    assert!(matches!(error, HubError::Cancelled), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20));
    machine.assert_no_half_file();
}

#[test]
fn whatever_is_waited_for_can_be_cancelled() {
    let busy = || Reply::status(429).header("retry-after", "59");
    // A pause that the server asks for, and pauses of the client.
    hub_that_cancels(move |_| Some(busy()));
    hub_that_cancels(|_| Some(Reply::status(503)));
    hub_that_cancels(move |request| is_weights(request).then(busy));
    hub_that_cancels(|request| {
        is_weights(request).then(|| Reply { cut: Some(1), ..repository().answer(request) })
    });
    // An answer that never comes, its bytes, and its last bytes.
    hub_that_cancels(|_| Some(Reply::silence()));
    hub_that_cancels(|request| is_weights(request).then(Reply::silence));
    hub_that_cancels(|request| {
        let reply = is_weights(request).then(|| repository().answer(request))?;
        Some(Reply { cut: Some(9), holds: true, ..reply })
    });
    // A list of files that never comes, after a file that is not there.
    hub_that_cancels(|request| {
        let is_list = request.path.starts_with("/api/models/");
        let is_missing = request.path.ends_with("/config.json");
        match (is_list, is_missing) {
            (true, _) => Some(Reply::silence()),
            (_, true) => Some(Reply::status(404).header("x-error-code", "EntryNotFound")),
            _ => None,
        }
    });
}

#[test]
fn a_lock_of_another_process_can_be_cancelled() {
    let cancelled = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&cancelled);
    let server = hub_except(repository(), move |request| {
        // The question comes before the lock.
        flag.fetch_or(request.path.ends_with(WEIGHTS), Ordering::Relaxed);
        None
    });
    let machine = Machine::new(&server.url());
    let lock = format!("hub/.locks/models--owner--tiny/{}.lock", etag(WEIGHTS, &weights()));
    let lock = machine.dir.path().join(lock);
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let lock = File::create(lock).unwrap();
    lock.lock().unwrap();
    let error = machine.fetch_until("owner/tiny", cancelled).unwrap_err();
    assert!(matches!(error, HubError::Cancelled), "{error}");
    lock.unlock().unwrap();
    assert_complete(&machine.fetch("owner/tiny").unwrap());
}

#[test]
fn a_password_in_the_endpoint_goes_to_the_mirror_and_into_no_message() {
    // `printf 'ada:s3cret' | base64`
    const AUTHORIZATION: &str = "Basic YWRhOnMzY3JldA==";
    let elsewhere = Server::start(|request| repository().answer(request));
    let mut mirror = repository();
    mirror.elsewhere = Some(elsewhere.url());
    let server = Server::start(move |request| {
        match request.headers.get("authorization").map(String::as_str) {
            Some(AUTHORIZATION) => mirror.answer(request),
            _ => Reply::status(401),
        }
    });
    let with_password = |url: String| url.replace("http://", "http://ada:s3cret@");
    let mut machine = Machine::new(&with_password(server.url()));
    machine.settings.token = Token::new("hf_secret", "HF_TOKEN");
    assert_complete(&machine.fetch("owner/tiny").unwrap());
    let sent_elsewhere = elsewhere.requests();
    assert!(!sent_elsewhere.is_empty());
    assert!(sent_elsewhere.iter().all(|request| !request.headers.contains_key("authorization")));
    assert!(!format!("{:?}", machine.settings).contains("s3cret"));

    let html = Reply { body: b"<html>".to_vec(), ..Reply::status(200) };
    for (reply, expected) in [
        (Reply::status(401), "HF_ENDPOINT"),
        (Reply::status(403).header("x-error-code", "GatedRepo"), "HF_ENDPOINT"),
        (Reply::status(404), "no model"),
        (Reply::status(404).header("x-error-code", "RevisionNotFound"), "no revision"),
        (Reply::status(418), "418"),
        (Reply::status(200), "not a hub"),
        (html.header("content-type", "text/html"), "web page"),
        (Reply::status(302).header("location", "/"), "redirect"),
    ] {
        let server = Server::start(move |_| reply.clone());
        let line = Machine::new(&with_password(server.url())).refusal("owner/tiny");
        assert_contains(&line, &[expected]);
        assert!(!line.contains("s3cret") && !line.contains("ada"), "{line}");
    }
    let nobody = Server::start(|_| Reply::status(200)).url();
    let line = Machine::new(&with_password(nobody)).refusal("owner/tiny");
    assert_contains(&line, &["cannot ask http://127.0.0.1:"]);
    assert!(!line.contains("s3cret"), "{line}");
}

/// A safetensors file with tensors of these names.
fn named_tensors(names: &[&str]) -> Vec<u8> {
    let entries: Vec<String> = names
        .iter()
        .map(|name| {
            format!(r#""{name}": {{"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}"#)
        })
        .collect();
    let header = format!("{{\"__metadata__\": {{\"format\": \"pt\"}}, {}}}", entries.join(", "));
    let length = u64::try_from(header.len()).unwrap().to_le_bytes();
    [&length[..], header.as_bytes(), &[0; 10_000]].concat()
}

/// The names of the tensors of a repository with these weights.
fn tensor_names(files: &[(&str, &[u8])], honours_ranges: bool) -> Option<Vec<String>> {
    let mut other = repository();
    other.files.remove(WEIGHTS);
    for (name, bytes) in files {
        other.files.insert((*name).to_owned(), bytes.to_vec());
    }
    let server = Server::start(move |request| {
        let range = request.headers.get("range").and_then(|range| {
            let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
            Some((start.parse::<usize>().ok()?, end.parse::<usize>().ok()?))
        });
        match (range, request.path.strip_prefix("/large/")) {
            (Some((start, end)), Some(file)) if honours_ranges => {
                let bytes = &other.files[file];
                let end = (end + 1).min(bytes.len());
                let range = format!("bytes {start}-{}/{}", end - 1, bytes.len());
                let reply = Reply { body: bytes[start..end].to_vec(), ..Reply::status(206) };
                reply.header("content-range", range)
            }
            _ => other.answer(request),
        }
    });
    let machine = Machine::new(&server.url());
    let hub = Hub::new(machine.settings.clone());
    let checkout = hub.open(&"owner/tiny".parse().unwrap()).unwrap();
    let names = checkout.tensor_names().unwrap();
    assert!(!machine.repo().exists());
    names
}

#[test]
fn the_names_of_tensors_are_known_before_they_are_downloaded() {
    let names = ["a.weight", "b.bias"];
    let file = named_tensors(&names);
    let found = Some(names.map(str::to_owned).to_vec());
    assert_eq!(tensor_names(&[(WEIGHTS, &file)], true), found);
    assert_eq!(tensor_names(&[(WEIGHTS, &file)], false), None);
    let index = br#"{"weight_map": {"b.bias": "two.bin", "a.weight": "one.bin"}}"#;
    for name in ["model.safetensors.index.json", "pytorch_model.bin.index.json"] {
        assert_eq!(tensor_names(&[(name, index)], true), found);
    }
    assert_eq!(tensor_names(&[("pytorch_model.bin", &file)], true), None);
    let too_long = [&u64::MAX.to_le_bytes()[..], &[b'{'; 99]].concat();
    let beyond_the_end = [&9999_u64.to_le_bytes()[..], &[b'{'; 99]].concat();
    for broken in [&b""[..], b"{", &too_long, &beyond_the_end, &[0; 99]] {
        assert_eq!(tensor_names(&[(WEIGHTS, broken)], broken.len() > 8), None);
    }
}

#[test]
fn a_range_that_the_server_refuses_is_asked_for_from_the_start() {
    let server = hub_except(repository(), |request| {
        (is_weights(request) && request.start().is_some()).then(|| Reply::status(416))
    });
    let machine = Machine::new(&server.url());
    let incomplete = machine.blob(&etag(WEIGHTS, &weights())).with_extension("incomplete");
    fs::create_dir_all(incomplete.parent().unwrap()).unwrap();
    fs::write(&incomplete, &weights()[..12_345]).unwrap();
    assert_complete(&machine.fetch("owner/tiny").unwrap());
}

/// A folder of the tests' certificates.
fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates").join(name)
}

/// A hub behind a certificate of a network's own authority.
fn encrypted_hub() -> Server {
    let certificate_chain = vec![CertificateDer::from_pem_file(certificate("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificate("server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(certificate_chain, key).unwrap());
    let wrap = move |stream| -> Box<dyn server::Connection> {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        Box::new(StreamOwned::new(connection, stream))
    };
    Server::start_with(wrap, |request| repository().answer(request))
}

#[test]
fn a_certificate_of_the_network_is_trusted_if_it_is_named() {
    let server = encrypted_hub();
    let endpoint = server.url().replace("http://127.0.0.1", "https://localhost");
    let mut machine = Machine::new(&endpoint);
    assert_contains(&machine.refusal("owner/tiny"), &["certificate", "SSL_CERT_FILE"]);
    let folder = TempDir::new().unwrap();
    fs::copy(certificate("authority.pem"), folder.path().join("a.pem")).unwrap();
    for variable in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
        for path in [certificate("authority.pem"), folder.path().to_owned()] {
            let settings = Settings::from_vars(|name| match name {
                "HF_HOME" => Some(machine.dir.path().into()),
                name if name == variable => Some(path.clone().into()),
                _ => None,
            });
            machine.settings.certificates = settings.unwrap().certificates;
            assert_complete(&machine.fetch("owner/tiny").unwrap());
        }
    }
}

#[test]
fn a_file_without_certificates_is_named() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("empty.pem"), "nothing").unwrap();
    for file in ["empty.pem", "missing.pem"] {
        let settings = Settings::from_vars(|name| match name {
            "HF_HOME" => Some(dir.path().into()),
            "SSL_CERT_FILE" => Some(dir.path().join(file).into()),
            _ => None,
        });
        assert_contains(&settings.unwrap_err().to_string(), &["SSL_CERT_FILE", file]);
    }
}
