//! `.unleak.toml` of strangers: a configuration or a message. The parser is the program's own file. Must not: read other files.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

#[path = "../../src/bin/unleak/config.rs"]
mod config;
#[path = "../../src/bin/unleak/failure.rs"]
mod failure;
#[path = "../../src/bin/unleak/nearest.rs"]
mod nearest;

fuzz_target!(|text: &str| {
    let _ = config::Config::parse(Path::new(".unleak.toml"), text);
});
