//! Forms: their fields as they are drawn, what was sent kept in them, each fault at its field.

use std::collections::BTreeSet;

use askama::Template;

use crate::error::FieldFault;

/// What stands in a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Entry {
    /// One line of text; the word is the input's type.
    Line(&'static str),
    /// Several lines.
    #[default]
    Text,
    /// One of these: value and words.
    Choice(Vec<(String, String)>),
    /// Yes or no.
    Check,
    /// Any of these: value and words.
    Checks(Vec<(String, String)>),
}

/// One field of a form.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "partials/field.html")]
pub struct Field {
    /// Its name, in what the form sends.
    pub name: String,
    /// Its words.
    pub label: String,
    /// What kind of field it is.
    pub entry: Entry,
    /// What stands in it; of several boxes those that are ticked, by comma.
    pub value: String,
    /// What helps to fill it in.
    pub hint: String,
    /// What is wrong with what was sent.
    pub fault: Option<String>,
    /// What somebody else made of it meanwhile.
    pub theirs: Option<String>,
    /// Whether it must be filled in.
    pub required: bool,
    /// Why it cannot be changed here.
    pub fixed: Option<String>,
    /// What the browser may fill in.
    pub autocomplete: &'static str,
}

impl askama::filters::HtmlSafe for Field {}

impl Field {
    fn new(name: &str, label: &str, entry: Entry, value: &str) -> Field {
        let (name, label, value) = (name.to_owned(), label.to_owned(), value.to_owned());
        Field { name, label, entry, value, autocomplete: "off", ..Field::default() }
    }

    /// A line of text.
    pub fn line(name: &str, label: &str, value: &str) -> Field {
        Field::new(name, label, Entry::Line("text"), value)
    }

    /// A line of another type: `email`, `search`, `date`, `color`.
    pub fn of_type(name: &str, label: &str, kind: &'static str, value: &str) -> Field {
        Field::new(name, label, Entry::Line(kind), value)
    }

    /// A password; what was typed is never sent back.
    pub fn password(name: &str, label: &str) -> Field {
        Field { autocomplete: "new-password", ..Field::new(name, label, Entry::Line("password"), "") }
    }

    /// One of several.
    pub fn choice<V: Into<String>, W: Into<String>>(
        name: &str,
        label: &str,
        choices: impl IntoIterator<Item = (V, W)>,
        value: &str,
    ) -> Field {
        let choices = choices.into_iter().map(|(value, words)| (value.into(), words.into())).collect();
        Field::new(name, label, Entry::Choice(choices), value)
    }

    /// Any of several.
    pub fn checks(name: &str, label: &str, choices: Vec<(String, String)>, value: &str) -> Field {
        Field::new(name, label, Entry::Checks(choices), value)
    }

    /// Yes or no.
    pub fn check(name: &str, label: &str, is_on: bool) -> Field {
        Field::new(name, label, Entry::Check, if is_on { "1" } else { "" })
    }

    /// With words that help.
    #[must_use]
    pub fn hint(self, hint: &str) -> Field {
        Field { hint: hint.to_owned(), ..self }
    }

    /// It must be filled in.
    #[must_use]
    pub fn required(self) -> Field {
        Field { required: true, ..self }
    }

    /// It cannot be changed here, and why.
    #[must_use]
    pub fn fixed(self, why: Option<String>) -> Field {
        Field { fixed: why, ..self }
    }

    /// With its fault, if it is among these.
    #[must_use]
    pub fn with(self, faults: &[FieldFault]) -> Field {
        let fault = faults.iter().find(|fault| fault.field == self.name).map(|fault| fault.message.clone());
        Field { fault, ..self }
    }

    /// With what somebody else made of it meanwhile, where that differs.
    #[must_use]
    pub fn beside(self, theirs: Option<&str>) -> Field {
        let words = |value: &str| match &self.entry {
            Entry::Check => if value == "1" { "yes" } else { "no" }.to_owned(),
            _ if value.is_empty() => "nothing".to_owned(),
            Entry::Choice(choices) => {
                choices.iter().find(|(known, _)| known == value).map_or_else(|| value.to_owned(), |(_, words)| words.clone())
            }
            Entry::Checks(choices) => {
                let named = |key| choices.iter().find(|(known, _)| known == key).map_or(key, |(_, words)| words.as_str());
                value.split(',').map(named).collect::<Vec<_>>().join(", ")
            }
            _ => value.to_owned(),
        };
        let set = |value: &str| value.split(',').map(str::to_owned).collect::<BTreeSet<_>>();
        let same = |theirs: &str| match &self.entry {
            // in whatever order they were ticked
            Entry::Checks(_) => set(theirs) == set(&self.value),
            _ => theirs == self.value,
        };
        let theirs = theirs.filter(|theirs| !same(theirs)).map(words);
        Field { theirs, ..self }
    }

