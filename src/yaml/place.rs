//! Where inside a scalar a character stands in the file.

use saphyr_parser::ScalarStyle;

use super::scalar::Scalar;
use super::tree::Node;

/// Line and column, from 1, of the character `offset` of the scalar's text.
pub(super) fn inside(source: &str, node: &Node, scalar: &Scalar, offset: usize) -> (usize, usize) {
    let start = (node.line, node.column);
    let written: Vec<char> = source.chars().skip(node.index).take(scalar.end.saturating_sub(node.index)).collect();
    let text: Vec<char> = scalar.text.chars().take(offset).collect();
    match scalar.style {
        ScalarStyle::Plain => walk(start, &written, &text, |_| 1),
        ScalarStyle::SingleQuoted => after(start, &written, 1, &text, |rest| if rest.starts_with(&['\'', '\'']) { 2 } else { 1 }),
        ScalarStyle::DoubleQuoted => after(start, &written, 1, &text, escape),
        ScalarStyle::Literal => literal(node, scalar, offset),
        // A block's place is its first character that is not an empty line.
        ScalarStyle::Folded => {
            let empty_lines = text.iter().take_while(|c| **c == '\n').count();
            walk(start, &written, &text[empty_lines..], |_| 1)
        }
    }
}

/// Each line of a `|` block is a line of the file, moved right by the block's indentation.
fn literal(node: &Node, scalar: &Scalar, offset: usize) -> (usize, usize) {
    let empty_lines = scalar.text.chars().take_while(|&c| c == '\n').count();
    let before: Vec<char> = scalar.text.chars().take(offset).collect();
    let line = before.iter().filter(|&&c| c == '\n').count();
    let column = before.iter().rev().take_while(|&&c| c != '\n').count();
    ((node.line + line).saturating_sub(empty_lines).max(1), node.column + column)
}

/// How many characters an escape takes in the file.
fn escape(rest: &[char]) -> usize {
    match rest {
        ['\\', 'x', ..] => 4,
        ['\\', 'u', ..] => 6,
        ['\\', 'U', ..] => 10,
        ['\\', ..] => 2,
        _ => 1,
    }
}

fn after(
    start: (usize, usize),
    written: &[char],
    skip: usize,
    text: &[char],
    width: impl Fn(&[char]) -> usize,
) -> (usize, usize) {
    let skip = skip.min(written.len());
    let start = written[..skip].iter().fold(start, |at, &c| step(at, c));
    walk(start, &written[skip..], text, width)
}

/// Goes through the file and the text side by side: one character each, but for escapes and folded line breaks.
fn walk(start: (usize, usize), written: &[char], text: &[char], width: impl Fn(&[char]) -> usize) -> (usize, usize) {
    let (mut at, mut next) = (start, 0);
    for &c in text {
        let rest = &written[next.min(written.len())..];
        let folded = rest.iter().take_while(|c| c.is_whitespace()).count();
        let breaks = c.is_whitespace() && rest[..folded].contains(&'\n');
        let taken = if breaks {
            folded
        } else if c == '\n' && rest.first() != Some(&'\\') {
            0
        } else {
            width(rest)
        };
        at = rest.iter().take(taken).fold(at, |at, &c| step(at, c));
        next += taken;
    }
    at
}

fn step((line, column): (usize, usize), c: char) -> (usize, usize) {
    if c == '\n' { (line + 1, 1) } else { (line, column + 1) }
}
