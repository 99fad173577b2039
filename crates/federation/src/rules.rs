//! An app's settings turned into rules, once per sync.

use crate::{
    AccountId, App, AppFilter, Arn, FilterError, Group, GroupFilter, Interrupt, NameMatch, PairFault,
    RoleArn, RoleValuePattern, Switches, Union, Warnings,
};

/// Why no rules can be made of the settings. Nothing is read from Okta then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The group filter does not compile.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Neither filter nor pattern says which account.
    #[error(
        "group filter `{filter}` has no (?{{{{accountid}}}}…) mark and the role value pattern fixes no account"
    )]
    NoAccount {
        /// The filter as stored in Okta.
        filter: String,
    },
    /// Neither filter nor pattern says which role.
    #[error(
        "group filter `{filter}` has no (?{{{{role}}}}…) mark although the role value pattern asks for ${{role}}"
    )]
    NoRole {
        /// The filter as stored in Okta.
        filter: String,
    },
}

impl RulesError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Filter(_) => {
                "correct the group filter in Okta: Applications, AWS Account Federation, Sign On, Group Filter"
            }
            Self::NoAccount { .. } => {
                "add (?{{accountid}}\\d+) to the group filter, or a 12-digit account to the role value pattern"
            }
            Self::NoRole { .. } => {
                "add (?{{role}}…) to the group filter, or a fixed role to the role value pattern"
            }
        }
    }
}

/// Why nobody gets in through the app, whatever the assignments say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// The app's status is not ACTIVE.
    NotActive(String),
    /// The app does not sign in by SAML 2.0.
    NotSaml(String),
}

/// The account that bare role names belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MainAccount {
    pub(crate) number: Option<AccountId>,
    pub(crate) provider: Option<Arn>,
    pub(crate) partition: String,
}

/// How the app decides about roles.
#[derive(Debug, Clone)]
pub enum Mode {
    /// Group names decide (`useGroupMapping`).
    Mapping(Box<Mapping>),
    /// Profiles of assignments decide.
    Direct(Direct),
}

/// Group mapping.
#[derive(Debug, Clone)]
pub struct Mapping {
    pub(crate) filter: GroupFilter,
    pub(crate) pattern: RoleValuePattern,
    pub(crate) sources: AppFilter,
    pub(crate) implicit: bool,
}

/// Assignment profiles.
#[derive(Debug, Clone)]
pub struct Direct {
    pub(crate) main: MainAccount,
    pub(crate) join: bool,
    pub(crate) union: Union,
}

/// Everything that follows from the settings.
#[derive(Debug, Clone)]
pub struct Rules {
    mode: Mode,
    unusable: Option<Unusable>,
    switches: Switches,
}

/// What group mapping makes of one group; [`None`](GroupVerdict::NotMapping) in direct mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupVerdict {
    /// Names play no part in direct mode.
    NotMapping,
    /// Okta showed no name.
    NoName,
    /// The filter does not find a match.
    NoMatch,
    /// The backtracking engine gave up on the name.
    Undecided,
    /// The filter finds a match, but the group comes from a source that `appFilter` does not list.
    SourceNotAllowed,
    /// The filter finds a match, but the account is not 12 digits.
    BogusAccount(String),
    /// The filter finds a match, but the role is empty.
    EmptyRole,
    /// The filter finds a match, but AWS cannot take the value that Okta sends for it.
    NotTaken(Box<NotTaken>),
    /// Whoever is in the group (and assigned to the app) has the role.
    Confers(Box<Conferral>),
}

/// A value that Okta sends and AWS cannot take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// The value.
    pub value: String,
    /// What AWS misses in it.
    pub fault: PairFault,
}

/// The role a group confers by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conferral {
    /// Account, as the rendered role ARN says (a fixed account in the pattern wins over the name).
    pub account: AccountId,
    /// Role as the group's name spells it, or as the pattern fixes it.
    pub role: String,
    /// The ARNs Okta sends.
    pub arns: RoleArn,
    /// The value Okta sends.
    pub value: String,
    /// Finding and matching the whole name differ for this group.
    pub partial: bool,
}

impl GroupVerdict {
    /// Whether the filter finds a match in the name, whatever came of it.
    #[must_use]
    pub fn found(&self) -> bool {
        !matches!(self, Self::NotMapping | Self::NoName | Self::NoMatch | Self::Undecided)
    }

