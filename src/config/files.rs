//! The files of the tenants folder as they stand: found, checked and read only where they changed.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::yaml::Fault;

/// The largest file, in bytes; the YAML reader has the same limit.
const MAX_BYTES: u64 = 1024 * 1024;
/// How deep folders are searched below a tenant's.
const MAX_DEPTH: usize = 6;
/// How many scans a changed file is read again although its times stand still: a clock tick may hide a second save.
const UNSETTLED: u8 = 2;

/// What a file held when it was last read.
#[derive(Clone, Debug)]
pub(super) struct FileState {
    stat: Option<(u64, i64, i64, u64)>,
    unsettled: u8,
    /// Changes whenever the content (or what is wrong with it) does.
    pub(super) hash: u64,
    /// Its text, or why it cannot be read.
    pub(super) text: Result<Arc<str>, Fault>,
}

/// All files that may matter, by their path relative to the tenants folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    pub(super) found: BTreeMap<String, FileState>,
    /// The folders directly in the tenants folder.
    pub(super) folders: BTreeSet<String>,
}

impl Files {
    /// Looks at every file below `root`; those whose times, size and inode are as in `previous` are not read again.
    pub(super) fn scan(root: &Path, previous: Option<&Files>) -> Files {
        let mut files = Files::default();
        let Ok(real_root) = root.canonicalize() else { return files };
        let mut scan = Scan { root, real_root, previous, files: &mut files };
        for (name, path) in entries(root) {
            // What blueprints hold is read by those who provision.
            let ours = !name.starts_with('_') || name == "_shared";
            if ours && path.is_dir() && scan.inside(&path, &name) {
                scan.folder(&path, &name, 0);
                scan.files.folders.insert(name);
            }
        }
        files
    }

    /// Whether anything differs in content.
    pub(super) fn differs(&self, other: &Files) -> bool {
        self.folders != other.folders
            || self.found.len() != other.found.len()
            || self.found.iter().zip(&other.found).any(|((a, x), (b, y))| a != b || x.hash != y.hash)
    }

    /// The hash of the file at `path`, if there is one.
    pub(super) fn hash(&self, path: &str) -> Option<u64> {
        self.found.get(path).map(|file| file.hash)
    }

    /// The files directly in `folder` (`acme-corp/panels`), each with its name without `.yaml`.
    pub(super) fn directly_in<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let prefix = format!("{folder}/");
        let below = self.found.range(prefix.clone()..).map(|(path, _)| path.as_str());
        below.take_while(move |path| path.starts_with(&prefix)).filter_map(move |path| {
            let name = &path[folder.len() + 1..];
            let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))?;
            (!name.contains('/')).then_some((path, stem))
        })
    }
}

/// How long an empty file may be one that is about to be filled.
const WRITING: std::time::Duration = std::time::Duration::from_millis(700);

struct Scan<'a> {
    root: &'a Path,
    real_root: PathBuf,
    previous: Option<&'a Files>,
    files: &'a mut Files,
}

impl Scan<'_> {
    fn folder(&mut self, folder: &Path, name: &str, depth: usize) {
        for (entry, path) in entries(folder) {
            let name = format!("{name}/{entry}");
            let yaml = has_yaml_name(&entry);
            if path.is_dir() && !yaml {
                if depth < MAX_DEPTH && self.inside(&path, &name) {
                    self.folder(&path, &name, depth + 1);
                }
            } else if yaml {
                self.file(&path, name);
            }
        }
    }

    fn file(&mut self, path: &Path, name: String) {
        let stat = std::fs::metadata(path).ok().map(|m| (m.ino(), m.mtime(), m.mtime_nsec(), m.size()));
        let before = self.previous.and_then(|files| files.found.get(&name));
        if let Some(before) = before.filter(|before| before.stat == stat && before.unsettled == 0) {
            self.files.found.insert(name, before.clone());
            return;
        }
        let text = if self.is_outside(path) {
            Err(Fault::of_file(&name, "this link leads outside the tenants folder"))
        } else {
            read(path, &name)
        };
        // An editor that empties a file before it fills it is met in between now and then.
        let emptied = |before: &&FileState| before.text.as_ref().is_ok_and(|text| !text.is_empty());
        if text.as_ref().is_ok_and(|text| text.is_empty())
            && is_being_written(path)
            && let Some(before) = before.filter(emptied)
        {
            self.files.found.insert(name, FileState { stat: None, ..before.clone() });
            return;
        }
        let hash = hash_of(&text);
        let same_stat = before.filter(|before| before.stat == stat);
        let unsettled = same_stat.map_or(UNSETTLED, |before| before.unsettled - 1);
        // The same text is kept once, however often it is read.
        let text = before.filter(|before| before.hash == hash).map_or(text, |before| before.text.clone());
        self.files.found.insert(name, FileState { stat, unsettled, hash, text });
    }

    /// Whether a folder lies in the tenants folder; one that does not is told and left alone.
    fn inside(&mut self, path: &Path, name: &str) -> bool {
        let inside = !self.is_outside(path);
        if !inside {
            let text = Err(Fault::of_file(name, "this link leads outside the tenants folder"));
            let state = FileState { stat: None, unsettled: 0, hash: hash_of(&text), text };
            self.files.found.insert(name.to_owned(), state);
        }
        inside
    }

    fn is_outside(&self, path: &Path) -> bool {
        debug_assert!(path.starts_with(self.root), "only what lies below the root is looked at");
        match path.canonicalize() {
            Ok(real) => !real.starts_with(&self.real_root),
            Err(_) => false,
        }
    }
}

/// Whether a file was touched so lately that whoever writes it may still be at it.
fn is_being_written(path: &Path) -> bool {
    let touched = std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    touched.and_then(|at| at.elapsed().ok()).is_some_and(|ago| ago < WRITING)
}

/// Names that begin with a dot are not ours: editors' and Kubernetes' own files.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let named = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        (!name.starts_with('.')).then(|| (name, entry.path()))
    });
    let mut entries: Vec<_> = named.collect();
    entries.sort();
    entries
}

fn has_yaml_name(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

fn hash_of(text: &Result<Arc<str>, Fault>) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Reads one file; what is no plain file, too large or not UTF-8 is a fault of the whole file.
pub(super) fn read(path: &Path, name: &str) -> Result<Arc<str>, Fault> {
    let wrong = |message: &str| Fault::of_file(name, message);
    let meta = std::fs::metadata(path).map_err(|error| Fault::of_file(name, unreadable(&error)))?;
    if meta.is_dir() {
        return Err(wrong("this is a folder, not a file"));
    }
    if !meta.is_file() {
        return Err(wrong("this is not a plain file"));
    }
    if meta.len() > MAX_BYTES {
        return Err(wrong("the file is larger than 1 MiB"));
    }
    if name.ends_with(".yml") {
        return Err(wrong("files are named .yaml: rename this one"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| Fault::of_file(name, unreadable(&error)))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| Fault::of_file(name, unreadable(&error)))?;
    text(&bytes, name)
}

/// The bytes as text, or the place of the first that is not UTF-8.
pub(super) fn text(bytes: &[u8], name: &str) -> Result<Arc<str>, Fault> {
    std::str::from_utf8(bytes).map(Arc::from).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let last = good.rsplit('\n').next().unwrap_or_default();
        Fault::at(name, good.matches('\n').count() + 1, last.chars().count() + 1, "this file is not UTF-8 text")
    })
}

fn unreadable(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "this link leads nowhere",
        std::io::ErrorKind::PermissionDenied => "this file may not be read: check its permissions",
        _ => "this file cannot be read",
    }
}
