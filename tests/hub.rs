//! The real binary with models from a hub on 127.0.0.1, never the real hub.

#[path = "../crates/hub/tests/server/mod.rs"]
mod server;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use crate::support::odd_system::OddSystem;
use crate::support::{BRIEF, lesion};
use server::{COMMIT, Reply, Repository, Request, Server};
use tempfile::TempDir;

/// The bundled model as a repository of the hub.
fn repository() -> Repository {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/models/bundled");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let names = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];
    let files = names.map(|name| (name.to_owned(), read(name)));
    Repository { id: "owner/tiny".to_owned(), files: files.into(), elsewhere: None }
}

/// A machine with its own cache.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn run(&self, endpoint: &str, args: &[&str]) -> Output {
        self.run_with(endpoint, "0", args)
    }

    fn run_offline(&self, endpoint: &str, args: &[&str]) -> Output {
        self.run_with(endpoint, "1", args)
    }

    fn run_with(&self, endpoint: &str, offline: &str, args: &[&str]) -> Output {
        self.command(endpoint, args).env("HF_HUB_OFFLINE", offline).output().unwrap()
    }

    fn command(&self, endpoint: &str, args: &[&str]) -> Command {
        let mut command = lesion(self.0.path());
        command.args(args).env("HF_HOME", self.0.path().join("hf")).env("HF_ENDPOINT", endpoint);
        command.env("HF_HUB_OFFLINE", "0");
        command
    }

    /// The folder of the model in the cache.
    fn cached(&self) -> PathBuf {
        self.0.path().join("hf/hub/models--owner--tiny")
    }

    /// Puts files of the bundled model into a folder.
    fn put(&self, folder: &str, names: &[&str]) {
        let folder = self.0.path().join(folder);
        fs::create_dir_all(&folder).unwrap();
        for name in names {
            fs::write(folder.join(name), &repository().files[*name]).unwrap();
        }
    }

    fn table(&self) -> Vec<u8> {
        fs::read(self.0.path().join("target/reproduce/lesions.csv")).unwrap()
    }

    fn manifest(&self) -> serde_json::Value {
        let manifest = fs::read(self.0.path().join("target/reproduce/manifest.json")).unwrap();
        serde_json::from_slice(&manifest).unwrap()
    }
}

/// Whether a request is for the content of a large file.
fn is_large(request: &Request) -> bool {
    request.path.starts_with("/large/")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn assert_succeeds(output: &Output) -> String {
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    stderr
}

#[track_caller]
fn assert_one_line(output: &Output, expected: &[&str]) {
    assert_line_and_code(output, expected, 2);
}

/// Checks for the exit code of a hub that may answer later, and one line.
#[track_caller]
fn assert_unreachable(output: &Output, expected: &[&str]) {
    assert_line_and_code(output, expected, 69);
}

#[track_caller]
fn assert_line_and_code(output: &Output, expected: &[&str], code: i32) {
    let stderr = text(&output.stderr);
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(code), 1), "{stderr}");
    for part in expected {
        assert!(stderr.contains(part), "{part:?} is not in {stderr:?}");
    }
}

const RUN: [&str; 5] = ["reproduce", BRIEF[0], BRIEF[1], "--model", "owner/tiny"];

#[test]
fn a_downloaded_model_runs_again_without_the_hub() {
    let bundled = Machine::new();
    assert_succeeds(&bundled.run("http://127.0.0.1:9", &RUN[..3]));

    let server = Server::start(|request| repository().answer(request));
    let (machine, url) = (Machine::new(), server.url());
    assert_eq!(assert_succeeds(&machine.run(&url, &RUN)), "");
    assert_eq!(machine.table(), bundled.table());
    let manifest = machine.manifest();
    let commit = format!("owner/tiny@{COMMIT}");
    assert_eq!(manifest["study"]["model"], "owner/tiny");
    assert_eq!(manifest["inputs"]["model"]["source"], commit);
    let hash = |manifest: &serde_json::Value| {
        manifest["inputs"]["model"]["sha256"]["model.safetensors"].clone()
    };
    assert_eq!(hash(&manifest), hash(&bundled.manifest()));

    drop(server);
    let stderr = assert_succeeds(&machine.run(&url, &RUN));
    assert!(stderr.lines().count() == 1 && stderr.contains(&commit), "{stderr}");
    assert_eq!(assert_succeeds(&machine.run_offline(&url, &RUN)), "");
    assert_eq!(machine.table(), bundled.table());
    // The manifest names the same model by its commit, so the hub is not asked.
    let pinned = [&RUN[..4], &[commit.as_str()]].concat();
    assert_eq!(assert_succeeds(&machine.run(&url, &pinned)), "");
    assert_eq!(machine.manifest()["inputs"]["model"]["source"], commit);
    assert_succeeds(&machine.run_offline(&url, &["evaluate", "--count", "9", RUN[3], RUN[4]]));
}

