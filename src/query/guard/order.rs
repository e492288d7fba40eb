//! `order_by` and the one-string form: read from the tokens, no expression may stand there.

use sqlparser::tokenizer::Token;

use super::Order;
use super::fault::FragmentFault;
use super::scan::{Scanned, is_word};
use crate::query::Name;

const ORDER_FORM: &str = "order_by is a list of columns, each with ASC or DESC: recorded_at DESC, name";

/// Where the parts of the one-string form are, as token indices.
pub(super) struct Parts {
    /// The condition ends before this token.
    pub condition: usize,
    /// The order's first token and the one after its last.
    pub order: Option<(usize, usize)>,
    /// The limit.
    pub limit: Option<u32>,
}

pub(super) fn split(scanned: &Scanned<'_>) -> Result<Parts, FragmentFault> {
    let all = scanned.tokens.len();
    let limit_at = scanned.find(&["LIMIT"]);
    let order_at = scanned.find(&["ORDER"]).filter(|order| limit_at.is_none_or(|limit| *order < limit));
    let limit = limit_at.map(|at| limit_behind(scanned, at)).transpose()?;
    let end = limit_at.unwrap_or(all);
    let order = match order_at {
        Some(at) if scanned.tokens.get(at + 1).is_some_and(|t| is_word(&t.token, "BY")) && at + 2 <= end => Some((at + 2, end)),
        Some(at) => return Err(scanned.fault(at, "ORDER must be followed by BY")),
        None => None,
    };
    Ok(Parts { condition: order_at.unwrap_or(end), order, limit })
}

fn limit_behind(scanned: &Scanned<'_>, at: usize) -> Result<u32, FragmentFault> {
    let rest = scanned.tokens.get(at + 1..).unwrap_or_default();
    let number = match rest {
        [only] => match &only.token {
            Token::Number(digits, false) => digits.parse::<u32>().ok().filter(|n| *n > 0),
            _ => None,
        },
        _ => None,
    };
    number.ok_or_else(|| scanned.fault(at + 1, "LIMIT must be followed by a whole number above 0, and by nothing else"))
}

pub(super) fn terms(scanned: &Scanned<'_>, start: usize, end: usize) -> Result<Vec<Order>, FragmentFault> {
    let mut terms: Vec<Order> = Vec::new();
    let mut at = start;
    loop {
        let token = scanned.tokens.get(at).filter(|_| at < end);
        let column = match token.map(|t| &t.token) {
            Some(Token::Word(word)) => Name::parse(&word.value).map_err(|fault| scanned.fault(at, &fault))?,
            _ => return Err(scanned.fault(at, ORDER_FORM)),
        };
        at += 1;
        let word = |word: &str| at < end && scanned.tokens.get(at).is_some_and(|t| is_word(&t.token, word));
        let descending = word("DESC");
        if descending || word("ASC") {
            at += 1;
        }
        terms.push(Order { column, descending });
        if at >= end {
            return Ok(terms);
        }
        if !matches!(scanned.tokens.get(at).map(|t| &t.token), Some(Token::Comma)) {
            return Err(scanned.fault(at, ORDER_FORM));
        }
        at += 1;
    }
}
