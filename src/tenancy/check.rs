//! The rules of single fields, in words for who wrote them.

use chrono_tz::Tz;

use crate::domain::{Key, TenantId};
use crate::error::FieldFault;

/// Gathers the faults of a form or a body, so that all are told at once.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<FieldFault>);

impl Faults {
    pub(super) fn tell(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldFault { field: field.to_owned(), message: message.into() });
    }

    /// The value, or nothing and a fault.
    pub(super) fn take<T>(&mut self, field: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|message| self.tell(field, message)).ok()
    }
}

/// A name as people write it.
pub(super) fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("a name is needed".to_owned());
    }
    if text.chars().count() > 200 || text.chars().any(char::is_control) {
        return Err("a name has at most 200 characters and no line breaks".to_owned());
    }
    Ok(text.to_owned())
}

/// The name of a zone; none when nothing is written.
pub(super) fn zone(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let zone: Tz = text.parse().map_err(|_| format!("“{}” is not a time zone like America/New_York", shown(text)))?;
    Ok(Some(zone.name().to_owned()))
}

/// A colour; none when nothing is written.
pub(super) fn colour(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix('#').unwrap_or_default();
    let good = matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if good { Ok(Some(text.to_owned())) } else { Err(format!("“{}” is not a colour like #3B82F6", shown(text))) }
}

/// A picture's file in the tenant's folder; none when nothing is written.
pub(super) fn picture(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let parts_are_names = text.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/'));
    if plain && parts_are_names && text.len() <= 200 {
        Ok(Some(text.to_owned()))
    } else {
        Err("expected a file in the tenant’s folder, like logo.svg".to_owned())
    }
}

/// An SQL identifier, the whole text: `^[A-Za-z_][A-Za-z0-9_]*$`.
pub(super) fn identifier(text: &str) -> Result<String, String> {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Ok(text.to_owned());
    }
    let hint = if text.contains('-') { "; a hyphen, though Unity Catalog allows it, is refused" } else { "" };
    Err(format!(
        "“{}” is not a name that can stand in SQL: letters, digits and _, a letter or _ first, at most 128{hint}",
        shown(text)
    ))
}

/// A host's name or address, without port.
pub(super) fn host(text: &str) -> Result<String, String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let named = text.len() <= 253 && text.split('.').all(label);
    let address = text.trim_start_matches('[').trim_end_matches(']').parse::<std::net::Ipv6Addr>().is_ok();
    if named || address {
        Ok(text.to_owned())
    } else {
        Err(format!("“{}” is not the name of a host, like db.example.com", shown(text)))
    }
}

/// Ids of dashboards or panels, each once, in the order written.
pub(super) fn keys(texts: &[String]) -> Result<Vec<String>, String> {
    if texts.len() > 200 {
        return Err("at most 200 can be listed".to_owned());
    }
    let mut keys: Vec<String> = Vec::new();
    for text in texts {
        let key: Key = text.parse().map_err(|_| format!("“{}” is not an id", shown(text)))?;
        if !keys.contains(&key.to_string()) {
            keys.push(key.to_string());
        }
    }
    Ok(keys)
}

/// A folder in storage, which ends in the tenant's own id or slug; none when nothing is written.
pub(super) fn folder(text: &str, id: TenantId, slug: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let inner = text.strip_prefix('/').and_then(|text| text.strip_suffix('/')).unwrap_or_default();
    let plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'='))
    };
    if text.len() > 500 || !inner.split('/').all(plain) {
        return Err("expected a folder like /processed/acme-corp/: it begins and ends with /, and holds no ..".to_owned());
    }
    let last = inner.rsplit('/').next().unwrap_or_default();
    if last != slug && last != id.to_string() {
        return Err("its last folder must be the tenant’s id or slug, so that no two tenants share one".to_owned());
    }
    Ok(Some(text.to_owned()))
}

/// What a stranger wrote, short enough to be told back.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if text.chars().count() > 60 {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_the_whole_text() {
        for good in ["acme", "_x", "Kyros_acme_prod", "a1"] {
            assert!(identifier(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "acme; DROP TABLE tenants", "acme\n", "a-b", "a.b", "ä", "a\u{0}", "\"a\"", &"a".repeat(129)] {
            assert!(identifier(bad).is_err(), "{bad}");
        }
        assert!(identifier("my-catalog").unwrap_err().contains("hyphen"));
    }

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for good in ["db", "db.example.com", "adb-123.azuredatabricks.net", "10.0.0.7", "::1", "[2001:db8::1]"] {
            assert!(host(good).is_ok(), "{good}");
        }
        for bad in ["", "db:5432", "db/x", "db;x", "-db", "db.", "a b", "user@db", "db\n"] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_folder_in_storage_ends_in_the_tenants_own_name() {
        let id = TenantId::new();
        let read = |text: &str| folder(text, id, "acme-corp");
        assert_eq!(read(""), Ok(None));
        assert!(read("/processed/acme-corp/").is_ok() && read(&format!("/x/{id}/")).is_ok());
        for bad in
            ["/processed/", "processed/acme-corp/", "/processed/../acme-corp/", "/acme-corp", "/a b/acme-corp/", "//acme-corp/"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
