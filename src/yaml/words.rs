//! Faults in plain words: what serde and the YAML reader say, as one would tell an author.

use super::scalar::Meaning;
use super::tree::Content;

/// The known word nearest to `word`, if one is near enough to have been meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let reach = (word.chars().count() / 3).max(1);
    let scored = known.into_iter().map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate));
    scored.filter(|(distance, _)| *distance <= reach).min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// A key that nobody reads.
pub(super) fn unknown_key(key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(meant) => format!("unknown key “{key}”; did you mean “{meant}”?"),
        None if known.is_empty() => format!("unknown key “{key}”: nothing may stand here"),
        None => format!("unknown key “{key}”; known here: {}", known.join(", ")),
    }
}

/// A word that is not on the list.
pub(super) fn unknown_word(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(meant) => format!("unknown value “{word}”; did you mean “{meant}”?"),
        None => format!("unknown value “{word}”; expected one of: {}", known.join(", ")),
    }
}

/// A key that must be there and is not.
pub(super) fn missing(key: &str) -> String {
    format!("missing key “{key}”")
}

/// A value of the wrong kind.
pub(super) fn expected(wanted: &str, found: &Content) -> String {
    let wanted = in_plain_words(wanted);
    let hint = match found {
        Content::Scalar(scalar) => match scalar.meaning() {
            Meaning::Int(_) | Meaning::Large(_) | Meaning::Float(_) | Meaning::Bool(_) if wanted == "text" => {
                " (put it in quotes)"
            }
            Meaning::Text(text) if wanted.contains("number") && quoted_number(scalar.style, text) => {
                " (without quotes it is a number)"
            }
            Meaning::Text(text)
                if wanted.contains("number") && text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()) =>
            {
                " (a number does not begin with 0)"
            }
            _ => "",
        },
        _ => "",
    };
    format!("expected {wanted}, found {}{hint}", describe(found))
}

fn quoted_number(style: saphyr_parser::ScalarStyle, text: &str) -> bool {
    style != saphyr_parser::ScalarStyle::Plain
        && matches!(super::scalar::plain(text), Meaning::Int(_) | Meaning::Large(_) | Meaning::Float(_))
}

fn describe(found: &Content) -> String {
    match found {
        Content::List(items) if items.is_empty() => "an empty list".to_owned(),
        Content::List(_) => "a list".to_owned(),
        Content::Map(_) => "a map of keys and values".to_owned(),
        Content::Scalar(scalar) => match scalar.meaning() {
            Meaning::Null => "nothing".to_owned(),
            Meaning::Text(text) => format!("“{}”", shortened(text)),
            _ => scalar.text.clone(),
        },
    }
}

fn shortened(text: &str) -> String {
    let line: String = text.lines().next().unwrap_or_default().chars().take(40).collect();
    if line.len() == text.len() { line } else { format!("{line}…") }
}

/// What serde calls a thing, as an author would.
fn in_plain_words(wanted: &str) -> String {
    let plain = match wanted {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "u128" | "usize" => "a whole number, 0 or more",
        "i8" => "a whole number from -128 to 127",
        "i16" => "a whole number from -32768 to 32767",
        "i32" | "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" | "a borrowed string" | "string" | "str" | "a character" => "text",
        "a boolean" => "true or false",
        "a sequence" | "sequence" => "a list",
        "a map" | "option" => "a map of keys and values",
        "unit" => "nothing",
        _ => "",
    };
    if !plain.is_empty() {
        return plain.to_owned();
    }
    if wanted.starts_with("struct ") {
        return "a map of keys and values".to_owned();
    }
    if wanted.starts_with("enum ") || wanted.starts_with("unit variant ") || wanted == "variant identifier" {
        return "one of its words".to_owned();
    }
    if let Some(length) = wanted.strip_prefix("an array of length ").or_else(|| wanted.strip_prefix("a tuple of size ")) {
        return format!("a list of {length}");
    }
    wanted.strip_prefix("a nonzero ").map_or_else(|| wanted.to_owned(), |_| "a whole number from 1".to_owned())
}

/// The column of a tab among the spaces that a line begins with.
pub(super) fn tab_in_indent(line: &str) -> Option<usize> {
    line.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t').map(|at| at + 1)
}

/// What the YAML reader did not understand.
pub(super) fn syntax(info: &str) -> String {
    let plain = match info {
        "mapping values are not allowed in this context" | "illegal placement of ':' indicator" => {
            "a “:” cannot stand here; put a text that holds “: ” in quotes"
        }
        "simple key expect ':'" | "simple key expected" | "simple key expected ':'" => "expected “key: value”: a “:” is missing",
        "invalid indentation in quoted scalar" => {
            "a quote is opened here and not closed on its line, and the next lines are not indented"
        }
        "invalid indentation" | "invalid indentation in flow construct" => "the indentation does not fit the lines above",
        "wrongly indented line in block scalar" => "the lines of this text are not indented alike",
        "while parsing a block mapping, did not find expected key" => {
            "expected a key here: the indentation does not fit the lines above, or a quote or bracket is not closed"
        }
        "while parsing a block collection, did not find expected '-' indicator" => {
            "expected “- ” here: the indentation does not fit the list above"
        }
        "block sequence entries are not allowed in this context" => {
            "a list with “- ” cannot begin here: it starts on a line of its own"
        }
        "while parsing a flow mapping, did not find expected ',' or '}'" => "expected “,” or “}” here",
        "while parsing a flow sequence, expected ',' or ']'" => "expected “,” or “]” here",
        "while parsing a node, did not find expected node content" | "did not find expected next token" => {
            "expected a value here"
        }
        "while scanning a quoted scalar, found unexpected end of stream" => "a quote is opened here and never closed",
        "unexpected eof" => "the file ends too early: a bracket or a quote is not closed",
        "misplaced bracket" => "a bracket closes here that was never opened",
        "while parsing node, found unknown anchor" => "this alias names nothing that stands above it",
        "while parsing a quoted scalar, found unknown escape character" => {
            "unknown escape after “\\” (in single quotes a “\\” is only itself)"
        }
        "invalid trailing content after double-quoted scalar" => "nothing may follow the closing quote",
        "recursion limit exceeded" => "nested too deep",
        _ if info.contains("unexpected character") => "this character cannot begin a value: put the text in quotes",
        _ if info.contains("tab") => "a tab cannot indent YAML: use spaces",
        _ => "",
    };
    if plain.is_empty() { format!("this is not YAML: {info}") } else { plain.to_owned() }
}
