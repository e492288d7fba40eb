use proptest::prelude::{ProptestConfig, any, prop};
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::{Condition, FragmentFault, Order, property};
use crate::datastore::{Bind, Dialect};
use crate::query::Name;
use crate::query::build::Sql;

/// Fragments that somebody with bad intent, or bad luck, could write.
const HOSTILE: &[&str] = &[
    "",
    "   ",
    ";",
    "a = 1; DROP TABLE metrics",
    "a = 1 -- and the rest is gone",
    "a = 1 --",
    "a = 1 /* hidden",
    "a = 1 /* x */ OR 1 = 1",
    "a = - -1 OR host = 'x'",
    "a = --1",
    "a = - - - - - - 1",
    "a = -(-1)",
    "a = (SELECT 1)",
    "a IN (SELECT secret FROM users)",
    "EXISTS (SELECT 1)",
    "NOT EXISTS (TABLE users)",
    "a = ANY(ARRAY[1,2])",
    "a = ALL (VALUES (1))",
    "a = 1 UNION SELECT password FROM users",
    "a = 1 INTO OUTFILE '/tmp/x'",
    "1 = 1) OR (1 = 1",
    "a = 1) UNION SELECT 1 --",
    "((((((((((((((((((((((((((((((((a = 1))))))))))))))))))))))))))))))))",
    "((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
    "a = $$text$$",
    "a = $tag$text$tag$",
    "a = $1",
    "a = ?",
    "a = :name",
    "a = @x",
    "a = E'\\' OR 1=1 --'",
    "a = U&'d\\0061t'",
    "a = X'41'",
    "a = B'01'",
    "a = N'x'",
    "a = 'unclosed",
    "a = \"unclosed",
    "\"a\"\"; DROP\" = 1",
    "a = '1'::regclass",
    "a::text::regproc = 'x'",
    "CAST(a AS regclass) = 1",
    "a = regclass 'pg_class'",
    "a = date '2026-01-01'",
    "pg_sleep(10) IS NULL",
    "pg_read_file('/etc/passwd') = 'x'",
    "lo_import('/etc/passwd') = 1",
    "current_setting('x') = 'y'",
    "set_config('a', 'b', false) = 'b'",
    "dblink('host=x', 'select 1') IS NULL",
    "load_extension('x') = 1",
    "randomblob(1000000000) IS NULL",
    "zeroblob(1000000000) IS NULL",
    "query_to_xml('select 1', true, true, '') IS NULL",
    "\"now\"() > a",
    "pg_catalog.now() > a",
    "now(1) > a",
    "lower(DISTINCT a) = 'x'",
    "lower(a ORDER BY b) = 'x'",
    "lower(a) FILTER (WHERE true) = 'x'",
    "count(*) > 1",
    "sum(a) OVER () > 1",
    "lower(VARIADIC a) = 'x'",
    "coalesce() = 1",
    "substr(a) = 'x'",
    "current_user = 'postgres'",
    "session_user = 'x'",
    "current_date > a",
    "a = 1e999999999",
    "a = 1e-999999999",
    "a = 99999999999999999999999999999999999",
    "a = 0x10",
    "a = 1_000",
    "a = .",
    "a = 1..2",
    "a OPERATOR(pg_catalog.=) 1",
    "a ~ '^(a+)+$'",
    "a ~* 'x'",
    "a SIMILAR TO 'x'",
    "a LIKE 'x' ESCAPE 'y'",
    "a LIKE b",
    "a LIKE 'x\\'",
    "a LIKE ANY ('{x}')",
    "a || b = 'x'",
    "a -> 'b' = 'c'",
    "a @> 'b'",
    "a[1] = 2",
    "(a).b = 1",
    "t.a = 1",
    "public.t.a = 1",
    "* = 1",
    "t.* IS NULL",
    "(a, b) = (1, 2)",
    "ROW(1, 2) = a",
    "CASE WHEN a = 1 THEN 1 END = 1",
    "a COLLATE \"C\" = 'x'",
    "a AT TIME ZONE 'UTC' > now()",
    "extract(epoch from a) > 1",
    "overlay(a placing 'x' from 1) = 'x'",
    "position('a' in b) = 1",
    "trim(both 'x' from a) = 'y'",
    "trim(leading from a) = 'y'",
    "floor(a to day) = 1",
    "floor(ceil(a)) = 1",
    "ceil(1 + floor(abs(floor(a)))) = 1",
    "interval '1 day' > a",
    "a > now() - interval '1 fortnight'",
    "a > now() - interval '9999999999 days'",
    "a > now() - interval '1' day",
    "a > now() - interval now()",
    "interval interval interval interval interval '1 day'",
    "not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not a",
    "a = 1 ORDER BY 1",
    "a = 1 ORDER BY lower(a)",
    "a = 1 ORDER BY a USING >",
    "a = 1 ORDER BY a NULLS FIRST",
    "a = 1 ORDER BY a LIMIT -1",
    "a = 1 LIMIT ALL",
    "a = 1 LIMIT 1 OFFSET 1",
    "a = 1 LIMIT 1 FOR UPDATE",
    "a = 1 FETCH FIRST 1 ROW ONLY",
    "a = 1 GROUP BY a",
    "a = 1 WINDOW w AS ()",
    "WHERE a = 1",
    "COPY t TO PROGRAM 'sh'",
    "DO $$ BEGIN END $$",
    "SET ROLE postgres",
    "а = 1",
    "a = 1 ОR 1 = 1",
    "ａ = 1",
    "a\u{a0}= 1",
    "a = \u{2018}x\u{2019}",
    "a\0= 1",
    "a = 'x\0y'",
    "a = 'x\u{1b}[2J'",
    "a = 1 AND",
    "AND a = 1",
    "a == 1",
    "a := 1",
    "a = 1 = 1 = ",
    "a IS JSON",
    "a IS NORMALIZED",
    "a IS OF (text)",
    "a BETWEEN SYMMETRIC 2 AND 1",
    "a IN ()",
    "a IN (1, (2, 3))",
    "{fn lower(a)} = 'x'",
    "`a` = 1",
    "[a] = 1",
];

