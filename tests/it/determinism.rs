//! Invariant 5: the same input gives the same report, byte for byte. Owns: a seeded tree of 300 files, and a history of it. Must not: look at what is found.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use unleak::report::Format;

use crate::cli::{Sandbox, put};
use crate::made_up;

const FILES: u64 = 300;

/// A tree with tokens that repeat in other files, passwords, weak values, marks and an empty directory.
fn plant(root: &Path) {
    for number in 0..FILES {
        let ending = ["py", "env", "json", "md", "yml"][usize::try_from(number % 5).unwrap()];
        let directory = root.join(format!("d{}/e{}", number % 7, number % 11));
        fs::create_dir_all(&directory).unwrap();
        let token = made_up::token(number % 40);
        let password = made_up::password(number % 60 + 1);
        let mark = if number % 13 == 0 { " # unleak:allow" } else { "" };
        let filler = "some = words\n".repeat(usize::try_from(number * 37 % 200).unwrap());
        let text =
            format!("{filler}token = \"{token}\"{mark}\n{filler}password: \"{password}\"\nurl = postgres://a:{password}@db{number}/x\n");
        put(&directory.join(format!("f{number}.{ending}")), &text);
    }
    fs::create_dir_all(root.join("none")).unwrap();
}

#[test]
fn reports_do_not_depend_on_threads_or_on_where_the_tree_is() {
    let [sandbox, other] = [Sandbox::new(&[]), Sandbox::new(&[("deeper/down/.keep", "")])];
    let roots = [sandbox.directory.path().join("tree"), other.directory.path().join("deeper/down/copy")];
    for root in &roots {
        plant(root);
    }
    for format in Format::ALL {
        let scan = |root: &Path, threads: &str| {
            let arguments = ["scan", "--explain", "--receipt", "--exit-zero", "--format", format.name(), "--threads", threads, "."];
            let output = sandbox.command(&arguments).current_dir(root).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        let expected = scan(&roots[0], "1");
        assert!(expected.len() > 50_000, "{format:?} has {} bytes", expected.len());
        for threads in ["1", "2", "3", "8"] {
            for root in &roots {
                assert!(scan(root, threads) == expected, "{format:?} with {threads} threads in {}", root.display());
            }
        }
    }
}

#[test]
fn reports_of_a_history_do_not_depend_on_threads_or_on_how_it_is_stored() {
    let sandbox = Sandbox::new(&[]);
    let root = sandbox.directory.path();
    sandbox.git(&["init", "--quiet"]);
    plant(root);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "all"]);
    for number in 0..30_u64 {
        let name = format!(
            "d{}/e{}/f{number}.{}",
            number % 7,
            number % 11,
            ["py", "env", "json", "md", "yml"][usize::try_from(number % 5).unwrap()]
        );
        let mut text = sandbox.read(&name);
        writeln!(text, "added = \"{}\"", made_up::token(100 + number % 20)).unwrap();
        put(&root.join(&name), &text);
        sandbox.git(&["commit", "--quiet", "--all", "-m", &format!("change {number}")]);
    }
    let reports = |threads: &str| {
        Format::ALL.map(|format| {
            let arguments = [
                "scan",
                "--history",
                "--no-cache",
                "--explain",
                "--receipt",
                "--exit-zero",
                "--format",
                format.name(),
                "--threads",
                threads,
            ];
            let output = sandbox.run(&arguments);
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        })
    };
    let expected = reports("1");
    assert!(expected.iter().all(|report| report.len() > 50_000));
    assert!(reports("3") == expected);
    sandbox.git(&["repack", "-adq"]);
    for threads in ["1", "2", "8"] {
        assert!(reports(threads) == expected, "packed, with {threads} threads");
    }
}
