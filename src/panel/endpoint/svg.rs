//! Drawings of others, made harmless: read as XML, written anew from a list of shapes and attributes.

use std::fmt::Write;

use resvg::usvg::roxmltree::{Document, Node, ParsingOptions};

const SHAPES: &[&str] = &[
    "svg",
    "g",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "title",
    "desc",
    "defs",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
    "marker",
];
const ATTRIBUTES: &[&str] = &[
    "id",
    "class",
    "viewBox",
    "preserveAspectRatio",
    "width",
    "height",
    "x",
    "y",
    "x1",
    "y1",
    "x2",
    "y2",
    "cx",
    "cy",
    "r",
    "rx",
    "ry",
    "dx",
    "dy",
    "d",
    "points",
    "transform",
    "fill",
    "fill-opacity",
    "fill-rule",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "vector-effect",
    "opacity",
    "font-size",
    "font-weight",
    "font-style",
    "font-family",
    "text-anchor",
    "dominant-baseline",
    "letter-spacing",
    "textLength",
    "lengthAdjust",
    "offset",
    "stop-color",
    "stop-opacity",
    "gradientUnits",
    "gradientTransform",
    "fx",
    "fy",
    "spreadMethod",
    "clip-path",
    "clipPathUnits",
    "clip-rule",
    "marker-start",
    "marker-mid",
    "marker-end",
    "markerWidth",
    "markerHeight",
    "markerUnits",
    "refX",
    "refY",
    "orient",
    "role",
    "aria-label",
    "aria-labelledby",
    "aria-hidden",
    "paint-order",
    "visibility",
    "display",
];
/// Deeper than any drawing by hand or program, shallower than a stack.
const DEEPEST: usize = 64;
const MOST_NODES: u32 = 50_000;
/// Bytes when it is written out; signs that mean something to a browser take more then.
const LONGEST: usize = 4 << 20;
/// Attributes of one element: each is compared with all before it.
const MOST_ATTRIBUTES: usize = 256;
/// Names of namespaces in all: an element within others keeps a list of all of theirs.
const MOST_NAMESPACES: usize = 1_000;

/// The tokens a drawing may use, and what they are on paper.
const PAPER: &[(&str, &str)] = &[
    ("ink", "#16191f"),
    ("ink-2", "#545c69"),
    ("ink-3", "#667080"),
    ("surface", "#ffffff"),
    ("paper", "#f6f7f9"),
    ("raised", "#ffffff"),
    ("hover", "#f0f2f6"),
    ("hairline", "#e3e6eb"),
    ("hairline-2", "#eef0f3"),
    ("edge", "#8b94a3"),
    ("accent", "#2456c9"),
    ("on-accent", "#ffffff"),
    ("good", "#1a7f4b"),
    ("warn", "#985400"),
    ("bad", "#c22f2f"),
    ("good-mark", "#23a566"),
    ("warn-mark", "#d98200"),
    ("bad-mark", "#dc4040"),
    ("unknown", "#5f6877"),
    ("unknown-mark", "#8a93a1"),
    ("warn-wash", "#fff7e8"),
    ("bad-wash", "#fff1f0"),
    ("s1", "#2a6fdb"),
    ("s2", "#b95f06"),
    ("s3", "#127e5d"),
    ("s4", "#b0418f"),
    ("s5", "#6a5acd"),
    ("s6", "#83651a"),
    ("s7", "#27789f"),
    ("s8", "#b8453f"),
];

/// The drawing with nothing in it but shapes and text.
///
/// # Errors
/// That it is no drawing.
pub(super) fn cleaned(text: &str) -> Result<String, String> {
    measured(text)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|cause| format!("no SVG: {cause}"))?;
    let root = document.root_element();
    if root.tag_name().name() != "svg" {
        return Err(format!("no SVG: it begins with <{}>", root.tag_name().name()));
    }
    let mut out = String::with_capacity(text.len());
    element(root, 0, &mut out)?;
    Ok(out)
}

/// Counted before it is read: what reading would take minutes or gigabytes for.
fn measured(text: &str) -> Result<(), String> {
    if text.split('<').count() > 2 * MOST_NODES as usize {
        return Err(format!("more than {MOST_NODES} shapes"));
    }
    if text.matches("xmlns").count() > MOST_NAMESPACES {
        return Err(format!("more than {MOST_NAMESPACES} namespaces"));
    }
    match text.split('<').skip(1).any(|tag| attributes(tag) > MOST_ATTRIBUTES) {
        true => Err(format!("a shape with more than {MOST_ATTRIBUTES} attributes")),
        false => Ok(()),
    }
}

/// How many attributes a tag has, which begins behind its `<`.
fn attributes(tag: &str) -> usize {
    let (mut count, mut quote) = (0, None);
    for byte in tag.bytes() {
        match (byte, quote) {
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            (b'=', None) => count += 1,
            (b'>', None) => break,
            _ => {}
        }
    }
    // Comments and raw text may hold whatever they like.
    if tag.starts_with(['!', '?']) { 0 } else { count }
}

