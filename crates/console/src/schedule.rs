//! When syncs run: every so many minutes, or by a cron line in a time zone.

use std::str::FromStr;

use croner::Cron;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::life::Pace;

/// Shortest time between two syncs that a schedule may ask for, in minutes.
pub const SHORTEST_MINUTES: u32 = 30;
/// Longest.
pub const LONGEST_MINUTES: u32 = 7 * 24 * 60;

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// Every so many minutes after the end of the last.
    Every {
        /// 30 to 10080.
        minutes: u32,
    },
    /// By a cron line of five fields.
    Cron {
        /// As in `15 6-20 * * MON-FRI`.
        line: String,
        /// Name of the time zone, as in `Europe/Berlin`.
        zone: String,
    },
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Every { minutes: 60 }
    }
}

impl Schedule {
    /// What is wrong with it, in words.
    ///
    /// # Errors
    /// One sentence.
    pub fn check(&self, now: Timestamp) -> Result<(), String> {
        match self {
            Self::Every { minutes } if *minutes < SHORTEST_MINUTES => {
                Err(format!("the shortest interval is {SHORTEST_MINUTES} minutes"))
            }
            Self::Every { minutes } if *minutes > LONGEST_MINUTES => {
                Err(format!("the longest interval is {LONGEST_MINUTES} minutes, a week"))
            }
            Self::Every { .. } => Ok(()),
            Self::Cron { line, zone } => {
                let zone = TimeZone::get(zone).map_err(|_| format!("there is no time zone {zone}"))?;
                let cron = Cron::from_str(line).map_err(|error| format!("the cron line: {error}"))?;
                let mut last = None;
                for next in cron.iter_after(now.to_zoned(zone)).take(12) {
                    let next = next.timestamp();
                    if last.is_some_and(|last| next.duration_since(last) < shortest()) {
                        return Err(format!("two runs would be less than {SHORTEST_MINUTES} minutes apart"));
                    }
                    last = Some(next);
                }
                last.map(drop).ok_or_else(|| "the cron line never comes due".to_owned())
            }
        }
    }

    /// The next run after `now`, and how far runs are apart.
    #[must_use]
    pub fn pace(&self, now: Timestamp) -> Pace {
        let hourly = SignedDuration::from_hours(1);
        let every =
            |interval: SignedDuration| Pace { next: now.saturating_add(interval).unwrap_or(now), interval };
        match self {
            Self::Every { minutes } => every(SignedDuration::from_mins(i64::from(*minutes))),
            Self::Cron { line, zone } => {
                // Checked when it was saved; should it not be read any more, hourly is better than never.
                let (Ok(zone), Ok(cron)) = (TimeZone::get(zone), Cron::from_str(line)) else {
                    return every(hourly);
                };
                let mut runs = cron.iter_after(now.to_zoned(zone)).take(2).map(|run| run.timestamp());
                match (runs.next(), runs.next()) {
                    (Some(next), Some(after)) => Pace { next, interval: after.duration_since(next) },
                    _ => every(hourly),
                }
            }
        }
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Every { minutes: 60 } => "every hour".to_owned(),
            Self::Every { minutes } if minutes % 60 == 0 => format!("every {} hours", minutes / 60),
            Self::Every { minutes } => format!("every {minutes} minutes"),
            Self::Cron { line, zone } => format!("{line} ({zone})"),
        }
    }
}

fn shortest() -> SignedDuration {
    SignedDuration::from_mins(i64::from(SHORTEST_MINUTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-28T10:00:00Z".parse().unwrap()
    }

    fn cron(line: &str, zone: &str) -> Schedule {
        Schedule::Cron { line: line.into(), zone: zone.into() }
    }

    #[test]
    fn a_cron_line_runs_by_its_zone_across_the_change_of_clocks() {
        // 29 March 2026: Berlin goes from +1 to +2.
        let schedule = cron("0 6 * * *", "Europe/Berlin");
        let first = schedule.pace(now()).next;
        assert_eq!(first.to_string(), "2026-03-29T04:00:00Z");
        assert_eq!(
            schedule.pace("2026-03-27T10:00:00Z".parse().unwrap()).next.to_string(),
            "2026-03-28T05:00:00Z"
        );
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        assert!(Schedule::Every { minutes: 29 }.check(now()).is_err());
        assert!(Schedule::Every { minutes: 10_081 }.check(now()).is_err());
        assert!(cron("*/10 * * * *", "UTC").check(now()).unwrap_err().contains("30 minutes"));
        assert!(cron("0 6 * * *", "Atlantis/City").check(now()).unwrap_err().contains("Atlantis"));
        assert!(cron("six o'clock", "UTC").check(now()).is_err());
        assert!(cron("0 */2 * * *", "UTC").check(now()).is_ok());
    }
}
