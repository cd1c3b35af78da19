//! The store's client in code (`--style sdk`): what is generated. Owns: the comparison of trees. Must not: start a server.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};
use unleak::reference::{Backend, Reference};
use unleak::rewrite::{self, Companion, Located, Manual, Rewritten, Source, Strategy, Style, Wanted};

use super::{MARK, VARIABLE, folder};
use crate::made_up;

/// A tree of these files.
struct Files(BTreeMap<&'static str, &'static str>);

impl rewrite::Tree for Files {
    fn read(&self, path: &BStr) -> Option<Vec<u8>> {
        self.0.get(path.to_str().unwrap()).map(|text| text.as_bytes().to_vec())
    }

    fn named(&self, _names: &[&str]) -> Vec<BString> {
        Vec::new()
    }
}

/// Rewrites all places of a value in the client's form.
fn rewritten(
    path: &str,
    bytes: &[u8],
    value: &str,
    reference: &Reference,
    files: &dyn rewrite::Tree,
) -> Result<(Vec<Located>, Rewritten), Manual> {
    let source = Source { path: path.into(), bytes };
    let rewriter = rewrite::for_source(source).unwrap();
    let spans: Vec<_> = bytes.find_iter(value).map(|at| at..at + value.len()).collect();
    let located = spans.iter().map(|span| rewriter.locate(source, span.clone(), Style::Sdk, files)).collect::<Result<Vec<_>, _>>()?;
    let wanted: Vec<_> = located.iter().map(|located| Wanted { located, reference, variable: VARIABLE, fields: &[] }).collect();
    let new = rewriter.rewrite(source, &wanted, files)?;
    rewriter.verify(source, &rewrite::splice(bytes, &new.splices), &new.splices)?;
    Ok((located, new))
}