    /// The word a snapshot carries on the group.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotMapping => "not-mapping",
            Self::NoName => "no-name",
            Self::NoMatch => "no-match",
            Self::Undecided => "undecided",
            Self::SourceNotAllowed => "source-not-allowed",
            Self::BogusAccount(_) => "bogus-account",
            Self::EmptyRole => "empty-role",
            Self::NotTaken(_) => "value-not-taken",
            Self::Confers(c) if c.partial => "partial-match",
            Self::Confers(_) => "match",
        }
    }
}

impl Rules {
    /// The same rules, which stop matching group names when `interrupt` is set.
    #[must_use]
    pub fn until(mut self, interrupt: Interrupt) -> Self {
        if let Mode::Mapping(mapping) = &mut self.mode {
            mapping.filter.end_at(interrupt);
        }
        self
    }

    /// Turns settings into rules.
    ///
    /// # Errors
    /// [`RulesError`] when group mapping is on and filter and pattern cannot name account and role. In direct mode
    /// filter and pattern play no part and are not looked at.
    pub fn compile(
        app: &App,
        union: Union,
        switches: &Switches,
        warnings: &mut Warnings,
    ) -> Result<Self, RulesError> {
        let mode = if app.settings.use_group_mapping {
            Mode::Mapping(Box::new(Mapping::compile(app, switches)?))
        } else {
            Mode::Direct(Direct::compile(app, union, warnings))
        };
        if app.implicit_assignment {
            warnings.add(
                "implicit-assignment",
                "federation broker mode is on: nobody needs to be assigned to the app",
                "settings.implicitAssignment",
            );
        }
        let unusable = unusable(app);
        match &unusable {
            Some(Unusable::NotActive(status)) => {
                warnings.add(
                    "app-not-active",
                    "the app is not active, nobody can sign in through it",
                    status.as_str(),
                );
            }
            Some(Unusable::NotSaml(mode)) => {
                warnings.add(
                    "app-not-saml",
                    "the app does not sign in by SAML 2.0, no role is sent",
                    mode.as_str(),
                );
            }
            None => {}
        }
        Ok(Self { mode, unusable, switches: *switches })
    }

    /// How the app decides about roles.
    #[must_use]
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// Whether group names decide.
    #[must_use]
    pub fn maps_groups(&self) -> bool {
        matches!(self.mode, Mode::Mapping(_))
    }

    /// Why nobody gets in, when that is so.
    #[must_use]
    pub fn unusable(&self) -> Option<&Unusable> {
        self.unusable.as_ref()
    }

    /// The same rules for an app that can be used.
    pub(crate) fn made_usable(mut self) -> Self {
        self.unusable = None;
        self
    }

    /// The switches in force.
    #[must_use]
    pub fn switches(&self) -> &Switches {
        &self.switches
    }

    /// What group mapping makes of a group.
    #[must_use]
    pub fn verdict(&self, group: &Group) -> GroupVerdict {
        match &self.mode {
            Mode::Direct(_) => GroupVerdict::NotMapping,
            Mode::Mapping(mapping) => mapping.verdict(group),
        }
    }
}

