//! Part of `cargo xtask tidy`: no circle between the files of a crate. A file uses another when it imports from it or
//! names a path into it; a name that the crate's root re-exports is an arrow to the root.

mod paths;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::workspace::{Findings, files, read, root};
use paths::Module;

/// Which module uses which, and by which path.
type Arrows = BTreeMap<Module, BTreeMap<Module, String>>;

/// Reports the circles of every crate.
pub(crate) fn check() -> Findings {
    let all = files()?;
    let mut problems = Vec::new();
    for root_file in all.iter().filter(|file| is_crate_root(file)) {
        problems.extend(circles(root_file, &all, &|file| read(&root().join(file)))?);
    }
    Ok(problems)
}

/// Whether a file is where a library or a program of ours begins. Tests, benchmarks and examples are left out.
fn is_crate_root(file: &str) -> bool {
    (file.starts_with("crates/") || file.starts_with("xtask/"))
        && (file.ends_with("/src/lib.rs") || file.ends_with("/src/main.rs"))
}

/// The circles below one crate root, each with its files and the paths that make it.
fn circles(root_file: &str, all: &[String], text: &dyn Fn(&str) -> Result<String, String>) -> Findings {
    let folder = root_file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut modules: BTreeMap<Module, String> = BTreeMap::new();
    let mut parsed = BTreeMap::new();
    let mut waiting = vec![(Vec::new(), root_file.to_owned())];
    while let Some((module, file)) = waiting.pop() {
        let syntax = syn::parse_file(&text(&file)?).map_err(|error| format!("{file}: {error}"))?;
        for child in paths::declared(&syntax.items) {
            let module: Module = module.iter().cloned().chain(child).collect();
            let path = format!("{folder}/{}", module.join("/"));
            let candidates = [format!("{path}.rs"), format!("{path}/mod.rs")];
            let child_file = candidates.into_iter().find(|candidate| all.contains(candidate));
            waiting
                .push((module, child_file.ok_or_else(|| format!("{file}: the file of {path} is missing"))?));
        }
        modules.insert(module.clone(), file);
        parsed.insert(module, syntax);
    }
    let known: BTreeSet<Module> = modules.keys().cloned().collect();
    let arrows = parsed
        .iter()
        .map(|(module, syntax)| (module.clone(), paths::arrows(module, syntax, &known)))
        .collect();
    Ok(shortest_circles(&arrows).iter().map(|circle| describe(circle, &arrows, &modules)).collect())
}

/// A shortest circle through each module that is on one, until each such module was named once.
fn shortest_circles(arrows: &Arrows) -> Vec<Vec<Module>> {
    let mut found: Vec<Vec<Module>> = Vec::new();
    for start in arrows.keys() {
        if found.iter().any(|circle| circle.contains(start)) {
            continue;
        }
        found.extend(way_back(start, arrows));
    }
    found
}

/// The shortest way from a module back to itself.
fn way_back(start: &Module, arrows: &Arrows) -> Option<Vec<Module>> {
    let mut came_from: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(module) = waiting.pop_front() {
        for next in arrows.get(module)?.keys() {
            if next == start {
                let mut circle = vec![module.clone()];
                let mut at = module;
                while at != start {
                    at = came_from.get(at)?;
                    circle.push(at.clone());
                }
                circle.reverse();
                return Some(circle);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, module);
                waiting.push_back(next);
            }
        }
    }
    None
}

