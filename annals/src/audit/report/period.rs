//! The period of a report.

use domain::RecordedEvent;
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

/// From a moment on, and before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Timestamp,
    pub(super) before: Timestamp,
}

impl Period {
    /// Whether something happened in it: by when it was written down, which nobody can choose.
    pub(super) fn has(self, event: &RecordedEvent) -> bool {
        event.recorded_at >= self.from && event.recorded_at < self.before
    }
}

/// A moment, or the begin of a day in UTC, which all times of a report are in.
///
/// # Errors
/// When it is neither: with what would be.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    // A date's own parser takes a time after it, and drops it.
    let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    let begin = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    begin.map(|begin| begin.timestamp()).ok_or_else(|| {
        format!(
            "{text:?} is neither a day (2026-10-01, from its begin on in UTC) nor a moment with its offset \
             (2026-10-01T08:00:00Z, 2026-10-01T08:00:00+02:00)"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_day_is_its_begin_in_utc_and_a_moment_is_itself() {
        assert_eq!(moment("2026-10-01").unwrap().to_string(), "2026-10-01T00:00:00Z");
        let moved = moment("2026-10-01T02:00:00+02:00").unwrap();
        assert_eq!(moved.to_string(), "2026-10-01T00:00:00Z");
        for wrong in [
            "2026-10-01T08:00:00",
            "2026-13-01",
            "2026-10",
            "20261001",
            "yesterday",
            "",
        ] {
            let told = moment(wrong).unwrap_err();
            assert!(told.contains("is neither a day (2026-10-01"), "{wrong}: {told}");
        }
    }
}
