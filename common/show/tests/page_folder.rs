//! A folder of pages: its index, its limit, and hostile files in it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support {
    pub mod memory;
}

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use program::ending::Endings;
use rustix::fs::{CWD, FileType, FlockOperation, Mode, flock, mknodat};
use rustls::Side;
use scraper::{Html, Selector};
use show::page::{Clock, Folder, Illustrator, Name, Size};
use show::sink::{Carried, Sink as _};
use support::memory::id;
use testing::folder::TempDir;
use tls_session::close_reason::{CloseReason, Endpoint, Until};
use tls_session::observer::{SessionId, Step};

const CLEAN: CloseReason = CloseReason::Clean { first: Endpoint::Local };
const CUT: CloseReason = CloseReason::Truncated { established: true };

/// A program that draws sessions without records.
struct Program {
    illustrator: Illustrator,
    sessions: u64,
}

impl Program {
    fn start(folder: &Path, local: Side, limit: u64) -> Self {
        let clock = Clock { instant: Instant::now(), utc: SystemTime::UNIX_EPOCH };
        let folder = Folder::open(folder, local).unwrap();
        let illustrator = Illustrator::new(Endings::of(local), clock, folder, Size(limit)).unwrap();
        Self { illustrator, sessions: 0 }
    }

    fn session(&mut self, reason: &CloseReason) {
        self.sessions += 1;
        let (now, carried) = (Instant::now(), Carried::default());
        let id = SessionId { number: self.sessions, ..id(8000) };
        self.illustrator.step(now, id, &Step::Began { local: id.peer }, &carried);
        let (until, duration) = (Until::Established, Duration::ZERO);
        self.illustrator.step(
            now,
            id,
            &Step::Closed { reason, until, received: 0, sent: 0, duration },
            &carried,
        );
    }
}

/// Draws these sessions of a server, and ends the program.
fn draw(folder: &TempDir, limit: u64, reasons: &[&CloseReason]) {
    let mut program = Program::start(folder.path(), Side::Server, limit);
    reasons.iter().for_each(|reason| program.session(reason));
}

fn index(folder: &TempDir) -> Html {
    let html = Html::parse_document(&folder.read("index.html"));
    assert!(html.errors.is_empty(), "{:?}", html.errors);
    html
}

fn texts(html: &Html, selector: &str) -> Vec<String> {
    let text = |element: scraper::ElementRef<'_>| element.text().collect::<String>().trim().to_owned();
    html.select(&Selector::parse(selector).unwrap()).map(text).collect()
}

/// Returns the names of the pages in the folder.
fn pages(folder: &TempDir) -> Vec<String> {
    let mut names = folder.names();
    names.retain(|name| name.ends_with(".html") && name != "index.html");
    names
}

