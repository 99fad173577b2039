//! Flags of the console.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum, builder::BoolishValueParser};

/// Where a console lives and listens.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServeArguments {
    /// Address to listen on; anything but this machine needs --tls-certificate or --behind-proxy
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8686")]
    pub(crate) listen: SocketAddr,

    /// Folder of database, snapshots, logs and vault key
    #[arg(long, value_name = "DIR", default_value = "rolebook-data")]
    pub(crate) data_dir: PathBuf,

    #[allow(rustdoc::bare_urls, reason = "the help shows it as it stands")]
    /// Database that several processes can share, as in postgres://USER:PASSWORD@HOST/DATABASE [default: SQLite in the
    /// data folder]
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,

    /// Where snapshots and logs lie: a folder, or s3://BUCKET/PREFIX with the usual AWS_… variables [default: the data
    /// folder]
    #[arg(long, value_name = "PLACE")]
    pub(crate) blobs: Option<String>,

    /// S3-compatible endpoint [default: AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) blobs_endpoint: Option<String>,

    /// What other processes on the same database call this one [default: host name and address]
    #[arg(long, value_name = "NAME")]
    pub(crate) process_name: Option<String>,

    #[allow(rustdoc::bare_urls, reason = "the help shows it as it stands")]
    /// Public URL, as in https://rolebook.acme.com [default: http:// and the address]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// A proxy with TLS stands in front: listen anywhere, cookies for https only
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) behind_proxy: bool,

    /// Issuer of an OpenID Connect provider to sign in with, beside passwords
    #[arg(long, value_name = "URL", requires = "oidc_client_id")]
    pub(crate) oidc_issuer: Option<String>,

    /// Client id of this console at the provider; its redirect URI is BASE-URL/sign-in/oidc/callback
    #[arg(long, value_name = "ID", requires = "oidc_issuer")]
    pub(crate) oidc_client_id: Option<String>,

    /// File of the client's secret; without it the console is a public client
    #[arg(long, value_name = "FILE", requires = "oidc_issuer")]
    pub(crate) oidc_client_secret_file: Option<PathBuf>,

    /// Whom the provider vouches for and nobody has invited: stays out, or comes in as a Basic user
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = OidcCreate::Off)]
    pub(crate) oidc_create: OidcCreate,

    /// Speak TLS with this certificate and its chain, in PEM; a renewed file is taken up while it runs
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "behind_proxy")]
    pub(crate) tls_certificate: Option<PathBuf>,

    /// Private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,

    /// File of the bearer token that opens /metrics to other machines; else ROLEBOOK_METRICS_TOKEN
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics_token_file: Option<PathBuf>,

    /// File of the vault's key, 32 bytes in base64; else ROLEBOOK_VAULT_KEY or the systemd credential
    /// rolebook-vault-key; else one is made in the data folder
    #[arg(long, value_name = "FILE")]
    pub(crate) vault_key_file: Option<PathBuf>,

    /// Write mail as files into this folder, for trying out; else ROLEBOOK_SMTP_URL sends it
    #[arg(long, value_name = "DIR")]
    pub(crate) mail_folder: Option<PathBuf>,

    /// Sender of mail
    #[arg(long, value_name = "ADDRESS", default_value = "Rolebook <rolebook@localhost>")]
    pub(crate) mail_from: String,

    /// Share of Okta's rate limit to use per org, in percent of X-Rate-Limit-Limit
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) rate_budget: u8,

    /// Certificate authority to trust beside the system's, in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Allow an Okta domain that leads into this private network, as in 10.1.0.0/16
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    pub(crate) allow_address: Vec<ipnet::IpNet>,

    /// Allow an Okta domain on localhost, including plain http (for testing)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) allow_loopback: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RunArguments {
    /// The database is gone: bring history, snapshots and connectors back from the files, without secrets
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) rebuild: bool,

    /// The vault's key that a shared database's secrets are sealed under is lost for good: go on with another one, and
    /// enter the tokens again
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) vault_key_lost: bool,

    #[command(flatten)]
    pub(crate) serve: ServeArguments,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DoctorArguments {
    /// Compare the audit record with heads that left the host: lines of the log or of audit-heads.ndjson
    #[arg(long, value_name = "FILE")]
    pub(crate) head: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) serve: ServeArguments,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct AdminArguments {
    /// What to do
    #[arg(value_enum)]
    pub(crate) task: AdminTask,

    /// File of the backup, or of the new vault key
    #[arg(value_name = "FILE", required_if_eq_any([("task", "backup"), ("task", "restore")]))]
    pub(crate) file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) serve: ServeArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AdminTask {
    /// Print a one-time link that makes or restores a Super Administrator
    Link,
    /// Seal all secrets under a new vault key, in the data folder or in FILE, while the console does not run
    RotateKey,
    /// Write database, snapshots and logs into FILE, also while the console runs; the vault's key is not in it
    Backup,
    /// Bring the backup FILE into a data folder that is empty or not there
    Restore,
}

/// What becomes of somebody whom only the provider knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OidcCreate {
    /// They stay out.
    Off,
    /// They become a Basic user.
    Basic,
}