fn written(text: &str, dialect: Dialect) -> (String, Vec<Bind>) {
    let mut sql = Sql::new(dialect, None);
    Condition::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}")).write(&mut sql);
    let done = sql.done();
    (done.sql, done.binds)
}

fn fault(text: &str) -> FragmentFault {
    Condition::parse(text).expect_err(text)
}

#[test]
fn hostile_fragments_are_refused_or_harmless() {
    let begun = std::time::Instant::now();
    for text in HOSTILE {
        property(text).unwrap_or_else(|sql| panic!("{text}\n{sql}"));
    }
    let through: Vec<_> = HOSTILE.iter().filter(|text| Condition::parse(text).is_ok()).collect();
    assert!(through.is_empty(), "let through: {through:?}");
    let long = [
        "a = 1 AND ".repeat(50_000),
        "(".repeat(4000),
        "-".repeat(4000),
        "not ".repeat(1000),
        "lower(".repeat(600),
        "a = '".repeat(800),
    ];
    for text in &long {
        property(text).unwrap_or_else(|sql| panic!("{sql}"));
        assert!(Condition::parse(text).is_err());
    }
    assert!(begun.elapsed().as_secs() < 20, "the guard took {:?}", begun.elapsed());
}

#[test]
fn long_chains_within_the_cap_are_no_trouble() {
    let chain = "a=1 OR ".repeat(299) + "a=1";
    assert!(Condition::parse(&chain).is_ok());
    property(&chain).unwrap();
    let sum = "1+".repeat(580) + "1 = a";
    assert!(fault(&sum).message.contains("deep"));
}

