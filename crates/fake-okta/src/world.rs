//! From a request to an answer: token, rate, rights, faults, endpoint, log.

mod delivery;
mod guard;

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::answer::{self, Answer, Asked};
use crate::clock::Clock;
use crate::fault::{Asking, Effect, FaultBook};
use crate::ids::{IdSource, token_value};
use crate::journal::Logged;
use crate::oauth::{OAuth, Presented};
use crate::options::Options;
use crate::org::{History, Org, Target};
use crate::query::Query;
use crate::rate::Rate;
use crate::refusal::Refusal;
use crate::route::{Bucket, Route, segments};
use crate::token::{Token, TokenRole};
use crate::write::{self, Writing};
use delivery::replaced;
pub(crate) use delivery::{Breakage, Reply};

/// A request without its transport.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    /// Values of all `DPoP` headers.
    pub(crate) proofs: Vec<String>,
    /// Whether it says how long its body is, if only that there is none.
    pub(crate) sized: bool,
    pub(crate) body: Vec<u8>,
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
    pub(crate) faults: FaultBook,
    pub(crate) in_flight: usize,
    history: History,
    oauth: OAuth,
    tokens: Vec<(String, Token)>,
    ids: IdSource,
}

impl World {
    pub(crate) fn new(mut org: Org, options: Options, base: String) -> Self {
        org.go_live();
        let clock = Clock::new(options.start_time, options.frozen_clock);
        let mut faults = FaultBook::new(options.fault_seed.unwrap_or(options.seed));
        for fault in &options.faults {
            faults.add(fault.clone());
        }
        let ids = IdSource::new(options.seed ^ 0x0a11_ce00);
        let (rate, history, oauth) = (Rate::default(), History::default(), OAuth::new(options.seed));
        let (journal, tokens) = (Vec::new(), Vec::new());
        let mut state =
            State { org, options, rate, journal, faults, in_flight: 0, history, oauth, tokens, ids };
        state.name_tokens();
        Self { clock, base, state: Mutex::new(state) }
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

    /// Changes the org as its own admins would.
    pub(crate) fn change<R>(&mut self, now: Timestamp, change: impl FnOnce(&mut Org) -> R) -> R {
        self.org.now = now;
        self.org.actor = Target::system();
        self.org.request_id.clear();
        remember(&mut self.history, &self.org, &self.options);
        change(&mut self.org)
    }

    pub(crate) fn token_value(&self, name: &str) -> Option<&str> {
        self.tokens.iter().find(|(_, token)| token.name == name).map(|(value, _)| value.as_str())
    }

    fn reply(&mut self, request: &Request, now: Timestamp, base: &str) -> Reply {
        self.org.now = now;
        let request_id = self.ids.next("req");
        self.org.request_id.clone_from(&request_id);
        let segments = segments(&request.path);
        let bucket = Bucket::of(request.method == "GET", &segments);
        let query = Query::parse(&request.path, &request.query);
        let token = self.authenticate(request, Route::of(&segments), now, base);
        let name = token.as_ref().ok().and_then(|token| token.as_ref()).map(|token| token.name.clone());
        let mut effects = self.faults.strike(&Asking {
            method: &request.method,
            path: &request.path,
            page: query.page_number(),
            token: name.as_deref().unwrap_or_default(),
        });
        if matches!(request.method.as_str(), "POST" | "PUT" | "PATCH") && !request.sized {
            // Not Okta's application, but the edge before it.
            effects.push(Effect::Status(411));
        }
        let (rate, result) = match self.draw(bucket, name.as_deref().unwrap_or_default(), now) {
            rate if rate.exceeded => (rate, Err(Refusal::too_many())),
            rate if replaced(&effects) => (rate, Ok(Answer::ok(Vec::new()))),
            rate => {
                (rate, token.and_then(|token| self.answer(request, &segments, token, &query, base, &effects)))
            }
        };
        let answer = result.unwrap_or_else(|refusal| Answer {
            status: refusal.status,
            body: refusal.body(&self.ids.next("oae")),
            headers: refusal.headers,
            links: Vec::new(),
        });
        let reply = self.spoil(self.whole(answer, now, rate, request_id), request, effects, now);
        self.journal.push(Logged {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            status: if reply.breakage == Breakage::Drop { 0 } else { reply.answer.status },
            bucket,
            token: name,
            limited: reply.answer.status == 429,
            body: String::from_utf8_lossy(&request.body).into_owned(),
        });
        reply
    }

    fn answer(
        &mut self,
        request: &Request,
        segments: &[String],
        token: Option<Token>,
        query: &Query<'_>,
        base: &str,
        effects: &[Effect],
    ) -> Result<Answer, Refusal> {
        let token = &token.unwrap_or_else(|| Token::new("", TokenRole::ReadOnly));
        let route = Route::of(segments);
        let options = &self.options;
        if route == Route::AccessToken && request.method == "POST" {
            let form = String::from_utf8_lossy(&request.body);
            let url = format!("{base}{}", request.path);
            let asked = Presented { method: "POST", url: &url, proofs: &request.proofs, now: self.org.now };
            return self.oauth.issue(&options.service_apps, &form, &asked);
        }
        if route == Route::Users && token.role == TokenRole::NoRole && request.method == "GET" {
            return Ok(Answer::ok(b"[]".to_vec()));
        }
        self.permitted(request, route, token, base)?;
        if request.method == "GET" {
            let lagging = match route {
                Route::AppUsers(_) | Route::AppUser(..) => self.history.seen(&self.org, options.lag()),
                _ => None,
            };
            let org = lagging.as_ref().unwrap_or(&self.org);
            return answer::read(&Asked { org, options, token, query, base, effects }, route);
        }
        if options.read_only_mode {
            return Err(Refusal::read_only_mode());
        }
        let body = match request.body.as_slice() {
            [] => serde_json::Value::Null,
            bytes => serde_json::from_slice(bytes).map_err(|_| Refusal::bad_body())?,
        };
        self.org.actor = self.org.token_owner(token);
        remember(&mut self.history, &self.org, options);
        let org = &mut self.org;
        write::write(&mut Writing { org, options, token, query, base, body }, &request.method, route)
    }
}

/// Keeps what the org was like, when app users are to lag behind it.
fn remember(history: &mut History, org: &Org, options: &Options) {
    if !options.fan_out_lag.is_zero() {
        history.keep(org, options.lag());
    }
}
