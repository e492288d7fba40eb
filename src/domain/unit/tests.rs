use super::{Unit, grouped};

fn written(unit: &Unit, value: f64) -> String {
    unit.format(value, None).to_string().replace('\u{a0}', " ")
}

#[test]
fn authors_words_become_units_and_anything_else_is_a_suffix() {
    assert_eq!(Unit::parse("percent"), Unit::Percent);
    assert_eq!(Unit::parse("%"), Unit::Percent);
    assert_eq!(Unit::parse(" currency:eur "), Unit::Currency("EUR".into()));
    assert_eq!(Unit::parse("req"), Unit::Suffix("req".into()));
    assert_eq!(Unit::parse(""), Unit::None);
}

#[test]
fn a_value_is_written_as_a_person_would() {
    assert_eq!(written(&Unit::None, 1284.0), "1,284");
    assert_eq!(written(&Unit::None, -1_234_567.0), "\u{2212}1,234,567");
    assert_eq!(written(&Unit::Percent, 96.63), "96.6 %");
    assert_eq!(written(&Unit::Percent, 18.0), "18.0 %");
    assert_eq!(written(&Unit::Ratio, 0.4217), "42.2 %");
    assert_eq!(written(&Unit::BytesPerSecond, 240_000.0), "240 kB/s");
    assert_eq!(written(&Unit::Bytes, 1_210_000.0), "1.21 MB");
    assert_eq!(written(&Unit::Seconds, 0.0123), "12.3 ms");
    assert_eq!(written(&Unit::Millis, 1500.0), "1.50 s");
    assert_eq!(written(&Unit::Short, 12_500.0), "12.5 k");
    assert_eq!(written(&Unit::Currency("USD".into()), -42.5), "\u{2212}$42.5");
    assert_eq!(written(&Unit::Currency("CHF".into()), 3_400_000.0), "CHF 3.40 M");
    assert_eq!(written(&Unit::Suffix("req".into()), 412.0), "412 req");
}

#[test]
fn an_axis_has_one_scale_for_all_its_values() {
    let scale = Unit::BytesPerSecond.scale_for(1_200_000.0);
    assert_eq!(scale.unit, "MB/s");
    assert_eq!(scale.number(300_000.0, Some(1)), "0.3");
    assert_eq!(scale.number(1_200_000.0, Some(1)), "1.2");
}

#[test]
fn numbers_that_are_none_are_a_dash_and_huge_ones_stay_short() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(written(&Unit::None, value), "–");
    }
    for unit in [Unit::None, Unit::Bytes, Unit::Seconds, Unit::Millis, Unit::Short, Unit::Percent, Unit::Ratio] {
        for value in [1e300, -1e300, f64::MAX, 5e-324, 0.0, -0.0] {
            assert!(written(&unit, value).chars().count() < 20, "{unit:?} {value}: {}", written(&unit, value));
        }
    }
    assert_eq!(grouped(-0.001, 1), "0.0", "a minus sign before nothing is noise");
}
