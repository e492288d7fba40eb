//! Log lines: one JSON object each, with addresses and tokens taken out of their messages.

use std::fmt::{self, Write as _};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::domain::Clock;
use crate::settings::{LogFormat, Settings};

/// Starts logging to standard output; a filter that cannot be read falls back to `info` and says so.
pub fn start_logging(settings: &Settings, clock: Clock) {
    // Libraries log statements and addresses at info; theirs start at warn.
    let (filter, fault) =
        match EnvFilter::try_new(format!("warn,loggia={}", settings.log)).or_else(|_| EnvFilter::try_new(&settings.log)) {
            Ok(filter) => (filter, None),
            Err(fault) => (EnvFilter::new("warn,loggia=info"), Some(fault)),
        };
    let started = match settings.log_format {
        LogFormat::Json => tracing_subscriber::fmt().with_env_filter(filter).event_format(Lines(clock)).try_init(),
        LogFormat::Pretty => tracing_subscriber::fmt().with_env_filter(filter).with_target(false).compact().try_init(),
    };
    if started.is_ok()
        && let Some(fault) = fault
    {
        tracing::warn!("LOGGIA_LOG cannot be read ({fault}); using info");
    }
}

struct Lines(Clock);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Map::new();
        line.insert("ts".into(), self.0.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true).into());
        line.insert("level".into(), event.metadata().level().as_str().to_lowercase().into());
        line.insert("service".into(), "loggia".into());
        event.record(&mut Fields(&mut line));
        writeln!(writer, "{}", Value::Object(line))
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        let name = if field.name() == "message" { "msg" } else { field.name() };
        self.0.insert(name.to_owned(), value);
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        // `email` is a field of its own by contract; inside any other text an address is redacted.
        let text = if field.name() == "email" { text } else { redacted(&text) };
        self.put(field, text.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let text = if field.name() == "email" { value.to_owned() } else { redacted(value) };
        self.put(field, text.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

/// The text without e-mail addresses, bearer tokens, JWTs and passwords in addresses of databases.
pub fn redacted(text: &str) -> String {
    if !text.contains(['@', '.']) && !text.contains("earer ") {
        return text.to_owned();
    }
    let (mut after_scheme, mut after_bearer) = (false, false);
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let (bare, space) = word.split_at(word.trim_end().len());
        // in small letters it may be somebody: “its bearer is gone” is a sentence
        let brought = after_scheme || after_bearer && !(bare.len() < 9 && bare.bytes().all(|b| b.is_ascii_lowercase()));
        let secret = brought || is_token(bare) || (bare.contains('@') && bare.len() > 2);
        after_bearer = bare.eq_ignore_ascii_case("bearer");
        after_scheme = after_bearer && bare != "bearer";
        if secret { format!("…{space}") } else { word.to_owned() }
    });
    words.collect()
}

/// Three long base64url parts joined by dots.
fn is_token(word: &str) -> bool {
    let parts: Vec<&str> = word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).split('.').collect();
    let long = |part: &&str| part.len() > 15 && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    parts.len() == 3 && parts.iter().take(2).all(long)
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn addresses_and_tokens_are_taken_out() {
        assert_eq!(redacted("mail to ann@example.com failed"), "mail to … failed");
        assert_eq!(redacted("Authorization: Bearer abcdef"), "Authorization: Bearer …");
        assert_eq!(redacted("authorization: bearer abcdef0"), "authorization: bearer …");
        assert_eq!(redacted("a bearer token was refused: its bearer is gone"), "a bearer token was refused: its bearer is gone");
        assert_eq!(redacted("got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln refused"), "got … refused");
        assert_eq!(redacted("postgres://u:pw@host/db is down"), "… is down");
        assert_eq!(redacted("nothing to hide. 1.5 s"), "nothing to hide. 1.5 s");
    }
}
