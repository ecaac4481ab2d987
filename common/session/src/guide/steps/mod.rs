//! The programs of the guide. The test `guide` compiles and runs them.

#[path = "01.rs"]
pub mod step_01;
pub mod tls;
