//! Console users, their roles, one-time links and API keys.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{Context, connectors::PersonRef};
use crate::{
    ConsoleError,
    actor::{Actor, Via},
    console::Console,
    fresh,
    mail::{self, MailConfig},
    password,
    policy::{Role, Roles, may_hand_out_link},
    problem::{FieldError, Problem},
    seen,
    store::{self, Change, Who, entity::user, people},
    throttle::Source,
};

/// A console user.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Roles, as words.
    pub roles: Vec<&'static str>,
    /// May sign in.
    pub active: bool,
    /// Has a password; otherwise the invitation is open.
    pub joined: bool,
    /// Last sign-in.
    #[schema(value_type = Option<String>)]
    pub signed_in_at: Option<Timestamp>,
}

impl UserView {
    /// What people edit of it: signing in changes nothing of that.
    pub(crate) fn state(&self) -> String {
        seen::state(&(&self.name, &self.email, &self.roles, self.active))
    }
}

impl From<&user::Model> for UserView {
    fn from(user: &user::Model) -> Self {
        Self {
            id: user.id.clone(),
            name: user.name.clone(),
            email: user.email.clone(),
            roles: Roles::parse(&user.roles).iter().map(Role::word).collect(),
            active: user.active,
            joined: user.password.is_some(),
            signed_in_at: user.signed_in_at.map(store::time),
        }
    }
}

/// Somebody to invite.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invitation {
    /// E-mail address.
    pub email: String,
    /// Name.
    pub name: String,
    /// Roles, as words; Basic user when empty.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// A change of a user.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UserPatch {
    /// Roles, as words.
    pub roles: Option<Vec<String>>,
    /// May sign in.
    pub active: Option<bool>,
}

/// An invitation link works so long: three days.
const INVITATION_MINUTES: i64 = 3 * 24 * 60;

fn roles(words: &[String]) -> Result<Roles, Problem> {
    let mut stored = Vec::new();
    for word in words {
        match Role::parse(word) {
            Some(role) => stored.push(role.word()),
            None => return Err(Problem::field("roles", format!("there is no role {word}"))),
        }
    }
    if stored.is_empty() {
        stored.push(Role::BasicUser.word());
    }
    Ok(Roles::parse(&stored.join(",")))
}

/// Checks name, address and password of somebody new.
fn check(email: &str, name: &str, password: Option<&str>) -> Result<(), Problem> {
    let mut fields = Vec::new();
    let mut wrong = |field: &str, text: String| fields.push(FieldError { field: field.to_owned(), text });
    let address = people::address(email);
    let shaped = address.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !address.contains(char::is_whitespace)
            && !domain.contains('@')
    });
    if !shaped || address.len() > 254 || address.parse::<lettre::Address>().is_err() {
        wrong("email", "this is no e-mail address".to_owned());
    }
    if name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        wrong("name", "a name of 1 to 100 characters is needed".to_owned());
    }
    if let Some(text) = password.and_then(password::refuse) {
        wrong("password", text);
    }
    if fields.is_empty() { Ok(()) } else { Err(Problem::invalid(fields)) }
}

pub(crate) fn spent_link() -> Problem {
    Problem::new(
        axum::http::StatusCode::GONE,
        "link-spent",
        "this link does not work any more",
        "it was used, is older than it may be, or a newer one was made",
        "ask for a new one; on the host, rolebook admin link prints one",
    )
}

/// Uses a set-up link: makes the first administrator and signs them in. Gives the session's secret.
pub(crate) async fn set_up(
    console: &Console,
    secret: &str,
    email: &str,
    name: &str,
    password: &str,
) -> Result<String, Problem> {
    let now = console.now().as_millisecond();
    let link = people::link(console.store.db(), secret, now)
        .await?
        .filter(|link| link.purpose == "setup")
        .ok_or_else(spent_link)?;
    check(email, name, Some(password))?;
    let hash = hashed(console, password).await?;
    let change =
        console.store.change(Who { id: "setup".to_owned(), name: name.trim().to_owned() }, false).await?;
    if !change.use_link(&link.id).await? {
        return Err(spent_link());
    }
    let super_administrator = Roles::of(Role::SuperAdministrator);
    let user = match people::by_email(change.tx(), email).await? {
        Some(mut known) => {
            // On the host, a link also lets a locked-out administrator in again.
            known.password = Some(hash);
            known.roles = super_administrator.stored();
            (known.active, known.failures, known.locked_until) = (true, 0, None);
            change.keep_user(known.clone()).await?;
            change.close_access_of(&known.id).await?;
            known
        }
        None => change.add_user(email, name, &super_administrator, Some(hash)).await?,
    };
    change
        .audit("user.administrator-set-up", &format!("user/{}", user.id), json!({ "email": user.email }))
        .await?;
    let session = change.open_session(&user.id).await?;
    change.commit().await?;
    Ok(session)
}

