//! Puts the rooms together: asks Okta what the app needs, turns its answers into facts, lets `federation` resolve
//! access and seals the result. Here, and only here, Okta's shapes become the domain's facts.

mod acceptance;
mod accounts_file;
mod accounts_seen;
mod admin_roles;
mod after;
mod app;
mod apply;
mod apps;
mod archive;
mod audit;
mod baseline;
mod bound;
mod change_error;
mod claim;
mod coverage;
mod custom_roles;
mod doors;
mod entrance;
mod error;
mod events;
mod guard;
mod held;
mod intake;
mod journal;
mod lookup;
mod members;
mod person;
mod plan;
mod probe;
mod progress;
mod reading;
mod rights;
mod rights_memory;
mod service_app;
mod settings_change;
mod shared;
mod summary;
mod sync;
mod walk;
mod way;

pub use acceptance::accept_recorded;
pub use accounts_file::{AccountsError, Place, parse_accounts};
pub use accounts_seen::AccountsSeen;
pub use after::{remove_after, write_after};
pub use app::{AWS_APP, AppChoice, FoundApp};
pub use apply::{Applied, Applying, ObjectState, Patience, Settled, StepEnd, Undo, settle};
pub use apps::{AppDone, AppEnd, AppsChoice, AppsCost, AppsOptions, AppsSync};
pub use archive::{Archive, ArchiveError, Archived, Soundness};
pub(crate) use audit::digest as audit_digest;
pub use audit::{Audit, AuditError, AuditEvent, Chain, Entry, Head, Outcome, Who, read_audit};
pub use bound::{AdminBound, Bound, CustomBound};
pub use change_error::{ChangeError, Mismatch};
pub use doors::{Door, DoorKind};
pub use error::{ErrorKind, SyncError};
pub use events::{
    Event as LoggedEvent, EventParty, EventStore, EventsError, EventsRead, events_path, read_events,
};
pub use guard::{Gain, Loss, Since};
pub use held::{Accepted, accept_held, accepted_path, held_path};
pub use lookup::Candidate;
pub use members::{GroupMembers, check_org, read_group_names, read_members};
pub use person::{PersonRules, ProfileAttributes};
pub(crate) use plan::profile as plan_profile;
pub use plan::{
    Asked, Call, Fresh, Known, PlanFile, Planned, PlannedChange, PrincipalName, Provisioning, Request,
    TargetName,
};
pub use probe::{Cost, Probe, Right, check};
pub use progress::{Event, Progress, Silent, Stage};
pub use reading::{AdminRoles, ReadOptions};
pub use rights::{Capability, Rights, Standing, StatedRole, rights};
pub use rights_memory::{Lesson, RightsMemory, Teacher};
pub use settings_change::AppChange;
pub use summary::{Counts, Held, Resumed, Summary};
pub use sync::{Clock, RESUME_MAX_AGE, SyncOptions, sync};
pub use way::{Stand, Step, Way, way};
