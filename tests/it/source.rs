//! What the sources list, on small repositories that scripts build. Expectations are whole: what must not be listed is missing in them.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use unleak::blob::Origin;
use unleak::finding::{Coverage, ProblemKind, SkipReason};
use unleak::settings::TreeSettings;
use unleak::source::git::range::{self, Range};
use unleak::source::git::{GitEnvironment, staged};
use unleak::source::objects::Objects;
use unleak::source::{Listing, SourceError, objects, tree};

/// A directory in which scripts run with an environment of their own.
pub struct Sandbox(tempfile::TempDir);

impl Sandbox {
    /// Runs `script` in a new sandbox.
    pub fn new(script: &str) -> Self {
        let sandbox = Self(tempfile::tempdir().unwrap());
        sandbox.run(script);
        sandbox
    }

    /// Runs a shell script that stops at its first failure; its standard output.
    pub fn run(&self, script: &str) -> String {
        let prelude = "repository() { git init -q -b main \"$@\"; cd \"$1\"; }\n";
        let output = Command::new("/bin/sh")
            .args(["-euc", &format!("{prelude}{script}")])
            .current_dir(self.0.path())
            .env_clear()
            .envs([
                ("PATH", "/usr/local/bin:/usr/bin:/bin"),
                ("LC_ALL", "C"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ])
            .envs([("GIT_AUTHOR_NAME", "Ann"), ("GIT_AUTHOR_EMAIL", "ann@example.com"), ("GIT_AUTHOR_DATE", "1700000000 +0000")])
            .envs([("GIT_COMMITTER_NAME", "Cid"), ("GIT_COMMITTER_EMAIL", "cid@example.com"), ("GIT_COMMITTER_DATE", "1700000000 +0000")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn tree(&self, roots: &[&str]) -> Listing {
        self.tree_with(roots, &[], false).unwrap()
    }

    fn tree_with(&self, roots: &[&str], exclude: &[&str], no_ignore: bool) -> Result<Listing, SourceError> {
        let roots = roots.iter().map(|root| self.path(root)).collect();
        let exclude = exclude.iter().map(ToString::to_string).collect();
        tree::list(&TreeSettings { no_ignore, exclude, roots })
    }

    fn staged(&self, directory: &str) -> Objects {
        staged::list(&self.path(directory), &GitEnvironment::default()).unwrap()
    }

    fn range(&self, directory: &str, range: &str) -> Result<Objects, SourceError> {
        range::list(&self.path(directory), &Range::between(range)?, &GitEnvironment::default())
    }

    /// The items of a range but for the names of paths, commits named by their subjects.
    fn brought(&self, directory: &str, range: &str) -> Vec<String> {
        let objects = self.range(directory, range).unwrap();
        assert_eq!(problems(&objects.coverage), [""; 0]);
        self.named(directory, &objects)
    }

    fn named(&self, directory: &str, objects: &Objects) -> Vec<String> {
        let subject = |commit: &str| self.run(&format!("git -C {directory} log -1 --format=%s {commit}"));
        let read = contents(objects);
        objects
            .items
            .iter()
            .zip(read)
            .filter(|(item, _)| !matches!(item.origin, Origin::PathName { .. }))
            .map(|(item, content)| match &item.origin {
                Origin::CommitMessage { commit } => format!("{}: message", subject(commit)),
                Origin::Commit { commit, path } => format!("{}: {path}={}", subject(commit), content.trim_end()),
                other => panic!("{other:?} in a range"),
            })
            .collect()
    }
}

/// Origins as `kind path`.
fn files(listing: &Listing) -> Vec<String> {
    listing
        .files
        .iter()
        .map(|file| {
            assert!(file.path.metadata().unwrap().is_file(), "{}", file.path.display());
            format!("{} {}", file.origin.kind(), file.origin.path())
        })
        .collect()
}

fn contents(objects: &Objects) -> Vec<String> {
    let mut reader = objects.reader();
    let mut buffer = Vec::new();
    let mut text = |item: &objects::ObjectItem| {
        let content = String::from_utf8_lossy(reader.read(item, &mut buffer).unwrap()).into_owned();
        if let Origin::Index { .. } = item.origin {
            assert_eq!(reader.size(item).unwrap(), content.len() as u64);
        }
        content
    };
    objects.items.iter().map(&mut text).collect()
}

/// Staged items as `path=content`.
fn changed(objects: &Objects) -> Vec<String> {
    let name = |(item, content): (&objects::ObjectItem, String)| format!("{}={}", item.origin.path(), content.trim_end());
    let is_content = |(item, _): &(&objects::ObjectItem, String)| !matches!(item.origin, Origin::PathName { .. });
    objects.items.iter().zip(contents(objects)).filter(is_content).map(name).collect()
}

fn problems(coverage: &Coverage) -> Vec<String> {
    coverage.problems.iter().map(|problem| format!("{} {}", problem.kind.name(), problem.path)).collect()
}

fn skipped<const N: usize>(expected: [(SkipReason, u64); N]) -> BTreeMap<SkipReason, u64> {
    expected.into()
}

#[test]
fn git_decides_what_is_ignored_but_tracked_files_are_never_left_out() {
    let sandbox = Sandbox::new(
        "repository r; mkdir -p build gen/deep sub .hidden
        printf '*.env\\nbuild/\\n/gen/\\n!kept.env\\n' >.gitignore; printf '*.tmp\\n!x.env\\n' >sub/.gitignore; echo '*.local' >.git/info/exclude
        for f in tracked.env secret.env kept.env a.local build/out build/also gen/free gen/deep/tracked gen/deep/free .hidden/a sub/x.env sub/y.env sub/z.tmp z.tmp; do echo 1 >$f; done
        git add -f tracked.env gen/deep/tracked .gitignore",
    );
    let listing = sandbox.tree(&["r"]);
    let expected = [
        "file .gitignore",
        "file .hidden/a",
        "file gen/deep/tracked",
        "file kept.env",
        "file sub/.gitignore",
        "file sub/x.env",
        "file tracked.env",
        "file z.tmp",
        "git-config .git/config",
    ];
    assert_eq!(files(&listing), expected);
    // secret.env, a.local, build/, gen/free, gen/deep/free, sub/y.env, sub/z.tmp
    assert_eq!(listing.coverage.skipped, skipped([(SkipReason::Ignored, 7), (SkipReason::GitDirectory, 1)]));
    assert_eq!(listing.coverage.problems, []);
    // A part of the tree is named as in the whole, and the rules above it hold.
    let part = sandbox.tree(&["r/sub"]);
    assert_eq!(files(&part), ["file sub/.gitignore", "file sub/x.env", "git-config .git/config"]);
    // What is asked for by name is listed, even if it is ignored.
    assert_eq!(
        files(&sandbox.tree(&["r/build", "r/secret.env"])),
        ["file build/also", "file build/out", "file secret.env", "git-config .git/config"]
    );
}

#[test]
fn without_ignore_rules_everything_is_listed() {
    let sandbox = Sandbox::new(
        "repository r; echo '*' >.gitignore; mkdir -p a/nested; echo 1 >a/x; (repository a/nested; echo 1 >y); echo 1 >.git/z",
    );
    let listing = sandbox.tree_with(&["r"], &[], true).unwrap();
    let expected = ["file .gitignore", "file a/nested/y", "file a/x", "git-config .git/config", "git-config a/nested/.git/config"];
    assert_eq!(files(&listing), expected);
    assert_eq!(listing.coverage.skipped, skipped([(SkipReason::GitDirectory, 2)]));
}

#[test]
fn submodules_are_walked_by_their_own_rules() {
    let sandbox = Sandbox::new(
        "add() { git -c protocol.file.allow=always submodule add -q $1 $2 2>/dev/null; }
        repository inner; echo i >i; git add .; git commit -qm i; cd ..
        repository sub; echo s >s; echo '*.log' >.gitignore; add ../inner deep/inner; git add .; git commit -qm s; cd ..
        repository r; add ../sub modules/sub; add ../sub empty; add ../sub bare; git commit -qm r; echo '*.txt' >.gitignore
        (cd modules/sub; git -c protocol.file.allow=always submodule update -q --init 2>/dev/null; echo 1 >own.log; echo 1 >own.txt; echo 1 >deep/inner/j)
        rm -rf empty bare; mkdir empty bare; echo 1 >bare/left",
    );
    let listing = sandbox.tree(&["r"]);
    let expected = [
        "file .gitignore",
        "file .gitmodules",
        "file bare/left",
        "file modules/sub/.gitignore",
        "file modules/sub/.gitmodules",
        "file modules/sub/deep/inner/i",
        "file modules/sub/deep/inner/j",
        "file modules/sub/own.txt",
        "file modules/sub/s",
    ];
    let found = files(&listing);
    assert_eq!(found.iter().filter(|file| file.starts_with("file ")).collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
    assert!(found.contains(&"git-config .git/modules/modules/sub/modules/deep/inner/config".to_owned()), "{found:?}");
    assert_eq!(
        listing.coverage.skipped,
        skipped([(SkipReason::NestedRepository, 1), (SkipReason::GitDirectory, 3), (SkipReason::Ignored, 1)])
    );
    // Globs are those of the whole tree, and a part of a submodule can be asked for.
    let excluded = sandbox.tree_with(&["r"], &["modules/sub/deep"], false).unwrap();
    assert_eq!(files(&excluded).iter().filter(|file| file.contains("inner/")).count(), 1, "only a configuration");
    assert_eq!(files(&sandbox.tree(&["r/modules/sub/deep/inner"]))[..2], ["file i", "file j"]);
    assert_eq!(files(&sandbox.tree(&["r/modules"])).iter().filter(|file| file.starts_with("file ")).count(), 6);
}

#[test]
fn repositories_inside_are_counted_and_their_files_left_to_them() {
    let sandbox = Sandbox::new(
        "repository r; echo 1 >a; git add a; git commit -qm 1
        (repository nested; echo 1 >n); git worktree add -q linked
        git init -q -b main ../other; (cd ../other; echo 1 >o; git add o; git commit -qm o)
        git -c protocol.file.allow=always submodule add -q ../other module 2>/dev/null
        mkdir -p fake/.git mixed; echo 1 >fake/f; echo 1 >fake/.git/config
        echo 1 >mixed/tracked; git add mixed; git init -q mixed",
    );
    let listing = sandbox.tree(&["r"]);
    let expected = [
        "file .gitmodules",
        "file a",
        "file fake/f",
        "file mixed/tracked",
        "file module/o",
        "git-config .git/config",
        "git-config .git/modules/module/config",
        "git-config fake/.git/config",
        "git-config mixed/.git/config",
        "git-config nested/.git/config",
    ];
    assert_eq!(files(&listing), expected);
    let counted = skipped([(SkipReason::NestedRepository, 2), (SkipReason::GitDirectory, 4)]);
    assert_eq!(listing.coverage.skipped, counted);
    // Given as roots they are repositories of their own.
    assert_eq!(files(&sandbox.tree(&["r/nested"])), ["file n", "git-config .git/config"]);
    let module = sandbox.tree(&["r/module"]);
    assert_eq!(module.files[0].origin, Origin::File { path: "o".into() });
    assert_eq!(module.files[1].path, sandbox.path("r/.git/modules/module/config").canonicalize().unwrap());
    // A linked work tree has the configuration of its repository.
    let linked = sandbox.tree(&["r/linked"]);
    assert_eq!(linked.files[0].origin, Origin::File { path: "a".into() });
    assert_eq!(linked.files[1].path, sandbox.path("r/.git/config").canonicalize().unwrap());
    assert_eq!(linked.files.len(), 3);
}

#[test]
fn outside_of_git_everything_but_the_excluded_is_listed() {
    let sandbox = Sandbox::new(
        "mkdir -p d/node_modules/x d/src d/r; cd d; echo '*' >.gitignore; echo '*' >.ignore
        for f in .env src/a.rs src/b.min.js node_modules/x/y keep.min.js; do echo 1 >$f; done; (repository r; echo 1 >f; echo f >.gitignore)",
    );
    let listing = sandbox.tree_with(&["d"], &["node_modules/", "*.min.js", "!/keep.min.js"], false).unwrap();
    let expected = [
        "file .env",
        "file .gitignore",
        "file .ignore",
        "file keep.min.js",
        "file r/.gitignore",
        "file r/f",
        "file src/a.rs",
        "git-config r/.git/config",
    ];
    assert_eq!(files(&listing), expected);
    assert_eq!(listing.coverage.skipped, skipped([(SkipReason::Excluded, 2), (SkipReason::GitDirectory, 1)]));
    assert_eq!(listing.repository, None);
    // A single file is called what it was called.
    let single = sandbox.tree(&["d/.env"]);
    assert_eq!(single.files[0].origin, Origin::File { path: sandbox.path("d/.env").to_str().unwrap().into() });
    assert_eq!(files(&sandbox.tree_with(&["d/.env"], &[".env"], false).unwrap()), [""; 0]);
}

#[test]
fn links_and_special_files_are_counted_not_opened() {
    let script =
        "mkdir -p d/sub other; cd d; echo 1 >f; echo 1 >../other/o; ln -s f link; ln -s ../other away; ln -s nowhere dangling; mkfifo pipe
        ln -s ../../other sub/.git; ln -s d ../root";
    for (prepare, own) in [("", 0), ("; git init -q .", 1)] {
        let sandbox = Sandbox::new(&format!("{script}{prepare}"));
        for root in ["d", "root"] {
            let listing = sandbox.tree(&[root]);
            assert_eq!(listing.files[0].origin, Origin::File { path: "f".into() });
            assert_eq!(listing.files.len(), 1 + own);
            let mut counted = skipped([(SkipReason::Symlink, 4), (SkipReason::Special, 1)]);
            if own == 1 {
                counted.insert(SkipReason::GitDirectory, 1);
            }
            assert_eq!(listing.coverage.skipped, counted);
        }
    }
}

#[test]
fn traps_do_not_stop_the_listing() {
    let sandbox = Sandbox::new(
        "repository r; mkdir a b c; mkfifo a/.gitignore; echo '*' >all; ln -s ../all b/.gitignore; mkfifo c/.git; for f in a/x b/x c/x; do echo 1 >$f; done
        head -c 2000000 /dev/zero | tr '\\0' '*' >.gitignore",
    );
    let listing = sandbox.tree(&["r"]);
    assert_eq!(files(&listing), ["file .gitignore", "file a/x", "file all", "file b/x", "file c/x", "git-config .git/config"]);
    let counted = skipped([(SkipReason::Symlink, 1), (SkipReason::Special, 1), (SkipReason::GitDirectory, 2)]);
    assert_eq!(listing.coverage.skipped, counted);
}

#[test]
fn a_pipe_in_place_of_a_repositorys_file_is_not_waited_for() {
    for trap in ["config", "packed-refs", "objects/info/alternates", "refs/heads/main", "HEAD", "index"] {
        let sandbox = Sandbox::new(&format!(
            "repository direct; rm -f .git/{trap}; mkfifo .git/{trap}; echo 1 >x; mkdir ../leads; cd ../leads; echo 'gitdir: ../direct/.git' >.git; echo 1 >x"
        ));
        for root in ["direct", "leads"] {
            let result = sandbox.tree_with(&[root], &[], false);
            match trap {
                // Without a HEAD it is no repository.
                "HEAD" => assert_eq!(result.unwrap().files[0].origin, Origin::File { path: "x".into() }),
                "index" => assert_eq!(problems(&result.unwrap().coverage), ["unreadable .git/index"]),
                _ => {
                    let error = result.unwrap_err();
                    assert!(matches!(&error, SourceError::Repository { detail, .. } if detail == "it is not a file"), "{error}");
                }
            }
            assert_eq!(sandbox.tree_with(&[root], &[], true).unwrap().files[0].origin, Origin::File { path: "x".into() });
        }
    }
}

#[test]
fn ignore_patterns_cannot_take_for_ever() {
    let sandbox = Sandbox::new(
        "repository r; d=$(printf 'a/%.0s' $(seq 200)); mkdir -p $d; echo 1 >${d}f
        for i in $(seq 20); do printf '**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b\\n*a*a*a*a*a*a*a*a*b\\n' >>.gitignore; done; echo 1 >$(printf 'a%.0s' $(seq 250))",
    );
    let started = std::time::Instant::now();
    assert_eq!(sandbox.tree(&["r"]).files.len(), 4);
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[test]
fn names_need_not_be_utf8() {
    let sandbox = Sandbox::new(
        "repository r; f=$(printf 'n\\377\\n\\033'); mkdir d; echo 1 >\"d/$f\"; git add .; rm -r d; git reset -q; mkdir d; echo 1 >\"d/$f\"",
    );
    let name: &[u8] = b"d/n\xff\n\x1b";
    assert_eq!(sandbox.tree(&["r"]).files[0].origin, Origin::File { path: name.into() });
    sandbox.run("cd r; git add .");
    assert_eq!(sandbox.staged("r").items[0].origin, Origin::Index { path: name.into() });
}

#[test]
fn what_cannot_be_read_is_a_problem() {
    // No privilege helps against a path that is longer than the system takes.
    let sandbox = Sandbox::new(
        "mkdir d; echo 1 >d/seen; n=$(printf 'n%.0s' $(seq 250)); half=$(printf \"$n/%.0s\" $(seq 9)); mkdir -p d/$half e/$half; mv e/$n d/$half",
    );
    let listing = sandbox.tree(&["d"]);
    assert_eq!(files(&listing), ["file seen"]);
    let [problem] = listing.coverage.problems.as_slice() else { panic!("{:?}", listing.coverage.problems) };
    assert_eq!(problem.kind, ProblemKind::Unreadable);
    assert!(problem.path.starts_with(b"nnn") && problem.path.len() > 3000, "{}", problem.path);
    if sandbox.0.path().metadata().unwrap().uid() != 0 {
        sandbox.run("mkdir closed; chmod 0 closed");
        assert_eq!(problems(&sandbox.tree(&["closed"]).coverage).len(), 1);
    }
}

#[test]
fn a_broken_index_is_a_problem_and_nothing_is_hidden_by_it() {
    let sandbox = Sandbox::new("repository r; echo 1 >a; git add a; echo broken >.git/index");
    let listing = sandbox.tree(&["r"]);
    assert_eq!(files(&listing), ["file a", "git-config .git/config"]);
    assert_eq!(problems(&listing.coverage), ["unreadable .git/index"]);
    assert!(matches!(staged::list(&sandbox.path("r"), &GitEnvironment::default()), Err(SourceError::Repository { .. })));
}

#[test]
fn roots_that_are_no_trees_are_errors() {
    let sandbox = Sandbox::new("git init -q --bare b.git; mkfifo pipe; repository r; echo 1 >.git/hook");
    let error = |root| sandbox.tree_with(&[root], &[], false).map(|listing| files(&listing)).unwrap_err();
    assert!(matches!(error("absent"), SourceError::Root { .. }));
    assert!(matches!(error("pipe"), SourceError::Special { .. }));
    for root in ["b.git", "r/.git"] {
        let error = error(root);
        assert!(matches!(&error, SourceError::GitDirectory { .. }) && error.to_string().contains("--history"), "{error}");
    }
    // Asked for by name, even this is read.
    assert_eq!(sandbox.tree(&["r/.git/hook"]).files.len(), 1);
}

#[test]
fn a_file_is_listed_once_however_it_was_asked_for() {
    let sandbox = Sandbox::new("repository r; mkdir s; echo 1 >s/a; echo 1 >b; ln -s r ../alias");
    assert_eq!(files(&sandbox.tree(&["r", "r/s", "r/s/../b", "alias/s/a"])), ["file b", "file s/a", "git-config .git/config"]);
}

#[test]
fn a_repository_is_described_without_credentials() {
    let sandbox = Sandbox::new(
        "repository r; git remote add origin https://user:pw@example.com/a/b.git; echo 1 >a; git add a; git commit -qm 1; git checkout -qb feature/x",
    );
    let revision = sandbox.run("git -C r rev-parse HEAD");
    let repository = sandbox.tree(&["r/a"]).repository.unwrap();
    assert_eq!(repository.url.as_deref(), Some("https://example.com/a/b.git"));
    assert_eq!(repository.revision, Some(revision.clone()));
    assert_eq!(repository.branch.as_deref(), Some("feature/x"));
    sandbox.run("cd r; git checkout -q --detach; git remote remove origin");
    let repository = sandbox.staged("r").repository.unwrap();
    assert_eq!((repository.url, repository.revision, repository.branch), (None, Some(revision), None));
    let unborn = Sandbox::new("repository r").staged("r").repository.unwrap();
    assert_eq!((unborn.revision, unborn.branch.as_deref()), (None, Some("main")));
}

/// A repository with one commit of `a`, `b` and `d/c`.
const BASE: &str = "repository r; mkdir d; echo a >a; echo b >b; echo c >d/c; git add .; git commit -qm base; ";

#[test]
fn everything_is_new_before_the_first_commit() {
    let sandbox = Sandbox::new("repository r; mkdir d; echo a >a; echo c >d/c; git add .; echo later >a");
    assert_eq!(changed(&sandbox.staged("r")), ["a=a", "d/c=c"]);
    assert_eq!(changed(&sandbox.staged("r/d")), ["a=a", "d/c=c"]);
    assert_eq!(changed(&Sandbox::new("repository r").staged("r")), [""; 0]);
}

#[test]
fn new_paths_are_names_to_look_at() {
    let sandbox = Sandbox::new(&format!("{BASE} echo 2 >a; echo n >d/new; git add ."));
    let items = sandbox.staged("r").items;
    let names: Vec<_> = items.iter().filter(|item| matches!(item.origin, Origin::PathName { .. })).collect();
    assert_eq!(names.len(), 1);
    assert_eq!(names[0].origin, Origin::PathName { commit: String::new(), path: "d/new".into() });
}

#[test]
fn the_index_counts_and_not_the_work_tree() {
    let sandbox = Sandbox::new(&format!("{BASE} echo staged >a; git add a; echo unstaged >a; echo unstaged >b; echo untracked >u; rm d/c"));
    let staged = sandbox.staged("r");
    assert_eq!(changed(&staged), ["a=staged"]);
    assert_eq!(staged.items[0].origin, Origin::Index { path: "a".into() });
    assert_eq!(staged.coverage, Coverage::default());
}

#[test]
fn nothing_staged_is_nothing_listed() {
    let sandbox = Sandbox::new(BASE);
    assert_eq!(changed(&sandbox.staged("r")), [""; 0]);
    // Without the cache of trees in the index the trees themselves are compared.
    sandbox.run("cd r; rm .git/index; git read-tree HEAD; git update-index --force-remove b; git ls-files -s >/dev/null");
    assert_eq!(changed(&sandbox.staged("r")), [""; 0]);
}

#[test]
fn renames_modes_deletions_links_and_types() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} ln -s target l; mkdir e; echo e >e/e; git add .; git commit -qm more
        git mv a renamed; chmod +x b; git rm -q d/c; ln -sf elsewhere l; rm -r e; printf 'e' >e; mkdir -p new/deep; echo n >new/deep/n; ln -s n new/deep/m; git add ."
    ));
    assert_eq!(changed(&sandbox.staged("r")), ["e=e", "l=elsewhere", "new/deep/m=n", "new/deep/n=n", "renamed=a"]);
    // A link that becomes a file with the same content is a change.
    sandbox.run("cd r; git commit -qm 2; rm l; printf elsewhere >l; git add l");
    assert_eq!(changed(&sandbox.staged("r")), ["l=elsewhere"]);
}

#[test]
fn intent_to_add_is_no_content() {
    let sandbox = Sandbox::new(&format!("{BASE} echo new >n; git add -N n; echo other >o; git add o"));
    assert_eq!(changed(&sandbox.staged("r")), ["o=other"]);
}

#[test]
fn names_that_order_differently_as_file_and_directory_are_told_apart() {
    let sandbox = Sandbox::new(
        "repository r; mkdir a; for f in a/x a.b a-b a0 ab; do echo 1 >$f; done; git add .; git commit -qm 1; echo 2 >a/x; echo 2 >a0; echo 2 >a-c; git add .",
    );
    assert_eq!(changed(&sandbox.staged("r")), ["a-c=2", "a/x=2", "a0=2"]);
}

#[test]
fn commit_all_uses_another_index() {
    let sandbox =
        Sandbox::new(&format!("{BASE} echo staged >a; git add a; cp .git/index ../saved; echo all >b; GIT_INDEX_FILE=../saved git add b"));
    assert_eq!(changed(&sandbox.staged("r")), ["a=staged"]);
    let environment =
        GitEnvironment { git_dir: Some(sandbox.path("r/.git")), index_file: Some(sandbox.path("saved")), ..GitEnvironment::default() };
    assert_eq!(changed(&staged::list(Path::new("/"), &environment).unwrap()), ["a=staged", "b=all"]);
}

#[test]
fn hooks_see_what_the_commit_will_have() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} mkdir ../out; printf '#!/bin/sh\\ncp \"$GIT_INDEX_FILE\" {{OUT}}/index; echo \"$GIT_INDEX_FILE\" >{{OUT}}/name\\nexit 1\\n' >.git/hooks/pre-commit
        sed -i \"s,{{OUT}},$PWD/../out,g\" .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; echo all >b; git commit -qam x && exit 1; true"
    ));
    assert!(sandbox.run("cat out/name").ends_with("index.lock"));
    let environment = GitEnvironment { index_file: Some(sandbox.path("out/index")), ..GitEnvironment::default() };
    assert_eq!(changed(&staged::list(&sandbox.path("r"), &environment).unwrap()), ["b=all"]);
}

