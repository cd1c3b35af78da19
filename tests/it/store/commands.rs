//! `unleak run`, `get`, `check` and `store`, from outside.

use std::process::{Command, Output, Stdio};

use super::{new, token};
use crate::cli::{Sandbox, assert_exit, text};
use unleak::secret::Secret;
use unleak::store::local::{Key, LocalStore};
use unleak::store::{SecretStore, Tags};

/// A directory to work in, and a home with a local store.
struct Home {
    sandbox: Sandbox,
    home: tempfile::TempDir,
}

impl Home {
    fn new(files: &[(&str, &str)], secrets: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let key = Key { file: home.path().join(".config/unleak/identity.txt"), passphrase: None };
        key.create().unwrap();
        let store = LocalStore::open(&home.path().join(".local/share/unleak"), &key).unwrap();
        for (name, value) in secrets {
            store.create(&new(name, &Secret::new(value.as_bytes()), &Tags::new(), &token(1))).unwrap();
        }
        Self { sandbox: Sandbox::new(files), home }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(arguments);
        command.env("HOME", self.home.path()).env("PATH", "/usr/bin:/bin");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

const DB: (&str, &str) = ("prod/db", r#"{"username":"app","password":"p\u00e4ss w\"rd"}"#);

#[test]
fn a_command_gets_values_and_gives_its_own_exit_code() {
    let home = Home::new(
        &[(".unleak.env", "# references\nexport DB_PASSWORD=ref+unleak://prod/db#/password\nPLAIN='a b'\nMINE=file\n")],
        &[DB, ("token", "t0")],
    );
    let script = "printf '%s|%s|%s|%s|%s' \"$DB_PASSWORD\" \"$PLAIN\" \"$MINE\" \"$TOKEN\" \"$UNLEAK_PASSPHRASE\"; exit 42";
    let output = home
        .command(&["run", "--", "sh", "-c", script])
        .envs([("MINE", "environment"), ("TOKEN", "ref+unleak://token"), ("UNLEAK_PASSPHRASE", "x")])
        .output()
        .unwrap();
    assert_exit(&output, 42);
    assert_eq!(text(&output.stdout), "p\u{e4}ss w\"rd|a b|environment|t0|");
    // No file is asked for where one is given.
    let output = home.command(&["run", "--env-file", "/dev/null", "sh", "-c", "printf \"$PLAIN\""]).output().unwrap();
    assert_exit(&output, 0);
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn variables_of_a_file_take_in_those_that_are_references() {
    let lines = "\u{feff}NAME=app\r\nPASSWORD=ref+unleak://${ENV:-prod}/db#/password\r\n\
                 URL=postgres://${NAME}:${PASSWORD}@${HOST}/${NONE:-orders}\r\nFULL=\"${URL}?a=\\\"b\\\"\"\r\nGREETING=hello, it's me\r\n";
    let home = Home::new(&[(".env", lines)], &[DB]);
    let script = "printf '%s|%s|%s' \"$URL\" \"$FULL\" \"$GREETING\"";
    let output = home.command(&["run", "--env-file", ".env", "--", "sh", "-c", script]).env("HOST", "db").output().unwrap();
    assert_exit(&output, 0);
    let url = "postgres://app:p\u{e4}ss w\"rd@db/orders";
    assert_eq!(text(&output.stdout), format!("{url}|{url}?a=\"b\"|hello, it's me"));
    let unclear = Home::new(&[(".env", "A=1\nB=pa$word1\n")], &[]).run(&["run", "--env-file", ".env", "touch", "ran"]);
    assert_exit(&unclear, 2);
    let expected = "unleak: error: cannot read .env: line 2: readers of such files disagree about this $; write ${NAME}, or the value in single quotes\n";
    assert_eq!(text(&unclear.stderr), expected);
}

#[test]
fn a_file_is_handed_over_in_its_own_encoding() {
    let home = Home::new(&[], &[DB]);
    let wide = |text: &str| -> Vec<u8> { std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect() };
    for (name, text) in [("a.json", "{\"p\": \"ref+unleak://prod/db#/password\"}"), (".env", "P=ref+unleak://prod/db#/username")] {
        let file = home.sandbox.directory.path().join(name);
        unleak::fsx::write_atomically(&file, |out| out.write_all(&wide(text))).unwrap();
    }
    let output = home.run(&["run", "--env-file", ".env", "--file", "a.json", "--", "sh", "-c", "cat \"$0\"; printf \"$P\"", "a.json"]);
    assert_exit(&output, 0);
    assert_eq!(output.stdout, [wide("{\"p\": \"p\u{e4}ss w\\\"rd\"}"), b"app".to_vec()].concat());
    let masked = home.run(&["run", "--mask", "--env-file", "/dev/null", "--file", "a.json", "--", "cat", "a.json"]);
    assert_eq!(masked.stdout, [wide("{\"p\": \""), b"********".to_vec(), wide("\"}")[2..].to_vec()].concat());
}

#[test]
fn the_command_takes_the_place_of_the_program() {
    let home = Home::new(&[], &[("token", "value-of-token")]);
    let mut child = home
        .command(&["run", "--", "sh", "-c", "echo $$; tr '\\0' ' ' </proc/$$/cmdline; read line"])
        .env("TOKEN", "ref+unleak://token")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stdout);
    assert!(said.starts_with(&format!("{id}\n")), "no process is left in between: {said}");
    assert!(!said.contains("value-of-token"), "{said}");
}

#[test]
fn nothing_runs_where_a_reference_does_not_resolve() {
    let home = Home::new(&[(".unleak.env", "A=ref+unleak://none\nB=ref+unleak://prod/db#/nothing\nC=ref+op://x\n")], &[DB]);
    let output = home.run(&["run", "--", "touch", "ran"]);
    assert_exit(&output, 78);
    let expected = "unleak: error: nothing was run, since references cannot be resolved:
  C: a reference starts with ref+awssecrets://, ref+awsssm://, ref+vault://, ref+gcpsecrets://, ref+azurekeyvault://, ref+file:// or ref+unleak://
  A: none: there is no such secret or version
  B: prod/db: it has no \"nothing\"; its keys are password, username
";
    assert_eq!(text(&output.stderr), expected);
    assert!(!home.sandbox.directory.path().join("ran").exists());
    assert_exit(&home.run(&["run", "--env-file", "/dev/null", "--", "no-such-command"]), 127);
    assert_exit(&home.run(&["run", "--env-file", "/dev/null", "--", "/dev/null"]), 126);
    let wrong = Home::new(&[("w.env", "A=1\nsecret value here\n")], &[]).run(&["run", "--env-file", "w.env", "true"]);
    assert_exit(&wrong, 2);
    assert_eq!(text(&wrong.stderr), "unleak: error: cannot read w.env: line 2: it is not NAME=VALUE\n");
}

#[test]
fn a_command_gets_a_file_with_values_and_none_is_on_disk() {
    let config = "{\n  \"user\": \"app\",\n  \"password\": \"ref+unleak://prod/db#/password\"\n}\n";
    let home = Home::new(&[("config.json", config), ("a.ini", "[a]\nt = ref+unleak://token\n")], &[DB, ("token", "t0-value")]);
    let script = "cat \"$0\" \"${1#--ini=}\"; cat \"$0\" >/dev/null && readlink \"$0\"; tr '\\0' ' ' </proc/$$/cmdline";
    let arguments = ["run", "--file", "config.json", "--file", "a.ini", "--", "sh", "-c", script, "./config.json", "--ini=a.ini"];
    let output = home.run(&arguments);
    assert_exit(&output, 0);
    let said = text(&output.stdout);
    let expected = "{\n  \"user\": \"app\",\n  \"password\": \"p\u{e4}ss w\\\"rd\"\n}\n[a]\nt = t0-value\n/memfd:unleak (deleted)\n";
    assert!(said.starts_with(expected), "{said}");
    assert!(said[expected.len()..].contains(" /proc/self/fd/") && !said[expected.len()..].contains("t0-value"), "{said}");
    assert_eq!(home.sandbox.read("config.json"), config);
    // Masked, too, and sealed.
    let script = "cat \"$0\"; echo x >> \"$0\" || echo sealed";
    let output = home.run(&["run", "--mask", "--file", "a.ini", "sh", "-c", script, "a.ini"]);
    assert_eq!(text(&output.stdout), "[a]\nt = ********\nsealed\n");
    let output = home.run(&["run", "--mask", "--file", "config.json", "cat", "config.json"]);
    assert_eq!(text(&output.stdout), config.replace("ref+unleak://prod/db#/password", "********"));
}

#[test]
fn nothing_runs_where_a_file_cannot_be_handed_over() {
    let files = [
        ("a.json", "{\"a\": \"ref+unleak://none\",\n\"b\": \"x ref+unleak://token\"}"),
        ("b.ini", "a = ref+unleak://odd\n"),
        ("c.json", "{}"),
    ];
    let home = Home::new(&files, &[("token", "t0"), ("odd", "two\nlines")]);
    let said = |arguments: &[&str], exit: i32| {
        let output = home.run(arguments);
        assert_exit(&output, exit);
        text(&output.stderr)
    };
    assert_eq!(
        said(&["run", "--file", "a.json", "--file", "b.ini", "touch", "ran"], 78),
        "unleak: error: nothing was run, since references cannot be resolved:
  a.json:2: the reference is a part of a longer value
  b.ini:1: readers of such files disagree about the characters of the value
"
    );
    assert_eq!(
        said(&["run", "--file", "c.json", "touch", "ran"], 2),
        "unleak: error: no argument of the command is c.json, or ends in =c.json
  hint: a program that opens the file by a name of its own sees the references; have it take the name, or read variables
"
    );
    assert!(!home.sandbox.directory.path().join("ran").exists());
}

#[test]
fn the_file_of_references_is_found_up_to_the_root_of_the_repository() {
    let home = Home::new(&[(".unleak.env", "A=ref+unleak://token\n"), ("api/src/x", "")], &[("token", "t0")]);
    let run = |folder: &str| {
        let mut command = home.command(&["run", "--", "sh", "-c", "printf \"[$A]\""]);
        text(&command.current_dir(home.sandbox.directory.path().join(folder)).output().unwrap().stdout)
    };
    assert_eq!((run("."), run("api/src")), ("[t0]".to_owned(), "[]".to_owned()));
    std::fs::create_dir(home.sandbox.directory.path().join(".git")).unwrap();
    assert_eq!(run("api/src"), "[t0]");
    std::fs::create_dir(home.sandbox.directory.path().join("api/.git")).unwrap();
    assert_eq!(run("api/src"), "[]");
}

#[test]
fn one_value_is_written_as_it_is() {
    let home = Home::new(&[], &[DB]);
    let output = home.run(&["get", "ref+unleak://prod/db#/password"]);
    assert_exit(&output, 0);
    assert_eq!(text(&output.stdout), "p\u{e4}ss w\"rd");
    assert_exit(&home.run(&["get", "ref+unleak://none"]), 78);
    let wrong = home.run(&["get", "prod/db"]);
    assert_exit(&wrong, 2);
    assert_eq!(
        text(&wrong.stderr),
        "unleak: error: a reference starts with ref+awssecrets://, ref+awsssm://, ref+vault://, ref+gcpsecrets://, ref+azurekeyvault://, ref+file:// or ref+unleak://\n"
    );
}

#[test]
fn every_reference_of_a_tree_is_checked() {
    let files = [
        ("a.yml", "one: ref+unleak://prod/db#/password\ntwo: \"ref+unleak://prod/db#/username\"\n"),
        ("b/c.env", "A=1\nB=ref+unleak://prod/db#/none\nC=ref+unleak://gone\nD=ref+unleak://a?x=y\n"),
    ];
    let home = Home::new(&files, &[DB]);
    let output = home.run(&["check"]);
    assert_exit(&output, 1);
    let expected = "b/c.env:2: ref+unleak://prod/db#/none: prod/db: it has no \"none\"; its keys are password, username
b/c.env:3: ref+unleak://gone: gone: there is no such secret or version
b/c.env:4: there is no parameter \"x\"; known are region, role_arn, version_stage, version_id
5 references to 4 values, 3 do not resolve
no migration is on record here, so that no values were looked for; --plan PLAN says which
";
    assert_eq!(text(&output.stdout), expected);
    let output = home.run(&["check", "a.yml"]);
    assert_exit(&output, 0);
    assert!(text(&output.stdout).starts_with("2 references to 2 values, 0 do not resolve\nno migration is on record here"));
}

#[test]
fn stores_are_listed_and_a_new_key_is_never_put_in_place_of_one() {
    let home = Home::new(&[], &[DB, ("token", "t0")]);
    let output = home.run(&["store", "list", "--prefix", "prod/"]);
    assert_exit(&output, 0);
    assert_eq!(text(&output.stdout), "prod/db\tlive\t1 versions\ta description\n");
    let again = home.run(&["store", "init"]);
    assert_exit(&again, 2);
    assert!(text(&again.stderr).contains("there is a key already"), "{}", text(&again.stderr));

    let fresh = Sandbox::new(&[]);
    let fresh = |arguments: &[&str]| {
        fresh.command(arguments).env("HOME", fresh.directory.path()).env("UNLEAK_PASSPHRASE", "long enough").output().unwrap()
    };
    assert_exit(&fresh(&["store", "init"]), 0);
    assert_exit(&fresh(&["store", "list"]), 0);
}

#[test]
fn a_key_is_made_by_whoever_stores_and_never_for_a_store_of_another() {
    let source = format!("DB_PASSWORD = \"{}\"\n", crate::made_up::password(107));
    let home = Sandbox::new(&[("tree/app.py", source.as_str()), ("home/x", "")]);
    let at = |name: &str| home.directory.path().join("home").join(name);
    let run = |arguments: &[&str], exit: i32| {
        let output = home.command(arguments).env("HOME", at("")).env("T", "ref+unleak://t").output().unwrap();
        assert_exit(&output, exit);
        text(&output.stdout) + &text(&output.stderr)
    };
    let entries = || std::fs::read_dir(at("")).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    // What only reads leaves nothing behind.
    assert_eq!(run(&["get", "ref+unleak://t"], 78), "unleak: error: t: there is no such secret or version\n");
    run(&["run", "--", "true"], 78);
    run(&["check", "tree"], 0);
    run(&["-q", "migrate", "plan", "tree", "-o", "plan.json"], 0);
    run(&["migrate", "apply", "plan.json", "--check"], 0);
    run(&["migrate", "apply", "plan.json", "--dry-run"], 0);
    assert_eq!(run(&["store", "list"], 0), "");
    assert_eq!(entries(), ["x"]);
    let said = run(&["migrate", "apply", "plan.json", "--yes"], 4);
    assert!(said.contains("the key of the local store is "), "{said}");
    // A lost key is not replaced by one that opens nothing.
    let (key, store) = (at(".config/unleak/identity.txt"), at(".local/share/unleak"));
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let expected = format!(
        "unleak: error: {}: there is no key, and the local store in {store} opens with the one that was there
  hint: put the copy of the key there, or set UNLEAK_IDENTITY to where it is; a new key could not open the store
  hint: without a copy nothing in it can be read: move {store} away, then `unleak store init` makes a key for a new store
",
        key.display(),
        store = store.display()
    );
    assert_eq!(run(&["store", "init"], 2), expected);
    assert_eq!(run(&["store", "list"], 2), expected);
    assert_eq!(run(&["migrate", "undo", "--yes", "--root", "tree"], 2), expected);
    assert!(!key.exists());
    unleak::fsx::write_private(&key, &kept).unwrap();
    run(&["migrate", "undo", "--yes", "--root", "tree"], 0);
    assert_eq!(home.read("tree/app.py"), source);
}

#[cfg(feature = "aws")]
#[test]
fn secrets_are_copied_to_the_cloud_once_and_never_over_others() {
    use super::aws::VARIABLES;
    use super::fake::Fake;
    let home = Home::new(&[], &[DB, ("token", "t0"), ("other", "x")]);
    let fake = Fake::start();
    let copy = |prefix: &str| {
        let mut command = home.command(&["store", "copy", "local", "aws", "--prefix", prefix]);
        command.envs(VARIABLES).env("AWS_ENDPOINT_URL", fake.url()).output().unwrap()
    };
    let dry =
        home.command(&["store", "copy", "local", "aws", "--dry-run"]).envs(VARIABLES).env("AWS_ENDPOINT_URL", fake.url()).output().unwrap();
    assert_eq!((text(&dry.stdout).lines().count(), fake.secrets().len()), (3, 0));
    let first = copy("");
    assert_exit(&first, 0);
    assert_eq!(text(&first.stdout), "other\tcopied\nprod/db\tcopied\ntoken\tcopied\n");
    assert_exit(&copy(""), 0);
    assert_eq!(fake.secrets().into_values().collect::<Vec<_>>(), [1, 1, 1]);
    let local = LocalStore::open(
        &home.home.path().join(".local/share/unleak"),
        &Key { file: home.home.path().join(std::path::Path::new(".config/unleak/identity.txt")), passphrase: None },
    )
    .unwrap();
    local.put_version("token", &Secret::new(b"t1"), &token(2), &[unleak::store::CURRENT]).unwrap();
    let refused = copy("token");
    assert_exit(&refused, 7);
    assert!(text(&refused.stderr).contains("token: a secret of this name exists"), "{}", text(&refused.stderr));
    let resolved = home
        .command(&["run", "--", "sh", "-c", "printf \"$T\""])
        .envs(VARIABLES)
        .envs([("AWS_ENDPOINT_URL", fake.url().as_str()), ("T", "ref+awssecrets://token"), ("RUST_LOG", "trace")])
        .output()
        .unwrap();
    assert_eq!((text(&resolved.stdout), text(&resolved.stderr)), ("t0".to_owned(), String::new()));
}

#[cfg(feature = "aws")]
#[test]
fn references_go_with_the_secrets_that_are_copied() {
    use super::aws::VARIABLES;
    use super::fake::Fake;
    let value = crate::made_up::password(108);
    let env = format!(
        "# kept\r\nA=ref+unleak://prod/db#/password\r\nSECRET={value}\r\nB=ref+unleak://other\r\nC=ref+unleak://other?version_stage=AWSPREVIOUS\r\n\
         D=ref+unleak://none\r\nE=xref+unleak://token\r\nF=ref+awssecrets://token"
    );
    let home = Home::new(&[("a/.env", &env), ("b.yml", "t: \"ref+unleak://token\"\n")], &[DB, ("token", "t0"), ("other", "x")]);
    let fake = Fake::start();
    let copy = |more: &[&str]| {
        let mut command = home.command(&[&["store", "copy", "local", "aws"], more].concat());
        let output = command.envs(VARIABLES).env("AWS_ENDPOINT_URL", fake.url()).output().unwrap();
        assert_exit(&output, 0);
        (text(&output.stdout), text(&output.stderr))
    };
    let of_a = "a/.env:2: ref+unleak://prod/db#/password -> ref+awssecrets://prod/db#/password
a/.env:4: ref+unleak://other -> ref+awssecrets://other
a/.env:5: ref+unleak://other?version_stage=AWSPREVIOUS stays: it names a version, which the other store does not have
a/.env:6: ref+unleak://none stays: its secret was not copied
";
    let (said, dry) = copy(&["--dry-run", "--references", "a"]);
    assert_eq!((said, dry.as_str()), (format!("other\tto be copied\nprod/db\tto be copied\ntoken\tto be copied\n{of_a}"), ""));
    assert_eq!((home.sandbox.read("a/.env"), fake.secrets().len()), (env.clone(), 0));
    // Without the option they are named.
    let (said, noted) = copy(&[]);
    assert_eq!(said, "other\tcopied\nprod/db\tcopied\ntoken\tcopied\n");
    let head = "unleak: note: 5 references lead to the local store still; --references PATH rewrites them:\n";
    assert_eq!(noted, format!("{head}{of_a}b.yml:1: ref+unleak://token -> ref+awssecrets://token\n"));
    assert_eq!(home.sandbox.read("a/.env"), env);
    let (said, noted) = copy(&["--references", "."]);
    assert!(said.ends_with(&format!("{of_a}b.yml:1: ref+unleak://token -> ref+awssecrets://token\n")) && noted.is_empty(), "{said}{noted}");
    let expected = env
        .replace("A=ref+unleak://prod/db#/password", "A=ref+awssecrets://prod/db#/password")
        .replace("B=ref+unleak://other", "B=ref+awssecrets://other");
    assert_eq!(home.sandbox.read("a/.env"), expected);
    assert_eq!(home.sandbox.read("b.yml"), "t: \"ref+awssecrets://token\"\n");
    assert!(!said.contains(&value), "no other line of a file is shown");
}

#[cfg(unix)]
#[test]
fn what_a_command_writes_is_masked_on_request() {
    let home = Home::new(
        &[(".unleak.env", "A=ref+unleak://token\nB=ref+unleak://prod/db#/password\nPLAIN=plain\n")],
        &[DB, ("token", "value-of-token")],
    );
    let script = "echo \"$A and $PLAIN\"; printf '%s' \"$B\" >&2; printf 'value-of-'; sleep 0.2; echo token; exit 7";
    let output = home.run(&["run", "--mask", "--", "sh", "-c", script]);
    assert_exit(&output, 7);
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("******** and plain\n********\n".to_owned(), "********".to_owned()));
    // The command has the place of the program still, and what ends it is what ends the program.
    let mut child = home.command(&["run", "--mask", "--", "sh", "-c", "echo $$; kill -TERM $$"]).stdout(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let mut said = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut said).unwrap();
    assert_eq!(said, format!("{id}\n"));
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap()), Some(15));
}

