//! Which faults strike a request.

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::{Effect, Fault};

/// What a rule looks at.
pub(crate) struct Asking<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) page: usize,
    pub(crate) token: &'a str,
}

/// All rules and how often each has met its requests.
#[derive(Debug)]
pub(crate) struct FaultBook {
    seed: u64,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    fault: Fault,
    met: usize,
    struck: usize,
    dice: SmallRng,
}

impl FaultBook {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, entries: Vec::new() }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        let number = self.entries.len() as u64;
        let dice = SmallRng::seed_from_u64(self.seed.wrapping_add(number.wrapping_mul(0x51_7c_c1)));
        self.entries.push(Entry { fault, met: 0, struck: 0, dice });
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// The effects of all rules that strike this request, which counts as met.
    pub(crate) fn strike(&mut self, asking: &Asking<'_>) -> Vec<Effect> {
        let striking =
            self.entries.iter_mut().filter_map(|entry| entry.strikes(asking).then_some(&entry.fault));
        striking.flat_map(|fault| fault.effects.iter().cloned()).collect()
    }
}

impl Entry {
    fn strikes(&mut self, asking: &Asking<'_>) -> bool {
        if !self.fault.fits(asking) {
            return false;
        }
        self.met += 1;
        if self.met <= self.fault.skip || self.fault.count.is_some_and(|count| self.struck >= count) {
            return false;
        }
        if self.fault.chance.is_some_and(|percent| self.dice.random_range(0..100) >= percent) {
            return false;
        }
        self.struck += 1;
        true
    }
}

impl Fault {
    fn fits(&self, asking: &Asking<'_>) -> bool {
        self.path.as_deref().is_none_or(|pattern| path_fits(pattern, asking.path))
            && self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(asking.method))
            && self.token.as_deref().is_none_or(|token| token == asking.token)
            && self.page.is_none_or(|page| page == asking.page)
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let mut wanted = pattern.split('/').peekable();
    while let Some(want) = wanted.next() {
        if want == "**" && wanted.peek().is_none() {
            return true;
        }
        match segments.next() {
            Some(segment) if want == "*" || want == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, fits) in [
            ("/api/v1/groups", "/api/v1/groups", true),
            ("/api/v1/groups", "/api/v1/groups/gX", false),
            ("/api/v1/groups/*/users", "/api/v1/groups/gX/users", true),
            ("/api/v1/groups/*/users", "/api/v1/groups/users", false),
            ("/api/v1/apps/**", "/api/v1/apps/0oa/users", true),
            ("/api/v1/apps/**", "/api/v1/apps", true),
            ("/api/v1/apps/**", "/api/v1/groups", false),
            ("**", "/anything/at/all", true),
        ] {
            assert_eq!(path_fits(pattern, path), fits, "{pattern} on {path}");
        }
    }

    fn walk(fault: Fault, seed: u64, requests: usize) -> Vec<bool> {
        let mut book = FaultBook::new(seed);
        book.add(fault);
        let asking = Asking { method: "GET", path: "/x", page: 1, token: "super" };
        (0..requests).map(|_| !book.strike(&asking).is_empty()).collect()
    }

    #[test]
    fn skip_and_count() {
        assert_eq!(
            walk(Fault::on("/x").skip(1).count(2).status(500), 1, 5),
            [false, true, true, false, false]
        );
        assert_eq!(walk(Fault::on("/x").method("POST").status(500), 1, 2), [false, false]);
        assert_eq!(walk(Fault::on("/x").token("other").status(500), 1, 2), [false, false]);
        assert_eq!(walk(Fault::on("/x").page(2).status(500), 1, 2), [false, false]);
    }

    #[test]
    fn chance_follows_the_seed() {
        let fault = Fault::everywhere().chance(30).status(500);
        let struck = walk(fault.clone(), 5, 1000);
        assert_eq!(struck, walk(fault.clone(), 5, 1000));
        assert_ne!(struck, walk(fault, 6, 1000));
        assert!((200..400).contains(&struck.iter().filter(|hit| **hit).count()));
    }
}
