//! A history as people make it: a few hundred commits that edit, move, delete and merge files of many kinds, stored as deep chains of changes.
//! Looking at what changes gives exactly what looking at every version whole gives.

use std::fmt::Write as _;

use unleak::patterns::{Catalogue, PatternIndex, example};

use super::{Fixture, random};

/// Commits on each line of history.
const COMMITS: u64 = 320;
/// Files at the start; their endings and folders have them read in different ways.
const FILES: [&str; 12] = [
    "src/app.py",
    "src/main.go",
    "src/lib/util.js",
    "config/prod.yml",
    "config/app.properties",
    ".env",
    "deploy/run.sh",
    "docs/setup.md",
    "tests/test_app.py",
    "tests/data.json",
    "infra/main.tf",
    "keys/all",
];

/// Text that depends on other lines.
const PIECES: [&str; 14] = [
    "password =\n\n  \"correct-Horse7battery\"\n",
    "machine api.example.net\n  login joe\n  password tr0ub4dor3x\n",
    "kind: Config\nusers:\n- name: a\n  user:\n    password: zebra9Quill\n",
    "[default]\naws_region = eu-central-1\n",
    "tokens = [\n  \"Zq7mK2vX9rTa3w\",\n  \"Lp8Qn4Yc6Bd1Ks\",\n]\n",
    "-----BEGIN EC PRIVATE KEY-----\n",
    "MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\n",
    "-----END EC PRIVATE KEY-----\n",
    "Authorization:\n  - Bearer Zq7mK2vX9rTa3wLp8Qn4Yc6B\n",
    "url = postgres://app:tr0ub4dorZebra9@db.internal/app\n",
    "x := `\npassword=abcDEF123ghi\n`\n",
    "# unleak:allow known\n",
    "def connect(host, port):\n    return open(host, port)\n",
    "cGFzc3dvcmQgPSAidHIwdWI0ZG9yLVplYnJhOSIK\n",
];

/// A few lines: plain ones, pieces, made-up credentials of any pattern.
fn lines(catalogue: &Catalogue, random: &mut impl FnMut(u64) -> u64) -> String {
    match random(6) {
        0 => PIECES[usize::try_from(random(14)).unwrap()].to_owned(),
        1 => {
            let count = catalogue.indices().count() as u64;
            let index = PatternIndex(u16::try_from(random(count)).unwrap());
            let def = &catalogue.pattern(index).def;
            let template = &def.positive[usize::try_from(random(def.positive.len() as u64)).unwrap()];
            let filled = example::fill(catalogue, index, template, random(u64::MAX)).unwrap();
            String::from_utf8_lossy(&filled).into_owned() + "\n"
        }
        _ => (0..=random(4)).fold(String::new(), |mut out, _| {
            writeln!(out, "value_{} = compute({}, {})", random(40), random(900), random(7)).unwrap();
            out
        }),
    }
}

/// A file as its lines.
type File = (String, Vec<String>);

/// Changes some files a little.
fn edit(files: &mut Vec<File>, catalogue: &Catalogue, random: &mut impl FnMut(u64) -> u64, number: u64) {
    for _ in 0..=random(3) {
        // Some files change often.
        let most = 1 + random(files.len() as u64);
        let at = usize::try_from(random(most)).unwrap();
        let choice = random(12);
        if choice == 0 && files.len() > 6 {
            files.remove(at);
            continue;
        }
        if choice == 1 {
            files.push((format!("src/new{number}.py"), files[at].1.clone()));
        }
        let (path, text) = &mut files[at];
        let line = usize::try_from(random(text.len() as u64 + 1)).unwrap();
        let end = text.len().min(line + 6);
        match choice {
            2 => *path = format!("{}/{path}", ["tests", "old", "docs"][usize::try_from(random(3)).unwrap()]),
            3 => drop(text.drain(line..end)),
            4 => text.rotate_left(line),
            5 => text.iter_mut().skip(line).take(1).for_each(|line| *line = line.replace('a', "b")),
            // The end of the file without a line end, or with one.
            6 => text.iter_mut().next_back().into_iter().for_each(|line| *line = line.trim_end().to_owned()),
            _ => text.splice(line..line, lines(catalogue, random).split_inclusive('\n').map(str::to_owned)).for_each(drop),
        }
    }
    files.sort();
    files.dedup_by(|a, b| a.0 == b.0);
}