#[cfg(target_os = "linux")]
#[test]
fn the_local_store_says_in_its_own_words_what_a_migration_takes() {
    let value = crate::made_up::password(96);
    let home = Home::new(&[("app.py", &format!("DB_PASSWORD = \"{value}\"\n"))], &[]);
    let check = |home: &Home, variables: &[(&str, &str)]| {
        home.command(&["-q", "migrate", "--check", "--new-version"]).envs(variables.iter().copied()).output().unwrap()
    };
    let output = check(&home, &[]);
    assert_exit(&output, 0);
    let said = text(&output.stdout);
    let (_, rest) = said.split_once('\n').unwrap();
    assert_eq!(rest, format!("  allowed  to write in {}\n", home.home.path().display()));
    let key = home.home.path().join("key.txt").display().to_string();
    Key { file: key.clone().into(), passphrase: None }.create().unwrap();
    // Nobody makes files there.
    let output = check(&home, &[("XDG_DATA_HOME", "/proc/none"), ("UNLEAK_IDENTITY", &key)]);
    assert_exit(&output, 5);
    assert!(text(&output.stdout).contains("\n  missing  to write in /proc  ("), "{}", text(&output.stdout));
    assert_eq!(text(&output.stderr), "unleak: error: the identity needs to write in /proc\n");
}

