use serde_json::json;

use crate::panel::stage::{HOSTILE, faults, is_harmless, panel, seen, view};
use crate::panel::{Content, Maker, Trouble, Wants};

const SUMMARY: &str = r#"panel:
  type: custom_template
  title: "Daily Summary"
  endpoint: "/api/v1/custom/daily-summary"
  template: |
    <div class="p-4">
      <h3 class="text-lg font-bold">Summary for {{ date }}</h3>
      <li>Error Rate: {{ error_rate }}%</li>
    </div>
"#;

#[test]
fn an_endpoints_words_stand_in_the_authors_markup() {
    let panel = panel(SUMMARY);
    let call = panel.endpoint().unwrap();
    assert_eq!((&call.maker, call.wants), (&Maker::Own("daily-summary".into()), Wants::Words));
    let drawing = panel.draw_made(&Content::Words(json!({"date": "2026-11-21", "error_rate": 0.4})), &view(24, &[])).unwrap();
    assert_eq!(seen(&drawing), "Summary for 2026-11-21 Error Rate: 0.4%");
    assert!(drawing.body.as_str().contains("<h3 class=\"text-lg font-bold\">"));
}

#[test]
fn data_never_becomes_markup_and_what_is_missing_fails() {
    let panel = panel(SUMMARY);
    let words = json!({"date": HOSTILE, "error_rate": null});
    let drawing = panel.draw_made(&Content::Words(words), &view(24, &[])).unwrap();
    is_harmless(&drawing);
    assert!(seen(&drawing).ends_with("Error Rate: –%"), "{}", seen(&drawing));
    let told = panel.draw_made(&Content::Words(json!({"date": 1})), &view(24, &[])).unwrap_err();
    assert!(matches!(&told, Trouble::Template(words) if words.contains("“error_rate” in line 3")), "{told}");
}

#[test]
fn faults_of_a_template_stand_at_their_line_and_column() {
    let head = SUMMARY.split("|\n").next().unwrap();
    assert_eq!(faults(&format!("{head}\"  \"\n")), ["5:14 the template is empty"]);
    let told = faults(&SUMMARY.replace("{{ error_rate }}", "{{ error_rate|safe }}"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("8:") && told[0].contains("there is no filter “safe”"), "{told:?}");
    let told = faults(&SUMMARY.replace("{{ date }}", "{% set x = 1 %}"));
    assert!(told[0].starts_with("7:") && told[0].contains("“set” is not allowed"), "{told:?}");
}
