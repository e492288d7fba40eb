use crate::panel::stage::{faults, is_harmless, panel, seen, view};

fn written(content: &str) -> String {
    let lines: Vec<String> = content.lines().map(|line| format!("    {line}")).collect();
    format!("panel:\n  type: text\n  title: Notes\n  content: |\n{}\n", lines.join("\n"))
}

#[test]
fn markdown_becomes_structure() {
    let drawing =
        panel(&written("# Title\n\nSome **bold** text.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x](https://good.example/)"))
            .draw(&[], &view(24, &[]));
    let body = drawing.body.as_str();
    for part in ["<h1>Title</h1>", "<strong>bold</strong>", "<td>1</td>", "href=\"https://good.example/\""] {
        assert!(body.contains(part), "{part}: {body}");
    }
    assert!(!drawing.empty);
}

#[test]
fn nothing_that_acts_survives() {
    let hostile = "<script>alert(1)</script>\n\n[x](javascript:alert(2)) ![p](https://evil.example/p.png)\n\n<b onclick=\"x\" style=\"position:fixed\">b</b>\n\n<form action=\"/logout\"><button>x</button></form>";
    let drawing = panel(&written(hostile)).draw(&[], &view(24, &[]));
    is_harmless(&drawing);
    let body = drawing.body.as_str();
    for gone in ["alert", "evil", "onclick", "<form", "<button", "<img"] {
        assert!(!body.contains(gone), "{gone}: {body}");
    }
    assert!(seen(&drawing).contains('b'));
}

#[test]
fn an_empty_or_endless_text_is_a_fault() {
    assert_eq!(faults("panel:\n  type: text\n  title: Notes\n  content: \"  \"\n"), ["4:12 the text is empty"]);
    assert!(faults(&written(&"> ".repeat(5_000)))[0].contains("nested too deep"));
    assert!(faults(&written(&"x".repeat(70_000)))[0].contains("64 KiB"));
}

#[test]
fn as_a_value_it_is_the_markdown_that_was_written() {
    let data = panel(&written("# Title\n\n- x")).data(&[], &view(24, &[]));
    assert_eq!(data, Some(crate::panel::Data::Text("# Title\n\n- x\n".to_owned())));
}
