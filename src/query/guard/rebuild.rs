//! From sqlparser's tree to ours. What is not named here is refused; nothing is copied over whole.

use sqlparser::ast::{
    self, BinaryOperator, CeilFloorKind, DateTimeField, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart, Spanned,
    UnaryOperator, Value,
};
use sqlparser::tokenizer::Location;

use super::expr::{Expr, Function, Operator, Span};
use super::fault::{ALLOWED, FragmentFault};
use super::scan::Scanned;
use crate::query::Name;

/// The deepest nesting of operators; chains of AND and of OR count as one level.
const DEEPEST: usize = 24;

type Built = Result<Expr, FragmentFault>;

/// Rebuilds an author's tree.
pub(super) fn rebuild(scanned: &Scanned<'_>, tree: &ast::Expr) -> Built {
    Rebuilder { place: &|at| scanned.offset(at) }.build(tree, 0)
}

/// Rebuilds our own text's tree; places do not matter.
pub(super) fn again(tree: &ast::Expr) -> Option<Expr> {
    Rebuilder { place: &|_| 0 }.build(tree, 0).ok()
}

struct Rebuilder<'p> {
    place: &'p dyn Fn(Location) -> usize,
}

impl Rebuilder<'_> {
    fn at(&self, tree: &ast::Expr) -> usize {
        (self.place)(beginning(tree))
    }

    fn refused(&self, tree: &ast::Expr, what: &str) -> FragmentFault {
        FragmentFault::refused(self.at(tree), what)
    }

    fn build(&self, tree: &ast::Expr, depth: usize) -> Built {
        if depth > DEEPEST {
            return Err(FragmentFault::new(self.at(tree), "the condition is nested too deeply"));
        }
        let sub = |tree: &ast::Expr| self.build(tree, depth + 1).map(Box::new);
        match tree {
            ast::Expr::Nested(inner) => self.build(inner, depth + 1),
            ast::Expr::Identifier(ident) => {
                Name::parse(&ident.value).map(Expr::Column).map_err(|fault| FragmentFault::new(self.at(tree), fault))
            }
            ast::Expr::Value(value) => self.literal(tree, &value.value),
            ast::Expr::UnaryOp { op, expr } => self.unary(tree, *op, expr, depth),
            ast::Expr::BinaryOp { left, op, right } => self.binary(tree, left, op, right, depth),
            ast::Expr::InList { expr, list, negated } => {
                let list = list.iter().map(|e| self.build(e, depth + 1)).collect::<Result<Vec<_>, _>>()?;
                if list.is_empty() {
                    return Err(FragmentFault::new(self.at(tree), "IN needs at least one value"));
                }
                Ok(Expr::In { expr: sub(expr)?, list, negated: *negated })
            }
            ast::Expr::Between { expr, negated, low, high } => {
                Ok(Expr::Between { expr: sub(expr)?, low: sub(low)?, high: sub(high)?, negated: *negated })
            }
            ast::Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
                Ok(Expr::Like { expr: sub(expr)?, pattern: self.pattern(pattern)?, folded: false, negated: *negated })
            }
            ast::Expr::ILike { negated, any: false, expr, pattern, escape_char: None } => {
                Ok(Expr::Like { expr: sub(expr)?, pattern: self.pattern(pattern)?, folded: true, negated: *negated })
            }
            ast::Expr::IsNull(expr) => Ok(Expr::IsNull { expr: sub(expr)?, negated: false }),
            ast::Expr::IsNotNull(expr) => Ok(Expr::IsNull { expr: sub(expr)?, negated: true }),
            ast::Expr::IsTrue(expr) => Ok(Expr::IsBool { expr: sub(expr)?, value: true, negated: false }),
            ast::Expr::IsNotTrue(expr) => Ok(Expr::IsBool { expr: sub(expr)?, value: true, negated: true }),
            ast::Expr::IsFalse(expr) => Ok(Expr::IsBool { expr: sub(expr)?, value: false, negated: false }),
            ast::Expr::IsNotFalse(expr) => Ok(Expr::IsBool { expr: sub(expr)?, value: false, negated: true }),
            ast::Expr::IsDistinctFrom(a, b) => Ok(Expr::Distinct { left: sub(a)?, right: sub(b)?, negated: false }),
            ast::Expr::IsNotDistinctFrom(a, b) => Ok(Expr::Distinct { left: sub(a)?, right: sub(b)?, negated: true }),
            ast::Expr::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                Ok(Expr::Call(Function::Trim, vec![*sub(expr)?]))
            }
            ast::Expr::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                let mut list = vec![*sub(expr)?, *sub(from)?];
                if let Some(length) = substring_for {
                    list.push(*sub(length)?);
                }
                Ok(Expr::Call(Function::Substr, list))
            }
            ast::Expr::Floor { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.whole(tree, Function::Floor, *sub(expr)?)
            }
            ast::Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.whole(tree, Function::Ceil, *sub(expr)?)
            }
            ast::Expr::Function(function) => self.call(tree, function, depth),
            ast::Expr::Interval(_) => {
                Err(FragmentFault::new(self.at(tree), "an interval is added to or taken from a time: now() - interval '1 day'"))
            }
            ast::Expr::Subquery(_) | ast::Expr::Exists { .. } | ast::Expr::InSubquery { .. } => {
                Err(self.refused(tree, "subqueries are"))
            }
            ast::Expr::Cast { .. } | ast::Expr::Convert { .. } => Err(self.refused(tree, "casts are")),
            _ => Err(self.refused(tree, "this is")),
        }
    }

    fn literal(&self, tree: &ast::Expr, value: &Value) -> Built {
        match value {
            Value::Number(digits, false) => number(digits)
                .map(Expr::Number)
                .ok_or_else(|| FragmentFault::new(self.at(tree), "a number has at most 18 digits on either side of its point")),
            Value::SingleQuotedString(text) => Ok(Expr::Text(text.clone())),
            Value::Boolean(value) => Ok(Expr::Bool(*value)),
            Value::Null => Ok(Expr::Null),
            _ => Err(self.refused(tree, "this literal is")),
        }
    }

    fn unary(&self, tree: &ast::Expr, op: UnaryOperator, expr: &ast::Expr, depth: usize) -> Built {
        let inner = self.build(expr, depth + 1)?;
        match op {
            UnaryOperator::Not => Ok(Expr::Not(Box::new(inner))),
            UnaryOperator::Plus => Ok(inner),
            // Two of them in a row would be written as the start of a comment.
            UnaryOperator::Minus if matches!(inner, Expr::Minus(_)) => Err(self.refused(tree, "a minus behind a minus is")),
            UnaryOperator::Minus => Ok(Expr::Minus(Box::new(inner))),
            _ => Err(self.refused(tree, "this operator is")),
        }
    }

    fn binary(&self, tree: &ast::Expr, left: &ast::Expr, op: &BinaryOperator, right: &ast::Expr, depth: usize) -> Built {
        if matches!(op, BinaryOperator::And | BinaryOperator::Or) {
            return self.chain(tree, op, depth);
        }
        if let (BinaryOperator::Plus | BinaryOperator::Minus, ast::Expr::Interval(interval)) = (op, right) {
            let by = span(interval).ok_or_else(|| {
                FragmentFault::new(
                    self.at(right),
                    "an interval is written like interval '7 days' or interval '1 hour 30 minutes'",
                )
            })?;
            let expr = Box::new(self.build(left, depth + 1)?);
            return Ok(Expr::Moved { expr, back: matches!(op, BinaryOperator::Minus), by });
        }
        let operator = match op {
            BinaryOperator::Eq => Operator::Eq,
            BinaryOperator::NotEq => Operator::NotEq,
            BinaryOperator::Lt => Operator::Lt,
            BinaryOperator::LtEq => Operator::LtEq,
            BinaryOperator::Gt => Operator::Gt,
            BinaryOperator::GtEq => Operator::GtEq,
            BinaryOperator::Plus => Operator::Plus,
            BinaryOperator::Minus => Operator::Minus,
            BinaryOperator::Multiply => Operator::Times,
            BinaryOperator::Divide => Operator::Divide,
            BinaryOperator::Modulo => Operator::Modulo,
            other => return Err(self.refused(tree, &format!("the operator “{other}” is"))),
        };
        Ok(Expr::Binary(Box::new(self.build(left, depth + 1)?), operator, Box::new(self.build(right, depth + 1)?)))
    }

    /// A chain of the same AND or OR as one list, however long it is.
    fn chain(&self, tree: &ast::Expr, op: &BinaryOperator, depth: usize) -> Built {
        let mut reversed = Vec::new();
        let mut rest = tree;
        while let ast::Expr::BinaryOp { left, op: same, right } = rest {
            if same != op {
                break;
            }
            reversed.push(self.build(right, depth + 1)?);
            rest = left;
        }
        reversed.push(self.build(rest, depth + 1)?);
        reversed.reverse();
        Ok(if matches!(op, BinaryOperator::And) { Expr::All(reversed) } else { Expr::Any(reversed) })
    }

    fn pattern(&self, tree: &ast::Expr) -> Result<String, FragmentFault> {
        let text = match self.build(tree, 0)? {
            Expr::Text(text) => text,
            _ => return Err(FragmentFault::new(self.at(tree), "LIKE takes a literal pattern: name LIKE 'web-%'")),
        };
        let trailing = text.chars().rev().take_while(|c| *c == '\\').count();
        if trailing % 2 == 1 {
            return Err(FragmentFault::new(self.at(tree), "the pattern ends in a backslash that escapes nothing"));
        }
        Ok(text)
    }

    fn call(&self, tree: &ast::Expr, function: &ast::Function, depth: usize) -> Built {
        let ast::Function { name, uses_odbc_syntax, parameters, args, within_group, filter, null_treatment, over } = function;
        let word = match name.0.as_slice() {
            [ObjectNamePart::Identifier(ident)] if ident.quote_style.is_none() => ident.value.to_ascii_lowercase(),
            _ => return Err(self.refused(tree, "this function name is")),
        };
        let plain = !uses_odbc_syntax
            && matches!(parameters, FunctionArguments::None)
            && within_group.is_empty()
            && filter.is_none()
            && null_treatment.is_none()
            && over.is_none();
        let FunctionArguments::List(list) = args else { return Err(self.refused(tree, &format!("“{word}” is"))) };
        if !plain || list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
            return Err(self.refused(tree, "this form of a call is"));
        }
        if word == "now" && list.args.is_empty() {
            return Ok(Expr::Now);
        }
        let known = Function::ALL.iter().find(|(name, ..)| *name == word);
        let Some((_, function, least, most)) = known else { return Err(self.unknown(tree, &word)) };
        let mut built = Vec::new();
        for arg in &list.args {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => built.push(self.build(expr, depth + 1)?),
                _ => return Err(self.refused(tree, "this argument is")),
            }
        }
        if !(*least..=*most).contains(&built.len()) {
            return Err(FragmentFault::new(
                self.at(tree),
                format!("“{word}” takes {least} to {most} arguments, not {}", built.len()),
            ));
        }
        match (function, built.pop()) {
            (Function::Floor | Function::Ceil, Some(value)) => self.whole(tree, *function, value),
            (_, last) => {
                built.extend(last);
                Ok(Expr::Call(*function, built))
            }
        }
    }

    /// SQLite's rendering of these repeats the value, so that one inside the other would grow without bound.
    fn whole(&self, tree: &ast::Expr, function: Function, value: Expr) -> Built {
        let mut nested = false;
        value.walk(&mut |expr| nested |= matches!(expr, Expr::Call(Function::Floor | Function::Ceil, _)));
        if nested {
            return Err(FragmentFault::new(self.at(tree), "floor and ceil cannot stand inside one another"));
        }
        Ok(Expr::Call(function, vec![value]))
    }

    fn unknown(&self, tree: &ast::Expr, word: &str) -> FragmentFault {
        let names = Function::ALL.iter().map(|(name, ..)| *name).chain(["now"]);
        let near = names.map(|name| (strsim::damerau_levenshtein(name, word), name)).min().filter(|(distance, _)| *distance <= 2);
        let hint = near.map(|(_, name)| format!(" — did you mean “{name}”?")).unwrap_or_default();
        FragmentFault::new(self.at(tree), format!("the function “{word}” is not allowed{hint}; {ALLOWED}"))
    }
}

