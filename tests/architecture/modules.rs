//! Modules of a crate, and the uses of each file in other files.
//!
//! A use counts for the file that defines the name, through any number of re-exports. Code for tests,
//! names of macros and methods are ignored.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Ident, Item, ItemMod, ItemUse, Macro, MetaList, Path, UseTree, Visibility,
    visit::{self, Visit},
};

/// Text of each file below `src`, by its path there: `engine/trial.rs`.
pub(crate) type Sources = BTreeMap<String, String>;

/// Names by which a file uses each other file: `(user, definer)`.
pub(crate) type Uses<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<String>>;

/// Meaning of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target<'a> {
    Module(usize),
    /// An item of this file.
    Item(&'a str),
}

struct Module<'a> {
    file: &'a str,
    parent: usize,
    names: BTreeMap<String, BTreeSet<Target<'a>>>,
}

/// One name of a `use`, or all names of a module (`name` is `None`).
struct Import {
    module: usize,
    path: Vec<String>,
    name: Option<String>,
}

/// A path in code, or in a `use` that is not a re-export.
struct Mention {
    module: usize,
    path: Vec<String>,
}

/// One library or program, from its root file down.
pub(crate) struct Crate<'a> {
    sources: &'a Sources,
    modules: Vec<Module<'a>>,
    imports: Vec<Import>,
    mentions: Vec<Mention>,
    /// Module that is being read.
    current: usize,
}

impl<'a> Crate<'a> {
    /// Reads the crate whose root is the file `root` of `sources`.
    pub(crate) fn read(sources: &'a Sources, root: &'a str) -> Self {
        let module = Module { file: root, parent: 0, names: BTreeMap::new() };
        let mut read = Self {
            sources,
            modules: vec![module],
            imports: Vec::new(),
            mentions: Vec::new(),
            current: 0,
        };
        read.read_file(root);
        read.resolve_imports();
        read
    }

    fn read_file(&mut self, file: &str) {
        let syntax = syn::parse_file(&self.sources[file]);
        self.visit_file(&syntax.unwrap_or_else(|error| panic!("{file}: {error}")));
    }

