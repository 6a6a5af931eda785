//! Turns a parsed shape into words.

use std::ops::Range;

use rand::{Rng, RngExt};

use super::template::{Piece, Role};
use super::{Case, PronounSlot};
use crate::lexicon::{Gender, Mention, Names, Person};

/// How often an entry is drawn anew when the sentence already has it or a person has that name.
const REDRAWS: usize = 8;

pub(super) fn render<R: Rng + ?Sized>(
    shape: &[Piece],
    classes: &[Vec<Vec<Piece>>],
    names: &Names,
    rng: &mut R,
) -> (String, Vec<PronounSlot>) {
    let people = [(); 5].map(|()| Member::new(rng));
    let mut writer = Writer {
        classes,
        names,
        rng,
        text: String::new(),
        article: None,
        people,
        pronouns: vec![],
        drawn: vec![],
    };
    writer.pieces(shape);
    writer.finish()
}

/// A person together with the words already used for them.
struct Member {
    person: Person,
    words: Option<String>,
    place: Option<Range<usize>>,
}

impl Member {
    fn new<R: Rng + ?Sized>(rng: &mut R) -> Self {
        Self { person: Person::random(rng), words: None, place: None }
    }
}

struct Writer<'a, R: Rng + ?Sized> {
    classes: &'a [Vec<Vec<Piece>>],
    names: &'a Names,
    rng: &'a mut R,
    text: String,
    /// The end of an indefinite article that still waits for the next word.
    article: Option<usize>,
    people: [Member; 5],
    pronouns: Vec<(Range<usize>, Role, Gender, Case)>,
    /// Entries already used, so that one sentence does not say the same thing twice.
    drawn: Vec<(usize, usize)>,
}

impl<R: Rng + ?Sized> Writer<'_, R> {
    fn pieces(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    self.push(text);
                }
                Piece::Article => {
                    let place = self.push("a");
                    self.article = Some(place.end);
                }
                Piece::Class(class) => {
                    let entry = self.draw(*class);
                    let classes = self.classes;
                    self.pieces(&classes[*class][entry]);
                }
                Piece::Mention(role, form) => self.mention(*role, *form),
                Piece::Pronoun(role, case) => {
                    let gender = self.people[*role as usize].person.gender;
                    let place = self.push(case.pronoun(gender));
                    self.pronouns.push((place, *role, gender, *case));
                }
                Piece::Optional(inner) => {
                    if self.rng.random_range(0..2) == 0 {
                        self.pieces(inner);
                    }
                }
            }
        }
    }

    fn draw(&mut self, class: usize) -> usize {
        let count = self.classes[class].len();
        let mut entry = self.rng.random_range(0..count);
        for _ in 0..REDRAWS {
            if !self.drawn.contains(&(class, entry)) {
                break;
            }
            entry = self.rng.random_range(0..count);
        }
        self.drawn.push((class, entry));
        entry
    }

    fn mention(&mut self, role: Role, form: Mention) {
        let words = if let Some(words) = &self.people[role as usize].words {
            words.clone()
        } else {
            self.fresh_words(role, form)
        };
        let place = self.push(&words);
        let member = &mut self.people[role as usize];
        member.words = Some(words);
        if role != Role::Neutral && member.place.is_none() {
            member.place = Some(place);
        }
    }

    fn fresh_words(&mut self, role: Role, form: Mention) -> String {
        loop {
            let words = if role == Role::Neutral {
                self.names.neutral(self.rng).to_owned()
            } else {
                self.people[role as usize].person.mention(form, self.names, self.rng)
            };
            // Two people with one name, as in "King Henry thanked Henry", would blur who is who.
            let last = words.rsplit(' ').next();
            let taken = self.people.iter().filter_map(|member| member.words.as_deref());
            if taken.clone().all(|other| other.rsplit(' ').next() != last) {
                return words;
            }
        }
    }

    fn push(&mut self, text: &str) -> Range<usize> {
        if let (Some(end), Some(first)) = (self.article, text.split_whitespace().next()) {
            if takes_an(first) {
                self.text.insert(end, 'n');
            }
            self.article = None;
        }
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    fn finish(mut self) -> (String, Vec<PronounSlot>) {
        if let Some(first) = self.text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let people = &self.people;
        let slots = self.pronouns.into_iter().map(|(range, role, gender, case)| PronounSlot {
            range,
            gender,
            case,
            referent: people[role as usize].place.clone(),
        });
        (self.text, slots.collect())
    }
}

/// Whether "an" stands before the word: by its first sound, which these few spellings hide.
fn takes_an(word: &str) -> bool {
    let sounds_like_consonant = ["uni", "use", "euro", "one"];
    let sounds_like_vowel = ["honest", "hour", "honour"];
    if sounds_like_consonant.iter().any(|start| word.starts_with(start)) {
        return false;
    }
    word.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U'])
        || sounds_like_vowel.iter().any(|start| word.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::takes_an;

    #[test]
    fn the_article_follows_the_sound() {
        assert!(takes_an("apple") && takes_an("honest") && takes_an("umbrella"));
        assert!(!takes_an("uniform") && !takes_an("useful") && !takes_an("house"));
    }
}
