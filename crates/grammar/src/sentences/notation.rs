//! The notation of shapes and phrases.
//!
//! * `{a}`, `{b}`: a person mentioned by words that show the gender; `{a.name}`, `{a.kin}` and
//!   `{a.role}` choose the form; a second mention repeats the words of the first;
//! * `{p}`: a person whose name leans towards a gender; `{r}`: a person's profession, which does;
//! * `{v}`: a verb that makes its person `a` or `b`, at the verb's odds;
//! * `x` and `y`: people who are not mentioned;
//! * `{a.subj}`, `{a.obj}`, `{a.poss}`, `{a.own}`, `{a.self}`: the person's pronouns;
//! * `{an}`: "a" or "an", depending on the next word;
//! * `{word}`: an entry of the class called `word`;
//! * `[...]`: optional words, which half the sentences have; no brackets inside, and no people.

use std::collections::HashMap;

use thiserror::Error;

use crate::pronoun::Case;
use crate::sentences::character::Character;
use crate::sentences::mention::Mention;

/// A piece of a parsed shape or phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Literal words and punctuation.
    Text(String),
    /// An indefinite article.
    Article,
    /// An entry of the class with this index.
    Class(usize),
    /// Words for a person.
    Mention(Character, Mention),
    /// A person's pronoun.
    Pronoun(Character, Case),
    /// Pieces that half the sentences have.
    Optional(Vec<Piece>),
}

/// An error in a shape or a phrase.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NotationError {
    /// An opening brace or bracket without its closing one.
    #[error("`{open}` is not closed in {text:?}")]
    Unclosed {
        /// The brace or bracket.
        open: char,
        /// The shape or phrase.
        text: String,
    },
    /// A closing brace or bracket without its opening one, or a bracket inside brackets.
    #[error("unexpected `{close}` in {text:?}")]
    Unexpected {
        /// The brace or bracket.
        close: char,
        /// The shape or phrase.
        text: String,
    },
    /// A slot that is neither a person nor a class defined earlier.
    #[error("unknown slot `{slot}` in {text:?}")]
    UnknownSlot {
        /// The text between the braces.
        slot: String,
        /// The shape or phrase.
        text: String,
    },
    /// A form or case that is not available for the person.
    #[error("`{character}` has no form `{form}` in {text:?}")]
    UnknownForm {
        /// The person's letter.
        character: String,
        /// The text after the full stop; empty if there is none.
        form: String,
        /// The shape or phrase.
        text: String,
    },
    /// A person in an optional part, which would leave the pronouns outside it undecided.
    #[error("a person in an optional part of {text:?}")]
    OptionalPerson {
        /// The shape or phrase.
        text: String,
    },
    /// A pronoun of a person whom the shape never mentions.
    #[error("a pronoun without its person in {text:?}")]
    MissingPerson {
        /// The shape or phrase.
        text: String,
    },
}

