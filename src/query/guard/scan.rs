//! The first look: only tokens that an allowed condition can be made of, and no shape that costs a parser much.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace, Word};

use super::fault::FragmentFault;

/// The longest fragment, in bytes: a longer chain of ANDs could overflow the stack when its tree is dropped.
const LONGEST: usize = 4096;
/// The most tokens: a chain of operators is a tree as deep as it is long, and dropping it takes stack.
const MOST: usize = 1200;
/// The deepest nesting of parentheses.
const DEEPEST: usize = 16;

/// Words that stand between operands.
const GLUE: &[&str] =
    &["AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "ILIKE", "IS", "DISTINCT", "FROM", "ORDER", "BY", "LIMIT", "ASC", "DESC"];

/// Words that no column can be named by without quotes, and what each of them begins.
const REFUSED: &[(&str, &str)] = &[
    ("SELECT", "subqueries are"),
    ("WITH", "subqueries are"),
    ("TABLE", "subqueries are"),
    ("UNION", "subqueries are"),
    ("EXCEPT", "subqueries are"),
    ("INTERSECT", "subqueries are"),
    ("LATERAL", "subqueries are"),
    ("INTO", "INTO is"),
    ("CREATE", "statements are"),
    ("CASE", "CASE is"),
    ("CAST", "casts are"),
    ("COLLATE", "COLLATE is"),
    ("ANY", "ANY is"),
    ("ALL", "ALL is"),
    ("SOME", "SOME is"),
    ("ARRAY", "arrays are"),
    ("SIMILAR", "SIMILAR TO is"),
    ("USING", "USING is"),
    ("OFFSET", "OFFSET is"),
    ("FETCH", "FETCH is"),
    ("GROUP", "GROUP BY is"),
    ("HAVING", "HAVING is"),
    ("JOIN", "joins are"),
    ("FOR", "FOR is"),
    ("ISNULL", "ISNULL (write IS NULL) is"),
    ("NOTNULL", "NOTNULL (write IS NOT NULL) is"),
    ("CURRENT_USER", "CURRENT_USER is"),
    ("SESSION_USER", "SESSION_USER is"),
    ("CURRENT_CATALOG", "CURRENT_CATALOG is"),
    ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP (write now()) is"),
    ("CURRENT_DATE", "CURRENT_DATE (write now()) is"),
    ("CURRENT_TIME", "CURRENT_TIME (write now()) is"),
    ("LOCALTIME", "LOCALTIME (write now()) is"),
    ("LOCALTIMESTAMP", "LOCALTIMESTAMP (write now()) is"),
];

/// Words that begin something that is not allowed, where they stand beside an operand or before a parenthesis;
/// alone each is a column like any other.
const PHRASES: &[(&str, &str)] = &[
    ("VALUES", "subqueries are"),
    ("EXISTS", "subqueries are"),
    ("COPY", "statements are"),
    ("INSERT", "statements are"),
    ("UPDATE", "statements are"),
    ("DELETE", "statements are"),
    ("DROP", "statements are"),
    ("ALTER", "statements are"),
    ("TRY_CAST", "casts are"),
    ("CONVERT", "casts are"),
    ("EXTRACT", "EXTRACT is"),
    ("OVERLAY", "OVERLAY is"),
    ("POSITION", "POSITION is"),
    ("ROW", "rows are"),
    ("STRUCT", "rows are"),
    ("OVER", "window functions are"),
    ("FILTER", "FILTER is"),
    ("REGEXP", "regular expressions are"),
    ("RLIKE", "regular expressions are"),
    ("GLOB", "GLOB is"),
    ("MATCH", "MATCH is"),
    ("ESCAPE", "ESCAPE (a backslash escapes) is"),
    ("NULLS", "NULLS FIRST/LAST is"),
    ("PRIOR", "PRIOR is"),
    ("CONNECT_BY_ROOT", "CONNECT BY is"),
    ("AT", "AT TIME ZONE is"),
    ("XOR", "XOR is"),
    ("DIV", "DIV is"),
    ("MEMBER", "MEMBER OF is"),
    ("OVERLAPS", "OVERLAPS is"),
];

/// Words that are values.
const LITERALS: &[&str] = &["TRUE", "FALSE", "NULL"];

/// A fragment whose tokens are all harmless, blanks left out.
pub(super) struct Scanned<'t> {
    text: &'t str,
    /// Its tokens.
    pub tokens: Vec<TokenWithSpan>,
}

