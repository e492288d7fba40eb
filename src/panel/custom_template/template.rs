//! An author's template: what it may say is told when its file is read, what it may use up when it is filled.

use std::io::{self, Write};

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, Stmt};
use minijinja::machinery::{Span, Token, parse, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use crate::domain::unit::{decimals_of, grouped};
use crate::panel::escaped;

/// Bytes of a template.
pub(super) const LONGEST: usize = 64 * 1024;
/// Words and signs between one pair of braces: an expression is read, compiled and dropped by functions that call themselves.
const LONGEST_TAG: usize = 120;
/// Pairs of braces with an order in them; `elif` nests.
const MOST_ORDERS: usize = 200;
/// Steps of filling it.
const FUEL: u64 = 50_000;
/// Bytes of what comes out.
const MOST_OUT: usize = 256 * 1024;
/// Bytes of a text that a filter works on.
const MOST_TEXT: usize = 16 * 1024;

const FILTERS: &[&str] =
    &["upper", "lower", "round", "number", "percent", "default", "join", "length", "cut", "date", "plus", "times"];
const TESTS: &[&str] = &["defined", "undefined", "none"];

/// What is wrong with a template: how many characters in, and what.
pub(super) type Wrong = (usize, String);

/// A template that was checked.
#[derive(Clone, Debug)]
pub(super) struct Template(String);

impl Template {
    /// Checks what was written.
    pub(super) fn parse(source: &str) -> Result<Template, Vec<Wrong>> {
        if source.trim().is_empty() {
            return Err(vec![(0, "the template is empty".to_owned())]);
        }
        if source.len() > LONGEST {
            return Err(vec![(0, format!("a template has at most {} KiB", LONGEST / 1024))]);
        }
        let mut check = Check { source, wrong: Vec::new() };
        check.sizes();
        if check.wrong.is_empty() {
            match parse(source, "template", SyntaxConfig::default()) {
                Ok(tree) => check.statement(&tree),
                Err(error) => check.told_by_parser(&error),
            }
        }
        if check.wrong.is_empty()
            && let Err(error) = environment().template_from_named_str("template", source)
        {
            check.told_by_parser(&error);
        }
        if check.wrong.is_empty() { Ok(Template(source.to_owned())) } else { Err(check.wrong) }
    }

    /// Fills it with an endpoint's words; data comes out escaped, always.
    pub(super) fn fill(&self, words: &serde_json::Value) -> Result<String, String> {
        let environment = environment();
        let template = environment.template_from_named_str("template", &self.0).map_err(|error| self.told(&error))?;
        let mut out = Limited(Vec::new());
        let filled = template.render_captured_to(Value::from(minijinja::value::Serde(words)), &mut out);
        if out.0.len() >= MOST_OUT {
            return Err(format!("it would be longer than {} KiB", MOST_OUT / 1024));
        }
        filled.map_err(|error| self.told(&error))?;
        String::from_utf8(out.0).map_err(|_| "it is no text".to_owned())
    }

    /// A failure while it was filled, in the visitor's words; the place is the author's.
    fn told(&self, error: &Error) -> String {
        let line = error.line().unwrap_or(1);
        let what = error.range().and_then(|range| self.0.get(range)).map(|text| text.chars().take(60).collect::<String>());
        let what = what.unwrap_or_default();
        match error.kind() {
            ErrorKind::UndefinedError => format!("“{what}” in line {line} is nothing that the endpoint gave"),
            ErrorKind::OutOfFuel => "it takes too many steps".to_owned(),
            _ => format!("“{what}” in line {line} does not work with what the endpoint gave"),
        }
    }
}

/// Memory that stops where it is full.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_OUT {
            self.0.resize(MOST_OUT, b' ');
            return Err(io::Error::other("full"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Check<'a> {
    source: &'a str,
    wrong: Vec<Wrong>,
}

impl Check<'_> {
    fn at(&mut self, span: Span, message: impl Into<String>) {
        let bytes = (span.start_offset as usize).min(self.source.len());
        let characters = self.source.char_indices().take_while(|(at, _)| *at < bytes).count();
        self.wrong.push((characters, message.into()));
    }

    fn told_by_parser(&mut self, error: &Error) {
        let line: usize = self.source.lines().take(error.line().unwrap_or(1).saturating_sub(1)).map(|line| line.len() + 1).sum();
        let bytes = error.range().map_or(line, |range| range.start).min(self.source.len());
        let characters = self.source.char_indices().take_while(|(at, _)| *at < bytes).count();
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        self.wrong.push((characters, format!("the template cannot be read: {detail}")));
    }

    /// Counted before anything is built that could be too deep to be taken down again.
    fn sizes(&mut self) {
        let (mut inside, mut orders) = (0, 0);
        for token in tokenize(self.source, false, SyntaxConfig::default()) {
            // What is no token is told by the parser.
            let Ok((token, span)) = token else { return };
            match token {
                Token::TemplateData(_) | Token::VariableEnd | Token::BlockEnd => inside = 0,
                Token::BlockStart => orders += 1,
                _ => inside += 1,
            }
            if inside > LONGEST_TAG {
                return self.at(span, format!("an expression has at most {LONGEST_TAG} words and signs"));
            }
            if orders > MOST_ORDERS {
                return self.at(span, format!("a template has at most {MOST_ORDERS} of {{% … %}}"));
            }
        }
    }

    fn all(&mut self, statements: &[Stmt<'_>]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    /// What is not named here is refused.
    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.all(&template.children),
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(emit) => self.expression(&emit.expr),
            Stmt::IfCond(branch) => {
                self.expression(&branch.expr);
                self.all(&branch.true_body);
                self.all(&branch.false_body);
            }
            Stmt::ForLoop(each) => {
                if each.recursive {
                    self.at(each.span(), "a loop cannot call itself here");
                }
                self.expression(&each.iter);
                each.filter_expr.iter().for_each(|filter| self.expression(filter));
                self.all(&each.body);
                self.all(&each.else_body);
            }
            Stmt::WithBlock(s) => self.refuse(s.span(), "with"),
            Stmt::Set(s) => self.refuse(s.span(), "set"),
            Stmt::SetBlock(s) => self.refuse(s.span(), "set"),
            Stmt::AutoEscape(s) => self.refuse(s.span(), "autoescape"),
            Stmt::FilterBlock(s) => self.refuse(s.span(), "filter"),
            Stmt::Do(s) => self.refuse(s.span(), "do"),
            #[allow(unreachable_patterns)]
            _ => self.wrong.push((0, "the template says something that is not allowed here".to_owned())),
        }
    }

    fn refuse(&mut self, span: Span, word: &str) {
        self.at(span, format!("“{word}” is not allowed here: a template has {{{{ values }}}}, “if” and “for”"));
    }

    fn expression(&mut self, expression: &Expr<'_>) {
        match expression {
            Expr::Var(_) | Expr::Const(_) => {}
            Expr::UnaryOp(unary) => self.expression(&unary.expr),
            Expr::BinOp(binary) => {
                let refused = match binary.op {
                    BinOpKind::Add | BinOpKind::Concat => Some("to add numbers write {{ a|plus(b) }}; texts stand side by side"),
                    BinOpKind::Mul | BinOpKind::Pow => Some("to multiply write {{ a|times(b) }}"),
                    _ => None,
                };
                if let Some(instead) = refused {
                    self.at(binary.span(), instead);
                }
                self.expression(&binary.left);
                self.expression(&binary.right);
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr);
                compare.ops.iter().for_each(|op| self.expression(&op.expr));
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr);
                self.expression(&choice.true_expr);
                choice.false_expr.iter().for_each(|expression| self.expression(expression));
            }
            Expr::Filter(filter) => {
                self.known(filter.span(), "filter", filter.name, FILTERS);
                filter.expr.iter().for_each(|expression| self.expression(expression));
                self.arguments(filter.span(), &filter.args);
            }
            Expr::Test(test) => {
                self.known(test.span(), "test", test.name, TESTS);
                self.expression(&test.expr);
                self.arguments(test.span(), &test.args);
            }
            Expr::GetAttr(get) => self.expression(&get.expr),
            Expr::GetItem(get) => {
                self.expression(&get.expr);
                self.expression(&get.subscript_expr);
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item)),
            Expr::Call(call) => self.at(call.span(), "nothing can be called here; filters stand behind a |"),
            other => self.at(other.span(), "this kind of expression is not allowed here"),
        }
    }

    fn arguments(&mut self, span: Span, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(expression) => self.expression(expression),
                _ => self.at(span, "arguments are written one after the other, without names"),
            }
        }
    }

    fn known(&mut self, span: Span, what: &str, name: &str, known: &[&str]) {
        if known.contains(&name) {
            return;
        }
        let hint = match crate::yaml::nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean “{meant}”?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.at(span, format!("there is no {what} “{name}”; {hint}"));
    }
}

