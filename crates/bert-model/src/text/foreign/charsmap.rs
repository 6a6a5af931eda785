//! `SentencePiece`'s map of characters: how its parts are laid out.
//!
//! A `precompiled_charsmap` holds the length of a trie in bytes as a little-endian u32, the trie, and
//! the replacements as texts that end with a zero byte. In `tokenizer.json` it is written in base64.

/// Size of the length of the trie.
const LENGTH: usize = size_of::<u32>();

/// The bytes of a base64 text, or `None` if it is not base64.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take(2).take_while(|&&byte| byte == b'=').count();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for (place, group) in text.chunks_exact(4).enumerate() {
        let last = (place + 1) * 4 == text.len();
        let mut bits = 0;
        for (index, &letter) in group.iter().enumerate() {
            let is_padding = last && index >= 4 - padding;
            bits = bits << 6 | if is_padding { 0 } else { base64_digit(letter)? };
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    bytes.truncate(bytes.len() - padding);
    Some(bytes)
}

fn base64_digit(letter: u8) -> Option<u32> {
    let digit = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(digit.into())
}

/// Checks that the trie is as long as the map says and not empty, and returns the length of the longest
/// replacement in bytes.
///
/// # Errors
/// If not, what is wrong.
pub(crate) fn check_charsmap(map: &[u8]) -> Result<usize, &'static str> {
    let Some((length, rest)) = map.split_first_chunk::<LENGTH>() else {
        return Err("is shorter than the length of its trie");
    };
    let length = u32::from_le_bytes(*length) as usize;
    if length < LENGTH {
        return Err("has an empty trie");
    }
    let Some(replacements) = rest.get(length / LENGTH * LENGTH..).filter(|_| length <= rest.len())
    else {
        return Err("is shorter than its trie");
    };
    Ok(replacements.split(|&byte| byte == 0).map(<[u8]>::len).max().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read() {
        assert_eq!(decode_base64("").unwrap(), b"");
        assert_eq!(decode_base64("AAAAAA==").unwrap(), [0, 0, 0, 0]);
        assert_eq!(decode_base64("/////w==").unwrap(), [255; 4]);
        assert_eq!(decode_base64("TWFu").unwrap(), b"Man");
        assert_eq!(decode_base64("TWE=").unwrap(), b"Ma");
        for wrong in ["A", "AAAAA", "A===", "====", "AA=A", "A\u{e9}A"] {
            assert_eq!(decode_base64(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_map_is_as_long_as_it_says() {
        let map = |length: u32, rest: &[u8]| [&length.to_le_bytes()[..], rest].concat();
        assert_eq!(check_charsmap(&map(4, b"\0\0\0\0ab\0c")), Ok(2));
        assert_eq!(check_charsmap(&map(4, b"\0\0\0\0")), Ok(0));
        for wrong in [&b""[..], b"\0\0", &map(0, b"ab"), &map(8, b"\0\0\0\0"), &map(u32::MAX, b"")]
        {
            assert!(check_charsmap(wrong).is_err());
        }
    }
}
