use serde_json::json;

use super::Template;

fn filled(source: &str, words: serde_json::Value) -> Result<String, String> {
    Template::parse(source).unwrap_or_else(|wrong| panic!("{source}: {wrong:?}")).fill(&words)
}

#[test]
fn values_conditions_and_loops_are_filled_in() {
    let words = json!({"date": "2026-11-21", "n": 1234567, "rate": 0.256, "none": null, "rows": [{"name": "a", "up": true}, {"name": "b", "up": false}]});
    let fill = |source: &str| filled(source, words.clone()).unwrap();
    assert_eq!(fill("On {{ date }}: {{ n|number }}, {{ rate|times(100)|round(1) }} %"), "On 2026-11-21: 1,234,567, 25.6 %");
    assert_eq!(
        fill("{% for row in rows %}{{ loop.index }}{{ row.name|upper }}{% if not row.up %}!{% endif %} {% endfor %}"),
        "1A 2B! "
    );
    assert_eq!(fill("{{ none }}{{ none|default('x') }}{{ rows|length }}{{ date|date }}"), "–x2Nov 21, 2026");
    assert_eq!(fill("{{ 'yes' if n > 5 else 'no' }}{% if missing is defined %}x{% endif %}"), "yes");
}

#[test]
fn data_is_escaped_whatever_is_tried() {
    let hostile = "<script>alert('x')</script>";
    let out = filled("<p title=\"{{ x }}\">{{ x }}</p>", json!({"x": hostile})).unwrap();
    assert!(!out.contains("<script") && out.contains("&lt;script&gt;"), "{out}");
}

/// Templates that must be refused when their file is read.
const REFUSED: &[&str] = &[
    "{% set a = 'x' %}{{ a }}",
    "{% set a %}x{% endset %}",
    "{% autoescape false %}{{ x }}{% endautoescape %}",
    "{{ x|safe }}",
    "{% filter upper %}x{% endfilter %}",
    "{% with a = 1 %}{{ a }}{% endwith %}",
    "{{ range(1000000000) }}",
    "{% for i in range(1000000) %}x{% endfor %}",
    "{{ debug() }}",
    "{{ x.items() }}",
    "{{ 'x' * 1000000000 }}",
    "{{ x ~ x ~ x ~ x }}",
    "{{ x + x }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ x|replace('a', 'aaaa') }}",
    "{{ x|indent(100000000) }}",
    "{{ x|center(100000000) }}",
    "{{ x|map('upper') }}",
    "{{ x|pprint }}",
    "{{ x|tojson }}",
    "{{ x[::2] }}",
    "{{ {'a': 1} }}",
    "{% include 'other' %}",
    "{% import 'other' as o %}",
    "{% extends 'base' %}",
    "{% block a %}{% endblock %}",
    "{% macro m() %}{{ m() }}{% endmacro %}",
    "{% for x in y recursive %}{{ loop(x) }}{% endfor %}",
    "{% do x.append(1) %}",
    "{{ x is divisibleby(3) }}",
    "{% if x %}",
    "{{ x",
    "{{ }}",
    "{% endfor %}",
    "   ",
];

#[test]
fn what_a_template_must_not_do_is_told_when_its_file_is_read() {
    for source in REFUSED {
        assert!(Template::parse(source).is_err(), "{source}");
    }
}

#[test]
fn what_is_too_large_or_too_deep_is_refused_before_it_is_built() {
    let deep = [
        format!("{{{{ x{} }}}}", "|upper".repeat(10_000)),
        format!("{{{{ x{} }}}}", " - x".repeat(15_000)),
        format!("{{{{ {}x{} }}}}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{{{{ x{} }}}}", ".a".repeat(20_000)),
        format!("{{{{ {}x }}}}", "not ".repeat(10_000)),
        format!("{{% if x %}}{}{{% endif %}}", "{% elif x %}".repeat(5_000)),
        format!("{}{}", "{% if x %}".repeat(3_000), "{% endif %}".repeat(3_000)),
        format!("{{{{ {}1{} }}}}", "[".repeat(20_000), "]".repeat(20_000)),
        "x".repeat(70_000),
    ];
    for source in deep {
        assert!(Template::parse(&source).is_err(), "{}", &source[..40]);
    }
}

#[test]
fn what_only_shows_when_it_is_filled_ends_within_a_second() {
    let long = json!({"many": vec![1; 1_000], "x": "y".repeat(900_000), "deep": {"a": {"b": 1}}});
    let nested = "{% for a in many %}{% for b in many %}{% for c in many %}{{ c }}{% endfor %}{% endfor %}{% endfor %}";
    for (source, why) in [
        (nested, "steps"),
        ("{{ x }}", "does not work"),
        ("{{ x|upper }}", "does not work"),
        ("{% for c in x %}{{ x|upper }}{% endfor %}", "does not work"),
        ("{{ many|join('----------------------------------------------------------------') }}", "does not work"),
        ("{% for i in many %}{{ many|join }}{% endfor %}", "longer"),
        ("{{ missing }}", "“missing” in line 1"),
        ("\n{{ deep.nothing.more }}", "line 2"),
        ("{{ many }}", "does not work"),
        ("{{ 1 / 0 }}", "does not work"),
        ("{{ x|times(2) }}", "does not work"),
        ("{{ deep|number }}", "does not work"),
    ] {
        let begun = std::time::Instant::now();
        let told = filled(source, long.clone()).map(|out| out.len()).expect_err(source);
        assert!(told.contains(why), "{source}: {told}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{source} took {:?}", begun.elapsed());
    }
}

#[test]
fn a_fault_stands_where_it_is() {
    let wrong = Template::parse("<b>ä</b>\n{{ x|uper }}\n{% set y = 1 %}").unwrap_err();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert_eq!(wrong[0].1, "there is no filter “uper”; did you mean “upper”?");
    assert!((12..17).contains(&wrong[0].0), "{wrong:?}");
    assert!(wrong[1].1.starts_with("“set” is not allowed here"), "{wrong:?}");
}
