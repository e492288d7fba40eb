//! Our tree as SQL: every literal but a number bound, every operation in its own parentheses.

use super::expr::{Expr, Function, Span};
use crate::datastore::{Bind, Dialect};
use crate::query::build::Sql;

/// Writes a condition for the database `sql` is for.
pub(super) fn bound(expr: &Expr, sql: &mut Sql) {
    match sql.dialect {
        Dialect::Postgres => write(expr, &mut Bound(sql)),
        Dialect::Sqlite => write(expr, &mut Lite(Bound(sql))),
    }
}

/// The condition with its literals in place, for reading it again; never sent anywhere.
pub(super) fn shown(expr: &Expr) -> String {
    let mut shown = Shown(String::new());
    write(expr, &mut shown);
    shown.0
}

/// Where SQL is written to, and how what differs is written there.
trait Target: Sized {
    fn push(&mut self, text: &str);
    fn column(&mut self, name: &str);
    fn text(&mut self, text: &str);

    fn like(&mut self, expr: &Expr, pattern: &str, folded: bool, negated: bool) {
        self.push("(");
        write(expr, self);
        self.push(if negated { " NOT " } else { " " });
        self.push(if folded { "ILIKE " } else { "LIKE " });
        self.text(pattern);
        self.push(")");
    }

    fn now(&mut self) {
        self.push("now()");
    }

    fn moved(&mut self, expr: &Expr, back: bool, by: Span) {
        self.push("(");
        write(expr, self);
        self.push(if back { " - " } else { " + " });
        self.push(&format!("interval '{} months {} seconds')", by.months, by.seconds));
    }

    /// An operand of a comparison whose other side is a time.
    fn time(&mut self, expr: &Expr) {
        write(expr, self);
    }

    fn round(&mut self, args: &[Expr]) {
        call("round", args, self);
    }

    /// `floor`, or `ceil` if `up`.
    fn whole(&mut self, args: &[Expr], up: bool) {
        call(if up { "ceil" } else { "floor" }, args, self);
    }
}

struct Bound<'s>(&'s mut Sql);

impl Target for Bound<'_> {
    fn push(&mut self, text: &str) {
        self.0.push(text);
    }

    fn column(&mut self, name: &str) {
        self.0.push("s.\"");
        self.0.push(name);
        self.0.push("\"");
    }

    fn text(&mut self, text: &str) {
        self.0.bind(Bind::Text(text.to_owned()));
    }

    /// PostgreSQL rounds to digits only what is numeric.
    fn round(&mut self, args: &[Expr]) {
        match args {
            [value, digits] => {
                self.push("round(CAST(");
                write(value, self);
                self.push(" AS numeric), ");
                write(digits, self);
                self.push(")");
            }
            _ => call("round", args, self),
        }
    }
}

/// SQLite: LIKE that minds the case is GLOB, and times are compared as seconds.
struct Lite<'s>(Bound<'s>);

impl Target for Lite<'_> {
    fn push(&mut self, text: &str) {
        self.0.push(text);
    }

    fn column(&mut self, name: &str) {
        self.0.column(name);
    }

    fn text(&mut self, text: &str) {
        self.0.text(text);
    }

    fn like(&mut self, expr: &Expr, pattern: &str, folded: bool, negated: bool) {
        self.push(if negated { "(NOT (" } else { "((" });
        write(expr, self);
        if folded {
            self.push(" LIKE ");
            self.text(pattern);
            self.push(" ESCAPE '\\'");
        } else {
            self.push(" GLOB ");
            self.text(&glob(pattern));
        }
        self.push("))");
    }

    fn now(&mut self) {
        self.push("unixepoch('now')");
    }

    fn moved(&mut self, expr: &Expr, back: bool, by: Span) {
        let sign = if back { '-' } else { '+' };
        if by.months > 0 {
            self.push("unixepoch(");
            self.time(expr);
            self.push(&format!(", 'unixepoch', '{sign}{} months')", by.months));
        } else {
            self.time(expr);
        }
        self.push(&format!(" {sign} {}", by.seconds));
    }

    /// SQLite as it is bundled has neither; a cast cuts towards zero.
    fn whole(&mut self, args: &[Expr], up: bool) {
        let [value] = args else { return };
        let cut = |to: &mut Self| around("CAST(", value, " AS INTEGER)", to);
        self.push("(CAST(");
        cut(self);
        self.push(if up { " AS REAL) + (" } else { " AS REAL) - (" });
        cut(self);
        around(if up { " < " } else { " > " }, value, "))", self);
    }

    /// Text is read as ISO, numbers as epoch seconds or, from 1e11 on, milliseconds.
    fn time(&mut self, expr: &Expr) {
        if expr.is_time() {
            self.push("(");
            write(expr, self);
            self.push(")");
            return;
        }
        let column = matches!(expr, Expr::Column(_));
        self.push(if column { "(CASE WHEN typeof(" } else { "unixepoch(" });
        write(expr, self);
        if column {
            self.push(") = 'text' THEN unixepoch(");
            write(expr, self);
            self.push(") WHEN ");
            write(expr, self);
            self.push(" > 100000000000 THEN ");
            write(expr, self);
            self.push(" / 1000 ELSE ");
            write(expr, self);
            self.push(" END)");
        } else {
            self.push(")");
        }
    }
}

