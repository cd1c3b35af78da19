//! Seed phrases of wallets (BIP-39). Owns: finding the words behind a name, and their checksum. Must not: derive keys.
//!
//! Format: 12, 15, 18, 21 or 24 of 2,048 words; the last bits of the words' numbers are the first of the SHA-256 of the others
//! (<https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki>).

use std::ops::Range;

use bip39::{Language, Mnemonic};

use super::view::View;
use super::{Candidate, Sink};
use crate::finding::ChecksumStatus;

/// The pattern.
const ID: &str = "bip39-seed-phrase";
/// Fewest words of a phrase.
const FEWEST: usize = 12;
/// Words of a phrase, the commonest first but for those that are part of it by chance.
const COUNTS: [usize; 5] = [24, FEWEST, 21, 18, 15];
/// Words that are looked at where they follow one another: a longest phrase, and a sentence about it before and behind.
const MOST_WORDS: usize = 48;
/// Bytes behind the name in which the phrase starts.
const WITHIN: usize = 64;
/// Letters of a word.
const LETTERS: std::ops::RangeInclusive<usize> = 3..=8;
/// Bytes between two words, at most.
const SEPARATOR: usize = 8;
/// Bytes behind the name that are read.
const REACH: usize = WITHIN + MOST_WORDS * (*LETTERS.end() + SEPARATOR);
/// More words than this that are there before make a phrase of documentation: of 24 words drawn at random so many never are.
const MOST_REPEATS: usize = 3;
/// What development networks start with, the same everywhere.
const WELL_KNOWN: [&str; 2] = [
    "candy maple cake sugar pudding cream honey rich smooth crumble sweet treat",
    "myth like bonus scare over problem client lizard pioneer submit female collect",
];

/// Looks for a phrase behind the name at `hit`, on its line and the next.
pub fn detect(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    let view = sink.view;
    let Some(words) = words_after(view, hit.end) else { return };
    let Some((phrase, checksum)) = phrase_in(&words) else { return };
    let span = phrase[0].1.start..phrase[phrase.len() - 1].1.end;
    sink.propose_as(ID, span, |candidate| describe(phrase, checksum, candidate));
}

/// A word, and where it stands.
type Word = (&'static str, Range<usize>);

fn describe(phrase: &[Word], checksum: ChecksumStatus, candidate: &mut Candidate<'_>) {
    candidate.checksum = checksum;
    candidate.facts.push(("words", phrase.len().to_string()));
    let words: Vec<&str> = phrase.iter().map(|(word, _)| *word).collect();
    let repeats = words.iter().enumerate().filter(|&(at, word)| words[..at].contains(word)).count();
    if repeats > MOST_REPEATS || WELL_KNOWN.contains(&words.join(" ").as_str()) {
        candidate.dropped = Some("documentation example");
    }
}

/// The longest row of words of the list that starts near `from` and is long enough.
fn words_after(view: &View<'_>, from: usize) -> Option<Vec<Word>> {
    let bytes = &view.bytes[..view.bytes.len().min(from + REACH)];
    let line_ends = memchr::memchr_iter(b'\n', &bytes[from..]).nth(1).map_or(bytes.len(), |end| from + end);
    let bytes = &bytes[..line_ends];
    let mut at = from;
    while at < bytes.len().min(from + WITHIN) {
        if !is_letter(bytes[at]) {
            at += 1;
            continue;
        }
        let words = row(bytes, at);
        if words.len() >= FEWEST {
            return Some(words);
        }
        at = words.last().map_or(at, |(_, last)| last.end);
        at += bytes[at..].iter().take_while(|&&byte| is_letter(byte)).count();
    }
    None
}

/// Words of the list from `at` on, one after the other.
fn row(bytes: &[u8], at: usize) -> Vec<Word> {
    let mut words = Vec::new();
    let mut next = at;
    while words.len() < MOST_WORDS
        && let Some(word) = word_at(bytes, next)
    {
        next += word.len();
        words.push((word, next - word.len()..next));
        match separator(&bytes[next..]) {
            0 => break,
            length => next += length,
        }
    }
    words
}

fn word_at(bytes: &[u8], at: usize) -> Option<&'static str> {
    let length = bytes[at..].iter().take(LETTERS.end() + 1).take_while(|&&byte| is_letter(byte)).count();
    let word = std::str::from_utf8(&bytes[at..at + length]).ok().filter(|_| LETTERS.contains(&length))?;
    Language::English.find_word(word).map(|index| Language::English.word_list()[usize::from(index)])
}

