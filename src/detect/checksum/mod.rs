//! Offline checks of values. Owns: every checksum and decodable structure, with its source. Must not: know patterns or findings' order.

mod azure;
mod digits;
mod structure;

pub(super) use structure::{decode, json};

use super::fact::Facts;
use crate::finding::ChecksumStatus;
use crate::patterns::schema::Checksum;

/// How a check is made.
enum Family {
    /// Digits in the value that follow from the rest of it.
    Digits,
    /// The signatures in the keys of Azure.
    Azure,
    /// Parts that decode to something of a known form.
    Structure,
}

/// The family of each check.
const fn family(check: Checksum) -> Family {
    match check {
        Checksum::GithubCrc32
        | Checksum::GithubFineGrained
        | Checksum::NpmCrc32
        | Checksum::GitlabRoutable
        | Checksum::GrafanaCrc32
        | Checksum::AtlassianCrc32
        | Checksum::CloudflareCrc32
        | Checksum::VercelCrc32
        | Checksum::ApifyCrc32
        | Checksum::CanvaCrc32
        | Checksum::ConfluentCrc32
        | Checksum::PlanningCenterCrc32
        | Checksum::PolarCrc32
        | Checksum::SaladcloudCrc32
        | Checksum::WandbCrc32
        | Checksum::ZuploCrc32
        | Checksum::NatsCrc16
        | Checksum::AgeBech32
        | Checksum::AzureClientSecret => Family::Digits,
        Checksum::Azure64 | Checksum::Azure32 | Checksum::Azure39 | Checksum::AzureFunctions => Family::Azure,
        Checksum::AwsKeyId
        | Checksum::PypiMacaroon
        | Checksum::OpenaiMarker
        | Checksum::GrafanaStructure
        | Checksum::SentryStructure
        | Checksum::MapboxStructure
        | Checksum::JfrogStructure
        | Checksum::OnepasswordStructure
        | Checksum::AtlassianStructure
        | Checksum::DiscordStructure => Family::Structure,
    }
}

/// The verdict of `check` on `value`, and facts that the structure tells (never the secret itself).
#[must_use]
pub fn verify(check: Checksum, value: &[u8]) -> (ChecksumStatus, Facts) {
    match family(check) {
        Family::Digits if check == Checksum::GitlabRoutable => (digits::verify(check, value), structure::gitlab(value)),
        Family::Digits => (digits::verify(check, value), Facts::new()),
        Family::Azure => azure::verify(check, value),
        Family::Structure => structure::verify(check, value),
    }
}

