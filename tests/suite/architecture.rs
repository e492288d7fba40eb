//! The house rule: a room uses only rooms above it in `src/lib.rs`; and what only one room may make is made only there.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The room names in the order of `lib.rs`.
fn rooms() -> Vec<String> {
    let map = fs::read_to_string("src/lib.rs").expect("src/lib.rs");
    map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).map(str::to_owned).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(Path::new("src"), &mut found);
    found.sort();
    found
}

/// The room a file belongs to: `src/query/guard.rs` and `src/query.rs` are both `query`.
fn room_of(path: &Path) -> String {
    let inside = path.strip_prefix("src").expect("under src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The code of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_room_uses_only_rooms_above_it() {
    let rooms = rooms();
    let rank: HashMap<&str, usize> = rooms.iter().enumerate().map(|(i, room)| (room.as_str(), i)).collect();
    assert!(rooms.len() > 10, "src/lib.rs lists the rooms, one `pub mod` a line");
    let mut broken = Vec::new();
    for path in all_sources() {
        let room = room_of(&path);
        let Some(mine) = rank.get(room.as_str()) else { continue };
        for (number, line) in code(&path).lines().enumerate() {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if rank.get(used.as_str()).is_some_and(|theirs| theirs > mine) {
                    broken.push(format!(
                        "{}: `{room}` uses `{used}`, which stands below it in src/lib.rs ({})",
                        path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(broken.is_empty(), "a room may use only rooms above it in src/lib.rs:\n{}", broken.join("\n"));
}

/// Where a piece of code may stand.
fn only_in(needle: &str, allowed: &[&str]) {
    let elsewhere: Vec<String> = all_sources()
        .into_iter()
        .filter(|path| !allowed.contains(&room_of(path).as_str()) && code(path).contains(needle))
        .map(|path| path.display().to_string())
        .collect();
    assert!(elsewhere.is_empty(), "`{needle}` may stand only in {allowed:?}, but stands in {elsewhere:?}");
}

#[test]
fn proofs_are_handed_out_in_one_place_each() {
    only_in("Actor::issue(", &["domain", "identity", "tenancy"]);
    only_in("TenantScope {", &["tenancy", "web"]); // web: only `impl FromRequest for TenantScope {`
    only_in("mint_for_tenant(", &["identity", "tenancy"]);
    only_in("mint_for_app(", &["identity", "tenancy"]);
    only_in("mint_for_endpoint(", &["identity", "tenancy"]);
    // what an app is tried with goes to the app alone, and the new flow begins only after the look
    only_in("mint_trial(", &["identity", "tenancy"]);
    only_in("trial_token(", &["tenancy", "apps"]);
    only_in("Step::looked_at(", &["apps"]);
    only_in("set_rollout(", &["tenancy"]);
    only_in("AssertSqlSafe", &["datastore", "central", "demo"]);
}

#[test]
fn libraries_keep_to_their_rooms() {
    only_in("sea_orm", &["central"]);
    only_in("sqlparser", &["query"]);
    only_in("plotters", &["chart"]);
    only_in("poem::", &["web", "app", "apps"]);
    only_in("hyper::", &["apps"]);
    only_in("hyper_util", &["apps"]);
    only_in("sqlx::", &["datastore", "central", "demo"]);
}

#[test]
fn templates_stay_within_the_content_security_policy() {
    let mut pages = Vec::new();
    for folder in ["templates", "src/panel"] {
        html(Path::new(folder), &mut pages);
    }
    assert!(pages.len() > 5, "templates are found");
    for path in pages {
        let text = fs::read_to_string(&path).expect("a template");
        for forbidden in [" style=", "hx-on", "js:", "<style", "javascript:", " onclick=", " onload="] {
            assert!(
                !text.contains(forbidden),
                "{} contains `{forbidden}`, which the content security policy blocks",
                path.display()
            );
        }
        let filters = text.lines().any(|line| line.contains("hx-trigger=") && line.contains('['));
        assert!(!filters, "{} has an hx-trigger filter, which needs unsafe-eval", path.display());
        assert!(!text.contains("|safe"), "{} prints text unescaped: use a marker type", path.display());
    }
}

fn html(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            html(&path, found);
        } else if path.extension().is_some_and(|e| e == "html") {
            found.push(path);
        }
    }
}
