//! The programs of the guide. The test `guide` compiles and runs them.

#[path = "01.rs"]
pub mod step_01;
#[path = "02.rs"]
pub mod step_02;
#[path = "03.rs"]
pub mod step_03;
#[path = "04.rs"]
pub mod step_04;
#[path = "05.rs"]
pub mod step_05;
#[path = "06.rs"]
pub mod step_06;
#[path = "07.rs"]
pub mod step_07;
#[path = "08.rs"]
pub mod step_08;
#[path = "09.rs"]
pub mod step_09;
#[path = "10.rs"]
pub mod step_10;
pub mod tls;
