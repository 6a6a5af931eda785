//! Turns a parsed shape into a sentence.

use std::ops::Range;

use rand::{Rng, RngExt};

use crate::pronoun::{Case, Gender, PronounSlot};
use crate::sentences::character::Character;
use crate::sentences::mention::{FirstNames, LeaningWords, Mention, draw_mention};
use crate::sentences::notation::Piece;

/// How often an entry is redrawn if the sentence already contains it.
const REDRAWS: usize = 8;

/// Draws the words of a shape. Returns the sentence and its pronouns.
pub(super) fn render<R: Rng + ?Sized>(
    shape: &[Piece],
    classes: &[Vec<Vec<Piece>>],
    names: &FirstNames,
    leanings: &LeaningWords,
    rng: &mut R,
) -> (String, Vec<PronounSlot>) {
    let people = draw_people(leanings, rng);
    let mut renderer = Renderer {
        classes,
        names,
        rng,
        text: String::new(),
        article_end: None,
        people,
        pronouns: vec![],
        drawn: vec![],
    };
    renderer.write_pieces(shape);
    renderer.finish()
}

/// A person, with the words that the sentence uses for them.
struct Person {
    gender: Gender,
    /// The probability of `gender`, in percent, if the sentence has no pronoun of the person.
    percent: u8,
    /// The words for the person, or the word that leans.
    mention: Option<String>,
    /// The bytes of the first mention that shows the gender.
    referent: Option<Range<usize>>,
    /// The person who this is, if `a` or `b`.
    antecedent: Option<Character>,
}

/// Draws everybody whom a shape may contain.
fn draw_people<R: Rng + ?Sized>(
    leanings: &LeaningWords,
    rng: &mut R,
) -> [Person; Character::ALL.len()] {
    let a_and_b = [(); 2].map(|()| draw_gender(50, rng));
    Character::ALL.map(|character| draw_person(character, a_and_b, leanings, rng))
}

/// Draws the person of a character, given the genders of `a` and `b`.
fn draw_person<R: Rng + ?Sized>(
    character: Character,
    [a, b]: [Gender; 2],
    leanings: &LeaningWords,
    rng: &mut R,
) -> Person {
    let (level, mention) = match leanings.draw(character, rng) {
        Some((level, word)) => (level, Some(word.to_owned())),
        None => (50, None),
    };
    let mut antecedent = None;
    let (gender, percent) = match character {
        Character::A => (a, 100),
        Character::B => (b, 100),
        Character::Either => {
            let is_a = rng.random_range(0..100) < level;
            antecedent = Some(if is_a { Character::A } else { Character::B });
            let percent = if is_a { level } else { 100 - level };
            (if is_a { a } else { b }, if a == b { 100 } else { percent })
        }
        Character::Neutral
        | Character::Professional
        | Character::Unseen
        | Character::OtherUnseen => {
            let gender = draw_gender(level, rng);
            let percent = if gender == Gender::Female { level } else { 100 - level };
            (gender, percent)
        }
    };
    Person { gender, percent, mention, referent: None, antecedent }
}

/// Draws a gender that is female with a probability of `level` percent.
fn draw_gender<R: Rng + ?Sized>(level: u8, rng: &mut R) -> Gender {
    if rng.random_range(0..100) < level { Gender::Female } else { Gender::Male }
}

/// A pronoun whose person may still be mentioned later in the sentence.
struct WrittenPronoun {
    range: Range<usize>,
    character: Character,
    case: Case,
}

struct Renderer<'a, R: Rng + ?Sized> {
    classes: &'a [Vec<Vec<Piece>>],
    names: &'a FirstNames,
    rng: &'a mut R,
    text: String,
    /// The end of an indefinite article whose next word is still to come.
    article_end: Option<usize>,
    /// Indexed by [`Character`].
    people: [Person; Character::ALL.len()],
    pronouns: Vec<WrittenPronoun>,
    /// Entries used so far (class and index), to avoid repetition within the sentence.
    drawn: Vec<(usize, usize)>,
}