#[test]
fn an_interrupted_download_leaves_no_model_and_resumes() {
    let answer = |request: &Request| repository().answer(request);
    let server = Server::start(move |request| match (request.path.as_str(), request.start()) {
        ("/large/model.safetensors", None) if request.is_get() => {
            Reply { cut: Some(1_000_000), ..answer(request) }
        }
        ("/large/model.safetensors", Some(_)) => Reply::status(500).header("retry-after", "0"),
        _ => answer(request),
    });
    let machine = Machine::new();
    assert_unreachable(&machine.run(&server.url(), &RUN), &["model.safetensors", "500"]);
    assert!(!machine.0.path().join("target").exists());
    assert_one_line(&machine.run_offline(&server.url(), &RUN), &["HF_HUB_OFFLINE"]);
    drop(server);
    let server = Server::start(answer);
    assert_succeeds(&machine.run(&server.url(), &RUN));
    let requests = server.requests().into_iter();
    let downloads = requests.filter(|request| request.is_get() && is_large(request));
    let starts: Vec<_> = downloads.map(|request| request.start()).collect();
    assert_eq!(starts, [Some(1_000_000)]);
}

#[test]
fn a_named_model_that_is_not_available_is_an_error() {
    let nobody = Server::start(|_| Reply::status(200)).url(); // the server is dropped
    let machine = Machine::new();
    assert_unreachable(&machine.run(&nobody, &RUN), &["owner/tiny", "cannot ask", "hf download"]);
    let offline = machine.run_offline(&nobody, &RUN);
    assert_one_line(&offline, &["owner/tiny", "not a folder on", "HF_HUB_OFFLINE is set"]);
    let server = Server::start(|request| repository().answer(request));
    for (name, expected) in [
        ("owner/tiyn", &["no model \"owner/tiyn\"", "not a folder on"][..]),
        ("tiny", &["no model \"tiny\"", "not a folder on", "./name"]),
        ("owner/tiny@v2", &["no revision \"owner/tiny@v2\""]),
        ("./owner/tiny", &["no folder \"./owner/tiny\"", "owner/name"]),
        ("a/folder/that/is/not", &["a/folder/that/is/not", "more than one slash"]),
        (" ", &["empty", "owner/name"]),
        ("google\u{2010}bert/b", &["U+2010"]),
        ("a/b\u{1b}[31m", &["U+001B"]),
        ("https://github.com/owner/tiny", &["HF_ENDPOINT=https://github.com"]),
        ("https://huggingface.co/datasets/a/b", &["a data set"]),
    ] {
        let output = machine.run(&server.url(), &["reproduce", "--model", name]);
        assert_one_line(&output, expected);
    }
    let private = Server::start(|_| Reply::status(401));
    assert_one_line(&machine.run(&private.url(), &RUN), &["401", "HF_TOKEN"]);
    assert!(!machine.0.path().join("target").exists());
}

