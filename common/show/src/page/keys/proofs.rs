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
    /// Returns why a check does not help the receiver.
    pub(super) fn doubt(&self, check: &Check) -> Option<String> {
        doubt(check.kind, self.refused?)
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
                        @if let Some(doubt) = &doubt { strong { (doubt) } }
                    }
                }
                div.step {
                    p { (says) }
                    @if doubt.is_some() {
                        p {
                            "An attacker can make a certificate and its key, too. So this proof has a value only for an end \
                             that accepts the certificate. An end that refuses it need not check the proof."
                        }
                    }
                    p { "Calculation: " code { (check_formula(check)) } }
                    @if let Some(key) = check.key { p { "Made from: " (self.link(key)) } }
                    @if let Some(transcript) = &check.transcript { (messages(transcript)) }
                    @if let Some(repeat) = repeat { (command("Repeat this in Python", &repeat)) }
                }
            }
        }
    }
}