/// Hashes a password when its turn comes.
async fn hashed(console: &Console, password: &str) -> Result<String, Problem> {
    let password = zeroize::Zeroizing::new(password.to_owned());
    Ok(console.hashing.run(move || password::hash(&password)).await??)
}

/// Signs somebody in. Gives the session's secret.
///
/// Known and unknown addresses take the same way: the same throttle, the same hashing, the same answer. Only the audit
/// row of a wrong guess differs, which is written after the answer.
pub(crate) async fn sign_in(
    console: &Arc<Console>,
    email: &str,
    given: &str,
    source: Source,
) -> Result<String, Problem> {
    let now = console.now().as_millisecond();
    let guess = console.throttle.guess(email, source, now)?;
    let user = people::by_email(console.store.db(), email).await?;
    let hash = user.as_ref().and_then(|user| user.password.clone());
    let given = zeroize::Zeroizing::new(given.to_owned());
    let fits = console.hashing.run(move || password::verify(&given, hash.as_deref())).await?;
    let Some(user) = user.filter(|user| fits && user.active) else {
        tokio::spawn(note_refused(Arc::clone(console), email.to_owned(), guess.failures));
        return Err(Problem::new(
            axum::http::StatusCode::UNAUTHORIZED,
            "wrong-password",
            "wrong e-mail address or password",
            "one of them is wrong, or the account is deactivated",
            "try again; a Super Administrator, or an operator of the host with rolebook admin link, can let you in",
        ));
    };
    let change = console.store.change(Who { id: user.id.clone(), name: user.name.clone() }, false).await?;
    // The person may have been deactivated while the password was checked.
    let Some(mut user) = people::by_id(change.tx(), &user.id).await?.filter(|user| user.active) else {
        return Err(Problem::signed_out());
    };
    (user.failures, user.locked_until, user.signed_in_at) = (0, None, Some(now));
    let object = format!("user/{}", user.id);
    let session = change.open_session(&user.id).await?;
    change.keep_user(user).await?;
    change.audit("session.opened", &object, json!({})).await?;
    change.commit().await?;
    console.throttle.right(&guess);
    Ok(session)
}

/// Records a wrong password for an account that exists. The caller proved nothing, so the row names no person as actor.
async fn note_refused(console: Arc<Console>, email: String, failures: i32) {
    let noted = async {
        let Some(user) = people::by_email(console.store.db(), &email).await? else { return Ok(()) };
        let change = console.store.change(Who::stranger(), false).await?;
        let object = format!("user/{}", user.id);
        change.audit("session.refused", &object, json!({ "failures": failures })).await?;
        change.commit().await.map(drop)
    };
    let noted: Result<(), ConsoleError> = noted.await;
    if let Err(error) = noted {
        tracing::warn!(%error, "a refused sign-in could not be recorded");
    }
}

/// Signs out.
pub(crate) async fn sign_out(console: &Console, actor: &Actor, session: &str) -> Result<(), Problem> {
    let change = console.store.change(actor.who(), false).await?;
    change.close_session(session).await?;
    change.audit("session.closed", &format!("user/{}", actor.user.id), json!({})).await?;
    change.commit().await?;
    Ok(())
}

/// Uses an invitation link: sets the password and signs in.
pub(crate) async fn join(console: &Console, secret: &str, password: &str) -> Result<String, Problem> {
    let now = console.now().as_millisecond();
    let link = people::link(console.store.db(), secret, now)
        .await?
        .filter(|link| link.purpose == "join")
        .ok_or_else(spent_link)?;
    let Some(id) = &link.user_id else { return Err(spent_link()) };
    if let Some(text) = password::refuse(password) {
        return Err(Problem::field("password", text));
    }
    let hash = hashed(console, password).await?;
    let name = people::by_id(console.store.db(), id).await?.ok_or_else(spent_link)?.name;
    let change = console.store.change(Who { id: id.clone(), name }, false).await?;
    // Read inside: the invitation may have been withdrawn while the password was hashed.
    let mut user = people::by_id(change.tx(), id).await?.filter(|user| user.active).ok_or_else(spent_link)?;
    if !change.use_link(&link.id).await? {
        return Err(spent_link());
    }
    user.password = Some(hash);
    (user.failures, user.locked_until) = (0, None);
    let id = user.id.clone();
    change.close_access_of(&id).await?;
    change.keep_user(user).await?;
    change.audit("user.joined", &format!("user/{id}"), json!({})).await?;
    let session = change.open_session(&id).await?;
    change.commit().await?;
    Ok(session)
}

