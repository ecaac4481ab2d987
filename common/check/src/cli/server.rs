//! `mio-check HOST:PORT`: judges a server, and reports.

use std::ffi::OsString;
use std::fs;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

use super::exit::{Exit, Fault};
use super::flags::Flags;
use super::judge::{Judge, Message};
use super::{again, consent, interrupt, no_run, setup};
use crate::case::{Case, Version};
use crate::command::Command;
use crate::processes::ProcessGroup;
use crate::report::progress::Progress;
use crate::report::screen::Colours;
use crate::report::summary::Summary;
use crate::report::text::Text;
use crate::report::{Setting, json, junit, say, warn};
use crate::run::{Event, Probed, Report, Stopped};
use crate::trial::Outcome;

/// Judges the server that the flags name, and writes the report.
///
/// # Errors
/// The run did not take place.
pub fn server(flags: &Flags) -> Result<Exit, Fault> {
    let (sender, messages) = channel();
    let interrupted = sender.clone();
    interrupt::on_signal(move || drop(interrupted.send(Message::Interrupted)))
        .map_err(|error| Fault::Usage(format!("cannot handle signals: {error}")))?;
    let cases = flags.cases().map_err(Fault::Usage)?;
    let expected = flags.expected(&cases).map_err(Fault::Usage)?;
    let judge = judge(flags, cases, sender)?;
    let mut screen = Screen {
        json: flags.json,
        text: Text::new(Colours::of_stdout(), judge.cases.iter().copied()),
        progress: Progress::of_stderr(),
        setting: setting(flags, &judge, expected),
        group: judge.command.as_ref().map(Command::group).unwrap_or_default(),
        start: Instant::now(),
        probed: None,
        outcomes: Vec::new(),
    };
    thread::spawn(move || judge.run());
    let report = screen.follow(&messages)?;
    finish(flags, &report, &screen)
}

/// Checks the flags, and asks for consent if the server is not on this computer.
fn judge(flags: &Flags, cases: Vec<&'static Case>, reader: Sender<Message>) -> Result<Judge, Fault> {
    let place = flags.place.clone().ok_or_else(|| Fault::Usage("HOST:PORT is missing".to_owned()))?;
    if place.port == 0 && flags.command.is_empty() {
        let text = "port 0 needs a COMMAND, which gets a free port: -- my-server --port {port}";
        return Err(Fault::Usage(text.to_owned()));
    }
    let addresses = place.addresses().map_err(Fault::Usage)?;
    let announced = consent::check(&place.to_string(), &addresses, &cases, flags.yes_it_is_mine);
    if let Some(text) = announced.map_err(Fault::Usage)? {
        warn(&text);
    }
    let first = *addresses.first().ok_or_else(|| Fault::Usage(format!("{place} has no address")))?;
    let target = setup::target(flags, &place, first).map_err(Fault::Usage)?;
    let command = match flags.command.is_empty() {
        true => None,
        false => Some(Command::new(flags.command.clone(), place.host.clone(), addresses.clone())),
    };
    Ok(Judge {
        place,
        addresses,
        target,
        command,
        ca: flags.ca.clone(),
        cases,
        versions: flags.versions(),
        seed: flags.seed,
        finds_out: flags.speaks.is_none(),
        reader,
    })
}

fn setting(flags: &Flags, judge: &Judge, expected: Vec<&'static Case>) -> Setting {
    Setting {
        place: judge.place.to_string(),
        address: judge.target.address,
        speaks: judge.target.speaks,
        seed: flags.seed,
        patience: flags.patience,
        expected,
        explains_all: judge.cases.len() == 1,
        again: again::words(std::env::args_os().collect::<Vec<OsString>>()),
    }
}

/// The view of a run for the user.
struct Screen {
    json: bool,
    text: Text,
    progress: Progress,
    setting: Setting,
    group: ProcessGroup,
    start: Instant,
    probed: Option<Probed>,
    outcomes: Vec<Outcome>,
}

impl Screen {
    /// Shows the events, up to the end of the run.
    fn follow(&mut self, messages: &Receiver<Message>) -> Result<Report, Fault> {
        // The judge sends its last message even if it panics: then the channel ends.
        while let Ok(message) = messages.recv() {
            match message {
                Message::Prepares(what) => self.progress.show(&what),
                Message::Run(Event::Probed(probed)) => self.probed(probed),
                Message::Run(Event::Begins(case, version)) => self.progress.begins(case, version),
                Message::Run(Event::Ends(outcome)) => self.ends(outcome),
                Message::Run(Event::Restarted) => self.say("               COMMAND was started again\n"),
                Message::Over(result) => {
                    self.progress.clear();
                    return *result;
                }
                Message::Interrupted => {
                    self.progress.clear();
                    self.group.close();
                    return self.so_far();
                }
            }
        }
        Err(Fault::Unreachable("the run has ended without a result. This is a fault of mio-check".to_owned()))
    }

    fn probed(&mut self, probed: Probed) {
        self.setting.address = probed.address;
        self.setting.speaks = probed.speaks;
        self.progress.plan(probed.planned.len());
        let header = self.text.header(&self.setting, &probed.facts, probed.planned.len());
        self.say(&header);
        self.probed = Some(probed);
    }

    fn ends(&mut self, outcome: Outcome) {
        let expected = self.setting.is_expected_to_fail(outcome.case);
        let line = self.text.line(&outcome, expected);
        self.say(&line);
        self.outcomes.push(outcome);
    }

    /// Writes a part of the report for a reader.
    fn say(&self, text: &str) {
        if !self.json {
            self.progress.clear();
            say(text);
        }
    }

    /// The report of an interrupted run.
    fn so_far(&mut self) -> Result<Report, Fault> {
        let Some(Probed { facts, planned, .. }) = &self.probed else { return Err(Fault::Interrupted) };
        let is_open = |(case, version): &&(&'static Case, Version)| {
            let mut outcomes = self.outcomes.iter();
            !outcomes.any(|one| one.case.about.name == case.about.name && one.version == *version)
        };
        Ok(Report {
            facts: facts.clone(),
            not_run: planned.iter().filter(is_open).copied().collect(),
            outcomes: self.outcomes.clone(),
            stopped: Some(Stopped::Interrupted),
            took: self.start.elapsed(),
        })
    }
}

/// Writes the end of the report, and the file for a CI server.
fn finish(flags: &Flags, report: &Report, screen: &Screen) -> Result<Exit, Fault> {
    let setting = &screen.setting;
    match flags.json {
        true => say(&json::json(report, setting)),
        false => say(&screen.text.footer(report, setting)),
    }
    if let Some(file) = &flags.junit {
        let written = junit::junit(report, setting).and_then(|xml| fs::write(file, xml));
        written.map_err(|error| no_run::unwritable(file, &error))?;
    }
    Ok(Summary::of(report, setting).exit())
}
