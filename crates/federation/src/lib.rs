//! The AWS Account Federation app, pure.