#[test]
fn a_model_of_another_type_is_rejected_before_its_weights_are_downloaded() {
    let mut other = repository();
    other.files.insert("config.json".to_owned(), br#"{"model_type": "t5"}"#.to_vec());
    let server = Server::start(move |request| other.answer(request));
    let output = Machine::new().run(&server.url(), &RUN);
    assert_one_line(&output, &["owner/tiny", "config.json"]);
    assert!(!server.requests().iter().any(|request| request.is_get() && is_large(request)));
}

/// The bundled model without the keys that name its family.
fn unnamed_repository() -> Repository {
    let mut unnamed = repository();
    let config = unnamed.files.get_mut("config.json").unwrap();
    let mut keys: serde_json::Value = serde_json::from_slice(config).unwrap();
    keys.as_object_mut().unwrap().remove("model_type");
    keys.as_object_mut().unwrap().remove("architectures");
    *config = keys.to_string().into_bytes();
    unnamed
}

#[test]
fn a_model_that_names_no_family_is_checked_before_its_weights_are_downloaded() {
    let unnamed = unnamed_repository();
    let server = Server::start(move |request| unnamed.answer(request));
    let output = Machine::new().run(&server.url(), &evaluate("owner/tiny"));
    let stderr = assert_succeeds(&output);
    assert!(stderr.lines().count() == 1 && stderr.contains("no `model_type`"), "{stderr}");

    let options = |text: &str| ("tokenizer_config.json".to_owned(), text.as_bytes().to_vec());
    let weights = |name: &str| {
        let header = format!("{{\"{name}\": {{\"dtype\": \"F32\"}}}}");
        let length = u64::try_from(header.len()).unwrap().to_le_bytes();
        let bytes = [&length[..], header.as_bytes(), &[0; 99]].concat();
        ("model.safetensors".to_owned(), bytes)
    };
    let sizes = ("config.json".to_owned(), br#"{"hidden_size": 0}"#.to_vec());
    for (file, weights_in, expected) in [
        (options("{\"mask_token\": \"[GAP]\"}"), "model.safetensors", "no [GAP]"),
        (options("{\"tokenizer_class\": \"T5Tokenizer\"}"), "model.safetensors", "T5Tokenizer"),
        (options("{\"tokenizer_class\": \"T5Tokenizer\"}"), "pytorch_model.bin", "T5Tokenizer"),
        (sizes, "pytorch_model.bin", "`hidden_size`"),
        (weights("classifier.weight"), "model.safetensors", "no language-modelling head"),
    ] {
        let mut unnamed = unnamed_repository();
        unnamed.files.insert(file.0, file.1);
        let bytes = unnamed.files.remove("model.safetensors").unwrap();
        unnamed.files.insert(weights_in.to_owned(), bytes);
        let server = Server::start(move |request| {
            // As the hub, which sends a part of a file.
            let Some(range) = request.headers.get("range") else { return unnamed.answer(request) };
            let (start, end) = range["bytes=".len()..].split_once('-').unwrap();
            let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
            match request.path.strip_prefix("/large/") {
                Some(name) => Reply {
                    body: unnamed.files[name][start..=end].to_vec(),
                    ..Reply::status(206).header("content-range", format!("bytes {start}-{end}/*"))
                },
                None => unnamed.answer(request),
            }
        });
        let output = Machine::new().run(&server.url(), &evaluate("owner/tiny"));
        assert_one_line(&output, &["owner/tiny", expected]);
        let is_whole = |request: &Request| !request.headers.contains_key("range");
        let mut requests = server.requests().into_iter();
        assert!(
            !requests.any(|request| request.is_get() && is_large(&request) && is_whole(&request))
        );
    }
}

#[cfg(unix)]
#[test]
fn a_pause_that_the_hub_asks_for_is_stopped_by_a_signal() {
    let (asked, has_asked) = std::sync::mpsc::channel();
    let server = Server::start(move |request| {
        if request.is_get() && is_large(request) {
            let _ = asked.send(());
            return Reply::status(429).header("retry-after", "59");
        }
        repository().answer(request)
    });
    let machine = Machine::new();
    let started = std::time::Instant::now();
    let mut command = machine.command(&server.url(), &evaluate("owner/tiny"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    has_asked.recv().unwrap();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(started.elapsed().as_secs() < 30);
    assert_eq!(output.status.code(), Some(75));
    let stderr = text(&output.stderr);
    assert_eq!(stderr, "Stopped. What was downloaded is kept; the same command resumes.\n");
    assert!(!machine.cached().join("refs/main").exists());
}

#[test]
fn a_password_in_an_address_reaches_no_message_and_no_file() {
    let server = Server::start(|request| repository().answer(request));
    let machine = Machine::new();
    let endpoint = server.url().replace("http://", "http://ada:s3cret@");
    let page = format!("{endpoint}/owner/tiny/tree/main");
    assert_succeeds(&machine.run(&endpoint, &[&RUN[..4], &[page.as_str()]].concat()));
    let results = machine.0.path().join("target/reproduce");
    for file in fs::read_dir(results).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"s3cret"), "{}", path.display());
    }
    for (endpoint, model) in [
        (endpoint.as_str(), "owner/other"),
        (endpoint.as_str(), "https://ada:s3cret@github.com/owner/tiny"),
        (endpoint.as_str(), "ada:s3cret@github.com/owner/tiny"),
        ("http://ada:s3cret@127.0.0.1:9", "owner/other"),
        ("ftp://ada:s3cret@127.0.0.1:9", "owner/other"),
    ] {
        let output = machine.run(endpoint, &evaluate(model));
        let code = if endpoint == "http://ada:s3cret@127.0.0.1:9" { 69 } else { 2 };
        assert_line_and_code(&output, &[], code);
        assert!(!text(&output.stderr).contains("s3cret"), "{}", text(&output.stderr));
    }
}

#[test]
fn an_error_of_the_hub_names_the_model_as_its_user_did() {
    let server = Server::start(|request| repository().answer(request));
    let (machine, url) = (Machine::new(), server.url());
    let not_a_folder = "model owner/other, which is not a folder on this machine: ";
    for name in ["owner/other", "models--owner--other", " 'owner/other/' "] {
        assert_one_line(&machine.run(&url, &evaluate(name)), &[not_a_folder]);
    }
    // A folder of this name is not what the address means.
    fs::create_dir_all(machine.0.path().join("owner/other")).unwrap();
    for address in [
        "https://huggingface.co/owner/other",
        "hf.co/owner/other",
        "hf://owner/other",
        &format!("{url}/owner/other"),
    ] {
        let output = machine.run(&url, &evaluate(address));
        assert_one_line(&output, &["model owner/other of the hub: ", "no model \"owner/other\""]);
    }
}

#[test]
fn a_study_can_name_a_model_on_the_hub_and_check_downloads_nothing() {
    let server = Server::start(|request| repository().answer(request));
    let machine = Machine::new();
    let study = "model = \"owner/tiny\"\nparts = []\n";
    fs::create_dir(machine.0.path().join("studies")).unwrap();
    fs::write(machine.0.path().join("studies/s.toml"), study).unwrap();
    let check = machine.run(&server.url(), &["check", "studies/s.toml"]);
    assert_succeeds(&check);
    let size: usize = repository().files.values().map(Vec::len).sum();
    let stdout = text(&check.stdout);
    let megabytes = format!("{:.2} MB", size as f64 / 1e6);
    assert!(stdout.contains("owner/tiny") && stdout.contains(&megabytes), "{stdout}");
    assert_eq!(server.gets(), 0);
    assert!(!machine.0.path().join("hf").exists());

    let run = ["run", "studies/s.toml", "--out", "target/reproduce"];
    assert_succeeds(&machine.run(&server.url(), &run));
    let check = machine.run(&server.url(), &["check", "studies/s.toml"]);
    assert_succeeds(&check);
    assert!(text(&check.stdout).contains("in order"));

    // A folder with that name beside the study takes precedence.
    fs::create_dir_all(machine.0.path().join("studies/owner/tiny")).unwrap();
    let output = machine.run(&server.url(), &run);
    assert_one_line(&output, &["studies/owner/tiny/config.json"]);
}

#[test]
fn the_studies_of_large_models_request_them_from_the_hub() {
    let server = Server::start(|_| Reply::status(401));
    for (study, model) in [
        ("bert-base-uncased", "google-bert/bert-base-uncased"),
        ("bert-large-uncased", "google-bert/bert-large-uncased"),
    ] {
        let path = format!("{}/../../assets/studies/{study}.toml", env!("CARGO_MANIFEST_DIR"));
        let output = Machine::new().run(&server.url(), &["check", &path]);
        assert_one_line(&output, &[model, "HF_TOKEN"]);
        let expected = format!("/{model}/resolve/main/config.json");
        assert!(server.requests().iter().any(|request| request.path == expected));
    }
}

/// Arguments of a command that is fast and needs the model.
fn evaluate(model: &str) -> [&str; 5] {
    ["evaluate", "--count", "2", "--model", model]
}

#[test]
fn a_model_is_found_by_the_names_that_people_give_it() {
    let server = Server::start(|request| repository().answer(request));
    let (machine, url) = (Machine::new(), server.url());
    let page = format!("{url}/owner/tiny/tree/main");
    let run = [&RUN[..4], &[page.as_str()]].concat();
    assert_succeeds(&machine.run(&url, &run));
    assert_eq!(machine.manifest()["study"]["model"], "owner/tiny");
    let snapshot = machine.cached().join("snapshots").join(COMMIT);
    for name in [
        "https://huggingface.co/owner/tiny/blob/main/config.json?x=y#z".to_owned(),
        "hf.co/owner/tiny".to_owned(),
        format!("hf://owner/tiny@{COMMIT}"),
        " 'owner/tiny/' ".to_owned(),
        machine.cached().display().to_string(),
        format!("file://{}", machine.cached().display()),
        "hf/hub/models--owner--tiny/snapshots".to_owned(),
        snapshot.display().to_string(),
        snapshot.join("config.json").display().to_string(),
        snapshot.join("model.safetensors").display().to_string(),
    ] {
        assert_eq!(assert_succeeds(&machine.run(&url, &evaluate(&name))), "", "{name}");
    }
    let home = machine.0.path().join("hf");
    for name in ["~/hub/models--owner--tiny", "$HOME/hub/models--owner--tiny"] {
        let output = machine.command(&url, &evaluate(name)).env("HOME", &home).output().unwrap();
        assert_succeeds(&output);
    }
    assert_one_line(&machine.run(&url, &evaluate("hf/hub")), &["cache", "owner/tiny"]);
}

#[test]
fn an_expired_token_is_noted_and_the_model_read_without_it() {
    let server = Server::start(|request| match request.headers.get("authorization") {
        Some(_) => Reply::status(401),
        None => repository().answer(request),
    });
    let (machine, url) = (Machine::new(), server.url());
    fs::write(machine.0.path().join("s.toml"), "model = \"owner/tiny\"\nparts = []\n").unwrap();
    for args in [&["check", "s.toml"][..], &evaluate("owner/tiny"), &["check", "s.toml"]] {
        let output = machine.command(&url, args).env("HF_TOKEN", "hf_expired").output().unwrap();
        let stderr = assert_succeeds(&output);
        assert!(stderr.lines().count() == 1 && stderr.contains("HF_TOKEN"), "{stderr}");
        assert!(!stderr.contains("hf_expired"));
    }
    let mut command = machine.command(&url, &evaluate("owner/tiny"));
    command.env("HF_TOKEN", "hf_expired").env("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
    assert_eq!(assert_succeeds(&command.output().unwrap()), "");
}

#[test]
fn older_variables_are_read() {
    let server = Server::start(|request| repository().answer(request));
    let (machine, url) = (Machine::new(), server.url());
    let cache = machine.0.path().join("old");
    let run = |offline: &str| {
        let mut command = machine.command(&url, &evaluate("owner/tiny"));
        command.env("HUGGINGFACE_HUB_CACHE", &cache).env_remove("HF_HUB_OFFLINE");
        command.env("TRANSFORMERS_OFFLINE", offline).output().unwrap()
    };
    assert_one_line(&run("true"), &["TRANSFORMERS_OFFLINE is set"]);
    assert_succeeds(&run("false"));
    assert!(cache.join("models--owner--tiny/refs/main").exists() && !machine.cached().exists());
    let asked = server.requests().len();
    assert_succeeds(&run("YES"));
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn an_older_complete_commit_is_used_with_a_warning() {
    let server = Server::start(|request| repository().answer(request));
    let (machine, url) = (Machine::new(), server.url());
    assert_succeeds(&machine.run(&url, &evaluate("owner/tiny")));
    // Another program learnt of a newer commit and was interrupted.
    let newer = "f".repeat(40);
    fs::create_dir_all(machine.cached().join("snapshots").join(&newer)).unwrap();
    fs::write(machine.cached().join("refs/main"), &newer).unwrap();
    let stderr = assert_succeeds(&machine.run_offline(&url, &evaluate("owner/tiny")));
    assert!(stderr.lines().count() == 1 && stderr.contains(COMMIT), "{stderr}");
    // It may not be the model that is meant.
    let strict = machine.run_offline(&url, &[&RUN[..], &["--strict"]].concat());
    let stderr = text(&strict.stderr);
    assert_eq!(strict.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("error: the cache does not have all files"), "{stderr}");
    assert_succeeds(&machine.run_offline(&url, &RUN));
    let warnings = machine.manifest()["warnings"].clone();
    assert_eq!(warnings[0]["kind"], "model", "{warnings}");
    drop(server);
    let stderr = assert_succeeds(&machine.run(&url, &evaluate("owner/tiny")));
    assert!(stderr.lines().count() == 2 && stderr.contains("did not provide"), "{stderr}");
}

#[test]
fn two_processes_fill_a_cold_cache_together() {
    let server = Server::start(|request| repository().answer(request));
    let (machine, url) = (Machine::new(), server.url());
    let children: Vec<_> = (0..2)
        .map(|_| {
            let mut command = machine.command(&url, &evaluate("owner/tiny"));
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        assert_succeeds(&child.wait_with_output().unwrap());
    }
    let downloads = server.requests().into_iter();
    assert_eq!(downloads.filter(|request| request.is_get() && is_large(request)).count(), 1);
}

/// A share of a study of the hub's model.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn share(machine: &Machine, url: &str, share: &str) -> Command {
    let mut command = machine.command(url, &RUN);
    command.args(["--out", "target/reproduce", "--shard", share]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn two_shares_that_start_on_a_cold_cache_compute_one_study() {
    let bundled = Machine::new();
    assert_succeeds(&bundled.run("http://127.0.0.1:9", &RUN[..3]));
    let odd = OddSystem::new();
    for has_locks in [true, false] {
        let server = Server::start(|request| repository().answer(request));
        let (machine, url) = (Machine::new(), server.url());
        let shares = ["1/2", "2/2"].map(|number| {
            let mut command = share(&machine, &url, number);
            if !has_locks {
                odd.without_locks(&mut command);
            }
            command.spawn().unwrap()
        });
        for share in shares {
            assert_succeeds(&share.wait_with_output().unwrap());
        }
        let downloads = server.requests().into_iter();
        let downloads = downloads.filter(|request| request.is_get() && is_large(request)).count();
        assert!(downloads == 1 || (!has_locks && downloads == 2), "{downloads}");
        drop(server);
        assert_succeeds(&machine.run_offline(&url, &RUN));
        assert_eq!(machine.table(), bundled.table());
        for blob in fs::read_dir(machine.cached().join("blobs")).unwrap() {
            let path = blob.unwrap().path();
            assert!(path.extension().is_none(), "{} is left", path.display());
        }
    }
}

/// Paths and bytes of all files in a folder.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn shares_read_a_cache_that_cannot_be_written() {
    let server = Server::start(|request| repository().answer(request));
    let (machine, url) = (Machine::new(), server.url());
    assert_succeeds(&machine.run(&url, &RUN));
    let table = machine.table();
    let cache = machine.0.path().join("hf");
    let before = contents(&cache);
    let odd = OddSystem::new();
    for (offline, out) in [("0", "online"), ("1", "offline")] {
        for number in ["1/2", "2/2"] {
            let mut command = machine.command(&url, &RUN);
            command.args(["--out", out, "--shard", number]).env("HF_HUB_OFFLINE", offline);
            let output = odd.read_only(&mut command, cache.to_str().unwrap()).output().unwrap();
            let stderr = assert_succeeds(&output);
            assert!(stderr.lines().all(|line| line.starts_with("Resuming")), "{stderr}");
        }
        let mut command = machine.command(&url, &RUN);
        command.args(["--out", out]).env("HF_HUB_OFFLINE", offline);
        assert_succeeds(&odd.read_only(&mut command, cache.to_str().unwrap()).output().unwrap());
        assert_eq!(fs::read(machine.0.path().join(out).join("lesions.csv")).unwrap(), table);
    }
    assert_eq!(contents(&cache), before);
    // A cache without the model says what is wrong and what to do.
    let other = Machine::new();
    let mut command = share(&other, &url, "1/2");
    let folder = other.0.path().join("hf");
    let output = odd.read_only(&mut command, folder.to_str().unwrap()).output().unwrap();
    assert_one_line(&output, &["Read-only file system", "HF_HUB_CACHE"]);
}

#[test]
fn a_checkpoint_of_a_training_uses_the_tokenizer_above_it() {
    let (machine, nobody) = (Machine::new(), "http://127.0.0.1:9");
    let run = |model: &str| machine.run(nobody, &evaluate(model));
    machine.put("training/checkpoint-500", &["config.json", "model.safetensors"]);
    let expected = ["checkpoint-500", "no tokenizer", "AutoTokenizer", "save_pretrained"];
    assert_one_line(&run("training/checkpoint-500"), &expected);
    assert_one_line(&run("training"), &["training/checkpoint-500"]);
    machine.put("training", &["tokenizer.json", "tokenizer_config.json"]);
    let stderr = assert_succeeds(&run("training/checkpoint-500"));
    assert!(stderr.lines().count() == 1 && stderr.contains("tokenizer"), "{stderr}");
    let inside = lesion(&machine.0.path().join("training/checkpoint-500"))
        .args(evaluate("../checkpoint-500"))
        .output()
        .unwrap();
    assert_succeeds(&inside);
    machine.put("training/checkpoint-500", &["tokenizer.json", "tokenizer_config.json"]);
    assert_eq!(assert_succeeds(&run("training/checkpoint-500")), "");
}

#[test]
fn folders_that_are_no_checkpoints_say_what_is_missing() {
    let (machine, nobody) = (Machine::new(), "http://127.0.0.1:9");
    let run = |model: &str| machine.run(nobody, &evaluate(model));
    machine.put("weights", &["model.safetensors"]);
    assert_one_line(&run("weights"), &["weights/config.json", "save_pretrained"]);
    for (file, expected) in [
        ("tf_model.h5", "from_tf=True"),
        ("flax_model.msgpack", "from_flax=True"),
        ("tiny.gguf", "made from"),
        ("adapter_model.safetensors", "merge_and_unload"),
    ] {
        machine.put(file, &["config.json", "tokenizer.json"]);
        fs::write(machine.0.path().join(file).join(file), "weights").unwrap();
        assert_one_line(&run(file), &[file, expected]);
    }
    machine.put("slow", &["config.json", "model.safetensors"]);
    fs::write(machine.0.path().join("slow/sentencepiece.bpe.model"), "pieces").unwrap();
    assert_one_line(&run("slow"), &["sentencepiece.bpe.model", "AutoTokenizer"]);
    fs::write(machine.0.path().join("model.zip"), "archive").unwrap();
    assert_one_line(&run("model.zip"), &["model.zip", "unpack"]);
}

#[test]
fn the_error_of_a_connection_names_its_proxy_without_the_password() {
    let machine = Machine::new();
    let run = |variables: &[(&str, &str)]| {
        let mut command = machine.command("http://hub.invalid", &evaluate("owner/tiny"));
        for name in ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"]
        {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied()).output().unwrap()
    };
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let output = run(&[(variable, "http://ada:secret@127.0.0.1:9")]);
        assert_unreachable(&output, &["http://hub.invalid through the proxy 127.0.0.1:9"]);
        assert!(!text(&output.stderr).contains("secret"));
    }
    let output = run(&[("ALL_PROXY", "http://127.0.0.1:9"), ("NO_PROXY", "hub.invalid")]);
    assert_unreachable(&output, &["cannot ask http://hub.invalid for owner/tiny"]);
}

#[test]
fn a_study_whose_model_is_overridden_need_not_have_it() {
    let machine = Machine::new();
    fs::write(machine.0.path().join("s.toml"), "model = \"a/b/c\"\nparts = []\n").unwrap();
    assert_one_line(&machine.run("", &["check", "s.toml"]), &["more than one slash"]);
    assert_succeeds(&machine.run("", &["check", "s.toml", "--model", "bundled"]));
}
