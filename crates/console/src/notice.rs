//! What people are told of a connector by itself: that it keeps failing, that it works again, that a sync is held, that
//! its set-up is finished. Whoever must act hears of it, and nobody more than once a day.

use std::collections::BTreeMap;

use crate::{
    ConsoleError,
    console::Console,
    hosted::{Hosted, minute},
    life::{Hold, TELL_AFTER},
    mail::letter,
    policy::{Role, Roles},
    report::{Failure, List, Report},
    store::{
        Change, Who, connectors,
        entity::user,
        outbox::{self, Letter},
        people, shared, syncs,
    },
};

/// Time between two letters about the same thing, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// A day's reminder may come this much early, so that it does not slip past its hour from day to day.
const SLACK: i64 = 60 * 1000;
/// Letters about one held sync to one person.
const HOLD_LETTERS: u64 = 7;
/// How often it is looked whether somebody wants reminding of one held sync.
const LOOK: i64 = 5 * 60 * 1000;

/// After a sync that failed for the third time or more: at most one letter a day.
pub(crate) async fn failed(
    console: &Console,
    change: &Change<'_>,
    hosted: &Hosted,
    error: &Failure,
) -> Result<(), ConsoleError> {
    if hosted.life.failures < TELL_AFTER {
        return Ok(());
    }
    let since = hosted.life.failing_since.map(minute).unwrap_or_default();
    let again = if error.class == "config" { "It needs a change by somebody." } else { "It goes on trying." };
    let letter = letter(
        &format!("{} cannot sync since {since}", hosted.row.name),
        &[
            format!("{} syncs in a row failed. {again}", hosted.life.failures),
            format!("What happened: {}", error.text),
            format!("What to do: {}", error.hint),
        ],
        &page(console, hosted),
        "Open the connector",
    );
    let topic = failing(hosted);
    for person in answerable(change, hosted).await? {
        let last = outbox::last(change.tx(), &format!("{topic}{}/", person.id)).await?;
        if last.is_none_or(|last| change.now_ms() - last >= DAY) {
            post(change, &topic, &person, &letter).await?;
        }
    }
    Ok(())
}

/// After a sync that worked, where it had kept failing since: to those who were told that it does.
pub(crate) async fn recovered(
    console: &Console,
    change: &Change<'_>,
    hosted: &Hosted,
    since: Option<jiff::Timestamp>,
) -> Result<(), ConsoleError> {
    let Some(since) = since else { return Ok(()) };
    let letter = letter(
        &format!("{} works again", hosted.row.name),
        &[format!("Its syncs had failed since {}. The newest one read everything.", minute(since))],
        &page(console, hosted),
        "Open the connector",
    );
    for person in answerable(change, hosted).await? {
        let told = outbox::last(change.tx(), &format!("{}{}/", failing(hosted), person.id)).await?;
        if told.is_some_and(|told| told >= since.as_millisecond()) {
            post(change, &format!("recovered/{}/", hosted.row.id), &person, &letter).await?;
        }
    }
    Ok(())
}

/// A sync went on without lists that the one before it could read: once, since the next one is compared with this one.
pub(crate) async fn weakened(
    console: &Console,
    change: &Change<'_>,
    hosted: &Hosted,
    refused: &[&List],
) -> Result<(), ConsoleError> {
    if refused.is_empty() {
        return Ok(());
    }
    let lost = refused.iter().map(|list| {
        format!("Not read any more: {}, {}", list.name, list.why.as_deref().unwrap_or("without a reason"))
    });
    let mut lines =
        vec!["The sync went on without what Okta does not let its token read any more.".to_owned()];
    lines.extend(lost);
    lines.push("Give the token's owner the role back, or enter a token that may.".to_owned());
    let letter = letter(
        &format!("The token of {} may read less than before", hosted.row.name),
        &lines,
        &page(console, hosted),
        "Open the connector",
    );
    for person in answerable(change, hosted).await? {
        post(change, &format!("weakened/{}/", hosted.row.id), &person, &letter).await?;
    }
    Ok(())
}

