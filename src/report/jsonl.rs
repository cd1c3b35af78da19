//! JSON Lines: a finding a line, then a summary, so shards can be put together and a cut file is seen. Owns: the order of lines.
//! Must not: define fields; they are those of [`super::json`].

use std::io;

use serde::Serialize;

use super::json::{CoverageRecord, DroppedRecord, Each, FindingRecord, ProblemRecord, SCHEMA_VERSION, ToolRecord};
use super::summary::Summary;
use super::{Options, escape};
use crate::finding::{Problem, Report};

/// Writes the report, the `summary` line last.
pub fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    for finding in &report.findings {
        escape::write_line(&Line { kind: "finding", record: FindingRecord::of(finding, options) }, out)?;
    }
    for dropped in report.dropped.iter().filter(|_| options.explain) {
        escape::write_line(&Line { kind: "dropped", record: DroppedRecord::of(dropped) }, out)?;
    }
    let trailer = Trailer {
        schema_version: SCHEMA_VERSION,
        tool: ToolRecord::of(options),
        summary: Summary::of(report),
        coverage: CoverageRecord::of(&report.coverage),
        problems: Each { items: &report.coverage.problems, record: ProblemRecord::of },
    };
    escape::write_line(&Line { kind: "summary", record: trailer }, out)
}

#[derive(Serialize)]
struct Line<T> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    record: T,
}

#[derive(Serialize)]
#[serde(bound = "Each<'r, Problem, P>: Serialize")]
struct Trailer<'r, P> {
    schema_version: u32,
    tool: ToolRecord<'r>,
    summary: Summary<'r>,
    coverage: CoverageRecord<'r>,
    problems: Each<'r, Problem, P>,
}