/// Nothing but what is put here.
fn environment<'source>() -> Environment<'source> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(50);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
    // Whatever a value claims of itself, it is written as text.
    environment.set_formatter(|out, _, value| {
        let text = shown(value)?;
        out.write_str(&escaped(&text)).map_err(Error::from)
    });
    environment.add_filter("upper", |text: &str| small(text).map(str::to_uppercase));
    environment.add_filter("lower", |text: &str| small(text).map(str::to_lowercase));
    environment
        .add_filter("cut", |text: &str, most: usize| small(text).map(|text| crate::panel::words::cut(text, most.min(MOST_TEXT))));
    environment.add_filter("default", |value: &Value, other: Value| match value.is_undefined() || value.is_none() {
        true => other,
        false => value.clone(),
    });
    environment.add_filter("length", |value: &Value| value.len().ok_or_else(|| no("it has no length")));
    environment.add_filter("join", join);
    environment
        .add_filter("round", |value: f64, decimals: Option<u8>| plain((10f64.powi(decimals.unwrap_or(0).min(12).into()), value)));
    environment.add_filter("number", |value: f64, decimals: Option<u8>| {
        grouped(value, decimals.map_or_else(|| decimals_of(value, (0, 2)), |decimals| decimals.min(12)))
    });
    environment.add_filter("percent", |value: f64, decimals: Option<u8>| {
        format!("{}\u{a0}%", grouped(value, decimals.unwrap_or(1).min(12)))
    });
    environment.add_filter("plus", |a: f64, b: f64| whole(a + b));
    environment.add_filter("times", |a: f64, b: f64| whole(a * b));
    environment.add_filter("date", |text: &str| small(text).map(date));
    environment.add_test("defined", |value: &Value| !value.is_undefined());
    environment.add_test("undefined", Value::is_undefined);
    environment.add_test("none", Value::is_none);
    environment
}

