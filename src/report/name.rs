//! What files are called: safe everywhere, and telling what is in them.

use chrono_tz::Tz;

use crate::domain::{Key, Slug, TimeRange};

/// `acme-corp_cpu-by-instance_2026-11-20T00-00_2026-11-21T00-00.csv`, the times in the shown zone.
pub fn file_name(tenant: &Slug, what: &Key, range: TimeRange, zone: Tz, ending: &str) -> String {
    let end = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&zone).format("%Y-%m-%dT%H-%M");
    // Keys and slugs hold letters, digits, - and _ alone; _ stands between the parts.
    let what = what.as_str().replace('_', "-");
    format!("{tenant}_{what}_{}_{}.{ending}", end(range.from()), end(range.to()))
}

/// The `Content-Disposition` of a file of that name.
pub fn disposition(name: &str) -> String {
    let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    format!("attachment; filename=\"{safe}\"")
}

#[cfg(test)]
mod tests {
    use super::{disposition, file_name};
    use crate::domain::TimeRange;

    #[test]
    fn a_name_tells_tenant_panel_and_range() {
        let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let range = TimeRange::new(at("2026-11-20T05:00:00Z"), at("2026-11-21T05:00:00Z")).unwrap();
        let (tenant, panel) = ("acme-corp".parse().unwrap(), "cpu_by_instance".parse().unwrap());
        let name = file_name(&tenant, &panel, range, chrono_tz::America::New_York, "csv");
        assert_eq!(name, "acme-corp_cpu-by-instance_2026-11-20T00-00_2026-11-21T00-00.csv");
        assert_eq!(disposition("a\"\r\nb.csv"), "attachment; filename=\"a---b.csv\"");
    }
}
