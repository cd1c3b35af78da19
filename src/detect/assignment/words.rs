//! How much a text looks like words. Owns: the table of letter pairs. Must not: decide anything.

/// How often the second letter follows the first in the words of English documentation and code, against chance:
/// 5 is chance, each step doubles or halves. Counted over the documentation and sources of well-known projects.
const PAIRS: [[u8; 26]; 26] = [
    *b"25651351513656151667443242",
    *b"74437212641831621553621151",
    *b"71417216516611821537511131",
    *b"64358332712532631452531141",
    *b"53674442311557243775243531",
    *b"62226611813622711645511141",
    *b"52328455711535531753611132",
    *b"72228111711333722545411131",
    *b"54655451112658742566151315",
    *b"72358122414153751263634111",
    *b"63248442712424532274414131",
    *b"73258321712612731155531161",
    *b"74228221711453672142421231",
    *b"62666572523324522267441131",
    *b"44552341424568551755645221",
    *b"71237124512622761746511131",
    *b"21112111111721341131911111",
    *b"73448341714344631466442151",
    *b"52527315613432663267613141",
    *b"61428226711331631665512152",
    *b"55546341511667361767111211",
    *b"71419121711422511132211111",
    *b"71237216712316711664215111",
    *b"52737313611251271438211341",
    *b"54436132611566671475214134",
    *b"72229113611311521321311144",
];

/// The mean of the table over the letter pairs of `value`: words have 5 to 7, random letters 2 to 4.5. 0 where there is no pair.
#[must_use]
pub fn wordness(value: &[u8]) -> f32 {
    let index = |byte: u8| usize::from(byte.to_ascii_lowercase() - b'a');
    let (mut sum, mut count) = (0_u32, 0_u32);
    for pair in value.windows(2).filter(|pair| pair.iter().all(u8::is_ascii_alphabetic)) {
        sum += u32::from(PAIRS[index(pair[0])][index(pair[1])] - b'0');
        count += 1;
    }
    if count == 0 { 0.0 } else { sum as f32 / count as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_apart_from_noise() {
        for word in ["password", "hunter", "supersecret", "libsodium", "StartKeyPhrases"] {
            assert!(wordness(word.as_bytes()) > 4.9, "{word}");
        }
        for noise in ["xkqzjv", "kcqkcq", "vgrwkwkccsbgnp", "mxndrm"] {
            assert!(wordness(noise.as_bytes()) < 3.6, "{noise}");
        }
        assert!(wordness(b"a1b2").abs() < 1e-6);
    }
}
