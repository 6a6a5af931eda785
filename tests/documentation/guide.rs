//! The guide as it is written: the README and the pages of docs/, their links and blocks of code.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

/// A page of the guide.
pub(crate) struct Page {
    /// Where it is, from the repository's root.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A fenced block of code.
pub(crate) struct Block {
    /// The first word after the fence.
    pub(crate) language: String,
    /// The file that the page says it is, `file=NAME`.
    pub(crate) file: Option<String>,
    /// Whether it is there to be read only, `no-run`.
    pub(crate) no_run: bool,
    pub(crate) text: String,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The README and every page below docs/, in the order of their paths.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths = vec![PathBuf::from("README.md")];
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let read = |path: PathBuf| Page { text: fs::read_to_string(root().join(&path)).unwrap(), path };
    paths.into_iter().map(read).collect()
}

impl Page {
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut inside = false;
        for line in self.text.lines() {
            match line.strip_prefix("```") {
                Some(_) if inside => inside = false,
                Some(info) => {
                    let mut words = info.split(',');
                    let mut block = Block {
                        language: words.next().unwrap_or_default().to_owned(),
                        file: None,
                        no_run: false,
                        text: String::new(),
                    };
                    for word in words {
                        match word.split_once('=') {
                            Some(("file", name)) => block.file = Some(name.to_owned()),
                            None if word == "no-run" => block.no_run = true,
                            _ => {
                                panic!("{}: {word:?} says nothing of a block", self.path.display())
                            }
                        }
                    }
                    blocks.push(block);
                    inside = true;
                }
                None if inside => {
                    let block = blocks.last_mut().unwrap();
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                None => {}
            }
        }
        assert!(!inside, "{}: a block without end", self.path.display());
        blocks
    }

    /// Lines that are no code.
    fn prose(&self) -> impl Iterator<Item = &str> {
        let mut inside = false;
        self.text.lines().filter(move |line| {
            let fence = line.starts_with("```");
            inside ^= fence;
            !inside && !fence
        })
    }

    /// What the page's headings are called in an address.
    fn anchors(&self) -> BTreeSet<String> {
        let titles = self.prose().filter(|line| line.starts_with('#'));
        let anchor = |title: &str| -> String {
            let title = title.trim_start_matches('#').trim().to_lowercase();
            let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
            title.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
        };
        titles.map(anchor).collect()
    }

    /// Where the page's links and pictures lead, but for other sites.
    pub(crate) fn links(&self) -> Vec<String> {
        let mut links = Vec::new();
        for line in self.prose() {
            // Code in a line is no link.
            let outside: Vec<&str> = line.split('`').step_by(2).collect();
            for part in outside.join("").split("](").skip(1) {
                let target = part.split(')').next().unwrap_or_default();
                if !target.contains("://") {
                    links.push(target.to_owned());
                }
            }
        }
        links
    }

    /// What is wrong with a link of this page.
    pub(crate) fn fault(&self, link: &str, pages: &[Self]) -> Option<String> {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() {
            self.path.clone()
        } else {
            normal(&self.path.parent().unwrap().join(path))
        };
        // The book has nothing but docs/.
        if self.path.starts_with("docs") && !target.starts_with("docs") {
            return Some("it leaves docs/".to_owned());
        }
        if !root().join(&target).exists() {
            return Some("there is no such file".to_owned());
        }
        let page = pages.iter().find(|page| page.path == target);
        let there = page.is_some_and(|page| page.anchors().contains(anchor));
        (!anchor.is_empty() && !there).then(|| "there is no such heading".to_owned())
    }
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => assert!(found.pop(), "{}", path.display()),
            other => found.push(other),
        }
    }
    found
}

/// The commands of a console block, each with what it prints.
pub(crate) fn session(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            found.push((command.to_owned(), Vec::new()));
            goes_on = command.ends_with('\\');
            continue;
        }
        let (command, output) = found.last_mut().expect("a console block starts with `$ `");
        if goes_on {
            command.push('\n');
            command.push_str(line);
            goes_on = line.ends_with('\\');
        } else {
            output.push(line.to_owned());
        }
    }
    found
}

/// Whether what was printed is what the page shows, where a line `…` stands for any lines.
pub(crate) fn shows(page: &[String], printed: &[String]) -> bool {
    match page {
        [] => printed.is_empty(),
        [any, rest @ ..] if any == "…" => {
            (0..=printed.len()).any(|skipped| shows(rest, &printed[skipped..]))
        }
        [line, rest @ ..] => {
            printed.first().is_some_and(|printed| same(line, printed)) && shows(rest, &printed[1..])
        }
    }
}

/// Whether two lines have the same words. Another processor may round a decimal number otherwise, so
/// its last digit may be the next one.
fn same(page: &str, printed: &str) -> bool {
    let (page, printed) = (page.split_whitespace(), printed.split_whitespace());
    page.clone().count() == printed.clone().count()
        && page.zip(printed).all(|(page, printed)| page == printed || next(page, printed))
}

fn next(a: &str, b: &str) -> bool {
    let decimal = |word: &str| {
        let word = word.trim_end_matches(['.', ',', ';']);
        let digits = i32::try_from(word.split_once('.')?.1.len()).ok()?;
        Some((word.parse::<f64>().ok()?, digits))
    };
    match (decimal(a), decimal(b)) {
        (Some((a, digits)), Some((b, same))) => {
            digits == same && (a - b).abs() < 1.5 * 10_f64.powi(-digits)
        }
        _ => false,
    }
}
