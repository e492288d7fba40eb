//! The black-box suite: what the product promises, from outside.

mod config;
