//! Packs `static/` into the binary: style sheets and scripts joined in name order, everything compressed once, here.
//! And lists the endpoints of custom panels, so that a new file is all that a new one needs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=static");
    // New files of the demo are embedded by a macro that cannot see them come.
    println!("cargo:rerun-if-changed=tenants");
    println!("cargo:rerun-if-changed=src/custom_panels");
    list_endpoints();
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

/// Writes the `mod` lines of the endpoints' folder and the list of what stands in them.
fn list_endpoints() {
    let mut modules = String::new();
    let mut list = String::new();
    for file in sorted("src/custom_panels") {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_code = file.extension().is_some_and(|ending| ending == "rs");
        if !is_code || matches!(name.as_str(), "mod" | "tests") {
            continue;
        }
        let path = file.canonicalize().unwrap_or(file);
        modules.push_str(&format!("#[path = {:?}]\nmod {name};\n", path.display().to_string()));
        list.push_str(&format!("        std::sync::Arc::new({name}::Endpoint) as std::sync::Arc<dyn crate::panel::Endpoint>,\n"));
    }
    let text = format!(
        "{modules}\n/// Every endpoint in this folder.\npub fn registry() -> crate::panel::Registry {{\n    crate::panel::Registry::new(vec![\n{list}    ])\n}}\n"
    );
    let out = PathBuf::from(std::env::var("OUT_DIR").unwrap_or_default()).join("custom_panels.rs");
    fs::write(out, text).expect("the build's own folder can be written");
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
