//! The commands: what each is given, and which part it hands over to.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::config;
use crate::settings::{Flags, Settings};

/// Every tenant's dashboards and reports over its own database.
#[derive(Debug, Parser)]
#[command(name = "loggia", version, disable_help_subcommand = true)]
struct Loggia {
    #[command(subcommand)]
    command: Command,
    /// The settings file; without it, loggia.toml in this folder if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the dashboards
    Serve {
        /// Three tenants with real data and three accounts; listens on loopback only
        #[arg(long)]
        demo: bool,
        /// Where visitors come in [default: 127.0.0.1:8080]
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
        /// Where operators' tools come in: /health and /metrics [default: 127.0.0.1:8081]
        #[arg(long, value_name = "ADDRESS")]
        internal_listen: Option<SocketAddr>,
    },
    /// Tell every fault in the tenants folder, each with its file, line and column
    Check {
        /// The tenants folder, one tenant's folder or one file [default: the tenants folder]
        path: Option<PathBuf>,
        /// For people or for programs
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print a JSON Schema, for editors
    Schema {
        /// Of which kind of file
        what: config::schema::What,
    },
    /// Bring the central database to this version
    Migrate,
    /// Bring the tenants folder into the central database
    Apply {
        /// Only tell what would change
        #[arg(long)]
        plan: bool,
        /// Bring back tenants that were deleted
        #[arg(long)]
        restore: bool,
    },
    /// Local accounts
    #[command(subcommand)]
    User(User),
    /// One tenant
    #[command(subcommand)]
    Tenant(Tenant),
    /// The key that seals stored secrets
    #[command(subcommand)]
    Secret(SecretKey),
    /// The record of who did what
    #[command(subcommand)]
    Audit(Audit),
    /// Look at what the installation stands on; each finding with what to do about it
    Doctor {
        /// Also what only matters to those who mean harm
        #[arg(long)]
        security: bool,
        /// Also whether this tenant, or every tenant, can move to the new flow of its hosted apps
        #[arg(long, value_name = "TENANT", num_args = 0..=1, default_missing_value = super::doctor::EVERY)]
        rollout: Option<String>,
        /// Write what was found into the audit under this name
        #[arg(long, value_name = "NAME")]
        sign: Option<String>,
    },
}

/// What is done about one tenant.
#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Tell by which flow its hosted apps are reached, or move it: into the new flow after a look at its apps, back at once
    Rollout {
        /// Which tenant
        slug: String,
        /// legacy, canary or current; without it, the one it is on is told
        to: Option<String>,
    },
}

/// What is done about the key that seals stored secrets.
#[derive(Debug, Subcommand)]
pub enum SecretKey {
    /// Seal every stored secret anew with LOGGIA_SECRET_KEY; LOGGIA_PREVIOUS_SECRET_KEY opens what is there
    Rotate,
}

/// What is done with the record of who did what.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Walk the whole chain and name the first row that does not fit, exit 1
    Verify {
        /// A row that was seen last time: is it still there?
        #[arg(long, value_name = "NUMBER:HASH")]
        seen: Option<String>,
        /// An archive: is it whole, and does the chain go on from it?
        #[arg(long, value_name = "FILE")]
        archive: Option<PathBuf>,
    },
    /// Take the rows from before a day out to a file, and leave a checkpoint
    Archive {
        /// A day (its beginning, UTC) or a moment as 2026-01-31T12:00:00Z
        #[arg(long, value_name = "DAY")]
        before: String,
        /// The file, which must not be there yet [default: audit-before-DAY.ndjson]
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

/// What is done with local accounts.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Make an account; the password is asked for, or read from standard input
    Create {
        /// The e-mail address to sign in with
        email: String,
        /// The full name
        #[arg(long)]
        name: Option<String>,
        /// Runs the installation
        #[arg(long)]
        operator: bool,
        /// A tenant to be a member of (may be repeated): `acme-corp` or `acme-corp:admin`
        #[arg(long = "tenant", value_name = "SLUG[:ROLE]")]
        tenants: Vec<String>,
    },
    /// List the accounts
    List,
    /// Tell why somebody may do what they may do: what was assigned, and what each claim of their sign-in gave
    Explain {
        /// Whose
        email: String,
    },
    /// Set an account's password, which ends its sessions
    SetPassword {
        /// Whose
        email: String,
    },
}

