//! What is logged.
