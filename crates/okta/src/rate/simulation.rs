//! The bucket against a simulated Okta, in simulated time: what it must never do, and how much it must get done.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use proptest::prelude::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::Reading;
use super::bucket::{Bucket, Moment, Rules, Turn};

/// Okta's counting: a window of fixed length opens with the first request after the last one closed.
struct Okta {
    limit: u32,
    window: Duration,
    /// Okta's clock is this far from ours.
    epoch: Duration,
    round_up: bool,
    others: bool,
    ends: Option<Moment>,
    used: u32,
    ours: u32,
    /// The most of ours in any window.
    most: u32,
    /// Ours that were refused; beside others not those of the first window, in which nobody has been seen yet.
    refused: u32,
    windows: u32,
}

impl Okta {
    /// A request arrives. Gives what the answer's headers say, and whether it is a 429.
    fn count(&mut self, now: Moment, ours: bool) -> (Reading, bool) {
        if self.ends.is_none_or(|ends| now >= ends) {
            self.ends = Some(now + self.window);
            (self.used, self.ours) = (0, 0);
            self.windows += 1;
        }
        let refused = self.used >= self.limit;
        if !refused {
            self.used += 1;
            self.ours += u32::from(ours);
            self.most = self.most.max(self.ours);
        }
        let known = self.windows > 1 || !self.others;
        self.refused += u32::from(refused && ours && known);
        let end = self.epoch + self.ends.unwrap();
        let reset = end.as_secs() + u64::from(self.round_up && end.subsec_nanos() > 0);
        let reading = Reading {
            limit: self.limit,
            remaining: self.limit - self.used,
            reset: Some(reset as i64),
            date: Some((self.epoch + now).as_secs() as i64),
        };
        (reading, refused)
    }
}

#[derive(Debug, Clone)]
struct World {
    limit: u32,
    budget: u8,
    window: u64,
    /// Requests that wait to be sent, at any time.
    workers: u32,
    /// Longest way to Okta and longest way back, in milliseconds.
    latency: u64,
    /// Of a thousand requests, how many get lost after Okta counted them.
    lost: u32,
    /// Requests of others per thousand seconds.
    others: u32,
    epoch: u64,
    round_up: bool,
    seed: u64,
}

impl World {
    fn alone(limit: u32, budget: u8) -> Self {
        Self {
            limit,
            budget,
            window: 60,
            workers: 10,
            latency: 250,
            lost: 0,
            others: 0,
            epoch: 1_700_000_000_000,
            round_up: false,
            seed: 7,
        }
    }

