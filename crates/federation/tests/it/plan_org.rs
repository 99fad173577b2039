//! A situation to plan from, in words.

use rolebook_federation::{
    App, AppUser, AppUserStatus, Group, GroupAssignment, GroupIx, GroupKind, GroupOrigin, RoleProfile, Rules,
    Scope, Settings, Switches, Union, User, UserStatus, Warnings,
    plan::{
        Action, Named, NamedRule, Plan, PlanGroup, PlanUser, Principal, Refusal, Rights, RoleName, Situation,
        Target, Wish, plan,
    },
};

use crate::org::{MAIN, PROVIDER};

#[derive(Clone)]
pub(crate) struct PlanOrg {
    pub(crate) situation: Situation,
}

/// A role of the main account.
pub(crate) fn role(name: &str) -> RoleName {
    RoleName { account: MAIN.to_owned(), role: name.to_owned() }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

impl PlanOrg {
    fn new(settings: Settings, union: Union) -> Self {
        let app = App {
            status: "ACTIVE".to_owned(),
            sign_on_mode: Some("SAML_2_0".to_owned()),
            implicit_assignment: false,
            settings,
        };
        Self { situation: situation(&app, union) }
    }

    pub(crate) fn direct(join: bool, union: Union) -> Self {
        let settings = Settings {
            identity_provider_arn: Some(PROVIDER.to_owned()),
            join_all_roles: join,
            ..Settings::default()
        };
        Self::new(settings, union)
    }

    /// Group names decide, with words in front or without.
    pub(crate) fn mapping() -> Self {
        let filter = r"(team_|x_)?aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)";
        let settings =
            Settings { use_group_mapping: true, group_filter: filter.to_owned(), ..Settings::default() };
        Self::new(settings, Union::Unknown)
    }

    /// The same org with an app in another state.
    pub(crate) fn app_status(mut self, status: &str) -> Self {
        let settings = Settings {
            identity_provider_arn: Some(PROVIDER.to_owned()),
            use_group_mapping: self.situation.rules.maps_groups(),
            ..Settings::default()
        };
        let app = App {
            status: status.to_owned(),
            sign_on_mode: Some("SAML_2_0".to_owned()),
            implicit_assignment: false,
            settings,
        };
        self.situation.rules =
            Rules::compile(&app, self.situation.union, &Switches::default(), &mut Warnings::new()).unwrap();
        status.clone_into(&mut self.situation.app_status);
        self
    }

    pub(crate) fn catalogue(mut self, values: &[&str]) -> Self {
        self.situation.catalogue = texts(values);
        self
    }

    pub(crate) fn group(mut self, id: &str, name: &str) -> Self {
        self.situation.groups.push(PlanGroup {
            id: id.to_owned(),
            group: Group {
                name: Some(name.to_owned()),
                kind: GroupKind::Okta,
                origin: GroupOrigin::default(),
                assignment: None,
            },
            last_updated: None,
            assignment_updated: None,
            rules: Vec::new(),
        });
        self
    }

    pub(crate) fn assigned(self, id: &str, priority: i64, roles: &[&str]) -> Self {
        self.group(id, id).assign(priority, roles, &[])
    }

    fn last(&mut self) -> &mut PlanGroup {
        self.situation.groups.last_mut().unwrap()
    }

    /// Assigns the last group.
    pub(crate) fn assign(mut self, priority: i64, roles: &[&str], role: &[&str]) -> Self {
        let profile = RoleProfile { saml_roles: texts(roles), role: texts(role) };
        self.last().group.assignment = Some(GroupAssignment { priority: Some(priority), profile });
        self
    }

    /// The last group is of this kind.
    pub(crate) fn kind(mut self, kind: GroupKind, source: Option<&str>) -> Self {
        self.last().group.kind = kind;
        self.last().group.origin.app_name = source.map(str::to_owned);
        self
    }

    /// A rule fills the last group.
    pub(crate) fn ruled(mut self, rule: &str) -> Self {
        self.last().rules.push(NamedRule { id: format!("0pr{rule}"), name: rule.to_owned() });
        self
    }

    pub(crate) fn person(mut self, groups: &[&str]) -> Self {
        let mut ixs: Vec<GroupIx> = groups.iter().map(|id| self.ix(id)).collect();
        ixs.sort_unstable();
        self.situation.user = Some(PlanUser {
            id: "00uP".to_owned(),
            login: "pat@acme.test".to_owned(),
            status: "ACTIVE".to_owned(),
            user: User { status: UserStatus::CanSignIn, app_user: None, groups: ixs },
            assignment_status: None,
            assignment_updated: None,
            held_by: Vec::new(),
        });
        self
    }

    pub(crate) fn ix(&self, id: &str) -> GroupIx {
        let at = self.situation.groups.iter().position(|group| group.id == id).unwrap();
        GroupIx::try_from(at).unwrap()
    }

    fn patient(&mut self) -> &mut PlanUser {
        self.situation.user.as_mut().unwrap()
    }

    pub(crate) fn status(mut self, status: &str) -> Self {
        self.patient().user.status = UserStatus::parse(Some(status));
        status.clone_into(&mut self.patient().status);
        self
    }

    pub(crate) fn app_user(mut self, scope: Scope, roles: &[&str], role: &[&str]) -> Self {
        let profile = RoleProfile { saml_roles: texts(roles), role: texts(role) };
        self.patient().user.app_user = Some(AppUser { scope, status: AppUserStatus::Usable, profile });
        self.patient().assignment_status = Some("ACTIVE".to_owned());
        self
    }

    /// Okta's word about which rules hold the person in a group.
    pub(crate) fn held_by(mut self, group: &str, rules: &[&str]) -> Self {
        let ix = self.ix(group);
        let rules = rules
            .iter()
            .map(|rule| NamedRule { id: format!("0pr{rule}"), name: (*rule).to_owned() })
            .collect();
        self.patient().held_by.push((ix, rules));
        self
    }

    pub(crate) fn plan(&self, wish: &Wish) -> Result<Plan, Refusal> {
        plan(&self.situation, wish)
    }

    /// What comes of the wish, one line per step.
    pub(crate) fn steps(&self, wish: &Wish) -> Vec<String> {
        self.plan(wish).unwrap().steps.iter().map(ToString::to_string).collect()
    }
}

fn situation(app: &App, union: Union) -> Situation {
    Situation {
        app: Named { id: "0oaAWS".to_owned(), name: "AWS".to_owned() },
        app_status: app.status.clone(),
        rules: Rules::compile(app, union, &Switches::default(), &mut Warnings::new()).unwrap(),
        union,
        catalogue: Vec::new(),
        groups: Vec::new(),
        user: None,
        rights: Rights::default(),
    }
}

pub(crate) fn grant(target: Target) -> Wish {
    Wish::new(Action::Grant, Principal::User, target)
}

pub(crate) fn revoke(target: Target) -> Wish {
    Wish::new(Action::Revoke, Principal::User, target)
}

pub(crate) fn for_group(wish: Wish, id: &str) -> Wish {
    Wish { principal: Principal::Group(id.to_owned()), ..wish }
}