#[test]
fn linked_work_trees_have_their_own_index() {
    let sandbox = Sandbox::new(&format!("{BASE} git worktree add -q ../w; echo here >a; git add a; cd ../w; echo there >b; git add b"));
    assert_eq!(changed(&sandbox.staged("w")), ["b=there"]);
    assert_eq!(changed(&sandbox.staged("r")), ["a=here"]);
    let environment = GitEnvironment { git_dir: Some(sandbox.path("r/.git/worktrees/w")), ..GitEnvironment::default() };
    assert_eq!(changed(&staged::list(Path::new("/"), &environment).unwrap()), ["b=there"]);
}

#[test]
fn submodules_are_counted_outside_and_repositories_inside() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} cd ..; git init -q -b main s; cd s; echo s >s; git add .; git commit -qm s; cd ../r
        git -c protocol.file.allow=always submodule add -q ../s module 2>/dev/null; cd module; echo in >in; git add in"
    ));
    let outside = sandbox.staged("r");
    assert_eq!(outside.items.iter().map(|item| item.origin.path().to_string()).collect::<Vec<_>>(), [".gitmodules", "PATH_NAME"]);
    assert_eq!(outside.coverage.skipped, skipped([(SkipReason::NestedRepository, 1)]));
    assert_eq!(changed(&sandbox.staged("r/module")), ["in=in"]);
    // Only a change of it is news.
    sandbox.run("cd r; git commit -qm module");
    assert_eq!(sandbox.staged("r").coverage, Coverage::default());
}

