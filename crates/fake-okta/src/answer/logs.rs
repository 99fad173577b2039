//! The System Log.

use jiff::{SignedDuration, Timestamp};

use super::{Answer, Asked};
use crate::filter::{Field, Filter};
use crate::json;
use crate::org::Event;
use crate::query::Mark;
use crate::refusal::Refusal;
use crate::wire;

const FILTERABLE: [&str; 8] =
    ["eventType", "uuid", "target.id", "target.type", "actor.id", "actor.type", "outcome.result", "severity"];

/// Without `until` and in ascending order this is polling: a `next` is always given, and asking it again later brings
/// what happened since. Otherwise the list is bounded and ends.
pub(super) fn list(asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let wanted = match asked.query.get("filter") {
        Some(text) => Filter::parse(text, &FILTERABLE).map_err(|refusal| refusal.coded("E0000053"))?,
        None => Filter::All,
    };
    let words = asked.query.get("q").unwrap_or_default().to_lowercase();
    let until = time(asked, "until")?;
    let since = time(asked, "since")?;
    let now = asked.org.now;
    if since.is_some_and(|since| since < now - SignedDuration::from_hours(24 * 180)) {
        return Err(Refusal::new(400, "E0000053", "since is more than 180 days ago"));
    }
    let since = since.unwrap_or(until.unwrap_or(now) - SignedDuration::from_hours(24 * 7));
    let descending = match asked.query.get("sortOrder").map(str::to_uppercase).as_deref() {
        None | Some("ASCENDING") => false,
        Some("DESCENDING") => true,
        Some(_) => return Err(Refusal::wrong_type("sortOrder")),
    };
    let page = asked.sized(100, 1000)?;
    let fits = |event: &Event| {
        event.published > since
            && until.is_none_or(|until| event.published < until)
            && wanted.fits(&|property: &str| field(event, property))
            && words.split_whitespace().all(|word| mentions(event, word))
    };
    let events = appeared(asked);
    let count = events.len();
    // The position of an event is the same in both directions; going down, `from` counts from the end.
    let row = |n: usize| events.get(if descending { count - 1 - n } else { n }).copied();
    let mut rows =
        (page.mark.from..count).filter_map(|n| Some((n, row(n)?))).filter(|(_, event)| fits(event));
    if descending || until.is_some() {
        return Ok(asked.page(page, rows, wire::event::write));
    }
    let mut body = Vec::new();
    let mut last = None;
    json::array(&mut body, rows.by_ref().take(page.limit), |out, (position, event)| {
        last = Some(position);
        wire::event::write(out, event);
    });
    // Where nothing more fits, the next call goes on behind everything that was looked at.
    let more = rows.next().is_some();
    let from = if more { last.map_or(count, |last| last + 1) } else { count };
    let next = Mark { from, number: page.mark.number + 1 };
    let links = asked.links(page.limit, Some(next));
    Ok(Answer { links, ..Answer::ok(body) })
}

/// The entries that can be seen by now, in the order in which they appeared: a late one comes behind those that were
/// there before it, so that whoever reads on from a place meets it.
fn appeared<'a>(asked: &Asked<'a>) -> Vec<&'a Event> {
    let lag = asked.options.log_behind();
    let mut events: Vec<&Event> = asked.org.events.iter().collect();
    if !lag.is_zero() {
        events.retain(|event| appears(event, lag) <= asked.org.now);
        events.sort_by_key(|event| appears(event, lag));
    }
    events
}

/// When an entry appears: its id decides, so that it is the same in every answer.
fn appears(event: &Event, lag: SignedDuration) -> Timestamp {
    let draw: u64 =
        event.uuid.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let seconds = u64::try_from(lag.as_secs()).unwrap_or_default();
    event.published + SignedDuration::from_secs(i64::try_from(draw % (seconds + 1)).unwrap_or_default())
}

fn time(asked: &Asked<'_>, key: &str) -> Result<Option<Timestamp>, Refusal> {
    let parse =
        |text: &str| text.parse().map_err(|_| Refusal::new(400, "E0000030", format!("Bad date: {key}")));
    asked.query.get(key).map(parse).transpose()
}

fn field<'a>(event: &'a Event, property: &str) -> Field<'a> {
    match property {
        "eventType" => Field::Text(event.kind),
        "uuid" => Field::Text(&event.uuid),
        "target.id" => Field::Texts(event.targets.iter().map(|target| target.id.as_str()).collect()),
        "target.type" => Field::Texts(event.targets.iter().map(|target| target.kind).collect()),
        "actor.id" => Field::Text(&event.actor.id),
        "actor.type" => Field::Text(event.actor.kind),
        "outcome.result" => Field::Text("SUCCESS"),
        "severity" => Field::Text("INFO"),
        _ => Field::Missing,
    }
}

fn mentions(event: &Event, word: &str) -> bool {
    let parties = event.targets.iter().chain([&event.actor]);
    let mut texts = parties.flat_map(|party| [&party.id, &party.alternate_id, &party.display_name]);
    event.kind.contains(word) || texts.any(|text| text.to_lowercase().contains(word))
}
