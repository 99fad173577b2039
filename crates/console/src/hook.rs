//! Webhooks: signed messages to addresses that a Super Administrator entered.
//!
//! An address is https and public: each name is resolved here, every address is judged by the same rules as an Okta
//! domain's, and the connection is made to a judged address. Redirects are not followed, answers are not read. The
//! signature is HMAC-SHA256 over `<seconds>.<body>`, so that a message can be neither changed nor replayed later:
//! `Rolebook-Signature: t=<seconds>,v1=<hex>`.

use std::{net::IpAddr, net::SocketAddr, sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rolebook_okta::{AddressRules, system_lookup};
use url::{Host, Url};

use crate::{
    ConsoleError,
    console::Console,
    store::{entity::delivery, entity::webhook, messages},
};

const TICK: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(10);
/// A message is tried so often, with growing pauses: for a day in all.
const ATTEMPTS: i32 = 11;

/// Which addresses a webhook may lead to: public ones; on a console for trying out also this machine. The networks
/// that are opened for Okta are not opened for these.
pub(crate) fn rules(console: &Console) -> AddressRules {
    AddressRules { allow_loopback: console.config.addresses.allow_loopback, ..AddressRules::default() }
}

/// Reads an address of a webhook, or says what is wrong with it.
pub(crate) fn address(text: &str, rules: &AddressRules) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("this is no address: {error}"))?;
    let local = url.host().is_some_and(|host| literal(&host).is_some_and(|ip| ip.is_loopback()));
    if url.scheme() != "https" && !(url.scheme() == "http" && local && rules.allow_loopback) {
        return Err("only https addresses are taken".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("leave user and password out of it: messages are signed".to_owned());
    }
    match url.host() {
        None => Err("it names no host".to_owned()),
        Some(host) => match literal(&host).and_then(|ip| rules.refuse(ip)) {
            Some(kind) => Err(format!("only public addresses are taken, this one is {kind}")),
            None => Ok(url),
        },
    }
}

fn literal(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Ipv4(ip) => Some(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(*ip)),
        Host::Domain(_) => None,
    }
}

/// Hands out no address that the rules refuse.
struct Vetting(AddressRules);

impl Resolve for Vetting {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.0.clone();
        let lookup = system_lookup()(name.as_str().to_owned());
        Box::pin(async move {
            let found = lookup.await?;
            let open: Vec<SocketAddr> = found
                .into_iter()
                .filter(|ip| rules.refuse(*ip).is_none())
                .map(|ip| SocketAddr::new(ip, 0))
                .collect();
            if open.is_empty() {
                return Err("it leads to no public address".into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

/// The signature of a body at a time.
fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    format!("t={seconds},v1={}", HEXLOWER.encode(tag.as_ref()))
}

/// Sends what is due until the console stops.
pub(crate) async fn deliver(console: Arc<Console>) {
    loop {
        // A receiver that hangs keeps nobody from stopping.
        tokio::select! {
            done = round(&console) => if let Err(error) = done {
                tracing::warn!(%error, "messages to webhooks");
            },
            () = console.stop.cancelled() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = console.stop.cancelled() => return,
        }
    }
}

async fn round(console: &Console) -> Result<(), ConsoleError> {
    let db = console.store.db();
    let now = console.now();
    let due = messages::due(db, now.as_millisecond()).await?;
    if due.is_empty() {
        return Ok(());
    }
    let mut hooks = messages::webhooks(db).await?;
    for mut row in due {
        let Some(hook) = hooks.iter_mut().find(|hook| hook.id == row.webhook_id) else { continue };
        let minutes = 1_i64 << (row.attempts + 1).clamp(0, 9);
        let again = now.as_millisecond() + minutes * 60_000;
        let again = if row.attempts + 1 >= ATTEMPTS { i64::MAX } else { again };
        if !messages::claim_delivery(db, &mut row, again).await? {
            continue;
        }
        match send(console, hook, &row, now.as_second()).await {
            Ok(()) => {
                row.sent_at = Some(now.as_millisecond());
                hook.sent_at = row.sent_at;
                hook.error = None;
                messages::delivered(db, &row).await?;
            }
            Err(error) => {
                tracing::warn!(webhook = hook.id, error, "a message was not taken");
                hook.error = Some(error);
            }
        }
        messages::note_webhook(db, hook).await?;
    }
    Ok(())
}

async fn send(
    console: &Console,
    hook: &webhook::Model,
    row: &delivery::Model,
    seconds: i64,
) -> Result<(), String> {
    let secret = console
        .vault
        .open_sealed(&messages::secret_place(&hook.id), &hook.secret)
        .map_err(|error| error.to_string())?;
    let body = console
        .vault
        .open_sealed(&messages::delivery_place(&row.id), &row.body)
        .map_err(|error| error.to_string())?;
    let rules = rules(console);
    let url = address(&hook.url, &rules)?;
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .dns_resolver(Vetting(rules))
        .build()
        .map_err(|error| error.to_string())?;
    let answer = client
        .post(url)
        .header("content-type", "application/json")
        .header("rolebook-delivery", &row.id)
        .header("rolebook-signature", signature(&secret, seconds, &body))
        .body(body.to_string())
        .send()
        .await
        // Its address may hold what nobody should read.
        .map_err(|error| innermost(&error.without_url()))?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("it answered {}", answer.status())) }
}

pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut source: &dyn std::error::Error = error;
    while let Some(next) = source.source() {
        source = next;
    }
    source.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_https() {
        let public = AddressRules::default();
        assert!(address("https://hooks.acme.com/x", &public).is_ok());
        for (bad, word) in [
            ("http://hooks.acme.com/x", "https"),
            ("https://10.0.0.1/", "private"),
            ("https://[::1]/", "loopback"),
            ("https://169.254.169.254/latest", "link-local"),
            ("https://u:p@hooks.acme.com/", "user"),
            ("http://127.0.0.1:1/", "https"),
            ("nothing", "no address"),
        ] {
            let error = address(bad, &public).unwrap_err();
            assert!(error.contains(word), "{bad}: {error}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_resolved() {
        let error =
            Vetting(AddressRules::default()).resolve("localhost".parse().unwrap()).await.err().unwrap();
        assert_eq!(error.to_string(), "it leads to no public address");
    }

    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        // By `printf '1.{}' | openssl dgst -sha256 -hmac key`.
        let by_openssl = "1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224";
        assert_eq!(signature("key", 1, "{}"), format!("t=1,v1={by_openssl}"));
    }
}
