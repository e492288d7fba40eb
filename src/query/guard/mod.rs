//! The guard: SQL fragments that authors write become a small tree of our own, or a fault with its place.
//! The text itself is never sent; what is sent is written again from the tree.

mod expr;
mod fault;
mod order;
mod rebuild;
mod render;
mod scan;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use sqlparser::dialect::{PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::TokenWithSpan;

use super::Name;
use super::build::Sql;
use crate::datastore::Dialect;
use expr::Expr;
pub use fault::FragmentFault;
use scan::Scanned;

/// The deepest nesting sqlparser may follow; the scan refuses what would come near it.
const RECURSION: usize = 120;

/// A `where` fragment that passed the guard.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(Expr);

/// One term of an `order_by` fragment that passed the guard: a column and a direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The column.
    pub column: Name,
    /// Descending.
    pub descending: bool,
}

/// Condition, order and limit of the one-string form.
pub type Whole = (Option<Condition>, Vec<Order>, Option<u32>);

impl Condition {
    /// `where: "metric_type = 'cpu'"`.
    ///
    /// # Errors
    /// The place and the reason.
    pub fn parse(text: &str) -> Result<Condition, FragmentFault> {
        let scanned = scan::scan(text)?;
        if scanned.tokens.is_empty() {
            return Err(FragmentFault::new(0, "the condition is empty"));
        }
        if let Some(token) = scanned.find(&["ORDER", "LIMIT"]) {
            return Err(scanned.fault(token, "ORDER BY and LIMIT have keys of their own: order_by, limit"));
        }
        condition(&scanned, 0, scanned.tokens.len())
    }

    /// `order_by: "recorded_at DESC, name"`.
    ///
    /// # Errors
    /// The place and the reason.
    pub fn parse_order(text: &str) -> Result<Vec<Order>, FragmentFault> {
        let scanned = scan::scan(text)?;
        order::terms(&scanned, 0, scanned.tokens.len())
    }

    /// The seed's one-string form: `cond ORDER BY a DESC LIMIT 1`, each part optional.
    ///
    /// # Errors
    /// The place and the reason.
    pub fn parse_whole(text: &str) -> Result<Whole, FragmentFault> {
        let scanned = scan::scan(text)?;
        let parts = order::split(&scanned)?;
        let condition = if parts.condition == 0 { None } else { Some(condition(&scanned, 0, parts.condition)?) };
        let order = match parts.order {
            Some((start, end)) => order::terms(&scanned, start, end)?,
            None => Vec::new(),
        };
        Ok((condition, order, parts.limit))
    }

    /// The columns it names, each once, in order of their names.
    pub fn columns(&self) -> Vec<Name> {
        let mut names = BTreeSet::new();
        self.0.walk(&mut |expr| {
            if let Expr::Column(name) = expr {
                names.insert(name.as_str().to_owned());
            }
        });
        names.iter().filter_map(|name| Name::parse(name).ok()).collect()
    }

    /// Whether its meaning moves with the clock: it calls `now()`.
    pub fn is_volatile(&self) -> bool {
        let mut found = false;
        self.0.walk(&mut |expr| found |= matches!(expr, Expr::Now));
        found
    }

    /// Writes it, its literals bound.
    pub(super) fn write(&self, sql: &mut Sql) {
        render::bound(&self.0, sql);
    }
}

/// Reads tokens `start..end` as a condition, and checks that what will be written reads as the same tree again.
fn condition(scanned: &Scanned<'_>, start: usize, end: usize) -> Result<Condition, FragmentFault> {
    let tokens = scanned.tokens.get(start..end).unwrap_or_default();
    let expr = rebuild::rebuild(scanned, &parsed(tokens).map_err(|message| scanned.parser_fault(start, end, &message))?)?;
    if !reads_the_same(&expr) {
        return Err(scanned.fault(start, "this condition cannot be written safely; write it more simply"));
    }
    Ok(Condition(expr))
}

/// One expression and nothing behind it.
fn parsed(tokens: &[TokenWithSpan]) -> Result<sqlparser::ast::Expr, String> {
    let dialect = PostgreSqlDialect {};
    let mut parser = Parser::new(&dialect).with_recursion_limit(RECURSION).with_tokens_with_locations(tokens.to_vec());
    let expr = parser.parse_expr().map_err(|fault| fault.to_string())?;
    match parser.peek_token().token {
        sqlparser::tokenizer::Token::EOF => Ok(expr),
        other => Err(format!("Expected: the end of the condition, found: {other} at {}", parser.peek_token().span.start)),
    }
}

/// The tree written with its literals in place reads as the same tree, and what either database gets is one SELECT.
fn reads_the_same(expr: &Expr) -> bool {
    let text = render::shown(expr);
    let again = Parser::new(&PostgreSqlDialect {})
        .with_recursion_limit(RECURSION * 4)
        .try_with_sql(&text)
        .and_then(|mut parser| Ok((parser.parse_expr()?, parser.peek_token().token)));
    let same = match again {
        Ok((tree, sqlparser::tokenizer::Token::EOF)) => rebuild::again(&tree).as_ref() == Some(expr),
        _ => false,
    };
    same && [Dialect::Postgres, Dialect::Sqlite].into_iter().all(|dialect| {
        let mut sql = Sql::new(dialect, None);
        sql.push("SELECT 1 FROM \"t\" AS s WHERE (\n");
        render::bound(expr, &mut sql);
        sql.push("\n)");
        is_one_select(&sql.text, dialect)
    })
}

/// Whether a text is exactly one SELECT to the parser of that database's language.
pub(super) fn is_one_select(text: &str, dialect: Dialect) -> bool {
    let parse = |language: &dyn sqlparser::dialect::Dialect| {
        Parser::new(language)
            .with_recursion_limit(RECURSION * 4)
            .try_with_sql(text)
            .and_then(|mut parser| parser.parse_statements())
    };
    let statements = match dialect {
        Dialect::Postgres => parse(&PostgreSqlDialect {}),
        Dialect::Sqlite => parse(&SQLiteDialect {}),
    };
    matches!(statements.as_deref(), Ok([sqlparser::ast::Statement::Query(_)]))
}

/// The property of the guard, for any input: it does not panic, and what it lets through makes exactly one SELECT
/// on both databases. `Err` holds the statement that broke it.
///
/// # Errors
/// The SQL that is not one SELECT.
pub fn property(text: &str) -> Result<(), String> {
    let _ = Condition::parse_order(text);
    let whole = Condition::parse_whole(text).ok().and_then(|(condition, _, _)| condition);
    for condition in [Condition::parse(text).ok(), whole].into_iter().flatten() {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let mut sql = Sql::new(dialect, None);
            sql.push("SELECT s.\"a\" FROM \"t\" AS s WHERE (\n");
            condition.write(&mut sql);
            sql.push("\n) AND (s.\"tenant\" = 1)");
            if !is_one_select(&sql.text, dialect) || selects(&sql.text) != 1 {
                return Err(sql.text);
            }
        }
    }
    Ok(())
}

/// How often the unquoted word SELECT stands in a text.
fn selects(text: &str) -> usize {
    let tokens = sqlparser::tokenizer::Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location();
    tokens.unwrap_or_default().iter().filter(|token| scan::is_word(&token.token, "SELECT")).count()
}
