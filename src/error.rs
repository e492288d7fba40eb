//! Why a request failed, in the visitor's words. Causes go to the log alone.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

/// One thing wrong with what was sent, at its field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldFault {
    /// The field, parameter or header.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// What a hosted app did instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppFault {
    /// It cannot be reached, or it broke off.
    Unreachable,
    /// It did not begin to answer in time.
    Late,
    /// It failed by itself.
    Failed,
    /// It does not take the token that says who asks.
    RefusedToken,
    /// It leads out of itself.
    Astray,
    /// It leads round in circles.
    Circles,
    /// Too many ask it at once.
    Busy,
}

impl AppFault {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            AppFault::Unreachable => "upstream_unreachable",
            AppFault::Late => "upstream_timeout",
            AppFault::Failed => "upstream_failed",
            AppFault::RefusedToken => "upstream_refused_token",
            AppFault::Astray => "upstream_redirected_away",
            AppFault::Circles => "upstream_redirect_loop",
            AppFault::Busy => "upstream_busy",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            AppFault::Late => StatusCode::GATEWAY_TIMEOUT,
            AppFault::Busy => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    fn title(self) -> &'static str {
        match self {
            AppFault::Unreachable => "The app does not answer",
            AppFault::Late => "The app takes too long",
            AppFault::Failed => "The app failed",
            AppFault::RefusedToken => "The app does not accept who you are",
            AppFault::Astray | AppFault::Circles => "The app leads nowhere",
            AppFault::Busy => "The app is busy",
        }
    }

    fn detail(self) -> &'static str {
        match self {
            AppFault::Unreachable => "It may be starting anew. Try again in a few seconds.",
            AppFault::Late => "It did not begin to answer in time. Try again, perhaps with a shorter range.",
            AppFault::Failed => "Something in it went wrong. The reference below finds the request in the log.",
            AppFault::RefusedToken => {
                "You are signed in; the app refused the token that says so. Tell your operator the reference below."
            }
            AppFault::Astray => "It sent you to a place outside itself, and that was not followed.",
            AppFault::Circles => "It sends from one page to the next without ever showing one.",
            AppFault::Busy => "Many ask it at this moment. Try again in a few seconds.",
        }
    }
}