/// Bytes between two words of a phrase: blanks, or a comma with or without quotes.
fn separator(bytes: &[u8]) -> usize {
    let count =
        |of: fn(u8) -> bool| bytes.iter().take(SEPARATOR).take_while(|byte| b" \t,\"'".contains(byte)).filter(|byte| of(**byte)).count();
    let (length, commas, quotes) = (count(|_| true), count(|byte| byte == b','), count(|byte| matches!(byte, b'"' | b'\'')));
    if commas <= 1 && (quotes == 0 || quotes == 2 && commas == 1) { length } else { 0 }
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic()
}

/// The phrase among `words`: all of them where there are as many as a phrase has, and some of them only where their checksum is right.
fn phrase_in(words: &[Word]) -> Option<(&[Word], ChecksumStatus)> {
    let whole = Some(words).filter(|words| COUNTS.contains(&words.len()));
    let windows = whole.into_iter().chain(COUNTS.iter().flat_map(|&count| words.windows(count)));
    let is_right = |phrase: &&[Word]| {
        let text: Vec<&str> = phrase.iter().map(|(word, _)| *word).collect();
        Mnemonic::parse_in_normalized(Language::English, &text.join(" ")).is_ok()
    };
    let right = windows.into_iter().find(is_right).map(|phrase| (phrase, ChecksumStatus::Valid));
    right.or_else(|| Some((whole?, ChecksumStatus::Invalid)))
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::super::testing::each;
    use super::*;

    /// A phrase, put together at random.
    fn phrase(seed: u64) -> String {
        let mut state = seed;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state
        };
        String::from_utf8(sample(ID, &mut random).unwrap()).unwrap()
    }

    /// The secret and the verdict of what is seen in `text`.
    fn seen(text: &str) -> Option<(String, ChecksumStatus)> {
        let mut seen = Vec::new();
        each(text, |catalogue, candidate| {
            if candidate.dropped.is_none() && catalogue.pattern(candidate.pattern).def.id == ID {
                seen.push((String::from_utf8_lossy(&candidate.secret).into_owned(), candidate.checksum));
            }
        });
        seen.dedup();
        assert!(seen.len() <= 1);
        seen.pop()
    }

    #[test]
    fn a_phrase_is_found_in_all_writings() {
        let phrase = phrase(7);
        let listed = |separator: &str| phrase.replace(' ', separator);
        for (before, written, after) in [
            ("MNEMONIC=\"", phrase.clone(), "\""),
            ("mnemonic: ", phrase.clone(), ""),
            ("The seed phrase of my wallet is ", phrase.clone(), ", keep it."),
            ("seed_phrase = [\"", listed("\", \""), "\"]"),
            ("Recovery phrase:\n", listed(", "), "\n"),
            ("const walletSeed = '", phrase.clone(), "';"),
        ] {
            assert_eq!(seen(&format!("{before}{written}{after}")), Some((written, ChecksumStatus::Valid)), "{before}");
        }
    }

    #[test]
    fn words_of_the_list_next_to_a_phrase_do_not_belong_to_it() {
        let phrase = phrase(8);
        let text = format!("mnemonic seed phrase {phrase} must stay");
        assert_eq!(seen(&text), Some((phrase, ChecksumStatus::Valid)));
    }

    #[test]
    fn a_wrong_checksum_says_so_and_prose_says_nothing() {
        let phrase = phrase(9);
        let words: Vec<&str> = phrase.split(' ').collect();
        let mut changed = Language::English.word_list().iter().map(|last| [&words[..11], &[*last]].concat().join(" "));
        let wrong = changed.find(|text| Mnemonic::parse_in_normalized(Language::English, text).is_err()).unwrap();
        assert_eq!(seen(&format!("mnemonic: {wrong}")), Some((wrong, ChecksumStatus::Invalid)));
        assert_eq!(seen(&format!("mnemonic: {}", words[..11].join(" "))), None);
        assert_eq!(seen(&format!("mnemonic: {}", phrase.to_uppercase())), None);
        assert_eq!(seen(&format!("mnemonic: {}", phrase.replace(' ', "_"))), None);
        assert_eq!(seen(&format!("{phrase}\n")), None);
        assert_eq!(seen("A mnemonic is a group of easy to remember words that encode a random number for a wallet"), None);
    }

    #[test]
    fn what_everybody_knows_is_no_secret() {
        for phrase in ["test test test test test test test test test test test junk", WELL_KNOWN[0], WELL_KNOWN[1]] {
            assert_eq!(seen(&format!("mnemonic: {phrase}")), None);
        }
    }
}
