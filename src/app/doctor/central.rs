use chrono::TimeDelta;

use super::{bad, good, note};
use crate::central::{self, Central, Examined, Rights, audit, users};
use crate::domain::{Clock, Finding};
use crate::settings::Settings;

/// Clocks further apart than this make tokens early or late.
const SKEW: TimeDelta = TimeDelta::seconds(5);

/// The central database: whether it answers, at which version, what our role may do, whether the audit is whole.
pub(super) async fn look(settings: &Settings, clock: &Clock, security: bool) -> (Vec<Finding>, Option<Central>) {
    let url = settings.database_url.reveal();
    // The role that serves may not even make the list of steps where it is missing.
    let owner = settings.migrate_database_url.as_ref().unwrap_or(&settings.database_url);
    match pending(owner.reveal()).await {
        Ok(None) => {}
        Ok(Some(finding)) => return (vec![finding], None),
        Err(fault) => {
            let fix = "look at LOGGIA_DATABASE_URL, and whether the server runs and lets this role in";
            return (vec![bad(format!("the central database does not answer: {fault}"), fix)], None);
        }
    }
    let central = match Central::connect(url, clock.clone()).await {
        Ok(central) => central,
        Err(fault) => {
            return (vec![bad(format!("the central database does not answer: {fault}"), "look at LOGGIA_DATABASE_URL")], None);
        }
    };
    let mut findings = vec![good("the central database is at this program's version")];
    match central::examine(&central).await {
        Ok(examined) => findings.extend(examined_well(&examined, clock, settings)),
        Err(fault) => findings.push(bad(format!("the central database says nothing of itself: {fault}"), "")),
    }
    findings.push(operators(&central).await);
    if security {
        findings.push(chain(&central).await);
    }
    (findings, Some(central))
}

/// What is to be done before anything else can be looked at.
async fn pending(url: &str) -> Result<Option<Finding>, String> {
    let steps = central::migrate::pending(url).await.map_err(|e| e.to_string())?;
    Ok((!steps.is_empty()).then(|| {
        bad(format!("the central database is older than this program: {} is missing", steps.join(", ")), "run: loggia migrate")
    }))
}

fn examined_well(examined: &Examined, clock: &Clock, settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![good(format!("the central database is {}", examined.version))];
    findings.extend(examined.now.map(|now| skew("the central database", now - clock.now())));
    match &examined.role {
        None => findings.push(note(
            "on SQLite the audit is tamper-evident only: who may write the file may change it, and `audit verify` tells",
            "for more, PostgreSQL with LOGGIA_MIGRATE_DATABASE_URL",
        )),
        Some(role) => findings.extend(rights(role, settings)),
    }
    findings
}

/// How far a clock is from ours.
pub(super) fn skew(whose: &str, apart: TimeDelta) -> Finding {
    if apart.abs() <= SKEW {
        return good(format!("this machine's clock agrees with that of {whose}"));
    }
    let seconds = apart.num_seconds();
    bad(
        format!("the clock of {whose} is {seconds} s off ours: tokens will be too early or too late"),
        "set both by NTP (chrony, systemd-timesyncd)",
    )
}

fn rights(role: &Rights, settings: &Settings) -> Vec<Finding> {
    let name = &role.name;
    let own_role = "make a role for serving, name it in LOGGIA_DATABASE_URL and the owner in LOGGIA_MIGRATE_DATABASE_URL; `loggia migrate` grants what it needs";
    let mut findings = Vec::new();
    if role.superuser {
        findings.push(bad(format!("the role {name} may do everything on the database server"), own_role));
    } else if role.makes {
        findings.push(bad(format!("the role {name} may make databases or roles, which serving never does"), own_role));
    }
    if role.superuser || role.owns_audit {
        findings.push(note(format!("the audit is tamper-evident only: {name} owns it and could lift its triggers"), own_role));
    } else if role.alters_audit {
        let fix = "run `loggia migrate` with LOGGIA_MIGRATE_DATABASE_URL set: it takes the right away";
        findings.push(bad(format!("the role {name} was given the right to change audit rows"), fix));
    } else {
        findings.push(good(format!("the role {name} can read the audit and add to it, no more")));
    }
    if !role.encrypted && !role.local {
        findings.push(bad(
            "the connection to the central database is not encrypted",
            "add ?sslmode=verify-full to LOGGIA_DATABASE_URL",
        ));
    }
    if settings.migrate_database_url.is_none() && !role.superuser {
        findings.push(note("one role migrates and serves", own_role));
    }
    findings
}

async fn operators(central: &Central) -> Finding {
    match users::list(central).await {
        Ok(users) if users.iter().any(|user| user.operator && user.active) => good("somebody runs the installation"),
        Ok(_) => note("nobody runs the installation: no active account is an operator", "loggia user create EMAIL --operator"),
        Err(fault) => bad(format!("the accounts cannot be read: {fault}"), ""),
    }
}

async fn chain(central: &Central) -> Finding {
    match audit::verify(central).await {
        Ok(audit::Verdict { broken: Some(broken), .. }) => {
            let fix = "find out who could write to the database since; compare with a backup, keep both";
            bad(format!("the audit is broken at row {}: {}", broken.id, broken.why), fix)
        }
        Ok(verdict) => good(format!("the audit's {} rows are chained without a break", verdict.rows)),
        Err(fault) => bad(format!("the audit cannot be read: {fault}"), ""),
    }
}
