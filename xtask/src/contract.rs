//! Who may depend on whom: read from the manifests and from what cargo really resolves.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace::{Findings, PROVIDERS, cargo, files, output, read, root};

/// Packages that no gateway's crate may pull in, whatever the way.
const NOT_IN_A_PROVIDER: [&str; 8] = [
    "recurring-journal",
    "axum",
    "clap",
    "async-trait",
    "recurring-facade",
    "recurring-sandbox",
    "recurring-cli",
    "recurring-fixtures",
];

/// Packages that may be there twice, and why. Only the journal and what is built on it may bring them: the gateways'
/// crates and the facade have one version of everything.
const TWICE: [(&str, &[&str]); 5] = [
    (
        "rsa 0.9, the newest stable one, is of one generation of cryptographic crates, the journal's own and PostgreSQL's client of the next",
        &[
            "block-buffer",
            "cipher",
            "const-oid",
            "cpufeatures",
            "crypto-common",
            "digest",
            "getrandom",
            "inout",
            "rand",
            "rand_core",
            "sha2",
        ],
    ),
    ("PostgreSQL's client has not moved to the newest base64", &["base64"]),
    ("SQLite's and PostgreSQL's clients", &["fallible-iterator"]),
    (
        "the recorder behind the program's endpoint for Prometheus (its feature `metrics`)",
        &["hashbrown", "rand_chacha"],
    ),
    ("procedural macros of two generations; neither is in the program", &["syn"]),
];

/// Which crates of ours each may use outside of its tests; the gateways' crates are checked by what they pull in.
const ARROWS: [(&str, &[&str]); 8] = [
    ("recurring-core", &[]),
    ("recurring-gateway", &["recurring-core"]),
    ("recurring-facade", &["recurring-core", "recurring-gateway"]),
    // The schedule only as a feature: it maps the journal's records. The schedule knows nothing of the journal.
    ("recurring-journal", &["recurring-core", "recurring-facade", "recurring-schedule"]),
    // Pure: it knows the vocabulary at most, and that only as a feature.
    ("recurring-schedule", &["recurring-core"]),
    (
        "recurring-cli",
        &[
            "recurring-core",
            "recurring-facade",
            "recurring-gateway",
            "recurring-journal",
            "recurring-sandbox",
            "recurring-schedule",
        ],
    ),
    // They share no type with the clients, or they would repeat their mistakes.
    ("recurring-sandbox", &[]),
    ("recurring-fixtures", &[]),
];

/// Packages that the program does not link without its features `demo` and `sandbox`: a web server, and what makes the
/// sandbox's RSA key.
const ONLY_IN_A_SANDBOX: [&str; 3] = ["axum", "askama", "recurring-sandbox"];

/// A package that only some manifests may name: where, in which sections, and why.
struct Named {
    package: &'static str,
    places: &'static [(&'static str, &'static str)],
    why: &'static str,
}

const WORKSPACE: (&str, &str) = ("Cargo.toml", "workspace.dependencies");

