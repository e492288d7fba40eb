//! The real program at a console, in a folder of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A console in an empty folder; no setting of the machine's reaches the program.
pub struct Console {
    home: TempDir,
}

/// What the program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A tenant that reads without fault.
pub const TENANT: &str = "tenant:\n  name: \"Acme Corp\"\n  datastore: { kind: sqlite, url: \"sqlite:acme.db\" }\n";
/// A dashboard that reads without fault.
pub const DASHBOARD: &str = "dashboard:\n  name: Operations\n  panels:\n    - id: cpu\n      panel:\n        type: kpi\n        title: CPU\n        data_source: { table: metrics, columns: { value: cpu_percent } }\n";

impl Console {
    /// Opens a console in an empty folder.
    pub fn open() -> Console {
        Console { home: tempfile::tempdir().expect("a folder") }
    }

    /// Opens a console with one tenant, `acme-corp`, in its tenants folder.
    pub fn with_tenant() -> Console {
        let console = Console::open();
        console.write("tenants/acme-corp/tenant.yaml", TENANT);
        console.write("tenants/acme-corp/dashboards/default.yaml", DASHBOARD);
        console
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("written");
        path
    }

    /// The program, about to be run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loggia"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LOGGIA_")) {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().expect("the program runs"))
    }

    /// Runs the program to its end with something on its standard input.
    pub fn tell(&self, arguments: &[&str], input: &str) -> Said {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("the program runs");
        // A program that refuses before it reads is no fault of the test's.
        let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
        said(child.wait_with_output().expect("the program ends"))
    }

    /// Runs the program and expects it to end well; gives what it printed.
    pub fn well(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{arguments:?}: {said:?}");
        said.out
    }

    /// Starts `loggia serve` on ports of its own and waits until it says where.
    pub fn serve(&self, more: &[&str], variables: &[(&str, &str)]) -> Served {
        let ports = ["serve", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"];
        let mut command = self.command(&[&ports, more].concat());
        let mut child = command.envs(variables.iter().copied()).stdout(Stdio::null()).spawn().expect("the program runs");
        let mut lines = BufReader::new(child.stderr.take().expect("its words"));
        let mut told = String::new();
        let address = loop {
            let mut line = String::new();
            if lines.read_line(&mut line).expect("text") == 0 {
                panic!("the server ended: {told}{:?}", child.wait());
            }
            told.push_str(&line);
            if let Some(address) = line.trim_end().strip_prefix("Loggia is listening: http://") {
                break address.trim_end_matches('/').to_owned();
            }
        };
        Served { child, address, words: Box::new(lines) }
    }
}

/// A server that runs as a process of its own.
pub struct Served {
    child: Child,
    /// Where visitors come in, as `127.0.0.1:PORT`.
    pub address: String,
    words: Box<dyn Read>,
}

impl Served {
    /// Sends it a signal by name and waits for its end; gives the exit code and what it said since it listened.
    pub fn signal(mut self, name: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
        let mut told = String::new();
        self.words.read_to_string(&mut told).expect("text");
        (self.child.wait().expect("it ends").code(), told)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Only where a test failed half-way is it still running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
