//! The history of a repository and of the submodules checked out in it. Owns: joining them to one report. Must not: read objects itself.

use bstr::BStr;

use super::{Progress, Scanner};
use crate::finding::{Problem, ProblemKind, Report, Repository};
use crate::gather::Gathered;
use crate::settings::{GitEnvironment, HistorySettings};
use crate::source::SourceError;
use crate::source::git::range::{self, Range};
use crate::source::git::submodules;

impl Scanner {
    /// Scans the whole history of a repository, and that of each submodule checked out in it.
    ///
    /// # Errors
    /// If there is no repository, or it cannot be read. What is missing in it is a problem in the report.
    pub fn history(&self, history: &HistorySettings, progress: &dyn Progress) -> Result<Report, SourceError> {
        let (mut gathered, repository) = self.history_of(history, BStr::new(b""), progress)?;
        for submodule in submodules::checked_out(&history.repository, &history.environment)? {
            let inner = HistorySettings { repository: submodule.root, environment: GitEnvironment::default(), ..history.clone() };
            match self.history_of(&inner, submodule.path.as_ref(), progress) {
                Ok((of_submodule, _)) => {
                    gathered = gathered.merge(of_submodule);
                    gathered.coverage.submodules.push(submodule.path);
                }
                Err(error) => gathered.coverage.problems.push(Problem {
                    path: submodule.path,
                    kind: ProblemKind::Unreadable,
                    detail: error.to_string(),
                }),
            }
        }
        let mut report = gathered.into_report(self.settings.explain);
        report.repository = repository;
        Ok(report)
    }

    /// The history of one repository; its paths are put below `directory`.
    fn history_of(
        &self,
        history: &HistorySettings,
        directory: &BStr,
        progress: &dyn Progress,
    ) -> Result<(Gathered, Option<Repository>), SourceError> {
        if history.since.is_none() {
            return self.whole_history(history, directory, progress);
        }
        let mut objects = range::list(&history.repository, &Range::all(history.since), &history.environment)?;
        if !directory.is_empty() {
            objects.move_below(directory);
        }
        objects.leave_out(|path| history.exclude.has(path));
        let repository = objects.repository.clone();
        Ok((self.gather_objects(&objects, progress), repository))
    }
}
