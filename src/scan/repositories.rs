//! The history of a repository and of the submodules checked out in it. Owns: joining them to one report. Must not: read objects itself.

use super::history::Whole;
use super::{Progress, Scanner};
use crate::finding::{Problem, ProblemKind, Report};
use crate::gather::{Fate, expose};
use crate::settings::{GitEnvironment, HistorySettings};
use crate::source::SourceError;
use crate::source::git::range::{self, Range};
use crate::source::git::{config, submodules};

impl Scanner {
    /// Scans the whole history of a repository, and that of each submodule checked out in it.
    ///
    /// # Errors
    /// If there is no repository, or it cannot be read. What is missing in it is a problem in the report.
    pub fn history(&self, history: &HistorySettings, progress: &dyn Progress) -> Result<Report, SourceError> {
        let mut whole = self.history_of(history, progress)?;
        let mut exposed = vec![std::mem::take(&mut whole.exposed)];
        let mut configuration = config::list(&history.repository, &history.environment)?;
        for submodule in submodules::checked_out(&history.repository, &history.environment)? {
            configuration.extend(config::list(&submodule.root, &GitEnvironment::default()).unwrap_or_default());
            let inner = HistorySettings { repository: submodule.root, environment: GitEnvironment::default(), ..history.clone() };
            match self.history_of(&inner, progress) {
                Ok(mut part) => {
                    part.gathered.move_below(submodule.path.as_ref());
                    part.exposed.move_below(submodule.path.as_ref());
                    whole.gathered = whole.gathered.merge(part.gathered);
                    whole.gathered.coverage.submodules.push(submodule.path);
                    exposed.push(part.exposed);
                }
                Err(error) => whole.gathered.coverage.problems.push(Problem {
                    path: submodule.path,
                    kind: ProblemKind::Unreadable,
                    detail: error.to_string(),
                }),
            }
        }
        configuration.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        configuration.dedup_by(|a, b| a.path == b.path);
        whole.gathered = whole.gathered.merge(self.configuration(&configuration));
        let mut report = whole.gathered.into_report(self.settings.explain);
        for exposed in exposed {
            expose(&mut report, exposed.head.as_deref(), exposed.secrets);
        }
        report.repository = whole.repository.map(|facts| self.without_secrets(facts));
        Ok(report)
    }

    /// The history of one repository.
    fn history_of(&self, history: &HistorySettings, progress: &dyn Progress) -> Result<Whole, SourceError> {
        if history.since.is_none() {
            return self.whole_history(history, progress);
        }
        let range = Range::all(history.since).with_each_path(self.counts_each_path(&history.exclude, &history.let_pass));
        let range = if history.delta { self.at_once(range) } else { range };
        let mut objects = range::list(&history.repository, &range, &history.environment)?;
        objects.leave_out(|path| history.exclude.has(path));
        let repository = objects.repository.take();
        let mut whole = Whole { gathered: self.gather_objects(&objects, progress), repository, ..Whole::default() };
        if whole.gathered.sightings.iter().any(|sighting| sighting.fate == Fate::Report) {
            // How far a secret got is known of the whole history only.
            whole.exposed = self.whole_history(history, progress)?.exposed;
        }
        Ok(whole)
    }
}