/// Every way a request can fail, named for what happened to the one who asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No session, or one that ended.
    #[error("not signed in")]
    SignedOut,
    /// The address or the password is wrong: which of them is told to nobody.
    #[error("wrong address or password")]
    WrongPassword,
    /// A tenant the caller is no member of: the same whether or not it exists.
    #[error("no access to that tenant")]
    NotYours,
    /// The caller's own tenant is switched off.
    #[error("the tenant “{0}” is suspended")]
    Suspended(String),
    /// The role is too low for this.
    #[error("role too low")]
    Forbidden,
    /// The request came from another site's page.
    #[error("cross-site request refused")]
    CrossSite,
    /// There is no such thing here (the word says what was looked for).
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The address exists, the verb does not.
    #[error("method not allowed")]
    Method,
    /// What was sent cannot be read at all.
    #[error("malformed request: {0}")]
    Malformed(&'static str),
    /// What was sent has faults, each at its field.
    #[error("input with {} faults", .0.len())]
    Invalid(Vec<FieldFault>),
    /// What is there already, or who owns it, stands against it; the words say what and what to do.
    #[error("conflict: {0}")]
    Conflict(String),
    /// What was looked at first stands against it; each fault at the field that asked for it.
    #[error("{what}")]
    Unready {
        /// What was not done.
        what: String,
        /// Why not.
        faults: Vec<FieldFault>,
    },
    /// What was sent took too long to arrive.
    #[error("the body took too long to arrive")]
    Late,
    /// More was sent than is taken.
    #[error("request too large: {0}")]
    TooLarge(&'static str),
    /// The headers are more than is taken.
    #[error("headers too large")]
    HeadersTooLarge,
    /// The request is meant for another host.
    #[error("a host that is not ours")]
    OtherHost,
    /// Too often.
    #[error("too many requests")]
    TooMany(Duration),
    /// Something this needs is down.
    #[error("unavailable: {cause}")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
        /// For the log.
        cause: String,
    },
    /// A hosted app did not do its part.
    #[error("hosted app: {cause}")]
    App {
        /// What it did, for the visitor.
        what: AppFault,
        /// For the log.
        cause: String,
    },
    /// Our own fault.
    #[error("internal: {0:#}")]
    Internal(#[from] anyhow::Error),
}

/// What handlers return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The central database did not answer.
    pub fn unavailable(cause: impl std::fmt::Display) -> Error {
        Error::Unavailable { retry_after: Duration::from_secs(5), cause: cause.to_string() }
    }

    /// The status it answers with.
    pub fn status(&self) -> StatusCode {
        match self {
            Error::SignedOut | Error::WrongPassword => StatusCode::UNAUTHORIZED,
            Error::NotYours | Error::Suspended(_) | Error::Forbidden | Error::CrossSite => StatusCode::FORBIDDEN,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Method => StatusCode::METHOD_NOT_ALLOWED,
            Error::Malformed(_) | Error::Invalid(_) => StatusCode::BAD_REQUEST,
            Error::Conflict(_) | Error::Unready { .. } => StatusCode::CONFLICT,
            Error::Late => StatusCode::REQUEST_TIMEOUT,
            Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Error::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Error::OtherHost => StatusCode::MISDIRECTED_REQUEST,
            Error::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Error::App { what, .. } => what.status(),
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What happened, in a few words.
    pub fn title(&self) -> &'static str {
        match self {
            Error::SignedOut => "You are not signed in",
            Error::WrongPassword => "You were not signed in",
            Error::NotYours => "You have no access here",
            Error::Suspended(_) => "This tenant is suspended",
            Error::Forbidden => "Your role does not allow this",
            Error::CrossSite => "This request came from another site",
            Error::NotFound(_) => "Nothing is here",
            Error::Method => "This address cannot do that",
            Error::Malformed(_) | Error::Invalid(_) => "The request could not be understood",
            Error::Conflict(_) | Error::Unready { .. } => "That cannot be done as things stand",
            Error::Late => "That took too long",
            Error::TooLarge(_) | Error::HeadersTooLarge => "That is too large",
            Error::OtherHost => "This is another address",
            Error::TooMany(_) => "Too many requests",
            Error::Unavailable { .. } => "Not available right now",
            Error::App { what, .. } => what.title(),
            Error::Internal(_) => "Something went wrong on our side",
        }
    }

    /// What happened and what to do, in a sentence or two; nothing internal.
    pub fn detail(&self) -> String {
        match self {
            Error::SignedOut => "Your session has ended or was never opened. Sign in and try again.".into(),
            Error::WrongPassword => "That address and password do not match an account.".into(),
            Error::NotYours => "You are not a member of that tenant, or there is none of that name.".into(),
            Error::Suspended(name) => format!("“{name}” has been switched off by its operator. Ask them when it comes back."),
            Error::Forbidden => "Ask an administrator if you need it.".into(),
            Error::CrossSite => "Open the page here and send the form from it.".into(),
            Error::NotFound(what) => format!("There is no such {what}. It may have been renamed or removed."),
            Error::Method => "Open it in the browser, or use the form that belongs to it.".into(),
            Error::Malformed(why) => format!("{why}."),
            Error::Invalid(faults) => faults.iter().map(|f| format!("{}: {}.", f.field, f.message)).collect::<Vec<_>>().join(" "),
            Error::Conflict(what) => what.clone(),
            Error::Unready { what, faults } => {
                let why: String = faults.iter().map(|fault| format!(" {}.", fault.message)).collect();
                format!("{what}.{why}")
            }
            Error::Late => "What was sent did not arrive in time, and nothing was done. Send it again.".into(),
            Error::TooLarge(what) => format!("{what}."),
            Error::HeadersTooLarge => "The headers are larger than 32 KiB. Clear this site's cookies and try again.".into(),
            Error::OtherHost => "The demo answers under localhost alone. For another name, set LOGGIA_PUBLIC_URL to it.".into(),
            Error::TooMany(wait) => format!("Try again in {} s.", wait.as_secs().max(1)),
            Error::Unavailable { .. } => {
                "A database it needs does not answer. It will be tried again; try again in a few seconds.".into()
            }
            Error::App { what, .. } => what.detail().into(),
            Error::Internal(_) => {
                "The reference below finds it in the log. Try again, and tell your operator if it stays.".into()
            }
        }
    }

    /// The faults of the input, where there are some.
    pub fn faults(&self) -> &[FieldFault] {
        match self {
            Error::Invalid(faults) | Error::Unready { faults, .. } => faults,
            _ => &[],
        }
    }

    /// When to try again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::TooMany(wait) => Some(*wait),
            Error::Unavailable { retry_after, .. } => Some(*retry_after),
            Error::App { what: AppFault::Busy, .. } => Some(Duration::from_secs(2)),
            _ => None,
        }
    }
}