/// Who may name HTTP, TLS and the libraries that compute with keys.
const NAMED: [Named; 8] = [
    Named {
        package: "reqwest",
        places: &[
            WORKSPACE,
            ("crates/recurring-gateway/Cargo.toml", "dependencies"),
            ("crates/recurring-sandbox/Cargo.toml", "dev-dependencies"),
            ("crates/recurring-bench/Cargo.toml", "dependencies"),
        ],
        why: "only recurring-gateway may talk HTTP; a benchmark compares it with the same by hand",
    },
    Named {
        package: "rsa",
        places: &[
            WORKSPACE,
            ("crates/recurring-gateway/Cargo.toml", "dependencies"),
            ("crates/tokenpay-signed/Cargo.toml", "dependencies"),
            ("crates/recurring-sandbox/Cargo.toml", "dependencies"),
            ("crates/recurring-journal/Cargo.toml", "dev-dependencies"),
            ("crates/recurring-bench/Cargo.toml", "dependencies"),
        ],
        why: "RUSTSEC-2023-0071: it verifies, signs with blinding, and decrypts nothing (docs/security.md)",
    },
    Named {
        package: "aws-lc-rs",
        places: &[WORKSPACE, ("crates/tokenpay-signed/Cargo.toml", "dependencies")],
        why: "it signs for tokenpay-signed",
    },
    Named {
        package: "rustls",
        places: &[
            WORKSPACE,
            ("crates/recurring-journal/Cargo.toml", "dependencies"),
            ("crates/recurring-fixtures/Cargo.toml", "dependencies"),
            ("crates/recurring-bench/Cargo.toml", "dependencies"),
        ],
        why: "recurring-gateway sets up TLS to a gateway, the journal that to PostgreSQL; tests and a benchmark have a TLS server",
    },
    Named { package: "ring", places: &[], why: "rustls computes with aws-lc-rs; one library is enough" },
    Named { package: "openssl", places: &[], why: "TLS is rustls, or native-tls through reqwest" },
    Named {
        package: "subtle",
        places: &[WORKSPACE, ("crates/ngenius/Cargo.toml", "dependencies")],
        why: "one notification carries a shared secret",
    },
    Named {
        package: "chacha20poly1305",
        places: &[WORKSPACE, ("crates/recurring-journal/Cargo.toml", "dependencies")],
        why: "the journal seals credentials",
    },
];

/// The gateways that sign or verify with RSA.
const RSA_USERS: [&str; 2] = ["tokenpay-signed", "revio"];

/// The most packages in the normal tree of a crate, itself included; docs/performance.md shows those of the gateways.
const MOST_PACKAGES: [(&str, usize); 6] = [
    ("omno", 97),
    ("ngenius", 107),
    ("tokenpay-signed", 126),
    ("revio", 126),
    ("emspay", 97),
    // Usable alone, in any program.
    ("recurring-schedule", 15),
];

pub(crate) fn check() -> Findings {
    let mut problems = Vec::new();
    for package in PROVIDERS.into_iter().chain(["recurring-facade", "recurring-schedule"]) {
        let of = |features: &[&str]| {
            output(cargo().args(["tree", "-p", package, "-e", "normal", "--prefix", "none"]).args(features))
        };
        // Every feature: both kinds of TLS, both signers.
        let (default, all) = (of(&[])?, of(&["--all-features"])?);
        if PROVIDERS.contains(&package) {
            problems.extend(unwanted(package, &all));
        }
        problems.extend(too_many(package, packages(&default).len()));
        let twice = duplicates(&all).into_iter().filter(|problem| !is_macro(problem));
        let twice: BTreeSet<_> = duplicates(&default).into_iter().chain(twice).collect();
        problems.extend(twice.into_iter().map(|problem| format!("{package}: {problem}")));
    }
    let lean = format!("rustls,{}", PROVIDERS.join(","));
    let lean = ["tree", "-p", "recurring-cli", "--no-default-features", "--features", &lean, "-e", "normal"];
    let lean = output(cargo().args(lean).args(["--prefix", "none"]))?;
    let linked = packages(&lean).into_iter().filter(|(name, _)| ONLY_IN_A_SANDBOX.contains(name));
    problems.extend(linked.map(|(name, _)| format!("recurring-cli links {name} without its sandbox")));
    for file in files()?.iter().filter(|file| file.ends_with("Cargo.toml")) {
        let manifest = read(&root().join(file))?;
        problems.extend(named_elsewhere(file, &manifest)?);
        problems.extend(wrong_arrows(file, &manifest)?);
    }
    let twice = output(cargo().args([
        "tree",
        "-d",
        "-e",
        "normal",
        "--workspace",
        "--depth",
        "0",
        "--prefix",
        "none",
    ]))?;
    let allowed = |problem: &String| {
        TWICE
            .iter()
            .flat_map(|(_, names)| *names)
            .any(|name| problem.starts_with(&format!("{name} is there")))
    };
    problems.extend(duplicates(&twice).into_iter().filter(|problem| !allowed(problem)));
    Ok(problems)
}

/// Whether what is there twice runs in the compiler only: a macro of OpenSSL's bindings, for native-tls.
fn is_macro(problem: &str) -> bool {
    problem.starts_with("syn is there")
}

