//! Circles between the files of a crate.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Crate, Sources, Uses};

/// Circles of a crate's files, a line for each use that is part of one: `file -> file (names)`.
pub(crate) fn circles(sources: &Sources) -> Vec<String> {
    roots(sources).flat_map(|root| circles_of(&Crate::read(sources, root).uses())).collect()
}

/// Root files of a package's library and programs.
pub(crate) fn roots(sources: &Sources) -> impl Iterator<Item = &str> {
    sources.keys().map(String::as_str).filter(|path| match path.strip_prefix("bin/") {
        Some(program) => program.ends_with("/main.rs") || !program.contains('/'),
        None => ["lib.rs", "main.rs"].contains(path),
    })
}

fn circles_of(uses: &Uses) -> Vec<String> {
    let mut neighbours: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (user, definer) in uses.keys() {
        neighbours.entry(user).or_default().insert(definer);
    }
    let mut lines = Vec::new();
    for ((user, definer), names) in uses {
        if reachable_from(definer, &neighbours).contains(user) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            lines.push(format!("{user} -> {definer} ({})", names.join(", ")));
        }
    }
    lines
}

fn reachable_from<'a>(
    file: &'a str,
    neighbours: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file];
    while let Some(file) = open.pop() {
        for next in neighbours.get(file).into_iter().flatten() {
            if reached.insert(*next) {
                open.push(next);
            }
        }
    }
    reached
}

fn sources(files: &[(&str, &str)]) -> Sources {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_circle_through_the_root_is_found() {
    let sources = sources(&[
        ("lib.rs", "mod a; mod b; pub use a::A; pub use b::{B as Renamed, *};"),
        ("a.rs", "use crate::Renamed; pub struct A(Renamed);"),
        ("b.rs", "pub struct B; pub fn b() -> crate::A { todo!() }"),
    ]);
    assert_eq!(circles(&sources), ["a.rs -> b.rs (Renamed)", "b.rs -> a.rs (A)"]);
}

#[test]
fn a_circle_through_the_module_of_a_folder_is_found() {
    let sources = sources(&[
        ("lib.rs", "mod a; mod room;"),
        ("a.rs", "use crate::room; pub enum A { X } fn a() { println!(\"{}\", room::b()); }"),
        ("room/mod.rs", "mod b; pub(crate) use b::*;"),
        ("room/b.rs", "use super::super::a::A::*; pub(crate) fn b() {}"),
    ]);
    assert_eq!(circles(&sources), ["a.rs -> room/b.rs (b)", "room/b.rs -> a.rs (A)"]);
}

#[test]
fn a_parent_that_uses_a_child_that_uses_it_is_a_circle() {
    let sources = sources(&[
        ("bin/p/main.rs", "mod room; fn main() { room::run() }"),
        ("bin/p/room.rs", "mod b; use self::b::B; pub struct Room; pub fn run() { B }"),
        ("bin/p/room/b.rs", "use super::*; pub struct B; impl B { fn new(_: Room) {} }"),
    ]);
    assert_eq!(
        circles(&sources),
        ["bin/p/room.rs -> bin/p/room/b.rs (B)", "bin/p/room/b.rs -> bin/p/room.rs (Room)"]
    );
}

#[test]
fn reexports_tests_and_names_of_other_crates_make_no_circle() {
    let sources = sources(&[
        ("lib.rs", "pub mod a; mod b; pub use b::b; pub const ONE: u8 = 1;"),
        ("a.rs", "pub const A: u8 = crate::ONE; #[cfg(test)] mod tests { use crate::b; }"),
        ("b.rs", "use std::a::A; use crate::a::{self}; pub fn b() { let a = a::A; }"),
    ]);
    assert_eq!(circles(&sources), Vec::<String>::new());
}