impl Mapping {
    fn compile(app: &App, switches: &Switches) -> Result<Self, RulesError> {
        let stored = &app.settings.group_filter;
        let text = if switches.filter_unescape { stored.replace(r"\\", r"\") } else { stored.clone() };
        let filter = GroupFilter::compile(&text, switches.filter_match)?;
        let pattern = RoleValuePattern::new(&app.settings.role_value_pattern);
        if !filter.has_account() && (pattern.wants_account() || pattern.fixed_account().is_none()) {
            return Err(RulesError::NoAccount { filter: stored.clone() });
        }
        if !filter.has_role() && pattern.wants_role() {
            return Err(RulesError::NoRole { filter: stored.clone() });
        }
        Ok(Self {
            filter,
            pattern,
            sources: AppFilter::parse(&app.settings.app_filter),
            implicit: app.implicit_assignment,
        })
    }

    /// The compiled filter.
    #[must_use]
    pub fn filter(&self) -> &GroupFilter {
        &self.filter
    }

    /// The sources whose groups may map.
    #[must_use]
    pub fn sources(&self) -> &AppFilter {
        &self.sources
    }

    fn verdict(&self, group: &Group) -> GroupVerdict {
        let Some(name) = group.name.as_deref() else { return GroupVerdict::NoName };
        let (marks, partial) = match self.filter.matches(name) {
            NameMatch::No => return GroupVerdict::NoMatch,
            NameMatch::Undecided => return GroupVerdict::Undecided,
            NameMatch::Yes { marks, partial } => (marks, partial),
        };
        if !self.sources.allows(group) {
            return GroupVerdict::SourceNotAllowed;
        }
        let named_role = marks.role.unwrap_or_default();
        let named_account = marks.account.unwrap_or_default();
        let arns = self.pattern.arns(&named_account, &named_role);
        // What Okta sends decides: a pattern with a fixed account sends that one, whatever the name says.
        let account = match &arns.role {
            Some(arn) => AccountId::parse(&arn.account).ok_or_else(|| arn.account.clone()),
            None => self
                .pattern
                .fixed_account()
                .or_else(|| AccountId::parse(&named_account))
                .ok_or(named_account.clone()),
        };
        let value = self.pattern.render(&named_account, &named_role);
        let account = match account {
            Ok(account) => account,
            // The name is not to blame for what the pattern makes of it.
            Err(_) if AccountId::parse(&named_account).is_some() => {
                let fault =
                    self.pattern.pair(&named_account, &named_role).err().unwrap_or(PairFault::Account);
                return GroupVerdict::NotTaken(Box::new(NotTaken { value, fault }));
            }
            Err(text) => return GroupVerdict::BogusAccount(text),
        };
        if self.pattern.wants_role() && named_role.trim().is_empty() {
            return GroupVerdict::EmptyRole;
        }
        if let Err(fault) = self.pattern.pair(&named_account, &named_role) {
            return GroupVerdict::NotTaken(Box::new(NotTaken { value, fault }));
        }
        // The name's own spelling stays the slug, so that ids do not change with the pattern's prefix. A pattern
        // without ${role} sends one role for every group, and that one is the truth.
        let role = if self.pattern.wants_role() {
            named_role.clone()
        } else {
            arns.role.as_ref().and_then(Arn::role).map_or_else(|| named_role.clone(), str::to_owned)
        };
        if role.is_empty() {
            return GroupVerdict::EmptyRole;
        }
        GroupVerdict::Confers(Box::new(Conferral { account, role, arns, value, partial }))
    }
}

impl Direct {
    fn compile(app: &App, union: Union, warnings: &mut Warnings) -> Self {
        let settings = &app.settings;
        let provider = settings.provider();
        if let (Some(text), None) = (&settings.identity_provider_arn, &provider) {
            warnings.add(
                "provider-arn-unreadable",
                "identityProviderArn is no ARN of a SAML provider, the account of bare role names is taken elsewhere",
                text.as_str(),
            );
        }
        let pattern = RoleValuePattern::new(&settings.role_value_pattern);
        let fixed = pattern.fixed_account();
        let provider = provider
            .filter(|arn| AccountId::parse(&arn.account).is_some())
            .or_else(|| fixed.as_ref().and_then(|account| pattern.arns(account.as_str(), "role").provider));
        let number = provider.as_ref().and_then(|arn| AccountId::parse(&arn.account)).or(fixed);
        let partition = provider
            .as_ref()
            .map(|arn| arn.partition.clone())
            .unwrap_or_else(|| settings.fallback_partition().to_owned());
        Self { main: MainAccount { number, provider, partition }, join: settings.join_all_roles, union }
    }

    /// `joinAllRoles`.
    #[must_use]
    pub fn join(&self) -> bool {
        self.join
    }

    /// The account of bare role names, when the settings name one.
    #[must_use]
    pub fn main_account(&self) -> Option<&AccountId> {
        self.main.number.as_ref()
    }
}

fn unusable(app: &App) -> Option<Unusable> {
    if app.status != "ACTIVE" {
        return Some(Unusable::NotActive(app.status.clone()));
    }
    match app.sign_on_mode.as_deref() {
        Some("SAML_2_0") => None,
        other => Some(Unusable::NotSaml(other.unwrap_or("none").to_owned())),
    }
}
