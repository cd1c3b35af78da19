//! Points in time as text. Owns: the calendar. Must not: know clocks or zones beyond an offset.

/// Date and time of `seconds` since 1970, as a clock `offset` seconds ahead of UTC shows it, after RFC 3339: `2024-03-05T17:04:09+01:00`.
/// The calendar is today's, also for the years it did not exist.
#[must_use]
pub fn rfc3339(seconds: i64, offset: i32) -> String {
    let local = seconds.saturating_add(i64::from(offset));
    let (days, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.unsigned_abs() / 60;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The date alone.
#[must_use]
pub fn date(seconds: i64, offset: i32) -> String {
    let (year, month, day) = civil(seconds.saturating_add(i64::from(offset)).div_euclid(86_400));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day, so many days after the first of 1970. Years are counted from March, so that the leap day is the last one.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_all_kinds() {
        assert_eq!(rfc3339(0, 0), "1970-01-01T00:00:00+00:00");
        assert_eq!(rfc3339(1_709_655_849, 3600), "2024-03-05T17:24:09+01:00");
        assert_eq!(rfc3339(951_782_400, -9_000), "2000-02-28T21:30:00-02:30");
        assert_eq!(date(951_782_400, 0), "2000-02-29");
        assert_eq!(date(-1, 0), "1969-12-31");
        assert_eq!(date(4_107_542_399, 0), "2100-02-28");
        assert_eq!(date(4_107_542_400, 0), "2100-03-01");
        for extreme in [i64::MIN, i64::MAX] {
            assert!(rfc3339(extreme, i32::MAX).len() > 20);
        }
    }
}