#[test]
fn what_authors_write_is_written_again_with_values_bound() {
    for (text, postgres, values) in [
        ("metric_type = 'cpu'", "(s.\"metric_type\" = $1)", vec!["cpu"]),
        ("severity IN ('ERROR', 'CRITICAL')", "(s.\"severity\" IN ($1, $2))", vec!["ERROR", "CRITICAL"]),
        ("a = 1 AND b <> 2.50 OR NOT c", "(((s.\"a\" = 1) AND (s.\"b\" <> 2.50)) OR (NOT s.\"c\"))", vec![]),
        ("a != -1", "(s.\"a\" <> (- 1))", vec![]),
        ("a BETWEEN 1 AND 2 AND b IS NOT NULL", "((s.\"a\" BETWEEN 1 AND 2) AND (s.\"b\" IS NOT NULL))", vec![]),
        ("name LIKE 'web-%'", "(s.\"name\" LIKE $1)", vec!["web-%"]),
        ("name NOT ILIKE 'it''s%'", "(s.\"name\" NOT ILIKE $1)", vec!["it's%"]),
        ("lower(trim(name)) = 'x'", "(lower(trim(s.\"name\")) = $1)", vec!["x"]),
        ("timestamp > '2026-01-01' AND date IS NULL", "((s.\"timestamp\" > $1) AND (s.\"date\" IS NULL))", vec!["2026-01-01"]),
        ("\"order\" = TRUE", "(s.\"order\" = TRUE)", vec![]),
        ("a % 2 = 0 AND ceil(a / 2) > floor(a)", "(((s.\"a\" % 2) = 0) AND (ceil((s.\"a\" / 2)) > floor(s.\"a\")))", vec![]),
        ("substr(a, 1, 2) = 'xy'", "(substr(s.\"a\", 1, 2) = $1)", vec!["xy"]),
        ("a IS NOT DISTINCT FROM NULL", "(s.\"a\" IS NOT DISTINCT FROM NULL)", vec![]),
        ("round(a, 2) = 1e3", "(round(CAST(s.\"a\" AS numeric), 2) = 1000)", vec![]),
        ("t > now() - interval '1 day 2 hours'", "(s.\"t\" > (now() - interval '0 months 93600 seconds'))", vec![]),
        ("host NOT LIKE 'w%'", "(s.\"host\" NOT LIKE $1)", vec!["w%"]),
        ("active", "s.\"active\"", vec![]),
    ] {
        let (sql, binds) = written(text, Dialect::Postgres);
        assert_eq!(sql, postgres, "{text}");
        let values: Vec<_> = values.into_iter().map(|value| Bind::Text(value.to_owned())).collect();
        assert_eq!(binds, values, "{text}");
        property(text).unwrap();
    }
}

#[test]
fn sqlite_minds_the_case_in_like_and_reads_times() {
    assert_eq!(
        written("name LIKE 'a_b%[c]\\%*'", Dialect::Sqlite),
        ("((s.\"name\" GLOB ?1))".to_owned(), vec![Bind::Text("a?b*[[]c]%[*]".to_owned())])
    );
    let (sql, _) = written("t >= now() - interval '1 month'", Dialect::Sqlite);
    assert!(sql.contains("unixepoch((unixepoch('now')), 'unixepoch', '-1 months')"), "{sql}");
}

#[test]
fn a_fault_names_the_place_and_what_is_allowed() {
    let at = |text: &str| fault(text).at;
    assert_eq!(at("a = 1 AND lowr(b) = 'x'"), 10);
    assert!(fault("lowr(b) = 'x'").message.contains("did you mean “lower”"));
    assert!(fault("pg_sleep(1) = 1").message.contains("“pg_sleep” is not allowed"));
    let subquery = fault("a IN (SELECT 1)");
    assert_eq!((subquery.at, subquery.message.starts_with("subqueries are not allowed; use columns")), (6, true));
    assert_eq!(at("a = 1;"), 5);
    assert_eq!(at("ä"), 0);
    assert_eq!(at("x = 'ä' AND b::int = 1"), 13);
    assert_eq!(at("a = 1\nAND b = $1"), 14);
    assert!(fault("a = ").message.contains("ends too early"));
    assert_eq!(at("a = "), 4);
    assert_eq!(at("a = 1 )"), 6);
    assert!(fault(&"x".repeat(5000)).message.contains("4096"));
    assert!(fault("WHERE a = 1").message.contains("leave out"));
}

#[test]
fn a_column_may_have_any_name_that_is_no_reserved_word() {
    let names = "at date time timestamp interval user value name type status level count key text position row over filter match \
                 escape copy update values exists zone year day hour month second work data session current role prior div";
    for name in names.split_ascii_whitespace() {
        let text = format!("{name} = 'x' AND lower({name}) > 'a' OR {name} IS NULL");
        let column = format!("s.\"{name}\"");
        let expected = format!("((({column} = $1) AND (lower({column}) > $2)) OR ({column} IS NULL))");
        assert_eq!(written(&text, Dialect::Postgres).0, expected);
        property(&text).unwrap();
        let order = Condition::parse_order(&format!("{name} DESC")).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(order[0].column.as_str(), name);
    }
}

