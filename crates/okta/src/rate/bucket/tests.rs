use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn bucket(budget: u8) -> Bucket {
    Bucket::new(Rules { budget, reserve: 10, margin: SECOND })
}

/// An answer sent at second `date` of Okta's clock, which here is ours.
fn reading(limit: u32, remaining: u32, reset: i64, date: i64) -> Reading {
    Reading { limit, remaining, reset: Some(reset), date: Some(date) }
}

/// Takes what may go at `now`, up to `most`.
fn take(bucket: &mut Bucket, now: Moment, most: u32) -> u32 {
    (0..most)
        .take_while(|_| {
            bucket.turn(now) == Turn::Go && {
                bucket.take(now);
                true
            }
        })
        .count() as u32
}

#[test]
fn a_share_of_little_is_at_least_one() {
    for (limit, budget, allowed) in [(100, 50, 50), (101, 50, 50), (1, 50, 1), (20, 1, 1), (600, 100, 600)] {
        let mut bucket = bucket(budget);
        assert_eq!(take(&mut bucket, SECOND, 5), 1);
        bucket.settle(SECOND, true, Some(&reading(limit, limit - 1, 61, 1)), false);
        assert_eq!(bucket.allowance(), Some(allowed));
        assert_eq!(take(&mut bucket, SECOND, 1000), allowed - 1);
    }
}

#[test]
fn what_is_under_way_is_not_in_the_remainder_yet() {
    let mut bucket = bucket(100);
    assert_eq!(take(&mut bucket, SECOND, 1), 1);
    // Others use the bucket: 15 are left, 10 of those are theirs.
    bucket.settle(SECOND, true, Some(&reading(100, 15, 61, 1)), false);
    assert_eq!(take(&mut bucket, SECOND, 100), 5);
    assert_eq!(bucket.turn(SECOND), Turn::AfterAnswer);
    for left in [14, 13, 12, 11, 10] {
        bucket.settle(2 * SECOND, true, Some(&reading(100, left, 61, 2)), false);
    }
    assert_eq!(bucket.turn(2 * SECOND), Turn::Until(62 * SECOND));
    assert_eq!(bucket.turn(62 * SECOND), Turn::Go);
    // The new window is looked at before it is used, since others were there.
    assert_eq!(take(&mut bucket, 62 * SECOND, 100), 1);
    assert_eq!(bucket.turn(62 * SECOND), Turn::AfterAnswer);
}

#[test]
fn a_late_answer_of_the_last_window_says_nothing_about_this_one() {
    let mut bucket = bucket(100);
    take(&mut bucket, SECOND, 1);
    bucket.settle(SECOND, true, Some(&reading(10, 9, 61, 1)), false);
    assert_eq!(take(&mut bucket, 60 * SECOND, 2), 2);
    assert_eq!(take(&mut bucket, 62 * SECOND, 1), 1);
    bucket.settle(63 * SECOND, true, Some(&reading(10, 9, 123, 63)), false);
    // Sent in the last second of the old window, with a remainder of its own.
    bucket.settle(63 * SECOND, true, Some(&reading(10, 0, 61, 60)), false);
    assert_eq!(bucket.heard(), (Some(10), Some(9), Some(123)));
    // One answered here, one under way: eight are left.
    assert_eq!(take(&mut bucket, 63 * SECOND, 100), 8);
}

#[test]
fn a_lost_request_counts_in_this_window_and_the_next() {
    let mut bucket = bucket(100);
    take(&mut bucket, SECOND, 1);
    bucket.settle(SECOND, true, Some(&reading(10, 9, 61, 1)), false);
    assert_eq!(take(&mut bucket, 60 * SECOND, 3), 3);
    for _ in 0..3 {
        bucket.settle(61 * SECOND, false, None, false);
    }
    assert_eq!(take(&mut bucket, 61 * SECOND, 100), 6);
    for _ in 0..6 {
        bucket.settle(61 * SECOND, true, Some(&reading(10, 0, 61, 60)), false);
    }
    assert_eq!(take(&mut bucket, 62 * SECOND, 100), 7);
}

#[test]
fn a_window_that_turns_over_early_is_noticed() {
    let mut bucket = bucket(50);
    take(&mut bucket, SECOND, 1);
    bucket.settle(SECOND, true, Some(&reading(10, 9, 61, 1)), false);
    assert_eq!(take(&mut bucket, 30 * SECOND, 3), 3);
    bucket.settle(30 * SECOND, true, Some(&reading(10, 8, 61, 30)), false);
    // Okta's window ended at 61; with the margin ours lasts to 62. The answer shows that the next has begun.
    let now = SECOND * 61 + SECOND / 2;
    bucket.settle(now, true, Some(&reading(10, 9, 121, 61)), false);
    // One counted in the new window, one still under way.
    assert_eq!(take(&mut bucket, now, 100), 3);
    assert_eq!(bucket.heard().2, Some(121));
}

