//! Torture: templates and pictures that mean harm, each within a bound of time and memory, and a server that goes on.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::process::{Process, create_user};

/// A case that takes longer has no bound (the program is unoptimised, the machine shared).
const LONG: Duration = Duration::from_secs(6);
/// A case that takes more has none either.
const MOST_KB: u64 = 64 * 1024;

/// Templates that must be refused when their file is read.
fn refused() -> Vec<String> {
    let plain = [
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
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ x|indent(100000000) }}",
        "{{ x|map('upper') }}",
        "{% include 'other' %}",
        "{% import '/etc/passwd' as o %}",
        "{% extends 'base' %}",
        "{% block a %}{% endblock %}",
        "{% macro m() %}{{ m() }}{% endmacro %}",
        "{% for x in y recursive %}{{ loop(x) }}{% endfor %}",
        "{% do x.append(1) %}",
        "{% if x %}",
        "{{ x",
    ];
    let deep = [
        format!("{{{{ x{} }}}}", "|upper".repeat(9_000)),
        format!("{{{{ {}x{} }}}}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{{{{ x{} }}}}", ".a".repeat(20_000)),
        format!("{{{{ {}1{} }}}}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{{{{ {}x }}}}", "not ".repeat(10_000)),
        format!("{}{}", "{% if x %}".repeat(3_000), "{% endif %}".repeat(3_000)),
        "x".repeat(70_000),
    ];
    plain.into_iter().map(str::to_owned).chain(deep).collect()
}

#[test]
fn templates_that_mean_harm_are_refused_with_their_place_within_five_seconds_and_64_megabytes() {
    let home = tempfile::tempdir().unwrap();
    let all = refused();
    assert!(all.len() >= 30, "{}", all.len());
    for (number, template) in all.iter().enumerate() {
        let file = home.path().join(format!("t{number}.yaml"));
        let written = serde_json::to_string(template).unwrap();
        fs::write(
            &file,
            format!("panel:\n  type: custom_template\n  title: T\n  endpoint: https://x.example/\n  template: {written}\n"),
        )
        .unwrap();
        // The system holds it to the bound: what takes more ends without a word.
        let mut command = Command::new("bash");
        command.args(["-c", "ulimit -d 65536 -t 5; exec \"$0\" check \"$1\""]).arg(env!("CARGO_BIN_EXE_loggia")).arg(&file);
        let done = command.output().unwrap();
        let told = String::from_utf8_lossy(&done.stdout);
        let shown = &template[..template.len().min(60)];
        assert_eq!(done.status.code(), Some(1), "{shown}: {told} {}", String::from_utf8_lossy(&done.stderr));
        assert!(told.contains(&format!("t{number}.yaml:5:")), "{shown}: {told}");
    }
}

/// A panel's case: what the other server answers under this name, the rest of the panel's file, and how it ends.
struct Case {
    name: &'static str,
    template: Option<&'static str>,
    answer: Vec<u8>,
    state: &'static str,
    says: &'static str,
}

fn words(name: &'static str, template: &'static str, json: impl Into<String>, state: &'static str, says: &'static str) -> Case {
    Case { name, template: Some(template), answer: http("application/json", json.into().as_bytes()), state, says }
}

fn picture(name: &'static str, kind: &str, body: &[u8], state: &'static str, says: &'static str) -> Case {
    Case { name, template: None, answer: http(kind, body), state, says }
}

