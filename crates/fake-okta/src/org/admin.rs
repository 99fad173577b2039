//! Admin roles of users and groups.

use data_encoding::BASE32_NOPAD;

/// Okta's standard admin roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are Okta's own words")]
pub enum AdminRole {
    SuperAdmin,
    OrgAdmin,
    AppAdmin,
    /// Group Administrator; Okta's type is `USER_ADMIN`.
    GroupAdmin,
    GroupMembershipAdmin,
    HelpDeskAdmin,
    ReadOnlyAdmin,
    ReportAdmin,
    ApiAccessManagementAdmin,
    MobileAdmin,
}

impl AdminRole {
    /// Every standard role.
    pub const ALL: [Self; 10] = [
        Self::SuperAdmin,
        Self::OrgAdmin,
        Self::AppAdmin,
        Self::GroupAdmin,
        Self::GroupMembershipAdmin,
        Self::HelpDeskAdmin,
        Self::ReadOnlyAdmin,
        Self::ReportAdmin,
        Self::ApiAccessManagementAdmin,
        Self::MobileAdmin,
    ];

    /// The `type` on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SuperAdmin => "SUPER_ADMIN",
            Self::OrgAdmin => "ORG_ADMIN",
            Self::AppAdmin => "APP_ADMIN",
            Self::GroupAdmin => "USER_ADMIN",
            Self::GroupMembershipAdmin => "GROUP_MEMBERSHIP_ADMIN",
            Self::HelpDeskAdmin => "HELP_DESK_ADMIN",
            Self::ReadOnlyAdmin => "READ_ONLY_ADMIN",
            Self::ReportAdmin => "REPORT_ADMIN",
            Self::ApiAccessManagementAdmin => "API_ACCESS_MANAGEMENT_ADMIN",
            Self::MobileAdmin => "MOBILE_ADMIN",
        }
    }

    /// The label people see.
    pub fn label(self) -> &'static str {
        match self {
            Self::SuperAdmin => "Super Administrator",
            Self::OrgAdmin => "Organization Administrator",
            Self::AppAdmin => "Application Administrator",
            Self::GroupAdmin => "Group Administrator",
            Self::GroupMembershipAdmin => "Group Membership Administrator",
            Self::HelpDeskAdmin => "Help Desk Administrator",
            Self::ReadOnlyAdmin => "Read-Only Administrator",
            Self::ReportAdmin => "Report Administrator",
            Self::ApiAccessManagementAdmin => "API Access Management Administrator",
            Self::MobileAdmin => "Mobile Administrator",
        }
    }

    /// The assignment id of roles that can have targets: it is the type in Base32, the same for every holder.
    pub(crate) fn shared_assignment_id(self) -> Option<String> {
        let targetable = matches!(
            self,
            Self::AppAdmin | Self::GroupAdmin | Self::GroupMembershipAdmin | Self::HelpDeskAdmin
        );
        targetable.then(|| BASE32_NOPAD.encode(self.as_str().as_bytes()))
    }
}

/// What an admin role is limited to.
#[derive(Clone, Debug, Default)]
pub struct RoleTargets {
    pub(crate) groups: Vec<String>,
    pub(crate) apps: Vec<String>,
}

impl RoleTargets {
    /// No limits: the role holds for everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// Limits the role to these groups, by id or name.
    #[must_use]
    pub fn groups<S: Into<String>>(mut self, groups: impl IntoIterator<Item = S>) -> Self {
        self.groups.extend(groups.into_iter().map(Into::into));
        self
    }

    /// Limits the role to these apps: a catalogue name (`amazon_aws`) for every instance, or an app id for one.
    #[must_use]
    pub fn apps<S: Into<String>>(mut self, apps: impl IntoIterator<Item = S>) -> Self {
        self.apps.extend(apps.into_iter().map(Into::into));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targetable_roles_have_the_recorded_assignment_ids() {
        let ids = AdminRole::ALL.map(AdminRole::shared_assignment_id);
        let recorded = [
            "IFIFAX2BIRGUSTQ",
            "KVJUKUS7IFCE2SKO",
            "I5JE6VKQL5GUKTKCIVJFGSCJKBPUCRCNJFHA",
            "JBCUYUC7IRCVGS27IFCE2SKO",
        ];
        assert_eq!(ids.into_iter().flatten().collect::<Vec<_>>(), recorded);
    }
}