impl Scanned<'_> {
    /// The index of the first unquoted word that is one of `words`.
    pub(super) fn find(&self, words: &[&str]) -> Option<usize> {
        self.tokens.iter().position(|token| words.iter().any(|word| is_word(&token.token, word)))
    }

    /// A fault at a token (or at the end).
    pub(super) fn fault(&self, token: usize, message: &str) -> FragmentFault {
        FragmentFault::new(self.offset_of(token), message)
    }

    /// Where a token begins, in characters; the end of the text when there is no such token.
    pub(super) fn offset_of(&self, token: usize) -> usize {
        self.tokens.get(token).map_or_else(|| self.text.chars().count(), |token| self.offset(token.span.start))
    }

    /// A line and column (both from 1) as an offset in characters.
    pub(super) fn offset(&self, at: Location) -> usize {
        offset(self.text, at)
    }

    /// What sqlparser said, in an author's words; `… at Line: 1, Column: 7` tells the place.
    pub(super) fn parser_fault(&self, start: usize, end: usize, message: &str) -> FragmentFault {
        let number = |after: &str| {
            let rest = message.rsplit_once(after)?.1;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
        };
        let place = number("Line: ").zip(number("Column: ")).map(|(line, column)| self.offset(Location::new(line, column)));
        let cut = message.split(" at Line: ").next().unwrap_or(message);
        let said = cut.trim_start_matches("sql parser error: ").trim_start_matches("Expected: ");
        let words = match said.split_once(", found: ") {
            Some((_, found)) if found != "EOF" => format!("“{found}” cannot stand here"),
            Some(_) => "the condition ends too early".to_owned(),
            None if said.contains("recursion") => "the condition is nested too deeply".to_owned(),
            None => "this is not a condition".to_owned(),
        };
        let at = place.unwrap_or_else(|| if said.ends_with("EOF") { self.offset_of(end) } else { self.offset_of(start) });
        FragmentFault::new(at, format!("{words}; {}", super::fault::ALLOWED))
    }
}

/// Whether a token is this unquoted word, whatever its case.
pub(super) fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(Word { value, quote_style: None, .. }) if value.eq_ignore_ascii_case(word))
}

/// Tokens of a fragment, or the first that has no place in one.
pub(super) fn scan(text: &str) -> Result<Scanned<'_>, FragmentFault> {
    if text.len() > LONGEST {
        return Err(FragmentFault::new(0, format!("the fragment is longer than {LONGEST} bytes")));
    }
    if let Some(at) = text.chars().position(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(FragmentFault::new(at, "control characters are not allowed"));
    }
    let all = Tokenizer::new(&PostgreSqlDialect {}, text)
        .tokenize_with_location()
        .map_err(|fault| FragmentFault::new(offset(text, fault.location), "this text is not closed or not SQL"))?;
    let mut tokens: Vec<TokenWithSpan> = Vec::new();
    let mut depth = 0_usize;
    for token in all {
        let at = offset(text, token.span.start);
        if matches!(token.token, Token::Whitespace(Whitespace::Space | Whitespace::Newline | Whitespace::Tab) | Token::EOF) {
            continue;
        }
        check(&token.token, at)?;
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(FragmentFault::new(at, "the parentheses are nested too deeply"));
        }
        neighbours(tokens.last().map(|before| &before.token), &token.token, at)?;
        tokens.push(token);
        if tokens.len() > MOST {
            return Err(FragmentFault::new(at, format!("the fragment has more than {MOST} words and signs")));
        }
    }
    name_columns(text, &mut tokens)?;
    Ok(Scanned { text, tokens })
}

