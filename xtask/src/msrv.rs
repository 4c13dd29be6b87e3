//! `cargo xtask msrv`: whether the stated minimum Rust version is one that the dependencies of the published crates accept.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::workspace::{Findings, cargo, output, read, root};

/// A Rust version: major, minor, patch.
type Version = (u64, u64, u64);

pub(crate) fn check() -> Findings {
    let manifest: toml::Table =
        read(&root().join("Cargo.toml"))?.parse().map_err(|error| format!("Cargo.toml: {error}"))?;
    let stated = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("package")?.get("rust-version")?.as_str())
        .ok_or("Cargo.toml: workspace.package.rust-version is missing")?;
    let metadata = output(cargo().args(["metadata", "--locked", "--all-features", "--format-version", "1"]))?;
    let metadata = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    compare(stated, &metadata)
}

/// Compares the stated version with that of every member, and with the highest that a normal or build dependency of a
/// published crate asks for, on any platform.
fn compare(stated: &str, metadata: &Value) -> Findings {
    let minimum = version(stated).ok_or_else(|| format!("`{stated}` is not a Rust version"))?;
    let members: BTreeSet<&str> =
        list(metadata, "workspace_members").iter().filter_map(Value::as_str).collect();
    let packages = list(metadata, "packages");
    let mut problems = Vec::new();
    let mut published = Vec::new();
    for package in packages {
        let id = text(package, "id");
        if !members.contains(id) {
            continue;
        }
        if version(text(package, "rust_version")) != Some(minimum) {
            problems.push(format!(
                "{}: rust-version is not the one of the workspace, {stated}; use rust-version.workspace = true",
                text(package, "name")
            ));
        }
        // `publish = false` is an empty list of registries.
        if package.get("publish").and_then(Value::as_array).is_none_or(|registries| !registries.is_empty()) {
            published.push(id);
        }
    }
    let needed = dependencies(metadata, published);
    for package in packages {
        if members.contains(text(package, "id")) || !needed.contains(text(package, "id")) {
            continue;
        }
        // A package that states no version asks for none.
        if let Some(asked) = package.get("rust_version").and_then(Value::as_str) {
            let name = format!("{} {}", text(package, "name"), text(package, "version"));
            match version(asked) {
                Some(asked_version) if asked_version <= minimum => {}
                Some(_) => {
                    problems.push(format!("{name} needs Rust {asked}; rust-version states {stated}"));
                }
                None => problems.push(format!("{name}: `{asked}` is not a Rust version")),
            }
        }
    }
    problems.sort();
    Ok(problems)
}

/// The packages that are built when `roots` are built: their normal and build dependencies, and so on.
fn dependencies<'a>(metadata: &'a Value, roots: Vec<&'a str>) -> BTreeSet<&'a str> {
    let nodes = metadata.get("resolve").map(|resolve| list(resolve, "nodes")).unwrap_or_default();
    let mut found = BTreeSet::new();
    let mut waiting = roots;
    while let Some(id) = waiting.pop() {
        if !found.insert(id) {
            continue;
        }
        let Some(node) = nodes.iter().find(|node| text(node, "id") == id) else { continue };
        for dependency in list(node, "deps") {
            if list(dependency, "dep_kinds").iter().any(|kind| text(kind, "kind") != "dev") {
                waiting.push(text(dependency, "pkg"));
            }
        }
    }
    found
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A member's text; empty when it is missing or null, as the kind of a normal dependency is.
fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// Reads `1.89` or `1.89.0`.
fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    let version = (numbers.next()??, numbers.next()??, numbers.next().unwrap_or(Some(0))?);
    numbers.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// One published crate, one that is not, and a dependency of each kind.
    fn metadata(normal: &str, build: &str, dev: &str, unpublished: &str) -> Value {
        let package = |id: &str, rust: &str, publish: Value| json!({"id": id, "name": id, "version": "1.0.0", "rust_version": rust, "publish": publish});
        let dependency = |id: &str, kind: Value| json!({"pkg": id, "dep_kinds": [{"kind": kind}]});
        json!({
            "workspace_members": ["ours", "tool"],
            "packages": [
                package("ours", "1.89", Value::Null),
                package("tool", "1.89", json!([])),
                package("normal", normal, Value::Null),
                package("build", build, Value::Null),
                package("dev", dev, Value::Null),
                package("unpublished", unpublished, Value::Null),
                {"id": "silent", "name": "silent", "version": "1.0.0", "rust_version": null, "publish": null},
            ],
            "resolve": {"nodes": [
                {"id": "ours", "deps": [dependency("normal", Value::Null), dependency("dev", json!("dev"))]},
                {"id": "tool", "deps": [dependency("unpublished", Value::Null)]},
                {"id": "normal", "deps": [dependency("build", json!("build")), dependency("silent", Value::Null)]},
            ]},
        })
    }

    #[test]
    fn versions_compare_with_and_without_patch() {
        assert_eq!(version("1.89"), version("1.89.0"));
        assert!(version("1.9") < version("1.89") && version("1.89") < version("1.89.1"));
        for wrong in ["", "1", "1.x", "1.2.3.4", "stable"] {
            assert_eq!(version(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dependency_that_needs_newer_rust_is_reported() {
        assert!(compare("1.89", &metadata("1.89.0", "1.70", "1.70", "1.70")).unwrap().is_empty());
        for (normal, build) in [("1.90", "1.70"), ("1.70", "1.89.1")] {
            assert_eq!(compare("1.89", &metadata(normal, build, "1.70", "1.70")).unwrap().len(), 1);
        }
        assert_eq!(
            compare("1.89", &metadata("1.90", "1.70", "1.70", "1.70")).unwrap(),
            ["normal 1.0.0 needs Rust 1.90; rust-version states 1.89"]
        );
    }

    #[test]
    fn dev_and_unpublished_dependencies_do_not_count() {
        assert!(compare("1.89", &metadata("1.70", "1.70", "1.95", "1.95")).unwrap().is_empty());
    }

    #[test]
    fn member_with_another_version_is_reported() {
        let problems = compare("1.90", &metadata("1.70", "1.70", "1.70", "1.70")).unwrap();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(compare("new", &metadata("1.70", "1.70", "1.70", "1.70")).is_err());
    }
}