#[test]
fn the_keyring_of_the_system_keeps_the_passphrase_of_the_key() {
    let sandbox = Sandbox::new(&[]);
    let run = |passphrase: &str, arguments: &[&str]| {
        sandbox.command(arguments).env("HOME", sandbox.directory.path()).env("UNLEAK_PASSPHRASE", passphrase).output().unwrap()
    };
    assert_exit(&run("", &["store", "unlock"]), 2);
    assert_exit(&run("long enough", &["store", "init"]), 0);
    assert_exit(&run("long enough", &["store", "list"]), 0);
    let without = run("", &["store", "list"]);
    assert!(text(&without.stderr).ends_with("or `unleak store unlock` first\n"), "{}", text(&without.stderr));
    let wrong = run("another", &["store", "unlock"]);
    assert!(text(&wrong.stderr).contains("the passphrase does not open the key"), "{}", text(&wrong.stderr));
    #[cfg(target_os = "linux")]
    {
        // A session keyring, as a login gives one, whatever started the tests.
        let join = "import ctypes, os, sys\nif ctypes.CDLL(None).syscall(SYS, 1, None) < 0: sys.exit(77)\nos.execv('/bin/sh', ['sh', '-c', sys.argv[1]])";
        let number = if cfg!(target_arch = "aarch64") { "219" } else { "250" };
        let unleak = env!("CARGO_BIN_EXE_unleak");
        let script = format!(
            "UNLEAK_PASSPHRASE='long enough' {unleak} store unlock && {unleak} store list && {unleak} store lock && {unleak} store lock && \
             ! {unleak} store list </dev/null"
        );
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-c", &join.replace("SYS", number), &script]).env_clear().env("HOME", sandbox.directory.path());
        let output = command.output().unwrap();
        if output.status.code() == Some(77) {
            return eprintln!("this kernel gives no keyring to this process");
        }
        assert_exit(&output, 0);
        let said = text(&output.stdout);
        let lines: Vec<&str> = said.lines().map(|line| line.rsplit_once("identity.txt ").unwrap().1).collect();
        assert_eq!(lines, [format!("is {}", unleak::store::local::keyring::LASTS).as_str(), "is out of the keyring", "was in no keyring"]);
    }
}
