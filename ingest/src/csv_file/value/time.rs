//! Dates and instants, by a strftime format and a time zone.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, datetime};
use jiff::fmt::strtime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;

/// How a column writes times.
#[derive(Clone, Debug)]
pub(in crate::csv_file) struct TimeFormat {
    /// None: ISO 8601, with or without a time and an offset.
    format: Option<String>,
    zone: TimeZone,
}

impl TimeFormat {
    /// ISO 8601.
    pub(in crate::csv_file) fn iso(zone: TimeZone) -> Self {
        Self { format: None, zone }
    }

    /// Checks that the format has directives that can be read, and a full date.
    ///
    /// # Errors
    ///
    /// What is wrong with the format.
    pub(in crate::csv_file) fn try_new(pattern: String, zone: TimeZone) -> Result<Self, String> {
        let sample = TimeZone::UTC.to_zoned(datetime(2001, 12, 23, 14, 15, 16, 0));
        let sample = sample.map_err(|error| error.to_string())?;
        let text = strtime::format(&pattern, &sample).map_err(|error| error.to_string())?;
        strtime::parse(&pattern, &text).map_err(|error| error.to_string())?;
        let format = Self {
            format: Some(pattern),
            zone,
        };
        match format.instant(&text) {
            Ok(_) => Ok(format),
            Err(_) => Err("it has no full date, or only a part of a time".into()),
        }
    }

    /// The calendar date, whatever the zone.
    pub(in crate::csv_file) fn date(&self, text: &str) -> Option<Date> {
        match &self.format {
            None => Pieces::parse(text).ok().map(|pieces| pieces.date()),
            Some(format) => strtime::parse(format, text).ok()?.to_date().ok(),
        }
    }

    /// The instant: midnight if the text has no time, in the zone unless the text has an offset.
    ///
    /// A local time that occurs twice is the first of the two; one that a change to summer time leaves out is
    /// moved on by the gap.
    ///
    /// # Errors
    ///
    /// What the text is not, to be read after it.
    pub(in crate::csv_file) fn instant(&self, text: &str) -> Result<Timestamp, String> {
        let instant = match &self.format {
            None => self.iso_instant(text),
            Some(format) => self.formatted_instant(format, text),
        };
        instant.ok_or_else(|| format!("is not a time in the format {}", self.describe()))
    }

    /// The format, for a message.
    pub(in crate::csv_file) fn describe(&self) -> &str {
        self.format.as_deref().unwrap_or("of ISO 8601")
    }

    fn iso_instant(&self, text: &str) -> Option<Timestamp> {
        let pieces = Pieces::parse(text).ok()?;
        let local = pieces
            .date()
            .to_datetime(pieces.time().unwrap_or(Time::midnight()));
        match pieces.to_numeric_offset() {
            Some(offset) => offset.to_timestamp(local).ok(),
            None => self.in_zone(local),
        }
    }

    fn formatted_instant(&self, format: &str, text: &str) -> Option<Timestamp> {
        let parts = strtime::parse(format, text).ok()?;
        if parts.offset().is_some() || parts.timestamp().is_some() {
            return parts.to_timestamp().ok();
        }
        if parts.iana_time_zone().is_some() {
            return parts.to_zoned().ok().map(|zoned| zoned.timestamp());
        }
        self.in_zone(parts.to_datetime().ok()?)
    }

    fn in_zone(&self, local: DateTime) -> Option<Timestamp> {
        self.zone.to_timestamp(local).ok()
    }
}
