//! What may be told of a value. Owns: making text of a credential's inside fit for a report. Must not: decide which parts are worth telling.

/// Name and text of each thing told. Never the secret.
pub type Facts = Vec<(&'static str, String)>;

/// Longest text told, in characters.
const LONGEST: usize = 120;

/// Adds `text` as a fact: without control characters and URL userinfo, cut at 120 characters. An empty text tells nothing.
pub fn tell(facts: &mut Facts, name: &'static str, text: &str) {
    let text = without_userinfo(text.trim());
    let shown: String = text.chars().filter(|character| !character.is_control()).take(LONGEST).collect();
    if !shown.is_empty() {
        facts.push((name, shown));
    }
}

/// Adds a member of a JSON object as a fact where it is text or a number.
pub fn tell_member(facts: &mut Facts, name: &'static str, object: &serde_json::Value, member: &str) {
    match object.get(member) {
        Some(serde_json::Value::String(text)) => tell(facts, name, text),
        Some(serde_json::Value::Number(number)) => tell(facts, name, &number.to_string()),
        _ => {}
    }
}

/// A URL may carry a password of its own.
fn without_userinfo(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => text.to_owned(),
    }
}

/// `2024-02-29`: the UTC date of a number of seconds since 1970, for the years 1970 to 9999.
#[must_use]
pub fn date(seconds: i64) -> Option<String> {
    const YEAR_10000: i64 = 253_402_300_800;
    if !(0..YEAR_10000).contains(&seconds) {
        return None;
    }
    // Days since 1 March of the year 0, in eras of 400 years, so that the leap day is the last of its year.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_seconds() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_709_164_800, "2024-02-29"),
            (1_735_689_599, "2024-12-31"),
            (253_402_300_799, "9999-12-31"),
        ] {
            assert_eq!(date(seconds).as_deref(), Some(expected));
        }
        assert_eq!(date(-1), None);
        assert_eq!(date(253_402_300_800), None);
    }

    #[test]
    fn facts_hold_no_userinfo_and_no_control_characters() {
        let mut facts = Facts::new();
        tell(&mut facts, "issuer", "https://ann:pw@id.acme.dev/x@y\x1b[31m");
        tell(&mut facts, "empty", " \n");
        tell(&mut facts, "long", &"x".repeat(500));
        assert_eq!(facts[0], ("issuer", "https://id.acme.dev/x@y[31m".to_owned()));
        assert_eq!(facts[1].1.len(), LONGEST);
        assert_eq!(facts.len(), 2);
    }
}
