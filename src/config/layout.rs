//! The grid: who stands where, and who stands in whose way.

use super::Position;
use super::spec::PositionSpec;

/// How many columns the grid has.
pub(super) const COLUMNS: u16 = 12;
/// The last row a panel may reach.
pub(super) const ROWS: u16 = 99;

/// Where a panel wants to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    At(Position),
    /// Anywhere below; this wide, this high.
    Below(u16, u16),
}

impl Position {
    /// The last column it covers.
    pub fn last_col(self) -> u16 {
        self.col + self.width - 1
    }

    /// The last row it covers.
    pub fn last_row(self) -> u16 {
        self.row + self.height - 1
    }

    /// Whether both cover a cell of the grid.
    pub fn overlaps(self, other: Position) -> bool {
        self.col <= other.last_col()
            && other.col <= self.last_col()
            && self.row <= other.last_row()
            && other.row <= self.last_row()
    }
}

/// What a file asks for, with its type's size where it names none; `Err` names the key at fault and why.
pub(super) fn wish(spec: Option<&PositionSpec>, size: (u16, u16)) -> Result<Wish, (&'static str, String)> {
    let Some(spec) = spec else { return Ok(Wish::Below(size.0, size.1)) };
    let width = spec.width.map_or(size.0, |width| width.0);
    let height = spec.height.map_or(size.1, |height| height.0);
    let (row, col) = match (spec.row, spec.col) {
        (Some(row), Some(col)) => (row.0, col.0),
        (None, None) => return Ok(Wish::Below(width, height)),
        (Some(_), None) => return Err(("", "missing key “col”: `row` and `col` stand together".to_owned())),
        (None, Some(_)) => return Err(("", "missing key “row”: `row` and `col` stand together".to_owned())),
    };
    let position = Position { row, col, width, height };
    if position.last_col() > COLUMNS {
        let whose = if spec.width.is_some() { "" } else { " (its type's usual width; say `width:`)" };
        let key = if spec.width.is_some() { "width" } else { "col" };
        return Err((key, format!("a width of {width}{whose} from column {col} does not fit a grid of {COLUMNS} columns")));
    }
    if position.last_row() > ROWS {
        return Err(("row", format!("a height of {height} from row {row} does not fit a grid of {ROWS} rows")));
    }
    Ok(Wish::At(position))
}

/// Puts those that are to stand below into rows below the others, left to right, in their order.
/// `None` where the grid has no row left.
pub(super) fn flow(wishes: &[Wish]) -> Vec<Option<Position>> {
    let fixed = wishes.iter().filter_map(|wish| if let Wish::At(position) = wish { Some(position.last_row()) } else { None });
    let (mut row, mut col, mut tallest) = (fixed.max().unwrap_or(0) + 1, 1, 0);
    let place = |wish: &Wish| {
        let (width, height) = match *wish {
            Wish::At(position) => return Some(position),
            Wish::Below(width, height) => (width, height),
        };
        if col + width - 1 > COLUMNS {
            (row, col, tallest) = (row + tallest, 1, 0);
        }
        let position = Position { row, col, width, height };
        (col, tallest) = (col + width, tallest.max(height));
        (position.last_row() <= ROWS).then_some(position)
    };
    wishes.iter().map(place).collect()
}

/// Moves up those that stand below rows in which nobody is left, where `before` had somebody there.
pub(super) fn close_up(left: &mut [Position], before: &[Position]) {
    let covered = |row: u16, by: &[Position]| by.iter().any(|position| (position.row..=position.last_row()).contains(&row));
    let empty: Vec<u16> = (1..=ROWS).filter(|row| covered(*row, before) && !covered(*row, left)).collect();
    for position in left {
        position.row -= empty.iter().filter(|row| **row < position.row).count() as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, Wish, close_up, flow};

    #[test]
    fn panels_without_a_place_flow_below_the_others() {
        let at = Position { row: 1, col: 1, width: 8, height: 2 };
        let wishes = [Wish::Below(4, 1), Wish::At(at), Wish::Below(8, 2), Wish::Below(1, 1)];
        let places: Vec<_> = flow(&wishes).into_iter().map(|place| place.map(|p| (p.row, p.col))).collect();
        assert_eq!(places, [Some((3, 1)), Some((1, 1)), Some((3, 5)), Some((5, 1))]);
    }

    #[test]
    fn rows_that_became_empty_are_closed_and_others_are_kept() {
        let at = |row, height| Position { row, col: 1, width: 12, height };
        let mut left = [at(1, 1), at(6, 2)];
        close_up(&mut left, &[at(1, 1), at(2, 2), at(6, 2)]);
        assert_eq!(left.map(|position| position.row), [1, 4], "rows 2 and 3 went, the author's own gap stayed");
    }

    #[test]
    fn the_grid_ends_at_row_99() {
        let wishes = vec![Wish::Below(12, 12); 9];
        let places = flow(&wishes);
        assert_eq!(places.iter().filter(|place| place.is_some()).count(), 8);
    }
}
