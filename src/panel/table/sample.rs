//! What the example draws where no tenant's data is: a few rows, which can be sorted and searched as any others.

use chrono::TimeDelta;

use crate::frame::{Frame, Values};
use crate::panel::View;
use crate::panel::sample::{Sample, frame, instants, texts};
use crate::query::{Query, Set};

/// An error: how many minutes ago, service, severity, what it said, how often.
type Entry = (i64, &'static str, &'static str, &'static str, i64);

const ERRORS: &[Entry] = &[
    (4, "checkout", "ERROR", "The payment provider did not answer within 5 s", 12),
    (11, "mail", "CRITICAL", "The connection to the mail server was refused", 48),
    (26, "search", "ERROR", "The index is older than an hour", 1),
    (63, "api", "ERROR", "A request was larger than 1 MiB", 7),
    (140, "checkout", "CRITICAL", "An order was paid twice", 2),
    (360, "api", "ERROR", "A token had expired", 31),
];

pub(in crate::panel) fn sample(questions: &[Query], view: &View) -> Sample {
    let answer = |question: &Query| match question {
        Query::Rows { set, sort, offset, limit, .. } => {
            let mut rows = within(set);
            if let Some(order) = sort {
                rows.sort_by(|a, b| by(order.column.as_str(), a, b));
                if order.descending {
                    rows.reverse();
                }
            }
            let skipped = usize::try_from(*offset).unwrap_or(usize::MAX);
            answered(&rows.into_iter().skip(skipped).take(*limit as usize).collect::<Vec<_>>(), view)
        }
        Query::Count { set } => frame(vec![("count", Values::Int(vec![i64::try_from(within(set).len()).ok()]))]),
        _ => frame(Vec::new()),
    };
    Sample::Frames(questions.iter().map(answer).collect())
}

/// The rows that search and filters leave.
fn within(set: &Set) -> Vec<Entry> {
    let has = |text: &str, wanted: &str| text.to_lowercase().contains(&wanted.to_lowercase());
    let cell = |entry: &Entry, column: &str| match column {
        "service" => entry.1.to_owned(),
        "severity" => entry.2.to_owned(),
        "error_message" => entry.3.to_owned(),
        "occurrences" => entry.4.to_string(),
        _ => String::new(),
    };
    let found = |entry: &&Entry| {
        set.search.as_ref().is_none_or(|(text, names)| names.iter().any(|name| has(&cell(entry, name.as_str()), text)))
    };
    let kept = |entry: &&Entry| set.filters.iter().all(|(name, text)| has(&cell(entry, name.as_str()), text));
    ERRORS.iter().filter(found).filter(kept).copied().collect()
}

fn by(column: &str, a: &Entry, b: &Entry) -> std::cmp::Ordering {
    match column {
        "service" => a.1.cmp(b.1),
        "severity" => a.2.cmp(b.2),
        "error_message" => a.3.cmp(b.3),
        "occurrences" => a.4.cmp(&b.4),
        // The more minutes ago, the earlier.
        _ => b.0.cmp(&a.0),
    }
}

fn answered(rows: &[Entry], view: &View) -> Frame {
    frame(vec![
        ("timestamp", instants(rows.iter().map(|row| view.now - TimeDelta::minutes(row.0)))),
        ("service", texts(rows.iter().map(|row| row.1))),
        ("severity", texts(rows.iter().map(|row| row.2))),
        ("error_message", texts(rows.iter().map(|row| row.3))),
        ("occurrences", Values::Int(rows.iter().map(|row| Some(row.4)).collect())),
    ])
}
