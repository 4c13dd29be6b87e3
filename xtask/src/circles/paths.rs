//! Which other files of its crate a file uses.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, File, ImplItem, ImplItemFn, Item, ItemMod, ItemUse, Meta, UseTree, VisRestricted};

/// The path of a module from the root of its crate; the root is empty.
pub(super) type Module = Vec<String>;

/// The modules that a file declares and that are files of their own, also those inside an inline module; without tests.
pub(super) fn declared(items: &[Item]) -> Vec<Module> {
    let mut found = Vec::new();
    for item in items {
        let Item::Mod(module) = item else { continue };
        if is_test(&module.attrs) {
            continue;
        }
        let name = module.ident.to_string();
        match &module.content {
            None => found.push(vec![name]),
            Some((_, inner)) => found.extend(declared(inner).into_iter().map(|below| {
                let mut path = vec![name.clone()];
                path.extend(below);
                path
            })),
        }
    }
    found
}

/// The other modules that a module uses, each with the first path that shows it.
pub(super) fn arrows(module: &Module, syntax: &File, known: &BTreeSet<Module>) -> BTreeMap<Module, String> {
    let mut imports = Reader::new(module, known);
    imports.only_imports = true;
    imports.visit_file(syntax);
    let mut reader = Reader::new(module, known);
    reader.imported = imports.imported;
    reader.globs = imports.globs;
    reader.visit_file(syntax);
    reader.found
}

struct Reader<'a> {
    file: &'a Module,
    known: &'a BTreeSet<Module>,
    /// The inline modules around what is being read.
    inline: Vec<String>,
    /// What a name in this file stands for, by an import.
    imported: BTreeMap<String, Vec<String>>,
    /// The modules of which everything is imported.
    globs: Vec<Vec<String>>,
    only_imports: bool,
    found: BTreeMap<Module, String>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a Module, known: &'a BTreeSet<Module>) -> Self {
        let (imported, found) = (BTreeMap::new(), BTreeMap::new());
        Self { file, known, inline: Vec::new(), imported, globs: Vec::new(), only_imports: false, found }
    }

    /// The path from the root of the crate; `None` for what is not of this crate, as far as this file shows.
    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        let (first, mut rest) = path.split_first()?;
        let mut base: Vec<String> = self.file.iter().chain(&self.inline).cloned().collect();
        match first.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => {
                base.pop();
                while let Some(after) = rest.strip_prefix(&["super".to_owned()]) {
                    base.pop();
                    rest = after;
                }
            }
            name => {
                let below =
                    |base: &[String]| base.iter().cloned().chain([name.to_owned()]).collect::<Vec<_>>();
                let glob = self.globs.iter().map(|glob| below(glob)).find(|path| self.known.contains(path));
                base = Some(below(&base))
                    .filter(|child| self.known.contains(child))
                    .or_else(|| self.imported.get(name).cloned())
                    .or(glob)?;
            }
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    fn add(&mut self, path: &[String]) {
        let Some(full) = self.resolve(path) else { return };
        let target = (0..=full.len()).rev().filter_map(|length| full.get(..length));
        let Some(target) = target.map(<[String]>::to_vec).find(|part| self.known.contains(part)) else {
            return;
        };
        if target != *self.file {
            self.found.entry(target).or_insert_with(|| path.join("::"));
        }
    }

    fn import(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: String| before.iter().cloned().chain([name]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &with(path.ident.to_string())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, before)),
            UseTree::Name(name) if name.ident == "self" => {
                let alias = before.last().cloned().unwrap_or_default();
                self.bind(alias, before.to_vec());
            }
            UseTree::Name(name) => self.bind(name.ident.to_string(), with(name.ident.to_string())),
            UseTree::Rename(rename) => self.bind(rename.rename.to_string(), with(rename.ident.to_string())),
            UseTree::Glob(_) => {
                self.add(before);
                self.globs.extend(self.resolve(before));
            }
        }
    }

    fn bind(&mut self, alias: String, path: Vec<String>) {
        self.add(&path);
        // A name that stands for itself, such as a child, needs no entry.
        if let Some(full) = self.resolve(&path).filter(|_| path.len() > 1) {
            self.imported.insert(alias, full);
        }
    }

    /// Paths in the tokens of a macro; its structure is not known.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut colons, mut of_macro) = (0, false);
        for token in tokens {
            match token {
                TokenTree::Ident(name) if colons == 2 || path.is_empty() => {
                    path.push(name.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() && colons < 2 => {
                    colons += 1;
                    continue;
                }
                _ => {}
            }
            self.end_of_path(&mut path, of_macro);
            colons = 0;
            of_macro = false;
            match token {
                TokenTree::Ident(name) => path.push(name.to_string()),
                // `$crate` is the crate that defines the macro, wherever it is used.
                TokenTree::Punct(mark) => of_macro = mark.as_char() == '$',
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(_) => {}
            }
        }
        self.end_of_path(&mut path, of_macro);
    }

    fn end_of_path(&mut self, path: &mut Vec<String>, of_macro: bool) {
        if path.len() > 1 && !of_macro {
            self.add(path);
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Fn(ImplItemFn { attrs, .. }) if is_test(attrs) => {}
            _ => visit::visit_impl_item(self, item),
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.inline.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.inline.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 && !self.only_imports && path.leading_colon.is_none() {
            self.add(&names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        visit::visit_macro(self, called);
        if !self.only_imports {
            self.tokens(called.tokens.clone());
        }
    }

    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}

    /// A derive's attribute names functions in its strings, such as `#[serde(with = "crate::text")]`.
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let Meta::List(list) = &attribute.meta else { return };
        if self.only_imports {
            return;
        }
        for token in list.tokens.clone() {
            let TokenTree::Literal(literal) = token else { continue };
            let text = literal.to_string();
            let path: Vec<String> = text.trim_matches('"').split("::").map(str::to_owned).collect();
            if path.len() > 1 {
                self.add(&path);
            }
        }
    }
}

/// Whether an item is compiled for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let text = list.tokens.to_string();
            text == "test" || text.replace(' ', "").starts_with("all(test,")
        }
        _ => false,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
