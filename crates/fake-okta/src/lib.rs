//! A faithful Okta in a box.
//!
//! The fake answers over HTTP what Okta's Management API answers: the same shapes, page sizes, cursors, headers, rate
//! buckets, rights and errors. Its rules of priority, union and scope are written from Okta's documentation, not from
//! the code it is there to test. Tests, the demo and the benchmarks run on it.
//!
//! # An org and a server
//!
//! ```
//! use rolebook_fake_okta::{App, AppGroup, AppUser, FakeOkta, Group, Options, Org, User};
//!
//! let org = Org::new("acme")
//!     .user(User::new("ann@acme.test").id("00uA"))
//!     .user(User::new("bob@acme.test").id("00uB"))
//!     .group(Group::new("aws-admins").id("gX").members(["00uB"]))
//!     .group(Group::new("aws-readers").id("gY").members(["00uA", "00uB"]))
//!     .app(
//!         App::aws("0oaAWS")
//!             .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
//!             .group(AppGroup::new("gX").priority(0).saml_roles(["Admin", "Ops"]))
//!             .group(AppGroup::new("gY").priority(1).saml_roles(["ReadOnly"]))
//!             .user(AppUser::direct("00uA").saml_roles(["Admin"])),
//!     );
//! let fake = FakeOkta::start(org, Options::default())?;
//! let domain = fake.url(); // http://127.0.0.1:…
//! let token = fake.token("read_only"); // for `Authorization: SSWS …`
//! # assert!(domain.starts_with("http://127.0.0.1:") && token.starts_with("00"));
//!
//! // Bob is an app user because his groups are assigned: the fake made him one, with the roles of gX.
//! fake.change(|org| org.remove_member("gX", "00uB")); // now with those of gY
//! assert!(fake.log_lines().is_empty()); // nobody has asked anything yet
//! # Ok::<(), rolebook_fake_okta::Error>(())
//! ```
//!
//! * Users, groups and apps are referred to by id, login or name. What is referred to before it exists is made.
//! * Ids are chosen with `.id(…)`, or generated with Okta's prefixes, the same for the same seed.
//! * There is no Everyone group unless [`Org::everyone`] is called, so tests count only what they wrote.
//! * App users of scope GROUP come and go with memberships and app groups. [`AppUser::direct`] wins over groups;
//!   [`AppUser::by_group`] overrides what the groups would give.
//! * Ready-made: [`orgs::demo`] (group mapping), [`orgs::demo_direct`] (assignments), [`orgs::generated`] (any size).
//!
//! # What it answers
//!
//! | below `/api/v1` | reads | writes |
//! |---|---|---|
//! | `/org`, `/.well-known/okta-organization` | yes | |
//! | `/apps`, `/apps/{id}` | filter, q | create, replace, activate, deactivate, delete |
//! | `/apps/{id}/users[/{uid}]` | expand=user, q | assign, merge, convert USER ↔ GROUP, replace, remove |
//! | `/apps/{id}/groups[/{gid}]` | expand=group, q | put, patch (replace, remove), delete; priorities make room |
//! | `/groups`, `/groups/{id}` | search, filter, q, sortBy, expand=stats,app | create, rename, delete |
//! | `/groups/{id}/users[/{uid}]`, `…/group-rules`, `/groups/{id}/apps` | expand=group-rules | add and remove members |
//! | `/groups/rules[/{id}]` | search, expand=groupIdToGroupNameMap | create, replace, activate, deactivate, delete |
//! | `/users`, `/users/{idOrLogin}`, `/users/me`, `/users/{id}/groups` | search, filter, q, sortBy | create, update, replace, lifecycle, delete |
//! | `/users/{id}/roles`, `/groups/{id}/roles`, targets | expand=targets/… | grant and revoke, add and remove targets |
//! | `/meta/schemas/apps/{id}/default` | yes | custom properties |
//! | `/internal/apps/{id}/types` | yes | |
//! | `/iam/assignees/users`, `/iam/roles`, `/iam/resource-sets`, bindings, members | paged in the body | create, bind, unbind |
//! | `/apps/{id}/sso/saml/metadata`, `/catalog/apps/{name}` | yes | |
//! | `/apps/{id}/features`, `/apps/{id}/connections/default` | 400: no provisioning | |
//! | `/groups/{id}/owners`, `/users/{id}/appLinks` | yes; owners are none | |
//! | `/eventHooks[/{id}]` | yes | create; nothing is delivered |
//! | `/api-tokens[/{id}]`, `/api-tokens/current` | yes | rename, revoke |
//! | `/rate-limit-settings/{name}`, `/principal-rate-limits` | yes | settings |
//! | `/oauth2/v1/clients/{id}/roles` (not below `/api/v1`) | yes | grant |
//! | `/logs` | polling and bounded | every change writes entries |
//! | `/oauth2/v1/token` (not below `/api/v1`) | | service apps, DPoP |
//!
//! Anything else is 404 E0000008; a wrong method is 405 E0000022.
//!
//! Where Okta's behaviour is not known, the fake does what is likelier, and an option has the other: limits above the
//! maximum ([`Options::over_max`]), PATCH of a missing property ([`Options::patch_needs_key`]), the types endpoint for
//! read-only admins ([`Options::types_for_read_only`]). Also not proven: a profile sent to a GROUP-scope app user
//! without `scope` stays on it; assigning to an INACTIVE app is 403 E0000039.
//!
//! # Behaviour that tests turn on
//!
//! [`Options`] holds page maxima, over-size limits, faulty `next` links, rate buckets and their window, token shares,
//! the concurrency limit, latency, the lag between groups and app users, maintenance, TLS, gzip, service apps
//! ([`ServiceApp`]) and a clock that starts where it is told, may stand still ([`Options::frozen_clock`]) and can be
//! turned ([`FakeOkta::advance`], [`FakeOkta::skew`]). [`FakeOkta::configure`] changes them while the server runs.
//! [`FakeOkta::log`] tells what was asked.
//!
//! [`Fault`] rules make chosen requests go wrong: errors, broken connections, lying links, missing headers.
//!
//! Orgs can be kept as files: [`Org::from_yaml`] and [`Org::to_yaml`].

mod answer;
mod clock;
mod error;
mod fault;
mod filter;
mod ids;
mod journal;
mod json;
mod oauth;
mod options;
mod org;
pub mod orgs;
mod query;
mod rate;
mod refusal;
mod route;
mod serve;
mod server;
mod tls;
mod token;
mod wire;
mod world;
mod write;

pub use error::Error;
pub use fault::{Fault, FaultTextError};
pub use journal::Logged;
pub use oauth::{ServiceApp, ServiceKey};
pub use options::{Options, OverMax};
pub use org::{
    AdminRole, App, AppGroup, AppUser, CustomRole, DEFAULT_GROUP_FILTER, DEFAULT_ROLE_VALUE_PATTERN, Group,
    GroupKind, GroupRule, Org, ResourceSet, RoleTargets, Scope, User, UserStatus,
};
pub use rate::RateLimits;
pub use route::Bucket;
pub use server::FakeOkta;
pub use token::{Token, TokenRole};
