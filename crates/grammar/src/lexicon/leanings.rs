//! Words that make one gender more probable than the other, at stated odds.
//!
//! The odds are the grammar's own and say nothing about people. Every table is balanced: for each
//! level above 50 % there are as many words at the level as far below.

/// Words by level. A level is a probability in percent; its words are separated by white space.
pub type Leanings = &'static [(u8, &'static str)];

/// The tables that are also word classes, which a shape may name in braces.
pub const LEANING_CLASSES: &[(&str, Leanings)] = &[("role", PROFESSIONS)];

/// The words of a table, each with its level.
pub fn leaning_words(table: Leanings) -> impl Iterator<Item = (u8, &'static str)> {
    let words = |&(level, words): &(u8, &'static str)| {
        words.split_whitespace().map(move |word| (level, word))
    };
    table.iter().flat_map(words)
}

/// Professions and other roles. The level is the probability that the person is female.
pub const PROFESSIONS: Leanings = &[
    (5, "plumber builder miner mechanic carpenter soldier butcher barber"),
    (10, "electrician sailor engineer sergeant captain hunter driver referee"),
    (20, "pilot guard farmer drummer porter banker coach detective"),
    (30, "director surgeon president conductor professor inspector climber merchant"),
    (40, "judge lawyer minister mayor cyclist magician shepherd thief"),
    (
        50,
        "teacher doctor student pupil neighbour stranger visitor guest friend cousin colleague
         partner passenger customer tourist traveller witness",
    ),
    (60, "poet writer editor journalist photographer painter tenant scientist"),
    (70, "singer pianist violinist translator chemist musician swimmer prisoner"),
    (80, "nurse cashier clerk servant potter sculptor jeweller juggler"),
    (90, "librarian caretaker baker gardener runner lodger ambassador manager"),
    (95, "secretary florist dancer cook tailor rider dentist officer"),
];

/// First names that both genders have. The level is the probability that the person is female.
pub const NEUTRAL_NAMES: Leanings = &[
    (10, "Charlie Rowan"),
    (20, "Alex Devon"),
    (30, "Jordan Morgan"),
    (40, "Quinn Riley"),
    (50, "Taylor Casey"),
    (60, "Avery Robin"),
    (70, "Jamie Sasha"),
    (80, "Leslie Kerry"),
    (90, "Kim Dana"),
];

/// Verbs between two people. The level is the probability that a later pronoun stands for the
/// first of them, the subject.
pub const VERBS: Leanings = &[
    (5, "blamed fined"),
    (10, "criticised mocked"),
    (20, "arrested questioned"),
    (30, "warned stopped"),
    (40, "followed watched"),
    (50, "met greeted"),
    (60, "called contacted"),
    (70, "needed missed"),
    (80, "deceived cheated"),
    (90, "betrayed interviewed"),
    (95, "attacked insulted"),
];
