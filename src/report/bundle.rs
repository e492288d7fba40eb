//! A dashboard's files in one: every panel's rows as CSV, packed while they are read, and a list of what is in it.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::{Value, json};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::file::{Piece, next};
use super::{Allowed, Broken};
use crate::datastore::Rows;
use crate::frame::write::{Format, Writer};
use crate::panel::Export;
use crate::tenancy::TenantScope;

/// One panel of a dashboard.
#[derive(Debug)]
pub struct Part {
    /// Its id.
    pub panel: String,
    /// Its title.
    pub title: String,
    /// The name of its file.
    pub file: String,
    /// What it holds; `None` where the panel has no rows.
    pub export: Option<Export>,
}

/// A dashboard on its way into a file.
pub struct Bundle {
    /// Whose data.
    pub scope: TenantScope,
    /// The panels.
    pub parts: Vec<Part>,
    /// The head of the manifest: tenant, dashboard, range, by whom.
    pub about: Value,
    /// The zone in which times are written.
    pub zone: chrono_tz::Tz,
    /// Whether the caller may still have it.
    pub allowed: Allowed,
    /// The most rows of one panel.
    pub cap: u64,
}

/// Where the packer writes, and the stream takes from.
#[derive(Clone, Default)]
struct Basket(Arc<Mutex<Vec<u8>>>);

impl Basket {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Basket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Packing {
    bundle: Bundle,
    left: VecDeque<Part>,
    open: Option<Open>,
    listed: Vec<Value>,
    basket: Basket,
    zip: Option<ZipWriter<StreamWriter<Basket>>>,
}

struct Open {
    part: Part,
    export: Export,
    rows: Rows,
    writer: Writer,
    begun: bool,
}

/// The packed dashboard, piece by piece; it begins when the first panel's rows are there.
///
/// # Errors
/// The database is down.
pub async fn bundle(mut bundle: Bundle) -> Result<impl Stream<Item = Piece> + Send, Broken> {
    let left = std::mem::take(&mut bundle.parts).into();
    let basket = Basket::default();
    let zip = Some(ZipWriter::new_stream(basket.clone()));
    let mut packing = Packing { bundle, left, open: None, listed: Vec::new(), basket, zip };
    while packing.open.is_none() && !packing.left.is_empty() {
        packing.step().await?;
    }
    Ok(unfold(packing, async |mut packing| {
        let piece = packing.piece().await?;
        if piece.is_err() {
            packing.zip = None;
        }
        Some((piece, packing))
    }))
}

impl Packing {
    async fn piece(&mut self) -> Option<Piece> {
        loop {
            self.zip.as_ref()?;
            if let Err(broken) = self.step().await {
                tracing::warn!(%broken, "an export broke off");
                return Some(Err(broken));
            }
            let packed = self.basket.take();
            if !packed.is_empty() {
                return Some(Ok(packed));
            }
        }
    }

    /// Some rows more, the next panel, or the end.
    async fn step(&mut self) -> Result<(), Broken> {
        if let Some(open) = self.open.take() {
            return self.rows(open).await;
        }
        match self.left.pop_front() {
            Some(part) => self.begin(part).await,
            None => self.end(),
        }
    }

    async fn begin(&mut self, part: Part) -> Result<(), Broken> {
        let Some(export) = part.export.clone() else {
            self.list(&part, json!({ "left_out": "This panel has no rows." }));
            return Ok(());
        };
        match export.query.stream(&self.bundle.scope, self.bundle.cap).await {
            Ok(rows) => {
                self.start(&part.file)?;
                let writer = Writer::new(Format::Csv, self.bundle.zone);
                self.open = Some(Open { part, export, rows, writer, begun: false });
                Ok(())
            }
            Err(failure) if failure.is_outage() => Err(failure.into()),
            // One panel that cannot be read does not keep the others back; the list says that it is missing.
            Err(failure) => {
                tracing::warn!(panel = part.panel, %failure, "a panel was left out of an export");
                self.list(&part, json!({ "failed": failure.words() }));
                Ok(())
            }
        }
    }

    async fn rows(&mut self, mut open: Open) -> Result<(), Broken> {
        let Some(frame) = next(&mut open.rows, &self.bundle.allowed).await? else {
            let about = json!({ "file": open.part.file, "rows": open.writer.written(), "truncated": open.writer.is_truncated() });
            self.list(&open.part, about);
            return Ok(());
        };
        let mut out = Vec::new();
        if !std::mem::replace(&mut open.begun, true) {
            open.writer.begin(&open.export.headings(), &mut out);
        }
        open.writer.rows(&open.export.shape(&frame), &mut out);
        self.open = Some(open);
        self.write(&out)
    }

    fn end(&mut self) -> Result<(), Broken> {
        let mut manifest = self.bundle.about.clone();
        manifest["panels"] = Value::Array(std::mem::take(&mut self.listed));
        self.start("manifest.json")?;
        self.write(format!("{manifest:#}\n").as_bytes())?;
        match self.zip.take() {
            Some(zip) => zip.finish().map(drop).map_err(packing),
            None => Ok(()),
        }
    }

    fn list(&mut self, part: &Part, about: Value) {
        let mut entry = json!({ "panel": part.panel, "title": part.title });
        if let (Value::Object(entry), Value::Object(about)) = (&mut entry, about) {
            entry.extend(about);
        }
        self.listed.push(entry);
    }

    fn start(&mut self, name: &str) -> Result<(), Broken> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
        self.zip.as_mut().map_or(Ok(()), |zip| zip.start_file(name, options)).map_err(packing)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        self.zip.as_mut().map_or(Ok(()), |zip| zip.write_all(bytes)).map_err(packing)
    }
}

fn packing(error: impl std::fmt::Display) -> Broken {
    Broken::Packing(error.to_string())
}
