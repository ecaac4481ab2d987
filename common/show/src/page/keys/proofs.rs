//! Draws what a message proves.

use decode::Record;
use decode::schedule::{Check, CheckKind};
use maud::{Markup, html};

use super::super::python;
use super::Chapter;
use super::draw::{command, messages};
use super::formula::check_formula;
use super::words::{doubt, proof};

impl Chapter<'_> {
    /// Returns why a check does not help the receiver, in a few words and in sentences.
    pub(super) fn doubt(&self, check: &Check) -> Option<[String; 2]> {
        let (owner, fault) = self.refused?;
        doubt(check.kind, owner, fault)
    }

    pub(super) fn check(&self, check: &Check, record: &Record) -> Markup {
        let repeat = python::check(check, record, &self.inputs);
        let (title, says) = proof(check.kind);
        let doubt = self.doubt(check);
        html! {
            details.proof {
                summary {
                    span {
                        (title)
                        @if let CheckKind::Binder(index @ 1..) = check.kind { " of identity " (index) }
                        @if let Some([says, _]) = &doubt { strong { (says) } }
                    }
                }
                div.step {
                    p { (says) }
                    @if let Some([_, why]) = &doubt { p { (why) } }
                    p { "Calculation: " code { (check_formula(check, record.version)) } }
                    @if let Some(key) = check.key { p { "Made from: " (self.link(key)) } }
                    @if let Some(transcript) = &check.transcript { (messages(transcript)) }
                    @if let Some(repeat) = repeat { (command("Repeat this in Python", &repeat)) }
                }
            }
        }
    }
}
