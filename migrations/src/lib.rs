//! The central database, version by version.
