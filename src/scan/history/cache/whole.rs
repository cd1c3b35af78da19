//! What a scan of a history gave, kept for the next time. Owns: when that still holds. Must not: hold a secret; fingerprints name them, and
//! what a report shows is read from the repository again.
//!
//! The file holds one scan. It counts if nothing that decides about the outcome has changed: the patterns, the settings, the references, the
//! files that hold objects. What is missing from the repository itself, as in a shallow clone, is missing until that changes; a scan that was not
//! whole for another reason is not kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bstr::BString;
use gix::ObjectId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Cabinet;
use super::ledger::{self, Ledger};
use crate::blob::Origin;
use crate::finding::{Coverage, Exposure, Problem, ProblemKind, SkipReason, Suppression};
use crate::gather::{Fate, Gathered, Sighting, Unreported, is_name};
use crate::scan::history::{Exposed, LOG_MESSAGE, Whole};
use crate::scan::{Scanner, Silent};
use crate::secret::Fingerprint;
use crate::settings::HistorySettings;
use crate::source::git::config;
use crate::source::git::open::Opened;
use crate::source::git::pack;
use crate::source::git::refs::References;
use crate::source::objects::{Content, ObjectItem, Objects};

/// The file's name.
const NAME: &str = "history";

/// The outcome of one scan, and what it depends on.
pub(in crate::scan::history) struct Kept<'s> {
    cabinet: &'s Cabinet,
    /// Names the repository as it is now.
    key: [u8; 32],
    /// Names what stays the same where commits come in.
    base: [u8; 32],
}

/// The outcome of a scan; the file's content.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::scan::history) struct Saved {
    /// The commit that counts as live.
    pub(in crate::scan::history) head: Option<String>,
    /// What the report shows or counts, with the fingerprints of the secrets there.
    pub(in crate::scan::history) shown: Vec<Shown>,
    /// Blobs that stand for large files elsewhere, which can come and go.
    pub(in crate::scan::history) pointers: Vec<(Origin, SavedContent)>,
    /// How far each secret got.
    pub(in crate::scan::history) exposures: Vec<([u8; 16], Exposure)>,
    /// See [`Unreported`].
    pub(in crate::scan::history) suppressed: BTreeMap<Suppression, u64>,
    /// See [`Unreported`].
    pub(in crate::scan::history) below_threshold: u64,
    /// See [`Coverage`], as what follows.
    pub(in crate::scan::history) scanned: u64,
    pub(in crate::scan::history) bytes: u64,
    pub(in crate::scan::history) binary: u64,
    pub(in crate::scan::history) compressed: u64,
    pub(in crate::scan::history) skipped: BTreeMap<SkipReason, u64>,
    /// Path and detail of what the repository does not have.
    absent: Vec<(BString, String)>,
}

/// Content, and the fingerprints of the secrets that are reported or counted in it.
pub(in crate::scan::history) type Shown = (Origin, SavedContent, Vec<[u8; 16]>);

/// [`Content`] with ids as bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::scan::history) enum SavedContent {
    Blob(Vec<u8>),
    Commit(Vec<u8>),
    Tag(Vec<u8>),
    Name,
}

impl SavedContent {
    pub(in crate::scan::history) fn of(content: Content) -> Self {
        let bytes = |id: ObjectId| id.as_slice().to_vec();
        match content {
            Content::Blob(id) => Self::Blob(bytes(id)),
            Content::Commit(id) => Self::Commit(bytes(id)),
            Content::Tag(id) => Self::Tag(bytes(id)),
            Content::Name => Self::Name,
        }
    }

    pub(in crate::scan::history) fn content(&self) -> Option<Content> {
        let id = |bytes: &[u8]| ObjectId::try_from(bytes).ok();
        Some(match self {
            Self::Blob(bytes) => Content::Blob(id(bytes)?),
            Self::Commit(bytes) => Content::Commit(id(bytes)?),
            Self::Tag(bytes) => Content::Tag(id(bytes)?),
            Self::Name => Content::Name,
        })
    }

