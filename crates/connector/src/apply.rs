//! A plan is carried out: for each step the object is read, the intent written down, the call made, and the object read
//! again until it shows the change. What Okta answers is a hint; what it shows is the truth.

mod heard;
mod object;
mod rival;
mod settle;
mod step;
mod undo;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rolebook_federation::plan::{Action, Plan, RoleName, Row, Step, Target, preconditions};

pub use object::ObjectState;
pub use settle::{Settled, settle};
pub use undo::Undo;

use crate::{
    Audit, AuditEvent, ChangeError, Clock, Mismatch, Outcome, Who,
    plan::{Call, Fresh, Planned, Provisioning, Request},
};

/// How long things are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For Okta to show what it accepted, or what a call without an answer did. Default one minute.
    pub show: Duration,
    /// For Okta's System Log to show our own call. Default five seconds.
    pub log: Duration,
    /// First pause between two looks; each is twice the one before, up to eight seconds.
    pub first: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { show: Duration::from_secs(60), log: Duration::from_secs(5), first: Duration::from_millis(500) }
    }
}

const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Looks again and again, with growing pauses, until the time is up.
pub(crate) struct Looks {
    left: Duration,
    pause: Duration,
}

impl Looks {
    pub(crate) fn new(whole: Duration, first: Duration) -> Self {
        Self { left: whole, pause: first.max(Duration::from_millis(1)) }
    }

    /// Waits for the next look; false when there is none.
    pub(crate) async fn again(&mut self) -> bool {
        if self.left.is_zero() {
            return false;
        }
        let pause = self.pause.min(self.left);
        tokio::time::sleep(pause).await;
        self.left -= pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// How one step ended.
#[derive(Debug, Clone, PartialEq)]
pub struct StepEnd {
    /// What it was.
    pub step: Step,
    /// How it was to be done.
    pub call: Call,
    /// How it ended.
    pub outcome: Outcome,
    /// In words.
    pub says: String,
    /// Okta itself refused.
    pub refused_by_okta: bool,
    /// The right that is missing, when that was why.
    pub missing: Option<Row>,
    /// Calls that were made or were about to be.
    pub attempts: usize,
    /// Okta's ids of the calls.
    pub request_ids: Vec<String>,
    /// The object right before.
    pub before: Option<ObjectState>,
    /// The object afterwards.
    pub after: Option<ObjectState>,
}

/// How a change ended.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Id of the change in the audit; `None` when nothing was to be done.
    pub op: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// In words.
    pub says: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Okta itself refused.
    pub refused_by_okta: bool,
    /// Each step that was tried.
    pub steps: Vec<StepEnd>,
    /// Steps in all.
    pub of: usize,
    /// The plan left a part of the wish undone because it cannot be done here.
    pub falls_short: bool,
    /// After something was taken away: until when AWS sessions that are open already may last.
    pub aws_sessions_may_last_until: Option<Timestamp>,
    /// The facts as they were read at the end.
    pub fresh: Option<Box<Fresh>>,
}

impl Applied {
    fn nothing(why: &str, plan: &Plan) -> Self {
        Self {
            op: None,
            outcome: Outcome::AlreadySo,
            says: why.to_owned(),
            hint: None,
            refused_by_okta: false,
            steps: Vec::new(),
            of: 0,
            falls_short: plan.falls_short(),
            aws_sessions_may_last_until: None,
            fresh: None,
        }
    }
}

/// Carries out plans, one after the other, under one audit.
pub struct Applying<'a> {
    /// The org and app.
    pub place: &'a mut Provisioning,
    /// Where it is written down.
    pub audit: &'a mut Audit,
    /// Who does it.
    pub who: Who,
    /// Who made the plan, when that was somebody else or earlier.
    pub author: Option<Who>,
    /// What time it is.
    pub clock: Clock<'a>,
    /// How long things are waited for.
    pub patience: Patience,
}

