//! The store's client in code (`--style sdk`): what is generated, and that it runs, with the client's library stood in for.

use std::collections::BTreeMap;
use std::fs;

use bstr::{BStr, BString, ByteSlice as _};
use unleak::reference::{Backend, Reference};
use unleak::rewrite::{self, Companion, Located, Manual, Rewritten, Source, Strategy, Style, Wanted};

use super::run::{Python, Runner as _};
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
fn rewritten(path: &str, bytes: &[u8], value: &str, reference: &Reference, files: &Files) -> Result<(Located, Rewritten), Manual> {
    let source = Source { path: path.into(), bytes };
    let rewriter = rewrite::for_source(source).unwrap();
    let spans: Vec<_> = bytes.find_iter(value).map(|at| at..at + value.len()).collect();
    let located = spans.iter().map(|span| rewriter.locate(source, span.clone(), Style::Sdk, files)).collect::<Result<Vec<_>, _>>()?;
    let wanted: Vec<_> = located.iter().map(|located| Wanted { located, reference, variable: VARIABLE }).collect();
    let new = rewriter.rewrite(source, &wanted, files)?;
    rewriter.verify(source, &rewrite::splice(bytes, &new.splices), &new.splices)?;
    Ok((located[0].clone(), new))
}

fn reference() -> Reference {
    Reference::to(Backend::Aws, "prod/app/db".to_owned()).with_key("password")
}

#[test]
fn python_asks_the_cached_client_outside_of_functions() {
    let stand_in = "import os\n\n\nclass SecretCache:\n    def get_secret_string(self, name):\n        return '{\"password\": \"' + os.environ[name] + '\"}'\n";
    for (name, seed) in [("handler.py", 1), ("module.py", 2), ("plain.py", 3)] {
        let value = made_up::password(seed);
        let before = fs::read(folder("python-client").join("before").join(name)).unwrap().replace(MARK, &value);
        let (located, new) = rewritten(name, &before, &value, &reference(), &Files(BTreeMap::new())).unwrap();
        assert_eq!(located.strategy, Strategy::Sdk);
        let after = rewrite::splice(&before, &new.splices);
        assert_eq!(after.as_bstr(), fs::read(folder("python-client").join("after").join(name)).unwrap().as_bstr(), "{name}");
        let [Companion::NewFile { path, content }, Companion::Advice(_)] = new.companions.as_slice() else {
            panic!("{:?}", new.companions)
        };
        assert_eq!(path, "unleak_secrets.py");
        let directory = tempfile::tempdir().unwrap();
        for (file, bytes) in
            [(name, after.as_slice()), ("unleak_secrets.py", content), ("aws_secretsmanager_caching.py", stand_in.as_bytes())]
        {
            unleak::fsx::write_atomically(&directory.path().join(file), |out| out.write_all(bytes)).unwrap();
        }
        let run = |value: Option<&str>| {
            let mut command = Python.prepare(directory.path(), name);
            command.envs(value.map(|value| ("prod/app/db", value))).output().unwrap()
        };
        let output = run(Some(&value));
        assert!(output.status.success() && output.stdout.find(&value).is_some(), "{name}: {}", output.stderr.as_bstr());
        assert!(!run(None).status.success(), "{name} runs without its secret");
    }
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
fn what_the_client_cannot_give_is_left_to_people_or_to_the_environment() {
    let files = Files(BTreeMap::new());
    let local = Reference::to(Backend::Local, "a".to_owned());
    let refused = rewritten("a.py", b"key = \"secretsecret\"\n", "secretsecret", &local, &files).unwrap_err();
    assert_eq!(refused.reason, "the client reads current versions in the region of its environment");
    let (located, _) = rewritten("a.rb", b"key = \"secretsecret\"\n", "secretsecret", &reference(), &files).unwrap();
    assert_eq!(located.strategy, Strategy::Environment);
}