    /// The content, with where it comes from.
    pub(in crate::scan::history) fn item(&self, origin: &Origin) -> Option<ObjectItem> {
        Some(ObjectItem { origin: origin.clone(), content: self.content()? })
    }
}

impl<'s> Kept<'s> {
    /// What `cabinet` may have of a repository as it is now.
    pub(in crate::scan::history) fn new(
        cabinet: &'s Cabinet,
        settings: &HistorySettings,
        opened: &Opened,
        references: &References,
    ) -> Self {
        let directories = pack::with_alternates(&opened.object_directories, &mut Vec::new());
        let mut digest = Sha256::new_with_prefix(cabinet.judged_by);
        digest.update(format!("{} {:?} {:?}", settings.unreachable, settings.exclude, settings.let_pass));
        digest.update(std::fs::read(opened.repository.common_dir().join("shallow")).unwrap_or_default());
        for directory in &directories {
            digest.update([directory.as_os_str().as_encoded_bytes(), b"\n"].concat());
        }
        let base = digest.clone().finalize().into();
        for reference in &references.all {
            digest.update([&reference.name[..], b"\0", reference.id.as_slice()].concat());
        }
        for name in &references.names {
            digest.update([&name[..], b"\n"].concat());
        }
        references.logged.iter().for_each(|id| digest.update(id.as_slice()));
        references.log_messages.keys().for_each(|message| digest.update([&message[..], b"\n"].concat()));
        for directory in &directories {
            stored(directory, &mut digest);
        }
        Self { cabinet, key: digest.finalize().into(), base }
    }

    /// What was kept, if it still holds.
    pub(in crate::scan::history) fn again(&self, scanner: &Scanner, opened: &Opened, lfs: &Path) -> Option<Whole> {
        let (saved, _): (Saved, _) = self.cabinet.read(NAME, &self.key)?;
        saved.whole(scanner, opened, lfs)
    }

    /// Keeps an outcome. That it cannot be kept is no failure of the scan.
    pub(in crate::scan::history) fn keep(&self, saved: &Saved) {
        self.cabinet.write(NAME, &self.key, saved);
    }

    /// What was kept of the repository as it was once.
    pub(in crate::scan::history) fn ledger(&self) -> Option<Ledger> {
        self.cabinet.read(ledger::NAME, &self.base).map(|(ledger, _)| ledger)
    }

    /// Keeps what it takes to carry an outcome on.
    pub(in crate::scan::history) fn keep_ledger(&self, ledger: &Ledger) {
        self.cabinet.write(ledger::NAME, &self.base, ledger);
    }
}

impl Saved {
    /// The outcome of a scan; none where more was missing than what is `absent` from the repository, or where it cannot be named without a
    /// secret. `whole` is without large files elsewhere.
    pub(in crate::scan::history) fn of(whole: &Whole, absent: &[Problem], items: &[ObjectItem], pointers: &[ObjectItem]) -> Option<Self> {
        // Where a name is a secret, so are the paths and references it is part of.
        let names_are_secret = whole.gathered.sightings.iter().any(|sighting| is_name(&sighting.place.origin));
        // No object holds what a log says, to be read again.
        let is_logged = |sighting: &Sighting| sighting.place.origin.path() == LOG_MESSAGE;
        if names_are_secret || whole.gathered.sightings.iter().any(is_logged) || whole.gathered.coverage.problems != absent {
            return None;
        }
        let mut secrets: BTreeMap<&Origin, BTreeSet<[u8; 16]>> = BTreeMap::new();
        for sighting in whole.gathered.sightings.iter().filter(|sighting| !matches!(sighting.fate, Fate::Dropped(_))) {
            secrets.entry(&sighting.place.origin).or_default().insert(Fingerprint::of(sighting.secret.expose()).to_bytes());
        }
        let shown = items.iter().filter_map(|item| {
            let secrets = secrets.get(&item.origin)?.iter().copied().collect();
            Some((item.origin.clone(), SavedContent::of(item.content), secrets))
        });
        let Unreported { suppressed, below_threshold } = whole.gathered.unreported.clone();
        let Coverage { scanned, bytes, binary, compressed, skipped, .. } = whole.gathered.coverage.clone();
        Some(Self {
            head: whole.exposed.head.clone(),
            shown: shown.collect(),
            pointers: pointers.iter().map(|item| (item.origin.clone(), SavedContent::of(item.content))).collect(),
            exposures: whole.exposed.secrets.iter().map(|(secret, exposure)| (secret.to_bytes(), exposure.clone())).collect(),
            suppressed,
            below_threshold,
            scanned,
            bytes,
            binary,
            compressed,
            skipped,
            absent: absent.iter().map(|problem| (problem.path.clone(), problem.detail.clone())).collect(),
        })
    }

