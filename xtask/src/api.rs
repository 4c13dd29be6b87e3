//! `cargo xtask api`: what each published library offers, in a file that is kept in the repository. A change of a public
//! signature then shows in the review of the change that makes it.
//!
//! It lists what is written as `pub` in files that the crate's root reaches, with the items of public traits and the members
//! of public types. Whether an item can be named from outside is for the reader: each has the module in which it is.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::{Attribute, Fields, ImplItem, Item, ReturnType, Signature, TraitItem, Visibility};

use crate::workspace::{Findings, files, read, root};

/// The libraries that are published.
const LIBRARIES: [&str; 11] = [
    "emspay",
    "ngenius",
    "omno",
    "recurring-core",
    "recurring-facade",
    "recurring-gateway",
    "recurring-journal",
    "recurring-sandbox",
    "recurring-schedule",
    "revio",
    "tokenpay-signed",
];

fn listing_of(library: &str) -> String {
    format!("docs/api/{library}.txt")
}

/// Compares the listings with the code.
pub(crate) fn check() -> Findings {
    let mut problems = Vec::new();
    for library in LIBRARIES {
        let (file, now) = (listing_of(library), list(library)?);
        let before = read(&root().join(&file)).unwrap_or_default();
        for line in now.lines().filter(|line| !before.lines().any(|known| known == *line)) {
            problems.push(format!("{file}: new: {line}"));
        }
        for line in before.lines().filter(|line| !now.lines().any(|known| known == *line)) {
            problems.push(format!("{file}: gone: {line}"));
        }
    }
    if !problems.is_empty() {
        problems
            .push("the public API has changed: if that is meant, run `cargo xtask api --bless`".to_owned());
    }
    Ok(problems)
}

/// Writes the listings.
pub(crate) fn bless() -> Result<(), String> {
    for library in LIBRARIES {
        let file = root().join(listing_of(library));
        std::fs::write(&file, list(library)?).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

/// One line for each public item of a library, sorted by module.
fn list(library: &str) -> Result<String, String> {
    let source = format!("crates/{library}/src/");
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files()?.iter().filter(|file| file.starts_with(&source) && file.ends_with(".rs")) {
        if file.ends_with("/main.rs") {
            continue;
        }
        let syntax =
            syn::parse_file(&read(&root().join(file))?).map_err(|error| format!("{file}: {error}"))?;
        let module = file.trim_start_matches(&source).trim_end_matches(".rs").trim_end_matches("/mod");
        let module = module.replace('/', "::");
        items(&syntax.items, lines.entry(module).or_default());
    }
    let text = lines.into_iter().flat_map(|(module, mut items)| {
        items.sort();
        items.into_iter().map(move |item| format!("{module}: {item}\n"))
    });
    Ok(text.collect())
}

fn items(items: &[Item], lines: &mut Vec<String>) {
    for item in items {
        match item {
            Item::Fn(function) if is_public(&function.vis) => lines.push(signature(&function.sig)),
            Item::Const(constant) if is_public(&constant.vis) => {
                lines.push(format!("const {}: {}", constant.ident, text(&constant.ty)));
            }
            Item::Struct(kind) if is_public(&kind.vis) && !is_hidden(&kind.attrs) => {
                let name = format!("struct {}{}", kind.ident, text(&kind.generics));
                lines.push(format!("{}{name}", non_exhaustive(&kind.attrs)));
                members(&name, &kind.fields, false, lines);
            }
            Item::Enum(kind) if is_public(&kind.vis) && !is_hidden(&kind.attrs) => {
                let name = format!("enum {}{}", kind.ident, text(&kind.generics));
                lines.push(format!("{}{name}", non_exhaustive(&kind.attrs)));
                for variant in &kind.variants {
                    let variant_name = format!("{name}::{}", variant.ident);
                    lines.push(variant_name.clone());
                    members(&variant_name, &variant.fields, true, lines);
                }
            }
            Item::Trait(kind) if is_public(&kind.vis) && !is_hidden(&kind.attrs) => {
                let name = format!("trait {}{}", kind.ident, text(&kind.generics));
                lines.push(format!("{name}: {}", text(&kind.supertraits)));
                for item in &kind.items {
                    if let TraitItem::Fn(function) = item {
                        let body = if function.default.is_some() { " { .. }" } else { "" };
                        lines.push(format!("{name}::{}{body}", signature(&function.sig)));
                    }
                }
            }
            Item::Impl(implementation) => {
                let of = text(&implementation.self_ty);
                if let Some((path, _)) = &implementation.trait_ {
                    lines.push(format!("impl {} for {of}", text(path)));
                    continue;
                }
                for item in &implementation.items {
                    match item {
                        ImplItem::Fn(function) if is_public(&function.vis) && !is_hidden(&function.attrs) => {
                            lines.push(format!("{of}::{}", signature(&function.sig)));
                        }
                        ImplItem::Const(constant) if is_public(&constant.vis) => {
                            lines.push(format!("{of}::const {}: {}", constant.ident, text(&constant.ty)));
                        }
                        _ => {}
                    }
                }
            }
            Item::Use(import) if is_public(&import.vis) && !is_hidden(&import.attrs) => {
                lines.push(format!("use {}", text(&import.tree)));
            }
            Item::Mod(module) if is_public(&module.vis) && !is_hidden(&module.attrs) => {
                lines.push(format!("mod {}", module.ident));
            }
            Item::Macro(call) => lines.extend(generated(call)),
            _ => {}
        }
    }
}

/// The public members of a type; those of an enum's variant are all public.
fn members(of: &str, fields: &Fields, all: bool, lines: &mut Vec<String>) {
    for (number, field) in fields.iter().enumerate() {
        if all || is_public(&field.vis) {
            let name = field.ident.as_ref().map_or_else(|| number.to_string(), ToString::to_string);
            lines.push(format!("{of}.{name}: {}", text(&field.ty)));
        }
    }
}

/// What a macro of ours writes, such as an open enum: its whole text, since its items are no items yet.
fn generated(call: &syn::ItemMacro) -> Option<String> {
    let tokens = text(&call.mac.tokens);
    let name = text(&call.mac.path);
    (call.ident.is_none() && tokens.contains("pub ")).then(|| format!("{name}! {{ {tokens} }}"))
}

fn signature(signature: &Signature) -> String {
    let inputs: Vec<String> = signature.inputs.iter().map(text).collect();
    let output = match &signature.output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, kind) => format!(" -> {}", text(kind)),
    };
    let is_async = if signature.asyncness.is_some() { "async " } else { "" };
    format!("{is_async}fn {}{}({}){output}", signature.ident, text(&signature.generics), inputs.join(", "))
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn non_exhaustive(attributes: &[Attribute]) -> &'static str {
    let is = attributes.iter().any(|attribute| attribute.path().is_ident("non_exhaustive"));
    if is { "#[non_exhaustive] " } else { "" }
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("doc") && text(attribute).contains("hidden"))
}

