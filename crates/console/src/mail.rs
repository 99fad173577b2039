//! Messages to people: what they say, to whom they go, and how they leave.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
};
use zeroize::Zeroizing;

use crate::{
    ConsoleError,
    console::Console,
    private,
    run::clean,
    store::{outbox, outbox::Letter},
};

/// How often the outbox is looked at.
const TICK: Duration = Duration::from_secs(2);
/// A letter is tried so often, with growing pauses: for two days in all.
const ATTEMPTS: i32 = 12;
/// A server that takes a letter does so within this time.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where mail goes.
#[derive(Clone, Default)]
pub enum MailConfig {
    /// Nowhere: letters stay sealed in the outbox until retention removes them.
    #[default]
    Off,
    /// One file per letter: for trying out.
    Folder(PathBuf),
    /// A server.
    Smtp {
        /// As in `smtps://user:password@mail.acme.com`, or `smtp://…?tls=required` for STARTTLS.
        url: Zeroizing<String>,
        /// The sender, as in `Rolebook <rolebook@acme.com>`.
        from: String,
    },
}

impl std::fmt::Debug for MailConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Folder(_) => "Folder",
            Self::Smtp { .. } => "Smtp",
        })
    }
}

impl MailConfig {
    /// In words, without secrets.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Off => "off: messages wait in the outbox until retention removes them".to_owned(),
            Self::Folder(folder) => format!("written as files into {}", folder.display()),
            Self::Smtp { from, .. } => format!("sent by SMTP as {from}"),
        }
    }
}

/// Writes one letter as text and HTML: paragraphs, then a link.
pub(crate) fn letter(subject: &str, paragraphs: &[String], link: &str, link_words: &str) -> Letter {
    let subject: String = subject.chars().filter(|c| !c.is_control()).collect();
    let text = format!("{}\n\n{link_words}: {link}\n", paragraphs.join("\n\n"));
    let mut html =
        String::from("<!doctype html><html><body style=\"font-family:sans-serif;max-width:40em\">");
    for paragraph in paragraphs {
        html.push_str(&format!("<p>{}</p>", escape(paragraph)));
    }
    html.push_str(&format!("<p><a href=\"{}\">{}</a></p></body></html>", escape(link), escape(link_words)));
    Letter { subject, text, html }
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The hand-over: somebody else is to finish the set-up.
pub(crate) fn hand_over(console: &Console, by: &str, connector: &str, name: &str, app: &str) -> Letter {
    letter(
        &format!("Your help is needed to set up {name}"),
        &[
            format!("{by} made you an owner of the connector \"{name}\" of the app \"{app}\" in Rolebook."),
            "To finish it, enter the Okta domain (as in acme.okta.com) and an API token in its Settings.".to_owned(),
            "A token has the rights of whoever creates it. A Read-only Administrator's token lets Rolebook review \
             group memberships and app assignments; Read-only + Application + Group Administrator also lets it \
             change them; only a Super Administrator's shows Okta roles."
                .to_owned(),
        ],
        &format!("{}/connectors/{connector}/settings", console.config.base_url),
        "Open the settings",
    )
}

/// What keeps letters from going out, in words; nothing when nothing does.
pub(crate) async fn trouble(console: &Console) -> Result<Option<String>, ConsoleError> {
    Ok(outbox::waiting(console.store.db()).await?.map(|(count, tried, why)| {
        let next = if tried >= ATTEMPTS {
            "the last one is not tried again"
        } else {
            "it is tried again by itself"
        };
        format!(
            "{count} not through; the last was tried {tried} times: {}. Check the mail server and ROLEBOOK_SMTP_URL; {next}",
            clean(&why)
        )
    }))
}

/// Sends what is in the outbox until the console stops.
pub(crate) async fn deliver(console: Arc<Console>) {
    if matches!(console.config.mail, MailConfig::Off) {
        return;
    }
    loop {
        // A server that hangs keeps nobody from stopping: what was not written down as sent is sent by the next start.
        tokio::select! {
            done = round(&console) => if let Err(error) = done {
                tracing::warn!(%error, "the outbox");
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
    let now = console.now().as_millisecond();
    for mut row in outbox::due(console.store.db(), now).await? {
        // Of two processes one sends it; when that one goes away meanwhile, it is sent again when it is due again.
        let minutes = 1_i64 << (row.attempts + 1).clamp(0, 9);
        let again = if row.attempts + 1 >= ATTEMPTS { i64::MAX } else { now + minutes * 60_000 };
        if !outbox::claim(console.store.db(), &mut row, again).await? {
            continue;
        }
        let sent = match outbox::open(&console.vault, &row) {
            Ok(letter) => send(&console.config.mail, &row, &letter).await,
            Err(error) => Err(error.to_string()),
        };
        match sent {
            Ok(()) => {
                row.sent_at = Some(now);
                row.error = None;
            }
            Err(error) => {
                tracing::warn!(to = row.recipient, error, "a message was not taken");
                row.error = Some(error);
            }
        }
        outbox::keep(console.store.db(), row).await?;
    }
    Ok(())
}

async fn send(
    config: &MailConfig,
    row: &crate::store::entity::outbox::Model,
    letter: &Letter,
) -> Result<(), String> {
    let from = match config {
        MailConfig::Smtp { from, .. } => from.as_str(),
        _ => "Rolebook <rolebook@localhost>",
    };
    let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|error| format!("{text}: {error}"));
    let message = Message::builder()
        .from(mailbox(from)?)
        .to(mailbox(&row.recipient)?)
        .subject(&letter.subject)
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(|error| error.to_string())?;
    match config {
        MailConfig::Off => Ok(()),
        MailConfig::Folder(folder) => {
            let path = folder.join(format!("{}.eml", row.id));
            write(folder, &path, &message.formatted()).map_err(|error| error.to_string())
        }
        MailConfig::Smtp { url, .. } => {
            let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
                // The URL may hold a password: its error is not repeated.
                .map_err(|_| "the SMTP URL cannot be read".to_owned())?
                .build();
            match tokio::time::timeout(PATIENCE, transport.send(message)).await {
                Ok(sent) => sent.map(drop).map_err(|error| clean(&error.to_string())),
                Err(_) => Err(format!("the mail server did not finish within {} s", PATIENCE.as_secs())),
            }
        }
    }
}

/// Writes a letter into its folder, for the owner of the process only.
fn write(folder: &Path, path: &Path, text: &[u8]) -> Result<(), ConsoleError> {
    private::create_folder(folder)?;
    let file = private::options().create(true).truncate(true).write(true).open(path);
    file.and_then(|mut file| file.write_all(text)).map_err(ConsoleError::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        let letter = letter("a\r\nBcc: x", &["<script>".to_owned()], "https://x/\"", "go");
        assert_eq!(letter.subject, "aBcc: x");
        assert!(
            letter.html.contains("&lt;script&gt;") && !letter.html.contains("<script"),
            "{}",
            letter.html
        );
        assert!(letter.html.contains("https://x/&quot;"));
    }
}