fn http(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

const CANNOT: &str = "The template of this panel cannot be filled";
const TOO_MUCH: &str = "answered more than can be shown";
const NO_PICTURE: &str = "answered something that is not a picture";

/// Templates that read well and fill badly, and answers that mean harm.
fn filled() -> Vec<Case> {
    let many = |count: usize| format!("{{\"many\": [{}], \"x\": 1}}", vec!["1"; count].join(","));
    let long = |count: usize| format!("{{\"x\": \"{}\", \"many\": [1, 2, 3]}}", "y".repeat(count));
    let thousand = many(1_000);
    let loops = "{% for a in many %}{% for b in many %}{% for c in many %}{{ c }}{% endfor %}{% endfor %}{% endfor %}";
    let hostile =
        r#"{"x": "\"><script>alert(1)</script>", "b": "1 onload=alert(1) onclick=alert(1)", "j": "javascript:alert(1)"}"#;
    vec![
        words("loops", loops, &*thousand, "failed", CANNOT),
        words(
            "empty_loops",
            "{% for a in many %}{% for b in many %}{% for c in many %}{% endfor %}{% endfor %}{% endfor %}",
            &*thousand,
            "failed",
            CANNOT,
        ),
        words("long_text", "{{ x }}", long(900_000), "failed", CANNOT),
        words("long_upper", "{{ x|upper }}", long(900_000), "failed", CANNOT),
        words("long_again", "{% for a in many %}{{ x }}{% endfor %}", long(120_000), "failed", CANNOT),
        words(
            "joined",
            "{{ many|join('----------------------------------------------------------------') }}",
            &*thousand,
            "failed",
            CANNOT,
        ),
        words("joined_often", "{% for a in many %}{{ many|join }}{% endfor %}", &*thousand, "failed", CANNOT),
        words("cut_wide", "{{ x|cut(99999999999) }}", long(10), "ready", "yyyyyyyyyy"),
        words("missing", "{{ nothing }}", "{}", "failed", CANNOT),
        words("missing_deep", "{{ a.b.c.d }}", r#"{"a": 1}"#, "failed", CANNOT),
        words("list_as_text", "{{ many }}", &*thousand, "failed", CANNOT),
        words("by_zero", "{{ x // 0 }}", r#"{"x": 1}"#, "failed", CANNOT),
        words("text_times", "{{ x|times(2) }}", r#"{"x": "a"}"#, "failed", CANNOT),
        words("huge_number", "{{ x|times(x)|times(x) }}", r#"{"x": 1e308}"#, "ready", ""),
        words("deep_json", "{{ x }}", "[".repeat(50_000), "failed", "not JSON"),
        words("commas", "{{ x }}", many(500_000), "failed", TOO_MUCH),
        words(
            "many_keys",
            "{{ x }}",
            format!("{{{}}}", (0..70_000).map(|i| format!("\"k{i}\":1")).collect::<Vec<_>>().join(",")),
            "failed",
            TOO_MUCH,
        ),
        words("too_long", "{{ x }}", long(3 << 20), "failed", TOO_MUCH),
        words("not_json", "{{ x }}", "<html><script>alert(1)</script></html>", "failed", "not JSON"),
        words("hostile_text", "<p title=\"{{ x }}\">{{ x }}</p>", hostile, "ready", "&lt;script"),
        words("hostile_link", "<a href=\"{{ j }}\">go</a>", hostile, "ready", "go"),
        words("hostile_bare", "<p class={{ b }} {{ x }}>ok</p>", hostile, "ready", "ok"),
        words("hostile_script", "<script>{{ j }}</script><style>{{ j }}</style>ok", hostile, "ready", "ok"),
        words(
            "hostile_frame",
            "<iframe srcdoc=\"{{ x }}\"></iframe><object data=\"{{ j }}\"></object><base href=\"{{ j }}\">ok",
            hostile,
            "ready",
            "ok",
        ),
        words(
            "hostile_svg",
            "<svg onload=alert(1)><a xlink:href=\"{{ j }}\"><text>s</text></a></svg><math><mi href=\"{{ j }}\">m</mi></math>ok",
            hostile,
            "ready",
            "ok",
        ),
        words(
            "hostile_form",
            "<form action=\"{{ j }}\"><input name=a><button formaction=\"{{ j }}\">b</button></form>ok",
            hostile,
            "ready",
            "ok",
        ),
        words(
            "hostile_htmx",
            "<p hx-get=\"/logout\" hx-trigger=\"load\" data-hx-on=\"{{ j }}\" style=\"position:fixed\" id=\"p-good\">ok</p>",
            hostile,
            "ready",
            "ok",
        ),
        words("deep_markup", "{% for a in many %}<div>{% endfor %}", &*thousand, "failed", CANNOT),
        words(
            "open_markup",
            "{% for a in many %}<p><b class=\"{{ loop.index }}\"></p>{% endfor %}",
            &*thousand,
            "failed",
            CANNOT,
        ),
        words("open_links", "{% for a in many %}<a href=\"{{ loop.index }}\"><p>{% endfor %}", &*thousand, "failed", CANNOT),
        words("wide_markup", "{% for a in many %}<p><b>{{ a }}</b></p>{% endfor %}", &*thousand, "ready", "<b>1</b>"),
    ]
}

/// A part of a PNG; nobody checks the last four bytes.
fn part(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], name, content, &[0; 4]].concat()
}

fn png(width: u32, height: u32, more: &[Vec<u8>]) -> Vec<u8> {
    let head = part(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat());
    [b"\x89PNG\r\n\x1a\n".to_vec(), head, more.concat(), part(b"IDAT", &[1; 64]), part(b"IEND", b"")].concat()
}

/// Pictures that are none, and pictures that are more than that.
fn pictures() -> Vec<Case> {
    let svg = |inside: &str| {
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>{inside}<rect width='9' height='9'/></svg>"
        )
    };
    let attributes: String = (0..300_000).map(|i| format!(" a{i}=''")).collect();
    let names: String = (0..90_000).map(|i| format!("<g xmlns:n{i}='u{i}'>")).collect();
    let laughs = "<!DOCTYPE s [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><svg>&c;</svg>";
    let outside = "<!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg><text>&x;</text></svg>";
    let whole = png(2, 2, &[]);
    let bad = |name, body: &[u8]| picture(name, "image/png", body, "failed", NO_PICTURE);
    let drawn = |name, body: &str| picture(name, "image/svg+xml", body.as_bytes(), "ready", "<img");
    vec![
        bad("html", b"<!doctype html><html><script>alert(1)</script></html>"),
        bad("json", b"{\"a\": 1}"),
        bad("nothing", b""),
        bad("noise", &[0xfe; 4_096]),
        bad("gif", b"GIF89a\x01\x00\x01\x00"),
        bad("packed", b"\x1f\x8b\x08\x00\x00\x00\x00\x00"),
        bad("png_cut", &whole[..whole.len() - 20]),
        bad("png_huge", &png(60_000, 60_000, &[])),
        bad("png_wide", &png(u32::MAX, 1, &[])),
        bad("png_strange", &png(2, 2, &[part(b"EVIL", b"x")])),
        bad("jpeg_cut", &[0xff, 0xd8, 0xff, 0xe0, 0, 16, 1, 2]),
        bad("jpeg_huge", &[0xff, 0xd8, 0xff, 0xc0, 0, 8, 8, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xda, 0, 2, 1, 0xff, 0xd9]),
        bad("laughs", laughs.as_bytes()),
        bad("outside", outside.as_bytes()),
        bad("deep", format!("<svg>{}", "<g>".repeat(100_000)).as_bytes()),
        bad("deep_closed", format!("<svg>{}{}</svg>", "<g>".repeat(20_000), "</g>".repeat(20_000)).as_bytes()),
        bad("many", format!("<svg>{}</svg>", "<g/>".repeat(400_000)).as_bytes()),
        bad("attributes", format!("<svg{attributes}/>").as_bytes()),
        bad("names", format!("<svg>{names}").as_bytes()),
        bad("swelling", format!("<svg><text>{}</text><text/></svg>", "'".repeat(2 << 20)).as_bytes()),
        picture("large", "image/png", &png(2, 2, &[part(b"IDAT", &vec![0; 9 << 20])]), "failed", TOO_MUCH),
        picture("hundred", "image/png", &png(2, 2, &[part(b"IDAT", &vec![0; 100 << 20])]), "failed", TOO_MUCH),
        picture(
            "png_dressed",
            "text/html",
            &png(2, 2, &[part(b"tEXt", b"<script>alert(1)</script>"), part(b"zTXt", &[0; 4_000])]),
            "ready",
            "<img",
        ),
        drawn("script", &svg("<script>alert(1)</script><g onclick='alert(2)'/><set attributeName='onload' to='alert(3)'/>")),
        drawn(
            "foreign",
            &svg(
                "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><iframe src='https://evil.example/'/></body></foreignObject>",
            ),
        ),
        drawn(
            "fetching",
            &svg(
                "<image href='https://evil.example/x'/><use xlink:href='https://evil.example/#a'/><style>@import url(https://evil.example/)</style>",
            ),
        ),
        drawn(
            "linking",
            &svg(
                "<a href='javascript:alert(1)'><text>x</text></a><rect fill='url(https://evil.example/#a)' style='fill:url(//evil.example)'/>",
            ),
        ),
        drawn("using", &svg("<defs><g id='a'><use href='#a'/><use href='#a'/></g></defs><use href='#a'/>")),
    ]
}

/// A server that answers each path with what its case says.
async fn other_server(cases: Vec<(String, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let cases: &'static [(String, Vec<u8>)] = cases.leak();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 4_096];
                let read = stream.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
                if path == "drip" {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n\x89PNG\r\n\x1a\n").await;
                    while stream.write_all(&[0]).await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    return;
                }
                if let Some((_, answer)) = cases.iter().find(|(name, _)| *name == path) {
                    let _ = stream.write_all(answer).await;
                }
            });
        }
    });
    address
}

