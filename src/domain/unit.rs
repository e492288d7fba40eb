//! Units: how a number is written for a reader, scaled once for a whole axis.

/// The unit of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    #[default]
    None,
    /// Text behind the number, as the author wrote it (`%`, `req`).
    Suffix(String),
    // CHART helper: percent, bytes, seconds, milliseconds, short, currency(EUR) …
}