#[test]
fn a_merge_with_conflicts_elsewhere() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} git checkout -qb side; echo side >a; echo new >n; git add .; git commit -qm side
        git checkout -q main; echo main >a; git commit -qam main; git merge -q side >/dev/null 2>&1 || true"
    ));
    let staged = sandbox.staged("r");
    assert_eq!(changed(&staged), ["n=new"]);
    assert_eq!(problems(&staged.coverage), ["unmerged a"]);
    sandbox.run("cd r; echo both >a; git add a");
    let staged = sandbox.staged("r");
    assert_eq!(changed(&staged), ["a=both", "n=new"]);
    assert_eq!(problems(&staged.coverage), [""; 0]);
}

#[test]
fn a_rebase_in_progress() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} git checkout -qb side; echo side >a; echo new >n; git add .; git commit -qm side
        git checkout -q main; echo main >a; git commit -qam main; git checkout -q side; git rebase -q main >/dev/null 2>&1 || true
        echo both >a; git add a"
    ));
    assert_eq!(sandbox.run("ls -d r/.git/rebase-merge"), "r/.git/rebase-merge");
    assert_eq!(changed(&sandbox.staged("r")), ["a=both", "n=new"]);
}

#[test]
fn other_kinds_of_index() {
    for prepare in ["git update-index --split-index", "git update-index --index-version 4", "git update-index --skip-worktree b"] {
        let sandbox = Sandbox::new(&format!("{BASE} {prepare}; echo staged >d/c; git add d/c"));
        assert_eq!(changed(&sandbox.staged("r")), ["d/c=staged"], "{prepare}");
    }
}

