//! The programs of the guide run here, and the text of the guide is compared with them.
//!
//! A chapter that says that a program hangs or loses bytes has a test that shows it. No test waits for a time to pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test reports a fault by a panic"
)]

#[path = "../../src/guide/steps/mod.rs"]
mod steps;

mod chapter_01;
mod chapter_02;
mod chapter_03;
mod chapter_04;
mod chapter_05;
mod chapter_06;
mod chapter_07;
mod chapter_08;
mod chapter_09;
mod chapter_10;
mod peer;
mod text;
mod wire;
