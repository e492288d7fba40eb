//! What was found by looking at something: how it stands, and what to do about it.

/// How a finding is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is as it should be.
    Good,
    /// It works; somebody should know it all the same.
    Note,
    /// It is not as it should be.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is to be taken.
    pub level: Level,
    /// What was found, in a sentence.
    pub what: String,
    /// What to do about it; empty where there is nothing to do.
    pub fix: String,
}

impl Finding {
    /// Something that is as it should be.
    pub fn good(what: impl Into<String>) -> Finding {
        Finding { level: Level::Good, what: what.into(), fix: String::new() }
    }

    /// Something to know.
    pub fn note(what: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { level: Level::Note, what: what.into(), fix: fix.into() }
    }

    /// Something that is not as it should be.
    pub fn bad(what: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { level: Level::Bad, what: what.into(), fix: fix.into() }
    }

    /// Whether it is not as it should be.
    pub fn is_bad(&self) -> bool {
        self.level == Level::Bad
    }
}
