//! Addresses: the target of a redirection, and whether it stays on the same server.

use ureq::http::Uri;

/// The address that `location` stands for in an answer from `url`.
pub(crate) fn resolve(url: &str, location: &str) -> Option<String> {
    let location = location.split('#').next()?.trim();
    let has_scheme = ["http://", "https://"].iter().any(|scheme| {
        location.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    if has_scheme {
        return Some(location.to_owned());
    }
    let (scheme, rest) = url.split_once("://")?;
    if let Some(other) = location.strip_prefix("//") {
        return Some(format!("{scheme}://{other}"));
    }
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let path = path.split('?').next()?;
    if location.is_empty() || location.split(['/', '?']).next()?.contains(':') {
        return None; // nothing, or another scheme
    }
    if location.starts_with('?') {
        return Some(format!("{scheme}://{host}{path}{location}"));
    }
    if location.starts_with('/') {
        return Some(format!("{scheme}://{host}{location}"));
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (below, query) = location.split_at(location.find('?').unwrap_or(location.len()));
    Some(format!("{scheme}://{host}{}{query}", without_dots(&format!("{folder}/{below}"))))
}

/// A path with its `.` and `..` resolved.
fn without_dots(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Whether both addresses have one scheme, host and port.
pub(crate) fn same_origin(a: &str, b: &str) -> bool {
    let origin = |url: &str| {
        let uri: Uri = url.parse().ok()?;
        let scheme = uri.scheme_str()?.to_owned();
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        Some((scheme, uri.host()?.to_ascii_lowercase(), port))
    };
    origin(a).is_some_and(|a| Some(a) == origin(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirection_stays_on_the_server_or_names_another() {
        let url = "https://huggingface.co/a/b/resolve/main/config.json";
        let resolved = |location| resolve(url, location);
        assert_eq!(resolved("/c/d").unwrap(), "https://huggingface.co/c/d");
        assert_eq!(resolved("https://cdn.org/x").unwrap(), "https://cdn.org/x");
        assert_eq!(resolved("HTTPS://cdn.org/x#y").unwrap(), "HTTPS://cdn.org/x");
        assert_eq!(resolved("//cdn.org/x").unwrap(), "https://cdn.org/x");
        let renamed = "https://huggingface.co/a/c/resolve/main/config.json";
        assert_eq!(resolved("../../../c/resolve/main/config.json").unwrap(), renamed);
        let beside = "https://huggingface.co/a/b/resolve/main/other.json?x=../y";
        assert_eq!(resolved("./other.json?x=../y").unwrap(), beside);
        assert_eq!(resolved("?x=y").unwrap(), format!("{url}?x=y"));
        for nothing in ["", "ftp://x.org/y", "mailto:x", "#y"] {
            assert_eq!(resolved(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let hub = "https://huggingface.co";
        assert!(same_origin(hub, "https://huggingface.co:443/a/b"));
        assert!(same_origin(hub, "https://HuggingFace.co/a"));
        for other in [
            "http://huggingface.co",
            "https://huggingface.co:8443/a",
            "https://huggingface.co.evil.org/a",
            "https://huggingface.co@evil.org/a",
            "https://cdn-lfs.huggingface.co/a",
            "huggingface.co",
        ] {
            assert!(!same_origin(hub, other), "{other}");
        }
    }
}
