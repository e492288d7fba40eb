//! Markup of authors, made harmless: the one way by which it gets into a page.

mod attributes;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::Html;

const TAGS: &[&str] = &[
    "div",
    "span",
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "th",
    "td",
    "strong",
    "b",
    "em",
    "i",
    "u",
    "s",
    "del",
    "small",
    "sub",
    "sup",
    "br",
    "hr",
    "code",
    "pre",
    "blockquote",
    "a",
    "abbr",
    "mark",
    "time",
    "section",
    "header",
    "footer",
    "figure",
    "figcaption",
];
/// The utility classes that a template may use, defined in `static/css/35-template.css`; no other class passes, so that
/// nothing in the data can dress itself as a part of the page.
const CLASSES: &[&str] = &[
    "p-2",
    "p-4",
    "px-2",
    "px-4",
    "py-1",
    "py-2",
    "m-0",
    "mt-1",
    "mt-2",
    "mt-4",
    "mb-1",
    "mb-2",
    "mb-4",
    "pl-4",
    "text-xs",
    "text-sm",
    "text-base",
    "text-lg",
    "text-xl",
    "text-2xl",
    "text-3xl",
    "font-medium",
    "font-semibold",
    "font-bold",
    "text-left",
    "text-center",
    "text-right",
    "text-gray-500",
    "text-gray-600",
    "text-red-600",
    "text-green-600",
    "text-yellow-600",
    "uppercase",
    "truncate",
    "tabular-nums",
    "flex",
    "flex-col",
    "items-center",
    "justify-between",
    "gap-2",
    "gap-4",
    "grid",
    "grid-cols-2",
    "grid-cols-3",
    "grid-cols-4",
    "space-y-1",
    "space-y-2",
    "list-disc",
    "border",
    "rounded",
    "w-full",
];

