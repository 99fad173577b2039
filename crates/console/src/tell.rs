//! After a sync that changed access: one message to everyone whom it concerns, and none when nothing changed.
//!
//! That a difference is to be told is noted in the transaction that takes the sync over, so no crash loses it; it is
//! told in one transaction with its mail, so no crash doubles it. Owners hear of everything on their connector,
//! watchers of what they watch. Whoever may not see who has access reads counts where others read names.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::tz::TimeZone;
use rolebook_insight::{AccountRef, Cause, Delta, Diff, Finding, RoleRef, Severity};
use serde_json::{Value, json};

use crate::{
    ConsoleError,
    console::Console,
    mail::escape,
    operation::findings,
    policy::{self, Action, Roles},
    run::clean,
    store::{
        Who, connectors,
        entity::{telling, user, watch},
        messages,
        outbox::Letter,
        people,
    },
};

const TICK: Duration = Duration::from_secs(1);
/// Lines of one list in a message; the page behind the link shows all.
const LINES: usize = 50;

/// Tells until the console stops.
pub(crate) async fn tell(console: Arc<Console>) {
    loop {
        if let Err(error) = round(&console).await {
            tracing::warn!(%error, "changes of access that are to be told");
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = console.stop.cancelled() => return,
        }
    }
}

async fn round(console: &Arc<Console>) -> Result<(), ConsoleError> {
    for row in messages::to_tell(console.store.db()).await? {
        match Difference::load(console, &row).await {
            Ok(difference) => tell_one(console, &row, &difference).await?,
            Err(error) => {
                // A snapshot that is gone does not come back: that nothing was told stands in the record.
                let change = console.store.change(Who::console(), false).await?;
                let object = format!("connector/{}", row.connector_id);
                change
                    .audit(
                        "access.not-told",
                        &object,
                        json!({ "sync": row.new_sync, "why": error.to_string() }),
                    )
                    .await?;
                change.told(&row.id).await?;
                change.commit().await?;
            }
        }
    }
    Ok(())
}

/// What a sync changed.
struct Difference {
    diff: Diff,
    /// Findings worth acting on that the sync before did not show, and that nobody has accepted.
    findings: Vec<Found>,
}

/// A new finding, with the roles that it reaches.
struct Found {
    finding: Finding,
    roles: Vec<RoleRef>,
}

impl Difference {
    async fn load(console: &Arc<Console>, row: &telling::Model) -> Result<Self, ConsoleError> {
        let old = console.lens(&row.connector_id, &row.old_sync).await?;
        let new = console.lens(&row.connector_id, &row.new_sync).await?;
        let policy = findings::policy(console.store.db(), &row.connector_id).await?;
        let today = console.now().to_zoned(TimeZone::UTC).date();
        let compared = tokio::task::spawn_blocking(move || {
            let diff = rolebook_insight::diff(old.readings.only()?, new.readings.only()?)?;
            let before = old.findings(policy.clone(), today)?;
            let known: BTreeSet<&str> = before.findings.iter().map(|finding| finding.id.as_str()).collect();
            let now = new.findings(policy, today)?;
            let fresh = now.findings.iter().filter(|finding| {
                finding.severity >= Severity::High
                    && finding.accepted.is_none()
                    && !known.contains(finding.id.as_str())
            });
            let reading = new.readings.only()?;
            let findings = fresh.map(|finding| Found {
                roles: finding.reach.every.iter().filter_map(|role| reading.role(*role)).collect(),
                finding: finding.clone(),
            });
            Ok::<_, rolebook_insight::Error>(Self { diff, findings: findings.collect() })
        });
        compared
            .await
            .map_err(|error| ConsoleError::Connector(error.to_string()))?
            .map_err(|error| ConsoleError::Connector(error.to_string()))
    }
}