/// One commit in the language of `git fast-import`.
fn commit(out: &mut String, number: u64, parents: &[u64], files: &[File]) {
    let seconds = 1_600_000_000 + number * 3600;
    writeln!(out, "commit refs/heads/line\nmark :{number}\ncommitter Ann <ann@example.com> {seconds} +0000\ndata 2\nm\n").unwrap();
    for (at, parent) in parents.iter().enumerate() {
        writeln!(out, "{} :{parent}", if at == 0 { "from" } else { "merge" }).unwrap();
    }
    out.push_str("deleteall\n");
    for (path, text) in files {
        let text = text.concat();
        writeln!(out, "M 100644 inline {path}\ndata {}\n{text}", text.len()).unwrap();
    }
}

fn history(seed: u64) -> String {
    let catalogue = Catalogue::builtin();
    let mut random = random(seed);
    let start = |path: &&str| {
        let text = (0..30).map(|_| lines(&catalogue, &mut random)).collect::<String>();
        ((*path).to_owned(), text.split_inclusive('\n').map(str::to_owned).collect())
    };
    let mut main: Vec<File> = FILES.iter().map(start).collect();
    let mut side: Option<(u64, Vec<File>)> = None;
    let mut last = 1;
    let mut out = String::new();
    commit(&mut out, 1, &[], &main);
    for number in 2..=COMMITS {
        match &mut side {
            None if random(12) == 0 => side = Some((last, main.clone())),
            Some((tip, files)) if random(3) == 0 => {
                edit(files, &catalogue, &mut random, number);
                commit(&mut out, number, &[*tip], files);
                *tip = number;
                continue;
            }
            Some((tip, files)) if random(10) == 0 && *tip != last => {
                main.extend(files.iter().filter(|_| random(4) == 0).cloned());
                edit(&mut main, &catalogue, &mut random, number);
                commit(&mut out, number, &[last, *tip], &main);
                (last, side) = (number, None);
                continue;
            }
            _ => {}
        }
        edit(&mut main, &catalogue, &mut random, number);
        commit(&mut out, number, &[last], &main);
        last = number;
    }
    writeln!(out, "reset refs/heads/main\nfrom :{last}\n").unwrap();
    out
}

/// A repository `r` with such a history, packed.
pub fn repository(seed: u64) -> Fixture {
    let fixture = Fixture::new("repository r");
    fixture.sandbox.run(": >stream");
    std::fs::File::options()
        .write(true)
        .open(fixture.sandbox.path("stream"))
        .and_then(|mut file| std::io::Write::write_all(&mut file, history(seed).as_bytes()))
        .unwrap();
    let deepest = fixture.sandbox.run(
        "cd r; git fast-import --quiet <../stream; git -c pack.threads=1 repack -adfq --depth=250 --window=10
        git verify-pack -v .git/objects/pack/*.idx | awk '$2 == \"blob\" && $6 > most { most = $6 } END { print most + 0 }'",
    );
    assert!(deepest.parse::<u32>().unwrap() > 12, "the deepest chain has {deepest} changes");
    fixture
}

#[test]
fn changes_give_what_whole_versions_give() {
    for seed in [1, 2] {
        let fixture = repository(seed);
        let arguments = ["--history", "--no-cache", "--min-confidence", "low"];
        let by_changes = fixture.scan("r", &arguments);
        let whole = fixture.scan("r", &[&arguments[..], &["--no-delta"]].concat());
        assert_eq!(by_changes.report, whole.report, "seed {seed}");
        assert!(by_changes.report["findings"].as_array().unwrap().len() > 50, "{}", by_changes.errors);
        let little = fixture.scan("r", &[&arguments[..], &["--memory", "20M", "--threads", "3"]].concat());
        assert_eq!(little.report, whole.report, "seed {seed}, in little memory");
    }
}