/// The most memory a process held since this was last asked, in kB; it is then forgotten.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn resident(process: u32) -> u64 {
    let _ = peak(process);
    peak(process)
}

/// A tenant with a panel for each case and one good one.
fn write(home: &Path, host: &str, cases: &[Case]) {
    let folder = home.join("tenants/torture");
    fs::create_dir_all(folder.join("dashboards")).unwrap();
    fs::create_dir_all(folder.join("panels")).unwrap();
    fs::write(folder.join("tenant.yaml"), "tenant:\n  name: Torture\n").unwrap();
    let mut board = "dashboard:\n  name: Torture\n  panels:\n".to_owned();
    let drip = Case { name: "drip", template: None, answer: Vec::new(), state: "", says: "" };
    for case in cases.iter().chain([&drip]) {
        let kind = case.template.map_or("type: custom_image".to_owned(), |template| {
            format!("type: custom_template\n  template: {}", serde_json::to_string(template).unwrap())
        });
        let text = format!("panel:\n  {kind}\n  title: T\n  endpoint: http://{host}/{}\n", case.name);
        fs::write(folder.join(format!("panels/{}.yaml", case.name)), text).unwrap();
        board.push_str(&format!("    - {{ id: {0}, config_file: panels/{0}.yaml }}\n", case.name));
    }
    fs::write(folder.join("dashboards/default.yaml"), board).unwrap();
}