/// Where a tree begins, found without walking the whole of it.
fn beginning(mut tree: &ast::Expr) -> Location {
    loop {
        tree = match tree {
            ast::Expr::BinaryOp { left, .. } => left,
            ast::Expr::Nested(expr) | ast::Expr::IsNull(expr) | ast::Expr::IsNotNull(expr) => expr,
            ast::Expr::InList { expr, .. } | ast::Expr::Between { expr, .. } => expr,
            ast::Expr::Like { expr, .. } | ast::Expr::ILike { expr, .. } | ast::Expr::UnaryOp { expr, .. } => expr,
            ast::Expr::Identifier(ident) => return ident.span.start,
            ast::Expr::Function(function) => return function.name.span().start,
            leaf => return leaf.span().start,
        }
    }
}

/// Digits as they will be written: no exponent, no sign, at most 18 on either side of the point.
fn number(text: &str) -> Option<String> {
    let plain = if text.contains(['e', 'E']) {
        let value: f64 = text.parse().ok()?;
        if !(1e-18..1e18).contains(&value) {
            return None;
        }
        format!("{value}")
    } else {
        text.to_owned()
    };
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |part: &str| part.len() <= 18 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") })
}

/// `interval '1 hour 30 minutes'`.
fn span(interval: &ast::Interval) -> Option<Span> {
    let ast::Interval { value, leading_field, leading_precision, last_field, fractional_seconds_precision } = interval;
    if leading_field.is_some() || leading_precision.is_some() || last_field.is_some() || fractional_seconds_precision.is_some() {
        return None;
    }
    let ast::Expr::Value(ast::ValueWithSpan { value: Value::SingleQuotedString(text), .. }) = value.as_ref() else { return None };
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    if words.is_empty() || !words.len().is_multiple_of(2) || words.len() > 8 {
        return None;
    }
    let mut span = Span::default();
    for pair in words.chunks_exact(2) {
        let [count, unit] = pair else { return None };
        let count: u32 = count.parse().ok().filter(|n| *n <= 1_000_000)?;
        let unit = unit.to_ascii_lowercase();
        match unit.strip_suffix('s').unwrap_or(&unit) {
            "year" => span.months += count.checked_mul(12)?,
            "month" => span.months += count,
            "week" => span.seconds += u64::from(count) * 604_800,
            "day" => span.seconds += u64::from(count) * 86_400,
            "hour" => span.seconds += u64::from(count) * 3600,
            "minute" => span.seconds += u64::from(count) * 60,
            "second" => span.seconds += u64::from(count),
            _ => return None,
        }
    }
    (span.months <= 12_000 && span.seconds <= 36_525 * 86_400).then_some(span)
}