#[test]
fn the_index_has_a_row_for_each_session_and_marks_failures() {
    let folder = TempDir::new();
    draw(&folder, u64::MAX, &[&CLEAN, &CUT]);
    // Another run continues the index.
    draw(&folder, u64::MAX, &[&CloseReason::Unconfirmed]);
    let html = index(&folder);
    let rows = ["tr.doubtful .pages", "tr.failed .pages", "tr.clean .pages"].map(|row| texts(&html, row));
    assert_eq!(rows, [["server-3"], ["server-2"], ["server-1"]]);
    assert_eq!(texts(&html, "tbody .pages"), ["server-3", "server-2", "server-1"], "the newest is first");
    assert!(texts(&html, ".failed .why")[0].starts_with("truncated: the client left without close_notify"));
    assert_eq!(texts(&html, ".totals .failed"), ["1 failed"]);
    let link = html.select(&Selector::parse(".failed a").unwrap()).next().unwrap();
    assert!(folder.path().join(link.attr("href").unwrap()).exists());
    for page in pages(&folder) {
        let name = page.trim_end_matches(".html");
        let footer = Html::parse_document(&folder.read(&page));
        assert_eq!(
            footer.select(&Selector::parse(&format!("footer a[href='index.html#{name}']")).unwrap()).count(),
            1
        );
        assert_eq!(texts(&html, &format!("tr #{name}")), [name]);
    }
    for name in ["index.html", "index.jsonl", ".lock"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_page_has_its_name_only_when_it_is_complete() {
    let directory = TempDir::new();
    let mut folder = Folder::open(directory.path(), Side::Server).unwrap();
    let draw = |name: Name| {
        let page = format!("{name}.html");
        assert!(!directory.names().contains(&page));
        if name.number == 1 {
            directory.write(&page, "another program has taken the name meanwhile");
        }
        page
    };
    let (name, _) = folder.write(draw).unwrap();
    assert_eq!(name.to_string(), "server-2");
    assert_eq!(directory.read("server-2.html"), "server-2.html");
    assert_eq!(directory.names(), ["server-1.html", "server-2.html"]);
}

#[test]
fn programs_that_write_at_the_same_time_share_one_index() {
    let folder = TempDir::new();
    std::thread::scope(|scope| {
        for side in [Side::Server, Side::Client, Side::Server, Side::Client] {
            let path = folder.path();
            scope.spawn(move || {
                let mut program = Program::start(path, side, u64::MAX);
                (0..25).for_each(|_| program.session(&CLEAN));
            });
        }
    });
    let mut rows = texts(&index(&folder), "tbody .pages");
    rows.sort();
    let mut drawn: Vec<String> = pages(&folder).iter().map(|name| name.replace(".html", "")).collect();
    drawn.sort();
    assert_eq!(rows.len(), 100);
    assert_eq!(rows, drawn);
}

#[test]
fn the_limit_removes_the_oldest_pages_of_the_index_and_nothing_else() {
    let folder = TempDir::new();
    folder.write("server-1.html", "a page that no index names");
    folder.write("notes.html", "not a page");
    draw(&folder, u64::MAX, &[&CLEAN; 3]);
    let size = fs::metadata(folder.path().join("server-2.html")).unwrap().len();
    draw(&folder, size * 5 / 2, &[&CLEAN; 2]);
    assert_eq!(pages(&folder), ["notes.html", "server-1.html", "server-5.html", "server-6.html"]);
    assert_eq!(texts(&index(&folder), "tbody .pages"), ["server-6", "server-5"]);
    // The newest page stays, even if it is larger than the limit.
    draw(&folder, 0, &[&CLEAN]);
    assert_eq!(pages(&folder), ["notes.html", "server-1.html", "server-7.html"]);
    assert_eq!(folder.read("server-1.html"), "a page that no index names");
}

#[test]
fn many_removals_do_not_make_the_list_grow() {
    let folder = TempDir::new();
    draw(&folder, 0, &[&CLEAN; 300]);
    let lines = folder.read("index.jsonl").lines().count();
    assert!(lines < 250, "{lines}");
    assert_eq!(texts(&index(&folder), "tbody .pages"), ["server-300"]);
}

/// Each name leads to a file that the list must not remove.
#[test]
fn a_hostile_list_cannot_remove_a_file_that_is_not_a_page() {
    let parent = TempDir::new();
    let victim = parent.write("victim.html", "victim");
    let folder = TempDir::new();
    draw(&folder, u64::MAX, &[&CLEAN]);
    let list = folder.read("index.jsonl");
    let page = list.lines().nth(1).unwrap();
    let mut hostile = list.clone();
    for name in
        ["../victim", victim.to_str().unwrap().trim_end_matches(".html"), "server-1/../victim", "index", ""]
    {
        hostile += &page.replace("server-1", name);
        hostile += "\n";
    }
    hostile += "{\"removed\":\"../victim\"}\n\u{0}\u{1}garbage\n[[[[[[[\n";
    hostile += &page.replace("server-1", "server-8");
    hostile += "\n";
    hostile +=
        &page.replace("\"size\":", "\"size\":18446744073709551615,\"old\":").replace("server-1", "server-9");
    hostile += "\n";
    hostile += &"x".repeat(100_000);
    folder.write("index.jsonl", hostile);
    symlink(&victim, folder.path().join("server-8.html")).unwrap();
    fs::create_dir(folder.path().join("server-9.html")).unwrap();
    draw(&folder, 0, &[&CLEAN]);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "victim");
    assert_eq!(pages(&folder), ["server-10.html", "server-8.html", "server-9.html"]);
    assert_eq!(texts(&index(&folder), "tbody .pages"), ["server-10"]);
}

#[test]
fn the_text_of_a_hostile_list_is_escaped() {
    let folder = TempDir::new();
    draw(&folder, u64::MAX, &[&CLEAN]);
    let list = folder.read("index.jsonl");
    folder.write("index.jsonl", list.replace("closed cleanly", "<script>alert(1)</script>"));
    draw(&folder, u64::MAX, &[&CLEAN]);
    let html = index(&folder);
    assert_eq!(texts(&html, "script").len(), 0);
    assert!(texts(&html, ".why").iter().any(|why| why.contains("<script>")));
}

/// Makes something at a path.
type Make<'a> = &'a dyn Fn(&Path);

/// Puts something else in the place of a file, and asserts that pages are drawn all the same, and that it stays.
#[test]
fn pages_are_drawn_although_the_index_cannot_be_written() {
    let fifo = |path: &Path| {
        mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    };
    let big = |path: &Path| File::create(path).unwrap().set_len(1 << 30).unwrap();
    let link = |path: &Path| symlink("elsewhere", path).unwrap();
    let directory = |path: &Path| fs::create_dir(path).unwrap();
    let foreign = |path: &Path| fs::write(path, "<!DOCTYPE html><p>My site").unwrap();
    let cases: [(&str, Make); 12] = [
        (".lock", &link),
        (".lock", &directory),
        (".lock", &fifo),
        ("index.jsonl", &link),
        ("index.jsonl", &directory),
        ("index.jsonl", &fifo),
        ("index.jsonl", &big),
        ("index.jsonl", &foreign),
        ("index.html", &link),
        ("index.html", &directory),
        ("index.html", &fifo),
        ("index.html", &foreign),
    ];
    for (name, make) in cases {
        let folder = TempDir::new();
        let path = folder.path().join(name);
        make(&path);
        let before = fs::symlink_metadata(&path).unwrap();
        draw(&folder, 0, &[&CLEAN, &CLEAN]);
        let after = fs::symlink_metadata(&path).unwrap();
        assert_eq!((before.file_type(), before.len()), (after.file_type(), after.len()), "{name}");
        assert!(!folder.path().join("elsewhere").exists(), "{name}");
        assert!(folder.path().join("server-2.html").exists(), "{name}");
    }
}

#[test]
fn a_lock_that_is_never_released_does_not_stop_the_program() {
    let folder = TempDir::new();
    draw(&folder, u64::MAX, &[&CLEAN]);
    let lock = File::open(folder.path().join(".lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut program = Program::start(folder.path(), Side::Server, u64::MAX);
    (0..50).for_each(|_| program.session(&CLEAN));
    drop(program);
    assert_eq!(pages(&folder).len(), 51);
    assert_eq!(texts(&index(&folder), "tbody .pages").len(), 1);
    // A page waits in memory until the lock is free.
    let mut program = Program::start(folder.path(), Side::Server, u64::MAX);
    program.session(&CLEAN);
    drop(lock);
    drop(program);
    assert_eq!(texts(&index(&folder), "tbody .pages"), ["server-52", "server-1"]);
}
