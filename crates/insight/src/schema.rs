//! JSON schemas of every shape: what a program that reads our answers may count on.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};

use crate::{
    Answer, AssertionCheck, Diff, FilterLint, Findings, History, Predictions, Shape, What, WhatGroup, WhatIf,
    Who, Why, export::Export,
};

/// Every documented shape by its name and version, with its schema. Checked against `docs/schema` by a test.
#[must_use]
pub fn schemas() -> Vec<(&'static str, Schema)> {
    fn of<T: Shape + JsonSchema>() -> (&'static str, Schema) {
        (T::SHAPE, written::<Answer<T>>())
    }
    vec![
        of::<Who>(),
        of::<What>(),
        of::<WhatGroup>(),
        of::<Why>(),
        of::<Diff>(),
        of::<History>(),
        of::<Findings>(),
        of::<Predictions>(),
        of::<AssertionCheck>(),
        of::<WhatIf>(),
        of::<Export>(),
        (FilterLint::SHAPE, written::<FilterLint>()),
    ]
}

/// The schema of what is written: a field that may be left out is not required.
fn written<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}
