use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::datastore::{Bind, Dialect};
use crate::domain::TimeRange;
use crate::query::guard::is_one_select;
use crate::query::{Aggregate, Bucket, Condition, Name, Order, Query, Set, Source, TimeColumn, TimeFormat, Window};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn range() -> TimeRange {
    let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    TimeRange::new(at("2026-02-01T00:00:00Z"), at("2026-05-01T00:00:00Z")).unwrap()
}

fn time(format: TimeFormat, zone: Tz) -> TimeColumn {
    TimeColumn { column: name("recorded_at"), zone, format }
}

fn source(text: &str) -> Source {
    let (condition, order, limit) = Condition::parse_whole(text).unwrap();
    Source { table: name("metrics"), condition, order, limit, filters: Vec::new() }
}

fn series(zone: Tz, seconds: i64) -> Query {
    Query::Series {
        source: source("metric_type = 'cpu'"),
        time: time(TimeFormat::Iso, Tz::UTC),
        value: name("cpu_percent"),
        label: Some(name("server_name")),
        aggregate: Aggregate::Avg,
        window: Window { range: range(), bucket: Some(Bucket { width: TimeDelta::seconds(seconds), zone }) },
    }
}

/// One of every kind of question.
fn questions() -> Vec<Query> {
    let set = |text: &str| Set {
        source: source(text),
        time: Some(time(TimeFormat::Iso, Tz::UTC)),
        range: Some(range()),
        search: Some(("50%_\\".to_owned(), vec![name("a"), name("b")])),
        filters: vec![(name("c"), "'; --".to_owned())],
    };
    let mut all = vec![
        Query::Count { set: set("a = 1 ORDER BY a LIMIT 5") },
        Query::Rows {
            set: set(""),
            columns: vec![name("a"), name("select")],
            sort: Some(Order { column: name("a"), descending: true }),
            offset: 25,
            limit: 25,
        },
    ];
    for zone in [Tz::UTC, Tz::America__New_York, Tz::America__Havana, Tz::Australia__Lord_Howe] {
        all.extend([60, 600, 3600, 86_400, 604_800].map(|seconds| series(zone, seconds)));
        all.extend([600, 3600, 86_400].map(|seconds| Query::Spread {
            source: source("metric_type = 'cpu'"),
            time: time(TimeFormat::Iso, Tz::UTC),
            value: name("cpu_percent"),
            edges: vec![10.0, 50.0, 90.0],
            bucket: Bucket { width: TimeDelta::seconds(seconds), zone },
            range: range(),
        }));
        for format in [TimeFormat::Iso, TimeFormat::EpochSeconds, TimeFormat::EpochMillis] {
            let column = Some(time(format, zone));
            for aggregate in [None, Some(Aggregate::Avg), Some(Aggregate::Last)] {
                let (value, time) = (name("v"), column.clone());
                all.push(Query::Value { source: source(""), value, time, aggregate, range: Some(range()) });
            }
            all.push(Query::Latest {
                source: source("LIMIT 100"),
                key: name("k"),
                status: name("s"),
                time: column,
                message: None,
            });
        }
    }
    all
}

#[test]
fn every_question_is_one_select_whose_marks_match_its_values() {
    for query in questions() {
        for (dialect, mark) in [(Dialect::Postgres, '$'), (Dialect::Sqlite, '?')] {
            let statement = query.statement(dialect, Some("tenant\"x"));
            assert!(is_one_select(&statement.sql, dialect), "{}", statement.sql);
            let marked = |n: usize| statement.sql.contains(&format!("{mark}{n}"));
            let marks = (1..).take_while(|n| marked(*n)).count();
            assert_eq!(marks, statement.binds.len(), "{}", statement.sql);
            assert!(statement.sql.contains("\"tenant\"\"x\".\"metrics\""));
            assert!(!statement.sql.contains("--") && !statement.sql.contains("cpu'"), "{}", statement.sql);
        }
    }
}

#[test]
fn buckets_have_the_shape_that_was_measured_to_be_fast() {
    let statement = series(Tz::America__New_York, 3600).statement(Dialect::Postgres, None);
    assert_eq!(
        statement.sql,
        "SELECT t AS \"time\", v AS \"value\", l AS \"label\" FROM (SELECT t, l, CAST(avg(v) AS float8) AS v FROM (\
         SELECT date_bin(interval '3600 seconds', e, to_timestamp(0)) AS t, e, l, v FROM (\
         SELECT CAST(s.\"recorded_at\" AS timestamptz) AS e, s.\"server_name\" AS l, s.\"cpu_percent\" AS v \
         FROM \"metrics\" AS s WHERE TRUE AND (\n(s.\"metric_type\" = $1)\n) \
         AND s.\"recorded_at\" >= $2::timestamptz AND s.\"recorded_at\" < $3::timestamptz) AS p OFFSET 0) AS q GROUP BY t, l) AS g ORDER BY l, t"
    );
    let bind = |at: DateTime<Utc>| Bind::Instant(at);
    assert_eq!(statement.binds, [Bind::Text("cpu".into()), bind(range().from()), bind(range().to())]);
}

#[test]
fn no_database_is_asked_what_it_knows_of_zones() {
    for zone in [Tz::UTC, Tz::America__Havana, Tz::Australia__Lord_Howe] {
        for seconds in [600, 3600, 86_400, 604_800] {
            let statement = series(zone, seconds).statement(Dialect::Postgres, None);
            let named = statement.binds.contains(&Bind::Text(zone.name().into())) || statement.sql.contains(zone.name());
            assert!(!named || zone == Tz::UTC, "{zone} {seconds} s: {}", statement.sql);
            // where the clock is never changed, a day is as cheap as ten minutes
            let steady = zone == Tz::UTC || seconds < 3600 || (zone == Tz::America__Havana && seconds == 3600);
            assert_eq!(statement.sql.contains("date_bin("), steady, "{zone} {seconds} s");
        }
    }
}

#[test]
fn a_century_of_changed_clocks_is_no_more_sql_than_a_database_reads_at_once() {
    let at = |year: i32| DateTime::parse_from_rfc3339(&format!("{year}-01-01T00:00:00Z")).unwrap().to_utc();
    let century = TimeRange::new(at(1926), at(2026)).unwrap();
    for zone in [Tz::America__New_York, Tz::Europe__London, Tz::Africa__Casablanca] {
        for (aggregate, seconds) in [(Aggregate::Avg, 86_400), (Aggregate::Last, 604_800)] {
            let query = Query::Series {
                source: source(""),
                time: time(TimeFormat::Iso, zone),
                value: name("v"),
                label: None,
                aggregate,
                window: Window { range: century, bucket: Some(Bucket { width: TimeDelta::seconds(seconds), zone }) },
            };
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                let written = query.statement(dialect, None).sql.len();
                assert!(written < 100_000, "{zone} {seconds} s on {dialect:?}: {written} bytes");
            }
        }
    }
}

#[test]
fn viewers_text_reaches_the_database_as_a_value_alone() {
    let hostile = "%'; DROP TABLE metrics; --";
    let set = Set {
        source: source(""),
        time: None,
        range: None,
        search: Some((hostile.to_owned(), vec![name("a")])),
        filters: vec![(name("b"), hostile.to_owned())],
    };
    let statement = Query::Count { set }.statement(Dialect::Postgres, None);
    assert!(!statement.sql.contains("DROP"));
    assert_eq!(statement.binds, vec![Bind::Text("%\\%'; DROP TABLE metrics; --%".into()); 2]);
}
