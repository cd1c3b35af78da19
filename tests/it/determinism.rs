//! Invariant 5: the same input gives the same report, byte for byte. Owns: a seeded tree of 300 files. Must not: look at what is found.

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