    /// Uses of other files. A re-export alone is not a use.
    pub(crate) fn uses(&self) -> Uses<'a> {
        let mut uses = Uses::new();
        for Mention { module, path } in &self.mentions {
            let user = self.modules[*module].file;
            for target in self.resolve(*module, path) {
                if let Target::Item(definer) = target
                    && definer != user
                {
                    let name = path.last().expect("a path has a name").clone();
                    uses.entry((user, definer)).or_default().insert(name);
                }
            }
        }
        uses
    }

    /// Names that a file takes from the root although another file defines them, as `file: Name`.
    pub(crate) fn uses_of_reexports(&self) -> BTreeSet<String> {
        let root = self.modules[0].file;
        let mut uses = BTreeSet::new();
        for Mention { module, path } in &self.mentions {
            let user = self.modules[*module].file;
            if user == root || path[0] != "crate" || path.len() == 1 {
                continue;
            }
            let targets = self.resolve(0, &path[1..2]);
            if targets.iter().all(|target| matches!(target, Target::Item(file) if *file != root)) {
                uses.insert(format!("{user}: {}", path[1]));
            }
        }
        uses
    }

    /// Resolves the imports, until nothing is added: one import may depend on another.
    fn resolve_imports(&mut self) {
        let mut added = true;
        while added {
            added = false;
            for import in 0..self.imports.len() {
                let Import { module, path, name, .. } = &self.imports[import];
                let targets = self.resolve(*module, path);
                let names: Vec<(String, Target)> = match name {
                    Some(name) => {
                        targets.into_iter().map(|target| (name.clone(), target)).collect()
                    }
                    None => targets.into_iter().flat_map(|target| self.names_in(target)).collect(),
                };
                let module = *module;
                for (name, target) in names {
                    added |= self.modules[module].names.entry(name).or_default().insert(target);
                }
            }
        }
    }

    fn names_in(&self, target: Target<'a>) -> Vec<(String, Target<'a>)> {
        let Target::Module(module) = target else { return Vec::new() };
        let names = self.modules[module].names.iter();
        names
            .flat_map(|(name, targets)| targets.iter().map(|target| (name.clone(), *target)))
            .collect()
    }

    /// Meanings of a path. Words after an item, such as a variant, belong to the item.
    fn resolve(&self, module: usize, path: &[String]) -> BTreeSet<Target<'a>> {
        let Some((first, rest)) = path.split_first() else {
            return BTreeSet::from([Target::Module(module)]);
        };
        match first.as_str() {
            "crate" => return self.resolve(0, rest),
            "self" => return self.resolve(module, rest),
            "super" => return self.resolve(self.modules[module].parent, rest),
            _ => {}
        }
        let targets = self.modules[module].names.get(first).cloned().unwrap_or_default();
        if rest.is_empty() {
            return targets;
        }
        let mut found = BTreeSet::new();
        for target in &targets {
            if let Target::Module(module) = target {
                found.extend(self.resolve(*module, rest));
            }
        }
        if found.is_empty() {
            found.extend(targets.into_iter().filter(|target| matches!(target, Target::Item(_))));
        }
        found
    }

    fn declare(&mut self, name: &Ident, target: Target<'a>) {
        let names = &mut self.modules[self.current].names;
        names.entry(name.to_string()).or_default().insert(target);
    }

    /// File of the child module `name` of the file being read. The compiler reports a missing one.
    fn child_file(&self, name: &Ident) -> Option<&'a str> {
        let file = self.modules[self.current].file;
        let has_folder_of_its_name = self.current != 0 && !file.ends_with("/mod.rs");
        let folder = match file.rsplit_once('/') {
            _ if has_folder_of_its_name => format!("{}/", file.trim_end_matches(".rs")),
            Some((folder, _)) => format!("{folder}/"),
            None => String::new(),
        };
        let candidates = [format!("{folder}{name}.rs"), format!("{folder}{name}/mod.rs")];
        let found = candidates.iter().find_map(|path| self.sources.get_key_value(path));
        found.map(|(path, _)| path.as_str())
    }

    fn import(&mut self, tree: &UseTree, mut path: Vec<String>, reexport: bool) {
        let module = self.current;
        let name = match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                return self.import(&tree.tree, path, reexport);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, path.clone(), reexport);
                }
                return;
            }
            UseTree::Name(tree) if tree.ident == "self" => path.last().cloned(),
            UseTree::Name(tree) => {
                path.push(tree.ident.to_string());
                path.last().cloned()
            }
            UseTree::Rename(tree) => {
                path.push(tree.ident.to_string());
                Some(tree.rename.to_string())
            }
            UseTree::Glob(_) => None,
        };
        if !reexport {
            self.mentions.push(Mention { module, path: path.clone() });
        }
        self.imports.push(Import { module, path, name });
    }

    /// Adds the paths in the text of a macro or an attribute. A single word counts only if it is the
    /// name of a type.
    fn mention_tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    if colons != 2 {
                        self.mention_words(std::mem::take(&mut path));
                    }
                    path.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.mention_words(std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.mention_tokens(group.stream());
                    }
                }
            }
        }
        self.mention_words(path);
    }

    fn mention_words(&mut self, path: Vec<String>) {
        if path.len() > 1 || path.concat().starts_with(char::is_uppercase) {
            self.mentions.push(Mention { module: self.current, path });
        }
    }
}

impl<'ast> Visit<'ast> for Crate<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name): (&[Attribute], _) = match item {
            Item::Const(item) => (&item.attrs, Some(&item.ident)),
            Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            Item::Static(item) => (&item.attrs, Some(&item.ident)),
            Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            Item::Type(item) => (&item.attrs, Some(&item.ident)),
            Item::Union(item) => (&item.attrs, Some(&item.ident)),
            Item::Impl(item) => (&item.attrs, None),
            Item::Mod(item) => (&item.attrs, None),
            Item::Use(item) => (&item.attrs, None),
            _ => (&[], None),
        };
        if attributes.iter().any(is_for_tests) {
            return;
        }
        if let Some(name) = name {
            self.declare(name, Target::Item(self.modules[self.current].file));
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let parent = self.current;
        let file = match item.content {
            Some(_) => self.modules[parent].file,
            None => match self.child_file(&item.ident) {
                Some(file) => file,
                None => return,
            },
        };
        let module = self.modules.len();
        self.modules.push(Module { file, parent, names: BTreeMap::new() });
        self.declare(&item.ident, Target::Module(module));
        self.current = module;
        if item.content.is_none() {
            self.read_file(file);
        }
        visit::visit_item_mod(self, item);
        self.current = parent;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&item.tree, Vec::new(), !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let words = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.mentions.push(Mention { module: self.current, path: words });
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.mention_tokens(mac.tokens.clone());
    }

    fn visit_meta_list(&mut self, meta: &'ast MetaList) {
        self.mention_tokens(meta.tokens.clone());
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    match attribute.meta.require_list() {
        Ok(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        Err(_) => false,
    }
}
