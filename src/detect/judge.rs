//! Evidence to probability. Owns: what speaks for and against a candidate of any pattern. Must not: look for candidates.

use super::assignment::words::wordness;
use super::candidate::Candidate;
use super::{checksum, entropy, placeholder};
use crate::finding::{ChecksumStatus, Level};
use crate::patterns::schema::{Detector, Likelihood, PatternDef};

/// Probability of a value whose check passed.
const PROVEN: f32 = 0.995;
/// Probability of a value whose check failed, or that looks made up: below the default threshold, shown at `--min-confidence low`.
const DOUBTFUL: f32 = 0.2;

/// A run of one character that random text hardly has.
const REPEATED: usize = 6;
const IS_REPEATED: &str = "one character is repeated";

/// How word-like the letters of a name are at least.
const LIKE_WORDS: f32 = 5.3;

/// Share of a pattern's entropy floor below which a value is none; above it is merely doubtful.
const HOPELESS: f32 = 0.7;

/// Weighs a fresh candidate by what its pattern asks for and by what made-up values look like.
pub fn weigh(candidate: &mut Candidate<'_>, def: &PatternDef) {
    if def.detector.is_none() && is_filler(body(def, &candidate.secret)) {
        candidate.dropped = Some("filler in place of a value");
        return;
    }
    if let Some(floor) = def.entropy {
        let bits = entropy::shannon(&candidate.secret);
        if bits < floor * HOPELESS {
            candidate.dropped = Some("low entropy");
            return;
        }
        if bits < floor {
            candidate.set(DOUBTFUL.min(candidate.probability), "low entropy");
            candidate.yields = !def.near.is_empty();
        }
    }
    if let Some(check) = def.checksum {
        let (status, facts) = checksum::verify(check, &candidate.secret);
        candidate.checksum = status;
        candidate.facts.extend(facts);
    }
    match candidate.checksum {
        ChecksumStatus::Valid => candidate.set(PROVEN, "its checksum or structure is right"),
        ChecksumStatus::Invalid => {
            candidate.set(DOUBTFUL.min(candidate.probability), "its checksum is wrong, as in examples and edited tokens");
        }
        ChecksumStatus::None => {}
    }
    let is_open = def.detector.is_none() && candidate.checksum != ChecksumStatus::Valid;
    let as_name =
        (def.confidence == Likelihood::Medium && is_name(body(def, &candidate.secret))).then_some("it is written as names in code are");
    if let Some(reason) = made_up_for(def, &candidate.secret).or(as_name).filter(|_| is_open) {
        candidate.set(DOUBTFUL.min(candidate.probability), reason);
    }
    if def.confidence == Likelihood::Low {
        candidate.evidence.push("what has this form opens nothing by itself, or is hard to tell from other things");
    }
    // What speaks for a value is no reason to leave it out.
    if candidate.probability >= Level::Medium.floor() {
        candidate.evidence.extend(standing(def));
    }
}

/// What the pattern itself says for a value: where it stands, or its form. The learned judge has words of its own.
const fn standing(def: &PatternDef) -> Option<&'static str> {
    match def.detector {
        Some(Detector::Assignment) => None,
        Some(Detector::ConnectionString) => Some("it stands where a connection has its password"),
        Some(Detector::HttpHeader) => Some("it is the value of a header for credentials"),
        Some(Detector::CredentialFile) => Some("such files keep credentials there"),
        Some(Detector::PrivateKey) => Some("it is written as private keys are"),
        Some(Detector::Jwt) => Some("its parts are those of a JWT"),
        Some(Detector::ServiceAccount) => Some("it is the key of a service account"),
        Some(Detector::SeedPhrase) => Some("its words are those of a seed phrase"),
        None if !def.near.is_empty() => Some("it has this form, and a word near by names it"),
        None => Some("it has the form of this kind and no other"),
    }
}