fn describe(circle: &[Module], arrows: &Arrows, files: &BTreeMap<Module, String>) -> String {
    let file = |module: &Module| files.get(module).cloned().unwrap_or_default();
    let mut text = String::from("circle of files: ");
    for (module, next) in circle.iter().zip(circle.iter().cycle().skip(1)) {
        let path = arrows.get(module).and_then(|used| used.get(next)).cloned().unwrap_or_default();
        text += &format!("{} (by `{path}`) -> ", file(module));
    }
    text + &circle.first().map(file).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles of a made-up crate.
    fn found(made_up: &[(&str, &str)]) -> Vec<String> {
        let all: Vec<String> = made_up.iter().map(|(file, _)| format!("src/{file}")).collect();
        let text = |file: &str| {
            let wanted = made_up.iter().find(|(name, _)| file == format!("src/{name}"));
            wanted.map(|(_, text)| (*text).to_owned()).ok_or_else(|| file.to_owned())
        };
        circles("src/lib.rs", &all, &text).unwrap()
    }

    const ROOT: (&str, &str) = ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;");

    #[test]
    fn arrows_one_way_make_no_circle() {
        let a = ("a.rs", "use crate::b::B; pub struct A(B);");
        assert_eq!(found(&[ROOT, a, ("b.rs", "pub struct B;")]), Vec::<String>::new());
        // The parent uses the child, and the child only its sibling.
        let parent = ("a.rs", "mod c; mod d; pub use c::C as A;");
        let c = ("a/c.rs", "use super::d; pub struct C(d::D);");
        let d = ("a/d.rs", "pub struct D;");
        assert!(found(&[ROOT, parent, c, d, ("b/mod.rs", "pub struct B;")]).is_empty());
    }

    #[test]
    fn circle_is_reported_with_its_paths() {
        let a = ("a.rs", "use crate::b::{B, C as D}; pub struct A(B, D);");
        let b = ("b.rs", "pub struct B; pub type C = (); fn f() -> crate::a::A {}");
        assert_eq!(
            found(&[ROOT, a, b]),
            ["circle of files: src/a.rs (by `crate::b::B`) -> src/b.rs (by `crate::a::A`) -> src/a.rs"]
        );
    }

    #[test]
    fn circle_of_three_is_reported_once() {
        let root = ("lib.rs", "mod a; mod b; mod c;");
        let files = [
            root,
            ("a.rs", "use super::b::B;"),
            ("b.rs", "use crate::c;"),
            ("c.rs", "fn f() { crate::a::g() }"),
        ];
        assert_eq!(found(&files).len(), 1);
        assert_eq!(found(&files)[0].matches(" -> ").count(), 3);
    }

    #[test]
    fn every_kind_of_path_counts() {
        for b in [
            "use super::a::A;",
            "use super::{a::{self, A}};",
            "use crate::a as other; fn f(x: other::A) {}",
            "fn f() { g::<crate::a::A>() }",
            "impl super::a::T for u8 {}",
            "fn f() { assert!(x == crate::a::A); }",
            "mod inner { fn f(x: super::super::a::A) {} }",
            "use super::*; fn f(x: a::A) {}",
            "#[serde(with = \"crate::a\")] struct B;",
        ] {
            let root = ("lib.rs", "mod a; mod b;");
            assert_eq!(found(&[root, ("a.rs", "use crate::b::B;"), ("b.rs", b)]).len(), 1, "{b}");
        }
    }

    #[test]
    fn name_of_root_is_arrow_to_root() {
        let b = ("b.rs", "pub struct B(crate::A);");
        assert_eq!(found(&[ROOT, ("a.rs", "pub struct A;"), b]).len(), 1);
    }

    #[test]
    fn parent_and_child_can_be_a_circle() {
        let root = ("lib.rs", "mod a;");
        let child = ("a/c.rs", "use super::A;");
        assert_eq!(found(&[root, ("a.rs", "mod c; fn f() { c::g() }"), child]).len(), 1);
        assert!(found(&[root, ("a.rs", "mod c;"), child]).is_empty(), "a declaration alone uses nothing");
    }

    #[test]
    fn tests_and_visibilities_are_left_out() {
        let a = ("a.rs", "use crate::b::B;");
        for b in [
            "#[cfg(test)] mod tests { use crate::a::A; }",
            "#[cfg(test)] mod tests;",
            "#[cfg(test)] use crate::a::A;",
            "#[cfg(test)] impl B { fn f() { crate::a::f() } }",
            "impl B { #[cfg(test)] fn f() { crate::a::f() } }",
            "pub(in crate::a) struct B;",
            "/// See [`crate::a::A`].\npub struct B;",
            "fn f() { println!(\"crate::a::A\") }",
            "use other::a::A; fn f() -> std::a::A {}",
        ] {
            let root = ("lib.rs", "mod a; mod b;");
            assert!(found(&[root, a, ("b.rs", b), ("b/tests.rs", "use crate::a;")]).is_empty(), "{b}");
        }
    }

    #[test]
    fn roots_are_libraries_and_programs() {
        assert!(is_crate_root("crates/revio/src/lib.rs") && is_crate_root("xtask/src/main.rs"));
        assert!(
            !is_crate_root("crates/revio/tests/wire.rs") && !is_crate_root("crates/revio/src/ops/mod.rs")
        );
    }
}
