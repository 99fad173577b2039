//! One step: intent, call, and what Okta shows afterwards.

use jiff::Timestamp;
use rolebook_federation::plan::{Row, Step};
use rolebook_okta::{Answer, Error};
use serde_json::{Map, Value, json};

use super::{
    Applying, Looks, ObjectState, StepEnd,
    heard::{Heard, No, hear},
    object, rival,
};
use crate::{AuditEvent, ChangeError, Mismatch, Outcome, plan::Call};

/// Other writers' lists are merged so often before somebody must look.
const MOST_MERGES: usize = 3;

/// Which step of which change.
pub(super) struct Run<'a> {
    pub(super) number: usize,
    pub(super) of: usize,
    pub(super) op: &'a str,
    pub(super) undoes: Option<&'a str>,
}

/// What an attempt came to.
struct Came {
    outcome: Outcome,
    says: String,
    after: Option<ObjectState>,
    /// The right that is missing, when that was why.
    missing: Option<Row>,
    next: Next,
}

enum Next {
    End,
    /// The call may still take effect: the intent stays open, and a later run settles it by reading.
    Open,
    /// The same call again: Okta failed and nothing changed.
    Again,
    /// The change anew, on top of what somebody else wrote.
    Merge(Step),
}

impl Came {
    fn end(outcome: Outcome, says: impl Into<String>, after: Option<ObjectState>) -> Self {
        Self { outcome, says: says.into(), after, missing: None, next: Next::End }
    }
}

/// One attempt, to be written down.
struct Attempt<'a> {
    number: usize,
    step: &'a Step,
    call: &'a Call,
    before: &'a ObjectState,
}

