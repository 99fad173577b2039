//! From a request to an answer: token, rate, rights, endpoint, log.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::answer::{self, Answer, Asked};
use crate::clock::Clock;
use crate::ids::{IdSource, token_value};
use crate::journal::Logged;
use crate::options::Options;
use crate::org::Org;
use crate::query::Query;
use crate::rate::{Allowance, Rate};
use crate::refusal::Refusal;
use crate::route::{Bucket, Route, segments};
use crate::token::Token;

/// A request without its transport.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// An answer without its transport.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) request_id: String,
    pub(crate) date: Timestamp,
    pub(crate) rate: Option<Allowance>,
}

/// Everything the server knows, behind one lock.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    /// The origin under which the fake is reached.
    pub(crate) base: String,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) org: Org,
    pub(crate) options: Options,
    pub(crate) rate: Rate,
    pub(crate) journal: Vec<Logged>,
    pub(crate) in_flight: usize,
    tokens: Vec<(String, Token)>,
    ids: IdSource,
}

impl World {
    pub(crate) fn new(mut org: Org, options: Options, base: String) -> Self {
        org.settle();
        let clock = Clock::new(options.start_time, options.frozen_clock);
        let ids = IdSource::new(options.seed ^ 0x0a11_ce00);
        let state = State {
            org,
            rate: Rate::default(),
            journal: Vec::new(),
            in_flight: 0,
            tokens: Vec::new(),
            ids,
            options,
        };
        let world = Self { clock, base, state: Mutex::new(state) };
        world.state().name_tokens();
        world
    }

    /// The state, also after a panic somewhere: a test that failed must not make the next assertion hang or lie.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reply(&self, request: &Request) -> Reply {
        let now = self.clock.now();
        self.state().reply(request, now, &self.base)
    }
}

impl State {
    /// Makes the values of all tokens, after options changed.
    pub(crate) fn name_tokens(&mut self) {
        let mut tokens = Token::standard();
        for token in &self.options.tokens {
            tokens.retain(|standard| standard.name != token.name);
            tokens.push(token.clone());
        }
        let seed = self.options.seed;
        self.tokens = tokens.into_iter().map(|token| (token_value(seed, &token.name), token)).collect();
    }

    pub(crate) fn token_value(&self, name: &str) -> Option<&str> {
        self.tokens.iter().find(|(_, token)| token.name == name).map(|(value, _)| value.as_str())
    }

    fn reply(&mut self, request: &Request, now: Timestamp, base: &str) -> Reply {
        self.org.now = now;
        self.org.settle();
        let segments = segments(&request.path);
        let bucket = Bucket::of(request.method == "GET", &segments);
        let token = self.authenticate(request, &segments);
        let name = token.as_ref().ok().and_then(|token| token.as_ref()).map(|token| token.name.clone());
        let (rate, result) = self.answer(request, &segments, (bucket, now), token, base);
        let limited = matches!(&result, Err(refusal) if refusal.status == 429);
        let answer = result.unwrap_or_else(|refusal| Answer {
            status: refusal.status,
            body: refusal.body(&self.ids.next("oae")),
            links: Vec::new(),
        });
        self.journal.push(Logged {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            status: answer.status,
            bucket,
            token: name,
            limited,
            body: String::from_utf8_lossy(&request.body).into_owned(),
        });
        Reply { answer, request_id: self.ids.next("req"), date: now, rate }
    }

    /// The token of a request; `None` where none is needed.
    fn authenticate(&self, request: &Request, segments: &[String]) -> Result<Option<Token>, Refusal> {
        if Route::of(segments) == Route::WellKnown {
            return Ok(None);
        }
        // Okta's own Python client leaves out the blank after the scheme.
        let value = request.authorization.as_deref().and_then(|header| header.strip_prefix("SSWS"));
        let value = value.ok_or_else(Refusal::no_session)?.trim();
        let known = self.tokens.iter().find(|(secret, _)| secret == value);
        known.map(|(_, token)| Some(token.clone())).ok_or_else(Refusal::bad_token)
    }

    fn answer(
        &mut self,
        request: &Request,
        segments: &[String],
        (bucket, now): (Bucket, Timestamp),
        token: Result<Option<Token>, Refusal>,
        base: &str,
    ) -> (Option<Allowance>, Result<Answer, Refusal>) {
        if self.in_flight > self.options.concurrency {
            let none = Allowance { limit: 0, remaining: 0, reset: now.as_second(), exceeded: true };
            return (Some(none), Err(Refusal::too_many()));
        }
        let name =
            token.as_ref().ok().and_then(|token| token.as_ref()).map_or("", |token| token.name.as_str());
        let options = &self.options;
        let terms = (options.rate_limits.of(bucket), options.token_share, options.rate_window);
        let rate = self.rate.draw(bucket, name, now, terms);
        if rate.exceeded {
            return (Some(rate), Err(Refusal::too_many()));
        }
        let result = token.and_then(|token| {
            let token = token.unwrap_or_else(|| Token::new("", crate::token::TokenRole::ReadOnly));
            self.permitted(request, segments, &token)?;
            let query = Query::parse(&request.path, &request.query);
            let asked = Asked { org: &self.org, options: &self.options, token: &token, query: &query, base };
            match request.method.as_str() {
                "GET" => answer::read(&asked, Route::of(segments)),
                _ if Route::of(segments) == Route::Unknown => Err(Refusal::no_such_path()),
                _ => Err(Refusal::no_such_method()),
            }
        });
        (Some(rate), result)
    }

    fn permitted(&self, request: &Request, segments: &[String], token: &Token) -> Result<(), Refusal> {
        let denied = token.denied.iter().any(|prefix| request.path.starts_with(prefix.as_str()));
        let area = answer::area(&Route::of(segments));
        let allowed = area.is_none_or(|area| token.role.may_read(area, self.options.types_for_read_only));
        if denied || !allowed { Err(Refusal::forbidden()) } else { Ok(()) }
    }
}
