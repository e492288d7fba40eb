//! The command line: parse, hand over. Nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    loggia::app::command::run()
}