/// All users, in full.
pub(crate) async fn list(context: &Context) -> Result<Vec<UserView>, Problem> {
    Ok(people::all(context.console.store.db()).await?.iter().map(UserView::from).collect())
}

/// One user, in full.
pub(crate) async fn get(context: &Context, id: &str) -> Result<UserView, Problem> {
    let found = people::by_id(context.console.store.db(), id).await?;
    found.as_ref().map(UserView::from).ok_or_else(|| Problem::not_found("user"))
}

/// Users to choose owners from.
pub(crate) async fn pick(context: &Context, words: &str) -> Result<Vec<PersonRef>, Problem> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    Ok(people::all(context.console.store.db())
        .await?
        .iter()
        .filter(|user| user.active)
        .filter(|user| {
            let text = format!("{} {}", user.name, user.email).to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
        .map(PersonRef::from)
        .collect())
}

/// A user who was invited, with the link to hand over.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Invited {
    /// The user.
    pub user: UserView,
    /// The one-time link with which they set a password; shown once, also sent by mail. That of a Super Administrator
    /// leaves by mail only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Invites somebody.
pub(crate) async fn invite(context: &Context, invitation: Invitation) -> Result<Invited, Problem> {
    check(&invitation.email, &invitation.name, None)?;
    let roles = roles(&invitation.roles)?;
    link_can_leave(context, &roles)?;
    let change = context.change().await?;
    if people::by_email(change.tx(), &invitation.email).await?.is_some() {
        return Err(Problem::field("email", "there is a user with this address already"));
    }
    let user = change.add_user(&invitation.email, &crate::run::clean(&invitation.name), &roles, None).await?;
    let link = send_link(context, &change, &user).await?;
    change.vouch(&user.id, "invited").await?;
    let detail = json!({ "email": user.email, "roles": roles.stored() });
    change.audit("user.invited", &format!("user/{}", user.id), detail).await?;
    change.commit().await?;
    let link = may_hand_out_link(&roles).then_some(link);
    Ok(Invited { user: UserView::from(&user), link })
}

/// A link that is not shown needs another way out.
pub(crate) fn link_can_leave(context: &Context, roles: &Roles) -> Result<(), Problem> {
    if may_hand_out_link(roles) || !matches!(context.console.config.mail, MailConfig::Off) {
        return Ok(());
    }
    Err(Problem::conflict(
        "the link of a Super Administrator leaves by mail only",
        "no mail is set up for this console",
        "set up mail, or let somebody run rolebook admin link on the host",
    ))
}

/// Makes a join link and sends it.
async fn send_link(context: &Context, change: &Change<'_>, user: &user::Model) -> Result<String, Problem> {
    let secret = change.add_link("join", Some(&user.id), INVITATION_MINUTES).await?;
    let link = format!("{}/join/{secret}", context.console.config.base_url);
    let letter = mail::letter(
        &format!("{} invites you to Rolebook", context.actor.user.name),
        &["Set a password with the link below; it works once, for three days.".to_owned()],
        &link,
        "Set your password",
    );
    // An invitation that is sent again is another letter.
    let once = format!("join/{}/{}", user.id, fresh::hash(&secret));
    change.post(&once, &user.email, &letter).await?;
    Ok(link)
}

/// Changes roles or switches somebody off. The last Super Administrator stays one.
pub(crate) async fn change(context: &Context, id: &str, patch: UserPatch) -> Result<UserView, Problem> {
    let new_roles = patch.roles.as_deref().map(roles).transpose()?;
    let change = context.change().await?;
    let mut user = people::by_id(change.tx(), id).await?.ok_or_else(|| Problem::not_found("user"))?;
    context.expect(&UserView::from(&user).state())?;
    let before = (user.roles.clone(), user.active);
    let was_super = Roles::parse(&user.roles).has(Role::SuperAdministrator);
    if let Some(roles) = new_roles {
        user.roles = roles.stored();
    }
    user.active = patch.active.unwrap_or(user.active);
    let is_super =
        |user: &user::Model| user.active && Roles::parse(&user.roles).has(Role::SuperAdministrator);
    if !is_super(&user) {
        let others =
            people::all(change.tx()).await?.iter().filter(|other| other.id != id && is_super(other)).count();
        if others == 0 {
            return Err(Problem::conflict(
                "the last Super Administrator stays one",
                "without one, nobody could change roles or settings",
                "make somebody else a Super Administrator first",
            ));
        }
    }
    let detail = json!({
        "email": user.email, "roles": { "from": before.0, "to": user.roles },
        "active": { "from": before.1, "to": user.active },
    });
    let raised = !was_super && Roles::parse(&user.roles).has(Role::SuperAdministrator);
    if raised {
        change.vouch(id, "raised").await?;
    }
    if user.active && !before.1 {
        change.vouch(id, "activated").await?;
    }
    if raised && user.password.is_none() {
        // Whoever invited them saw the link.
        link_can_leave(context, &Roles::parse(&user.roles))?;
        send_link(context, &change, &user).await?;
    }
    change.keep_user(user.clone()).await?;
    change.close_access_of(id).await?;
    if !user.active {
        change.end_links_of(id).await?;
    }
    change.audit("user.changed", &format!("user/{id}"), detail).await?;
    change.commit().await?;
    Ok(UserView::from(&user))
}

/// An API key.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// Id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Role that it gives, at most.
    pub role: String,
    /// When it ends.
    #[schema(value_type = String)]
    pub expires_at: Timestamp,
    /// The secret; only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A key to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What it is for.
    pub name: String,
    /// Role that it gives, as a word; one that you have.
    pub role: String,
    /// Days until it ends, 1 to 180.
    pub days: i64,
}