impl Applying<'_> {
    /// Carries out a plan that was just made, or a given one when the facts still make it.
    ///
    /// `op` is the id of the change, unique in the audit. The facts are read again first; a plan that they do not make
    /// any more is refused.
    ///
    /// # Errors
    /// [`ChangeError`]: nothing was written. What happens from the first call on is told by [`Applied`].
    pub async fn apply(&mut self, request: &Request, plan: &Plan, op: &str) -> Result<Applied, ChangeError> {
        let planned = self.place.plan(request).await?;
        planned.confirms(plan)?;
        self.carry_out(&planned, op, None).await
    }

    /// Carries out a plan whose facts were read just now.
    ///
    /// # Errors
    /// As for [`Self::apply`].
    pub async fn carry_out(
        &mut self,
        planned: &Planned,
        op: &str,
        undoes: Option<&str>,
    ) -> Result<Applied, ChangeError> {
        let plan = &planned.plan;
        if plan.steps.is_empty() {
            let why = plan.already_so.as_deref().unwrap_or("nothing is to be done");
            return Ok(Applied::nothing(why, plan));
        }
        let of = plan.steps.len();
        let mut ends: Vec<StepEnd> = Vec::new();
        for (number, step) in (1..).zip(&plan.steps) {
            let run = step::Run { number, of, op, undoes };
            let end = self.step(&run, step, number == 1).await?;
            let stop = !matches!(end.outcome, Outcome::Done | Outcome::AlreadySo);
            self.learn(&end);
            ends.push(end);
            if stop {
                break;
            }
        }
        let mut applied = self.sum_up(planned, ends, of);
        if applied.outcome == Outcome::Done {
            self.prove(planned, &mut applied).await;
        } else if applied.steps.iter().any(|end| end.outcome == Outcome::Done) {
            // What was done is worth keeping, though it is not all.
            applied.fresh = self.place.fresh(&planned.request).await.ok().map(Box::new);
        }
        let wrote = applied.steps.iter().any(|end| end.attempts > 0);
        if wrote {
            applied.op = Some(op.to_owned());
            let done = applied.steps.iter().filter(|end| end.outcome == Outcome::Done).count();
            let end = AuditEvent::End { outcome: applied.outcome, says: applied.says.clone(), done, of };
            // Each step has its own records; this one only sums them up.
            if let Err(error) = self.audit.append((self.clock)(), self.place.app.id.as_str(), op, end)
                && applied.outcome == Outcome::Done
            {
                applied.says =
                    format!("{}; the end of the change could not be recorded: {error}", applied.says);
            }
        }
        Ok(applied)
    }

    /// What the end of a step says of the token's rights.
    fn learn(&mut self, end: &StepEnd) {
        let at = (self.clock)();
        if let Some(row) = end.missing {
            let why = format!("Okta refused to {}", end.step);
            self.place.wrote(row, Some(&why), at);
        } else if end.outcome == Outcome::Done && end.attempts > 0 {
            self.place.wrote(end.step.row(), None, at);
        }
    }

    fn sum_up(&self, planned: &Planned, ends: Vec<StepEnd>, of: usize) -> Applied {
        let done = ends.iter().filter(|end| end.outcome == Outcome::Done).count();
        let last = ends.last();
        let outcome = match last.map_or(Outcome::Failed, |end| end.outcome) {
            Outcome::AlreadySo if done > 0 => Outcome::Done,
            outcome => outcome,
        };
        let mut says = match (outcome, last) {
            (Outcome::Done, _) => format!("Okta shows it: {}", planned.request.says),
            (_, Some(end)) => end.says.clone(),
            (_, None) => "nothing was done".to_owned(),
        };
        if outcome != Outcome::Done && done > 0 {
            let before: Vec<String> = ends
                .iter()
                .filter(|end| end.outcome == Outcome::Done)
                .map(|end| end.step.to_string())
                .collect();
            says = format!("{says}; done before that: {}", before.join(", "));
        }
        let hint = last.and_then(heard::hint);
        let wish = &planned.request.wish;
        // A membership that goes may have given nothing in AWS.
        let revoked = !planned.plan.loses.is_empty()
            || (wish.action == Action::Revoke && !matches!(wish.target, Target::Membership(_)));
        let seconds = SignedDuration::from_secs(i64::from(planned.fresh.session_seconds));
        Applied {
            op: None,
            outcome,
            says,
            hint,
            refused_by_okta: last.is_some_and(|end| end.refused_by_okta),
            aws_sessions_may_last_until: (revoked && done > 0).then(|| (self.clock)() + seconds),
            steps: ends,
            of,
            falls_short: planned.plan.falls_short(),
            fresh: None,
        }
    }

    /// Reads the facts until the access is as planned, with all that is gained and lost besides: Okta carries a
    /// membership over to the assignment seconds later. *Done* is not said of a change that Okta does not show, and what
    /// was read too early is not kept beside the snapshot as if it were the new state.
    async fn prove(&self, planned: &Planned, applied: &mut Applied) {
        let plan = &planned.plan;
        let mut looks = Looks::new(self.patience.show, self.patience.first);
        loop {
            let problem = match self.place.fresh(&planned.request).await {
                Ok(fresh) => {
                    let pending = pending(plan, &fresh.situation.roles_held());
                    if pending.is_empty() {
                        applied.fresh = Some(Box::new(fresh));
                        return;
                    }
                    format!("this is pending: {}", pending.join(", "))
                }
                Err(error) => format!("the access cannot be read: {error}"),
            };
            if !looks.again().await {
                applied.outcome = Outcome::Unknown;
                applied.says = format!("every call worked, but {problem}");
                applied.hint = Some(
                    "Okta may take longer: look at the person's assignment, or sync, in a few minutes"
                        .to_owned(),
                );
                return;
            }
        }
    }
}

/// Effects of a plan that Okta does not show yet, in words.
fn pending(plan: &Plan, held: &[RoleName]) -> Vec<String> {
    let come = plan.must_have.iter().chain(&plan.gains).filter(|role| !held.contains(role));
    let come = come.map(|role| format!("Okta does not show {role} yet"));
    let gone = plan.must_not_have.iter().chain(&plan.loses).filter(|role| held.contains(role));
    let mut pending: Vec<String> = come.chain(gone.map(|role| format!("Okta still shows {role}"))).collect();
    pending.sort();
    pending.dedup();
    pending
}

/// That fresh facts make the same plan.
pub(crate) fn still_so(plan: &Plan, now: &Planned) -> Result<(), ChangeError> {
    let found = preconditions(&now.fresh.situation, &plan.steps);
    let mut mismatches: Vec<Mismatch> = plan
        .preconditions
        .iter()
        .filter_map(|planned| {
            let same = found.iter().find(|found| found.is_about_same(planned));
            match same {
                Some(found) if found == planned => None,
                Some(found) => Some(Mismatch {
                    subject: planned.subject(),
                    planned: planned.to_string(),
                    found: found.to_string(),
                }),
                None => Some(Mismatch {
                    subject: planned.subject(),
                    planned: planned.to_string(),
                    found: "not there".to_owned(),
                }),
            }
        })
        .collect();
    if mismatches.is_empty() && plan.steps != now.plan.steps {
        let list = |steps: &[Step]| match steps.len() {
            0 => "nothing to do".to_owned(),
            _ => steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        mismatches.push(Mismatch {
            subject: "what is to be done".to_owned(),
            planned: list(&plan.steps),
            found: list(&now.plan.steps),
        });
    }
    if mismatches.is_empty() { Ok(()) } else { Err(ChangeError::Stale(mismatches)) }
}
