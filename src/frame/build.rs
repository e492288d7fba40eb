//! Filling columns, row by row, where the database does not promise one type a column.

use super::{Moment, Values, time};

/// The longest text a cell may hold, in bytes; longer ones are cut and marked.
const CELL: usize = 1 << 20;

/// Cuts text over 1 MiB at a character, with a mark at its end.
pub fn cut(text: &str) -> Box<str> {
    if text.len() <= CELL {
        return text.into();
    }
    let end = (0..=CELL).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    format!("{} … (cut)", &text[..end]).into()
}

/// A value as a database without column types hands it out.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Cell {
    Null,
    Int(i64),
    Float(f64),
    Text(Box<str>),
}

/// A column whose type shows only when all of it was read.
#[derive(Debug, Default)]
pub struct Mixed {
    cells: Vec<Cell>,
    ints: usize,
    floats: usize,
    texts: usize,
}

impl Mixed {
    /// Adds the next row's value.
    pub fn push(&mut self, cell: Cell) {
        match cell {
            Cell::Null => {}
            Cell::Int(_) => self.ints += 1,
            Cell::Float(_) => self.floats += 1,
            Cell::Text(_) => self.texts += 1,
        }
        self.cells.push(cell);
    }

    /// The column: ints, floats where both occur, text where any text occurs.
    pub fn finish(self) -> Values {
        let cells = self.cells.into_iter();
        if self.texts > 0 || self.ints + self.floats == 0 {
            Values::Text(cells.map(into_text).collect())
        } else if self.floats > 0 {
            Values::Float(cells.map(into_float).collect())
        } else {
            Values::Int(cells.map(|c| if let Cell::Int(i) = c { Some(i) } else { None }).collect())
        }
    }

    /// The column as booleans, where every value is 0, 1 or null.
    pub fn finish_as_bool(self) -> Values {
        if !self.cells.iter().all(|c| matches!(c, Cell::Null | Cell::Int(0 | 1))) {
            return self.finish();
        }
        Values::Bool(self.cells.into_iter().map(|c| if let Cell::Int(i) = c { Some(i == 1) } else { None }).collect())
    }

    /// The column as times, where every value that is not null reads as the same kind of time.
    pub fn finish_as_time(self) -> Values {
        let moments: Option<Vec<Option<Moment>>> = self
            .cells
            .iter()
            .map(|cell| match cell {
                Cell::Null => Some(None),
                Cell::Text(text) => time::parse(text).map(Some),
                Cell::Int(_) | Cell::Float(_) => None,
            })
            .collect();
        moments.filter(|_| self.texts > 0).and_then(|m| same_kind(&m)).unwrap_or_else(|| self.finish())
    }
}

fn same_kind(moments: &[Option<Moment>]) -> Option<Values> {
    macro_rules! column {
        ($kind:ident) => {{
            let pick = |m: &Option<Moment>| match m {
                None => Some(None),
                Some(Moment::$kind(t)) => Some(Some(*t)),
                Some(_) => None,
            };
            moments.iter().map(pick).collect::<Option<Vec<_>>>().map(Values::$kind)
        }};
    }
    match moments.iter().flatten().next()? {
        Moment::Date(_) => column!(Date),
        Moment::Local(_) => column!(Local),
        Moment::Instant(_) => column!(Instant),
    }
}

fn into_text(cell: Cell) -> Option<Box<str>> {
    match cell {
        Cell::Null => None,
        Cell::Int(i) => Some(i.to_string().into()),
        Cell::Float(f) => Some(f.to_string().into()),
        Cell::Text(text) => Some(text),
    }
}

fn into_float(cell: Cell) -> Option<f64> {
    match cell {
        Cell::Int(i) => Some(i as f64),
        Cell::Float(f) => Some(f),
        Cell::Null | Cell::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(cells: impl IntoIterator<Item = Cell>) -> Mixed {
        let mut mixed = Mixed::default();
        cells.into_iter().for_each(|c| mixed.push(c));
        mixed
    }

    #[test]
    fn ints_with_floats_become_floats_and_any_text_makes_text() {
        assert_eq!(column([Cell::Int(1), Cell::Null]).finish(), Values::Int(vec![Some(1), None]));
        assert_eq!(column([Cell::Int(1), Cell::Float(0.5)]).finish(), Values::Float(vec![Some(1.0), Some(0.5)]));
        let text = column([Cell::Int(1), Cell::Text("x".into())]).finish();
        assert_eq!(text, Values::Text(vec![Some("1".into()), Some("x".into())]));
    }

    #[test]
    fn a_declared_time_stays_text_when_one_value_is_none() {
        let good = column([Cell::Text("2026-03-01 10:00".into()), Cell::Null]).finish_as_time();
        assert!(matches!(good, Values::Local(v) if v[0].is_some() && v[1].is_none()));
        let odd = column([Cell::Text("2026-03-01 10:00".into()), Cell::Text("soon".into())]).finish_as_time();
        assert!(matches!(odd, Values::Text(_)));
    }

    #[test]
    fn a_huge_cell_is_cut_at_a_character_and_says_so() {
        let cut = cut(&"é".repeat(CELL));
        assert!(cut.len() < CELL + 20 && cut.ends_with("é … (cut)"));
    }
}