/// Elements inside each other; taking apart deeper ones takes the square of their depth.
const DEEPEST: usize = 100;
/// Attributes of one element: the parser holds each against all before it.
const MOST_ATTRIBUTES: usize = 100;
/// Elements that are opened anew because they were not closed in their turn.
const MOST_ANEW: usize = 5_000;
/// Elements that go on behind the end of what they stand in: a browser opens them anew there, and again in every block after it.
const GO_ON: &[&str] = &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// Elements that hold nothing.
const VOID: &[&str] = &["", "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "wbr"];

/// The markup with nothing in it but text, structure, links and the utility classes; `None` where it is nested too deep, or
/// has too many attributes in one place.
pub(super) fn safe(markup: &str) -> Option<Html> {
    (attributes::most_in_one_tag(markup) <= MOST_ATTRIBUTES && is_tame(markup)).then(|| cleaned(markup))
}

/// Whether taking it apart makes about as many elements as it has tags, none too deep. Told at a glance, and never for the better:
/// what is not closed in its turn counts as open to the end.
fn is_tame(markup: &str) -> bool {
    let goes_on = |name: &&String| GO_ON.contains(&name.as_str());
    let (mut open, mut anew): (Vec<String>, usize) = (Vec::new(), 0);
    for tag in markup.split('<').skip(1) {
        let closes = tag.starts_with('/');
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let name = name.to_ascii_lowercase();
        if VOID.contains(&name.as_str()) {
            continue;
        }
        if !closes {
            // A block may end the paragraph before it.
            anew += if goes_on(&&name) { 0 } else { open.iter().filter(goes_on).count() };
            open.push(name);
        } else if open.last() == Some(&name) {
            open.pop();
        } else if let Some(at) = open.iter().rposition(|other| *other == name).filter(|_| !goes_on(&&name)) {
            let inside: Vec<String> = open.drain(at..).skip(1).filter(|name| goes_on(&name)).collect();
            anew += inside.len();
            open.extend(inside);
        }
        if open.len() > DEEPEST || anew > MOST_ANEW {
            return false;
        }
    }
    true
}

fn cleaned(markup: &str) -> Html {
    let attributes: [(&str, &[&str]); 6] = [
        ("a", &["href"]),
        ("th", &["scope", "colspan", "rowspan"]),
        ("td", &["colspan", "rowspan"]),
        ("ol", &["start"]),
        ("time", &["datetime"]),
        ("abbr", &["title"]),
    ];
    let attributes: HashMap<&str, HashSet<&str>> =
        attributes.into_iter().map(|(tag, names)| (tag, names.iter().copied().collect())).collect();
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(["script", "style", "template", "noscript", "svg", "math", "iframe", "object"].into())
        .tag_attributes(attributes)
        .generic_attributes(["class", "lang", "dir"].into())
        .url_schemes(["https", "http", "mailto"].into())
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(|_, name, value| match name {
            "class" => Some(known_classes(value)).filter(|classes| !classes.is_empty()).map(Cow::Owned),
            _ => Some(Cow::Borrowed(value)),
        });
    Html::cleaned(builder.clean(markup))
}

fn known_classes(written: &str) -> String {
    written.split_ascii_whitespace().filter(|class| CLASSES.contains(class)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{CLASSES, safe};

    #[test]
    fn only_structure_text_and_links_pass() {
        let hostile = "<div class=\"p-4 over panel\" style=\"color:red\" onclick=\"x()\" id=\"main\" hx-get=\"/\">a<script>alert(1)</script>\
            <img src=x onerror=alert(2)><iframe src=/></iframe><svg onload=x><a href=\"javascript:x\">s</a></svg>\
            <a href=\"javascript:alert(3)\">j</a><a href=\"https://good.example/\">g</a><form action=/logout><input></form></div>";
        let clean = safe(hostile).unwrap().as_str().to_owned();
        for gone in
            ["script", "alert", "style", "onclick", "onerror", "hx-", "id=", "iframe", "svg", "<form", "<input", "over", "panel"]
        {
            assert!(!clean.contains(gone), "{gone}: {clean}");
        }
        assert!(clean.starts_with("<div class=\"p-4\">a"), "{clean}");
        assert!(clean.contains("<a href=\"https://good.example/\" rel=\"noopener noreferrer\">g</a>"), "{clean}");
    }

    #[test]
    fn every_class_that_passes_is_defined() {
        let css = include_str!("../../../static/css/35-template.css");
        for class in CLASSES {
            assert!(css.contains(&format!(".{class} ")) || css.contains(&format!(".{class},")), "{class}");
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_refused_at_once() {
        assert!(safe(&("<div>".repeat(40_000) + "x")).is_none());
        assert!(safe(&"<p>a<br>b</p>".repeat(5_000)).is_some());
    }

    #[test]
    fn a_tag_with_thousands_of_attributes_never_gets_to_the_parser_whatever_it_hides_in() {
        let many: String = (0..50_000).map(|i| format!(" a{i}")).collect();
        for (hidden, bomb) in [
            ("nowhere", format!("<b{many}>x</b>")),
            ("an end tag", format!("<b>x</b{many}>")),
            ("a value that never ended, for one who counts quotes", format!("<!-- <b x=\" --><b{many}>")),
            ("a script's text", format!("<script>'<b x='</script><b{many}>")),
            ("the title of another", format!("<b title=\"<b\" {many}>")),
            ("slashes", format!("<b{}>", many.replace(' ', "/"))),
            ("values without a gap", format!("<b {}>", "a='b'c=\"d\"".repeat(3_000))),
            ("no end at all", format!("<b{many}")),
        ] {
            assert!(safe(&bomb).is_none(), "{hidden}");
        }
        let hundred: String = (0..100).map(|i| format!(" a{i}='<'")).collect();
        assert!(safe(&format!("<b{hundred}>x</b>")).is_some());
        let fair = "<a href=\"https://x.example/?a=1&b=2\" title='it is > \"so\"' class=\"p-2 p-4\">5 < 6</a> ".repeat(2_000);
        assert!(safe(&fair).is_some(), "many elements with few each");
    }

    #[test]
    fn markup_that_is_not_closed_in_its_turn_does_not_multiply() {
        let many = |piece: &str| (0..8_000).map(|i| piece.replace('#', &i.to_string())).collect::<String>();
        let several: String = (0..90).map(|i| format!("<b class=\"{i}\">")).collect();
        let begun = std::time::Instant::now();
        for bomb in [
            many("<p><b class=\"#\"></p>"),
            many("<b class=\"#\"></x>"),
            many("<p><b class=\"#\"><table><tr><td></b></td></tr></table></p>"),
            many("<a href=\"#\"><p>"),
            format!("<p>{several}</p>{}", "<p>x</p>".repeat(20_000)),
        ] {
            assert!(safe(&bomb).is_none(), "{}", &bomb[..60]);
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(3), "{:?}", begun.elapsed());
        for fair in [
            "<p><b>x</p><p>y</b></p>".to_owned(),
            "<ul>".to_owned() + &"<li><b>x</b> <a href=\"https://x.example/\"><i>y</i></a></li>".repeat(2_000) + "</ul>",
            "<table>".to_owned() + &"<tr><td><b>1</b></td><td><code>2</code></td></tr>".repeat(2_000) + "</table>",
        ] {
            assert!(safe(&fair).is_some(), "{}", &fair[..40]);
        }
    }
}
