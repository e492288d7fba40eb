//! The guard's property, for whatever bytes the fuzzer finds: `cargo +nightly fuzz run guard`.
//! The same property runs on stable, seeded and for a bounded time, in `cargo test`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(sql) = loggia::query::guard::property(text) {
        panic!("not one SELECT: {sql}");
    }
});