const GONE: &[&str] = &[
    "<script",
    "alert(1)<",
    "onerror=",
    "onload=",
    "onclick=",
    "javascript:",
    "<iframe",
    "srcdoc",
    "<object",
    "<base",
    "<form",
    "<button",
    "formaction",
    "hx-get=\"/logout",
    "position:fixed",
    "id=\"p-good",
    "foreignObject",
    "evil.example",
    "<use",
];

/// The body of a panel without what the page itself puts around it.
fn body(html: &str) -> &str {
    html.split("class=\"body").nth(1).unwrap_or(html)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_answer_ends_in_its_own_panel_within_bounds_of_time_and_memory() {
    let home = tempfile::tempdir().unwrap();
    let good = words("good", "{{ sites }} sites", r#"{"sites": 3}"#, "ready", "3 sites");
    let mut cases: Vec<Case> = filled();
    cases.extend(pictures());
    cases.push(good);
    assert!(filled().len() >= 30 && pictures().len() >= 20);
    let host = other_server(cases.iter().map(|case| (case.name.to_owned(), case.answer.clone())).collect()).await;
    write(home.path(), &host, &cases);
    let applied = crate::world::process::loggia(home.path()).arg("apply").output().unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    create_user(home.path(), "viewer@torture.example", "correct horse battery", "torture");
    let settings = [
        ("LOGGIA_ENDPOINTS__ALLOWED_HOSTS", &*host),
        ("LOGGIA_ENDPOINTS__ALLOW_PRIVATE", "true"),
        ("LOGGIA_RATE_LIMIT__ENABLED", "false"),
    ];
    let server = Process::start_with(home.path(), "torture.log", &settings);
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let form = [("email", "viewer@torture.example"), ("password", "correct horse battery")];
    let signed = client.post(format!("{}/login", server.address)).header("sec-fetch-site", "same-origin").form(&form);
    let cookie = crate::world::session_cookie(&signed.send().await.unwrap()).unwrap();
    let get = async |path: &str| {
        let request = client.get(format!("{}/tenant/torture/dashboard/default/panel/{path}", server.address));
        request.header("cookie", &cookie).header("hx-request", "true").send().await.unwrap()
    };
    // A picture that comes drop by drop meanwhile.
    let drip = {
        let request = client.get(format!("{}/tenant/torture/dashboard/default/panel/drip", server.address));
        let begun = Instant::now();
        let asked = request.header("cookie", &cookie).header("hx-request", "true").send();
        tokio::spawn(async move { (asked.await.unwrap().text().await.unwrap(), begun.elapsed()) })
    };
    assert!(get("good").await.text().await.unwrap().contains("3 sites"));
    let before = resident(server.id());
    for case in &cases {
        let (held, begun) = (resident(server.id()), Instant::now());
        let answer = get(&format!("{}?fresh=1", case.name)).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["x-loggia-state"]),
            (200, &case.state.parse().unwrap()),
            "{}",
            case.name
        );
        let html = answer.text().await.unwrap();
        assert!(html.contains(case.says), "{}: {html}", case.name);
        for gone in GONE {
            assert!(!body(&html).contains(gone), "{}: {gone} in {html}", case.name);
        }
        if case.template.is_none() && case.state == "ready" {
            let file = get(&format!("{}/image", case.name)).await;
            assert!(file.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"), "{}", case.name);
            let bytes = file.bytes().await.unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(GONE.iter().all(|gone| !text.contains(gone)), "{}: {text}", case.name);
        }
        let (took, more) = (begun.elapsed(), peak(server.id()).saturating_sub(held));
        println!("{:<16} {took:>10.1?} {more:>8} kB", case.name);
        assert!(took < LONG, "{} took {took:?}", case.name);
        assert!(more < MOST_KB, "{} took {more} kB", case.name);
    }
    let answer = get("good?fresh=1").await.text().await.unwrap();
    assert!(answer.contains("3 sites"), "the server goes on: {answer}");
    let after = resident(server.id());
    assert!(after < before + MOST_KB, "and keeps nothing of it: from {before} to {after} kB");
    let (html, took) = drip.await.unwrap();
    assert!(html.contains("did not answer within 10 s") && took < Duration::from_secs(15), "{took:?}: {html}");
}