#[test]
fn a_sparse_index_hides_nothing() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} mkdir out; echo o >out/o; git add .; git commit -qm out
        git checkout -qb side; echo changed >out/o; echo p >out/p; git add .; git commit -qm side; git checkout -q main
        git sparse-checkout init --cone --sparse-index; git sparse-checkout set d; echo staged >d/c; git add d/c"
    ));
    assert_eq!(changed(&sandbox.staged("r")), ["d/c=staged"]);
    assert!(sandbox.run("cd r; git ls-files --sparse").contains("out/"));
    sandbox.run("cd r; git read-tree -m -u HEAD side 2>/dev/null || git read-tree side; git update-index --refresh -q || true");
    let mut listed = changed(&sandbox.staged("r"));
    listed.retain(|item| item.starts_with("out/"));
    assert_eq!(listed, ["out/o=changed", "out/p=p"]);
}

#[test]
fn repositories_with_sha256() {
    let sandbox = Sandbox::new(
        "repository r --object-format=sha256; echo a >a; git add .; git commit -qm 1; echo b >b; git add .; git commit -qm 2; echo c >c; git add .",
    );
    assert_eq!(changed(&sandbox.staged("r")), ["c=c"]);
    assert_eq!(sandbox.brought("r", "HEAD~1..HEAD"), ["2: message", "2: b=b"]);
    assert_eq!(sandbox.brought("r", &format!("{}..HEAD", "0".repeat(40))), ["1: message", "1: a=a", "2: message", "2: b=b"]);
}

