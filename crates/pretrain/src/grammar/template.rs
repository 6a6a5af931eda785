//! The small language of the shapes.
//!
//! * `{a}`, `{b}`: a person whose gender the words show; `{a.name}`, `{a.kin}`, `{a.role}` for one
//!   form of it; a second mention repeats the first one's words;
//! * `{p}`: a person named without showing a gender; `x` and `y`: people not mentioned at all;
//! * `{a.subj}`, `{a.obj}`, `{a.poss}`, `{a.own}`, `{a.self}`: that person's pronouns;
//! * `{an}`: "a" or "an", by the next word;
//! * `{word}`: an entry of the class of that name;
//! * `[...]`: words that half the sentences have; no brackets inside, and no people.

use std::collections::HashMap;

use thiserror::Error;

use super::Case;
use crate::lexicon::Mention;

/// Whom a shape can speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `a`, the first person with a visible gender.
    A,
    /// `b`, the second person with a visible gender.
    B,
    /// `p`, named, of unknown gender.
    Neutral,
    /// `x`, not mentioned except by pronouns.
    Unseen,
    /// `y`, another one not mentioned.
    OtherUnseen,
}

/// A part of a parsed shape or phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words and punctuation as they stand.
    Text(String),
    /// An indefinite article.
    Article,
    /// An entry of the class with that index.
    Class(usize),
    /// Words for a person.
    Mention(Role, Mention),
    /// A person's pronoun.
    Pronoun(Role, Case),
    /// Pieces that half the sentences have.
    Optional(Vec<Piece>),
}

/// What is wrong with a shape or a phrase.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    /// An opening brace or bracket has no partner.
    #[error("`{0}` is not closed in {1:?}")]
    Unclosed(char, String),
    /// A closing brace or bracket, or a bracket inside brackets, that nothing explains.
    #[error("`{0}` is out of place in {1:?}")]
    Unexpected(char, String),
    /// Neither a person nor a class that is known by then.
    #[error("unknown slot `{0}` in {1:?}")]
    UnknownSlot(String, String),
    /// A form or case that the person cannot take.
    #[error("`{0}` has no form `{1}` in {2:?}")]
    UnknownForm(String, String, String),
    /// A person inside an optional part, which would leave its pronouns undecided.
    #[error("a person in an optional part of {0:?}")]
    OptionalPerson(String),
    /// A pronoun of a person whom the shape never mentions.
    #[error("a pronoun without its person in {0:?}")]
    MissingPerson(String),
}

/// Reads one shape or phrase, which may name only these classes.
pub(super) fn parse(
    source: &str,
    classes: &HashMap<&str, usize>,
) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find(['{', '}', '[', ']']) {
        let (text, tail) = rest.split_at(start);
        push_text(&mut pieces, text);
        rest = if tail.starts_with('[') {
            let (inside, after) = enclosed(tail, ']', '[', source)?;
            let inner = parse(inside, classes)?;
            if inner.iter().any(|piece| matches!(piece, Piece::Mention(..) | Piece::Pronoun(..))) {
                return Err(TemplateError::OptionalPerson(source.to_owned()));
            }
            pieces.push(Piece::Optional(inner));
            after
        } else if tail.starts_with('{') {
            let (inside, after) = enclosed(tail, '}', '{', source)?;
            pieces.push(slot(inside, classes, source)?);
            after
        } else {
            let close = if tail.starts_with('}') { '}' } else { ']' };
            return Err(TemplateError::Unexpected(close, source.to_owned()));
        };
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

fn enclosed<'a>(
    tail: &'a str,
    close: char,
    open: char,
    source: &str,
) -> Result<(&'a str, &'a str), TemplateError> {
    tail[1..].split_once(close).ok_or_else(|| TemplateError::Unclosed(open, source.to_owned()))
}

fn slot(
    inside: &str,
    classes: &HashMap<&str, usize>,
    source: &str,
) -> Result<Piece, TemplateError> {
    let (head, form) = inside.split_once('.').map_or((inside, None), |(h, f)| (h, Some(f)));
    let role = match head {
        "a" => Role::A,
        "b" => Role::B,
        "p" => Role::Neutral,
        "x" => Role::Unseen,
        "y" => Role::OtherUnseen,
        "an" => return Ok(Piece::Article),
        _ => {
            return classes
                .get(inside)
                .map(|&id| Piece::Class(id))
                .ok_or_else(|| TemplateError::UnknownSlot(inside.to_owned(), source.to_owned()));
        }
    };
    let gendered = matches!(role, Role::A | Role::B);
    Ok(match form {
        None if gendered || role == Role::Neutral => Piece::Mention(role, Mention::Any),
        Some("name") if gendered => Piece::Mention(role, Mention::Name),
        Some("kin") if gendered => Piece::Mention(role, Mention::Kin),
        Some("role") if gendered => Piece::Mention(role, Mention::Role),
        Some("subj") => Piece::Pronoun(role, Case::Subject),
        Some("obj") => Piece::Pronoun(role, Case::Object),
        Some("poss") => Piece::Pronoun(role, Case::Possessive),
        Some("own") => Piece::Pronoun(role, Case::PossessivePronoun),
        Some("self") => Piece::Pronoun(role, Case::Reflexive),
        _ => {
            return Err(TemplateError::UnknownForm(
                head.to_owned(),
                form.unwrap_or_default().to_owned(),
                source.to_owned(),
            ));
        }
    })
}

fn check_people(pieces: &[Piece], source: &str) -> Result<(), TemplateError> {
    for piece in pieces {
        let &Piece::Pronoun(role, _) = piece else { continue };
        let mentioned =
            pieces.iter().any(|other| matches!(other, Piece::Mention(whom, _) if *whom == role));
        if !mentioned && matches!(role, Role::A | Role::B | Role::Neutral) {
            return Err(TemplateError::MissingPerson(source.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Result<Vec<Piece>, TemplateError> {
        parse(source, &HashMap::from([("thing", 0)]))
    }

    #[test]
    fn a_shape_is_read_piece_by_piece() {
        let pieces = read("{a} lost {a.poss} {thing}[ today].");
        let expected = vec![
            Piece::Mention(Role::A, Mention::Any),
            Piece::Text(" lost ".into()),
            Piece::Pronoun(Role::A, Case::Possessive),
            Piece::Text(" ".into()),
            Piece::Class(0),
            Piece::Optional(vec![Piece::Text(" today".into())]),
            Piece::Text(".".into()),
        ];
        assert_eq!(pieces, Ok(expected));
    }

    #[test]
    fn malformed_shapes_are_refused() {
        assert!(matches!(read("{a lost"), Err(TemplateError::Unclosed('{', _))));
        assert!(matches!(read("{a}[ lost"), Err(TemplateError::Unclosed('[', _))));
        assert!(matches!(read("a} lost"), Err(TemplateError::Unexpected('}', _))));
        assert!(matches!(read("{a}] lost"), Err(TemplateError::Unexpected(']', _))));
        assert!(matches!(read("{a} lost {nothing}"), Err(TemplateError::UnknownSlot(..))));
        assert!(matches!(read("{a.verb} lost"), Err(TemplateError::UnknownForm(..))));
        assert!(matches!(read("{x} lost"), Err(TemplateError::UnknownForm(..))));
        assert!(matches!(read("{a}[ and {b}]"), Err(TemplateError::OptionalPerson(_))));
        assert!(matches!(read("{a} saw {b.obj}"), Err(TemplateError::MissingPerson(_))));
    }
}
