//! What Okta writes into the profile of a group-assigned app user. Written from Okta's help: *use group priority* takes
//! the attributes of the group that is first, *combine values across groups* joins the `samlRoles` of all of them.

use rolebook_federation::{RoleProfile, Union};

/// The profile that the assigned groups of one user give. Groups come with their priority; one without a number is
/// last.
pub(crate) fn profile<'a>(
    groups: impl Iterator<Item = (Option<i64>, &'a RoleProfile)>,
    union: Union,
) -> RoleProfile {
    let mut groups: Vec<(Option<i64>, &RoleProfile)> = groups.collect();
    groups.sort_by_key(|(priority, _)| (priority.is_none(), priority.unwrap_or_default()));
    let mut profile = groups.first().map(|(_, first)| (*first).clone()).unwrap_or_default();
    if union == Union::Enabled {
        let mut all: Vec<String> = Vec::new();
        for role in groups.iter().flat_map(|(_, group)| &group.saml_roles) {
            if !all.contains(role) {
                all.push(role.clone());
            }
        }
        if !all.is_empty() {
            profile.saml_roles = all;
        }
    }
    profile
}

/// Whether two profiles give the same roles, whatever their order.
pub(crate) fn same_roles(a: &RoleProfile, b: &RoleProfile) -> bool {
    let sorted = |profile: &RoleProfile| {
        let mut roles = profile.effective().to_vec();
        roles.sort();
        roles
    };
    sorted(a) == sorted(b)
}
