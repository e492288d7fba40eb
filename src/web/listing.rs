//! Lists that are searched, sorted and paged on the server: their headings, their pager, times in words.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::panel::Address;

/// What stands above a column.
#[derive(Clone, Debug)]
pub struct Heading {
    /// Its words.
    pub text: &'static str,
    /// The list in this order, or turned round; none where it cannot be.
    pub href: Option<String>,
    /// `ascending` or `descending`, where the list is in this order.
    pub sorted: Option<&'static str>,
    /// Whether numbers stand below it.
    pub right: bool,
}

/// The order a list is in: the column's word, and whether it is turned round.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The column's word.
    pub by: &'a str,
    /// Largest, newest, last first.
    pub descending: bool,
}

/// A heading; a word makes it a link that sorts by it. Times and numbers come largest first.
pub fn heading(text: &'static str, word: Option<&str>, order: Order<'_>, here: &Address) -> Heading {
    let numbers = matches!(word, Some("tenants" | "members" | "seen" | "created" | "updated"));
    let sorted = word.filter(|word| *word == order.by).map(|_| if order.descending { "descending" } else { "ascending" });
    let href = word.map(|word| {
        let down = if word == order.by { !order.descending } else { numbers };
        here.with("page", None).with("sort", Some(word)).with("dir", Some(if down { "desc" } else { "asc" })).href()
    });
    Heading { text, href, sorted, right: matches!(word, Some("tenants" | "members")) }
}

/// Which rows of how many, and the way to the others.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// "51–100 of 1,204".
    pub words: String,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
}

impl Turn {
    /// Page `number` of a list of `total`, `size` a page.
    pub fn new(number: u32, size: u32, total: u64, here: &Address) -> Turn {
        let count = |n: u64| crate::domain::unit::grouped(n as f64, 0);
        let (number, size) = (u64::from(number.max(1)), u64::from(size.max(1)));
        let (from, to) = ((number - 1) * size + 1, (number * size).min(total));
        let words = match total {
            0 => "None".to_owned(),
            _ if from > to => format!("None of {}", count(total)),
            _ => format!("{}–{} of {}", count(from), count(to), count(total)),
        };
        let at = |number: u64| here.with("page", (number > 1).then(|| number.to_string()).as_deref()).href();
        let last = total.div_ceil(size).max(1);
        Turn { words, previous: (number > 1).then(|| at((number - 1).min(last))), next: (number < last).then(|| at(number + 1)) }
    }
}

/// A moment as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For a computer.
    pub iso: String,
    /// Whole: "25 Nov 2026, 14:05:10 UTC".
    pub exact: String,
    /// Short: "3 h ago", "25 Nov 2026".
    pub words: String,
}

/// A moment seen from now.
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> Moment {
    Moment {
        iso: at.to_rfc3339_opts(SecondsFormat::Secs, true),
        exact: at.format("%-d %b %Y, %H:%M:%S UTC").to_string(),
        words: words(at, now),
    }
}

fn words(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (passed, ahead) = (now - at, at - now);
    let rounded = |span: TimeDelta| match span {
        span if span < TimeDelta::minutes(90) => format!("{} min", span.num_minutes().max(1)),
        span if span < TimeDelta::hours(36) => format!("{} h", span.num_hours()),
        span => format!("{} days", span.num_days().max(2)),
    };
    match passed {
        _ if ahead > TimeDelta::days(30) || passed > TimeDelta::days(30) => at.format("%-d %b %Y").to_string(),
        _ if ahead > TimeDelta::seconds(60) => format!("in {}", rounded(ahead)),
        passed if passed < TimeDelta::seconds(90) => "just now".to_owned(),
        passed => format!("{} ago", rounded(passed)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, Turn, heading, moment};
    use crate::panel::Address;
    use chrono::{DateTime, TimeDelta};

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let told = |span: TimeDelta| moment(now - span, now).words;
        assert_eq!(told(TimeDelta::seconds(20)), "just now");
        assert_eq!(told(TimeDelta::minutes(5)), "5 min ago");
        assert_eq!(told(TimeDelta::hours(30)), "30 h ago");
        assert_eq!(told(TimeDelta::days(9)), "9 days ago");
        assert_eq!(told(TimeDelta::days(90)), "17 Oct 2026");
        assert_eq!(told(TimeDelta::hours(-3)), "in 3 h");
    }

    #[test]
    fn a_pager_says_where_one_is_and_leads_back_from_beyond_the_end() {
        let here = Address { path: "/admin/users".to_owned(), query: vec![("q".to_owned(), "a".to_owned())] };
        let turn = Turn::new(2, 50, 120, &here);
        assert_eq!(turn.words, "51–100 of 120");
        assert_eq!(turn.previous.as_deref(), Some("/admin/users?q=a"));
        assert_eq!(turn.next.as_deref(), Some("/admin/users?q=a&page=3"));
        let beyond = Turn::new(9, 50, 120, &here);
        assert_eq!((beyond.words.as_str(), beyond.previous.as_deref()), ("None of 120", Some("/admin/users?q=a&page=3")));
        assert_eq!(Turn::new(1, 50, 0, &here).words, "None");
    }

    #[test]
    fn a_heading_turns_its_own_order_round() {
        let here = Address { path: "/x".to_owned(), query: Vec::new() };
        let order = Order { by: "email", descending: false };
        assert_eq!(heading("E-mail", Some("email"), order, &here).href.as_deref(), Some("/x?sort=email&dir=desc"));
        assert_eq!(heading("Seen", Some("seen"), order, &here).href.as_deref(), Some("/x?sort=seen&dir=desc"));
        assert_eq!(heading("E-mail", Some("email"), order, &here).sorted, Some("ascending"));
    }
}
