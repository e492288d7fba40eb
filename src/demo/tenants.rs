//! The tenants folder that the binary carries.

use std::path::Path;

use rust_embed::RustEmbed;

use super::Error;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/tenants"]
struct Files;

/// Writes the demo's tenants into `dir` if there is no such folder yet. One that exists is its author's and stays as it is.
///
/// # Errors
/// A folder or file that cannot be written.
pub fn unpack(dir: &Path) -> Result<(), Error> {
    if dir.exists() {
        return Ok(());
    }
    for name in Files::iter() {
        if let Some(file) = Files::get(&name) {
            write(&dir.join(name.as_ref()), &file.data)?;
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let fault = |cause| Error::File { path: path.to_owned(), cause };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(fault)?;
    }
    std::fs::write(path, bytes).map_err(fault)
}