async fn tell_one(
    console: &Arc<Console>,
    row: &telling::Model,
    difference: &Difference,
) -> Result<(), ConsoleError> {
    let change = console.store.change(Who::console(), false).await?;
    if !change.told(&row.id).await? {
        return Ok(());
    }
    let connector = connectors::by_id(change.tx(), &row.connector_id).await?;
    let whole = News::of(difference, |_, _| true, |_| true);
    let Some(connector) = connector.filter(|_| !whole.is_empty()) else {
        change.commit().await?;
        return Ok(());
    };
    let name = clean(&connector.name);
    let link = format!("{}/connectors/{}/syncs/{}", console.config.base_url, connector.id, row.new_sync);
    let owners = connectors::owners(change.tx(), &connector.id).await?;
    let watches = messages::watches(change.tx(), None).await?;
    let mut told = 0_u32;
    for person in people::all(change.tx()).await?.into_iter().filter(|person| person.active) {
        let own: Vec<&watch::Model> = watches.iter().filter(|watch| watch.user_id == person.id).collect();
        let owner = owners.iter().any(|owner| owner.id == person.id);
        let sees = sees(&change, &person, &connector.id).await?;
        let news = match (owner, sees) {
            (true, _) => News::of(difference, |_, _| true, |_| true),
            (false, true) => News::of(
                difference,
                |cause, delta| own.iter().any(|watch| fits(watch, cause, delta)),
                |found| own.iter().any(|watch| touches(watch, found)),
            )
            .only_with_access(),
            (false, false) => continue,
        };
        if news.is_empty() {
            continue;
        }
        let letter = news.letter(&name, &link, sees);
        if change.post(&format!("access/{}/{}", row.new_sync, person.id), &person.email, &letter).await? {
            told += 1;
        }
    }
    let hooks = messages::webhooks(change.tx()).await?;
    if !hooks.is_empty() {
        let at = change.now.to_string();
        let body = json!({
            "event": "access.changed", "at": at, "link": link,
            "connector": { "id": connector.id, "name": name },
            "sync": row.new_sync, "before": row.old_sync,
            "gained": whole.gained.iter().map(delta_json).collect::<Vec<_>>(),
            "lost": whole.lost.iter().map(delta_json).collect::<Vec<_>>(),
            "settings": whole.settings,
            "findings": whole.findings.iter().map(|found| finding_json(&found.finding)).collect::<Vec<_>>(),
        });
        for hook in &hooks {
            change.deliver(&hook.id, &body.to_string()).await?;
        }
    }
    let detail = json!({
        "sync": row.new_sync, "gained": difference.diff.gained, "lost": difference.diff.lost,
        "settings": difference.diff.settings.len(), "findings": difference.findings.len(), "letters": told, "webhooks": hooks.len(),
    });
    change.audit("access.changed", &format!("connector/{}", connector.id), detail).await?;
    change.commit().await?;
    Ok(())
}

async fn sees(
    change: &crate::store::Change<'_>,
    person: &user::Model,
    connector: &str,
) -> Result<bool, ConsoleError> {
    let relation = connectors::relation(change.tx(), &person.id, Some(connector)).await?;
    Ok(policy::may(&Roles::parse(&person.roles), relation, Action::SeeAccess))
}

/// Whether a watch is about this change.
fn fits(watch: &watch::Model, cause: &Cause, delta: &Delta) -> bool {
    let same = |text: &str| text.eq_ignore_ascii_case(&watch.value);
    match watch.kind.as_str() {
        "account" => names(&delta.role.account).iter().any(|name| same(name)),
        "role" => delta.role.role == watch.value,
        "group" => {
            let about_group = cause.kind.starts_with("group") || cause.kind.starts_with("member");
            about_group && (cause.id == watch.value || same(&cause.name))
        }
        _ => false,
    }
}

/// Whether a watch is about something that a finding is about or reaches.
fn touches(watch: &watch::Model, found: &Found) -> bool {
    let same = |text: &str| text.eq_ignore_ascii_case(&watch.value);
    match watch.kind.as_str() {
        "account" => found.roles.iter().any(|role| names(&role.account).iter().any(|name| same(name))),
        "role" => found.roles.iter().any(|role| role.role == watch.value),
        "group" => found
            .finding
            .objects
            .iter()
            .any(|object| object.kind == "group" && (object.id == watch.value || same(&object.name))),
        _ => false,
    }
}

fn names(account: &AccountRef) -> Vec<&str> {
    let more = [&account.number, &account.name, &account.alias];
    std::iter::once(account.id.as_str()).chain(more.into_iter().flatten().map(String::as_str)).collect()
}

fn delta_json(delta: &&Delta) -> Value {
    json!({
        "person": { "id": delta.person.id, "login": delta.person.login.as_deref().map(clean) },
        "account": delta.role.account.id, "role": clean(&delta.role.role),
    })
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "id": clean(&finding.id), "rule": finding.rule, "severity": finding.severity.as_str(),
        "text": clean(&finding.text), "remedy": clean(&finding.remedy),
    })
}

/// What one person is told.
struct News<'a> {
    gained: Vec<&'a Delta>,
    lost: Vec<&'a Delta>,
    settings: Vec<String>,
    findings: Vec<&'a Found>,
}

