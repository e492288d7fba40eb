//! The program itself, as a process of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running `loggia serve`.
pub struct Process {
    child: Child,
    /// Its public address: `http://…`.
    pub address: String,
    /// Where its standard output goes.
    pub log: PathBuf,
}

/// The program with the settings of a folder.
pub fn loggia(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loggia"));
    command
        .current_dir(home)
        .env_clear()
        .env("LOGGIA_SECRET_KEY", "a key for tests alone, 32 bytes.")
        .env("LOGGIA_DATA_DIR", home.join("data"))
        .env("LOGGIA_TENANTS_DIR", home.join("tenants"))
        .env("LOGGIA_LISTEN", "127.0.0.1:0")
        .env("LOGGIA_INTERNAL_LISTEN", "127.0.0.1:0");
    command
}

/// Makes an account on the command line.
pub fn create_user(home: &Path, email: &str, password: &str, tenant: &str) {
    let mut command = loggia(home);
    command.args(["user", "create", email, "--tenant", tenant]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    writeln!(child.stdin.take().expect("its input"), "{password}").expect("the password is taken");
    assert!(child.wait().expect("it ends").success(), "{email} is made");
}

impl Process {
    /// Starts it and waits until it listens.
    pub fn start(home: &Path, log: &str) -> Process {
        Process::start_with(home, log, &[])
    }

    /// The same with more settings.
    pub fn start_with(home: &Path, log: &str, settings: &[(&str, &str)]) -> Process {
        let log = home.join(log);
        let out = File::create(&log).expect("a file");
        let mut command = loggia(home);
        command.envs(settings.iter().copied());
        let mut child = command.arg("serve").stdout(out).stderr(Stdio::piped()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stderr.take().expect("its errors")).lines();
        let mut process = Process { child, address: String::new(), log };
        let mut told = Vec::new();
        for line in lines.map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("Loggia is listening: ") {
                process.address = address.trim().trim_end_matches('/').to_owned();
                return process;
            }
            told.push(line);
        }
        panic!("it did not start: {told:?}");
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without a warning, as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
