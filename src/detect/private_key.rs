//! Private keys: PEM of every kind, OpenPGP, PuTTY, JSON Web Keys. Owns: which pattern a key belongs to and what its inside says for it.
//! Must not: report public keys and certificates.

mod armour;
mod bare;
mod der;
mod jwk;
mod openssh;
pub(super) mod pgp;
mod putty;
mod unfold;

use std::borrow::Cow;
use std::ops::Range;

use data_encoding::BASE64_NOPAD;

use self::armour::Block;
use super::fact::{Facts, tell};
use super::view::View;
use super::{Candidate, Sink, checksum, entropy, service_account};
use crate::finding::ChecksumStatus;

/// Shortest body in characters: an Ed25519 key takes 64.
const SHORTEST: usize = 56;
/// Entropy in bits per character that base64 of random bytes has even where it is short.
const RANDOM: f32 = 4.5;

/// What a key block turned out to hold.
#[derive(Debug, PartialEq, Eq)]
pub enum Inside {
    /// A key that can be used as it stands.
    Whole(Facts),
    /// A key under a passphrase.
    Encrypted(Facts),
    /// The start of a key: bytes there and bytes announced.
    Cut {
        /// Bytes there.
        have: usize,
        /// Bytes announced.
        want: usize,
    },
    /// A checksum of the block is wrong.
    WrongSum,
    /// Nothing known.
    Unknown,
    /// No key, for a named reason.
    NoSecret(&'static str),
}

/// A key block as read out of a text.
#[derive(Debug)]
pub struct KeyBlock {
    /// The pattern it belongs to.
    pub id: &'static str,
    /// The whole block.
    pub span: Range<usize>,
    /// The block as the program that made it writes it, so that the same key has one fingerprint however it is quoted.
    pub secret: Vec<u8>,
    /// What it holds.
    pub inside: Inside,
}

impl KeyBlock {
    /// Gives a candidate all that is known of the key.
    pub fn describe(self, candidate: &mut Candidate<'_>) {
        candidate.secret = Cow::Owned(self.secret);
        describe(self.inside, candidate);
    }
}

fn describe(inside: Inside, candidate: &mut Candidate<'_>) {
    match inside {
        Inside::Whole(facts) => {
            candidate.checksum = ChecksumStatus::Valid;
            candidate.facts.extend(facts);
        }
        Inside::Encrypted(facts) => {
            candidate.facts.extend(facts);
            tell(&mut candidate.facts, "encrypted", "yes");
            candidate.set(0.35, "the key is encrypted with a passphrase");
        }
        Inside::Cut { .. } => candidate.set(0.6, "the end of the key is missing"),
        Inside::WrongSum => candidate.checksum = ChecksumStatus::Invalid,
        Inside::Unknown => candidate.set(0.65, "its body has no known structure"),
        Inside::NoSecret(reason) => candidate.dropped = Some(reason),
    }
}

/// Looks at the anchor at `hit`: a BEGIN line, the first line of a PuTTY file, the type of a JSON Web Key or the start of a key in base64.
pub fn detect(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    let view = sink.view;
    let anchor = &view.bytes[hit.clone()];
    if anchor.starts_with(b"-") {
        let Some(block) = block(view, hit.start) else { return };
        if service_account::takes(sink, &block) {
            return;
        }
        sink.propose_as(block.id, block.span.clone(), |candidate| block.describe(candidate));
    } else if anchor.starts_with(b"PuTTY") {
        let Some(block) = putty::read(view, hit.start) else { return };
        sink.propose_as(block.id, block.span.clone(), |candidate| block.describe(candidate));
    } else if !anchor.windows(3).any(|part| part == b"kty") {
        let Some(block) = bare::read(view, hit.end) else { return };
        sink.propose_as(block.id, block.span.clone(), |candidate| block.describe(candidate));
    } else if let Some(key) = jwk::read(view, hit) {
        sink.propose_as("private-key-jwk", key.span, |candidate| {
            candidate.secret = Cow::Borrowed(&view.bytes[key.secret]);
            describe(key.inside, candidate);
        });
    }
}

/// The private key block whose BEGIN line starts at `at`; none for certificates, public keys and anything else.
#[must_use]
pub fn block(view: &View<'_>, at: usize) -> Option<KeyBlock> {
    let (label, body) = armour::label(view, at)?;
    let (id, width) = match label.as_str() {
        "RSA PRIVATE KEY" => ("private-key-rsa", 64),
        "EC PRIVATE KEY" => ("private-key-ec", 64),
        "DSA PRIVATE KEY" => ("private-key-dsa", 64),
        "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => ("private-key-pkcs8", 64),
        "OPENSSH PRIVATE KEY" => ("private-key-openssh", 70),
        "SSH2 ENCRYPTED PRIVATE KEY" => ("private-key-ssh2", 70),
        "PGP PRIVATE KEY BLOCK" => ("private-key-pgp", 64),
        "OpenVPN Static key V1" => ("private-key-openvpn", 32),
        other if other.ends_with("PRIVATE KEY") => ("private-key-pem", 64),
        _ => return None,
    };
    let block = armour::read(view, at, label, body);
    Some(KeyBlock { id, span: block.span.clone(), secret: block.canonical(width), inside: inside(&block, id) })
}

/// Judges the body of a block.
fn inside(block: &Block, id: &str) -> Inside {
    if block.body.is_empty() {
        return Inside::NoSecret(if block.closed && block.broken_off { "elided or placeholder body" } else { "no key body follows" });
    }
    if block.label.starts_with("TSS2") {
        return Inside::NoSecret("only the TPM that wrapped the key can use it");
    }
    if id == "private-key-openvpn" {
        return openvpn(block);
    }
    let decoded = checksum::decode(&BASE64_NOPAD, &block.body).unwrap_or_default();
    let is_encrypted = block.headers.iter().any(|(name, value)| name == "Proc-Type" && value.contains("ENCRYPTED"));
    let inside = match id {
        _ if is_encrypted => Inside::Encrypted(Facts::new()),
        "private-key-openssh" => openssh::read(&decoded),
        "private-key-ssh2" => openssh::read_ssh2(&decoded),
        "private-key-pgp" => pgp::read(&decoded, block.sum.as_deref()),
        _ => der::read(&decoded),
    };
    let is_whole = matches!(inside, Inside::Whole(_));
    match inside {
        _ if !is_whole && block.broken_off && block.closed => Inside::NoSecret("elided or placeholder body"),
        // Modulus and exponent stand in the first half; a line or two hold nothing.
        Inside::Cut { have, want } if have < want - want / 3 => Inside::NoSecret("the key is cut short"),
        _ if !is_whole && block.body.len() < SHORTEST => Inside::NoSecret("too short for a key"),
        _ if entropy::shannon(&block.body) < if is_whole { RANDOM - 1.0 } else { RANDOM } => Inside::NoSecret("low entropy"),
        inside => inside,
    }
}

/// A static key of OpenVPN: 256 bytes in hex.
fn openvpn(block: &Block) -> Inside {
    if block.body.len() != 512 || !block.body.iter().all(u8::is_ascii_hexdigit) {
        return Inside::NoSecret("elided or placeholder body");
    }
    // Of the four bits that a hex digit can have.
    if entropy::shannon(&block.body) < 3.5 {
        return Inside::NoSecret("low entropy");
    }
    Inside::Whole(vec![("bits", "2048".to_owned())])
}

#[cfg(test)]
mod tests {
    use super::super::sample::testing::{found, text};
    use super::*;

