//! The snapshot contract in code.
