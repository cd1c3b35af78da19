//! How content is spelled: encodings of files, encodings of values, binary content, long content. Owns: exact spans. Must not: run the program.

use std::io::{self, Read};

use data_encoding::{BASE64, HEXLOWER};
use unleak::blob::{Origin, Position, Span};
use unleak::finding::{Encoding, Report};
use unleak::patterns::Catalogue;
use unleak::scan::Scanner;
use unleak::settings::Settings;

use crate::made_up;

/// Value, span, line and column of each place, in order of place.
fn places(report: &Report) -> Vec<(String, Span, u64, u64)> {
    let mut places: Vec<_> = report
        .findings
        .iter()
        .flat_map(|finding| {
            let value = String::from_utf8_lossy(finding.secret.expose()).into_owned();
            finding.places.iter().map(move |place| (value.clone(), place.span, place.start.line, place.start.column_char))
        })
        .collect();
    places.sort_by_key(|place| place.1);
    places
}

fn span(start: usize, length: usize) -> Span {
    Span { start: start as u64, end: (start + length) as u64 }
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

#[test]
fn utf16_with_and_without_a_mark() {
    let (token, password) = (made_up::token(1), made_up::password(1));
    let text = format!("# ñ\u{1f600}\r\nTOKEN={token}\r\n  password = \"{password}\"\r\n");
    for little in [true, false] {
        for mark in ["", "\u{feff}"] {
            let bytes = utf16(&format!("{mark}{text}"), little);
            // Two units for the character beyond the basic plane.
            let token_at = 2 * (mark.chars().count() + 5 + 2 + 6);
            let password_at = token_at + 2 * (40 + 2 + 14);
            let expected = vec![(token.clone(), span(token_at, 80), 2, 7), (password.clone(), span(password_at, 40), 3, 15)];
            let report = made_up::scan("a.ini", &bytes);
            assert_eq!(places(&report), expected, "little {little}, mark {mark:?}");
            assert_eq!(report.coverage.binary, 0);
        }
    }
}

#[test]
fn latin1_carriage_returns_and_mixtures() {
    let (token, password) = (made_up::token(2), made_up::password(2));
    let mut bytes = b"caf\xe9 \xfc\r\nTOKEN=".to_vec();
    let token_at = bytes.len();
    bytes.extend(format!("{token}\r\n").bytes());
    bytes.extend("ñ\u{1f600}".bytes());
    bytes.extend(b"\xff\xfe\npassword = '");
    let password_at = bytes.len();
    bytes.extend(format!("{password}'\rx").bytes());
    let expected = vec![(token, span(token_at, 40), 2, 7), (password, span(password_at, 20), 4, 13)];
    assert_eq!(places(&made_up::scan("a.ini", &bytes)), expected);
}

#[test]
fn columns_count_bytes_and_characters() {
    let password = made_up::password(3);
    let report = made_up::scan("a.py", format!("é\u{1f600} = 1; password = \"{password}\"").as_bytes());
    let place = &made_up::finding(&report, &password).places[0];
    assert_eq!(place.start, Position { line: 1, column_byte: 25, column_char: 21 });
    assert_eq!(place.end, Position { line: 1, column_byte: 45, column_char: 41 });
}

#[test]
fn binary_content_holds_tokens_and_no_passwords() {
    let (token, password, wide) = (made_up::token(4), made_up::password(4), made_up::token(5));
    let mut bytes = b"\x7fELF\0\0\x01\x02\0TOKEN=".to_vec();
    let token_at = bytes.len();
    bytes.extend(format!("{token}\0password = \"{password}\"\0\x01\x02\x03").bytes());
    let wide_at = bytes.len() + 2;
    bytes.extend(utf16(&format!("={wide}"), true));
    bytes.extend([0, 0, 0]);
    let report = made_up::scan("a.bin", &bytes);
    let found: Vec<(String, Span)> = places(&report).into_iter().map(|place| (place.0, place.1)).collect();
    assert_eq!(found, [(token, span(token_at, 40)), (wide, span(wide_at, 80))]);
    assert_eq!(report.coverage.binary, 1);
    // The same without the NUL bytes is a text with a password.
    let text: Vec<u8> = bytes.iter().map(|&byte| if byte == 0 { b'\n' } else { byte }).collect();
    made_up::finding(&made_up::scan("a.bin", &text), &password);
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

#[test]
fn encoded_tokens_point_at_what_was_decoded() {
    use Encoding::{Base64, Hex, Percent, Unicode};
    let token = made_up::token(6);
    let base64 = |text: &str| BASE64.encode(text.as_bytes());
    let hex = |text: &str| HEXLOWER.encode(text.as_bytes());
    let unpadded = |text: &str| base64(text).trim_end_matches('=').len();
    let cases: [(&str, String, usize, &[Encoding]); 6] = [
        ("base64", base64(&format!("t={token};")), unpadded(&format!("t={token};")), &[Base64]),
        ("base64 in another phase", base64(&format!("{{{token}}}")), unpadded(&format!("{{{token}}}")), &[Base64]),
        ("hex", hex(&token), 80, &[Hex]),
        ("percent", percent(&token), 120, &[Percent]),
        ("unicode", made_up::unicode(&token), 240, &[Unicode]),
        ("base64 twice", base64(&base64(&format!("t={token};"))), unpadded(&base64(&format!("t={token};"))), &[Base64, Base64]),
    ];
    for (name, encoded, length, encodings) in cases {
        let report = made_up::scan("a.txt", format!("one\nx: \"{encoded}\"\n").as_bytes());
        assert_eq!(places(&report), [(token.clone(), span(8, length), 2, 5)], "{name}");
        assert_eq!(report.findings[0].places[0].encodings, encodings, "{name}");
    }
}

#[test]
fn two_encodings_in_one_another() {
    type Encode = fn(&str) -> String;
    let token = made_up::token(8);
    let encoders: [(Encoding, Encode); 4] = [
        (Encoding::Base64, |text| BASE64.encode(text.as_bytes())),
        (Encoding::Hex, |text| HEXLOWER.encode(text.as_bytes())),
        (Encoding::Percent, percent),
        (Encoding::Unicode, made_up::unicode),
    ];
    for (outer, encode) in encoders {
        for (inner, first) in encoders {
            for lead in ["", "a", "bc", "def ghi", "-"] {
                let encoded = encode(&first(&format!("t={token};")));
                let text = format!("x: '{lead}{encoded}'\n");
                let report = made_up::scan("a.txt", text.as_bytes());
                let found: Vec<_> = places(&report).into_iter().map(|place| place.0).collect();
                assert_eq!(found, [token.as_str()], "{inner:?} in {outer:?} after {lead:?}");
                assert_eq!(report.findings[0].places[0].encodings, [outer, inner], "{inner:?} in {outer:?} after {lead:?}");
            }
        }
    }
}

#[test]
fn a_third_encoding_is_not_undone() {
    let token = made_up::token(7);
    let twice = BASE64.encode(BASE64.encode(format!("t={token};").as_bytes()).as_bytes());
    let report = made_up::scan("a.txt", format!("x: {}\n", BASE64.encode(twice.as_bytes())).as_bytes());
    assert_eq!(places(&report), []);
}

/// Lines of filler with values put in at given offsets, made as it is read.
struct Filler {
    at: usize,
    length: usize,
    planted: Vec<(usize, Vec<u8>)>,
}

const LINE: usize = 64;

impl Filler {
    fn byte(&self, at: usize) -> u8 {
        let planted = self.planted.iter().find(|(start, value)| (*start..start + value.len()).contains(&at));
        planted.map_or(if at % LINE == LINE - 1 { b'\n' } else { b'.' }, |(start, value)| value[at - start])
    }
}

impl Read for Filler {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.length - self.at).min(LINE);
        for (offset, byte) in buffer[..count].iter_mut().enumerate() {
            *byte = self.byte(self.at + offset);
        }
        self.at += count;
        Ok(count)
    }
}