    /// The one key in `text`: its pattern, and the candidate.
    fn only(text: &str) -> (String, Candidate<'_>) {
        let mut candidates = found(&["private-key", "google-service"], text.as_bytes(), false);
        assert_eq!(candidates.len(), 1, "{candidates:?}\n{}", &text[..text.len().min(300)]);
        candidates.remove(0)
    }

    fn fact(candidate: &Candidate<'_>, name: &str) -> Option<String> {
        candidate.facts.iter().find(|fact| fact.0 == name).map(|fact| fact.1.clone())
    }

    fn dropped(text: &str) -> Option<&'static str> {
        only(text).1.dropped
    }

    /// The words of a BEGIN or END line, put together here.
    fn line(word: &str, label: &str) -> String {
        format!("-----{word} {label} KEY-----")
    }

    /// A block with this body.
    fn pem(label: &str, body: &str) -> String {
        format!("{}\n{body}\n{}", line("BEGIN", label), line("END", label))
    }

    fn body(key: &str) -> Vec<&str> {
        key.lines().filter(|line| !line.starts_with("-----")).collect()
    }

    #[test]
    fn one_key_has_one_value_however_it_is_written() {
        let key = text("private-key-rsa", 1);
        let quoted: Vec<String> = key.lines().map(|line| format!("  \"{line}\\n\" +\n")).collect();
        let appended: Vec<String> = key.lines().map(|line| format!("sb.append(\"{line}\\n\");\n")).collect();
        let listed: Vec<String> = key.lines().map(|line| format!("'{line}'")).collect();
        let (begin, end) = (line("BEGIN", "RSA PRIVATE"), line("END", "RSA PRIVATE"));
        let ways = [
            key.clone(),
            key.replace('\n', "\r\n"),
            format!("key: |\n    {}\nnext: 1", key.replace('\n', "\n    ")),
            format!("{{\"key\": \"{}\\n\"}}", key.replace('\n', "\\n")),
            format!("\"{{\\\"key\\\": \\\"{}\\\\n\\\"}}\"", key.replace('\n', "\\\\n")),
            format!("KEY=\"{}\"", key.replace('\n', "\\r\\n").replace('/', "\\/")),
            format!("KEY='{}'", key.replace('\n', " ")),
            format!("{begin}{}{end}", body(&key).concat()),
            format!("String key =\n{}  \"\";", quoted.concat()),
            appended.concat(),
            format!("[{}].join('\\n')", listed.join(", ")),
            format!("# {}", key.replace('\n', "\n# ")),
            format!("+{}", key.replace('\n', "\n+")),
            format!(" * {}", key.replace('\n', "\n * ")),
            format!("<key>{}</key>", key.replace('\n', "&#10;")),
            format!("\"{}\"", key.replace('\n', "\\u000a").replace('=', "\\u003d").replace('+', "\\u002B")),
            format!("k = {}", key.replace('\n', "\\\n\\n")),
        ];
        for way in ways {
            let (id, candidate) = only(&way);
            assert_eq!(id, "private-key-rsa", "{way}");
            assert_eq!((candidate.checksum, candidate.dropped), (ChecksumStatus::Valid, None), "{way}");
            assert!(*candidate.secret == *key.as_bytes(), "{way}");
            let span = &way[candidate.span];
            assert!(span.starts_with(&begin) && span.ends_with(&end), "{span}");
        }
    }

