//! Addresses of models on the hub, as browsers, `git` and the hub's own tools write them.

use crate::{
    environment::secrets::without_password,
    error::HubError,
    naming::{
        name_problem::AddressProblem,
        repo::{MAIN, Repo},
    },
};

/// Hosts of the hub.
const HOSTS: [&str; 3] = ["huggingface.co", "www.huggingface.co", "hf.co"];

/// First parts of addresses of other things than models, with their names.
const OTHER_KINDS: [(&str, &str); 4] = [
    ("datasets", "a data set"),
    ("spaces", "a space"),
    ("kernels", "a kernel"),
    ("buckets", "a bucket"),
];

/// First parts of addresses of pages that belong to no repository.
const OTHER_PAGES: [&str; 10] = [
    "blog",
    "chat",
    "collections",
    "docs",
    "join",
    "learn",
    "login",
    "models",
    "papers",
    "settings",
];

/// Parts of an address that a revision follows, and then the path of a file or folder.
const ROUTES: [&str; 8] =
    ["blame", "blob", "commit", "commits", "raw", "resolve", "revision", "tree"];

/// Schemes of addresses that the hub or a mirror may have.
const HUB_SCHEMES: [&str; 6] = ["http", "https", "git", "ssh", "git+https", "git+ssh"];

/// The model that an address names; `None` if the text is not an address. `endpoint` is the hub's own
/// address or that of a mirror, whose pages have the paths of the hub's.
///
/// The inner result is [`HubError::Address`] if the address names no model of the hub or mirror, and
/// [`HubError::Name`] if no model can have this name.
#[must_use]
pub fn parse_address(text: &str, endpoint: &str) -> Option<Result<Repo, HubError>> {
    let text = if text.contains(":\\") { text.replace('\\', "/") } else { text.to_owned() };
    let name = match locate(&text, endpoint)? {
        Place::Page(path) => read_path(path, false),
        Place::Uri(path) => read_path(path, true),
        Place::Nowhere(problem) => Err(problem),
    };
    match name {
        Ok(name) => Some(name.parse()),
        Err(problem) => Some(Err(HubError::Address { text: without_password(&text), problem })),
    }
}

/// The place that an address leads to.
enum Place<'a> {
    /// The path of a page of the hub.
    Page(&'a str),
    /// The path of an `hf://` address.
    Uri(&'a str),
    Nowhere(AddressProblem),
}

fn locate<'a>(text: &'a str, endpoint: &str) -> Option<Place<'a>> {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    if let Some((host, path)) = text.strip_prefix("git@").and_then(|rest| rest.split_once(':')) {
        return Some(locate_at_host("https", host, path, endpoint));
    }
    let Some((scheme, rest)) = split_scheme(text) else {
        let (host, path) = split_host(text.trim_start_matches("//"));
        // Without a scheme only a host of the hub is one: anything else may be a path.
        return hub_path(host, path, endpoint).map(Place::Page);
    };
    let scheme = scheme.to_ascii_lowercase();
    if scheme == "hf" {
        return Some(Place::Uri(rest));
    }
    if !HUB_SCHEMES.contains(&scheme.as_str()) {
        return Some(Place::Nowhere(AddressProblem::Scheme { scheme }));
    }
    let (authority, path) = split_host(rest);
    let host = authority.rsplit('@').next().unwrap_or_default();
    Some(locate_at_host(&scheme, host, path, endpoint))
}

fn locate_at_host<'a>(scheme: &str, host: &str, path: &'a str, endpoint: &str) -> Place<'a> {
    match hub_path(host, path, endpoint) {
        Some(path) => Place::Page(path),
        None => Place::Nowhere(AddressProblem::OtherHost { base: format!("{scheme}://{host}") }),
    }
}

/// The scheme of an address, and the rest without slashes at its beginning.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    // Python's `Path` makes one slash of two.
    let is_known = ["http", "https", "hf"].contains(&scheme.to_ascii_lowercase().as_str());
    let has_slashes = rest.starts_with("//") || (is_known && rest.starts_with('/'));
    (is_scheme && has_slashes).then(|| (scheme, rest.trim_start_matches('/')))
}

fn split_host(rest: &str) -> (&str, &str) {
    rest.split_once('/').unwrap_or((rest, ""))
}

