use proptest::prelude::*;

use super::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn pace(now: Timestamp) -> Pace {
    Pace { next: now + HOUR, interval: HOUR }
}

fn live(events: &[Event]) -> Life {
    let mut life = Life::default();
    for (second, event) in (0..).zip(events) {
        life.apply(*event, at(second), pace(at(second))).unwrap();
    }
    life
}

fn label(events: &[Event]) -> Label {
    live(events).label(at(100), HOUR)
}

const FIRST_SYNC: [Event; 4] =
    [Event::Saved, Event::Claimed, Event::Fetched, Event::Committed { warnings: false }];

#[test]
fn the_label_follows_the_guide() {
    assert_eq!(label(&[]), Label::NotConnected);
    assert_eq!(label(&FIRST_SYNC[..1]), Label::Syncing, "saving starts a sync by itself");
    assert_eq!(label(&FIRST_SYNC[..2]), Label::Syncing);
    assert_eq!(label(&FIRST_SYNC[..3]), Label::Processing);
    assert_eq!(label(&FIRST_SYNC), Label::Connected);
}

#[test]
fn an_empty_first_sync_is_not_plainly_connected() {
    let events = [Event::Saved, Event::Claimed, Event::Fetched, Event::Committed { warnings: true }];
    assert_eq!(label(&events), Label::NeedsAttention);
}

#[test]
fn a_refused_token_is_an_error_and_waits_for_the_schedule() {
    let mut life = live(&FIRST_SYNC);
    for event in [Event::Wanted { by_person: true }, Event::Claimed, Event::FailedConfig] {
        life.apply(event, at(50), pace(at(50))).unwrap();
    }
    assert_eq!(life.label(at(51), HOUR), Label::Error);
    assert_eq!(life.next_at, Some(at(50) + HOUR));
    assert_eq!(life.failing_since, Some(at(50)));
    assert_eq!(life.good_at, Some(at(3)), "what is shown stays the last good state");
}

