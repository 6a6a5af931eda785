//! Addresses: the target of a redirection, and whether it stays on the same server.

use ureq::http::Uri;

/// The address that `location` stands for in an answer from `url`.
pub(crate) fn resolve(url: &str, location: &str) -> Option<String> {
    if location.starts_with('/') && !location.starts_with("//") {
        let (scheme, rest) = url.split_once("://")?;
        let host = rest.split('/').next()?;
        return Some(format!("{scheme}://{host}{location}"));
    }
    location.contains("://").then(|| location.to_owned())
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
        assert_eq!(resolved("//cdn.org/x"), None);
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