/// The text of a piece of code on one line, without comments, and with the spaces that people write.
fn text(tokens: &impl ToTokens) -> String {
    let spaced = tokens.to_token_stream().to_string();
    let mut line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" : ", ": "),
        ("' ", "'"),
    ] {
        line = line.replace(from, to);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(code: &str) -> Vec<String> {
        let mut lines = Vec::new();
        items(&syn::parse_file(code).expect("code").items, &mut lines);
        lines
    }

    #[test]
    fn public_items_are_listed_and_others_are_not() {
        let code = "
            #[non_exhaustive] pub struct Order { pub id: String, secret: u8 }
            pub(crate) struct Inner;
            impl Order { pub async fn read(&self, id: &str) -> Result<Self, Error> { todo } fn own(&self) {} }
            pub enum Word { One, Two(u8) }
            pub trait Open { fn must(&self); fn may(&self) {} }
            impl Clone for Order { fn clone(&self) -> Self { todo } }
            #[doc(hidden)] pub mod sealed;";
        assert_eq!(
            listed(code),
            [
                "#[non_exhaustive] struct Order",
                "struct Order.id: String",
                "Order::async fn read(&self, id: &str) -> Result<Self, Error>",
                "enum Word",
                "enum Word::One",
                "enum Word::Two",
                "enum Word::Two.0: u8",
                "trait Open: ",
                "trait Open::fn must(&self)",
                "trait Open::fn may(&self) { .. }",
                "impl Clone for Order",
            ]
        );
    }

    #[test]
    fn change_of_a_signature_changes_its_line() {
        assert_ne!(listed("pub fn f(a: u8) {}"), listed("pub fn f(a: u16) {}"));
        assert_ne!(listed("pub struct S;"), listed("#[non_exhaustive] pub struct S;"));
    }
}