#[test]
fn what_head_lacks_is_a_problem_and_what_is_staged_there_counts_as_new() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} echo staged >d/c; git add d/c; t=$(git rev-parse HEAD:d); rm -f .git/objects/$(echo $t | cut -c1-2)/$(echo $t | cut -c3-)"
    ));
    let staged = sandbox.staged("r");
    assert_eq!(changed(&staged), ["d/c=staged"]);
    assert_eq!(problems(&staged.coverage), ["missing-object d/"]);
    // A staged blob that is missing is found out when it is read.
    sandbox.run("cd r; t=$(git rev-parse :d/c); rm -f .git/objects/$(echo $t | cut -c1-2)/$(echo $t | cut -c3-)");
    let staged = sandbox.staged("r");
    let problem = staged.reader().read(&staged.items[0], &mut Vec::new()).unwrap_err();
    assert_eq!((problem.kind, problem.path.to_string().as_str()), (ProblemKind::MissingObject, "d/c"));
    assert_eq!(staged.reader().size(&staged.items[0]).unwrap_err(), problem);
}

#[test]
fn listing_writes_nothing() {
    let sandbox = Sandbox::new(&format!("{BASE} echo staged >a; git add a; sleep 0.01"));
    let state = "cd r; find . -printf '%p %s %T@ %C@\\n' | sort";
    let before = sandbox.run(state);
    changed(&sandbox.staged("r"));
    sandbox.tree(&["r"]);
    sandbox.brought("r", &format!("{}..HEAD", "0".repeat(40)));
    assert_eq!(sandbox.run(state), before);
}

