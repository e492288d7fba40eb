//! The real program at a console: what each command says, where it says it, and the code it ends with.

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};

use super::world::console::{Console, DASHBOARD};

const KEY: (&str, &str) = ("LOGGIA_SECRET_KEY", "a key for tests alone, 32 bytes.");
const BROKEN: &str = "acme-corp/dashboards/default.yaml";

/// A tenants folder with two faults in one file.
fn with_faults() -> Console {
    let console = Console::with_tenant();
    console.write(&format!("tenants/{BROKEN}"), &DASHBOARD.replace("title:", "titel:"));
    console
}

#[test]
fn check_tells_every_fault_with_its_place_and_ends_with_one() {
    let good = Console::with_tenant();
    assert_eq!(good.well(&["check"]), "no faults; 2 files read\n");
    assert_eq!(good.well(&["check", "tenants/acme-corp"]), "no faults; 2 files read\n");

    let broken = with_faults();
    let said = broken.run(&["check"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[1], format!("{BROKEN}:7:9: unknown key “titel”; did you mean “title”?"), "{said:?}");
    assert_eq!(lines.last(), Some(&"2 faults in 1 file; 2 files read"));
    let one = broken.run(&["check", &format!("tenants/{BROKEN}")]);
    assert_eq!((one.code, one.out.lines().count()), (Some(1), 3), "{one:?}");
}

#[test]
fn check_tells_programs_the_same_as_json() {
    let said = with_faults().run(&["check", "--format", "json"]);
    assert_eq!(said.code, Some(1));
    let told: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(told["faults"].as_array().map(Vec::len), Some(2));
    let fault = &told["faults"][1];
    assert_eq!((&fault["file"], &fault["line"], &fault["column"]), (&BROKEN.into(), &7.into(), &9.into()));
    assert_eq!(fault["severity"], "error");
    let good: Value = serde_json::from_str(&Console::with_tenant().well(&["check", "--format", "json"])).expect("JSON");
    assert_eq!((good["faults"].as_array().map(Vec::len), &good["files"]), (Some(0), &2.into()));
}

#[test]
fn check_of_nothing_says_what_to_name() {
    let said = Console::open().run(&["check", "nowhere"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.starts_with("loggia: nowhere does not exist: name the tenants folder"), "{said:?}");
}

#[test]
fn schema_prints_a_json_schema_for_each_kind_of_file() {
    let console = Console::open();
    for (what, title) in [("tenant", "tenant"), ("dashboard", "dashboard"), ("panel", "panel"), ("app", "app")] {
        let schema: Value = serde_json::from_str(&console.well(&["schema", what])).expect("JSON");
        assert_eq!(schema["title"], format!("Loggia {title}"));
        assert_eq!(schema["required"], serde_json::json!([what]));
        jsonschema::validator_for(&schema).unwrap_or_else(|e| panic!("{what}: {e}"));
    }
    let said = console.run(&["schema", "pannel"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("'panel'") && said.err.contains("tenant, dashboard, panel, app"), "{said:?}");
}

#[tokio::test]
async fn migrate_tells_what_it_did_and_refuses_a_newer_database() {
    let console = Console::open();
    let applied = console.well(&["migrate"]);
    assert!(applied.lines().count() >= 3 && applied.lines().all(|line| line.starts_with("applied m0")), "{applied}");
    assert_eq!(console.well(&["migrate"]), "The central database is at the current version.\n");

    let file = console.path().join("data/loggia.db");
    let mut db = SqliteConnectOptions::new().filename(file).connect().await.expect("the database");
    db.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_tomorrow', 0)").await.expect("a step");
    drop(db);
    let before_it = ["migrate", "apply", "serve"].map(|command| {
        let mut run = console.command(&[command]);
        run.env(KEY.0, KEY.1).env("LOGGIA_LISTEN", "127.0.0.1:0").env("LOGGIA_INTERNAL_LISTEN", "127.0.0.1:0");
        (command, run.output().expect("the program runs"))
    });
    for (command, output) in before_it {
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{command}: {told}");
        assert!(told.contains("newer than this program") && told.contains("m9999_tomorrow"), "{command}: {told}");
    }
}

#[test]
fn an_account_is_made_listed_and_given_another_password() {
    let console = Console::with_tenant();
    console.well(&["apply"]);
    assert_eq!(console.well(&["user", "list"]), "There is no account yet; make one with: loggia user create EMAIL\n");
    let made =
        console.tell(&["user", "create", "ann@example.com", "--name", "Ann", "--tenant", "acme-corp:admin"], "correct horse\n");
    assert_eq!((made.code, made.out.as_str()), (Some(0), "ann@example.com can sign in.\n"), "{made:?}");
    let made = console.tell(&["user", "create", "ola@example.com", "--operator"], "correct horse\n");
    assert_eq!(made.code, Some(0), "{made:?}");
    assert_eq!(console.well(&["user", "list"]), "ann@example.com\tAnn\nola@example.com\t\toperator\n");
    let set = console.tell(&["user", "set-password", "ann@example.com"], "battery staple\n");
    assert_eq!(set.out, "ann@example.com has a new password; its sessions have ended.\n", "{set:?}");
}

#[test]
fn an_account_that_cannot_be_made_says_why_and_is_not_made() {
    let console = Console::with_tenant();
    console.well(&["apply"]);
    let refused = |arguments: &[&str], input: &str, words: &str| {
        let said = console.tell(&[&["user"], arguments].concat(), input);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
        assert!(said.err.starts_with("loggia: ") && said.err.contains(words), "{said:?}");
        assert!(!said.err.contains("s3cret"), "a password is told to nobody: {said:?}");
    };
    refused(&["create", "ann@example.com"], "s3cret\n", "at least 8 characters");
    refused(&["create", "ann@example.com"], "", "give the password on standard input");
    refused(&["create", "ann"], "s3cret horse\n", "“ann” is not an e-mail address");
    refused(&["create", "ann@example.com", "--tenant", "nobody"], "s3cret horse\n", "nothing was created");
    refused(&["create", "ann@example.com", "--tenant", "acme-corp:king"], "s3cret horse\n", "king");
    refused(&["set-password", "zoe@example.com"], "s3cret horse\n", "no account with this address");
    assert!(console.well(&["user", "list"]).starts_with("There is no account yet"));
    assert_eq!(console.tell(&["user", "create", "ann@example.com"], "s3cret horse\n").code, Some(0));
    refused(&["create", "ann@example.com"], "s3cret horse\n", "already an account");
}

#[test]
fn what_is_mistyped_is_told_with_what_was_meant() {
    let console = Console::open();
    for (arguments, words) in [
        (&["serv"][..], "'serve'"),
        (&["serve", "--lisen", "1"], "'--listen'"),
        (&["serve", "--listen", "here"], "'here'"),
        (&["check", "--format", "xml"], "text, json"),
        (&["user", "remove"], "'remove'"),
        (&["user", "create"], "<EMAIL>"),
    ] {
        let said = console.run(arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said:?}");
        assert!(said.err.contains(words) && said.err.contains("--help"), "{arguments:?}: {said:?}");
    }
}

#[test]
fn help_is_there_for_every_command_and_fits_a_screen() {
    let console = Console::open();
    let whole = console.well(&["--help"]);
    assert!(whole.starts_with("Every tenant's dashboards and reports over its own database\n"), "{whole}");
    for command in [&["serve"][..], &["check"], &["schema"], &["migrate"], &["apply"], &["user"], &["user", "create"]] {
        assert!(whole.contains(command[0]));
        let help = console.well(&[command, &["--help"]].concat());
        assert!(help.contains("Usage: loggia ") && help.lines().count() < 30, "{help}");
        let undescribed =
            |line: &&str| line.trim_start().starts_with("--") && line.split("  ").filter(|part| !part.is_empty()).count() < 2;
        assert_eq!(help.lines().find(undescribed), None);
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
    }
    assert!(console.well(&["--version"]).starts_with("loggia "));
    let bare = console.run(&[]);
    assert_eq!((bare.code, bare.err), (Some(2), whole));
}

#[test]
fn a_settings_file_with_an_unknown_key_is_refused_with_its_line() {
    let console = Console::open();
    console.write("loggia.toml", "env = \"dev\"\nlisten_on = 3\n");
    let said = console.run(&["migrate"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("loggia.toml") && said.err.contains("line 2") && said.err.contains("listen_on"), "{said:?}");
    let said = console.run(&["--config", "elsewhere.toml", "migrate"]);
    assert!(said.code == Some(1) && said.err.contains("elsewhere.toml"), "{said:?}");
}

#[test]
fn serve_does_not_start_where_it_would_not_be_safe() {
    let console = Console::open();
    let keyless = console.run(&["serve"]);
    assert_eq!(keyless.code, Some(1));
    assert!(keyless.err.contains("LOGGIA_SECRET_KEY is not set") && keyless.err.contains("openssl rand"), "{keyless:?}");
    let demo = console.run(&["serve", "--demo", "--listen", "0.0.0.0:0"]);
    assert!(demo.code == Some(1) && demo.err.contains("loopback only"), "{demo:?}");
    let open = console.command(&["serve", "--listen", "0.0.0.0:0"]).env(KEY.0, KEY.1).output().expect("it runs");
    let told = String::from_utf8_lossy(&open.stderr);
    assert!(open.status.code() == Some(1) && told.contains("LOGGIA_PUBLIC_URL") && told.contains("LOGGIA_ALLOW_HTTP"), "{told}");
    assert!(!console.path().join("data").exists(), "nothing was begun");
}

#[test]
fn a_port_in_use_is_told_with_what_to_do() {
    let console = Console::open();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    for (flag, other) in [("--listen", "--internal-listen"), ("--internal-listen", "--listen")] {
        let mut command = console.command(&["serve", flag, &address, other, "127.0.0.1:0"]);
        let output = command.env(KEY.0, KEY.1).output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("{address} is in use by another program")) && told.contains(flag), "{told}");
    }
}

#[test]
fn a_server_that_is_told_to_end_ends_well() {
    let console = Console::with_tenant();
    for signal in ["TERM", "INT"] {
        let server = console.serve(&[], &[KEY]);
        std::net::TcpStream::connect(&server.address).expect("it listens");
        let (code, told) = server.signal(signal);
        assert_eq!(code, Some(0), "{signal}: {told}");
    }
    console.well(&["check"]);
}

#[test]
fn a_data_folder_may_have_any_name() {
    let console = Console::open();
    let folder = console.path().join("50%25 of what?");
    let done = console.command(&["migrate"]).env("LOGGIA_DATA_DIR", &folder).output().expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(folder.join("loggia.db").is_file() && folder.join("loggia.db.lock").is_file());
    let others: Vec<_> = std::fs::read_dir(console.path()).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(others, ["50%25 of what?"], "and nothing lies beside it");
}

#[test]
fn the_demo_makes_its_key_once_and_its_database_stays_on_loopback() {
    let console = Console::open();
    console.write("tenants/.keep", "");
    assert_eq!(console.serve(&["--demo"], &[]).signal("TERM").0, Some(0));
    let path = console.path().join("data/secret.key");
    let key = std::fs::read_to_string(&path).expect("a key");
    let mode = |path: &Path| std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&console.path().join("data"))), (0o600, 0o700));
    assert_eq!(mode(&console.path().join("data/loggia.db")), 0o600, "password hashes and the audit are in it");

    // The same database without --demo finds the key in the file.
    assert_eq!(console.serve(&[], &[]).signal("TERM").0, Some(0));
    assert_eq!(std::fs::read_to_string(&path).expect("a key"), key);
    // Its passwords are known to everybody, key or not.
    let mut open = console.command(&["serve", "--listen", "0.0.0.0:0", "--internal-listen", "127.0.0.1:0"]);
    let open = open.env("LOGGIA_ALLOW_HTTP", "true").env(KEY.0, KEY.1).output().expect("it runs");
    let told = String::from_utf8_lossy(&open.stderr);
    assert!(open.status.code() == Some(1) && told.contains("made by the demo"), "{told}");
    // A key file beside a database of one's own is no key.
    let mut own = console.command(&["serve", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"]);
    let own = own.env("LOGGIA_DATABASE_URL", "sqlite://data/own.db?mode=rwc").output().expect("it runs");
    let told = String::from_utf8_lossy(&own.stderr);
    assert!(own.status.code() == Some(1) && told.contains("LOGGIA_SECRET_KEY is not set"), "{told}");
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let console = with_faults();
    for arguments in [&["schema", "panel"][..], &["check"], &["--help"]] {
        let mut child = console.command(arguments).spawn().expect("the program runs");
        drop(child.stdout.take());
        let code = child.wait().expect("it ends").code();
        let mut told = String::new();
        child.stderr.take().expect("its words").read_to_string(&mut told).expect("text");
        assert_eq!((code, told.as_str()), (Some(i32::from(arguments[0] == "check")), ""), "{arguments:?}");
    }
}
