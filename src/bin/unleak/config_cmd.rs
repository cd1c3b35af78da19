//! `unleak config`. Owns: printing the schema. Must not: read configurations.

use crate::args::{ConfigArgs, ConfigCommand};
use crate::config::SCHEMA;
use crate::failure::{Exit, Failure};
use crate::output;

/// Runs the command.
///
/// # Errors
/// Standard output cannot be written to.
pub fn run(args: &ConfigArgs) -> Result<Exit, Failure> {
    match args.command {
        ConfigCommand::Schema => output::to_stdout(|out| out.write_all(SCHEMA.as_bytes())).map(|()| Exit::Clean),
    }
}