impl Applying<'_> {
    /// Carries out one step. `first`: nothing of the change has been written yet, so that a failure before the call is an
    /// error of the whole.
    pub(super) async fn step(
        &mut self,
        run: &Run<'_>,
        step: &Step,
        first: bool,
    ) -> Result<StepEnd, ChangeError> {
        let mut end = StepEnd {
            step: step.clone(),
            call: Call::of(step, self.place.app.id.as_str()),
            outcome: Outcome::Failed,
            says: String::new(),
            refused_by_okta: false,
            missing: None,
            attempts: 0,
            request_ids: Vec::new(),
            before: None,
            after: None,
        };
        let read = match object::read(self.place, step).await {
            Ok(read) => read,
            Err(error) if first => return Err(error),
            Err(error) => {
                end.says = error.to_string();
                return Ok(end);
            }
        };
        end.before = Some(read.state.clone());
        if object::is_after(step, &read.state) {
            end.outcome = Outcome::AlreadySo;
            end.says = format!("{step}: somebody else did it meanwhile");
            end.after = Some(read.state);
            return Ok(end);
        }
        if !object::is_before(step, &read.state) {
            let mismatch = Mismatch {
                subject: object::subject(step),
                planned: object::expected(step),
                found: read.state.to_string(),
            };
            if first {
                return Err(ChangeError::Stale(vec![mismatch]));
            }
            end.outcome = Outcome::Refused;
            end.says = mismatch.to_string();
            return Ok(end);
        }
        self.attempts(run, step, first, read, end).await
    }

    async fn attempts(
        &mut self,
        run: &Run<'_>,
        step: &Step,
        first: bool,
        mut read: object::Read,
        mut end: StepEnd,
    ) -> Result<StepEnd, ChangeError> {
        let mut current = step.clone();
        let (mut number, mut merges, mut repeated, mut whole) = (0, 0, false, false);
        loop {
            number += 1;
            let call = if whole {
                match self.whole_assignment(&current).await {
                    Ok(call) => call,
                    Err(error) => {
                        end.says = error.to_string();
                        return Ok(end);
                    }
                }
            } else {
                Call::of(&current, self.place.app.id.as_str())
            };
            let attempt = Attempt { number, step: &current, call: &call, before: &read.state };
            match self.intend(run, &attempt) {
                Ok(()) => end.attempts = number,
                Err(error) if first && number == 1 => return Err(error),
                Err(error) => {
                    end.says = error.to_string();
                    return Ok(end);
                }
            }
            let (sent, ids) = self.send(&call).await;
            let since = read.at.or_else(|| rival::since_nothing(&sent));
            end.request_ids.extend(ids);
            end.call = call;
            let heard = hear(&current, sent);
            if let Heard::Stopped = heard {
                // The intent stays open: the next run that writes finds out.
                end.outcome = Outcome::Unknown;
                end.says = format!("stopped in the middle of: {current}");
                return Ok(end);
            }
            if let Heard::No(No { invalid: true, .. }) = &heard
                && matches!(current, Step::SetGroupRoles { .. })
                && !whole
                && !self.shows(&current).await
            {
                // Some orgs may refuse to replace what is not set: then the assignment is put whole.
                whole = true;
                let says = "Okta does not take the patch; the whole assignment is put instead".to_owned();
                let came = Came::end(Outcome::Failed, says, None);
                if let Err(error) = self.conclude(run, number, &came, &end.request_ids) {
                    return Ok(unrecorded(end, &came, &error));
                }
                continue;
            }
            if let Heard::No(no) = &heard {
                (end.refused_by_okta, end.missing) = (no.by_okta, no.missing);
            }
            let came = self.came_to(&current, since, heard, &end.request_ids, repeated).await;
            if !matches!(came.next, Next::Open)
                && let Err(error) = self.conclude(run, number, &came, &end.request_ids)
            {
                return Ok(unrecorded(end, &came, &error));
            }
            (end.outcome, end.says, end.after) = (came.outcome, came.says, came.after);
            if !matches!(end.outcome, Outcome::Refused) {
                (end.refused_by_okta, end.missing) = (false, None);
            }
            match came.next {
                Next::End | Next::Open => return Ok(end),
                Next::Again => repeated = true,
                Next::Merge(_) if merges >= MOST_MERGES => {
                    end.outcome = Outcome::Unknown;
                    end.says = format!("{step}: somebody else keeps writing the same list");
                    return Ok(end);
                }
                Next::Merge(next) => {
                    merges += 1;
                    current = next;
                }
            }
            read = match object::read(self.place, &current).await {
                Ok(read) => read,
                Err(error) => {
                    end.outcome = Outcome::Unknown;
                    end.says = error.to_string();
                    return Ok(end);
                }
            };
        }
    }

    fn intend(&mut self, run: &Run<'_>, attempt: &Attempt<'_>) -> Result<(), ChangeError> {
        let event = AuditEvent::Intent {
            step: run.number,
            of: run.of,
            attempt: attempt.number,
            write: attempt.step.clone(),
            call: attempt.call.clone(),
            before: attempt.before.clone(),
            who: self.who.clone(),
            author: self.author.clone(),
            undoes: run.undoes.map(str::to_owned),
        };
        self.audit.append((self.clock)(), self.place.app.id.as_str(), run.op, event)?;
        Ok(())
    }

    fn conclude(
        &mut self,
        run: &Run<'_>,
        attempt: usize,
        came: &Came,
        ids: &[String],
    ) -> Result<(), ChangeError> {
        let event = AuditEvent::Outcome {
            step: run.number,
            attempt,
            outcome: came.outcome,
            says: came.says.clone(),
            after: came.after.clone(),
            request_ids: ids.to_vec(),
            missing: came.missing,
            settled: false,
        };
        self.audit.append((self.clock)(), self.place.app.id.as_str(), run.op, event)?;
        Ok(())
    }

    async fn send(&self, call: &Call) -> (Result<Answer, Error>, Option<String>) {
        let sent = match call.request() {
            Ok(request) => self.place.client.send(request).await,
            Err(error) => Err(error),
        };
        let id = match &sent {
            Ok(answer) => answer.request_id(),
            Err(error) => error.reply().and_then(|reply| reply.request_id.clone()),
        };
        (sent, id)
    }

    /// What Okta shows decides what an answer means.
    async fn came_to(
        &self,
        step: &Step,
        since: Option<Timestamp>,
        heard: Heard,
        ids: &[String],
        repeated: bool,
    ) -> Came {
        let patience = self.patience;
        match heard {
            Heard::Accepted => {
                let looks = Looks::new(patience.show, patience.first);
                match self.look(step, looks).await {
                    Look::After(state) => self.unless_rival(step, since, ids, state, String::new()).await,
                    Look::Before(state) => Came::end(
                        Outcome::Unknown,
                        format!("{step}: Okta accepted it but does not show it"),
                        Some(state),
                    ),
                    Look::Other(state) => overwritten(step, state),
                    Look::Unread(error) => Came::end(
                        Outcome::Unknown,
                        format!("{step}: Okta accepted it, but it cannot be read: {error}"),
                        None,
                    ),
                }
            }
            Heard::Unsure { says, answered } => {
                let whole = if answered { patience.first } else { patience.show };
                match self.look(step, Looks::new(whole, patience.first)).await {
                    Look::After(state) => {
                        let note = format!("{says}, but Okta shows it");
                        self.unless_rival(step, since, ids, state, note).await
                    }
                    Look::Before(state) if answered && !repeated => Came {
                        outcome: Outcome::Failed,
                        says: format!("{step}: {says}; nothing changed, so it is tried once more"),
                        after: Some(state),
                        missing: None,
                        next: Next::Again,
                    },
                    Look::Before(state) if answered => {
                        let says = format!("{step}: {says}; Okta does not show it, nothing changed");
                        Came::end(Outcome::Failed, says, Some(state))
                    }
                    Look::Before(state) => Came {
                        next: Next::Open,
                        ..Came::end(
                            Outcome::Unknown,
                            format!(
                                "{step}: {says}; Okta does not show it yet: outcome unknown, settled by the next run"
                            ),
                            Some(state),
                        )
                    },
                    Look::Other(state) => Came::end(
                        Outcome::Unknown,
                        format!("{step}: {says}, and somebody else changed it; it shows {state}"),
                        Some(state),
                    ),
                    Look::Unread(error) => Came::end(
                        Outcome::Unknown,
                        format!("{step}: {says}, and it cannot be read: {error}"),
                        None,
                    ),
                }
            }
            Heard::No(no) => match object::read(self.place, step).await {
                Ok(found) if object::is_after(step, &found.state) => {
                    let outcome = if no.gone { Outcome::AlreadySo } else { Outcome::Done };
                    Came::end(outcome, format!("{step}: {}, but Okta shows it", no.says), Some(found.state))
                }
                // The answer was definite enough, also when nothing can be read.
                found => Came {
                    missing: no.missing,
                    ..Came::end(
                        no.outcome,
                        format!("{step}: {}", no.says),
                        found.ok().map(|found| found.state),
                    )
                },
            },
            Heard::Stopped => Came::end(Outcome::Unknown, format!("{step}: stopped"), None),
        }
    }

    /// Whether Okta shows the step as done.
    async fn shows(&self, step: &Step) -> bool {
        object::read(self.place, step).await.is_ok_and(|found| object::is_after(step, &found.state))
    }

    async fn look(&self, step: &Step, mut looks: Looks) -> Look {
        loop {
            let look = match object::read(self.place, step).await {
                Ok(found) if object::is_after(step, &found.state) => return Look::After(found.state),
                Ok(found) if object::is_before(step, &found.state) => Look::Before(found.state),
                Ok(found) => return Look::Other(found.state),
                Err(error) => Look::Unread(error),
            };
            if !looks.again().await {
                return look;
            }
        }
    }

    /// Done, unless Okta's System Log says that somebody else wrote the same list in between.
    async fn unless_rival(
        &self,
        step: &Step,
        since: Option<Timestamp>,
        ids: &[String],
        state: ObjectState,
        note: String,
    ) -> Came {
        let Some(since) = since else { return Came::end(Outcome::Done, note, Some(state)) };
        let looks = Looks::new(self.patience.log, self.patience.first);
        match rival::look(self.place, self.audit, step, since, ids, looks).await {
            rival::Rivals::Nobody => Came::end(Outcome::Done, note, Some(state)),
            rival::Rivals::NotTold => {
                let untold =
                    "whether somebody else wrote at the same moment, Okta's System Log does not tell";
                let says = if note.is_empty() { untold.to_owned() } else { format!("{note}; {untold}") };
                Came::end(Outcome::Done, says, Some(state))
            }
            rival::Rivals::Wrote(who) => Came::end(
                Outcome::Unknown,
                format!(
                    "{step}: Okta shows it, but {} wrote the same list at the same moment, and that may be overwritten",
                    who.join(", ")
                ),
                Some(state),
            ),
        }
    }

    /// The whole assignment of a group with the new list in it, where a patch is not taken: a PUT replaces everything,
    /// so everything that is there is sent back, but for Okta's internal `idpRolePairs`.
    async fn whole_assignment(&self, step: &Step) -> Result<Call, ChangeError> {
        let Step::SetGroupRoles { group, after, .. } = step else {
            return Ok(Call::of(step, self.place.app.id.as_str()));
        };
        let what = || format!("the assignment of group {group}");
        let path = format!("/api/v1/apps/{}/groups/{}", self.place.app.id, group.id);
        let found: rolebook_okta::shapes::AppGroup =
            self.place.client.get(&path).await.map_err(ChangeError::reading(what()))?;
        let mut profile: Map<String, Value> = found.profile.read().unwrap_or_default();
        profile.retain(|key, value| key != "idpRolePairs" && !value.is_null());
        profile.insert("samlRoles".to_owned(), json!(after));
        let mut body = json!({ "profile": profile });
        if let (Some(body), Some(priority)) = (body.as_object_mut(), found.priority) {
            body.insert("priority".to_owned(), priority.into());
        }
        Ok(Call { method: "PUT".to_owned(), path, body: Some(body) })
    }
}

/// The call was made and its outcome could not be written down: the intent stays open, the next run settles it.
fn unrecorded(mut end: StepEnd, came: &Came, error: &ChangeError) -> StepEnd {
    let shown = if came.outcome == Outcome::Done { "Okta shows it" } else { came.says.as_str() };
    end.says = format!("{}: {shown}, but that could not be recorded: {error}", end.step);
    end.outcome = Outcome::Unknown;
    end.after.clone_from(&came.after);
    end
}

enum Look {
    After(ObjectState),
    Before(ObjectState),
    Other(ObjectState),
    Unread(ChangeError),
}

/// Our list was accepted and another one is there: somebody wrote after us.
fn overwritten(step: &Step, state: ObjectState) -> Came {
    let says = format!("{step}: somebody else changed it right after; it shows {state}");
    match object::merged(step, &state) {
        Some(next) => Came {
            outcome: Outcome::Unknown,
            says: format!("{says}; the change is made again on top of that"),
            after: Some(state),
            missing: None,
            next: Next::Merge(next),
        },
        None => Came::end(Outcome::Unknown, says, Some(state)),
    }
}
