//! The store's client in languages whose library is stood in for: what becomes of programs is run with something that answers like it. Owns: what
//! stands in. Must not: know more of the libraries than the helpers use.

use std::fs;
use std::path::Path;
use std::process::Command;

use bstr::ByteSlice as _;

use super::client::compared;
use super::{MARK, VARIABLE, folder, run};

/// What Rust's helper is made of is at hand, but for a way to the network: it is built, and says so.
#[cfg(feature = "aws")]
#[expect(clippy::duration_suboptimal_units, reason = "it is for older compilers, too")]
#[path = "../../../src/rewrite/code/client/files/unleak_secrets.rs"]
mod unleak_secrets;

/// The name that the value has in the store, and here in the environment.
const NAME: &str = "prod/app/db";

const PHP: &str = r"<?php
namespace Aws\SecretsManager;

class SecretsManagerClient
{
    public function __construct(array $options)
    {
    }

    public function getSecretValue(array $wanted): array
    {
        file_put_contents(getenv('CALLS'), '.', FILE_APPEND);
        if ($wanted['VersionStage'] !== 'AWSCURRENT' || getenv($wanted['SecretId']) === false) {
            throw new \Exception('no secret');
        }
        return ['SecretString' => getenv($wanted['SecretId'])];
    }
}
";

const RUST: &str = r#"
use std::sync::OnceLock;

pub fn get_key(name: &str, key: &str) -> &'static str {
    static VALUE: OnceLock<String> = OnceLock::new();
    assert_eq!(key, "password");
    VALUE.get_or_init(|| {
        std::fs::write(std::env::var("CALLS").unwrap(), ".").unwrap();
        let json = std::env::var(name).expect("no secret");
        json.strip_prefix("{\"password\":\"").and_then(|json| json.strip_suffix("\"}")).unwrap().to_owned()
    })
}
"#;

/// A driver of a database whose connections say what they were opened with, and one that reads the login of a secret.
const DRIVERS: [(&str, &str); 3] = [
    (
        "Database.java",
        r#"
import java.sql.*;
import java.util.Properties;

public class Database implements Driver {
    public boolean acceptsURL(String url) { return url.startsWith("jdbc:postgresql:"); }
    public Connection connect(String url, Properties info) {
        String login = url + " " + info.getProperty("user") + " " + info.getProperty("password");
        var kinds = new Class<?>[] { Connection.class };
        return acceptsURL(url) ? (Connection) java.lang.reflect.Proxy.newProxyInstance(Database.class.getClassLoader(), kinds, (a, b, c) -> login) : null;
    }
    public DriverPropertyInfo[] getPropertyInfo(String url, Properties info) { return new DriverPropertyInfo[0]; }
    public int getMajorVersion() { return 1; }
    public int getMinorVersion() { return 0; }
    public boolean jdbcCompliant() { return false; }
    public java.util.logging.Logger getParentLogger() { return null; }
}
"#,
    ),
    (
        "com/amazonaws/secretsmanager/sql/AWSSecretsManagerPostgreSQLDriver.java",
        r#"
package com.amazonaws.secretsmanager.sql;

import java.sql.*;
import java.util.Properties;

public class AWSSecretsManagerPostgreSQLDriver implements Driver {
    public AWSSecretsManagerPostgreSQLDriver() {
        try {
            DriverManager.registerDriver(this);
        } catch (SQLException error) {
            throw new RuntimeException(error);
        }
    }
    public boolean acceptsURL(String url) { return url.startsWith("jdbc-secretsmanager:postgresql:"); }
    public Connection connect(String url, Properties info) throws SQLException {
        if (!acceptsURL(url)) {
            return null;
        }
        String[] login = System.getenv(info.getProperty("user")).split(" ");
        return DriverManager.getConnection(url.replaceFirst("jdbc-secretsmanager", "jdbc"), login[0], login[1]);
    }
    public DriverPropertyInfo[] getPropertyInfo(String url, Properties info) { return new DriverPropertyInfo[0]; }
    public int getMajorVersion() { return 1; }
    public int getMinorVersion() { return 0; }
    public boolean jdbcCompliant() { return false; }
    public java.util.logging.Logger getParentLogger() { return null; }
}
"#,
    ),
    (
        "Main.java",
        "
public class Main {
    public static void main(String[] arguments) throws Exception {
        java.sql.DriverManager.registerDriver(new Database());
        System.out.println(new Manager().orders());
        System.out.println(new Manager().stock());
    }
}
",
    ),
];

