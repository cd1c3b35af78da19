//! What people write to people, in any language.

use super::judged::found;
use super::{Op, read_all, reads};

#[test]
fn names_in_other_languages() {
    for name in [
        "senha",
        "kennwort",
        "contrasena",
        "contraseña",
        "wachtwoord",
        "haslo",
        "hasło",
        "heslo",
        "lozinka",
        "jelszo",
        "mot_de_passe",
        "DB_SENHA",
    ] {
        reads("a.py", &format!("{name} = 'abc1'"), &[(Op::Assign, "abc1")]);
    }
    for name in ["пароль", "密码", "密碼", "口令", "パスワード", "비밀번호", "암호", "数据库密码"] {
        reads("a.md", &format!("{name}: abc1"), &[(Op::Colon, "abc1")]);
        reads("a.md", &format!("{name}\u{ff1a}abc1"), &[(Op::Colon, "abc1")]);
    }
}

#[test]
fn prose() {
    for (text, operator) in [
        ("Password: abc1", Op::Colon),
        ("**Password:** `abc1`", Op::Colon),
        ("the password is `abc1`.", Op::Prose),
        ("user `admin` and password `abc1`", Op::Prose),
        ("logged in as admin with password abc1", Op::Prose),
        ("The root password of the box is abc1", Op::Prose),
        ("The password is abc1.", Op::Prose),
        ("| password | abc1 |", Op::Cell),
        ("| Acme `password` | abc1 |", Op::Cell),
        ("Password\u{ff1a}abc1", Op::Colon),
        ("password for root: abc1", Op::Colon),
    ] {
        reads("a.md", text, &[(operator, "abc1")]);
    }
    for text in [
        "login: admin / abc1",
        "**Login:** `admin` / `abc1`",
        "Login: admin:abc1.",
        "default credentials: admin/abc1",
        "username/password: ann/abc1",
        "User / Pass: `ann` / `abc1`",
    ] {
        let found: Vec<String> = read_all("a.md", text).into_iter().map(|(_, value)| value).collect();
        assert_eq!(found, ["abc1"], "{text}");
    }
    for text in [
        "login: 10/12abc1",
        "login: ann / the other one",
        "login: yes/no",
        "login: https://host/abc1",
        "login: user / password",
        "relogin: admin/abc1",
    ] {
        reads("a.md", text, &[]);
    }
    assert_eq!(found("a.md", "credentials: AWS/Azure"), []);
    assert_eq!(found("a.md", "credentials: read/write"), []);
    let scope = "Authorization: AWS4 Credential=AKID/20150830/us-east-1/service";
    assert!(read_all("a.md", scope).iter().all(|(_, value)| !value.starts_with("2015")), "{:?}", read_all("a.md", scope));
    reads("a.js", "login: admin / abc1", &[]);
    reads("a.js", "// login: admin / abc1", &[(Op::Colon, "abc1")]);
    reads("a.md", "password: the one you chose", &[]);
    reads("a.md", "password for root: the one you chose", &[]);
    reads("COMMIT_MESSAGE", "password abc1", &[(Op::Space, "abc1")]);
    reads("COMMIT_MESSAGE", "password length: it does not matter", &[]);
    reads("a.md", "![coverage](https://host/a/b/badge.svg?token=abc1)", &[]);
    reads("a.c", "// password=abc1", &[(Op::Assign, "abc1")]);
    reads("a.go", "// computed on the go, and pass to PEEmit to write", &[]);
    reads("a.py", "# Pass 'inherit' to take it over", &[]);
}