    fn is_chosen(&self, value: &str) -> bool {
        self.value == value
    }

    fn is_ticked(&self, value: &str) -> bool {
        self.value.split(',').any(|ticked| ticked == value)
    }

    /// What describes the field to a screen reader.
    fn described_by(&self) -> String {
        let parts = [
            (self.fault.is_some(), "fault"),
            (self.theirs.is_some(), "theirs"),
            (!self.hint.is_empty() || self.fixed.is_some(), "hint"),
        ];
        let ids: Vec<String> = parts.iter().filter(|(is, _)| *is).map(|(_, part)| format!("{}-{part}", self.name)).collect();
        ids.join(" ")
    }
}

/// A fault of a field.
pub fn fault(field: &str, message: impl Into<String>) -> FieldFault {
    FieldFault { field: field.to_owned(), message: message.into() }
}

/// Parses a field; a fault is added to the others and stands in for the value.
pub fn parsed<T: std::str::FromStr<Err = String>>(field: &str, text: &str, faults: &mut Vec<FieldFault>) -> Option<T> {
    match text.trim().parse() {
        Ok(value) => Some(value),
        Err(message) => {
            faults.push(fault(field, message));
            None
        }
    }
}

/// A text that may be left out, cut of what stands around it; one that is too long is a fault.
pub fn optional(field: &str, text: &str, longest: usize, faults: &mut Vec<FieldFault>) -> Option<String> {
    let text = text.trim();
    if text.chars().count() > longest || text.chars().any(char::is_control) {
        faults.push(fault(field, format!("at most {longest} characters on one line")));
        return None;
    }
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Field, fault, optional};
    use askama::Template;

    #[test]
    fn a_fault_stands_at_its_field_and_is_told_to_a_screen_reader() {
        let field = Field::line("name", "Name", "<x>").with(&[fault("name", "too short")]).hint("As on the door");
        let html = field.render().expect("a field");
        assert!(html.contains("aria-invalid=\"true\"") && html.contains("aria-describedby=\"name-fault name-hint\""), "{html}");
        assert!(html.contains("too short") && html.contains("&#60;x&#62;") && !html.contains("<x>"), "{html}");
    }

    #[test]
    fn a_password_that_was_typed_is_never_sent_back() {
        assert!(!Field::password("password", "Password").render().expect("a field").contains("value="));
    }

    #[test]
    fn what_somebody_else_made_of_it_is_shown_only_where_it_differs() {
        let shown = |theirs| Field::check("active", "May sign in", true).beside(Some(theirs)).theirs;
        assert_eq!(shown("1"), None);
        assert_eq!(shown("").as_deref(), Some("no"));
        let choices = [("a", "Alpha"), ("b", "Beta"), ("c", "Gamma")].map(|(key, words)| (key.to_owned(), words.to_owned()));
        let shown = |theirs| Field::checks("all", "All", choices.to_vec(), "a,b").beside(Some(theirs)).theirs;
        assert_eq!(shown("b,a"), None, "in whatever order");
        assert_eq!(shown("c,a").as_deref(), Some("Gamma, Alpha"));
        assert_eq!(shown("").as_deref(), Some("nothing"));
    }

    #[test]
    fn texts_are_one_line_and_not_too_long() {
        let mut faults = Vec::new();
        assert_eq!(optional("name", "  Ann ", 10, &mut faults).as_deref(), Some("Ann"));
        assert_eq!(optional("name", " ", 10, &mut faults), None);
        assert!(faults.is_empty());
        assert_eq!(optional("name", "a\nb", 10, &mut faults), None);
        assert_eq!(optional("name", &"ä".repeat(11), 10, &mut faults), None);
        assert_eq!(faults.len(), 2);
    }
}