impl<R: Rng + ?Sized> Renderer<'_, R> {
    fn write_pieces(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    self.write(text);
                }
                Piece::Article => {
                    let range = self.write("a");
                    self.article_end = Some(range.end);
                }
                Piece::Class(class) => {
                    let entry = self.draw_entry(*class);
                    let classes = self.classes;
                    self.write_pieces(&classes[*class][entry]);
                }
                Piece::Mention(character, form) => self.write_mention(*character, *form),
                Piece::Pronoun(character, case) => self.write_pronoun(*character, *case),
                Piece::Optional(inner) => {
                    if self.rng.random_range(0..2) == 0 {
                        self.write_pieces(inner);
                    }
                }
            }
        }
    }

    fn draw_entry(&mut self, class: usize) -> usize {
        let count = self.classes[class].len();
        let mut entry = self.rng.random_range(0..count);
        for _ in 0..REDRAWS {
            if !self.drawn.contains(&(class, entry)) && !self.is_leaning_word(class, entry) {
                break;
            }
            entry = self.rng.random_range(0..count);
        }
        self.drawn.push((class, entry));
        entry
    }

    /// Whether the entry is the word that leans in this sentence, such as its profession.
    fn is_leaning_word(&self, class: usize, entry: usize) -> bool {
        let [Piece::Text(word)] = self.classes[class][entry].as_slice() else { return false };
        self.people.iter().any(|person| person.mention.as_ref() == Some(word))
    }

    fn write_pronoun(&mut self, character: Character, case: Case) {
        let gender = self.people[character as usize].gender;
        let range = self.write(case.pronoun(gender));
        self.pronouns.push(WrittenPronoun { range, character, case });
    }

    fn write_mention(&mut self, character: Character, form: Mention) {
        let mention = match &self.people[character as usize].mention {
            Some(mention) => mention.clone(),
            None => self.draw_new_mention(character, form),
        };
        let range = self.write(&mention);
        let person = &mut self.people[character as usize];
        person.mention = Some(mention);
        if character.shows_gender() && person.referent.is_none() {
            person.referent = Some(range);
        }
    }

    /// Draws words whose last one no other person has: in "King Henry thanked Henry", it would be
    /// unclear who is who.
    fn draw_new_mention(&mut self, character: Character, form: Mention) -> String {
        loop {
            let gender = self.people[character as usize].gender;
            let mention = draw_mention(gender, form, self.names, self.rng);
            let mut others = self.people.iter().filter_map(|person| person.mention.as_deref());
            if others.all(|other| last_word(other) != last_word(&mention)) {
                return mention;
            }
        }
    }

    /// Appends `text` and completes the article before it. Returns the bytes of `text`.
    fn write(&mut self, text: &str) -> Range<usize> {
        if let (Some(end), Some(word)) = (self.article_end, text.split_whitespace().next()) {
            if takes_an(word) {
                self.text.insert(end, 'n');
            }
            self.article_end = None;
        }
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    fn finish(mut self) -> (String, Vec<PronounSlot>) {
        if let Some(initial) = self.text.get_mut(..1) {
            initial.make_ascii_uppercase();
        }
        let mut slots = Vec::new();
        for WrittenPronoun { range, character, case } in &self.pronouns {
            let person = &self.people[*character as usize];
            let named = person.antecedent.unwrap_or(*character);
            let referent = self.people[named as usize].referent.clone();
            let pronouns = self.pronouns.iter().filter(|other| other.character == *character);
            // A second pronoun of the person shows the gender.
            let percent = if pronouns.count() > 1 { 100 } else { person.percent };
            let (range, gender, case) = (range.clone(), person.gender, *case);
            slots.push(PronounSlot { range, gender, case, referent, percent });
        }
        (self.text, slots)
    }
}

fn last_word(text: &str) -> Option<&str> {
    text.rsplit(' ').next()
}

/// Whether the article before `word` is "an", by the spellings that occur in the lexicon.
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
