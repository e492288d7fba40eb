use crate::panel::endpoint::{picture_of, small_png};
use crate::panel::stage::{faults, is_harmless, panel, view};
use crate::panel::{Content, Wants};

const TOPOLOGY: &str = r#"panel:
  type: custom_image
  title: "Network Topology"
  endpoint: "/api/v1/custom/network-topology"
  parameters: {include_offline: false}
"#;

#[test]
fn our_own_drawing_stands_in_the_page_and_other_pictures_are_fetched_from_us() {
    let panel = panel(TOPOLOGY);
    assert_eq!(panel.endpoint().unwrap().wants, Wants::Picture);
    let svg = b"<svg onload='x'><path fill='var(--s1)' d='M0 0'/><script>alert(1)</script></svg>";
    let own = panel.draw_made(&Content::Picture(picture_of(svg, true)), &view(24, &[])).unwrap();
    is_harmless(&own);
    assert!(own.body.as_str().contains("aria-label=\"Network Topology\"><svg"), "{}", own.body);
    assert!(own.body.as_str().contains("var(--s1)") && !own.body.as_str().contains("onload"));
    for other in [picture_of(svg, false), picture_of(&small_png(), true)] {
        let drawing = panel.draw_made(&Content::Picture(other), &view(24, &[])).unwrap();
        let body = drawing.body.as_str();
        assert!(body.contains("<img src=\"/tenant/acme/dashboard/ops/panel/p/image?from=now-24h&#38;v="), "{body}");
        assert!(body.contains("alt=\"Network Topology\""), "{body}");
    }
}

#[test]
fn endpoint_and_parameters_are_checked_at_their_places() {
    let told =
        faults(&TOPOLOGY.replace("/api/v1/custom/network-topology", "http://x/").replace("include_offline: false", "a: [1]"));
    let places: Vec<&str> = told.iter().map(|fault| fault.split_once(' ').unwrap().0).collect();
    assert_eq!(places, ["4:13", "5:19"], "{told:#?}");
}
