//! The way to Okta in six steps, each of which fails in its own way and has its own remedy.

use rolebook_okta::{Client, Error, Leg, Look};

use crate::SyncError;

/// A step of the way, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The name has an address that may be talked to.
    Dns,
    /// The address takes connections.
    Connect,
    /// The proxy, if one is gone through, lets us.
    Proxy,
    /// The certificate is one that this machine trusts.
    Tls,
    /// An Okta org answers.
    Http,
    /// It accepts the token.
    Token,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 6] = [Self::Dns, Self::Connect, Self::Proxy, Self::Tls, Self::Http, Self::Token];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Token => "token",
        }
    }
}

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stand {
    /// Well; what was seen.
    Good(String),
    /// The way ends here.
    Bad {
        /// What was seen.
        what: String,
        /// What to do about it.
        remedy: String,
    },
    /// The way ended before.
    NotReached,
}

/// The whole way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Every step, in order.
    pub steps: Vec<(Step, Stand)>,
}

impl Way {
    /// The step at which it ends and what to do, when it ends early.
    #[must_use]
    pub fn ends(&self) -> Option<(Step, &str)> {
        self.steps.iter().find_map(|(step, stand)| match stand {
            Stand::Bad { remedy, .. } => Some((*step, remedy.as_str())),
            _ => None,
        })
    }
}

/// Tells the steps apart. `asked` is how asking the org ended. It looks at name, address and certificate again, and
/// sends no request.
pub async fn way(client: &Client, asked: Result<(), &SyncError>) -> Way {
    let look = client.look().await;
    Way { steps: judge(&look, asked.err().and_then(cause), client) }
}

fn cause(error: &SyncError) -> Option<&Error> {
    match error {
        SyncError::Essential { source, .. } => Some(source),
        _ => None,
    }
}

fn leg(error: &Error) -> Option<Leg> {
    match error {
        Error::Transport { leg, .. } => Some(*leg),
        _ => None,
    }
}

/// The step that an error belongs to; none when it is about a list, not about the way.
fn step_of(error: &Error) -> Option<Step> {
    Some(match error {
        Error::Transport { leg, .. } => match leg {
            Leg::Dns | Leg::RefusedAddress => Step::Dns,
            Leg::Connect => Step::Connect,
            Leg::Proxy | Leg::ProxyCredentials => Step::Proxy,
            Leg::Tls => Step::Tls,
            _ => Step::Http,
        },
        Error::InvalidToken(_) | Error::NoSession(_) => Step::Token,
        Error::NotJson { .. }
        | Error::Redirected { .. }
        | Error::UnknownPath(_)
        | Error::Shape { .. }
        | Error::Server(_) => Step::Http,
        _ => return None,
    })
}

fn judge(look: &Look, error: Option<&Error>, client: &Client) -> Vec<(Step, Stand)> {
    let (domain, proxy) = (client.domain(), client.proxy());
    let at = error.and_then(step_of);
    // What asking ran into counts; the look only adds what it saw.
    let failed = |step: Step| at == Some(step);
    let blocked = |step: Step| at.is_some_and(|at| at < step);
    let bad = || Stand::Bad {
        what: error.map(said).unwrap_or_default(),
        remedy: error.map_or("", Error::hint).to_owned(),
    };
    let steps = Step::ALL.map(|step| {
        let stand = match step {
            _ if blocked(step) => Stand::NotReached,
            Step::Tls if failed(step) => untrusted(look, error),
            _ if failed(step) => bad(),
            Step::Dns if proxy.is_some() => Stand::Good("left to the proxy".to_owned()),
            Step::Dns => Stand::Good(addresses(look)),
            Step::Connect if proxy.is_some() => Stand::Good("left to the proxy".to_owned()),
            Step::Connect => Stand::Good(format!("port {} answers", domain.port())),
            Step::Proxy => Stand::Good(match proxy {
                Some(proxy) => format!("{proxy} leads on"),
                None => "none, the connection is direct".to_owned(),
            }),
            Step::Tls if !domain.is_secure() => Stand::Good("none, on this machine only".to_owned()),
            Step::Tls => Stand::Good(match &look.issuer {
                Some(issuer) => format!("certificate issued by {issuer}"),
                None => "certificate accepted".to_owned(),
            }),
            Step::Http => Stand::Good("an Okta org answers".to_owned()),
            Step::Token => Stand::Good("accepted".to_owned()),
        };
        (step, stand)
    });
    steps.to_vec()
}

fn addresses(look: &Look) -> String {
    match look.addresses.as_slice() {
        [] => "resolves".to_owned(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// What happened; the request it happened to stands in the error itself.
fn said(error: &Error) -> String {
    match error {
        Error::Transport { leg, detail, .. } if detail.is_empty() => leg.to_string(),
        Error::Transport { detail, .. } => detail.clone(),
        other => other.to_string(),
    }
}

/// A certificate that was shown and not trusted: its issuer tells a proxy that opens TLS.
fn untrusted(look: &Look, error: Option<&Error>) -> Stand {
    let said = error.map(said).unwrap_or_default();
    if said.contains("Expired") || said.contains("NotValidYet") {
        let remedy = "set this machine's clock, or have the certificate renewed".to_owned();
        return Stand::Bad { what: said, remedy };
    }
    match &look.issuer {
        Some(issuer) => Stand::Bad {
            what: format!("{said}, issued by {issuer}"),
            remedy: format!(
                "if {issuer} is your company's own authority or proxy, name its CA with --ca-file; else go no further"
            ),
        },
        None if look.failure.as_ref().and_then(leg) == Some(Leg::Tls) => Stand::Bad {
            what: format!("{said}; no certificate was shown"),
            remedy: "the port speaks no TLS, or something on the way breaks it: check domain and firewall"
                .to_owned(),
        },
        None => Stand::Bad { what: said, remedy: error.map_or("", Error::hint).to_owned() },
    }
}
