//! The reports of a run against a client: for a reader, and for a program.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use super::json::{object, seconds};
use super::lines::{self, LINE, SENTENCE};
use super::printable::printable;
use super::screen::{Colours, HEADING, style_of};
use super::summary::Summary;
use crate::cli::catalog::guide;
use crate::cli::choice::name_of_client_group;
use crate::clients::{ClientCase, ClientFacts, ClientOutcome, Mode};
use crate::verdict::Verdict;

/// A run against a client.
pub struct ClientReport {
    /// The command, with its placeholders.
    pub command: String,
    /// The address of our servers.
    pub address: SocketAddr,
    /// The findings of the clean session.
    pub facts: ClientFacts,
    /// The outcomes so far.
    pub outcomes: Vec<ClientOutcome>,
    /// The cases that were not run, because the user stopped the run.
    pub not_run: Vec<&'static ClientCase>,
    /// The cases that are expected to fail.
    pub expected: Vec<&'static ClientCase>,
    /// The command line that runs one case again: the words before the name of the case, and those after it.
    pub again: (String, String),
    /// How long a client may take.
    pub patience: Duration,
    /// How long the run took.
    pub took: Duration,
}

impl ClientReport {
    /// The counts, and the exit status.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            not_run: self.not_run.len(),
            interrupted: !self.not_run.is_empty(),
            ..Summary::default()
        };
        for outcome in &self.outcomes {
            let is_expected = self.is_expected(outcome);
            summary.count(&outcome.verdict, is_expected);
            if is_expected && matches!(outcome.verdict, Verdict::Held | Verdict::Noted(_)) {
                summary.unexpectedly_held.push(outcome.case.about.name);
            }
        }
        summary
    }

    fn is_expected(&self, outcome: &ClientOutcome) -> bool {
        self.expected.iter().any(|case| case.about.name == outcome.case.about.name)
    }

    /// The first lines: the client, and the findings of the clean session.
    pub fn header(&self, colours: Colours) -> String {
        let facts = &self.facts;
        let speaks = match facts.mode {
            Mode::Http => "it speaks http",
            Mode::Echo => "it expects an echo",
        };
        let shows =
            if facts.shows { "it shows what it receives" } else { "it does not show what it receives" };
        format!(
            "{}\n{}, {speaks}, {shows}; a clean session ended with {}\nservers at {}, patience {}\n\n",
            colours.paint(HEADING, &printable(&self.command, LINE)),
            facts.version,
            printable(&facts.end, LINE),
            self.address,
            humantime::format_duration(self.patience),
        )
    }

    /// The line of an outcome.
    pub fn line(&self, outcome: &ClientOutcome, colours: Colours) -> String {
        let width = crate::clients::all().map(|case| case.about.name.len()).max().unwrap_or_default();
        let name = format!("{:width$}", outcome.case.about.name);
        let took = outcome.run.as_ref().map(|run| run.took);
        lines::line(&outcome.verdict, &name, took, self.is_expected(outcome), colours)
    }

    /// The end: the failed and inconclusive outcomes with their evidence, and the counts.
    pub fn footer(&self, colours: Colours) -> String {
        let mut text = String::from("\n");
        for outcome in &self.outcomes {
            let is_explained = match outcome.verdict {
                Verdict::Failed(_) => !self.is_expected(outcome),
                Verdict::Inconclusive(_) => true,
                _ => false,
            };
            if is_explained {
                text.push_str(&self.explained(outcome, colours));
            }
        }
        let not_run: Vec<_> = self.not_run.iter().map(|case| case.about.name).collect();
        text + &lines::last_lines(&self.summary(), &not_run, self.took, colours)
    }

    fn explained(&self, outcome: &ClientOutcome, colours: Colours) -> String {
        let about = &outcome.case.about;
        let (before, after) = &self.again;
        format!(
            "{}: {}\n  what:    {}\n{}  again:   {before}--case {}{after}\n{}\n",
            colours.paint(style_of(&outcome.verdict), outcome.verdict.name()),
            colours.paint(HEADING, about.name),
            printable(outcome.verdict.text(), SENTENCE),
            lines::described(about),
            about.name,
            lines::chart(&outcome.evidence),
        )
    }

    /// The report as JSON, with a line end. Its fields are those of the report about a server ([`super::json`]), except for
    /// these:
    ///
    /// | field | what |
    /// |---|---|
    /// | `target` | the `command` of the client, and our `address` |
    /// | `seed`, `stopped` | the report does not have them |
    /// | `found` | the version of `tls`; what the client `speaks`: `echo` or `http`; whether it `shows` what it receives; how it ended a clean session (`end`) |
    /// | `not_run` | the names of the cases that Ctrl-C has left. They have no outcomes |
    /// | `tls`, `end` of an outcome | an outcome does not have them |
    /// | `ended` of an outcome | how the client ended, or null if the case does not apply |
    pub fn json(&self) -> String {
        let summary = self.summary();
        let facts = &self.facts;
        object(json!({
            "target": { "command": self.command, "address": self.address.to_string() },
            "patience": self.patience.as_secs_f64(),
            "found": {
                "tls": facts.version.to_string(),
                "speaks": if facts.mode == Mode::Http { "http" } else { "echo" },
                "shows": facts.shows,
                "end": printable(&facts.end, SENTENCE),
            },
            "outcomes": self.outcomes.iter().map(|one| self.outcome(one)).collect::<Vec<_>>(),
            "not_run": self.not_run.iter().map(|case| case.about.name).collect::<Vec<_>>(),
            "counts": summary.counts(),
            "unexpectedly_held": summary.unexpectedly_held,
            "seconds": seconds(self.took),
            "exit_status": summary.exit().code(),
        }))
    }

    fn outcome(&self, outcome: &ClientOutcome) -> Value {
        let about = &outcome.case.about;
        let evidence = outcome.evidence.to_string();
        json!({
            "case": about.name,
            "group": name_of_client_group(outcome.case.group),
            "verdict": outcome.verdict.name(),
            "text": printable(outcome.verdict.text(), SENTENCE),
            "expected_to_fail": self.is_expected(outcome),
            "ended": outcome.run.as_ref().map(|run| run.ended.to_string()),
            "seconds": seconds(outcome.took),
            "source": about.source,
            "guide": guide(about.guide),
            "evidence": evidence.lines().map(|line| printable(line, SENTENCE)).collect::<Vec<_>>(),
        })
    }
}