/// `unleak::scan` reads windows of 16 MiB that overlap by twice 64 KiB.
#[test]
fn secrets_at_the_seams_of_a_stream_are_found_once_and_in_place() {
    const MIB: usize = 1024 * 1024;
    let seam = 16 * MIB;
    let overlap = 128 * 1024;
    let starts = [
        100,
        seam - overlap - 60,
        seam - overlap,
        seam - overlap / 2 - 60,
        seam - overlap / 2 - 1,
        seam - 60,
        seam,
        2 * seam - overlap / 2 * 3 - 20,
        2 * seam - overlap - 20,
        40 * MIB - 60,
    ];
    let planted: Vec<(usize, Vec<u8>)> =
        starts.iter().zip(100..).map(|(&start, seed)| (start, format!(" {} ", made_up::token(seed)).into_bytes())).collect();
    let expected: Vec<(String, Span, u64, u64)> = planted
        .iter()
        .map(|(start, value)| {
            let at = start + 1;
            let value = String::from_utf8(value.clone()).unwrap().trim().to_owned();
            (value, span(at, 40), (at / LINE + 1) as u64, (at % LINE + 1) as u64)
        })
        .collect();
    let scanner = Scanner::new(Catalogue::builtin(), Settings::default());
    let origin = Origin::Stdin { name: "a.log".into() };
    let report = scanner.reader(origin, &mut Filler { at: 0, length: 40 * MIB, planted }).unwrap();
    let found = places(&report);
    // A value may stand over a line end of the filler; lines and columns count only what is a line feed.
    let spans = |places: &[(String, Span, u64, u64)]| places.iter().map(|place| (place.0.clone(), place.1)).collect::<Vec<_>>();
    assert_eq!(spans(&found), spans(&expected));
    assert_eq!((found[0].2, found[0].3), (expected[0].2, expected[0].3));
    assert_eq!((report.coverage.scanned, report.coverage.bytes), (1, 40 * MIB as u64));
}
