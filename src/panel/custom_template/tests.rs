use crate::panel::stage::{faults, panel, seen, view};

const SUMMARY: &str = r#"panel:
  type: custom_template
  title: "Daily Summary"
  endpoint: "/api/v1/custom/daily-summary"
  template: |
    <h3>{{ date }}</h3>
"#;

#[test]
fn an_endpoint_nobody_registered_is_said_plainly() {
    let drawing = panel(SUMMARY).draw(&[], &view(24, &[]));
    assert_eq!(seen(&drawing), "Daily Summary cannot be drawn The endpoint “daily-summary” is not registered.");
}

#[test]
fn a_template_must_be_there_and_not_be_empty() {
    assert_eq!(faults(&SUMMARY.replace("|\n    <h3>{{ date }}</h3>", "\"  \"")), ["5:13 the template is empty"]);
    let told = faults(&SUMMARY.replace("  template: |\n    <h3>{{ date }}</h3>\n", ""));
    assert_eq!(told.len(), 1);
    assert!(told[0].ends_with("missing key “template”"), "{told:?}");
}
