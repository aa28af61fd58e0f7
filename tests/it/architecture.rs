//! The import table of `docs/architecture.md` as a test: which room may import which, and which libraries
//! stay behind which fence.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Which rooms a room may import.
const ROOMS: &[(&str, &[&str])] = &[
    (
        "annals",
        &[
            "api",
            "cluster",
            "domain",
            "ingest",
            "projections",
            "store",
            "streams",
        ],
    ),
    ("api", &["domain", "projections", "store"]),
    (
        "benches",
        &[
            "broker",
            "cluster",
            "domain",
            "projections",
            "store",
            "streams",
            "testkit",
        ],
    ),
    ("broker", &[]),
    ("cluster", &[]),
    ("domain", &[]),
    ("ingest", &["domain", "store"]),
    ("projections", &["domain", "store"]),
    ("store", &["domain"]),
    ("streams", &["domain", "store"]),
    ("testkit", &["cluster", "domain", "store"]),
    ("tests", &["annals", "domain", "store", "testkit"]),
];

/// Which rooms may use a library that has a fence.
const FENCES: &[(&str, &[&str])] = &[
    ("async-graphql", &["api"]),
    ("async-graphql-axum", &["api"]),
    ("axum", &["annals", "api", "ingest", "streams"]),
    ("clap", &["annals", "benches"]),
    ("cqrs-es", &["benches", "domain", "store"]),
    ("parquet", &["streams"]),
    ("pdf-writer", &["api"]),
    ("postgres-es", &["benches", "store"]),
    ("rdkafka", &["benches", "ingest", "streams"]),
    ("reqwest", &["ingest"]),
    ("sqlx", &["benches", "projections", "store", "testkit"]),
];

fn packages() -> Vec<Package> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .unwrap()
        .packages
}

fn imports(package: &Package) -> BTreeSet<String> {
    let normal = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.map(|dependency| dependency.name.clone()).collect()
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let packages = packages();
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let rooms: BTreeSet<String> = packages.iter().map(|package| package.name.to_string()).collect();
    assert_eq!(
        rooms,
        allowed.keys().map(|room| (*room).to_owned()).collect(),
        "each room has a line in the table"
    );
    for package in &packages {
        for import in imports(package).intersection(&rooms) {
            assert!(
                allowed[package.name.as_str()].contains(&import.as_str()),
                "{} imports {import}: see the table in docs/architecture.md",
                package.name
            );
        }
    }
}

#[test]
fn libraries_stay_behind_their_fences() {
    for package in packages() {
        let imports = imports(&package);
        for (library, rooms) in FENCES {
            assert!(
                !imports.contains(*library) || rooms.contains(&package.name.as_str()),
                "{} uses {library}, which is for {rooms:?} only",
                package.name
            );
        }
    }
}
