//! Links: an address that carries the whole view.

/// An address whose query holds the whole view, so that every link tells everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The path, already encoded.
    pub path: String,
    /// The query, not yet encoded, in order.
    pub query: Vec<(String, String)>,
}

impl Address {
    /// The same address with `key` set to `value`, or without it.
    #[must_use]
    pub fn with(&self, key: &str, value: Option<&str>) -> Address {
        let mut query: Vec<_> = self.query.iter().filter(|(k, _)| k != key).cloned().collect();
        if let Some(value) = value {
            query.push((key.to_owned(), value.to_owned()));
        }
        Address { path: self.path.clone(), query }
    }

    /// As it stands in an `href`.
    pub fn href(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
        format!("{}?{query}", self.path)
    }
}
