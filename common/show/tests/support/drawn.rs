//! Draws pages of sessions in memory, and reads them.
#![allow(clippy::unwrap_used, dead_code)] // each test uses a part of it

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use decode::recorder::Recorder;
use decode::secrets::{Secret, Secrets};
use program::ending::Endings;
use program::observer::{LoopEvent, Observer};
use rustls::Side;
use scraper::{ElementRef, Html, Selector};
use show::page::{Clock, Folder, Illustrator, Size};
use show::show::Show;
use show::sink::{Carried, Sink};
use testing::configs::Shape;
use testing::folder::TempDir;
use tls_session::close_reason::{CloseReason, Until};
use tls_session::observer::{Observer as _, SessionId, Step};

use super::memory::{Setup, Talk, id};

/// The records and secrets of a session, collected by another sink.
#[derive(Default)]
pub struct Tally {
    pub records: usize,
    pub secrets: Vec<Secret>,
}

struct Counter(Rc<RefCell<Tally>>);

impl Sink for Counter {
    fn step(&mut self, _now: Instant, _id: SessionId, _step: &Step<'_>, carried: &Carried) {
        let mut tally = self.0.borrow_mut();
        tally.records += carried.records.len();
        tally.secrets.extend(carried.secrets.iter().cloned());
    }

    fn event_loop(&mut self, _now: Instant, _event: &LoopEvent<'_>) {}
}

/// One end of a session that draws its page.
pub struct Easel {
    pub folder: TempDir,
    pub secrets: Arc<Secrets>,
    pub tally: Rc<RefCell<Tally>>,
    pub show: Show<Vec<Box<dyn Sink>>>,
    pub start: Instant,
}

impl Easel {
    /// Begins a session at the end that plays the role `local`.
    pub fn new(local: Side) -> Self {
        let mut easel = Self::without_session(local);
        easel.begin();
        easel
    }

    /// Makes the end that plays the role `local`. Its session has not begun.
    pub fn without_session(local: Side) -> Self {
        let (folder, start) = (TempDir::new(), Instant::now());
        let clock = Clock { instant: start, utc: SystemTime::UNIX_EPOCH };
        let pages = Folder::open(folder.path(), local).unwrap();
        let page = Illustrator::new(Endings::of(local), clock, pages, Size::default()).unwrap();
        let (secrets, tally) = (Arc::<Secrets>::default(), Rc::<RefCell<Tally>>::default());
        let sinks: Vec<Box<dyn Sink>> = vec![Box::new(Counter(Rc::clone(&tally))), Box::new(page)];
        let show = Show::new(local, Arc::clone(&secrets), sinks);
        let mut easel = Self { folder, secrets, tally, show, start };
        easel.show.event_loop(start, &LoopEvent::Woke { events: 1, timeout: None });
        easel
    }

    pub fn begin(&mut self) {
        self.step(&Step::Began { local: id(4433).peer });
    }

    /// Reports a step at the start of the session.
    pub fn step(&mut self, step: &Step<'_>) {
        self.show.step(self.start, id(8000), step);
    }

    /// Reports a read of these bytes, which rustls refuses with this error.
    pub fn read(&mut self, bytes: &[u8], error: &str) {
        self.step(&Step::Received(bytes));
        self.step(&Step::ReadTls(bytes));
        self.step(&Step::Processed(&Err(rustls::Error::General(error.to_owned()))));
    }

    /// Reports the end of the session.
    pub fn close(&mut self, reason: &CloseReason) {
        let (until, duration) = (Until::Established, Duration::ZERO);
        self.step(&Step::Closed { reason, until, received: 0, sent: 0, duration });
    }

    /// Ends the program and returns the page.
    pub fn page(self) -> Page {
        let Self { folder, tally, show, .. } = self;
        drop(show);
        let mut names = folder.names();
        names.retain(|name| name.ends_with("-1.html"));
        let [page] = &names[..] else { panic!("one page: {:?}", folder.names()) };
        let tally = Rc::into_inner(tally).unwrap().into_inner();
        Page { text: folder.read(page), tally, html: OnceCell::new() }
    }

    /// Ends the program and returns the pages of its sessions, without a tally.
    pub fn pages(self) -> Vec<Page> {
        let Self { folder, show, .. } = self;
        drop(show);
        let mut names = folder.names();
        names.retain(|name| name.starts_with("client-") || name.starts_with("server-"));
        names.retain(|name| name.ends_with(".html"));
        names.sort();
        let page =
            |name: &String| Page { text: folder.read(name), tally: Tally::default(), html: OnceCell::new() };
        names.iter().map(page).collect()
    }
}

/// A page, and the records of its session.
pub struct Page {
    pub text: String,
    pub tally: Tally,
    html: OnceCell<Html>,
}

impl Page {
    pub fn html(&self) -> &Html {
        self.html.get_or_init(|| {
            let html = Html::parse_document(&self.text);
            assert!(html.errors.is_empty(), "{:?}", html.errors);
            html
        })
    }

    pub fn count(&self, selector: &str) -> usize {
        self.html().select(&Selector::parse(selector).unwrap()).count()
    }

    /// Returns the text of each element that matches.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let text = |element: ElementRef<'_>| element.text().collect::<String>();
        self.html().select(&Selector::parse(selector).unwrap()).map(text).collect()
    }
}

/// Runs a session and returns the client's page and the server's.
pub fn draw(setup: Setup, room: usize, talk: Talk) -> [Page; 2] {
    run(setup, room, vec![talk], [None, None]).map(Easel::page)
}

/// Runs sessions one after the other. Returns the pages of the client and those of the server.
pub fn draw_all(setup: Setup, room: usize, talks: Vec<Talk>) -> [Vec<Page>; 2] {
    run(setup, room, talks, [None, None]).map(Easel::pages)
}

/// Runs a session and returns both pages, with the values of its keys.
pub fn draw_keys(shape: &Shape, room: usize, talk: Talk) -> [Page; 2] {
    let recorders = <[Recorder; 2]>::default();
    let setup = Setup::recorded(shape, &recorders);
    run(setup, room, vec![talk], recorders.map(Some)).map(Easel::page)
}

fn run(setup: Setup, room: usize, talks: Vec<Talk>, recorders: [Option<Recorder>; 2]) -> [Easel; 2] {
    let [mut client, mut server] = [Side::Client, Side::Server].map(Easel::without_session);
    let [of_client, of_server] = recorders;
    client.show = client.show.with_recorder(of_client);
    server.show = server.show.with_recorder(of_server);
    client.begin();
    server.begin();
    let setup = setup.adjusted(|client_tls, server_tls| {
        client_tls.key_log = Arc::clone(&client.secrets) as _;
        server_tls.key_log = Arc::clone(&server.secrets) as _;
    });
    for talk in talks {
        setup.converse(room, talk, client.start, &mut client.show, &mut server.show);
    }
    [client, server]
}
