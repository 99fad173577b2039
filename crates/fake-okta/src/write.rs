//! Writes: one function per endpoint and method, each with the side effects Okta has.

mod app_groups;
mod app_users;
mod apps;
mod control;
mod groups;
mod iam;
mod roles;
mod rules;
mod targets;
mod users;

use serde_json::{Map, Value};

use crate::answer::{self, Answer, Asked};
use crate::options::Options;
use crate::org::{Holder, Org};
use crate::query::Query;
use crate::refusal::Refusal;
use crate::route::{Principal, Route};
use crate::token::{Token, TokenRole};

/// A write and everything it may change or depend on.
pub(crate) struct Writing<'a> {
    pub(crate) org: &'a mut Org,
    pub(crate) options: &'a Options,
    pub(crate) token: &'a Token,
    pub(crate) query: &'a Query<'a>,
    pub(crate) base: &'a str,
    pub(crate) body: Value,
}

/// Carries out a request that is not a GET.
pub(crate) fn write(writing: &mut Writing<'_>, method: &str, route: Route<'_>) -> Result<Answer, Refusal> {
    match (method, route) {
        ("PUT", Route::Member(group, user)) => groups::add_member(writing, group, user),
        ("DELETE", Route::Member(group, user)) => groups::remove_member(writing, group, user),
        ("POST", Route::Groups) => groups::create(writing),
        ("PUT", Route::Group(id)) => groups::replace(writing, id),
        ("DELETE", Route::Group(id)) => groups::delete(writing, id),
        ("POST", Route::Rules) => rules::create(writing),
        ("PUT", Route::Rule(id)) => rules::replace(writing, id),
        ("DELETE", Route::Rule(id)) => rules::delete(writing, id),
        ("POST", Route::RuleLifecycle(id, action)) => rules::switch(writing, id, action),
        ("POST", Route::Users) => users::create(writing),
        ("POST", Route::User(id)) => users::update(writing, id, users::Update::Some),
        ("PUT", Route::User(id)) => users::update(writing, id, users::Update::Whole),
        ("DELETE", Route::User(id)) => users::delete(writing, id),
        ("POST", Route::UserLifecycle(id, action)) => users::lifecycle(writing, id, action),
        ("POST", Route::Apps) => apps::create(writing),
        ("PUT", Route::App(id)) => apps::replace(writing, id),
        ("DELETE", Route::App(id)) => apps::delete(writing, id),
        ("POST", Route::AppLifecycle(id, action)) => apps::lifecycle(writing, id, action),
        ("POST", Route::Schema(id)) => apps::update_schema(writing, id),
        ("POST", Route::AppUsers(app)) => app_users::assign(writing, app),
        ("POST", Route::AppUser(app, user)) => app_users::update(writing, app, user),
        ("PUT", Route::AppUser(app, user)) => app_users::replace(writing, app, user),
        ("DELETE", Route::AppUser(app, user)) => app_users::remove(writing, app, user),
        ("PUT", Route::AppGroup(app, group)) => app_groups::put(writing, app, group),
        ("PATCH", Route::AppGroup(app, group)) => app_groups::patch(writing, app, group),
        ("DELETE", Route::AppGroup(app, group)) => app_groups::remove(writing, app, group),
        ("POST", Route::Roles(principal)) => roles::grant(writing, principal),
        ("DELETE", Route::Role(principal, role)) => roles::revoke(writing, principal, role),
        ("PUT", Route::Target(principal, role, target)) => targets::add(writing, principal, role, target),
        ("DELETE", Route::Target(principal, role, target)) => {
            targets::remove(writing, principal, role, target)
        }
        ("PUT", Route::ApiToken(id)) => control::change_token(writing, id),
        ("DELETE", Route::ApiToken(id)) => control::revoke_token(writing, id),
        ("PUT", Route::RateSetting(name)) => control::set_rate(writing, name),
        ("POST", Route::EventHooks) => control::create_hook(writing),
        ("POST", Route::ClientRoles(client)) => control::grant_client(writing, client),
        ("POST", Route::CustomRoles) => iam::create_role(writing),
        ("POST", Route::ResourceSets) => iam::create_set(writing),
        ("POST", Route::Bindings(set)) => iam::bind(writing, set),
        ("PATCH", Route::BindingMembers(set, role)) => iam::add_members(writing, set, role),
        ("DELETE", Route::Binding(set, role)) => iam::unbind(writing, set, role, None),
        ("DELETE", Route::BindingMember(set, role, member)) => iam::unbind(writing, set, role, Some(member)),
        (_, Route::Unknown) => Err(Refusal::no_such_path()),
        _ => Err(Refusal::no_such_method()),
    }
}

impl Writing<'_> {
    /// What a GET of this endpoint shows after the write: most writes answer with it.
    fn shown(&self, route: Route<'_>) -> Result<Answer, Refusal> {
        let (org, options, token, query) = (&*self.org, self.options, self.token, self.query);
        answer::read(&Asked { org, options, token, query, base: self.base, effects: &[] }, route)
    }

    fn app(&self, id: &str) -> Result<usize, Refusal> {
        let app = self.org.find_app(id).ok_or_else(|| Refusal::no_such(id, "AppInstance"))?;
        if self.token.sees_app(id) { Ok(app) } else { Err(Refusal::forbidden()) }
    }

    fn group(&self, id: &str) -> Result<usize, Refusal> {
        let (index, _) = self.org.group_by_id(id).ok_or_else(|| Refusal::no_such(id, "UserGroup"))?;
        Ok(index)
    }

    fn user(&self, id: &str) -> Result<usize, Refusal> {
        let (index, _) = self.org.user_by_id(id).ok_or_else(|| Refusal::no_such(id, "User"))?;
        Ok(index)
    }

    fn principal(&self, principal: Principal<'_>) -> Result<Holder, Refusal> {
        match principal {
            Principal::User(id) => self.user(id).map(Holder::User),
            Principal::Group(id) => self.group(id).map(Holder::Group),
        }
    }

    /// Admins and the groups that make them are out of reach for everybody who is not super.
    fn unshielded(&self, holder: Holder) -> Result<(), Refusal> {
        let admin = match holder {
            Holder::User(user) => self.org.user_is_admin(user),
            Holder::Group(group) => self.org.group_is_admin(group),
        };
        if admin && self.token.role != TokenRole::Super { Err(Refusal::forbidden()) } else { Ok(()) }
    }

    fn text(&self, pointer: &str) -> Option<String> {
        self.body.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    }

    fn object(&self, pointer: &str) -> Option<Map<String, Value>> {
        self.body.pointer(pointer).and_then(Value::as_object).cloned()
    }

    fn required(&self, pointer: &str) -> Result<String, Refusal> {
        let field = pointer.rsplit('/').next().unwrap_or_default();
        let missing = || Refusal::invalid(field, format!("{field}: The field cannot be left blank"));
        self.text(pointer).filter(|text| !text.is_empty()).ok_or_else(missing)
    }
}

fn no_content() -> Answer {
    Answer { status: 204, ..Answer::default() }
}

fn empty_object(status: u16) -> Answer {
    Answer { status, body: b"{}".to_vec(), ..Answer::default() }
}