/// The path of a page of the hub, if the host is the hub's or that of `endpoint`.
fn hub_path<'a>(host: &str, path: &'a str, endpoint: &str) -> Option<&'a str> {
    let host = host.to_ascii_lowercase();
    let name = host.trim_end_matches(":443").trim_end_matches(":80");
    if HOSTS.contains(&name) {
        return Some(path);
    }
    let (_, endpoint) = split_scheme(endpoint)?;
    let (authority, folder) = split_host(endpoint);
    let endpoint_host = authority.rsplit('@').next().unwrap_or_default();
    if !host.eq_ignore_ascii_case(endpoint_host) {
        return None;
    }
    let below = path.strip_prefix(folder).unwrap_or(path);
    Some(below)
}

/// The name of the model in the path of an address. A path in an `hf://` address has no route before
/// a revision, which stands after `@`.
fn read_path(path: &str, is_uri: bool) -> Result<String, AddressProblem> {
    let parts: Vec<String> =
        path.split('/').filter(|part| !part.is_empty()).map(decode_percents).collect();
    let mut parts: &[String] = &parts;
    if let [first, rest @ ..] = parts
        && first == "api"
    {
        parts = rest;
    }
    if let [first, rest @ ..] = parts
        && first == "models"
        && rest.len() > 1
    {
        parts = rest;
    }
    let Some(first) = parts.first() else { return Err(AddressProblem::NoModel) };
    if let Some((_, kind)) = OTHER_KINDS.iter().find(|(part, _)| part == first) {
        return Err(AddressProblem::OtherKind { kind });
    }
    if OTHER_PAGES.contains(&first.as_str()) {
        return Err(AddressProblem::NoModel);
    }
    let has_owner = parts.len() > 1 && !ROUTES.contains(&parts[1].as_str()) && !first.contains('@');
    let (id, tail) = parts.split_at(if has_owner { 2 } else { 1 });
    read_id_and_tail(&id.join("/"), tail, is_uri)
}

/// The name of the model from the parts for its owner and name, and those after them.
fn read_id_and_tail(id: &str, tail: &[String], is_uri: bool) -> Result<String, AddressProblem> {
    let (id, given) = match id.split_once('@') {
        Some((id, revision)) => (id, Some(revision.to_owned())),
        None => (id, None),
    };
    let id = id.strip_suffix(".git").unwrap_or(id);
    // The revision, and the path of a file after it.
    let location: Vec<String> = match (given, tail) {
        (Some(revision), _) => [&[revision], tail].concat(),
        (None, _) if is_uri => [&[MAIN.to_owned()], tail].concat(),
        (None, []) => Vec::new(),
        (None, [route, location @ ..]) if ROUTES.contains(&route.as_str()) => location.to_vec(),
        (None, _) => return Err(AddressProblem::Page { repo: id.to_owned() }),
    };
    // Of all revisions in an address, only the hub's own references have slashes.
    let is_reference = location.len() > 2 && location[0] == "refs";
    let (revision, file) = location.split_at(if is_reference { 3 } else { location.len().min(1) });
    if let Some(folder) = folder_of(file) {
        return Err(AddressProblem::Folder { repo: id.to_owned(), folder });
    }
    let revision = revision.join("/");
    if revision.is_empty() || revision == MAIN {
        return Ok(id.to_owned());
    }
    Ok(format!("{id}@{revision}"))
}

/// The folder in a path of a file or folder; `None` if the file is in no folder.
fn folder_of(path: &[String]) -> Option<String> {
    let is_file = path.last().is_some_and(|last| last.contains('.'));
    let folders = if is_file { &path[..path.len() - 1] } else { path };
    (!folders.is_empty()).then(|| folders.join("/"))
}

