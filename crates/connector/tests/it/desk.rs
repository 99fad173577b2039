//! Changes against a fake Okta: looked up, planned, carried out, and what Okta and the audit say afterwards.

use std::{
    future::Future,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use jiff::Timestamp;
use rolebook_connector::{
    AppChoice, Applied, Applying, Asked, Audit, ChangeError, Known, Outcome, Patience, Planned,
    PrincipalName, Provisioning, Settled, TargetName, Who, read_audit, settle,
};
use rolebook_fake_okta::{FakeOkta, Options, Org};
use rolebook_federation::{
    Switches,
    plan::{Action, LastRole},
};
use rolebook_okta::{
    ApiToken, Client, ClientConfig, Domain, Governor, GovernorConfig, Secret, install_crypto_provider,
};
use rolebook_snapshot::{Limits, Snapshot};

use crate::run::{Run, unlimited};

/// When changes happen.
const NOW: i64 = 1_788_253_200;

pub(crate) struct Desk {
    pub(crate) run: Run,
    token: String,
    pub(crate) patience: Patience,
    pub(crate) read_timeout: Duration,
    ops: AtomicU64,
}

/// A change and how it ended.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) planned: Planned,
    pub(crate) applied: Applied,
    pub(crate) settled: Vec<Settled>,
}

impl Desk {
    pub(crate) fn of(org: Org) -> Self {
        Self::with(org, unlimited())
    }

    /// Syncs the org first; what is asked from then on is in the log.
    pub(crate) fn with(org: Org, okta: Options) -> Self {
        let run = Run::with(org, okta).plain();
        run.done();
        run.fake.clear_log();
        Self {
            run,
            token: "super".to_owned(),
            patience: Patience {
                show: Duration::from_millis(300),
                log: Duration::from_millis(200),
                first: Duration::from_millis(5),
            },
            read_timeout: Duration::from_secs(30),
            ops: AtomicU64::new(1),
        }
    }

    pub(crate) fn token(mut self, name: &str) -> Self {
        name.clone_into(&mut self.token);
        self
    }

    pub(crate) fn fake(&self) -> &FakeOkta {
        &self.run.fake
    }

    pub(crate) fn audit_path(&self) -> PathBuf {
        self.run.file().with_file_name("audit.jsonl")
    }

    pub(crate) fn client(&self) -> Client {
        install_crypto_provider();
        let (domain, _) = Domain::parse(self.fake().url(), true).unwrap();
        let token = self.fake().token(&self.token);
        let mut config = ClientConfig::new(domain, ApiToken::new(&Secret::from(token.as_str())).unwrap());
        config.addresses.allow_loopback = true;
        config.retry.base = Duration::from_millis(1);
        config.retry.ceiling = Duration::from_millis(5);
        config.read_timeout = self.read_timeout;
        let mut governor = GovernorConfig::default();
        governor.rate_budget = 100;
        governor.jitter = Duration::ZERO;
        governor.margin = Duration::from_millis(5);
        config.governor = Governor::new(governor);
        Client::new(config).unwrap()
    }

    pub(crate) async fn place(&self) -> Provisioning {
        let snapshot = Snapshot::open(&self.run.file(), &Limits::default()).unwrap();
        let full = snapshot.latest_full().unwrap();
        let facts = rolebook_ledger::read(&snapshot.rows(&full.id)).unwrap();
        let known = Known { path: self.run.file(), facts, sync_id: full.id };
        let choice = AppChoice::Id(crate::run::APP.to_owned());
        Provisioning::open(self.client(), &choice, Switches::default(), self.run.file(), Some(known))
            .await
            .unwrap()
    }

    pub(crate) async fn audit(&self) -> Audit {
        let org = self.run.open().0.org.id;
        Audit::open(&self.audit_path(), org.as_str(), now(), Duration::from_secs(20)).await.unwrap()
    }