/// Puts every word that can only be a column in quotes, so that the parser takes `at`, `user` or `date` for nothing else.
fn name_columns(text: &str, tokens: &mut [TokenWithSpan]) -> Result<(), FragmentFault> {
    for index in 0..tokens.len() {
        let next = tokens.get(index + 1).map(|token| token.token.clone());
        let Some(token) = tokens.get_mut(index) else { continue };
        let Token::Word(word) = &token.token else { continue };
        let is_one_of = |words: &[&str]| words.iter().any(|known| is_word(&token.token, known));
        if word.quote_style.is_some() || is_one_of(GLUE) || is_one_of(LITERALS) {
            continue;
        }
        match next {
            Some(Token::LParen) => {
                if let Some(what) = phrase(&token.token) {
                    return Err(FragmentFault::refused(offset(text, token.span.start), what));
                }
            }
            Some(Token::SingleQuotedString(_)) if is_one_of(&["INTERVAL"]) => {}
            _ => token.token = Token::make_word(&word.value, Some('"')),
        }
    }
    Ok(())
}

/// What a word begins that is not allowed.
fn phrase(token: &Token) -> Option<&'static str> {
    PHRASES.iter().find(|(word, _)| is_word(token, word)).map(|(_, what)| *what)
}

fn check(token: &Token, at: usize) -> Result<(), FragmentFault> {
    let refused = |what: &str| Err(FragmentFault::refused(at, what));
    match token {
        Token::Number(_, false) | Token::SingleQuotedString(_) | Token::Comma | Token::LParen | Token::RParen => Ok(()),
        Token::Eq | Token::Neq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq => Ok(()),
        Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::Mod => Ok(()),
        Token::Word(word) => check_word(word, at),
        Token::Whitespace(_) => refused("comments are"),
        Token::SemiColon => refused("a second statement is"),
        Token::Placeholder(_) | Token::Question => refused("parameters are"),
        Token::DoubleColon => refused("casts are"),
        Token::Period => refused("qualified names (write the column alone) are"),
        Token::DollarQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::SingleQuotedByteStringLiteral(_) => refused("this form of string (write 'text') is"),
        other => refused(&format!("“{other}” is")),
    }
}

fn check_word(word: &Word, at: usize) -> Result<(), FragmentFault> {
    if let Err(fault) = crate::query::Name::parse(&word.value) {
        return Err(FragmentFault::new(at, fault));
    }
    if word.quote_style.is_some() {
        return Ok(());
    }
    match REFUSED.iter().find(|(refused, _)| word.value.eq_ignore_ascii_case(refused)) {
        Some((_, what)) => Err(FragmentFault::refused(at, what)),
        None if word.value.eq_ignore_ascii_case("WHERE") => Err(FragmentFault::new(at, "leave out the word WHERE")),
        None => Ok(()),
    }
}

/// Two operands side by side can only be something that is not allowed (a typed literal, an alias, an operator in words).
fn neighbours(before: Option<&Token>, token: &Token, at: usize) -> Result<(), FragmentFault> {
    let glue = |token: &Token| GLUE.iter().any(|word| is_word(token, word));
    let operand = |token: &Token| {
        (matches!(token, Token::Word(_)) && !glue(token)) || matches!(token, Token::Number(..) | Token::SingleQuotedString(_))
    };
    let Some(before) = before else { return Ok(()) };
    if is_word(before, "INTERVAL") && matches!(token, Token::SingleQuotedString(_)) {
        return Ok(());
    }
    if !operand(token) || !(operand(before) || matches!(before, Token::RParen)) {
        return Ok(());
    }
    if let Some(what) = phrase(token).or_else(|| phrase(before)) {
        return Err(FragmentFault::refused(at, what));
    }
    if matches!((before, token), (Token::Word(_), Token::SingleQuotedString(_))) {
        return Err(FragmentFault::refused(at, "a literal with a type before it (write the plain 'text') is"));
    }
    Err(FragmentFault::refused(at, &format!("“{token}” directly behind “{before}” is")))
}

fn offset(text: &str, at: Location) -> usize {
    let lines = usize::try_from(at.line.saturating_sub(1)).unwrap_or(0);
    let column = usize::try_from(at.column.saturating_sub(1)).unwrap_or(0);
    let before: usize = text.split('\n').take(lines).map(|line| line.chars().count() + 1).sum();
    (before + column).min(text.chars().count())
}