/// The text with `%2F` and the like replaced by their characters.
#[must_use]
pub fn decode_percents(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let (b'%', Some(byte)) = (first, byte) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIRROR: &str = "http://mirror.org:8080/hf";

    fn name(text: &str) -> String {
        parse_address(text, MIRROR).expect(text).expect(text).to_string()
    }

    #[test]
    fn addresses_of_a_model_name_it() {
        for text in [
            "https://huggingface.co/google-bert/bert-base-uncased",
            "https://huggingface.co/google-bert/bert-base-uncased/",
            "http://www.HuggingFace.co/google-bert/bert-base-uncased?library=transformers#usage",
            "https://huggingface.co:443/google-bert/bert-base-uncased/tree/main",
            "https://huggingface.co/google-bert/bert-base-uncased/tree",
            "https://huggingface.co/google-bert/bert-base-uncased/blob/main/config.json",
            "https://huggingface.co/google-bert/bert-base-uncased/resolve/main/model.safetensors?download=true",
            "https://huggingface.co/google-bert/bert-base-uncased.git",
            "https://ada:hf_secret@huggingface.co/google-bert/bert-base-uncased",
            "https://huggingface.co/api/models/google-bert/bert-base-uncased",
            "https:/huggingface.co/google-bert/bert-base-uncased",
            "https:\\\\huggingface.co\\google-bert\\bert-base-uncased",
            "git@hf.co:google-bert/bert-base-uncased.git",
            "ssh://git@hf.co/google-bert/bert-base-uncased",
            "huggingface.co/google-bert/bert-base-uncased",
            "hf.co/google-bert/bert-base-uncased",
            "//hf.co/google-bert/bert-base-uncased",
            "hf://google-bert/bert-base-uncased",
            "hf://models/google-bert/bert-base-uncased/config.json",
            "http://mirror.org:8080/hf/google-bert/bert-base-uncased/tree/main",
            "mirror.org:8080/hf/google-bert/bert-base-uncased",
        ] {
            assert_eq!(name(text), "google-bert/bert-base-uncased", "{text}");
        }
    }

    #[test]
    fn an_address_may_name_a_revision() {
        for (text, expected) in [
            ("https://hf.co/a/b/tree/v1.0", "a/b@v1.0"),
            ("https://hf.co/a/b/blob/v1.0/config.json", "a/b@v1.0"),
            ("https://hf.co/a/b/tree/refs%2Fpr%2F3", "a/b@refs/pr/3"),
            ("https://hf.co/a/b/blob/refs/pr/3/config.json", "a/b@refs/pr/3"),
            ("https://hf.co/a/b/commit/86b5e09", "a/b@86b5e09"),
            ("https://hf.co/a/b/commits/dev", "a/b@dev"),
            ("https://hf.co/api/models/a/b/revision/dev", "a/b@dev"),
            ("https://hf.co/a/b@dev", "a/b@dev"),
            ("hf://a/b@dev/config.json", "a/b@dev"),
            ("hf://a/b@refs/pr/3/config.json", "a/b@refs/pr/3"),
            ("https://hf.co/bert-base-uncased", "bert-base-uncased"),
            ("https://hf.co/bert-base-uncased/tree/dev", "bert-base-uncased@dev"),
        ] {
            assert_eq!(name(text), expected, "{text}");
        }
    }

    #[test]
    fn an_address_that_names_no_model_says_what_to_write() {
        for (text, expected) in [
            ("https://huggingface.co", "owner/name"),
            ("https://huggingface.co/models?search=bert", "owner/name"),
            ("https://huggingface.co/docs/transformers", "owner/name"),
            ("https://huggingface.co/datasets/a/b", "a data set"),
            ("hf://spaces/a/b", "a space"),
            ("https://hf.co/a/b/discussions/3", "write a/b"),
            ("https://hf.co/a/b/tree/main/onnx", "folder onnx"),
            ("hf://a/b/sub/folder/config.json", "folder sub/folder"),
            ("https://hf-mirror.com/a/b", "HF_ENDPOINT=https://hf-mirror.com"),
            ("https://evil-huggingface.co/a/b", "HF_ENDPOINT"),
            ("https://ada:secret@github.com/a/b", "HF_ENDPOINT=https://github.com"),
            ("https:/ada:secret@github.com/a/b", "HF_ENDPOINT=https://github.com"),
            ("https:\\\\ada:secret@github.com\\a\\b", "HF_ENDPOINT=https://github.com"),
            ("s3://bucket/model", "s3"),
            ("https://hf.co/a/b%0A", "b\\n"),
            ("https://hf.co/a/b--c", "`-`"),
        ] {
            let error = parse_address(text, MIRROR).unwrap().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(error.lines().count() == 1 && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_name_or_path_is_not_an_address() {
        for text in
            ["a/b", "a/b@main", "./hf.co/a", "/x/y", "C:\\x", "C:/x", "hf.com/a/b", "", "x:y"]
        {
            assert!(parse_address(text, MIRROR).is_none(), "{text}");
        }
    }
}