struct Shown(String);

impl Target for Shown {
    fn push(&mut self, text: &str) {
        self.0.push_str(text);
    }

    fn column(&mut self, name: &str) {
        self.0.push('"');
        self.0.push_str(name);
        self.0.push('"');
    }

    fn text(&mut self, text: &str) {
        self.0.push('\'');
        self.0.push_str(&text.replace('\'', "''"));
        self.0.push('\'');
    }
}

fn write<T: Target>(expr: &Expr, to: &mut T) {
    match expr {
        Expr::Column(name) => to.column(name.as_str()),
        Expr::Text(text) => to.text(text),
        Expr::Number(digits) => to.push(digits),
        Expr::Bool(value) => to.push(if *value { "TRUE" } else { "FALSE" }),
        Expr::Null => to.push("NULL"),
        Expr::All(list) => joined("(", list, " AND ", to),
        Expr::Any(list) => joined("(", list, " OR ", to),
        Expr::Not(inner) => around("(NOT ", inner, ")", to),
        Expr::Minus(inner) => around("(- ", inner, ")", to),
        Expr::Binary(left, operator, right) => {
            let times = operator.compares() && (left.is_time() || right.is_time());
            to.push("(");
            operand(left, times, to);
            to.push(&format!(" {} ", operator.sign()));
            operand(right, times, to);
            to.push(")");
        }
        Expr::In { expr, list, negated } => {
            around("(", expr, if *negated { " NOT IN " } else { " IN " }, to);
            joined("(", list, ", ", to);
            to.push(")");
        }
        Expr::Between { expr, low, high, negated } => {
            let times = low.is_time() || high.is_time() || expr.is_time();
            to.push("(");
            operand(expr, times, to);
            to.push(if *negated { " NOT BETWEEN " } else { " BETWEEN " });
            operand(low, times, to);
            to.push(" AND ");
            operand(high, times, to);
            to.push(")");
        }
        Expr::Like { expr, pattern, folded, negated } => to.like(expr, pattern, *folded, *negated),
        Expr::IsNull { expr, negated } => around("(", expr, if *negated { " IS NOT NULL)" } else { " IS NULL)" }, to),
        Expr::IsBool { expr, value, negated } => {
            let word = if *value { "TRUE)" } else { "FALSE)" };
            around("(", expr, if *negated { " IS NOT " } else { " IS " }, to);
            to.push(word);
        }
        Expr::Distinct { left, right, negated } => {
            around("(", left, if *negated { " IS NOT DISTINCT FROM " } else { " IS DISTINCT FROM " }, to);
            around("", right, ")", to);
        }
        Expr::Call(Function::Round, args) => to.round(args),
        Expr::Call(Function::Floor, args) => to.whole(args, false),
        Expr::Call(Function::Ceil, args) => to.whole(args, true),
        Expr::Call(function, args) => call(function.word(), args, to),
        Expr::Now => to.now(),
        Expr::Moved { expr, back, by } => to.moved(expr, *back, *by),
    }
}

fn operand<T: Target>(expr: &Expr, times: bool, to: &mut T) {
    if times { to.time(expr) } else { write(expr, to) }
}

fn around<T: Target>(before: &str, expr: &Expr, after: &str, to: &mut T) {
    to.push(before);
    write(expr, to);
    to.push(after);
}

fn joined<T: Target>(before: &str, list: &[Expr], between: &str, to: &mut T) {
    to.push(before);
    for (i, expr) in list.iter().enumerate() {
        if i > 0 {
            to.push(between);
        }
        write(expr, to);
    }
    to.push(")");
}

fn call<T: Target>(word: &str, args: &[Expr], to: &mut T) {
    to.push(word);
    joined("(", args, ", ", to);
}

/// A LIKE pattern as GLOB's: `%` is `*`, `_` is `?`, and what GLOB itself means by `* ? [` stands in brackets.
fn glob(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => out.push('*'),
            '_' => out.push('?'),
            '\\' => chars.next().into_iter().for_each(|c| literal(c, &mut out)),
            c => literal(c, &mut out),
        }
    }
    out
}

fn literal(c: char, out: &mut String) {
    if matches!(c, '*' | '?' | '[') {
        out.push('[');
        out.push(c);
        out.push(']');
    } else {
        out.push(c);
    }
}