/// The files of a folder, by path.
pub fn files_of(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_of(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// A tree of files that change.
#[derive(Clone, Default)]
pub struct Whole(pub BTreeMap<String, Vec<u8>>);

impl rewrite::Tree for Whole {
    fn read(&self, path: &BStr) -> Option<Vec<u8>> {
        self.0.get(path.to_str().unwrap()).cloned()
    }

    fn named(&self, names: &[&str]) -> Vec<BString> {
        let is_named = |path: &&String| names.iter().any(|name| path.ends_with(name.strip_prefix('*').unwrap()));
        self.0.keys().filter(is_named).map(|name| name.as_str().into()).collect()
    }
}

impl Whole {
    pub fn of(folder: &Path) -> Self {
        let mut found = BTreeMap::new();
        files_of(folder, folder, &mut found);
        Self(found)
    }

    /// The tree after its places were rewritten, and the files with places, each with whether it asks the client.
    fn rewritten(&self, value: &str) -> (Self, Vec<(String, bool)>) {
        let mut after = self.clone();
        let mut programs = Vec::new();
        for (name, bytes) in self.0.iter().filter(|(_, bytes)| bytes.find(value).is_some()) {
            let (located, new) =
                rewritten(name, bytes, value, &reference(), self).unwrap_or_else(|manual| panic!("{name}: {}", manual.reason));
            after.0.insert(name.clone(), rewrite::splice(bytes, &new.splices));
            for companion in new.companions {
                match companion {
                    Companion::NewFile { path, content } => drop(after.0.insert(path.to_string(), content.into())),
                    Companion::Edit { path, splice, .. } => {
                        let path = path.to_string();
                        let edited = rewrite::splice(&self.0[&path], &[splice]);
                        after.0.insert(path, edited);
                    }
                    Companion::Variable { .. } | Companion::Arn(_) | Companion::Instead { .. } | Companion::Advice(_) => {}
                }
            }
            programs.push((name.clone(), located.iter().any(|located| located.strategy == Strategy::Sdk)));
        }
        (after, programs)
    }

    pub fn write(&self, directory: &Path) {
        for (name, bytes) in &self.0 {
            let path = directory.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            unleak::fsx::write_atomically(&path, |out| out.write_all(bytes)).unwrap();
        }
    }
}

/// Compares a tree of a language with what is expected of it, byte by byte; gives it before and after, its value, its programs.
pub fn compared(language: &str) -> (Whole, Whole, String, Vec<(String, bool)>) {
    let value = made_up::password(7);
    let marked = |tree: Whole| Whole(tree.0.into_iter().map(|(name, bytes)| (name, bytes.replace(MARK, &value))).collect());
    let before = marked(Whole::of(&folder(language).join("before")));
    let (after, programs) = before.rewritten(&value);
    let expected = Whole::of(&folder(language).join("after"));
    // Helpers are what the rewriters have of them.
    let helpers = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rewrite/code/client/files");
    for (name, bytes) in &after.0 {
        let file = match Path::new(name).file_name().unwrap().to_str().unwrap() {
            "Cargo.toml" => "unleak_secrets.toml",
            "lib.rs" => "unleak_secrets.rs",
            other => other,
        };
        let helper = || fs::read(helpers.join(file)).unwrap_or_default();
        let expected = expected.0.get(name).cloned().unwrap_or_else(helper);
        assert_eq!(bytes.as_bstr(), expected.as_bstr(), "{language}/{name}");
    }
    assert!(expected.0.keys().all(|name| after.0.contains_key(name)), "{language}");
    assert!(after.0.len() > expected.0.len(), "{language} has a helper");
    (before, after, value, programs)
}

/// No toolchain is at hand for these: what they become is compared.
#[test]
fn kotlin_csharp_and_ruby_ask_the_cached_client_outside_of_functions() {
    for language in ["kotlin-client", "csharp-client", "ruby-client"] {
        compared(language);
    }
}

fn reference() -> Reference {
    Reference::to(Backend::Aws, "prod/app/db".to_owned()).with_key("password")
}

#[test]
fn the_helper_stands_where_packages_are_imported_from_and_its_dependency_is_told() {
    let bytes = b"key = \"secretsecret\"\n";
    let files = Files(BTreeMap::from([("src/app/__init__.py", ""), ("requirements.txt", "boto3==1.0")]));
    let (_, new) = rewritten("src/app/a.py", bytes, "secretsecret", &reference(), &files).unwrap();
    let [Companion::NewFile { path, .. }, Companion::Edit { path: manifest, splice, .. }] = new.companions.as_slice() else {
        panic!("{:?}", new.companions)
    };
    assert_eq!((path.to_string(), manifest.to_string()), ("src/unleak_secrets.py".to_owned(), "requirements.txt".to_owned()));
    assert_eq!((splice.span.clone(), splice.text.to_string()), (10..10, "\naws-secretsmanager-caching>=1.2\n".to_owned()));
}

#[test]
fn python_s_dependency_goes_into_what_lists_dependencies() {
    let changed = |files: &[(&'static str, &'static str)]| -> Vec<String> {
        let files = Files(files.iter().copied().collect());
        let (_, new) = rewritten("app/src/a.py", b"key = \"secretsecret\"\n", "secretsecret", &reference(), &files).unwrap();
        let told = |companion: &Companion| match companion {
            Companion::Edit { path, splice, .. } => Some(format!("{path}: {}", splice.text.trim().as_bstr())),
            Companion::Advice(advice) => Some(advice.clone()),
            Companion::NewFile { .. } | Companion::Variable { .. } | Companion::Arn(_) | Companion::Instead { .. } => None,
        };
        new.companions.iter().filter_map(told).collect()
    };
    let advice = "add aws-secretsmanager-caching to the dependencies; unleak_secrets.py imports it";
    let project = "[project]\nname = \"a\"\ndependencies = [\"boto3\"]\n";
    let install = "install aws-secretsmanager-caching: poetry lock, uv lock or pip-compile writes the lock file";
    let added = "app/pyproject.toml: , \"aws-secretsmanager-caching>=1.2\"";
    assert_eq!(changed(&[("app/pyproject.toml", project)]), [added, install]);
    // Both are read by somebody, but what a program wrote is left to it.
    let listed = "app/requirements.txt: aws-secretsmanager-caching>=1.2";
    assert_eq!(changed(&[("app/pyproject.toml", project), ("app/requirements.txt", "boto3\n")]), [added, install, listed]);
    assert_eq!(changed(&[("app/pyproject.toml", project), ("requirements.txt", "# autogenerated by pip-compile\n")]), [added, install]);
    assert_eq!(changed(&[("requirements.txt", "boto3==1 --hash=sha256:00\n")]), [advice]);
    // A file of settings lists nothing; what is known is not added again.
    assert_eq!(
        changed(&[("pyproject.toml", "[tool.black]\n"), ("requirements.txt", "")]),
        ["requirements.txt: aws-secretsmanager-caching>=1.2"]
    );
    assert_eq!(changed(&[("pyproject.toml", "[project]\ndependencies = [\"aws-secretsmanager-caching\"]\n")]), [""; 0]);
    assert_eq!(changed(&[("pyproject.toml", "[project]\ndynamic = [\"dependencies\"]\n")]), [advice]);
}

#[test]
fn what_the_client_cannot_give_is_left_to_people_or_to_the_environment() {
    let files = Files(BTreeMap::new());
    let local = Reference::to(Backend::Local, "a".to_owned());
    let refused = rewritten("a.py", b"key = \"secretsecret\"\n", "secretsecret", &local, &files).unwrap_err();
    assert_eq!(refused.reason, "the client reads current versions of AWS Secrets Manager, as the role of its environment");
    let (located, _) = rewritten("a.ps1", b"$key = \"secretsecret\"\n", "secretsecret", &reference(), &files).unwrap();
    assert_eq!(located[0].strategy, Strategy::Environment);
}