fn no(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, why)
}

fn small(text: &str) -> Result<&str, Error> {
    if text.len() <= MOST_TEXT { Ok(text) } else { Err(no("the text is too long")) }
}

/// A value as a reader sees it: what is missing is a dash, never a word of some language.
fn shown(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::None => Ok("–".to_owned()),
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::String | ValueKind::Number | ValueKind::Bool => {
            let text = value.to_string();
            if text.len() <= MOST_OUT { Ok(text) } else { Err(no("the text is too long")) }
        }
        _ => Err(no("a list or a map is no text")),
    }
}

fn join(list: &Value, between: Option<&str>) -> Result<String, Error> {
    let between = small(between.unwrap_or(", "))?;
    let mut out = String::new();
    for (index, item) in list.try_iter()?.enumerate() {
        if index > 0 {
            out.push_str(between);
        }
        out.push_str(&shown(&item)?);
        small(&out)?;
    }
    Ok(out)
}

fn plain((by, value): (f64, f64)) -> Value {
    whole((value * by).round() / by)
}

/// A whole number without a point.
fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { Value::from(number as i64) } else { Value::from(number) }
}

/// The day of a moment written as machines do; anything else as it is.
fn date(text: &str) -> String {
    let day = text.get(..10).unwrap_or(text);
    day.parse::<chrono::NaiveDate>().map_or_else(|_| text.to_owned(), |day| day.format("%b %-d, %Y").to_string())
}

#[cfg(test)]
mod tests;