    #[test]
    fn facts_of_each_kind() {
        for (id, expected) in [
            ("private-key-rsa", &[("kind", "RSA"), ("bits", "2048")][..]),
            ("private-key-pkcs8", &[("kind", "RSA"), ("bits", "2048")]),
            ("private-key-ec", &[("kind", "EC"), ("curve", "P-256")]),
            ("private-key-dsa", &[("kind", "DSA"), ("bits", "1024")]),
            ("private-key-openssh", &[("kind", "ssh-ed25519")]),
            ("private-key-putty", &[("kind", "ssh-rsa"), ("bits", "2048")]),
            ("private-key-pgp", &[("kind", "RSA"), ("bits", "2048")]),
            ("private-key-jwk", &[("kind", "EC"), ("curve", "P-256")]),
        ] {
            let key = text(id, 3);
            let facts = only(&key).1.facts;
            assert_eq!(facts, expected.iter().map(|&(name, text)| (name, text.to_owned())).collect::<Vec<_>>(), "{id}");
        }
    }

    #[test]
    fn canonical_text_is_the_files_own() {
        for id in
            ["private-key-ec", "private-key-openssh", "private-key-ssh2", "private-key-pgp", "private-key-putty", "private-key-openvpn"]
        {
            let key = text(id, 5);
            assert!(*only(&key).1.secret == *key.as_bytes(), "{id}");
        }
    }