/// What a gateway's tree holds and should not.
fn unwanted(provider: &str, tree: &str) -> Vec<String> {
    packages(tree)
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| {
            let other_provider = PROVIDERS.contains(name) && *name != provider;
            let rsa = *name == "rsa" && !RSA_USERS.contains(&provider);
            other_provider || rsa || NOT_IN_A_PROVIDER.contains(name)
        })
        .map(|name| format!("{provider} depends on {name}"))
        .collect()
}

fn too_many(package: &str, count: usize) -> Option<String> {
    let (_, most) = MOST_PACKAGES.iter().find(|(name, _)| *name == package)?;
    (count > *most).then(|| format!("{package}: {count} packages in its tree, at most {most}"))
}

/// What a manifest names and may not. A package of its own outside of the workspace is a user, not a part.
fn named_elsewhere(file: &str, manifest: &str) -> Findings {
    let manifest: toml::Table = manifest.parse().map_err(|error| format!("{file}: {error}"))?;
    let mut problems = Vec::new();
    for Named { package, places, why } in &NAMED {
        let mut sections = Vec::new();
        sections_naming(package, &manifest, "", &mut sections);
        let wrong = sections.iter().filter(|section| !places.contains(&(file, section.as_str())));
        problems.extend(wrong.map(|section| format!("{file}: [{section}] names {package}; {why}")));
    }
    Ok(problems)
}

/// The crates of ours that a crate uses and should not.
fn wrong_arrows(file: &str, manifest: &str) -> Findings {
    let name = file.rsplit('/').nth(1).unwrap_or_default();
    let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else { return Ok(Vec::new()) };
    let manifest: toml::Table = manifest.parse().map_err(|error| format!("{file}: {error}"))?;
    let used = manifest.get("dependencies").and_then(toml::Value::as_table);
    let used = used.into_iter().flat_map(toml::Table::keys);
    let gateway = |dependency: &str| name == "recurring-facade" && PROVIDERS.contains(&dependency);
    let ours = |dependency: &&String| {
        dependency.starts_with("recurring-") || PROVIDERS.contains(&dependency.as_str())
    };
    let wrong = used.filter(ours).filter(|used| !allowed.contains(&used.as_str()) && !gateway(used));
    Ok(wrong.map(|used| format!("{file}: {name} may not depend on {used}")).collect())
}

/// The sections of dependencies, also those of one target, that name a package, under its own name or another.
fn sections_naming(package: &str, table: &toml::Table, path: &str, found: &mut Vec<String>) {
    for (key, value) in table {
        let Some(inner) = value.as_table() else { continue };
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if key.ends_with("dependencies") {
            let renamed = |dependency: &toml::Value| {
                dependency.get("package").and_then(toml::Value::as_str) == Some(package)
            };
            if inner.iter().any(|(name, dependency)| name == package || renamed(dependency)) {
                found.push(path);
            }
        } else {
            sections_naming(package, inner, &path, found);
        }
    }
}

/// Packages that are there in several versions.
fn duplicates(tree: &str) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, version) in packages(tree) {
        versions.entry(name).or_default().insert(version);
    }
    versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| format!("{name} is there in several versions: {versions:?}"))
        .collect()
}

