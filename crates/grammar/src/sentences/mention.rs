//! Words that mention a person and show the gender.

use rand::{Rng, RngExt};

use crate::lexicon::leanings::leaning_words;
use crate::lexicon::people::{
    KINSHIP, OWNERS, ROLE_ADJECTIVES, ROLES, SURNAMES, TITLES_WITH_FIRST_NAME, TITLES_WITH_SURNAME,
    first_names,
};
use crate::pronoun::Gender;
use crate::sentences::character::Character;

/// The form in which a sentence mentions a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mention {
    /// Any form, usually a first name.
    Any,
    /// A first name.
    Name,
    /// A kinship word alone, for "her brother" and similar phrases.
    Kin,
    /// A gendered noun alone, for "the old king" and similar phrases.
    Role,
}

/// The first names, split once.
#[derive(Debug, Clone)]
pub(super) struct FirstNames {
    male: Vec<&'static str>,
    female: Vec<&'static str>,
}

impl FirstNames {
    pub(super) fn new() -> Self {
        Self {
            male: first_names(Gender::Male).collect(),
            female: first_names(Gender::Female).collect(),
        }
    }

    fn draw<R: Rng + ?Sized>(&self, gender: Gender, rng: &mut R) -> &'static str {
        match gender {
            Gender::Male => draw(&self.male, rng),
            Gender::Female => draw(&self.female, rng),
        }
    }
}

/// The words that lean, by character, split once.
#[derive(Debug, Clone)]
pub(super) struct LeaningWords([Vec<(u8, &'static str)>; Character::ALL.len()]);

impl LeaningWords {
    pub(super) fn new() -> Self {
        Self(
            Character::ALL.map(|character| {
                character.leanings().into_iter().flat_map(leaning_words).collect()
            }),
        )
    }

    /// A word and its level, if there are words for this character.
    pub(super) fn draw<R: Rng + ?Sized>(
        &self,
        character: Character,
        rng: &mut R,
    ) -> Option<(u8, &'static str)> {
        let words = &self.0[character as usize];
        if words.is_empty() {
            return None;
        }
        Some(draw(words, rng))
    }
}

/// Draws words that name a person and show the gender.
pub(super) fn draw_mention<R: Rng + ?Sized>(
    gender: Gender,
    form: Mention,
    names: &FirstNames,
    rng: &mut R,
) -> String {
    // All four are always drawn, so that the form does not change the later draws.
    let title = pick(draw(TITLES_WITH_SURNAME, rng), gender);
    let role = pick(draw(ROLES, rng), gender);
    let kin = pick(draw(KINSHIP, rng), gender);
    let name = names.draw(gender, rng);
    match form {
        Mention::Name => name.to_owned(),
        Mention::Kin => kin.to_owned(),
        Mention::Role => role.to_owned(),
        Mention::Any => match rng.random_range(0..100) {
            0..72 => name.to_owned(),
            72..79 => format!("{title} {}", draw(SURNAMES, rng)),
            79..83 => format!("{} {name}", pick(draw(TITLES_WITH_FIRST_NAME, rng), gender)),
            83..89 => format!("the {role}"),
            89..92 => format!("the {} {role}", draw(ROLE_ADJECTIVES, rng)),
            _ => format!("{} {kin}", draw(OWNERS, rng)),
        },
    }
}

fn draw<T: Copy, R: Rng + ?Sized>(list: &[T], rng: &mut R) -> T {
    list[rng.random_range(0..list.len())]
}

/// The word for `gender` of a pair, male and female.
fn pick((male, female): (&'static str, &'static str), gender: Gender) -> &'static str {
    match gender {
        Gender::Male => male,
        Gender::Female => female,
    }
}
