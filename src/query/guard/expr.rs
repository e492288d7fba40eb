//! What a condition may be made of.

use crate::query::Name;

/// A node of an allowed condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Column(Name),
    Text(String),
    /// Digits, with at most one point between digits; never a sign.
    Number(String),
    Bool(bool),
    Null,
    /// Two or more, all of which hold.
    All(Vec<Expr>),
    /// Two or more, one of which holds.
    Any(Vec<Expr>),
    Not(Box<Expr>),
    /// Of anything but another `Minus`.
    Minus(Box<Expr>),
    Binary(Box<Expr>, Operator, Box<Expr>),
    In {
        expr: Box<Expr>,
        list: Vec<Expr>,
        negated: bool,
    },
    Between {
        expr: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        negated: bool,
    },
    /// PostgreSQL's meaning on both databases: LIKE minds the case, a backslash escapes.
    Like {
        expr: Box<Expr>,
        pattern: String,
        folded: bool,
        negated: bool,
    },
    IsNull {
        expr: Box<Expr>,
        negated: bool,
    },
    IsBool {
        expr: Box<Expr>,
        value: bool,
        negated: bool,
    },
    Distinct {
        left: Box<Expr>,
        right: Box<Expr>,
        negated: bool,
    },
    Call(Function, Vec<Expr>),
    Now,
    /// A time moved by whole months and seconds.
    Moved {
        expr: Box<Expr>,
        back: bool,
        by: Span,
    },
}

/// A length of time as an interval literal says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub months: u32,
    pub seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    NotEq,
    Lt,
    LtEq,
    Gt,
    GtEq,
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
}

impl Operator {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Operator::Eq => "=",
            Operator::NotEq => "<>",
            Operator::Lt => "<",
            Operator::LtEq => "<=",
            Operator::Gt => ">",
            Operator::GtEq => ">=",
            Operator::Plus => "+",
            Operator::Minus => "-",
            Operator::Times => "*",
            Operator::Divide => "/",
            Operator::Modulo => "%",
        }
    }

    pub(super) fn compares(self) -> bool {
        use Operator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
        matches!(self, Eq | NotEq | Lt | LtEq | Gt | GtEq)
    }
}

/// The functions that may be called, besides `now()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Lower,
    Upper,
    Trim,
    Length,
    Substr,
    Coalesce,
    Nullif,
    Abs,
    Round,
    Floor,
    Ceil,
}

impl Function {
    /// All of them, with how many arguments each takes.
    pub(super) const ALL: &[(&'static str, Function, usize, usize)] = &[
        ("lower", Function::Lower, 1, 1),
        ("upper", Function::Upper, 1, 1),
        ("trim", Function::Trim, 1, 1),
        ("length", Function::Length, 1, 1),
        ("substr", Function::Substr, 2, 3),
        ("coalesce", Function::Coalesce, 1, 16),
        ("nullif", Function::Nullif, 2, 2),
        ("abs", Function::Abs, 1, 1),
        ("round", Function::Round, 1, 2),
        ("floor", Function::Floor, 1, 1),
        ("ceil", Function::Ceil, 1, 1),
    ];

    pub(super) fn word(self) -> &'static str {
        Function::ALL.iter().find(|(_, function, _, _)| *function == self).map_or("coalesce", |(word, _, _, _)| word)
    }
}

impl Expr {
    /// Visits every node, itself first.
    pub(super) fn walk(&self, visit: &mut impl FnMut(&Expr)) {
        visit(self);
        match self {
            Expr::Column(_) | Expr::Text(_) | Expr::Number(_) | Expr::Bool(_) | Expr::Null | Expr::Now => {}
            Expr::All(list) | Expr::Any(list) | Expr::Call(_, list) => list.iter().for_each(|e| e.walk(visit)),
            Expr::Not(e) | Expr::Minus(e) => e.walk(visit),
            Expr::Like { expr, .. } | Expr::IsNull { expr, .. } | Expr::IsBool { expr, .. } | Expr::Moved { expr, .. } => {
                expr.walk(visit);
            }
            Expr::Binary(left, _, right) | Expr::Distinct { left, right, .. } => {
                left.walk(visit);
                right.walk(visit);
            }
            Expr::In { expr, list, .. } => {
                expr.walk(visit);
                list.iter().for_each(|e| e.walk(visit));
            }
            Expr::Between { expr, low, high, .. } => {
                expr.walk(visit);
                low.walk(visit);
                high.walk(visit);
            }
        }
    }

    /// Whether it is a time by its making: `now()`, or something moved by an interval.
    pub(super) fn is_time(&self) -> bool {
        matches!(self, Expr::Now | Expr::Moved { .. })
    }
}
