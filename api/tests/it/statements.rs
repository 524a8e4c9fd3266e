//! The table in `docs/SECURITY.md` names for each statement the tests that hold it: all statements, and only tests that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::architecture::{ROOMS, root, sources};

/// The statements of each subject, by number.
const SUBJECTS: [(&str, usize); 11] = [
    ("AUTH", 15),
    ("SESS", 13),
    ("JWT", 10),
    ("RATE", 8),
    ("INV", 6),
    ("KEY", 7),
    ("TEN", 10),
    ("SEC", 10),
    ("RLS", 11),
    ("INP", 8),
    ("LOG", 6),
];

/// Each statement with what its row names in backticks.
fn table() -> BTreeMap<String, Vec<String>> {
    let document = fs::read_to_string(root().join("docs/SECURITY.md")).unwrap();
    let (_, table) = document.split_once("## Statement by statement\n").unwrap();
    let rows =
        table.lines().take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("| "));
    let mut statements = BTreeMap::new();
    for row in rows.skip(1) {
        let (statement, held) = row.trim_matches(['|', ' ']).split_once(" | ").unwrap();
        let named = held.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert!(statements.insert(statement.to_owned(), named).is_none(), "{statement} twice");
    }
    statements
}

/// The functions that are run as tests, of all rooms, and the browser's test files.
fn tests() -> BTreeSet<String> {
    let files = ROOMS.iter().flat_map(|room| sources(&root().join(room)));
    let mut names: BTreeSet<String> =
        files.flat_map(|path| tests_of(&fs::read_to_string(path).unwrap())).collect();
    let browser = fs::read_dir(root().join("frontend/e2e")).unwrap();
    names.extend(browser.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
    names
}

/// The names of functions right after an attribute that makes them tests.
fn tests_of(source: &str) -> Vec<String> {
    let mut names = vec![];
    let mut is_test = false;
    for line in source.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if is_test && !line.starts_with("#[") {
            let name =
                line.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            names.extend(name.map(str::to_owned));
            is_test = false;
        }
    }
    names
}

#[test]
fn every_statement_is_held_by_tests_that_exist() {
    let (table, tests) = (table(), tests());
    let all: BTreeSet<String> = SUBJECTS
        .iter()
        .flat_map(|(subject, count)| (1..=*count).map(move |number| format!("{subject}-{number}")))
        .collect();
    assert_eq!(table.keys().cloned().collect::<BTreeSet<_>>(), all);
    for (statement, named) in &table {
        // What is for later says so without a test.
        let is_later = ["AUTH-12", "AUTH-15", "TEN-9"].contains(&statement.as_str());
        assert_eq!(named.is_empty(), is_later, "{statement}");
        for name in named {
            assert!(tests.contains(name), "{statement}: there is no test {name}");
        }
    }
}
