//! The address of the hub or of a mirror, which may contain a name and a password.

use std::{fmt, str::FromStr};

use ureq::http::Uri;

use crate::{
    environment::secrets::split_credentials, error::HubError, naming::hub_address::decode_percents,
};

/// The address of the hub or of a mirror. It has no slash at its end, and prints without a name and a
/// password.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    address: String,
    /// A name and a password as a header has them.
    authorization: Option<String>,
}

impl Endpoint {
    /// The address without a name and a password.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The value of the header that shows the name and the password, if the address has them.
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }
}

impl FromStr for Endpoint {
    type Err = HubError;

    /// # Errors
    /// If the text is not an address with `http://` or `https://` at its start.
    fn from_str(text: &str) -> Result<Self, HubError> {
        let (address, credentials) = split_credentials(text.trim().trim_end_matches('/'));
        let uri = address.parse::<Uri>().ok();
        let is_address = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
                && uri.query().is_none()
        });
        if !is_address {
            return Err(HubError::Endpoint { found: text.to_owned() });
        }
        let authorization = credentials.map(|credentials| {
            format!("Basic {}", base64(decode_percents(credentials).as_bytes()))
        });
        Ok(Self { address, authorization })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.address)
    }
}

/// The bytes in base64.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut padded = [0; 3];
        padded[..group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        for place in 0..4 {
            if place > group.len() {
                text.push('=');
            } else {
                let digit = bits >> (18 - 6 * place) & 63;
                text.push(char::from(DIGITS[digit as usize]));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_command() {
        // `printf 'ada:secret' | base64` and so on
        for (text, expected) in [
            ("", ""),
            ("a", "YQ=="),
            ("ad", "YWQ="),
            ("ada", "YWRh"),
            ("ada:secret", "YWRhOnNlY3JldA=="),
            ("\u{ff}~?>", "w79+Pz4="),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn an_address_prints_without_its_password() {
        let endpoint: Endpoint = "https://ada:s%40cret@mirror.org:8443/hf/".parse().unwrap();
        assert_eq!(endpoint.to_string(), "https://mirror.org:8443/hf");
        assert_eq!(format!("{endpoint:?}"), "Endpoint(https://mirror.org:8443/hf)");
        // `printf 'ada:s@cret' | base64`
        assert_eq!(endpoint.authorization(), Some("Basic YWRhOnNAY3JldA=="));
        let open: Endpoint = "https://mirror.org".parse().unwrap();
        assert_eq!(open.authorization(), None);
    }

    #[test]
    fn an_address_that_is_wrong_does_not_print_its_password() {
        for text in [
            "ftp://ada:s3cret@mirror.org",
            "ada:s3cret@mirror.org",
            "https://ada:s3cret@mirror.org?x=y",
            "https://ada:s3cret@",
            "https:/ada:s3cret@mirror.org",
            "https://ada:s3@cret@mirror org",
            "https:\\\\ada:s3cret@mirror.org",
        ] {
            let error = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains("HF_ENDPOINT"), "{error}");
            assert!(!error.contains("s3cret") && !error.contains("cret@"), "{error}");
        }
    }
}