impl<'a> News<'a> {
    fn of(
        difference: &'a Difference,
        wanted: impl Fn(&Cause, &Delta) -> bool,
        touched: impl Fn(&Found) -> bool,
    ) -> Self {
        let diff = &difference.diff;
        let pick = |deltas: fn(&rolebook_insight::Change) -> &Vec<Delta>| {
            let all = diff
                .changes
                .iter()
                .flat_map(|change| deltas(change).iter().map(move |delta| (&change.cause, delta)));
            all.filter(|(cause, delta)| wanted(cause, delta)).map(|(_, delta)| delta).collect()
        };
        let value = |value: &Option<String>| value.as_deref().map_or_else(|| "not set".to_owned(), clean);
        Self {
            gained: pick(|change| &change.gained),
            lost: pick(|change| &change.lost),
            settings: diff
                .settings
                .iter()
                .map(|change| {
                    format!("{}: {} → {}", clean(&change.name), value(&change.old), value(&change.new))
                })
                .collect(),
            findings: difference.findings.iter().filter(|found| touched(found)).collect(),
        }
    }

    /// Watchers hear of settings only along with access that they watch.
    fn only_with_access(mut self) -> Self {
        if self.gained.is_empty() && self.lost.is_empty() {
            self.settings.clear();
        }
        self
    }

    fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty() && self.settings.is_empty() && self.findings.is_empty()
    }

    fn letter(&self, connector: &str, link: &str, names: bool) -> Letter {
        let mut parts = Vec::new();
        for (count, word) in [(self.gained.len(), "gained"), (self.lost.len(), "lost")] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        if !self.settings.is_empty() {
            parts.push(format!("{} setting changed", self.settings.len()));
        }
        if !self.findings.is_empty() {
            let plural = if self.findings.len() == 1 { "" } else { "s" };
            parts.push(format!("{} new finding{plural}", self.findings.len()));
        }
        let mut lists: Vec<(&str, Vec<String>)> = vec![("Settings changed", self.settings.clone())];
        if names {
            let line =
                |delta: &&Delta| format!("{}: {}", clean(delta.person.label()), clean(&delta.role.label()));
            lists.push(("Gained", self.gained.iter().map(line).collect()));
            lists.push(("Lost", self.lost.iter().map(line).collect()));
            let line = |found: &&Found| {
                let Finding { severity, text, remedy, .. } = &found.finding;
                clean(&format!("{}: {text}. What to do: {remedy}", severity.as_str()))
            };
            lists.push(("New findings", self.findings.iter().map(line).collect()));
        } else {
            lists.push(("People per role", self.counts()));
            lists.push(("New findings", self.rules()));
        }
        let access = !(self.gained.is_empty() && self.lost.is_empty() && self.settings.is_empty());
        let what = if access {
            "changed who can assume roles, or how"
        } else {
            "shows something new that is worth acting on"
        };
        let mut text = format!("A sync of {connector} {what}.\n");
        let mut html = format!(
            "<!doctype html><html><body style=\"font-family:sans-serif;max-width:40em\"><p>A sync of {} {what}.</p>",
            escape(connector)
        );
        for (title, mut lines) in lists {
            if lines.is_empty() {
                continue;
            }
            let more = lines.len().saturating_sub(LINES);
            lines.truncate(LINES);
            if more > 0 {
                lines.push(format!("and {more} more"));
            }
            text.push_str(&format!("\n{title}\n"));
            html.push_str(&format!("<h2>{title}</h2><ul>"));
            for line in lines {
                text.push_str(&format!("- {line}\n"));
                html.push_str(&format!("<li>{}</li>", escape(&line)));
            }
            html.push_str("</ul>");
        }
        text.push_str(&format!("\nSee the whole difference: {link}\n"));
        html.push_str(&format!(
            "<p><a href=\"{}\">See the whole difference</a></p></body></html>",
            escape(link)
        ));
        Letter { subject: format!("{connector}: {}", parts.join(", ")), text, html }
    }

    /// New findings by rule: their texts hold names.
    fn rules(&self) -> Vec<String> {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for found in &self.findings {
            let finding = &found.finding;
            *counts.entry((finding.severity.as_str(), &finding.rule)).or_default() += 1;
        }
        counts.into_iter().map(|((severity, rule), count)| format!("{severity}: {rule}, {count}")).collect()
    }

    /// Gains and losses per role, without names.
    fn counts(&self) -> Vec<String> {
        let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for delta in &self.gained {
            counts.entry(clean(&delta.role.label())).or_default().0 += 1;
        }
        for delta in &self.lost {
            counts.entry(clean(&delta.role.label())).or_default().1 += 1;
        }
        counts
            .into_iter()
            .map(|(role, (gained, lost))| format!("{role}: {gained} gained, {lost} lost"))
            .collect()
    }
}