    /// The outcome once more: what is shown is read again.
    pub(in crate::scan::history) fn whole(self, scanner: &Scanner, opened: &Opened, lfs: &Path) -> Option<Whole> {
        let objects = |items: Option<Vec<ObjectItem>>| Some(objects_of(items?, opened, lfs));
        let shown = objects(self.shown.iter().map(|(origin, content, _)| content.item(origin)).collect())?;
        let pointers = objects(self.pointers.iter().map(|(origin, content)| content.item(origin)).collect())?;
        let is_blob = |content: &SavedContent| matches!(content, SavedContent::Blob(_));
        let expected: BTreeMap<&Origin, (bool, BTreeSet<[u8; 16]>)> =
            self.shown.iter().map(|(origin, content, secrets)| (origin, (is_blob(content), secrets.iter().copied().collect()))).collect();
        let mut sightings = scanner.gather_objects(&shown, &Silent).sightings;
        sightings.retain(|sighting| {
            let secret = Fingerprint::of(sighting.secret.expose()).to_bytes();
            // What blobs hold and a report does not show is counted in `unreported`; messages are counted here.
            let counts = |is_blob: bool| sighting.fate == Fate::Report || !is_blob && !matches!(sighting.fate, Fate::Dropped(_));
            expected.get(&*sighting.place.origin).is_some_and(|(is_blob, secrets)| counts(*is_blob) && secrets.contains(&secret))
        });
        let problem = |(path, detail)| Problem { path, kind: ProblemKind::MissingObject, detail };
        let problems = self.absent.into_iter().map(problem).collect();
        let Self { scanned, bytes, binary, compressed, skipped, .. } = self;
        let coverage = Coverage { scanned, bytes, binary, compressed, skipped, problems, ..Coverage::default() };
        let unreported = Unreported { suppressed: self.suppressed, below_threshold: self.below_threshold };
        let gathered = Gathered { sightings, coverage, unreported };
        let secrets = self.exposures.into_iter().map(|(secret, exposure)| (Fingerprint::from_bytes(secret), exposure)).collect();
        Some(Whole {
            gathered: gathered.merge(scanner.behind_pointers(&pointers)),
            repository: Some(config::facts(&opened.repository)),
            exposed: Exposed { head: self.head, secrets },
        })
    }
}

/// Items to look at in full.
pub(in crate::scan::history) fn objects_of(items: Vec<ObjectItem>, opened: &Opened, lfs: &Path) -> Objects {
    let (lfs, database) = (lfs.to_owned(), opened.database.clone());
    Objects { items, coverage: Coverage::default(), repository: None, configuration: Vec::new(), lfs, database, stored: None }
}

/// What names the objects of a directory: its packs, which do not change, and its loose objects.
fn stored(directory: &Path, digest: &mut Sha256) {
    let mut names = Vec::new();
    let packs = std::fs::read_dir(directory.join("pack")).into_iter().flatten().flatten();
    names.extend(packs.map(|file| {
        let metadata = file.metadata().ok();
        let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
        format!("{} {:?} {modified:?}", file.file_name().display(), metadata.map(|metadata| metadata.len()))
    }));
    for first in 0..=u8::MAX {
        let start = format!("{first:02x}");
        let loose = std::fs::read_dir(directory.join(&start)).into_iter().flatten().flatten();
        names.extend(loose.map(|file| format!("{start} {}", file.file_name().display())));
    }
    names.sort_unstable();
    for name in names {
        digest.update([name.as_bytes(), b"\n"].concat());
    }
}