    fn allowed(&self) -> u32 {
        (self.limit * u32::from(self.budget) / 100).max(1)
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives { lost: bool },
    Answered { reading: Option<(u32, u32, i64, i64)>, refused: bool },
    Other,
    Wake,
}

struct Outcome {
    answered: u32,
    refused: u32,
    most_in_a_window: u32,
    most_in_flight: u32,
}

/// Runs a world that always has more to ask, for `length`.
fn run(world: &World, length: Duration) -> Outcome {
    let mut rng = SmallRng::seed_from_u64(world.seed);
    let mut okta = Okta {
        limit: world.limit,
        window: Duration::from_secs(world.window),
        epoch: Duration::from_millis(world.epoch),
        round_up: world.round_up,
        ends: None,
        used: 0,
        ours: 0,
        most: 0,
        refused: 0,
        windows: 0,
        others: world.others > 0,
    };
    let rules = Rules { budget: world.budget, reserve: 10, margin: Duration::from_secs(1) };
    let mut bucket = Bucket::new(rules);
    let mut events = BinaryHeap::from([Reverse((Duration::ZERO, Event::Wake))]);
    if world.others > 0 {
        events.push(Reverse((Duration::ZERO, Event::Other)));
    }
    let (mut in_flight, mut most_in_flight, mut answered) = (0u32, 0, 0);
    let mut wake_at = None;
    while let Some(Reverse((now, event))) = events.pop() {
        if now > length {
            break;
        }
        let way = |rng: &mut SmallRng| Duration::from_millis(rng.random_range(1..=world.latency));
        match event {
            Event::Wake => wake_at = None,
            Event::Other => {
                okta.count(now, false);
                let gap = 2_000_000 / u64::from(world.others);
                events.push(Reverse((now + Duration::from_millis(rng.random_range(1..=gap)), Event::Other)));
                continue;
            }
            Event::Arrives { lost } => {
                let (reading, refused) = okta.count(now, true);
                let heard = (reading.limit, reading.remaining, reading.reset.unwrap(), reading.date.unwrap());
                let event = Event::Answered { reading: (!lost).then_some(heard), refused };
                events.push(Reverse((now + way(&mut rng), event)));
                continue;
            }
            Event::Answered { reading, refused } => {
                in_flight -= 1;
                answered += 1;
                let reading = reading.map(|(limit, remaining, reset, date)| Reading {
                    limit,
                    remaining,
                    reset: Some(reset),
                    date: Some(date),
                });
                bucket.settle(now, reading.is_some(), reading.as_ref(), refused && reading.is_some());
            }
        }
        while in_flight < world.workers {
            match bucket.turn(now) {
                Turn::Go => {
                    bucket.take(now);
                    in_flight += 1;
                    most_in_flight = most_in_flight.max(in_flight);
                    // Before the first answer nothing is known that could be kept to.
                    let lost = answered > 0 && rng.random_ratio(world.lost, 1000);
                    events.push(Reverse((now + way(&mut rng), Event::Arrives { lost })));
                }
                Turn::AfterAnswer => {
                    assert!(in_flight > 0, "waits for an answer that nobody gives");
                    break;
                }
                Turn::Until(moment) => {
                    assert!(moment > now, "waits for the past");
                    if wake_at.is_none_or(|at| moment < at) {
                        wake_at = Some(moment);
                        let jitter = Duration::from_millis(rng.random_range(0..=500));
                        events.push(Reverse((moment + jitter, Event::Wake)));
                    }
                    break;
                }
            }
        }
    }
    Outcome { answered, refused: okta.refused, most_in_a_window: okta.most, most_in_flight }
}

#[test]
fn alone_it_uses_what_it_may_and_is_never_refused() {
    let minutes = 240;
    for (limit, budget) in [(100, 50), (100, 100), (50, 50), (600, 50), (600, 100), (20, 50), (1200, 25)] {
        for round_up in [false, true] {
            let world = World { round_up, ..World::alone(limit, budget) };
            let outcome = run(&world, Duration::from_secs(60 * minutes));
            let possible = world.allowed() * minutes as u32;
            assert_eq!(outcome.refused, 0, "{world:?}");
            assert_eq!(outcome.most_in_a_window, world.allowed(), "{world:?}");
            assert!(
                outcome.answered * 100 >= possible * 95,
                "{} of {possible} with {world:?}",
                outcome.answered
            );
        }
    }
}

#[test]
fn the_first_request_of_a_bucket_goes_alone() {
    let world = World { latency: 60_000, ..World::alone(100, 100) };
    assert_eq!(run(&world, Duration::from_millis(1)).most_in_flight, 1);
    assert_eq!(run(&World { latency: 250, ..world }, Duration::from_secs(30)).most_in_flight, 10);
}

#[test]
fn beside_others_the_last_part_is_theirs() {
    for others in [300, 700, 1000] {
        let world = World { others, ..World::alone(100, 100) };
        let minutes = 30;
        let outcome = run(&world, Duration::from_secs(60 * minutes));
        assert_eq!(outcome.refused, 0, "{world:?}");
        // What the others and the reserve leave, less a window's worth of luck.
        let left = (90 - others * 60 / 1000) * minutes as u32;
        assert!(outcome.answered * 10 >= left * 9, "{} of {left} with {world:?}", outcome.answered);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever the limits, latencies, clocks and losses: never more than allowed in any window, no 429 of its own
    /// making, and it never stops.
    #[test]
    fn never_too_much_and_never_stuck(
        limit in 1u32..700,
        budget in 1u8..=100,
        window in 2u64..=60,
        workers in 1u32..=20,
        latency in 1u64..3000,
        lost in prop_oneof![Just(0u32), 0u32..100],
        epoch in 0u64..2_000_000_000_000,
        round_up: bool,
        seed: u64,
    ) {
        let world = World { limit, budget, window, workers, latency, lost, others: 0, epoch, round_up, seed };
        // A request that gets lost may count in this window or the next; with very few allowed, that is a window.
        prop_assume!(lost == 0 || world.allowed() >= 20);
        let windows = 5;
        // A window lost without any answer costs a whole minute, the usual length.
        let outcome = run(&world, Duration::from_secs(windows * 65));
        prop_assert_eq!(outcome.refused, 0);
        prop_assert!(outcome.most_in_a_window <= world.allowed(), "{} of {}", outcome.most_in_a_window, world.allowed());
        prop_assert!(outcome.answered as u64 >= 2, "{}", outcome.answered);
    }
}
