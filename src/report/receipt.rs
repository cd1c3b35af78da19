//! Coverage in words: what was scanned, what was left out, what could not be read. Owns: the sentences. Must not: know findings.

use super::style::{counted, number, size};
use super::summary::count;
use crate::blob::visible;
use crate::finding::{Coverage, SkipReason};

/// One line: `scanned 1,234 files (56 MB), left out 7: 5 ignored by git, 2 symlinks`.
#[must_use]
pub fn line(coverage: &Coverage) -> String {
    let scanned = format!("scanned {} ({})", counted(coverage.scanned, "file", "files"), size(coverage.bytes));
    let skipped: u64 = coverage.skipped.values().sum();
    let scanned = match coverage.compressed {
        0 => scanned,
        number_of => {
            format!("{scanned}, {} not unpacked", counted(number_of, "archive or compressed file", "archives and compressed files"))
        }
    };
    if skipped == 0 {
        return scanned;
    }
    let reasons: Vec<String> =
        coverage.skipped.iter().map(|(&reason, &number_of)| format!("{} {}", number(number_of), phrase(reason, number_of))).collect();
    format!("{scanned}, left out {}: {}", number(skipped), reasons.join(", "))
}

/// The whole receipt, a fact a line.
#[must_use]
pub fn lines(coverage: &Coverage) -> Vec<String> {
    let skipped: u64 = coverage.skipped.values().sum();
    let problems = count(coverage.problems.len());
    let seen = coverage.scanned.saturating_add(skipped).saturating_add(problems);
    let mut out = vec![
        "coverage receipt".to_owned(),
        row(0, "seen", seen, ""),
        row(0, "scanned", coverage.scanned, &format!("{} bytes", number(coverage.bytes))),
        row(1, "binary", coverage.binary, "only distinctive tokens and private keys are looked for"),
        row(1, "compressed", coverage.compressed, "what archives and compressed files hold is not unpacked"),
    ];
    out.extend(coverage.submodules.iter().map(|path| format!("    submodule {}", visible(path))));
    out.push(row(0, "left out", skipped, ""));
    out.extend(coverage.skipped.iter().map(|(reason, &number_of)| row(1, reason.name(), number_of, "")));
    out.push(row(0, "not scanned", problems, ""));
    let mut kinds = std::collections::BTreeMap::<_, u64>::new();
    for problem in &coverage.problems {
        *kinds.entry(problem.kind).or_default() += 1;
    }
    out.extend(kinds.into_iter().map(|(kind, number_of)| row(1, kind.name(), number_of, "")));
    out
}

fn row(depth: usize, name: &str, value: u64, remark: &str) -> String {
    let label = format!("{:indent$}{name}", "", indent = 2 + depth * 2);
    format!("{label:<24}{:>15}  {remark}", number(value)).trim_end().to_owned()
}

/// What items left out for this reason are called.
const fn phrase(reason: SkipReason, number_of: u64) -> &'static str {
    match (reason, number_of) {
        (SkipReason::Ignored, _) => "ignored by git",
        (SkipReason::Excluded, _) => "excluded",
        (SkipReason::Symlink, 1) => "symlink",
        (SkipReason::Symlink, _) => "symlinks",
        (SkipReason::Special, 1) => "special file",
        (SkipReason::Special, _) => "special files",
        (SkipReason::NestedRepository, 1) => "nested repository",
        (SkipReason::NestedRepository, _) => "nested repositories",
        (SkipReason::GitDirectory, 1) => "git directory",
        (SkipReason::GitDirectory, _) => "git directories",
        (SkipReason::LfsContent, 1) => "file kept by git LFS",
        (SkipReason::LfsContent, _) => "files kept by git LFS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Problem, ProblemKind};

    fn coverage() -> Coverage {
        let mut coverage = Coverage { scanned: 1234, bytes: 56_000_000, binary: 12, compressed: 3, ..Coverage::default() };
        for _ in 0..5 {
            coverage.skip(SkipReason::Ignored);
        }
        coverage.skip(SkipReason::Symlink);
        coverage.problems.push(Problem { path: "a".into(), kind: ProblemKind::Unreadable, detail: "permission denied".to_owned() });
        coverage
    }

    #[test]
    fn in_one_line() {
        assert_eq!(
            line(&coverage()),
            "scanned 1,234 files (56 MB), 3 archives and compressed files not unpacked, left out 6: 5 ignored by git, 1 symlink"
        );
        assert_eq!(line(&Coverage::default()), "scanned 0 files (0 bytes)");
    }

    #[test]
    fn in_full() {
        let expected = [
            "coverage receipt",
            "  seen                            1,241",
            "  scanned                         1,234  56,000,000 bytes",
            "    binary                           12  only distinctive tokens and private keys are looked for",
            "    compressed                        3  what archives and compressed files hold is not unpacked",
            "  left out                            6",
            "    ignored                           5",
            "    symlink                           1",
            "  not scanned                         1",
            "    unreadable                        1",
        ];
        assert_eq!(lines(&coverage()), expected);
    }
}
