//! Answers to reads: one function per endpoint.

mod about_apps;
mod apps;
mod control;
mod groups;
mod iam;
mod logs;
mod orgs;
mod roles;
mod users;

use crate::fault::Effect;
use crate::filter::Field;
use crate::json;
use crate::options::Options;
use crate::org::Org;
use crate::query::{Mark, Page, Query, Sizes};
use crate::refusal::Refusal;
use crate::route::Route;
use crate::token::{Area, Token};
use crate::wire::Root;

pub(crate) use control::{assignment_id, client};

/// A successful answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Values of `Link` header lines.
    pub(crate) links: Vec<String>,
    /// Headers beside the usual ones.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) fn ok(body: Vec<u8>) -> Self {
        Self { status: 200, body, ..Self::default() }
    }
}

/// Everything that an answer may depend on.
pub(crate) struct Asked<'a> {
    pub(crate) org: &'a Org,
    pub(crate) options: &'a Options,
    pub(crate) token: &'a Token,
    pub(crate) query: &'a Query<'a>,
    /// The fake's own origin.
    pub(crate) base: &'a str,
    /// Faults that strike this request; paging looks at them, the rest is done to the finished answer.
    pub(crate) effects: &'a [Effect],
}

impl<'a> Asked<'a> {
    fn root(&self) -> Root<'a> {
        Root(self.base)
    }

    /// Answers with one page of `rows`, which come with their positions and begin at the asked one.
    fn page<T>(
        &self,
        page: Page,
        rows: impl IntoIterator<Item = (usize, T)>,
        mut write: impl FnMut(&mut Vec<u8>, T),
    ) -> Answer {
        let mut rows = rows.into_iter();
        let mut body = Vec::with_capacity(page.limit.min(1024) * 512);
        let mut shown = Vec::with_capacity(page.limit.min(1024));
        json::array(&mut body, rows.by_ref().take(page.limit), |out, (position, row)| {
            shown.push(position);
            write(out, row);
        });
        let next = rows.next().map(|(position, _)| position);
        let next = self.turn(page, &shown, next);
        let links = self.links(page.limit, next);
        Answer { links, ..Answer::ok(body) }
    }

    /// Where the page after this one begins, when there is one; faults may turn a walk in circles.
    fn turn(&self, page: Page, shown: &[usize], next: Option<usize>) -> Option<Mark> {
        let mut from = next;
        for effect in self.effects {
            match effect {
                Effect::NextRepeats => return Some(page.mark),
                Effect::NextEndless => from = from.or(Some(0)),
                Effect::EmptyLastPage if !shown.is_empty() => from = from.or(Some(usize::MAX)),
                Effect::Overlap(rows) => {
                    let again = shown.get(shown.len().saturating_sub(*rows)..).and_then(<[usize]>::first);
                    from = again.copied().or(from);
                }
                _ => {}
            }
        }
        from.map(|from| Mark { from, number: page.mark.number + 1 })
    }

    /// The rows of a search, with positions to page by: in the order that `sortBy` asks for, ties by id. Any other list
    /// keeps the order in which things were made.
    fn ordered<'r, R>(
        &self,
        page: Page,
        rows: &'r [R],
        fits: impl Fn(&R) -> bool + 'r,
        field: impl Fn(&'r R, &str) -> Field<'r>,
    ) -> Box<dyn Iterator<Item = (usize, (usize, &'r R))> + 'r> {
        let rows = rows.iter().enumerate();
        let sort = self.query.get("search").and(self.query.get("sortBy"));
        let Some(property) = sort else {
            let rows = rows.skip(page.mark.from).filter(move |(_, row)| fits(row));
            return Box::new(rows.map(|(index, row)| (index, (index, row))));
        };
        let mut rows: Vec<(usize, &R)> = rows.filter(|(_, row)| fits(row)).collect();
        rows.sort_by_cached_key(|(_, row)| (field(row, property).sort_key(), field(row, "id").sort_key()));
        if self.query.get("sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("desc")) {
            rows.reverse();
        }
        Box::new(rows.into_iter().enumerate().skip(page.mark.from))
    }

    fn links(&self, limit: usize, next: Option<Mark>) -> Vec<String> {
        self.query.links(limit, next, self.options, (self.base, self.next_origin()))
    }

    /// The origin of `next` links, which need not be the one that was asked.
    fn next_origin(&self) -> &str {
        let foreign = self.effects.iter().find_map(|effect| match effect {
            Effect::NextForeign(origin) => Some(origin.as_str()),
            _ => None,
        });
        foreign.or(self.options.next_origin.as_deref()).unwrap_or(self.base)
    }

    /// The `_links` of lists whose next page is named in the body: `path` is below the API root.
    fn body_links(&self, o: &mut json::Object<'_>, path: &str, limit: usize, next: Option<Mark>) {
        o.object("_links", |o| {
            o.link("self", format_args!("{}{path}?limit={limit}", self.root()));
            if let Some(mark) = next {
                let root = Root(self.next_origin());
                o.link("next", format_args!("{root}{path}?limit={limit}&after={}", self.query.cursor(mark)));
            }
        });
    }

    fn sized(&self, default: usize, max: usize) -> Result<Page, Refusal> {
        self.query.page(Sizes { default, max }, self.options)
    }
}

/// The area to which an endpoint belongs; `None` when everybody may read it.
pub(crate) fn area(route: &Route<'_>) -> Option<Area> {
    match route {
        Route::WellKnown | Route::Me | Route::AccessToken | Route::Unknown => None,
        Route::Org => Some(Area::Org),
        Route::Apps
        | Route::App(_)
        | Route::AppLifecycle(..)
        | Route::AppUsers(_)
        | Route::AppUser(..)
        | Route::AppGroups(_)
        | Route::AppGroup(..)
        | Route::SamlMetadata(_)
        | Route::Provisioning(_)
        | Route::Catalogue(_) => Some(Area::Apps),
        Route::Groups
        | Route::Group(_)
        | Route::GroupUsers(_)
        | Route::Member(..)
        | Route::MemberRules(..)
        | Route::GroupApps(_)
        | Route::GroupOwners(_) => Some(Area::Groups),
        Route::Users
        | Route::User(_)
        | Route::UserGroups(_)
        | Route::UserLifecycle(..)
        | Route::AppLinks(_) => Some(Area::Users),
        Route::EventHooks | Route::EventHook(_) => Some(Area::EventHooks),
        Route::ApiTokens | Route::ApiToken(_) => Some(Area::ApiTokens),
        Route::RateSetting(_) => Some(Area::RateLimits),
        Route::PrincipalLimits => Some(Area::PrincipalLimits),
        Route::Rules | Route::Rule(_) | Route::RuleLifecycle(..) => Some(Area::Rules),
        Route::Logs => Some(Area::Logs),
        Route::Schema(_) => Some(Area::Schema),
        Route::Types(_) => Some(Area::Types),
        Route::Roles(_)
        | Route::Role(..)
        | Route::GroupTargets(..)
        | Route::AppTargets(..)
        | Route::Target(..)
        | Route::Assignees
        | Route::CustomRoles
        | Route::CustomRole(_)
        | Route::Permissions(_)
        | Route::ResourceSets
        | Route::ResourceSet(_)
        | Route::Resources(_)
        | Route::Bindings(_)
        | Route::Binding(..)
        | Route::BindingMembers(..)
        | Route::BindingMember(..)
        | Route::ClientRoles(_)
        | Route::ClientRole(..) => Some(Area::Roles),
    }
}

/// Answers a GET.
pub(crate) fn read(asked: &Asked<'_>, route: Route<'_>) -> Result<Answer, Refusal> {
    match route {
        Route::WellKnown => Ok(orgs::well_known(asked)),
        Route::Org => Ok(orgs::org(asked)),
        Route::Me => users::me(asked),
        Route::Users => users::list(asked),
        Route::User(id) => users::one(asked, id),
        Route::UserGroups(id) => users::groups(asked, id),
        Route::Groups => groups::list(asked),
        Route::Group(id) => groups::one(asked, id),
        Route::GroupUsers(id) => groups::members(asked, id),
        Route::GroupApps(id) => groups::apps(asked, id),
        Route::Rules => groups::rules(asked),
        Route::Rule(id) => groups::rule(asked, id),
        Route::Apps => apps::list(asked),
        Route::App(id) => apps::one(asked, id),
        Route::AppUsers(id) => apps::users(asked, id),
        Route::AppUser(id, user) => apps::user(asked, id, user),
        Route::AppGroups(id) => apps::groups(asked, id),
        Route::AppGroup(id, group) => apps::group(asked, id, group),
        Route::Schema(id) => apps::schema(asked, id),
        Route::Types(id) => apps::types(asked, id),
        Route::Roles(principal) => roles::list(asked, principal),
        Route::Role(principal, role) => roles::one(asked, principal, role),
        Route::GroupTargets(principal, role) => roles::group_targets(asked, principal, role),
        Route::AppTargets(principal, role) => roles::app_targets(asked, principal, role),
        Route::Assignees => roles::assignees(asked),
        Route::CustomRoles => iam::roles(asked),
        Route::CustomRole(id) => iam::role(asked, id),
        Route::Permissions(id) => iam::permissions(asked, id),
        Route::ResourceSets => iam::sets(asked),
        Route::ResourceSet(id) => iam::set(asked, id),
        Route::Resources(id) => iam::resources(asked, id),
        Route::Bindings(id) => iam::bindings(asked, id),
        Route::Binding(id, role) => iam::binding(asked, id, role),
        Route::BindingMembers(id, role) => iam::members(asked, id, role),
        Route::BindingMember(id, role, member) => iam::member(asked, id, role, member),
        Route::MemberRules(group, user) => groups::member_rules(asked, group, user),
        Route::Logs => logs::list(asked),
        Route::SamlMetadata(id) => about_apps::saml_metadata(asked, id),
        Route::Provisioning(id) => about_apps::provisioning(asked, id),
        Route::Catalogue(name) => about_apps::catalogue(asked, name),
        Route::AppLinks(user) => about_apps::of_user(asked, user),
        Route::GroupOwners(id) => groups::owners(asked, id),
        Route::EventHooks => Ok(control::hooks(asked)),
        Route::EventHook(id) => control::hook(asked, id),
        Route::ApiTokens => Ok(control::tokens(asked)),
        Route::ApiToken(id) => control::token(asked, id),
        Route::RateSetting(name) => control::rate_setting(asked, name),
        Route::PrincipalLimits => control::principal_limits(asked),
        Route::ClientRoles(client) => control::client_roles(asked, client),
        Route::ClientRole(client, role) => control::client_role(asked, client, role),
        Route::AccessToken
        | Route::Member(..)
        | Route::Target(..)
        | Route::UserLifecycle(..)
        | Route::RuleLifecycle(..)
        | Route::AppLifecycle(..) => Err(Refusal::no_such_method()),
        Route::Unknown => Err(Refusal::no_such_path()),
    }
}
