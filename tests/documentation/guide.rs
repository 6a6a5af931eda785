//! The pages of the guide, README.md, README.vi.md and docs/, with their links and blocks of code.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

/// A page of the guide.
pub(crate) struct Page {
    /// Path from the repository's root.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A fenced block of code.
pub(crate) struct Block {
    /// The first word after the fence.
    pub(crate) language: String,
    /// The name of its file, from `file=NAME`.
    pub(crate) file: Option<String>,
    /// Whether it does not run, from `no-run`.
    pub(crate) no_run: bool,
    pub(crate) text: String,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The README in both languages and every page below docs/, sorted by path.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths = vec![PathBuf::from("README.md"), PathBuf::from("README.vi.md")];
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
                                panic!(
                                    "{}: unknown word {word:?} after a fence",
                                    self.path.display()
                                )
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
        assert!(!inside, "{}: a block without an end", self.path.display());
        blocks
    }

    /// Lines outside blocks of code.
    fn prose(&self) -> impl Iterator<Item = &str> {
        let mut inside = false;
        self.text.lines().filter(move |line| {
            let fence = line.starts_with("```");
            inside ^= fence;
            !inside && !fence
        })
    }

    /// Anchors of the page's headings.
    fn anchors(&self) -> BTreeSet<String> {
        let titles = self.prose().filter(|line| line.starts_with('#'));
        titles.map(anchor).collect()
    }

    /// Targets of the page's links and pictures, without those on other sites.
    pub(crate) fn links(&self) -> Vec<String> {
        let mut links = Vec::new();
        for line in self.prose() {
            // Code in a line contains no links.
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

    /// The problem of a link of this page, if it has one.
    pub(crate) fn fault(&self, link: &str, pages: &[Self]) -> Option<String> {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() {
            self.path.clone()
        } else {
            normalise(&self.path.parent().unwrap().join(path))
        };
        // The book contains only docs/.
        if self.path.starts_with("docs") && !target.starts_with("docs") {
            return Some("it leaves docs/".to_owned());
        }
        if !root().join(&target).exists() {
            return Some("no such file".to_owned());
        }
        let page = pages.iter().find(|page| page.path == target);
        let has_heading = page.is_some_and(|page| page.anchors().contains(anchor));
        if !anchor.is_empty() && !has_heading {
            return Some("no such heading".to_owned());
        }
        None
    }
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn anchor(title: &str) -> String {
    let title = title.trim_start_matches('#').trim().to_lowercase();
    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    title.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The path without `..`.
fn normalise(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => assert!(normal.pop(), "{}", path.display()),
            other => normal.push(other),
        }
    }
    normal
}

/// The commands of a console block, each with its output.
pub(crate) fn session(text: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    let mut is_continued = false;
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push((command.to_owned(), Vec::new()));
            is_continued = command.ends_with('\\');
            continue;
        }
        let (command, output) = commands.last_mut().expect("a console block starts with `$ `");
        if is_continued {
            command.push('\n');
            command.push_str(line);
            is_continued = line.ends_with('\\');
        } else {
            output.push(line.to_owned());
        }
    }
    commands
}

/// Whether the page shows the printed lines. A line `…` in the page stands for any lines.
pub(crate) fn shows(page: &[String], printed: &[String]) -> bool {
    match page {
        [] => printed.is_empty(),
        [any, rest @ ..] if any == "…" => {
            (0..=printed.len()).any(|skipped| shows(rest, &printed[skipped..]))
        }
        [line, rest @ ..] => {
            printed.first().is_some_and(|printed| lines_agree(line, printed))
                && shows(rest, &printed[1..])
        }
    }
}

/// Whether two lines have the same words. A decimal number may differ by 1 in its last digit, because
/// processors round differently.
fn lines_agree(page: &str, printed: &str) -> bool {
    let (page, printed) = (page.split_whitespace(), printed.split_whitespace());
    page.clone().count() == printed.clone().count()
        && page.zip(printed).all(|(page, printed)| page == printed || decimals_agree(page, printed))
}

fn decimals_agree(a: &str, b: &str) -> bool {
    let decimal = |word: &str| {
        let word = word.trim_matches(['(', ')', '.', ',', ';']);
        let digits = i32::try_from(word.split_once('.')?.1.len()).ok()?;
        Some((word.parse::<f64>().ok()?, digits))
    };
    match (decimal(a), decimal(b)) {
        (Some((a, digits)), Some((b, other_digits))) => {
            digits == other_digits && (a - b).abs() < 1.5 * 10_f64.powi(-digits)
        }
        _ => false,
    }
}