/// A sync is held: at once, then daily until it is decided, seven times at most.
pub(crate) async fn held(
    console: &Console,
    change: &Change<'_>,
    hosted: &Hosted,
    sync: &str,
    report: &Report,
) -> Result<bool, ConsoleError> {
    let letter = letter(
        &format!("A sync of {} is held", hosted.row.name),
        &[
            "The newest sync would remove too much, so it was put aside and pages show the last good state."
                .to_owned(),
            report.losses.join("; "),
            "Look at what would vanish, then confirm or discard it.".to_owned(),
        ],
        &format!("{}/syncs/{sync}", page(console, hosted)),
        "Look at it",
    );
    let topic = format!("held/{}/{sync}/", hosted.row.id);
    let mut posted = false;
    for person in owners_and_supers(change, hosted).await? {
        let mine = format!("{topic}{}/", person.id);
        let last = outbox::last(change.tx(), &mine).await?;
        let due = last.is_none_or(|last| change.now_ms() - last >= DAY - SLACK);
        if due && outbox::count(change.tx(), &mine).await? < HOLD_LETTERS {
            post(change, &topic, &person, &letter).await?;
            posted = true;
        }
    }
    Ok(posted)
}

/// Reminds of a held sync whose day is over.
pub(crate) async fn remind(console: &Console, hosted: &Hosted) -> Result<(), ConsoleError> {
    let (Hold::Anomaly, Some(sync)) = (hosted.life.hold, &hosted.row.held_sync) else { return Ok(()) };
    let (now, turn) = (console.now().as_millisecond(), format!("held/{sync}"));
    if !shared::take_turn(console.store.db(), &turn, now, LOOK).await? {
        return Ok(());
    }
    let change = console.store.change(Who::console(), false).await?;
    let Some(row) = syncs::by_id(change.tx(), sync).await? else { return Ok(()) };
    if held(console, &change, hosted, sync, &Hosted::report(&row)).await? {
        change.commit().await?;
    }
    Ok(())
}

/// The set-up is finished: whoever made the connector hears of it, once, unless they did it themselves.
pub(crate) async fn set_up(
    console: &Console,
    change: &Change<'_>,
    hosted: &Hosted,
    by: &user::Model,
) -> Result<(), ConsoleError> {
    if by.id == hosted.row.created_by {
        return Ok(());
    }
    let maker = people::by_id(change.tx(), &hosted.row.created_by).await?;
    let Some(maker) = maker.filter(|maker| maker.active) else { return Ok(()) };
    let letter = letter(
        &format!("{} is set up", hosted.row.name),
        &[format!(
            "{} finished the set-up of the connector that you added. Its first sync has begun.",
            by.name
        )],
        &page(console, hosted),
        "Open the connector",
    );
    change.post(&format!("set-up/{}", hosted.row.id), &maker.email, &letter).await?;
    Ok(())
}

/// To every Super Administrator, whoever does it among them.
pub(crate) async fn to_supers(change: &Change<'_>, topic: &str, letter: &Letter) -> Result<(), ConsoleError> {
    for person in supers(change).await? {
        post(change, topic, &person, letter).await?;
    }
    Ok(())
}

async fn post(
    change: &Change<'_>,
    topic: &str,
    person: &user::Model,
    letter: &Letter,
) -> Result<(), ConsoleError> {
    change.post(&format!("{topic}{}/{}", person.id, change.now_ms()), &person.email, letter).await?;
    Ok(())
}

fn failing(hosted: &Hosted) -> String {
    format!("failing/{}/", hosted.row.id)
}

fn page(console: &Console, hosted: &Hosted) -> String {
    format!("{}/connectors/{}", console.config.base_url, hosted.row.id)
}

/// The owners; without any, those of the app; without any, the Super Administrators.
async fn answerable(change: &Change<'_>, hosted: &Hosted) -> Result<Vec<user::Model>, ConsoleError> {
    let mut found = connectors::owners(change.tx(), &hosted.row.id).await?;
    found.retain(|owner| owner.active);
    if found.is_empty() {
        found = connectors::app_owners(change.tx(), &hosted.row.app_id).await?;
        found.retain(|owner| owner.active);
    }
    if found.is_empty() {
        found = supers(change).await?;
    }
    Ok(found)
}

async fn owners_and_supers(change: &Change<'_>, hosted: &Hosted) -> Result<Vec<user::Model>, ConsoleError> {
    let mut all = supers(change).await?;
    all.extend(
        connectors::owners(change.tx(), &hosted.row.id).await?.into_iter().filter(|owner| owner.active),
    );
    let each: BTreeMap<String, user::Model> =
        all.into_iter().map(|person| (person.id.clone(), person)).collect();
    Ok(each.into_values().collect())
}

async fn supers(change: &Change<'_>) -> Result<Vec<user::Model>, ConsoleError> {
    let mut all = people::all(change.tx()).await?;
    all.retain(|person| person.active && Roles::parse(&person.roles).has(Role::SuperAdministrator));
    Ok(all)
}