#[test]
fn the_repositorys_configuration_does_not_decide() {
    // Replaced objects, another index and attributes that call everything binary: git shows one thing and gives away another.
    let sandbox = Sandbox::new(&format!(
        "{BASE} echo two >a; git commit -qam two; clean=$(echo nothing | git hash-object -w --stdin); git replace $(git rev-parse HEAD:a) $clean
        git replace HEAD HEAD~1; echo '* binary -diff' >.git/info/attributes; git config gitoxide.core.indexFile nowhere; git config core.attributesFile /dev/null
        echo staged >b; git add b"
    ));
    assert_eq!(sandbox.brought("r", "HEAD~1..HEAD"), ["base: message", "base: a=two"]);
    let staged = sandbox.staged("r");
    assert_eq!(changed(&staged), ["b=staged"]);
    let objects = sandbox.range("r", "HEAD~1..HEAD").unwrap();
    assert_eq!(contents(&objects).last().unwrap(), "two\n");
}

#[test]
fn a_range_brings_each_blob_once_with_its_first_commit() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} echo one >a; git commit -qam one; echo two >a; echo x >x; git add .; git commit -qm two; echo one >a; cp x y; git add .; git commit -qm again
        mkdir e; git mv d/c e/c; git mv y z; git commit -qm rename; git mv e f; echo g >f/g; git add .; git commit -qm more; chmod +x f/g; git commit -qam mode; git rm -q x; git commit -qm gone"
    ));
    let expected = [
        "one: message",
        "one: a=one",
        "two: message",
        "two: a=two",
        "two: x=x",
        "again: message",
        // By its name another kind of file.
        "again: y=x",
        "rename: message",
        "more: message",
        "more: f/g=g",
        "mode: message",
        "gone: message",
    ];
    assert_eq!(sandbox.brought("r", "HEAD~7..HEAD"), expected);
    assert_eq!(sandbox.brought("r", "HEAD~7.."), expected);
    assert_eq!(sandbox.brought("r", "HEAD..HEAD~7"), [""; 0]);
    assert_eq!(sandbox.brought("r", "HEAD..HEAD"), [""; 0]);
    let all = sandbox.brought("r", &format!("{}..main", "0".repeat(64)));
    assert_eq!(all[..4], ["base: message", "base: a=a", "base: b=b", "base: d/c=c"]);
    assert_eq!(all[4..], expected);
}

