//! What git noted about commits in a file beside them (git's `gitformat-commit-graph(5)`). Owns: a commit's tree, parents and time without
//! unpacking it. Must not: be needed, nor stop at a file that is broken: what is not noted is read from the commit itself.

use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::commitgraph;

use crate::source::git::graph::Commit;
use crate::source::git::open::is_file;

/// The commits that are noted, of one object directory.
pub(crate) struct Noted(commitgraph::Graph);

/// What the parents of a graph's commits may take in memory, in bytes.
const MAX_EDGE_BYTES: usize = 64 << 20;

impl Noted {
    /// The first graph that the object directories have and that can be read.
    pub(crate) fn open(object_directories: &[PathBuf], hash: gix::hash::Kind) -> Option<Self> {
        let graphs = object_directories.iter().map(|directory| directory.join("info"));
        graphs.filter(|info| is_there(info)).find_map(|info| commitgraph::at(info, hash, Some(MAX_EDGE_BYTES)).ok()).map(Self)
    }

    /// A commit, if all that is asked of it is noted.
    pub(crate) fn commit(&self, id: &ObjectId) -> Option<Commit> {
        let Self(graph) = self;
        let noted = graph.commit_by_id(id)?;
        let time = i64::try_from(noted.committer_timestamp()).ok()?;
        let tree = noted.root_tree_id().to_owned();
        let parents = noted.iter_parents().map(|at| at.ok().filter(|at| at.0 < graph.num_commits()).map(|at| graph.id_at(at).to_owned()));
        Some(Commit::new(tree, parents.collect::<Option<_>>()?, time))
    }
}

/// Whether the directory has a graph made of files only: what is none, such as a pipe, is not opened.
fn is_there(info: &Path) -> bool {
    let parts = info.join("commit-graphs");
    is_file(&info.join("commit-graph"))
        || is_file(&parts.join("commit-graph-chain"))
            && parts.read_dir().is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| is_file(&entry.path()))))
}