/// The caller's keys.
pub(crate) async fn keys(context: &Context) -> Result<Vec<KeyView>, Problem> {
    let rows = people::keys_of(context.console.store.db(), &context.actor.user.id).await?;
    Ok(rows
        .into_iter()
        .map(|key| KeyView {
            id: key.id,
            name: key.name,
            role: key.role,
            expires_at: store::time(key.expires_at),
            secret: None,
        })
        .collect())
}

/// Makes a key for the caller.
pub(crate) async fn add_key(context: &Context, new: NewKey) -> Result<KeyView, Problem> {
    let role = Role::parse(&new.role)
        .ok_or_else(|| Problem::field("role", format!("there is no role {}", new.role)))?;
    let own = match &context.actor.via {
        // Its roles are narrowed to the key's already; only its end is left to compare.
        Via::Key { expires_at, .. } => Some(*expires_at),
        Via::Session { .. } => None,
    };
    if !context.actor.is_super() && !context.actor.roles.has(role) && role != Role::BasicUser {
        return Err(Problem::field("role", "a key cannot give a role that you do not have"));
    }
    if !(1..=180).contains(&new.days) {
        return Err(Problem::field("days", "a key lives 1 to 180 days"));
    }
    let name = crate::run::clean(&new.name).trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Problem::field("name", "say in 1 to 100 characters what it is for"));
    }
    let change = context.change().await?;
    let expires_at = change.now_ms() + new.days * 86_400_000;
    if own.is_some_and(|own| expires_at > own) {
        return Err(Problem::field(
            "days",
            "a key makes no key that outlives it: choose fewer days, or sign in",
        ));
    }
    let (key, secret) = change.add_key(&context.actor.user.id, &name, role.word(), expires_at).await?;
    change
        .audit("key.made", &format!("key/{}", key.id), json!({ "name": name, "role": role.word() }))
        .await?;
    let made = change.commit().await?;
    Ok(KeyView {
        id: key.id,
        name,
        role: role.word().to_owned(),
        expires_at: store::time(expires_at),
        secret: made.then_some(secret),
    })
}

/// Ends one of the caller's keys.
pub(crate) async fn end_key(context: &Context, id: &str) -> Result<(), Problem> {
    let mine = people::keys_of(context.console.store.db(), &context.actor.user.id).await?;
    if !mine.iter().any(|key| key.id == id) {
        return Err(Problem::not_found("key"));
    }
    let change = context.change().await?;
    change.end_key(id).await?;
    change.audit("key.ended", &format!("key/{id}"), json!({})).await?;
    change.commit().await?;
    Ok(())
}
