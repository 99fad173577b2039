//! Moments as people write them: a day, or a time with its zone.

use jiff::{
    Timestamp,
    civil::{Date, time},
    tz::TimeZone,
};

/// A moment; of a day its end, UTC.
pub(crate) fn end(text: &str) -> Result<Timestamp, String> {
    of(text, false)
}

/// `FROM..TO`: the beginning of the first day to the end of the last one. Either may be left out.
pub(crate) fn period(text: &str) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
    let (from, to) = text.split_once("..").ok_or_else(|| "write it as 2026-07-01..2026-09-30".to_owned())?;
    let side = |text: &str, begins| {
        let text = text.trim();
        if text.is_empty() { Ok(None) } else { of(text, begins).map(Some) }
    };
    match (side(from, true)?, side(to, false)?) {
        (Some(from), Some(to)) if from > to => Err("it ends before it begins".to_owned()),
        sides => Ok(sides),
    }
}

fn of(text: &str, begins: bool) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    // Without a zone a time of day could be anywhere.
    let day = if text.contains(['T', ' ']) { None } else { text.parse::<Date>().ok() };
    let day = day.ok_or_else(|| "write it as 2026-07-01 or 2026-07-01T12:00:00Z".to_owned())?;
    let at = if begins { time(0, 0, 0, 0) } else { time(23, 59, 59, 0) };
    let zoned = day.to_datetime(at).to_zoned(TimeZone::UTC);
    zoned.map(|zoned| zoned.timestamp()).map_err(|_| "no time can be that far away".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{end, period};

    #[test]
    fn days_and_times() {
        let text = |text: &str| end(text).map(|at| at.to_string());
        assert_eq!(text("2026-07-01").as_deref(), Ok("2026-07-01T23:59:59Z"));
        assert_eq!(text("2026-07-01T12:00:00+02:00").as_deref(), Ok("2026-07-01T10:00:00Z"));
        for wrong in ["", "soon", "2026-13-01", "2026-07-01T12:00:00", "20260701 12:00"] {
            assert!(end(wrong).is_err(), "{wrong}");
        }
        let sides = |text: &str| {
            period(text).map(|(from, to)| (from.map(|at| at.to_string()), to.map(|at| at.to_string())))
        };
        let at = |text: &str| Some(text.to_owned());
        assert_eq!(
            sides("2026-07-01..2026-07-01"),
            Ok((at("2026-07-01T00:00:00Z"), at("2026-07-01T23:59:59Z")))
        );
        assert_eq!(sides("..2026-07-01"), Ok((None, at("2026-07-01T23:59:59Z"))));
        assert_eq!(sides(".."), Ok((None, None)));
        for wrong in ["2026-07-01", "2026-07-02..2026-07-01", "a..b"] {
            assert!(period(wrong).is_err(), "{wrong}");
        }
    }
}
