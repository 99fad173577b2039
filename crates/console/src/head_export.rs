//! The head of the audit record leaves the host once a day.
//!
//! Whoever has the data folder has the vault's key, and can write another record with another head. A head that was sent
//! away beforehand shows it: the log gets a line, and the file `audit-heads.ndjson` in the data folder grows by one, for a
//! log shipper to take. `rolebook doctor --head FILE` compares
//! the record with any of them.

use std::{io::Write, sync::Arc, time::Duration};

use sea_orm::ConnectionTrait;
use serde::Deserialize;
use serde_json::json;

use crate::{
    ConsoleError,
    console::Console,
    private,
    store::{
        audit,
        head::{Head, is_there},
        shared,
    },
};

/// The file in the data folder.
const FILE: &str = "audit-heads.ndjson";
const TICK: Duration = Duration::from_secs(2);
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Sends the head once a day until the console stops.
pub(crate) async fn send_daily(console: Arc<Console>) {
    loop {
        if let Err(error) = round(&console).await {
            tracing::warn!(%error, "the head of the audit record");
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = console.stop.cancelled() => return,
        }
    }
}

async fn round(console: &Console) -> Result<(), ConsoleError> {
    let db = console.store.db();
    let Some(last) = audit::last(db).await? else { return Ok(()) };
    if !shared::take_turn(db, "audit-head", console.now().as_millisecond(), DAY_MS).await? {
        return Ok(());
    }
    let (seq, hash, at) = (last.seq, last.hash, console.now().to_string());
    tracing::info!(target: "rolebook_audit", seq, hash, "the audit record ends here");
    let body = json!({ "event": "audit.head", "at": at, "seq": seq, "hash": hash }).to_string();
    let path = console.config.data.join(FILE);
    let file = private::options().create(true).append(true).open(&path);
    file.and_then(|mut file| writeln!(file, "{body}")).map_err(ConsoleError::file("write", path))
}

/// A head that left the host, as in the log or the file.
#[derive(Deserialize)]
struct Sent {
    seq: i64,
    hash: String,
}

/// Compares the record with heads that left the host, one JSON object a line; other lines are passed over. For each
/// head whether the record holds it, in words.
pub(crate) async fn compare(
    db: &impl ConnectionTrait,
    heads: &str,
) -> Result<Vec<(bool, String)>, ConsoleError> {
    let last = audit::last(db).await?;
    let mut found = Vec::new();
    for sent in heads.lines().filter_map(|line| serde_json::from_str::<Sent>(line).ok()) {
        let head = Head { seq: sent.seq, hash: sent.hash };
        let holds = is_there(db, &head, last.as_ref()).await?;
        let text = if holds {
            format!("holds row {} as it was when it was sent", head.seq)
        } else {
            format!(
                "does not hold row {} as it was when it was sent: rows were removed or rewritten since, or the head is of \
                 another console",
                head.seq
            )
        };
        found.push((holds, text));
    }
    if found.is_empty() {
        found.push((false, "no head to compare with: each is a line of JSON with seq and hash".to_owned()));
    }
    Ok(found)
}