#[test]
fn pauses_double_and_never_exceed_the_schedule() {
    let mut life = live(&FIRST_SYNC);
    let mut now = at(10);
    let mut pauses = Vec::new();
    for _ in 0..9 {
        for event in [Event::Wanted { by_person: true }, Event::Claimed, Event::FailedTransient] {
            life.apply(event, now, pace(now)).unwrap();
        }
        let next = life.next_at.unwrap();
        pauses.push(next.duration_since(now).as_secs() / 60);
        now = next;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(life.hold, Hold::None, "never disabled by itself");
    assert_eq!(life.label(now, HOUR), Label::Error);
}

#[test]
fn back_off_holds_the_schedule_but_not_a_person() {
    let mut life = live(&[Event::Saved, Event::Claimed, Event::FailedTransient]);
    assert_eq!(life.apply(Event::Wanted { by_person: false }, at(5), pace(at(5))), Err(Refusal::BackOff));
    assert_eq!(life.apply(Event::Wanted { by_person: true }, at(5), pace(at(5))), Ok(()));
}

#[test]
fn a_held_sync_stops_everybody_until_it_is_decided() {
    let mut life = live(&FIRST_SYNC);
    for event in [Event::Wanted { by_person: true }, Event::Claimed, Event::Fetched, Event::Held] {
        life.apply(event, at(50), pace(at(50))).unwrap();
    }
    assert_eq!(life.label(at(51), HOUR), Label::Paused);
    assert_eq!(life.apply(Event::Wanted { by_person: true }, at(52), pace(at(52))), Err(Refusal::Anomaly));
    let mut dropped = life.clone();
    dropped.apply(Event::Discard, at(60), pace(at(60))).unwrap();
    assert_eq!(dropped.good_at, Some(at(3)));
    life.apply(Event::Confirm { warnings: false }, at(60), pace(at(60))).unwrap();
    assert_eq!(life.good_at, Some(at(60)));
    assert_eq!(life.label(at(61), HOUR), Label::Connected);
}

#[test]
fn old_data_is_stale() {
    let life = live(&FIRST_SYNC);
    assert_eq!(life.label(at(3) + HOUR * 2, HOUR), Label::Connected);
    assert_eq!(life.label(at(4) + HOUR * 2, HOUR), Label::Stale);
}

#[test]
fn an_empty_result_that_somebody_confirmed_is_not_plainly_connected() {
    let mut life = live(&FIRST_SYNC);
    let confirmed = Event::Confirm { warnings: true };
    for event in [Event::Wanted { by_person: true }, Event::Claimed, Event::Fetched, Event::Held, confirmed] {
        life.apply(event, at(50), pace(at(50))).unwrap();
    }
    assert_eq!(life.label(at(51), HOUR), Label::NeedsAttention);
}

#[test]
fn a_sync_that_was_stopped_hides_no_failure() {
    let mut life = live(&FIRST_SYNC);
    for _ in 0..3 {
        for event in [Event::Wanted { by_person: true }, Event::Claimed, Event::FailedTransient] {
            life.apply(event, at(50), pace(at(50))).unwrap();
        }
    }
    for event in [Event::Wanted { by_person: true }, Event::Claimed, Event::Cancel, Event::Cancelled] {
        life.apply(event, at(60), pace(at(60))).unwrap();
    }
    assert_eq!((life.last, life.label(at(61), HOUR)), (Last::Cancelled, Label::Error));
    assert_eq!(life.failing_since, Some(at(50)));
}

#[test]
fn a_connector_that_never_worked_is_an_error_after_the_third_failure_too() {
    let mut life = live(&[Event::Saved, Event::Claimed, Event::FailedTransient]);
    assert_eq!(life.label(at(3), HOUR), Label::Retrying);
    for _ in 0..2 {
        for event in [Event::Wanted { by_person: true }, Event::Claimed, Event::FailedTransient] {
            life.apply(event, at(9), pace(at(9))).unwrap();
        }
    }
    assert_eq!(life.label(at(10), HOUR), Label::Error);
}

fn event() -> impl Strategy<Value = Event> {
    prop::sample::select(vec![
        Event::Saved,
        Event::Wanted { by_person: true },
        Event::Wanted { by_person: false },
        Event::Claimed,
        Event::Fetched,
        Event::Committed { warnings: true },
        Event::Committed { warnings: false },
        Event::Held,
        Event::FailedTransient,
        Event::FailedConfig,
        Event::Cancel,
        Event::Cancelled,
        Event::Lost,
        Event::Pause,
        Event::Resume,
        Event::Confirm { warnings: true },
        Event::Confirm { warnings: false },
        Event::Discard,
    ])
}

proptest! {
    /// Whatever happens in whatever order: what was promised holds.
    #[test]
    fn the_law_holds_in_every_order(events in prop::collection::vec((event(), 0_i64..7200), 0..60)) {
        let mut life = Life::default();
        let mut now = at(0);
        let mut committed = false;
        let (mut full, mut fails) = (false, 0);
        for (event, later) in events {
            now += SignedDuration::from_secs(later);
            let before = life.clone();
            let done = life.apply(event, now, pace(now));
            if done.is_err() {
                prop_assert_eq!(&life, &before, "a refused event changes nothing");
                continue;
            }
            committed |= matches!(event, Event::Committed { .. } | Event::Confirm { .. });
            let label = life.label(now, HOUR);
            match event {
                Event::Committed { warnings } | Event::Confirm { warnings } => (full, fails) = (!warnings, 0),
                Event::FailedTransient | Event::FailedConfig => fails += 1,
                Event::Held => fails = 0,
                _ => {}
            }
            if label == Label::Connected {
                prop_assert!(committed, "connected only after a committed sync");
                prop_assert!(life.good_at.is_some());
                prop_assert!(full, "plainly connected only when what is shown has nothing to look at");
                prop_assert_eq!(fails, 0, "what fails is not called connected, whatever was stopped since");
            }
            if fails >= TELL_AFTER && life.run == Run::Idle && life.hold == Hold::None && life.good_at.is_some() {
                prop_assert_eq!(label, Label::Error, "after the third failure");
            }
            if life.hold != Hold::None || life.setup == Setup::Incomplete {
                prop_assert_eq!(life.next_at, None, "nothing is scheduled while held");
            } else if life.run == Run::Idle {
                let next = life.next_at.expect("an idle connector that is set up has a next sync");
                prop_assert!(next <= now + HOUR, "no pause is longer than the schedule");
            }
            if before.run == Run::Idle && life.run == Run::Queued {
                prop_assert_eq!(before.hold, Hold::None, "nothing starts while held");
            }
            if before.good_at != life.good_at {
                prop_assert!(matches!(event, Event::Committed { .. } | Event::Confirm { .. }), "only a sync changes what is shown");
            }
            // A process that dies here leaves nothing that cannot go on.
            let mut revived = life.clone();
            match revived.run {
                Run::Syncing | Run::Processing => revived.apply(Event::Lost, now, pace(now)).unwrap(),
                Run::Cancelling => revived.apply(Event::Cancelled, now, pace(now)).unwrap(),
                Run::Idle | Run::Queued => {}
            }
            prop_assert!(matches!(revived.run, Run::Idle | Run::Queued));
        }
    }
}