/// Runs the command that was given.
pub fn run() -> ExitCode {
    let given = Loggia::parse();
    match carry_out(given) {
        Ok(code) => code,
        Err(fault) => {
            let _ = writeln!(std::io::stderr(), "loggia: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(given: Loggia) -> Result<ExitCode, String> {
    let mut flags = Flags { config: given.config, ..Flags::default() };
    if let Command::Serve { demo, listen, internal_listen } = given.command {
        flags = Flags { demo, listen, internal_listen, ..flags };
        let settings = load(&flags)?;
        if settings.demo && runtime()?.block_on(super::serve::make_demo(&settings))? {
            anew();
        }
        return runtime()?.block_on(super::serve::until_stopped(settings)).map(|()| ExitCode::SUCCESS);
    }
    if let Command::Schema { what } = given.command {
        print(&format!("{:#}", config::schema::print(what)));
        return Ok(ExitCode::SUCCESS);
    }
    let settings = load(&flags)?;
    match given.command {
        Command::Check { path, format } => check(path.unwrap_or_else(|| tenants_dir(&settings)), format),
        Command::Migrate => runtime()?.block_on(super::desk::migrate(&settings)).map(|told| done(&told)),
        Command::Apply { plan, restore } => {
            runtime()?.block_on(super::desk::apply(&settings, plan, restore)).map(|told| done(&told))
        }
        Command::User(user) => runtime()?.block_on(super::desk::user(&settings, user)).map(|told| done(&told)),
        Command::Tenant(tenant) => runtime()?.block_on(super::tenant::run(&settings, tenant)).map(judged),
        Command::Secret(SecretKey::Rotate) => runtime()?.block_on(super::secret::rotate(&settings)).map(|told| done(&told)),
        Command::Audit(asked) => runtime()?.block_on(super::audit::run(&settings, asked)).map(judged),
        Command::Doctor { security, rollout, sign } => {
            let asked = super::doctor::Asked { security, rollout, sign };
            runtime()?.block_on(super::doctor::examine(&settings, &asked)).map(judged)
        }
        Command::Serve { .. } | Command::Schema { .. } => Ok(ExitCode::SUCCESS),
    }
}

/// Begins this program anew in its place: a heap in which a hundred thousand rows were made stays in pieces, and whoever
/// serves afterwards would carry them. Returns only where that is not possible, and then nothing is lost but memory.
fn anew() {
    if let Ok(program) = std::env::current_exe() {
        let _ = std::process::Command::new(program).args(std::env::args_os().skip(1)).exec();
    }
}

fn done(told: &str) -> ExitCode {
    print(told);
    ExitCode::SUCCESS
}

/// What was told, and whether all is well.
fn judged((told, well): (String, bool)) -> ExitCode {
    print(&told);
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn load(flags: &Flags) -> Result<Settings, String> {
    let environment: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    Settings::load(flags, &environment)
}

fn tenants_dir(settings: &Settings) -> PathBuf {
    settings.tenants_dir.clone().unwrap_or_else(|| PathBuf::from("tenants"))
}

fn check(path: PathBuf, format: Format) -> Result<ExitCode, String> {
    if !path.exists() {
        return Err(format!("{} does not exist: name the tenants folder, a tenant's folder or a file", path.display()));
    }
    let format = match format {
        Format::Text => config::check::Format::Text,
        Format::Json => config::check::Format::Json,
    };
    let (report, good) = config::check::report(&path, format);
    print(&report);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| format!("the runtime cannot start: {e}"))
}

/// Prints to standard output; a reader that went away (`loggia check | head`) is no fault of ours.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}