/// Runs the programs of a tree before and after, with one call each; one fails without the secret. `stand_in` puts what stands in for the library
/// into a folder, `command` makes a program of a folder and runs it.
fn runs(language: &str, stand_in: impl Fn(&Path), command: impl Fn(&Path, &str) -> Command) {
    let (before, after, value, programs) = compared(language);
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (tree, directory) in [&before, &after].into_iter().zip(&directories) {
        tree.write(directory.path());
        stand_in(directory.path());
    }
    for (name, asks) in programs {
        let plain = command(directories[0].path(), &name).output().unwrap();
        assert!(plain.status.success() && plain.stdout.find(&value).is_some(), "{name} before: {}", plain.stderr.as_bstr());
        let calls = directories[1].path().join("calls");
        unleak::fsx::write_atomically(&calls, |out| out.write_all(b"")).unwrap();
        let run = |secret: Option<String>| {
            let mut command = command(directories[1].path(), &name);
            // Places that cannot ask the client read a variable.
            command.env("CALLS", &calls).env(VARIABLE, &value).envs(secret.map(|secret| (NAME, secret))).output().unwrap()
        };
        let output = run(Some(serde_json::json!({ "password": value }).to_string()));
        assert!(output.status.success(), "{name}: {}{}", output.stdout.as_bstr(), output.stderr.as_bstr());
        assert_eq!(output.stdout.as_bstr(), plain.stdout.as_bstr(), "{name}");
        assert_eq!(fs::read(&calls).unwrap().len(), usize::from(asks), "{name} asks once");
        assert_eq!(run(None).status.success(), !asks, "{name} without its secret");
    }
}

fn put(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    unleak::fsx::write_atomically(path, |out| out.write_all(content.as_bytes())).unwrap();
}

/// Whether a program that machines of developers can lack is there; compared is all the same without, and `scripts/test` says so.
fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("{program} is not installed: what its programs become is compared and not run");
    }
    there
}

#[test]
fn php_asks_the_cached_client_in_place() {
    if !is_there("php") {
        compared("php-client");
        return;
    }
    let library = |directory: &Path| put(&directory.join("vendor/autoload.php"), PHP);
    runs("php-client", library, |directory, name| {
        run::done(&mut run::command("php", &["-n", "-l", name], directory));
        run::command("php", &["-n", "-d", "display_errors=stderr", name], directory)
    });
}

/// The fixtures are what the rewriter makes, which a test of its own says.
#[test]
fn connections_of_java_are_opened_as_before_by_the_driver_of_the_store() {
    let mut said = Vec::new();
    for side in ["before", "after"] {
        let directory = tempfile::tempdir().unwrap();
        for (name, content) in DRIVERS {
            put(&directory.path().join(name), content);
        }
        put(&directory.path().join("Manager.java"), &fs::read_to_string(folder("jdbc-client").join(side).join("Manager.java")).unwrap());
        let sources = DRIVERS.map(|(name, _)| name);
        let mut compiler =
            run::command("javac", &["-J-XX:TieredStopAtLevel=1", "-proc:none", "-d", "out", "Manager.java"], directory.path());
        run::done(compiler.args(sources));
        let mut program = run::command("java", &["-XX:TieredStopAtLevel=1", "-cp", "out", "Main"], directory.path());
        let output = program.env("app/secret", format!("app {MARK}")).output().unwrap();
        assert!(output.status.success(), "{side}: {}", output.stderr.as_bstr());
        said.push(output.stdout.to_str().unwrap().to_owned());
    }
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0], format!("jdbc:postgresql://db/orders app {MARK}\njdbc:postgresql://db/stock app {MARK}\n"));
}

#[test]
fn rust_asks_the_cached_client_outside_of_functions() {
    let library = |directory: &Path| {
        put(&directory.join("unleak_secrets.rs"), RUST);
        run::done(&mut run::command("rustc", &["--edition", "2024", "--crate-type", "rlib", "unleak_secrets.rs"], directory));
    };
    runs("rust-client", library, |directory, name| {
        let options = ["--edition", "2024", "-D", "warnings", "--extern", "unleak_secrets=libunleak_secrets.rlib", "-o", "program", name];
        run::done(&mut run::command("rustc", &options, directory));
        run::command(directory.join("program").to_str().unwrap(), &[], directory)
    });
}

#[cfg(feature = "aws")]
#[test]
fn rust_waits_for_the_store_in_and_out_of_a_runtime() {
    let said = || {
        let failed = std::panic::catch_unwind(|| unleak_secrets::get("prod/app/db").len() + unleak_secrets::get_key("other", "key").len());
        failed.unwrap_err().downcast_ref::<String>().unwrap().clone()
    };
    let within = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async { said() });
    for said in [said(), within] {
        assert!(said.starts_with("the secret prod/app/db: "), "{said}");
        assert!(!said.contains("runtime"), "{said}");
    }
}