/// The value without its shape's literal start.
fn body<'v>(def: &PatternDef, value: &'v [u8]) -> &'v [u8] {
    let start = |shape: &String| {
        let literal = shape.find('{').unwrap_or(shape.len());
        value.starts_with(&shape.as_bytes()[..literal]).then_some(literal)
    };
    &value[def.shape.iter().filter_map(start).max().unwrap_or(0)..]
}

/// Whether all that the value holds beyond its shape's literal start is one or two characters, or words that ask for a value.
fn is_filler(body: &[u8]) -> bool {
    let lower = body.to_ascii_lowercase();
    !body.is_empty()
        && (entropy::distinct(&lower) <= 2 && lower.iter().any(u8::is_ascii_alphanumeric)
            || entropy::longest_repeat(&lower) * 2 > body.len().max(8)
            || placeholder::is_words(body))
}

/// Whether a value is words put together as in a name: `OwnedSemaphorePermit`, `documentation`. Random text of letters alone hardly reads so.
fn is_name(value: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-');
    value.len() >= 13 && value.iter().all(is_word) && wordness(value) > LIKE_WORDS
}

/// How often letters and digits change at least in a value that tells.
const CHANGES: usize = 4;

/// Whether a value hardly stands in a text for another reason than being a credential or a hash: it is long, and letters and digits change often.
#[must_use]
pub fn is_telling(value: &[u8]) -> bool {
    const LONG: usize = 16;
    let changes = value.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    value.len() >= LONG && changes >= CHANGES
}

/// Whether a text has the digits that a value in it needs to tell: most texts around a word have not, and need no closer look.
#[must_use]
pub fn may_hold_telling(text: &[u8]) -> bool {
    text.iter().filter(|byte| byte.is_ascii_digit()).count() >= CHANGES / 2
}

/// [`made_up`] for a value of the pattern: what the pattern's own text repeats counts for nothing.
#[must_use]
pub fn made_up_for(def: &PatternDef, value: &[u8]) -> Option<&'static str> {
    let repeats = |text: &String| entropy::longest_repeat(text.as_bytes()) >= REPEATED;
    made_up(value).filter(|&reason| reason != IS_REPEATED || !def.shape.iter().chain(&def.regex).any(repeats))
}

