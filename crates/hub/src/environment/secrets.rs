//! Names and passwords in addresses.

/// An address without the name and the password in it, and these.
pub(crate) fn split_credentials(text: &str) -> (String, Option<&str>) {
    let start = authority_start(text);
    let authority = &text[start..];
    let authority = &authority[..authority.find(['/', '\\', '?', '#']).unwrap_or(authority.len())];
    match authority.rsplit_once('@') {
        Some((credentials, _)) => {
            let rest = &text[start + credentials.len() + 1..];
            (format!("{}{rest}", &text[..start]), Some(credentials))
        }
        None => (text.to_owned(), None),
    }
}

/// A text that may be an address, without a password. Such a text may be shown.
#[must_use]
pub fn without_password(text: &str) -> String {
    // The revision of a model comes after an `@` too, but no colon comes before that.
    match split_credentials(text) {
        (rest, Some(credentials))
            if credentials.contains(':') || text[..authority_start(text)].contains(':') =>
        {
            rest
        }
        _ => text.to_owned(),
    }
}

/// The place at which the host of an address starts, with the name and the password before it.
fn authority_start(text: &str) -> usize {
    let scheme = text.find([':', '/', '\\', '@']).filter(|&end| text[end..].starts_with(':'));
    let Some(end) = scheme else { return text.len() - text.trim_start_matches('/').len() };
    let rest = &text[end + 1..];
    let host = rest.trim_start_matches(['/', '\\']);
    if host.len() == rest.len() {
        return 0; // a name and a password without a scheme
    }
    text.len() - host.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_left_out_and_revisions_are_not() {
        for (text, expected) in [
            ("https://ada:secret@mirror.org/a/b@main", "https://mirror.org/a/b@main"),
            ("https://token@mirror.org/a/b", "https://mirror.org/a/b"),
            ("https:/ada:secret@mirror.org/a/b", "https:/mirror.org/a/b"),
            ("https:\\\\ada:secret@mirror.org\\a", "https:\\\\mirror.org\\a"),
            ("ada:secret@mirror.org/a/b", "mirror.org/a/b"),
            ("//ada:secret@mirror.org/a/b", "//mirror.org/a/b"),
            ("https://ada:a@b@mirror.org", "https://mirror.org"),
            ("ssh://git@hf.co/a/b", "ssh://hf.co/a/b"),
            ("a/b@main", "a/b@main"),
            ("name@v1.0", "name@v1.0"),
            ("hf://a/b@main", "hf://a/b@main"),
            ("C:\\models\\bert", "C:\\models\\bert"),
            ("", ""),
        ] {
            assert_eq!(without_password(text), expected);
        }
    }
}
