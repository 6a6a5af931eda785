//! People: two genders, and the ways in which a sentence can mention someone.

use rand::{Rng, RngExt};

/// The grammatical gender of the person that a pronoun stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gender {
    /// he, him, his, himself
    Male,
    /// she, her, hers, herself
    Female,
}

impl Gender {
    /// The other of the two.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Male => Self::Female,
            Self::Female => Self::Male,
        }
    }

    fn pick<T: Copy>(self, pair: (T, T)) -> T {
        match self {
            Self::Male => pair.0,
            Self::Female => pair.1,
        }
    }
}

/// How a sentence speaks of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention {
    /// Any of the forms below, mostly a first name.
    Any,
    /// A first name.
    Name,
    /// A bare kinship word, for "her brother" and the like.
    Kin,
    /// A bare gendered noun, for "the old king" and the like.
    Role,
}

/// A person whom one sentence speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// What the person's pronouns agree with.
    pub gender: Gender,
}

impl Person {
    /// Somebody of either gender, half and half.
    pub fn random<R: Rng + ?Sized>(rng: &mut R) -> Self {
        let gender = if rng.random_range(0..2) == 0 { Gender::Male } else { Gender::Female };
        Self { gender }
    }

    /// Words that name the person and show the gender.
    pub(crate) fn mention<R: Rng + ?Sized>(
        self,
        form: Mention,
        names: &Names,
        rng: &mut R,
    ) -> String {
        let (title, role, kin) = (
            self.gender.pick(TITLES_WITH_SURNAME[rng.random_range(0..TITLES_WITH_SURNAME.len())]),
            self.gender.pick(ROLES[rng.random_range(0..ROLES.len())]),
            self.gender.pick(KINSHIP[rng.random_range(0..KINSHIP.len())]),
        );
        let name = names.of(self.gender, rng);
        match form {
            Mention::Name => name.to_owned(),
            Mention::Kin => kin.to_owned(),
            Mention::Role => role.to_owned(),
            Mention::Any => match rng.random_range(0..100) {
                0..72 => name.to_owned(),
                72..79 => format!("{title} {}", SURNAMES[rng.random_range(0..SURNAMES.len())]),
                79..83 => {
                    let at = rng.random_range(0..TITLES_WITH_FIRST_NAME.len());
                    format!("{} {name}", self.gender.pick(TITLES_WITH_FIRST_NAME[at]))
                }
                83..89 => format!("the {role}"),
                89..92 => {
                    format!("the {} {role}", ROLE_ADJECTIVES[rng.random_range(0..8)])
                }
                _ => format!("{} {kin}", OWNERS[rng.random_range(0..OWNERS.len())]),
            },
        }
    }
}

/// The first names, split once.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    male: Vec<&'static str>,
    female: Vec<&'static str>,
    neutral: Vec<&'static str>,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            male: first_names(Gender::Male).collect(),
            female: first_names(Gender::Female).collect(),
            neutral: NEUTRAL_NAMES.to_vec(),
        }
    }

    fn of<R: Rng + ?Sized>(&self, gender: Gender, rng: &mut R) -> &'static str {
        let list = match gender {
            Gender::Male => &self.male,
            Gender::Female => &self.female,
        };
        list[rng.random_range(0..list.len())]
    }

    pub(crate) fn neutral<R: Rng + ?Sized>(&self, rng: &mut R) -> &'static str {
        self.neutral[rng.random_range(0..self.neutral.len())]
    }
}

/// The first names that show a gender.
pub fn first_names(gender: Gender) -> impl Iterator<Item = &'static str> {
    match gender {
        Gender::Male => MALE_NAMES.split_whitespace(),
        Gender::Female => FEMALE_NAMES.split_whitespace(),
    }
}

/// Owners that come before a kinship word without a gender of their own.
pub(crate) const OWNERS: [&str; 4] = ["my", "our", "your", "their"];

/// Adjectives between "the" and a gendered noun.
pub(crate) const ROLE_ADJECTIVES: [&str; 8] =
    ["old", "young", "tall", "rich", "poor", "famous", "foreign", "quiet"];

/// Titles before a surname, male and female.
pub const TITLES_WITH_SURNAME: &[(&str, &str)] = &[("Mr", "Mrs"), ("Mr", "Miss"), ("Lord", "Lady")];

/// Titles before a first name, male and female.
pub const TITLES_WITH_FIRST_NAME: &[(&str, &str)] =
    &[("King", "Queen"), ("Prince", "Princess"), ("Uncle", "Aunt"), ("Sir", "Dame")];