/// Rewrites the check digits of `value`, a random value of the right shape, so that [`verify`] does not refuse it. Where the check is a
/// structure, a made-up one of about the same length takes the value's place. `false` where the value has not the shape that is needed.
#[must_use]
pub fn seal(check: Checksum, value: &mut Vec<u8>) -> bool {
    match family(check) {
        Family::Digits => digits::seal(check, value),
        Family::Azure => azure::seal(check, value),
        Family::Structure if check == Checksum::AwsKeyId => structure::aws_key_id(value).0 != ChecksumStatus::Invalid,
        Family::Structure => structure::seal(check, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rule::Shape;
    use crate::detect::view::View;
    use crate::patterns::Catalogue;
    use crate::patterns::shape::{self, Part};
    use bstr::BStr;
    use proptest::prelude::*;

    /// A value of `shape`; `random` decides lengths and characters.
    fn fill(shape: &str, random: &mut impl FnMut() -> u64) -> Vec<u8> {
        let mut pick = |count: usize| usize::try_from(random() >> 33).unwrap() % count;
        let mut value = Vec::new();
        for part in shape::parse(shape).unwrap() {
            match part {
                Part::Literal(bytes) => value.extend(bytes),
                Part::Run(charset, ranges) => {
                    let (min, max) = ranges[pick(ranges.len())];
                    let members: Vec<u8> = charset.bytes().collect();
                    let length = usize::from(min) + pick(usize::from(max - min) + 1);
                    value.extend((0..length).map(|_| members[pick(members.len())]));
                }
                other => panic!("no shape with a checksum has {other:?}"),
            }
        }
        value
    }

    fn random(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state
        }
    }

    /// Every shape of every built-in pattern that has a check.
    fn checked_shapes() -> Vec<(Checksum, String)> {
        let catalogue = Catalogue::builtin();
        let defs = catalogue.indices().map(|index| catalogue.pattern(index).def.clone());
        defs.filter_map(|def| def.checksum.map(|check| (check, def.shape)))
            .flat_map(|(check, shapes)| shapes.into_iter().map(move |shape| (check, shape)))
            .collect()
    }

    /// Checks that prove nothing beyond the shape when they pass.
    fn proves(check: Checksum) -> bool {
        !matches!(check, Checksum::AwsKeyId | Checksum::OpenaiMarker)
    }

    /// Checks that refuse a random value.
    fn refuses(check: Checksum) -> bool {
        proves(check) && !matches!(check, Checksum::PypiMacaroon | Checksum::AtlassianStructure | Checksum::DiscordStructure)
    }

    /// Checks of families in which some shapes carry no digits, or take in more characters than the sum does.
    fn has_other_forms(check: Checksum) -> bool {
        matches!(check, Checksum::AgeBech32 | Checksum::ApifyCrc32 | Checksum::PolarCrc32 | Checksum::SaladcloudCrc32)
    }

    #[test]
    fn the_first_shape_of_a_pattern_carries_its_check() {
        let catalogue = Catalogue::builtin();
        for def in catalogue.indices().map(|index| &catalogue.pattern(index).def) {
            if let (Some(check), Some(shape)) = (def.checksum, def.shape.first()) {
                assert!(seal(check, &mut fill(shape, &mut random(3))), "{}", def.id);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sealed_values_pass_and_keep_their_shape(seed in any::<u64>()) {
            for (check, shape) in checked_shapes() {
                let mut value = fill(&shape, &mut random(seed));
                let sealed = seal(check, &mut value);
                prop_assert!(sealed || has_other_forms(check), "{shape}");
                let is_valid = verify(check, &value).0 == ChecksumStatus::Valid;
                prop_assert_eq!(is_valid, sealed && proves(check), "{} {}", shape, value.escape_ascii());
                let view = View { bytes: &value, path: BStr::new("a"), binary: false, depth: 0 };
                prop_assert_eq!(Shape::compile(&shape).unwrap().match_at(&view, 0), Some(0..value.len()), "{} {}", shape, value.escape_ascii());
            }
        }

        #[test]
        fn random_values_fail(seed in any::<u64>()) {
            for (check, shape) in checked_shapes().into_iter().filter(|&(check, _)| refuses(check)) {
                let value = fill(&shape, &mut random(seed));
                let verdict = verify(check, &value).0;
                prop_assert_ne!(verdict, ChecksumStatus::Valid, "{} {}", shape, value.escape_ascii());
                let is_refused = verdict == ChecksumStatus::Invalid;
                prop_assert!(is_refused || !seal(check, &mut value.clone()), "{} {}", shape, value.escape_ascii());
            }
        }

        #[test]
        fn no_value_panics(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            for (check, _) in checked_shapes() {
                let _ = verify(check, &bytes);
                let _ = seal(check, &mut bytes.clone());
            }
        }
    }

    #[test]
    fn one_changed_character_fails_every_real_checksum() {
        let real = checked_shapes().into_iter().filter(|&(check, _)| {
            refuses(check)
                && !matches!(
                    check,
                    Checksum::GrafanaStructure
                        | Checksum::SentryStructure
                        | Checksum::MapboxStructure
                        | Checksum::JfrogStructure
                        | Checksum::OnepasswordStructure
                )
        });
        for (check, shape) in real {
            let mut value = fill(&shape, &mut random(7));
            if !seal(check, &mut value) {
                continue;
            }
            // The prefix of some families and the last characters of fine-grained GitHub tokens are not part of the sum.
            let covered = shape.find('{').unwrap()..if check == Checksum::GithubFineGrained { 85 } else { value.len() };
            for at in covered.filter(|&at| value[at].is_ascii_alphanumeric()) {
                let mut edited = value.clone();
                edited[at] = match edited[at] {
                    b'9' | b'z' | b'Z' => edited[at] - 1,
                    other => other + 1,
                };
                assert_eq!(verify(check, &edited).0, ChecksumStatus::Invalid, "{shape} changed at {at}");
            }
        }
    }
}
