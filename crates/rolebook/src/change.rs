//! What the commands that change Okta have in common: the place, the audit, the question, the words.

mod place;
mod question;
mod words;

pub(crate) use place::{Place, audit_file, new_op, rights_memory, state_folder, who};
pub(crate) use question::{confirmed, number_typed};
pub(crate) use words::{
    applied_json, exit_code, planned_json, print_applied, print_json, print_place, print_plan, print_settled,
    told,
};