/// The same drawing with the colours it has on paper.
pub(super) fn on_paper(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len());
    let mut rest = svg;
    while let Some((before, after)) = rest.split_once("var(--") {
        out.push_str(before);
        let Some((name, after)) = after.split_once(')') else { break };
        out.push_str(PAPER.iter().find(|(token, _)| *token == name).map_or("#545c69", |(_, color)| color));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn element(node: Node<'_, '_>, depth: usize, out: &mut String) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("nested deeper than {DEEPEST} shapes"));
    }
    if out.len() > LONGEST {
        return Err(format!("longer than {} MB when it is written out", LONGEST >> 20));
    }
    let name = node.tag_name().name();
    let _ = write!(out, "<{name}");
    if depth == 0 {
        out.push_str(" xmlns=\"http://www.w3.org/2000/svg\"");
    }
    for attribute in node.attributes().filter(|attribute| attribute.namespace().is_none()) {
        match attribute.name() {
            "style" => attribute.value().split(';').filter_map(|part| part.split_once(':')).for_each(|(name, value)| {
                put(name.trim(), value.trim(), out);
            }),
            name => put(name, attribute.value(), out),
        }
    }
    out.push('>');
    for child in node.children() {
        if child.is_text() {
            out.push_str(&escaped(child.text().unwrap_or_default()));
        } else if child.is_element() && SHAPES.contains(&child.tag_name().name()) {
            element(child, depth + 1, out)?;
        }
    }
    let _ = write!(out, "</{name}>");
    Ok(())
}

fn put(name: &str, value: &str, out: &mut String) {
    let lower = value.to_ascii_lowercase();
    let leads_out = lower.split("url(").skip(1).any(|target| !target.trim_start_matches(['"', '\'', ' ']).starts_with('#'));
    let odd = lower.contains("javascript:") || lower.contains("expression") || lower.contains('\\');
    if ATTRIBUTES.contains(&name) && !leads_out && !odd {
        let _ = write!(out, " {name}=\"{}\"", escaped(value));
    }
}

/// Text, written so that it is only text, in an element or in a quoted attribute of a drawing.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{cleaned, on_paper};

    #[test]
    fn only_shapes_and_text_survive() {
        let hostile = r##"<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="alert(1)" viewBox="0 0 9 9">
<script>alert(2)</script><style>@import url(https://evil.example)</style><foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><img src="x" onerror="alert(3)"/></body></foreignObject>
<image href="https://evil.example/p.png"/><use xlink:href="https://evil.example/#x"/><a href="javascript:alert(4)"><text>inside a link</text></a>
<rect width="9" height="9" style="fill:#ff0000;background:url(https://evil.example)" fill="url(https://evil.example)" onclick="x"/>
<set attributeName="href" to="javascript:x"/><text x="1">1 &lt; 2 &amp; <![CDATA[<script>]]></text></svg>"##;
        let clean = cleaned(hostile).unwrap();
        for gone in [
            "<script", "alert", "evil", "onload", "onclick", "foreign", "href", "<style", "style=", "<image", "<use", "<a",
            "<set", "import",
        ] {
            assert!(!clean.contains(gone), "{gone}: {clean}");
        }
        assert!(clean.contains("fill=\"#ff0000\"") && clean.contains("1 &lt; 2 &amp; &lt;script&gt;"), "{clean}");
    }

    #[test]
    fn what_is_no_drawing_is_refused_within_its_limits() {
        let bomb = r#"<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><svg>&b;</svg>"#;
        let deep = format!("<svg>{}{}</svg>", "<g>".repeat(500), "</g>".repeat(500));
        let many = format!("<svg>{}</svg>", "<g/>".repeat(60_000));
        let attributes: String = (0..300_000).map(|i| format!(" a{i}=''")).collect();
        let attributes = format!("<svg{attributes}/>");
        let names: String = (0..40_000).map(|i| format!("<g xmlns:n{i}='u{i}'>")).collect();
        let names = format!("<svg>{names}</svg>");
        let quotes = format!("<svg><text>{}</text><text>x</text></svg>", "'".repeat(1 << 20));
        let begun = std::time::Instant::now();
        for wrong in ["", "<html><body>hello</body></html>", "<svg", "plain", bomb, &deep, &many, &attributes, &names, &quotes] {
            assert!(cleaned(wrong).is_err(), "{}", &wrong[..wrong.len().min(60)]);
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(3), "{:?}", begun.elapsed());
        let style = format!("<svg><!-- {0} --><style><![CDATA[{0}]]></style><text>{0}</text></svg>", "a='b' ".repeat(5_000));
        assert!(cleaned(&style).is_ok(), "what is no attribute is not counted as one");
    }

    #[test]
    fn a_file_has_the_colours_of_paper() {
        let drawing = cleaned(r#"<svg><path fill="var(--s1)" stroke="var(--nonsense)"/></svg>"#).unwrap();
        assert!(drawing.contains("var(--s1)"));
        let paper = on_paper(&drawing);
        assert!(paper.contains("fill=\"#2a6fdb\"") && !paper.contains("var("), "{paper}");
    }
}