#[test]
fn a_word_that_begins_what_is_not_allowed_is_told_by_its_name() {
    for (text, what) in [
        ("a AT TIME ZONE 'UTC' > now()", "AT TIME ZONE is"),
        ("(a) AT TIME ZONE 'UTC' > now()", "AT TIME ZONE is"),
        ("extract(epoch from a) > 1", "EXTRACT is"),
        ("a LIKE 'x' ESCAPE 'y'", "ESCAPE (a backslash escapes) is"),
        ("exists (a)", "subqueries are"),
        ("sum(a) OVER (b) > 1", "window functions are"),
    ] {
        assert!(fault(text).message.starts_with(&format!("{what} not allowed")), "{text}: {}", fault(text));
    }
}

#[test]
fn orders_and_the_one_string_form_are_read() {
    let order = |name: &str, descending| Order { column: Name::parse(name).unwrap(), descending };
    assert_eq!(Condition::parse_order("recorded_at DESC, name"), Ok(vec![order("recorded_at", true), order("name", false)]));
    assert_eq!(Condition::parse_order("timestamp desc"), Ok(vec![order("timestamp", true)]));
    for bad in
        ["", "a,", "a b", "lower(a)", "1", "a USING >", "a DESC DESC", "a NULLS LAST", "a; b", "a desc, ", "a.b", "LIMIT 1"]
    {
        let result = Condition::parse_order(bad);
        assert!(result.is_err() || bad == "LIMIT 1", "{bad}: {result:?}");
    }
    let (condition, order_by, limit) =
        Condition::parse_whole("metric_type = 'memory' ORDER BY recorded_at DESC LIMIT 1").unwrap();
    assert_eq!(condition, Condition::parse("metric_type = 'memory'").ok());
    assert_eq!((order_by, limit), (vec![order("recorded_at", true)], Some(1)));
    assert_eq!(Condition::parse_whole("ORDER BY a"), Ok((None, vec![order("a", false)], None)));
    assert_eq!(Condition::parse_whole("limit 5"), Ok((None, vec![], Some(5))));
    assert_eq!(Condition::parse_whole(""), Ok((None, vec![], None)));
    for bad in
        ["a = 1 ORDER BY", "a = 1 ORDER a", "a = 1 LIMIT", "a = 1 LIMIT 0", "a = 1 LIMIT 1 ORDER BY a", "ORDER BY a ORDER BY b"]
    {
        assert!(Condition::parse_whole(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_condition_tells_its_columns_and_whether_it_moves() {
    let condition = Condition::parse("b = 1 AND (a > 2 OR lower(c) = 'x') AND b IS NOT NULL").unwrap();
    let names: Vec<_> = condition.columns().iter().map(|name| name.as_str().to_owned()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(!condition.is_volatile());
    assert!(Condition::parse("t > now() - interval '1 day'").unwrap().is_volatile());
}

/// Runs the guard's property over generated text: the same seed each time, for a bounded time.
#[test]
fn no_text_makes_anything_but_one_select() {
    let pieces: Vec<String> = HOSTILE
        .iter()
        .flat_map(|text| text.split_inclusive(' '))
        .chain([
            "a",
            "b ",
            "= ",
            "'x' ",
            "(",
            ")",
            "AND ",
            "OR ",
            "NOT ",
            "-",
            "--",
            ",",
            "lower(",
            "now() ",
            "interval '1 day' ",
            "1 ",
            "''",
            "\"",
        ])
        .map(str::to_owned)
        .collect();
    let mixed = prop::collection::vec(prop::sample::select(pieces), 0..24).prop_map_concat();
    let anything = any::<String>();
    let config = ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() };
    let runner = || TestRunner::new_with_rng(config.clone(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let begun = std::time::Instant::now();
    let check = |text: String| {
        if begun.elapsed().as_secs() < 10 {
            property(&text).map_err(|sql| proptest::test_runner::TestCaseError::fail(format!("{text}\n{sql}")))?;
        }
        Ok(())
    };
    runner().run(&mixed, check).unwrap();
    runner().run(&anything, check).unwrap();
}

trait Concat {
    fn prop_map_concat(self) -> impl proptest::strategy::Strategy<Value = String>;
}

impl<S: proptest::strategy::Strategy<Value = Vec<String>>> Concat for S {
    fn prop_map_concat(self) -> impl proptest::strategy::Strategy<Value = String> {
        self.prop_map(|pieces| pieces.concat())
    }
}