/// Kinship words, male and female.
pub const KINSHIP: &[(&str, &str)] = &[
    ("brother", "sister"),
    ("father", "mother"),
    ("son", "daughter"),
    ("uncle", "aunt"),
    ("nephew", "niece"),
    ("grandfather", "grandmother"),
    ("grandson", "granddaughter"),
    ("husband", "wife"),
    ("stepfather", "stepmother"),
    ("stepson", "stepdaughter"),
    ("stepbrother", "stepsister"),
    ("godfather", "godmother"),
    ("boyfriend", "girlfriend"),
    ("dad", "mum"),
];

/// Nouns that show a gender, male and female.
pub const ROLES: &[(&str, &str)] = &[
    ("king", "queen"),
    ("prince", "princess"),
    ("duke", "duchess"),
    ("emperor", "empress"),
    ("count", "countess"),
    ("waiter", "waitress"),
    ("actor", "actress"),
    ("steward", "stewardess"),
    ("hero", "heroine"),
    ("host", "hostess"),
    ("landlord", "landlady"),
    ("policeman", "policewoman"),
    ("salesman", "saleswoman"),
    ("businessman", "businesswoman"),
    ("chairman", "chairwoman"),
    ("postman", "postwoman"),
    ("sportsman", "sportswoman"),
    ("headmaster", "headmistress"),
    ("monk", "nun"),
    ("wizard", "witch"),
    ("widower", "widow"),
    ("bridegroom", "bride"),
    ("gentleman", "lady"),
    ("man", "woman"),
    ("boy", "girl"),
];

/// Surnames, for use after a title.
pub const SURNAMES: &[&str] = &[
    "Barnes", "Bennett", "Bryant", "Clark", "Dawson", "Dixon", "Evans", "Fletcher", "Gibson",
    "Griffin", "Harris", "Hawkins", "Hayes", "Holmes", "Hughes", "Jenkins", "Lambert", "Morris",
    "Norris", "Palmer", "Pearson", "Perkins", "Sanders", "Simmons", "Thornton", "Turner", "Walsh",
    "Watson", "Webb", "Wilson",
];

/// First names that show no gender.
pub const NEUTRAL_NAMES: &[&str] = &[
    "Alex", "Avery", "Casey", "Charlie", "Dana", "Devon", "Jamie", "Jordan", "Kerry", "Kim",
    "Leslie", "Morgan", "Quinn", "Riley", "Robin", "Rowan", "Sasha", "Taylor",
];

const MALE_NAMES: &str = "
    Adam Adrian Alan Albert Alexander Alfred Andrew Anthony Arnold Arthur Barry Benjamin Bernard
    Boris Brandon Brian Bruce Bruno Carl Cedric Charles Christopher Colin Craig Daniel Darren David
    Dennis Derek Dominic Donald Douglas Duncan Edgar Edmund Edward Edwin Eric Ernest Felix Fernando
    Frederick Gareth Gary Geoffrey George Gerald Gilbert Gordon Graham Gregory Gustav Harold Harry
    Hector Henry Herbert Howard Hugo Ian Isaac Ivan Jacob James Jason Jeremy Jerome Joel John
    Jonathan Joseph Joshua Julian Justin Keith Kenneth Kevin Lawrence Leo Leonard Lewis Louis Lucas
    Luke Malcolm Marcus Mario Martin Matthew Maurice Michael Nathan Neil Nicholas Nigel Norman Oliver
    Oscar Otto Owen Pablo Patrick Paul Pedro Peter Philip Ralph Raymond Richard Robert Roger Roland
    Ronald Rupert Samuel Sebastian Simon Stanley Stephen Stuart Theodore Thomas Timothy Tobias Trevor
    Victor Vincent Walter Warren Wilfred William";

const FEMALE_NAMES: &str = "
    Abigail Agatha Agnes Alice Alison Amanda Amelia Amy Angela Anita Anna Annabel Anne Audrey Barbara
    Beatrice Bella Bertha Betty Brenda Bridget Camilla Carla Carmen Caroline Catherine Cecilia
    Charlotte Christina Clara Claudia Constance Cynthia Daphne Deborah Denise Diana Donna Doris
    Dorothy Edith Eleanor Elena Eliza Elizabeth Ella Elsa Emily Emma Erica Esther Eva Fiona Flora
    Florence Frieda Gabriella Georgina Gertrude Gillian Gloria Greta Hannah Harriet Heidi Helen
    Helena Henrietta Hilda Imogen Ingrid Irene Isabel Jacqueline Jane Janet Jennifer Jessica Joan
    Joanna Josephine Judith Julia Juliet Karen Katherine Laura Leah Lena Linda Lisa Lorna Louisa Lucy
    Lydia Mabel Margaret Maria Marianne Martha Mary Matilda Maureen Melanie Mildred Miriam Molly
    Monica Muriel Nadia Nancy Naomi Natalie Nina Nora Olga Olivia Pamela Patricia Paula Phoebe Rachel
    Rebecca Rosa Ruth Sabrina Sally Samantha Sandra Sarah";