    pub(crate) fn op(&self) -> String {
        format!("op{}", self.ops.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) async fn change_async(&self, asked: &Asked) -> Result<Changed, ChangeError> {
        let mut audit = self.audit().await;
        let mut place = self.place().await;
        let settled = settle(&place, &mut audit, now()).await?;
        let request = place.request(asked).await?;
        let planned = place.plan(&request).await?;
        let mut applying = Applying {
            place: &mut place,
            audit: &mut audit,
            who: Who { os_user: "tester".to_owned(), host: "here".to_owned(), ..Who::default() },
            author: None,
            clock: &now,
            patience: self.patience,
        };
        let applied = applying.carry_out(&planned, &self.op(), None).await?;
        Ok(Changed { planned, applied, settled })
    }

    pub(crate) fn change(&self, asked: &Asked) -> Result<Changed, ChangeError> {
        block(self.change_async(asked))
    }

    /// A change that must end so.
    #[track_caller]
    pub(crate) fn ends(&self, asked: &Asked, outcome: Outcome) -> Changed {
        let changed =
            self.change(asked).unwrap_or_else(|error| panic!("{error}: {:?}", self.fake().log_lines()));
        assert_eq!(changed.applied.outcome, outcome, "{:#?}", changed.applied.says);
        changed
    }

    /// A change that must be refused before anything is written.
    #[track_caller]
    pub(crate) fn refused(&self, asked: &Asked) -> ChangeError {
        let error = match self.change(asked) {
            Err(error) => error,
            Ok(changed) => panic!("done all the same: {:?}", changed.applied.says),
        };
        assert_eq!(self.writes(), [""; 0], "{error}");
        error
    }

    /// Every request that was no reading, with its body.
    pub(crate) fn writes(&self) -> Vec<String> {
        let writes = self.fake().log().into_iter().filter(|asked| asked.method != "GET");
        writes.map(|asked| format!("{} {}", asked.line(), asked.body).trim().to_owned()).collect()
    }

    /// The last readings before the first write, and all writes, as lines.
    pub(crate) fn around_write(&self) -> Vec<String> {
        let log = self.fake().log();
        let first = log.iter().position(|asked| asked.method != "GET").unwrap();
        let lines = log.get(first - 1..=first).unwrap().iter();
        lines.map(|asked| format!("{} {}", asked.line(), asked.body).trim().to_owned()).collect()
    }

    /// What Okta shows of a person: scope and roles, `None` when not assigned.
    pub(crate) fn assignment(&self, user: &str) -> Option<(String, Vec<String>)> {
        block(async {
            let place = self.place().await;
            let request = place.request(&grant(TargetName::App, user)).await.unwrap();
            let fresh = place.fresh(&request).await.unwrap();
            fresh.situation.user.unwrap().state().map(|state| (state.scope, state.roles))
        })
    }

    /// What Okta shows of a group: priority and roles, `None` when not assigned.
    pub(crate) fn group_assignment(&self, group: &str) -> Option<(i64, Vec<String>)> {
        block(async {
            let place = self.place().await;
            let request = place.request(&for_group(grant(TargetName::App, ""), group)).await.unwrap();
            let fresh = place.fresh(&request).await.unwrap();
            let group = fresh.situation.groups.iter().find(|known| known.id == group).unwrap();
            group.state().map(|state| (state.priority.unwrap(), state.roles))
        })
    }

    /// That the chain holds and that no intent is open.
    #[track_caller]
    pub(crate) fn chain_is_whole(&self) {
        let chain = read_audit(&self.audit_path()).unwrap();
        assert!(chain.open_intents().is_empty(), "{:?}", chain.open_intents());
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(future)
}

fn asked(action: Action, target: TargetName, user: &str) -> Asked {
    Asked {
        action,
        principal: PrincipalName::User(user.to_owned()),
        target,
        via: None,
        with_app: None,
        allow_conversion: false,
        last_role: LastRole::Keep,
    }
}

pub(crate) fn grant(target: TargetName, user: &str) -> Asked {
    asked(Action::Grant, target, user)
}

pub(crate) fn revoke(target: TargetName, user: &str) -> Asked {
    asked(Action::Revoke, target, user)
}

pub(crate) fn for_group(asked: Asked, group: &str) -> Asked {
    Asked { principal: PrincipalName::Group(group.to_owned()), ..asked }
}

pub(crate) fn converting(asked: Asked) -> Asked {
    Asked { allow_conversion: true, ..asked }
}

/// A role of the main account.
pub(crate) fn role(name: &str) -> TargetName {
    TargetName::Role(format!("{}/{name}", crate::run::MAIN))
}

pub(crate) fn member_of(group: &str) -> TargetName {
    TargetName::Group(group.to_owned())
}
