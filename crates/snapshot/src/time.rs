//! Times as the tables and the records write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::TimeZone;

/// A column's text: UTC, `YYYY-MM-DD HH:MM:SS[.fraction]`, trailing zeros trimmed.
///
/// Readers compare these texts byte by byte, so there is a space and neither `T` nor `Z`.
pub fn to_column(time: Timestamp) -> String {
    let utc = TimeZone::UTC.to_datetime(time);
    DateTimePrinter::new().separator(b' ').datetime_to_string(&utc)
}

/// Reads a column's text.
///
/// Without a zone it is UTC, as Baton's readers take it, although its writers put their local time there. RFC 3339
/// and Go's default form (`2026-01-02 03:04:05.6 +0000 UTC`) are understood as well. None for anything else.
pub fn from_column(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(civil) = text.parse::<DateTime>() {
        return TimeZone::UTC.to_timestamp(civil).ok();
    }
    let (date, rest) = text.split_once(' ')?;
    let (clock, zone) = rest.split_once(' ')?;
    let offset = zone.split(' ').next().unwrap_or(zone);
    format!("{date} {clock}{offset}").parse().ok()
}

/// The time as a record holds it.
pub fn to_proto(time: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = (time.as_second(), time.subsec_nanosecond());
    // Before 1970 the fraction is negative here, while a record wants it counted upwards.
    if nanos < 0 {
        prost_types::Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 }
    } else {
        prost_types::Timestamp { seconds, nanos }
    }
}

/// The time that a record holds; none outside the years that a timestamp can express.
pub fn from_proto(time: &prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(time.seconds, time.nanos).ok()
}
