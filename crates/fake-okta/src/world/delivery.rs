//! How an answer is delivered, and what faults do to it on the way.

use std::time::Duration;

use jiff::Timestamp;

use super::{Request, State};
use crate::answer::Answer;
use crate::fault::Effect;
use crate::rate::Allowance;
use crate::refusal::Refusal;

/// An answer without its transport, and how it is to be delivered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) content_type: String,
    pub(crate) request_id: String,
    pub(crate) date: Option<Timestamp>,
    pub(crate) rate: Option<Allowance>,
    pub(crate) latency: Duration,
    pub(crate) gzip: bool,
    pub(crate) breakage: Breakage,
}

/// How the delivery of an answer goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breakage {
    None,
    CutBody,
    Drop,
    TruncatedGzip,
}

impl State {
    /// An answer as it is delivered when nothing goes wrong.
    pub(super) fn whole(
        &self,
        mut answer: Answer,
        now: Timestamp,
        rate: Allowance,
        request_id: String,
    ) -> Reply {
        let own = answer.headers.iter().position(|(name, _)| *name == "content-type");
        let own = own.map(|at| answer.headers.remove(at).1);
        // A 204 with a content type breaks Okta's own Python client.
        let content_type = if answer.body.is_empty() { None } else { Some("application/json".to_owned()) };
        let content_type = own.or(content_type).unwrap_or_default();
        Reply {
            content_type,
            answer,
            request_id,
            date: Some(now),
            rate: Some(rate),
            latency: self.options.latency,
            gzip: self.options.gzip,
            breakage: Breakage::None,
        }
    }

    /// Does to a good answer what the faults ask for.
    pub(super) fn spoil(
        &mut self,
        mut reply: Reply,
        request: &Request,
        effects: Vec<Effect>,
        now: Timestamp,
    ) -> Reply {
        let code = effects.iter().find_map(|effect| match effect {
            Effect::Code(code) => Some(code.clone()),
            _ => None,
        });
        let status = effects.iter().find_map(|effect| match effect {
            Effect::Status(status) => Some(*status),
            _ => None,
        });
        if let Some(status) = status {
            self.replace(&mut reply, request, status, code.as_deref());
        }
        for effect in effects {
            match effect {
                Effect::Body(body) => {
                    reply.answer.body = body.into_bytes();
                    if reply.answer.body.is_empty() {
                        reply.content_type.clear();
                    }
                }
                Effect::ContentType(content_type) => reply.content_type = content_type,
                Effect::Latency(time) => reply.latency += time,
                Effect::CutBody => reply.breakage = Breakage::CutBody,
                Effect::Drop => reply.breakage = Breakage::Drop,
                Effect::TruncatedGzip => reply.breakage = Breakage::TruncatedGzip,
                Effect::Skew(seconds) => reply.date = Some(now + jiff::SignedDuration::from_secs(seconds)),
                Effect::NoDate => reply.date = None,
                Effect::NoRateHeaders => reply.rate = None,
                Effect::Reset(seconds) => {
                    if let Some(rate) = &mut reply.rate {
                        rate.reset = now.as_second() + seconds;
                    }
                }
                Effect::Status(_) | Effect::Code(_) | Effect::Done => {}
                Effect::NextRepeats
                | Effect::NextEndless
                | Effect::NextForeign(_)
                | Effect::Overlap(_)
                | Effect::EmptyLastPage => {}
            }
        }
        reply
    }

    fn replace(&mut self, reply: &mut Reply, request: &Request, status: u16, code: Option<&str>) {
        reply.answer.links.clear();
        reply.answer.status = status;
        if let (429, Some(rate)) = (status, &mut reply.rate) {
            rate.remaining = 0;
        }
        let known = Refusal::of_status(status, &request.path);
        let body = match (known, code) {
            (Some(known), None) => known.body(&self.ids.next("oae")),
            (known, Some(code)) => {
                let summary = known.map_or_else(String::new, |known| known.summary);
                Refusal::new(status, code.to_owned(), summary).body(&self.ids.next("oae"))
            }
            (None, None) if status < 300 => return,
            (None, None) => {
                reply.content_type = "text/html".to_owned();
                reply.answer.body = format!("<html><body><h1>{status}</h1></body></html>").into_bytes();
                return;
            }
        };
        reply.content_type = "application/json".to_owned();
        reply.answer.body = body;
    }
}

/// Whether the faults stand in for the answer, so that nothing is carried out.
pub(super) fn replaced(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Status(_) | Effect::Drop))
        && !effects.contains(&Effect::Done)
}