/// Name and version of each line of `cargo tree --prefix none`, each once.
fn packages(tree: &str) -> BTreeSet<(&str, &str)> {
    tree.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or_default()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_knows_no_other_and_no_server() {
        let tree = "emspay v0.1.0 (/x)\nrecurring-core v0.1.0 (/x)\nrevio v0.1.0 (/x)\nrsa v0.9.8\naxum v0.8.0\nasync-trait v0.1.0 (proc-macro)\nrevio v0.1.0 (/x) (*)";
        assert_eq!(
            unwanted("emspay", tree),
            [
                "emspay depends on async-trait",
                "emspay depends on axum",
                "emspay depends on revio",
                "emspay depends on rsa"
            ]
        );
        assert!(unwanted("revio", "revio v0.1.0 (/x)\nrsa v0.9.8\nserde v1.0.0").is_empty());
    }

    #[test]
    fn arrows_point_one_way() {
        let using = |name: &str| format!("[dependencies]\n{name}.workspace = true\nserde = \"1\"");
        for (from, to, fits) in [
            ("recurring-facade", "revio", true),
            ("recurring-journal", "recurring-facade", true),
            ("recurring-journal", "revio", false),
            ("recurring-journal", "recurring-schedule", true),
            ("recurring-schedule", "recurring-journal", false),
            ("recurring-core", "recurring-gateway", false),
            ("recurring-sandbox", "recurring-core", false),
            ("recurring-facade", "recurring-journal", false),
        ] {
            let found = wrong_arrows(&format!("crates/{from}/Cargo.toml"), &using(to)).unwrap();
            assert_eq!(found.is_empty(), fits, "{from} {to}");
        }
        let development = "[dev-dependencies]\nrecurring-fixtures.workspace = true";
        assert!(wrong_arrows("crates/recurring-core/Cargo.toml", development).unwrap().is_empty());
    }

    #[test]
    fn each_crate_has_its_bound_of_packages() {
        for (package, most) in MOST_PACKAGES {
            assert_eq!(too_many(package, most), None);
            assert!(too_many(package, most + 1).is_some(), "{package}");
        }
        assert_eq!(too_many("recurring-cli", 1000), None);
    }

    #[test]
    fn only_one_crate_names_reqwest() {
        let plain = "[dependencies]\nreqwest.workspace = true";
        assert!(named_elsewhere("crates/recurring-gateway/Cargo.toml", plain).unwrap().is_empty());
        assert_eq!(named_elsewhere("crates/revio/Cargo.toml", plain).unwrap().len(), 1);
        let development = "[dev-dependencies]\nreqwest = { workspace = true }";
        assert!(named_elsewhere("crates/recurring-sandbox/Cargo.toml", development).unwrap().is_empty());
        assert_eq!(named_elsewhere("crates/recurring-sandbox/Cargo.toml", plain).unwrap().len(), 1);
        assert_eq!(named_elsewhere("crates/revio/Cargo.toml", development).unwrap().len(), 1);
        let hidden = "[target.'cfg(unix)'.dependencies]\nweb = { package = \"reqwest\", version = \"0.13\" }";
        assert_eq!(named_elsewhere("crates/revio/Cargo.toml", hidden).unwrap().len(), 1);
        let feature = "[features]\nrustls = [\"recurring-gateway/rustls\"]\n[dependencies]\nserde = \"1\"";
        assert!(named_elsewhere("crates/revio/Cargo.toml", feature).unwrap().is_empty());
    }

    #[test]
    fn libraries_that_compute_with_keys_have_their_places() {
        let of = |section: &str, package: &str| format!("[{section}]\n{package}.workspace = true");
        for (krate, section, package, fits) in [
            ("tokenpay-signed", "dependencies", "rsa", true),
            ("recurring-journal", "dev-dependencies", "rsa", true),
            ("recurring-journal", "dependencies", "rsa", false),
            ("revio", "dependencies", "rsa", false),
            ("recurring-cli", "dev-dependencies", "rsa", false),
            ("tokenpay-signed", "dependencies", "aws-lc-rs", true),
            ("revio", "dependencies", "aws-lc-rs", false),
            ("recurring-gateway", "dependencies", "ring", false),
            ("recurring-gateway", "dependencies", "rustls", false),
        ] {
            let file = format!("crates/{krate}/Cargo.toml");
            let found = named_elsewhere(&file, &of(section, package)).unwrap();
            assert_eq!(found.is_empty(), fits, "{krate} {package}: {found:?}");
        }
    }

    #[test]
    fn two_versions_of_a_package_are_found() {
        assert!(duplicates("").is_empty());
        // The same version twice, for two sets of features, is one version.
        assert!(duplicates("syn v2.0.0\n\nsyn v2.0.0").is_empty());
        assert_eq!(duplicates("base64 v0.22.1\n\nbase64 v0.23.1").len(), 1);
    }
}
