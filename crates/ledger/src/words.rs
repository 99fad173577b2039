//! The words of the contract: resource types, slugs and the keys of profiles and metadata. Written and read through
//! these names only.

/// The resource types of a snapshot.
pub mod resource_type {
    /// AWS accounts; their entitlements are roles.
    pub const ACCOUNT: &str = "account";
    /// The AWS app.
    pub const APP: &str = "app";
    /// Okta's custom admin roles.
    pub const CUSTOM_ROLE: &str = "custom-role";
    /// Okta groups.
    pub const GROUP: &str = "group";
    /// Sets of resources that custom admin roles are limited to.
    pub const RESOURCE_SET: &str = "resource-set";
    /// Custom admin roles as bound to a resource set.
    pub const RESOURCE_SET_BINDING: &str = "resourceset-binding";
    /// Okta admin roles.
    pub const ROLE: &str = "role";
    /// People.
    pub const USER: &str = "user";
}

pub(crate) use resource_type::{
    ACCOUNT, APP, CUSTOM_ROLE, GROUP, RESOURCE_SET, RESOURCE_SET_BINDING, ROLE, USER,
};

/// Slug of an app's entitlement.
pub(crate) const ACCESS: &str = "access";
/// Slug of a group's entitlement.
pub(crate) const MEMBER: &str = "member";
/// Slug of an admin role's entitlement.
pub(crate) const ASSIGNED: &str = "assigned";
/// Slug of a resource set's entitlement.
pub(crate) const BINDINGS: &str = "bindings";

pub(crate) mod key {
    pub(crate) const ALIAS: &str = "alias";
    pub(crate) const ASSIGNMENT: &str = "assignment";
    pub(crate) const CATALOGUE: &str = "catalogue";
    pub(crate) const CREATED: &str = "created";
    pub(crate) const DESCRIPTION: &str = "description";
    pub(crate) const FEATURES: &str = "features";
    pub(crate) const GIVEN: &str = "given";
    pub(crate) const IMPLICIT_ASSIGNMENT: &str = "implicit_assignment";
    pub(crate) const LAST_MEMBERSHIP_UPDATED: &str = "last_membership_updated";
    pub(crate) const LAST_UPDATED: &str = "last_updated";
    pub(crate) const LABEL: &str = "label";
    pub(crate) const MATCH: &str = "match";
    pub(crate) const MEMBERS_READ: &str = "members_read";
    pub(crate) const NAME: &str = "name";
    pub(crate) const NAMED_GROUP: &str = "named_group";
    pub(crate) const OKTA_STATUS: &str = "okta_status";
    pub(crate) const ORG_DOMAIN: &str = "org_domain";
    pub(crate) const ORG_ID: &str = "org_id";
    pub(crate) const ORG_NAME: &str = "org_name";
    pub(crate) const OTHER_MEMBERS: &str = "other_members";
    pub(crate) const OUTSIDE_GROUPS: &str = "outside_groups";
    pub(crate) const PARTIAL_MATCH: &str = "partial_match";
    pub(crate) const PARTITION: &str = "partition";
    pub(crate) const PERMISSIONS: &str = "permissions";
    pub(crate) const PRIORITY: &str = "priority";
    pub(crate) const PROVIDER_ARN: &str = "provider_arn";
    pub(crate) const RESOURCES: &str = "resources";
    pub(crate) const RESOURCE_SET: &str = "resource_set";
    pub(crate) const ROLE: &str = "role";
    pub(crate) const ROLES: &str = "roles";
    pub(crate) const ROLE_ARN: &str = "role_arn";
    pub(crate) const SAML_ROLES: &str = "saml_roles";
    pub(crate) const SCOPE: &str = "scope";
    pub(crate) const SETTINGS: &str = "settings";
    pub(crate) const SIGN_ON: &str = "sign_on";
    pub(crate) const SIGN_ON_MODE: &str = "sign_on_mode";
    pub(crate) const SOURCE: &str = "source";
    pub(crate) const SOURCE_ID: &str = "source_id";
    pub(crate) const STATUS: &str = "status";
    pub(crate) const STATUS_CHANGED: &str = "status_changed";
    pub(crate) const TARGETS: &str = "targets";
    pub(crate) const TYPE: &str = "type";
    pub(crate) const UNION: &str = "union";
    pub(crate) const UNLISTED: &str = "unlisted";
    pub(crate) const USER_NAME: &str = "user_name";
    pub(crate) const VALUES: &str = "values";
}