    #[test]
    fn encrypted_keys_are_said_to_be_so() {
        let noise = body(&text("private-key-rsa", 9)).join("\n");
        let legacy = format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n{noise}");
        // The sequence of an algorithm and its octets.
        let scheme =
            [&[0x30, 0x82, 0x01, 0x11, 0x30, 0x0b, 0x06, 0x09][..], &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d]].concat();
        let octets = checksum::decode(&BASE64_NOPAD, noise.replace('\n', "").as_bytes()).unwrap()[300..556].to_vec();
        let pkcs8 = data_encoding::BASE64.encode(&[scheme, vec![0x04, 0x82, 0x01, 0x00], octets].concat());
        let openssh = text("private-key-openssh", 2);
        let openssh = checksum::decode(&BASE64_NOPAD, body(&openssh).concat().as_bytes()).unwrap();
        let openssh = data_encoding::BASE64.encode(&openssh).replacen("BG5vbmU", "BGFlczE", 1);
        let putty = text("private-key-putty", 2).replace("Encryption: none", "Encryption: aes256-cbc");
        let one_line = pem("RSA PRIVATE", &legacy).replace('\n', " ");
        for key in [pem("RSA PRIVATE", &legacy), one_line, pem("ENCRYPTED PRIVATE", &pkcs8), pem("OPENSSH PRIVATE", &openssh), putty] {
            let (_, candidate) = only(&key);
            assert_eq!(candidate.dropped, None, "{key}");
            assert_eq!(fact(&candidate, "encrypted").as_deref(), Some("yes"), "{key}");
            assert!((candidate.probability - 0.35).abs() < 1e-6, "{key}");
            assert_eq!(candidate.evidence.first(), Some(&"the key is encrypted with a passphrase"));
        }
    }

    #[test]
    fn elided_and_short_bodies_are_dropped() {
        let key = text("private-key-rsa", 4);
        let first = body(&key)[0];
        for (body, reason) in [
            ("...", "elided or placeholder body"),
            ("<key>", "elided or placeholder body"),
            ("[REDACTED]", "elided or placeholder body"),
            ("****", "elided or placeholder body"),
            (&*format!("{}...", &first[..20]), "elided or placeholder body"),
            (&*format!("{first}\n...\n{first}"), "elided or placeholder body"),
            (&*format!("{first}\n{first}"), "the key is cut short"),
            ("bm90IGEga2V5IGF0IGFsbA==", "too short for a key"),
            (&*"A".repeat(640), "low entropy"),
            (&*"fakekey/".repeat(40), "low entropy"),
            ("", "no key body follows"),
        ] {
            assert_eq!(dropped(&pem("RSA PRIVATE", body)), Some(reason), "{body:?}");
        }
        let mention = format!("if text.startswith(\"{}\"): return \"no key\"", line("BEGIN", "RSA PRIVATE"));
        assert_eq!(dropped(&mention), Some("no key body follows"));
    }

    #[test]
    fn public_keys_and_certificates_are_none() {
        let noise = body(&text("private-key-rsa", 9)).join("\n");
        for label in ["RSA PUBLIC", "PUBLIC"] {
            assert!(found(&["private-key"], pem(label, &noise).as_bytes(), false).is_empty());
        }
        let certificate = pem("PUBLIC", &noise).replace("PUBLIC KEY", "CERTIFICATE");
        assert!(found(&["private-key"], certificate.as_bytes(), false).is_empty());
        let jwk = text("private-key-jwk", 1);
        assert!(found(&["private-key"], jwk.replace("\"d\"", "\"dd\"").as_bytes(), false).is_empty());
    }

    #[test]
    fn without_an_end_the_body_is_the_key() {
        let key = text("private-key-rsa", 6);
        let open = &key[..key.rfind("\n-----").unwrap()];
        for after in ["", "\n", "\n\nand so on, in words of a usual length\n", "\"\nother = \"text\"\n"] {
            let text = format!("{open}{after}");
            let (_, candidate) = only(&text);
            assert_eq!((candidate.checksum, candidate.dropped), (ChecksumStatus::Valid, None), "{after:?}");
            assert_eq!(&text[candidate.span], open);
        }
        // Two thirds and more of a key are enough to rebuild it.
        let most = &open[..open.len() * 4 / 5];
        let (_, candidate) = only(most);
        assert!((candidate.probability - 0.6).abs() < 1e-6, "{candidate:?}");
    }

    #[test]
    fn unknown_random_bodies_are_reported_with_less_confidence() {
        let noise: Vec<u8> = body(&text("private-key-rsa", 9)).concat().bytes().rev().filter(|&byte| byte != b'=').collect();
        let key = pem("RSA PRIVATE", std::str::from_utf8(&noise).unwrap());
        let (_, candidate) = only(&key);
        assert_eq!((candidate.checksum, candidate.dropped), (ChecksumStatus::None, None));
        assert!((candidate.probability - 0.65).abs() < 1e-6);
    }

    #[test]
    fn several_keys_are_told_apart() {
        let (one, two) = (text("private-key-ec", 1), text("private-key-pkcs8", 2));
        let text = format!("{one}\n{two}\n{one}");
        let spans: Vec<_> =
            found(&["private-key"], text.as_bytes(), true).into_iter().map(|(id, candidate)| (id, candidate.span)).collect();
        let second = one.len() + 1;
        let third = second + two.len() + 1;
        let expected = [("private-key-ec", 0..one.len()), ("private-key-pkcs8", second..third - 1), ("private-key-ec", third..text.len())];
        assert_eq!(spans, expected.map(|(id, span)| (id.to_owned(), span)));
    }

    #[test]
    fn an_edited_pgp_block_is_doubtful() {
        let key = text("private-key-pgp", 1);
        let at = key.len() / 2;
        let edited = format!("{}{}{}", &key[..at], if &key[at..=at] == "a" { "b" } else { "a" }, &key[at + 1..]);
        let (_, candidate) = only(&edited);
        assert_eq!(candidate.checksum, ChecksumStatus::Invalid);
        assert!(candidate.probability < 0.5);
    }

    #[test]
    fn members_of_a_web_key_stand_in_any_order_and_quoting() {
        let key = text("private-key-jwk", 1);
        let exponent = key.split("\"d\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let yaml = format!("jwk:\n  kty: EC\n  crv: P-256\n  x: abc\n  d: {exponent}\n\nd: 1\n");
        let escaped = key.replace('"', "\\\"");
        let reordered = format!("{{ \"d\" : \"{exponent}\", \"kty\" : \"EC\", \"crv\" : \"P-256\" }}");
        let code = format!("{{ kty: 'EC', crv: 'P-256', d: '{exponent}' }}");
        for text in [&key, &yaml, &escaped, &reordered, &code] {
            let (id, candidate) = only(text);
            assert_eq!((id.as_str(), candidate.dropped), ("private-key-jwk", None), "{text}");
            assert_eq!(candidate.secret, exponent.as_bytes(), "{text}");
            assert_eq!(text[candidate.span], exponent, "{text}");
        }
        let set = format!("{{\"keys\":[{key},{}]}}", text("private-key-jwk", 2));
        assert_eq!(found(&["private-key"], set.as_bytes(), false).len(), 2);
        let list = format!("keys:\n- kty: oct\n  k: {}\n- kty: EC\n  crv: P-256\n  d: {exponent}\n", exponent.to_ascii_lowercase());
        let secrets: Vec<_> =
            found(&["private-key"], list.as_bytes(), false).into_iter().map(|(_, candidate)| candidate.secret.into_owned()).collect();
        assert_eq!(secrets, [exponent.to_ascii_lowercase().into_bytes(), exponent.into_bytes()]);
    }

    #[test]
    fn every_private_member_lies_in_the_span() {
        let numbers = ["AQAB", &"n0".repeat(171), &"d1xY".repeat(85), &"p2".repeat(85), &"q3".repeat(85)].map(str::to_owned);
        let [e, n, exponent, first, last] = &numbers;
        let text = format!(r#"{{"kty":"RSA","e":"{e}","p":"{first}","n":"{n}","d":"{exponent}","q":"{last}"}}"#);
        let (_, candidate) = only(&text);
        let span = &text[candidate.span.clone()];
        assert!(span.starts_with(first) && span.ends_with(last) && span.contains(exponent));
        assert_eq!(fact(&candidate, "bits").as_deref(), Some("2048"));
    }

    #[test]
    fn hostile_text_takes_linear_time() {
        let begin = line("BEGIN", "PRIVATE");
        for piece in [&*begin, "kty:", "\"kty\":{", "PuTTY-User-Key-File-2: a\n", "-----BEGIN ", "-", "\\", "&#", &*format!("{begin}\"")] {
            let text = piece.repeat(300_000 / piece.len());
            let started = std::time::Instant::now();
            let count = found(&["private-key", "google-service"], text.as_bytes(), false).len();
            assert!(started.elapsed().as_secs() < 10, "{piece:?}: {count} in {:?}", started.elapsed());
        }
    }
}
