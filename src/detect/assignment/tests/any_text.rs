//! What holds for any text.

use std::ops::Range;

use bstr::BStr;

use super::read_all;
use crate::detect::{Sink, View};
use crate::patterns::Catalogue;
use crate::patterns::anchors;
use crate::patterns::schema::Detector;

proptest::proptest! {
    #[test]
    fn nothing_panics(text in "[a-z='\":${}()<>|&\\\\ \n%,.\\[\\]-]{0,30}(password|api_key|token|mysql -p|curl -u|IDENTIFIED BY|jwt.sign\\(|.login\\(|insert into x \\(password\\) values|login:|net user |openssl -k)[a-z='\":${}()<>|&\\\\ \né%,.\\[\\]-]{0,40}") {
        for path in ["a.py", "a.yml", "a.md", "a.xml", "a.sh"] {
            for (_, value) in read_all(path, &text) {
                proptest::prop_assert!(value.len() <= text.len());
            }
        }
    }
}

/// Pieces of assignments in all syntaxes that reach over lines.
const PIECES: [&str; 110] = [
    "rocommunity ",
    "connect ",
    "allow ",
    "[basicauth]",
    " obj= ",
    "password",
    "api_key",
    "auth_token",
    "secret",
    " = ",
    "=",
    ": ",
    " => ",
    "\"",
    "'",
    "`",
    "'''",
    "\"\"\"",
    "xv7kQ2m9rt",
    "dignity",
    "0a1b2c3d4e5f60718293a4b5",
    "\n",
    "\n",
    "\n  ",
    "\\\n",
    "[",
    "]",
    ",",
    ", ",
    "{",
    "}",
    "(",
    ")",
    "variable \"",
    "default = \"",
    "name: ",
    "value: ",
    "<td>",
    "</td>",
    "<password>",
    "</password>",
    "curl -u user:",
    "mysql -u root -p",
    "IDENTIFIED BY ",
    "CREATE USER ",
    "user",
    "# test",
    "\r\n",
    "|",
    "0x2a, ",
    "0x2a,\n0x9f, 0x81, 0x14, 0x33, 0x70, 7, 9, 0x91",
    "[]byte{",
    "\"value\": \"",
    "INSERT INTO users (name, password) VALUES ",
    "('a', 'xv7kQ2m9rt')",
    "(",
    "smtp.login(",
    "jwt.sign(",
    "hmac.new(",
    "createHmac(",
    "SecretValue.unsafePlainText(",
    "store.load(x, ",
    ".toCharArray()",
    "login: admin / ",
    "user / password: ",
    "net user ann ",
    "sqlcmd -U sa -P ",
    "sqlplus ann/",
    "echo ",
    " | sudo -S ",
    "username ann ",
    "\nrootpw --plaintext ",
    " with ",
    " of the box is ",
    " ::= ",
    " <- ",
    "#password\").fill(",
    "sp_addlogin 'ann'",
    "db.connect(\"10.0.0.5\", 22, user, ",
    "btoa(\"ann:",
    "expect \"assword:\"",
    "send \"",
    "\\r\"",
    "| user | password |",
    "|---|---|",
    "| ann | xv7kQ2m9rt |",
    "user,password",
    "ann,xv7kQ2m9rt",
    "# client server secret",
    " | ConvertTo-SecureString",
    "add_argument(\"--password\", default=",
    "neighbor 10.0.0.2 password ",
    "=[[xv7kQ2m9rt]]",
    "rabbitmqctl add_user ann ",
    "<value>",
    "chpasswd <<EOF\nroot:",
    "chpasswd:\n  list: |\n    ann:",
    "passwd --stdin <<< ",
    "@'\n",
    "\n'@",
    "<elementProp name=\"",
    "<stringProp name=\"Argument.value\">",
    "<![CDATA[",
    "${PASSWORD}    ",
    "Input Password    id    ",
    "ip ospf message-digest-key 1 md5 ",
    "radius server R\n key ",
    "[name=password]').type(",
    "' | password_hash(",
    "user ann on >",
];

/// The candidates of the anchor of `literal` at `start`, and the text that they say they depend on beyond the lines near.
fn of_anchor(catalogue: &Catalogue, path: &str, bytes: &[u8], literal: usize, start: usize) -> (Vec<String>, Range<usize>) {
    let view = View { bytes, path: BStr::new(path), binary: false, depth: 0 };
    let mut sink = Sink::new(catalogue, &view);
    sink.look(literal, start);
    let found = sink.found.iter().map(|found| format!("{:?} {} {:?}", found.span, found.probability, found.dropped)).collect();
    (found, sink.looked)
}

proptest::proptest! {
    #[test]
    fn an_anchor_depends_on_the_lines_near_and_what_it_says(picked in proptest::collection::vec(0..PIECES.len(), 0..40)) {
        static CATALOGUE: std::sync::LazyLock<Catalogue> = std::sync::LazyLock::new(Catalogue::builtin);
        let catalogue = &*CATALOGUE;
        let text: String = picked.iter().map(|&index| PIECES[index]).collect();
        let bytes = text.as_bytes();
        let mut anchors = Vec::new();
        catalogue.prefilter().find(bytes, |literal, start| anchors.push((literal, start)));
        for (literal, start) in anchors {
            let end = start + catalogue.prefilter().literal(literal).len();
            let is_assignment = |&target: &u16| anchors::detector_of_target(target) == Some(Detector::Assignment);
            if !catalogue.targets(literal).iter().all(is_assignment) {
                continue;
            }
            for path in ["a.py", "a.tf", "a.yml", "a.md", "a.xml", "a.sh"] {
                let (found, looked) = of_anchor(catalogue, path, bytes, literal, start);
                // The lines near, each with the line end before it.
                let from = memchr::memrchr_iter(b'\n', &bytes[..start]).nth(1).unwrap_or(0);
                let to = memchr::memchr_iter(b'\n', &bytes[end..]).nth(1).map_or(bytes.len(), |at| end + at + 1);
                for other in [b'\n', b'z', b'"', b' ', b','] {
                    let mut changed = bytes.to_vec();
                    let far = |at: &usize| !(from..to).contains(at) && !looked.contains(at);
                    (0..bytes.len()).filter(far).for_each(|at| changed[at] = other);
                    let (again, _) = of_anchor(catalogue, path, &changed, literal, start);
                    proptest::prop_assert_eq!(&found, &again, "{} {:?} at {} of {:?}", path, other as char, start, text);
                }
            }
        }
    }
}
