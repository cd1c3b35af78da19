//! The store's client in code, run with its real libraries against the strict fake. Owns: how programs are built with them, what each asks for.
//! Must not: know what is generated.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use bstr::ByteSlice as _;

use super::VARIABLE;
use super::client::{Whole, compared};
use super::run::{self, Runner as _};
use crate::store::aws::VARIABLES;
use crate::store::fake::Fake;
use crate::tools::tool;

/// What keeps Go to the modules that are there.
pub fn go_offline() -> [(&'static str, OsString); 6] {
    let plain = [("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("GOSUMDB", "off"), ("GOTOOLCHAIN", "local")];
    let [flags, proxy, sums, toolchain] = plain.map(|(name, value)| (name, value.into()));
    [flags, proxy, sums, toolchain, ("GOMODCACHE", tool("go-client/mod").into()), ("GOCACHE", tool("go-client/cache").into())]
}

/// Runs the programs of a tree before and after: they print the same, with one call to the store each, and fail without the secret.
/// `build` makes all programs of a folder, `command` runs one.
fn runs(language: &str, build: impl Fn(&Path), command: impl Fn(&Path, &str) -> Command) {
    let (before, after, value, programs) = compared(language);
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (tree, directory) in [&before, &after].into_iter().zip(&directories) {
        tree.write(directory.path());
        build(directory.path());
    }
    for (name, asks) in programs {
        let plain = command(directories[0].path(), &name).output().unwrap();
        assert!(plain.status.success() && plain.stdout.find(&value).is_some(), "{name} before: {}", plain.stderr.as_bstr());
        let fake = Fake::start();
        fake.put("prod/app/db", Some(&serde_json::json!({ "password": value }).to_string()));
        let run = || {
            let mut command = command(directories[1].path(), &name);
            command.envs(VARIABLES).env("AWS_ENDPOINT_URL", fake.url());
            // Places that cannot ask the client read this.
            command.env(VARIABLE, &value).output().unwrap()
        };
        let output = run();
        assert!(output.status.success(), "{name}: {}", output.stderr.as_bstr());
        assert_eq!(output.stdout.as_bstr(), plain.stdout.as_bstr(), "{name}");
        let calls = fake.calls().iter().filter(|call| *call == "GetSecretValue").count();
        assert_eq!(calls, usize::from(asks), "{name} asks once: {:?}", fake.calls());
        if asks {
            fake.forget("prod/app/db");
            assert!(!run().status.success(), "{name} runs without its secret");
        }
    }
}

#[test]
fn python_asks_the_cached_client_outside_of_functions() {
    assert!(compared("python-client").3.iter().all(|(_, asks)| *asks));
    runs(
        "python-client",
        |_| (),
        |directory, name| {
            let mut command = run::command(tool("moto/venv/bin/python").to_str().unwrap(), &["-B", name], directory);
            // This SDK does not read AWS_REGION.
            command.env("AWS_DEFAULT_REGION", "eu-west-1");
            command
        },
    );
}

#[test]
fn node_waits_for_the_cached_client() {
    let build = |directory: &Path| std::os::unix::fs::symlink(tool("node-client/node_modules"), directory.join("node_modules")).unwrap();
    runs("javascript-client", build, |directory, name| run::Node.prepare(directory, name));
}

#[test]
fn typescript_waits_for_the_cached_client() {
    let build = |directory: &Path| {
        std::os::unix::fs::symlink(tool("node-client/node_modules"), directory.join("node_modules")).unwrap();
        for project in [".", "legacy"] {
            run::done(run::command(tool("bin/tsc").to_str().unwrap(), &["-p", project], directory).env("NO_COLOR", "1"));
        }
    };
    runs("typescript-client", build, |directory, name| {
        let made = match name.strip_prefix("legacy/") {
            Some(name) => format!("legacy/out/{name}"),
            None => name.replacen("src/", "out/", 1),
        };
        run::Node.prepare(directory, &made.replace("ts", "js"))
    });
}

#[test]
fn java_asks_the_cached_client_outside_of_methods() {
    let libraries = tool("java-client/lib").join("*");
    let path = format!("out:{}", libraries.display());
    let build = |directory: &Path| {
        let is_source = |name: &String| Path::new(name).extension().is_some_and(|ending| ending == "java");
        let sources: Vec<String> = Whole::of(directory).0.into_keys().filter(is_source).collect();
        let mut command = run::command("javac", &["-J-XX:TieredStopAtLevel=1", "-proc:none", "-Xlint:-options", "-d", "out"], directory);
        run::done(command.args(["-cp", &path]).args(sources));
    };
    runs("java-client", build, |directory, name| {
        let class = match name {
            "src/main/java/shop/Elsewhere.java" => "elsewhere.Elsewhere".to_owned(),
            _ => name.strip_prefix("src/main/java/").unwrap().replace(".java", "").replace('/', "."),
        };
        let options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp", &path, &class];
        run::command("java", &options, directory)
    });
}

#[test]
fn go_asks_the_cached_client_outside_of_functions() {
    let build = |directory: &Path| {
        let mut command = run::command("go", &["build", "-o", "bin/", "./cmd/..."], directory);
        run::done(command.envs(go_offline()));
    };
    runs("go-client", build, |directory, name| {
        let program = name.strip_prefix("cmd/").map_or("user", |name| name.split('/').next().unwrap());
        run::command(directory.join("bin").join(program).to_str().unwrap(), &[], directory)
    });
}
