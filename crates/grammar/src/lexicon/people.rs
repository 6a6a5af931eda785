//! Words for people: names, titles, kinship words and gendered nouns.

use crate::pronoun::Gender;

/// The first names that show a gender.
pub fn first_names(gender: Gender) -> impl Iterator<Item = &'static str> {
    match gender {
        Gender::Male => MALE_NAMES.split_whitespace(),
        Gender::Female => FEMALE_NAMES.split_whitespace(),
    }
}

/// Possessives without gender, for use before a kinship word.
pub const OWNERS: &[&str] = &["my", "our", "your", "their"];

/// Adjectives, for use between "the" and a gendered noun.
pub const ROLE_ADJECTIVES: &[&str] =
    &["old", "young", "tall", "rich", "poor", "famous", "foreign", "quiet"];

/// Titles, male and female, for use before a surname.
pub const TITLES_WITH_SURNAME: &[(&str, &str)] = &[("Mr", "Mrs"), ("Mr", "Miss"), ("Lord", "Lady")];

/// Titles, male and female, for use before a first name.
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