/// Why a token looks made up: words of documentation, runs and sequences that random text does not have.
#[must_use]
pub fn made_up(value: &[u8]) -> Option<&'static str> {
    const WORDS: [&[u8]; 12] = [
        b"example",
        b"placeholder",
        b"your",
        b"xxxx",
        b"dummy",
        b"sample",
        b"changeme",
        b"redacted",
        b"insert",
        b"replace",
        b"abcdef1234",
        b"1234567890",
    ];
    let lower = value.to_ascii_lowercase();
    if WORDS.iter().any(|word| memchr::memmem::find(&lower, word).is_some()) {
        return Some("it holds a word of documentation examples");
    }
    if entropy::longest_repeat(&lower) >= REPEATED {
        return Some(IS_REPEATED);
    }
    if entropy::longest_sequence(&lower) >= 8 {
        return Some("it holds a sequence such as 12345678");
    }
    if value.len() >= 20 && entropy::distinct(&lower) <= 6 {
        return Some("it has hardly any different characters");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::{Catalogue, PatternIndex};
    use std::borrow::Cow;

    /// Probability, reason and whether it was dropped, of a value of the pattern.
    fn judged(id: &str, value: &str) -> (f32, Option<&'static str>) {
        let catalogue = Catalogue::builtin();
        let def = &catalogue.pattern(catalogue.index_of(id).unwrap()).def;
        let mut candidate = Candidate::new(PatternIndex(0), Cow::Borrowed(value.as_bytes()), 0..value.len(), 0.92);
        weigh(&mut candidate, def);
        (candidate.probability, candidate.dropped.or(candidate.evidence.first().copied()))
    }

    #[test]
    fn a_name_is_hardly_a_token_whose_form_says_little() {
        let judged = |value: &[&str]| judged("semaphore-api-token", &value.concat());
        for name in [["OwnedSemaphor", "ePermit"], ["flattenBigQuery", "RoutineDataType"], ["transformedAccess", "KeySecretAuth"]] {
            assert_eq!(judged(&name), (DOUBTFUL, Some("it is written as names in code are")), "{name:?}");
        }
        for token in [["OwnedSemaphor", "ePermi7"], ["kzQxvWbTjHr", "McLpNdGfs"], ["hqzkwvxtjrm", "bplncgdfs"]] {
            assert!(judged(&token).0 > DOUBTFUL, "{token:?}");
        }
    }

    #[test]
    fn a_token_before_dots_is_cut_off() {
        use crate::detect::testing::{found, refused, secret};
        let token = ["ya29", ".", &secret(), "b5Hn", &secret(), "x8Wq", &secret(), "k3Zd", &secret(), "m7Rt", &secret()].concat();
        assert_eq!(found(&["google-access"], &format!("t = '{token}'")).len(), 1);
        assert_eq!(found(&["google-access"], &format!("t = '{token}...'")), []);
        assert_eq!(refused(&["google-access"], &format!("t = '{token}...'")).len(), 1);
    }

    #[test]
    fn doubtful_tokens_stay_and_fillers_go() {
        let token = |body: &str| judged("github-personal-access-token", &["ghp", "_", body].concat());
        assert_eq!(token(&"x".repeat(36)).1, Some("filler in place of a value"));
        assert_eq!(token("your_token_here").1, Some("filler in place of a value"));
        assert_eq!(token(&"0".repeat(36)).1, Some("filler in place of a value"));
        let wrong = token("q7Rk2Wm9Zt4Lx8Vb3Nc6Hs1Jd5Fg0PyTuEaQ");
        assert_eq!(wrong, (DOUBTFUL, Some("its checksum is wrong, as in examples and edited tokens")));
        assert!((token("1234567890abcdefghijklmnopqrstuvwxyz").0 - DOUBTFUL).abs() < f32::EPSILON);
    }

    #[test]
    fn low_entropy_is_doubtful_before_it_is_hopeless() {
        let token = |body: &str| judged("docker-personal-access-token", &["dckr", "_pat_", body].concat());
        assert_eq!(token("q7Rk2Wm9Zt4Lx8Vb3Nc6Hs1Jd5F"), (0.92, Some("it has the form of this kind and no other")));
        assert_eq!(token("abcaabbccabcabcabbcacbabcab"), (DOUBTFUL, Some("low entropy")));
        assert_eq!(token("aababaabbaabababbbababababa").1, Some("filler in place of a value"));
    }
    #[test]
    fn a_word_below_or_after_a_value_needs_one_that_tells() {
        use crate::detect::testing::{found, refused};
        let hex = ["9f86d081", "884c7d65", "9a2feaa0", "c55ad015"].concat();
        let doubtful = [("algolia-admin-api-key".to_owned(), "its name stands far away or only hints at it")];
        let family = &["algolia-admin"][..];
        for text in [format!("{hex} opens algolia_admin"), format!("({hex})\n\nalgolia_admin"), format!("algolia_admin\nof\nours\n{hex}")] {
            assert_eq!(found(family, &text), [], "{text}");
            assert_eq!(refused(family, &text), doubtful, "{text}");
        }
        for text in [
            format!("uses: a/b@{hex} # algolia_admin"),
            format!("{hex} opens myalgolia_admin"),
            format!("{} opens algolia_admin", "abcdefgh".repeat(4)),
        ] {
            assert_eq!(refused(family, &text), [], "{text}");
        }
        // As it is on the next line, so it is below a blank one.
        assert_eq!(found(family, &format!("algolia_admin:\n\n{hex}")).len(), 1);
    }
}