#[test]
fn a_message_is_read_with_its_author_and_committer() {
    let sandbox = Sandbox::new(&format!("{BASE} git commit -q --allow-empty -m 'subject' -m 'body'"));
    let objects = sandbox.range("r", "HEAD~1..HEAD").unwrap();
    let text = "author Ann <ann@example.com> 1700000000 +0000\ncommitter Cid <cid@example.com> 1700000000 +0000\n\nsubject\n\nbody\n";
    assert_eq!(contents(&objects), [text]);
}

#[test]
fn merges_bring_what_none_of_their_parents_has() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} git checkout -qb side; echo side >b; echo s >s; git add .; git commit -qm side; git checkout -q main; echo main >a; git commit -qam main
        git merge -q --no-commit side; echo evil >d/c; echo new >n; git add .; git commit -qm merge"
    ));
    assert_eq!(
        sandbox.brought("r", "HEAD~1..HEAD"),
        ["side: message", "side: b=side", "side: s=s", "merge: message", "merge: d/c=evil", "merge: n=new"]
    );
    assert_eq!(sandbox.brought("r", "side..main"), ["main: message", "main: a=main", "merge: message", "merge: d/c=evil", "merge: n=new"]);
}

#[test]
fn clocks_that_are_wrong_change_nothing() {
    let sandbox = Sandbox::new(
        "repository r; at() { GIT_COMMITTER_DATE=\"$1 +0000\" git commit -q --allow-empty -m \"$2\"; }
        at 1700000500 1; at 1700000100 2; at 1700000400 3; git branch common; at 1700000001 4; at 1700000002 5; git checkout -qb a common; at 1700000900 6; at 1600000000 7",
    );
    let messages = |range| sandbox.brought("r", range);
    assert_eq!(messages("a..main"), ["4: message", "5: message"]);
    assert_eq!(messages("main..a"), ["6: message", "7: message"]);
    assert_eq!(messages("common..a"), ["6: message", "7: message"]);
    assert_eq!(messages("main..common"), [""; 0]);
}

#[test]
fn what_git_noted_of_commits_is_used_and_not_needed() {
    let history = "for i in 1 2 3; do git checkout -qb s$i main; echo $i >s$i; git add .; git commit -qm s$i; done; git checkout -q main; git commit -q --allow-empty -m left
        git merge -q -m octopus s1 s2 s3; echo a >last; git add .; git commit -qm last";
    let sandbox = Sandbox::new(&format!("{BASE} {history}"));
    // git itself waits for a pipe in place of the file, and must not be asked.
    let origins = |range: &str| sandbox.range("r", range).unwrap().items.into_iter().map(|item| item.origin).collect::<Vec<_>>();
    let brought = || ["HEAD~2..HEAD", "s1..HEAD", "s2..s3", "HEAD..s3"].map(origins);
    let expected = brought();
    assert_eq!(expected.each_ref().map(Vec::len), [13, 11, 3, 0]);
    for noted in [
        "git commit-graph write --reachable",
        "rm .git/objects/info/commit-graph; git rev-list main~2 | git commit-graph write --split --stdin-commits; git commit-graph write --reachable --split=no-merge; test $(wc -l <.git/objects/info/commit-graphs/commit-graph-chain) = 2",
        "rm .git/objects/info/commit-graphs/commit-graph-chain; mkfifo .git/objects/info/commit-graphs/commit-graph-chain",
        "rm -r .git/objects/info/commit-graphs; git commit-graph write --reachable; chmod +w .git/objects/info/commit-graph; truncate -s 900 .git/objects/info/commit-graph",
        "rm -f .git/objects/info/commit-graph; mkfifo .git/objects/info/commit-graph",
    ] {
        sandbox.run(&format!("cd r; {noted} 2>/dev/null"));
        assert_eq!(brought(), expected, "{noted}");
    }
    // A known commit that is gone hides what is below it, unless that is noted.
    sandbox.run("cd r; rm .git/objects/info/commit-graph; git checkout -qb k; for i in 1 2; do git commit -q --allow-empty -m k$i; done; git commit-graph write --reachable; o=$(git rev-parse k~1); rm -f .git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-); git checkout -q main; git commit -q --allow-empty -m t");
    assert_eq!(sandbox.brought("r", "k..main"), ["t: message"]);
    sandbox.run("rm r/.git/objects/info/commit-graph");
    assert!(sandbox.brought("r", "k..main").len() > 8);
}

#[test]
fn ends_can_be_tags_and_must_be_commits() {
    let sandbox = Sandbox::new(&format!("{BASE} git tag -am 1 v1; git tag -am 2 v2 v1 2>/dev/null; echo one >a; git commit -qam one"));
    assert_eq!(sandbox.brought("r", "v2..main"), ["one: message", "one: a=one"]);
    let error = |range: &str| sandbox.range("r", range).unwrap_err().to_string();
    assert_eq!(error("HEAD"), "`HEAD` is not a range of commits: write it as A..B");
    assert_eq!(error("a...b"), "`a...b` is not a range of commits: three dots mean something else; write it as A..B");
    assert_eq!(error("HEAD^{tree}..HEAD"), "`HEAD^{tree}` is not a commit");
    let deletion = format!("HEAD..{}", "0".repeat(40));
    assert_eq!(error(&deletion), format!("`{deletion}` is not a range of commits: its second end is a deletion, which brings nothing"));
}

