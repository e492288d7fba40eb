//! The suite: one binary, black-box stories through the real server and the real databases.

// In a story an `unwrap` is an assertion; clippy sees that only inside the test functions themselves.
#![allow(clippy::unwrap_used)]

mod access;
mod admin;
mod api;
mod apply;
mod apps;
mod architecture;
mod audit;
mod bad_input;
mod callers;
mod cells;
mod central;
mod commands;
mod config;
mod custom;
mod datastore;
mod demo;
mod detail;
mod docs;
mod doors;
mod doctor;
mod endpoints;
mod examples;
mod exports;
mod filters;
mod gallery;
mod hardening;
mod identity;
mod internal;
mod isolation;
mod keys;
mod machines;
mod oidc;
mod outages;
mod outside;
mod pages;
mod people;
mod query;
mod reload;
mod rollout;
mod screens;
mod sessions;
mod tenancy;
mod tenant_forms;
mod torture;
mod tokens;
mod visibility;
mod world;
mod writing;