/// Parses a shape or phrase that may name only `classes`.
pub(super) fn parse(
    source: &str,
    classes: &HashMap<&str, usize>,
) -> Result<Vec<Piece>, NotationError> {
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find(['{', '}', '[', ']']) {
        let (literal, tail) = rest.split_at(start);
        push_text(&mut pieces, literal);
        if let Some(bracketed) = tail.strip_prefix('[') {
            let Some((inside, after)) = bracketed.split_once(']') else {
                return Err(NotationError::Unclosed { open: '[', text: source.to_owned() });
            };
            pieces.push(Piece::Optional(parse_optional(inside, classes, source)?));
            rest = after;
        } else if let Some(braced) = tail.strip_prefix('{') {
            let Some((inside, after)) = braced.split_once('}') else {
                return Err(NotationError::Unclosed { open: '{', text: source.to_owned() });
            };
            pieces.push(parse_slot(inside, classes, source)?);
            rest = after;
        } else {
            let close = if tail.starts_with('}') { '}' } else { ']' };
            return Err(NotationError::Unexpected { close, text: source.to_owned() });
        }
    }
    push_text(&mut pieces, rest);
    check_people(&pieces, source)?;
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

fn parse_optional(
    inside: &str,
    classes: &HashMap<&str, usize>,
    source: &str,
) -> Result<Vec<Piece>, NotationError> {
    let pieces = parse(inside, classes)?;
    if pieces.iter().any(|piece| matches!(piece, Piece::Mention(..) | Piece::Pronoun(..))) {
        return Err(NotationError::OptionalPerson { text: source.to_owned() });
    }
    Ok(pieces)
}

fn parse_slot(
    inside: &str,
    classes: &HashMap<&str, usize>,
    source: &str,
) -> Result<Piece, NotationError> {
    let (name, form) = match inside.split_once('.') {
        Some((name, form)) => (name, Some(form)),
        None => (inside, None),
    };
    let character = match name {
        "a" => Character::A,
        "b" => Character::B,
        "p" => Character::Neutral,
        "r" => Character::Professional,
        "v" => Character::Either,
        "x" => Character::Unseen,
        "y" => Character::OtherUnseen,
        "an" => return Ok(Piece::Article),
        _ => {
            let Some(&class) = classes.get(inside) else {
                let (slot, text) = (inside.to_owned(), source.to_owned());
                return Err(NotationError::UnknownSlot { slot, text });
            };
            return Ok(Piece::Class(class));
        }
    };
    let shows_gender = character.shows_gender();
    match form {
        None if character.is_mentioned() => Ok(Piece::Mention(character, Mention::Any)),
        Some("name") if shows_gender => Ok(Piece::Mention(character, Mention::Name)),
        Some("kin") if shows_gender => Ok(Piece::Mention(character, Mention::Kin)),
        Some("role") if shows_gender => Ok(Piece::Mention(character, Mention::Role)),
        Some("subj") => Ok(Piece::Pronoun(character, Case::Subject)),
        Some("obj") => Ok(Piece::Pronoun(character, Case::Object)),
        Some("poss") => Ok(Piece::Pronoun(character, Case::Possessive)),
        Some("own") => Ok(Piece::Pronoun(character, Case::PossessivePronoun)),
        Some("self") => Ok(Piece::Pronoun(character, Case::Reflexive)),
        _ => Err(NotationError::UnknownForm {
            character: name.to_owned(),
            form: form.unwrap_or_default().to_owned(),
            text: source.to_owned(),
        }),
    }
}

fn check_people(pieces: &[Piece], source: &str) -> Result<(), NotationError> {
    let mentioned: Vec<Character> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Mention(character, _) => Some(*character),
            _ => None,
        })
        .collect();
    for piece in pieces {
        let &Piece::Pronoun(character, _) = piece else { continue };
        let is_missing = |needed| !mentioned.contains(&needed);
        let lacks_itself = character.is_mentioned() && is_missing(character);
        let lacks_either = character == Character::Either
            && (is_missing(Character::A) || is_missing(Character::B));
        if lacks_itself || lacks_either {
            return Err(NotationError::MissingPerson { text: source.to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_shape(source: &str) -> Result<Vec<Piece>, NotationError> {
        parse(source, &HashMap::from([("thing", 0)]))
    }

    #[test]
    fn a_shape_is_parsed_piece_by_piece() {
        let pieces = parse_shape("{a} lost {a.poss} {thing}[ today].");
        let expected = vec![
            Piece::Mention(Character::A, Mention::Any),
            Piece::Text(" lost ".into()),
            Piece::Pronoun(Character::A, Case::Possessive),
            Piece::Text(" ".into()),
            Piece::Class(0),
            Piece::Optional(vec![Piece::Text(" today".into())]),
            Piece::Text(".".into()),
        ];
        assert_eq!(pieces, Ok(expected));
    }

    #[test]
    fn malformed_shapes_are_rejected() {
        for (source, message) in [
            ("{a lost", "`{` is not closed in \"{a lost\""),
            ("{a}[ lost", "`[` is not closed in \"{a}[ lost\""),
            ("a} lost", "unexpected `}` in \"a} lost\""),
            ("{a}] lost", "unexpected `]` in \"{a}] lost\""),
            ("{a} lost {nothing}", "unknown slot `nothing` in \"{a} lost {nothing}\""),
            ("{a.verb} lost", "`a` has no form `verb` in \"{a.verb} lost\""),
            ("{x} lost", "`x` has no form `` in \"{x} lost\""),
            ("{a}[ and {b}]", "a person in an optional part of \"{a}[ and {b}]\""),
            ("{a} saw {b.obj}", "a pronoun without its person in \"{a} saw {b.obj}\""),
            ("{a} {v} {v.obj}", "a pronoun without its person in \"{a} {v} {v.obj}\""),
        ] {
            let error = parse_shape(source).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