#[test]
fn missing_ends_are_errors_that_say_how_to_fetch_them() {
    let sandbox = Sandbox::new(&format!("{BASE} git remote add up https://example.com/x"));
    let id = "1234567890123456789012345678901234567890";
    let error = |range: &str| sandbox.range("r", range).unwrap_err().to_string();
    assert_eq!(error(&format!("{id}..HEAD")), format!("`{id}` is not in this repository; `git fetch origin {id}` may bring it"));
    assert_eq!(error("HEAD..up/topic/a"), "`up/topic/a` is not in this repository; `git fetch up topic/a` may bring it");
    assert_eq!(error("HEAD~9..HEAD"), "`HEAD~9` is not in this repository; `git fetch --all` may bring it");
    assert_eq!(error("$(reboot)..HEAD"), "`$(reboot)` is not in this repository; `git fetch --all` may bring it");
    sandbox.run("git clone -q --depth 1 file://$PWD/r shallow");
    let error = sandbox.range("shallow", "HEAD~9..HEAD").unwrap_err().to_string();
    assert_eq!(error, "`HEAD~9` is not in this repository; `git fetch --unshallow` may bring it");
    let error = range::list(Path::new("/"), &Range::between("a..b").unwrap(), &GitEnvironment::default()).unwrap_err().to_string();
    assert_eq!(error, "/ is not in a git repository");
}

#[test]
fn a_history_that_is_cut_off_is_a_problem() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} git tag base; for i in 1 2 3; do echo $i >a; echo $i >f$i; git add .; git commit -qm $i; done
        cd ..; git clone -q --depth 2 file://$PWD/r shallow; cd shallow; git fetch -q --depth 1 origin tag base"
    ));
    let objects = sandbox.range("shallow", "base..HEAD").unwrap();
    let cut = sandbox.run("git -C shallow rev-parse HEAD~1");
    assert_eq!(problems(&objects.coverage), [format!("missing-object {cut}")]);
    // What the first commit that is left shares with the known end is not its own.
    assert_eq!(sandbox.named("shallow", &objects), ["2: message", "2: a=2", "2: f1=1", "3: message", "3: a=3"]);
}

#[test]
fn a_missing_tree_is_a_problem() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} mkdir n; echo n >n/n; echo m >m; git add .; git commit -qm new; t=$(git rev-parse HEAD:n); rm -f .git/objects/$(echo $t | cut -c1-2)/$(echo $t | cut -c3-)"
    ));
    let objects = sandbox.range("r", "HEAD~1..HEAD").unwrap();
    assert_eq!(problems(&objects.coverage), ["missing-object n"]);
    assert_eq!(sandbox.named("r", &objects), ["new: message", "new: m=m"]);
}

#[test]
fn quarantined_objects_are_seen() {
    let sandbox = Sandbox::new(&format!(
        "{BASE} cd ..; git clone -q --bare r target.git; mkdir out; cd target.git
        printf '#!/bin/sh\\nread old new ref; pwd >{{O}}/dir; echo $GIT_DIR >{{O}}/git; echo $GIT_OBJECT_DIRECTORY >{{O}}/objects; echo $GIT_ALTERNATE_OBJECT_DIRECTORIES >{{O}}/alternates; echo $old..$new >{{O}}/range; cp -r $GIT_OBJECT_DIRECTORY {{O}}/quarantine; exit 1\\n' >hooks/pre-receive
        sed -i \"s,{{O}},$PWD/../out,g\" hooks/pre-receive; chmod +x hooks/pre-receive; cd ../r; echo pushed >a; git commit -qam pushed; git push -q ../target.git main 2>/dev/null && exit 1; true"
    ));
    let range = sandbox.run("cat out/range");
    let environment = GitEnvironment {
        git_dir: Some(sandbox.path("target.git")),
        object_directory: Some(sandbox.path("out/quarantine")),
        alternate_object_directories: vec![PathBuf::from(sandbox.run("cat out/alternates"))],
        ..GitEnvironment::default()
    };
    let objects = range::list(&sandbox.path("target.git"), &Range::between(&range).unwrap(), &environment).unwrap();
    assert_eq!(problems(&objects.coverage), [""; 0]);
    assert_eq!(sandbox.named("r", &objects), ["pushed: message", "pushed: a=pushed"]);
    // Without being told, nobody can know.
    assert!(matches!(sandbox.range("target.git", &range), Err(SourceError::MissingRevision { .. })));
}

#[test]
fn hostile_trees_end() {
    // Ten times ten times ten … paths to one blob, and a chain deeper than git takes.
    let sandbox = Sandbox::new(
        "repository r; git commit -q --allow-empty -m base; b=$(echo bomb | git hash-object -w --stdin)
        t=$(printf '100644 blob %s\\tf\\n' $b | git mktree)
        for i in 1 2 3 4 5 6 7 8 9 10; do t=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\\t%s\\n' $t $n; done | git mktree); done
        git update-ref refs/heads/bomb $(git commit-tree -p HEAD -m bomb $t)
        u=$(printf '100644 blob %s\\tg\\n' $b | git mktree)
        for i in 1 2 3 4 5 6 7 8 9 10; do u=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\\t%s\\n' $u $n; done | git mktree); done
        git update-ref refs/heads/again $(git commit-tree -p bomb -m again $u)
        d=$(printf 'd/%.0s' $(seq 2100))
        printf 'commit refs/heads/deep\ncommitter C <c@d> 1700000000 +0000\ndata 4\ndeep\nfrom refs/heads/main^0\nM 100644 %s %sf\n' $b $d | git fast-import --quiet",
    );
    assert_eq!(sandbox.brought("r", "main..bomb"), ["bomb: message", "bomb: 9/9/9/9/9/9/9/9/9/9/f=bomb"]);
    assert_eq!(sandbox.brought("r", "bomb..again"), ["again: message"]);
    let each_path = Range::between("main..bomb").unwrap().with_each_path(true);
    let bomb = range::list(&sandbox.path("r"), &each_path, &GitEnvironment::default()).unwrap();
    assert_eq!(bomb.coverage.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>(), [ProblemKind::OverLimit]);
    let deep = sandbox.range("r", "main..deep").unwrap();
    assert_eq!(sandbox.named("r", &deep), ["deep: message"]);
    assert_eq!(deep.coverage.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>(), [ProblemKind::OverLimit]);
}
