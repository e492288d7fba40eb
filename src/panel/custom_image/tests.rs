use crate::panel::stage::{faults, is_harmless, panel, seen, view};

const TOPOLOGY: &str = r#"panel:
  type: custom_image
  title: "Network Topology"
  endpoint: "/api/v1/custom/network-topology"
  parameters: {include_offline: false}
"#;

#[test]
fn an_endpoint_nobody_registered_is_said_plainly() {
    let panel = panel(TOPOLOGY);
    assert!(panel.queries(&view(24, &[])).is_empty());
    let drawing = panel.draw(&[], &view(24, &[]));
    assert_eq!(seen(&drawing), "Network Topology cannot be drawn The endpoint “network-topology” is not registered.");
    assert!(drawing.empty && drawing.badge.is_none());
    is_harmless(&drawing);
}

#[test]
fn endpoint_and_parameters_are_checked_at_their_places() {
    let told =
        faults(&TOPOLOGY.replace("/api/v1/custom/network-topology", "http://x/").replace("include_offline: false", "a: [1]"));
    let places: Vec<&str> = told.iter().map(|fault| fault.split_once(' ').unwrap().0).collect();
    assert_eq!(places, ["4:13", "5:19"], "{told:#?}");
}
