//! Packs `static/` into the binary: style sheets and scripts joined in name order, everything compressed once, here.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=static");
    // New files of the demo are embedded by a macro that cannot see them come.
    println!("cargo:rerun-if-changed=tenants");
    let out = PathBuf::from(std::env::var("OUT_DIR").unwrap_or_default()).join("assets");
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).expect("the build's own folder can be written");
    pack(&out, "loggia.css", &joined("static/css", "css"));
    pack(&out, "loggia.js", &joined("static/js", "js"));
    for folder in ["static/vendor", "static/icons"] {
        for file in sorted(folder) {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            pack(&out, &name, &fs::read(&file).unwrap_or_default());
        }
    }
}

/// The files of a folder by name; none where there is no folder.
fn sorted(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

/// All files of one kind, one after the other.
fn joined(folder: &str, ending: &str) -> Vec<u8> {
    let mut text = Vec::new();
    for file in sorted(folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == ending)) {
        text.extend(fs::read(&file).unwrap_or_default());
        text.push(b'\n');
    }
    text
}

/// The file itself and, where it gets smaller, its gzip and brotli forms.
fn pack(out: &Path, name: &str, content: &[u8]) {
    let write = |name: String, content: &[u8]| fs::write(out.join(name), content).expect("the build's own folder can be written");
    write(name.to_owned(), content);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(content).expect("memory can be written");
    let gzip = gzip.finish().expect("memory can be written");
    let mut brotli = Vec::new();
    let quality = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    brotli::BrotliCompress(&mut &content[..], &mut brotli, &quality).expect("memory can be written");
    if gzip.len() < content.len() {
        write(format!("{name}.gz"), &gzip);
    }
    if brotli.len() < content.len() {
        write(format!("{name}.br"), &brotli);
    }
}