#[test]
fn a_reset_that_wavers_by_a_second_is_one_window() {
    let mut bucket = bucket(100);
    take(&mut bucket, SECOND, 1);
    bucket.settle(SECOND, true, Some(&reading(4, 3, 61, 1)), false);
    for (left, reset) in [(2, 62), (1, 61)] {
        take(&mut bucket, 2 * SECOND, 1);
        bucket.settle(2 * SECOND, true, Some(&reading(4, left, reset, 2)), false);
    }
    assert_eq!(take(&mut bucket, 2 * SECOND, 100), 1);
}

#[test]
fn two_buckets_of_the_org_under_one_name_share_one_budget() {
    let mut bucket = bucket(50);
    take(&mut bucket, SECOND, 1);
    bucket.settle(SECOND, true, Some(&reading(20, 19, 61, 1)), false);
    assert_eq!(take(&mut bucket, 20 * SECOND, 3), 3);
    // The second path has a window of its own, which began later; then one answer of each.
    bucket.settle(20 * SECOND, true, Some(&reading(20, 19, 80, 20)), false);
    bucket.settle(20 * SECOND, true, Some(&reading(20, 18, 61, 20)), false);
    bucket.settle(20 * SECOND, true, Some(&reading(20, 18, 80, 20)), false);
    assert_eq!(take(&mut bucket, 20 * SECOND, 100), 6);
    // A refusal by the first closes both until its reset.
    bucket.settle(21 * SECOND, true, Some(&reading(20, 0, 61, 21)), true);
    assert_eq!(bucket.turn(21 * SECOND), Turn::Until(62 * SECOND));
}

#[test]
fn a_clock_set_back_does_not_close_the_bucket() {
    let mut bucket = bucket(100);
    take(&mut bucket, SECOND, 1);
    bucket.settle(SECOND, true, Some(&reading(2, 1, 10_061, 10_001)), false);
    take(&mut bucket, 62 * SECOND, 1);
    bucket.settle(62 * SECOND, true, Some(&reading(2, 1, 122, 62)), false);
    assert_eq!(bucket.heard(), (Some(2), Some(1), Some(122)));
    assert_eq!(take(&mut bucket, 62 * SECOND, 100), 1);
}

#[test]
fn an_org_that_tells_no_limits_is_not_held_back() {
    let mut bucket = bucket(50);
    assert_eq!(take(&mut bucket, SECOND, 5), 1);
    bucket.settle(SECOND, true, None, false);
    assert_eq!(take(&mut bucket, SECOND, 100), 100);
    bucket.hold(5 * SECOND);
    assert_eq!(bucket.turn(2 * SECOND), Turn::Until(5 * SECOND));
    assert_eq!(bucket.turn(5 * SECOND), Turn::Go);
}

#[test]
fn a_refusal_closes_the_window_and_too_many_at_once_does_not() {
    let mut bucket = bucket(100);
    take(&mut bucket, SECOND, 1);
    bucket.settle(SECOND, true, Some(&reading(0, 0, 1, 1)), true);
    assert_eq!(bucket.heard(), (None, None, None));
    take(&mut bucket, SECOND, 1);
    bucket.settle(SECOND, true, Some(&reading(100, 3, 31, 1)), true);
    assert_eq!(bucket.turn(2 * SECOND), Turn::Until(32 * SECOND));
}

#[test]
fn a_lost_request_counts_beyond_an_early_turn_too() {
    let mut bucket = bucket(100);
    take(&mut bucket, SECOND, 1);
    bucket.settle(SECOND, true, Some(&reading(10, 9, 61, 1)), false);
    assert_eq!(take(&mut bucket, 60 * SECOND, 3), 3);
    bucket.settle(61 * SECOND, false, None, false);
    bucket.settle(61 * SECOND, false, None, false);
    bucket.settle(61 * SECOND, true, Some(&reading(10, 7, 121, 61)), false);
    // One answered, two lost: seven are left.
    assert_eq!(take(&mut bucket, 61 * SECOND, 100), 7);
}

#[test]
fn the_end_of_a_window_gets_sharper_with_every_answer() {
    let mut bucket = bucket(100);
    take(&mut bucket, SECOND, 1);
    // `Date` is cut to seconds: this answer came at 1.9 of Okta's clock and says 1.
    bucket.settle(SECOND * 19 / 10, true, Some(&reading(2, 1, 61, 1)), false);
    take(&mut bucket, 2 * SECOND, 1);
    bucket.settle(2 * SECOND, true, Some(&reading(2, 0, 61, 2)), false);
    assert_eq!(bucket.turn(2 * SECOND), Turn::Until(62 * SECOND));
}
