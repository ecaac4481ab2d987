//! The page with both ends of a session, drawn from sessions in memory, and from data that somebody has changed.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support {
    pub mod memory;
}

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use decode::secrets::Secrets;
use program::ending::Endings;
use rustls::Side;
use scraper::{ElementRef, Html, Selector};
use show::page::{Clock, Folder, Illustrator, Size};
use show::show::Show;
use show::sink::Sink;
use support::memory::{Setup, Talk};
use testing::folder::TempDir;
use tls_session::observer::{SessionId, Step};

type End = Show<Vec<Box<dyn Sink>>>;

/// Runs a session of two programs that draw into one folder. `meddle` is called when the client's program has ended.
fn draw(folder: &TempDir, times: usize, meddle: impl FnOnce()) {
    let start = Instant::now();
    let end = |local| -> (End, Arc<Secrets>) {
        let clock = Clock { instant: start, utc: SystemTime::now() };
        let pages = Folder::open(folder.path(), local).unwrap();
        let page = Illustrator::new(Endings::of(local), clock, pages, Size::default()).unwrap();
        let secrets = Arc::<Secrets>::default();
        (Show::new(local, Arc::clone(&secrets), vec![Box::new(page) as Box<dyn Sink>]), secrets)
    };
    let (mut client, client_secrets) = end(Side::Client);
    let setup = Setup::new().adjusted(|client, _| client.key_log = client_secrets);
    // The server's page is written second, when its program ends.
    let (mut server, server_secrets) = end(Side::Server);
    let setup = setup.adjusted(|_, server| server.key_log = server_secrets);
    setup.converse(1 << 20, Talk::new(b"hello", times), start, &mut client, &mut Held(&mut server));
    drop(client);
    meddle();
    drop(server);
}

/// Hears everything except the end of the session, so that the page is drawn when the program ends.
struct Held<'a>(&'a mut End);

impl tls_session::observer::Observer for Held<'_> {
    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        if !matches!(step, Step::Closed { .. }) {
            self.0.step(now, id, step);
        }
    }
}

impl program::observer::Observer for Held<'_> {
    fn event_loop(&mut self, now: Instant, event: &program::observer::LoopEvent<'_>) {
        self.0.event_loop(now, event);
    }
}

fn pair(folder: &TempDir, name: &str) -> Html {
    let html = Html::parse_document(&folder.read(name));
    assert!(html.errors.is_empty(), "{:?}", html.errors);
    html
}

fn texts(html: &Html, selector: &str) -> Vec<String> {
    let text = |element: ElementRef<'_>| element.text().collect::<String>();
    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    html.select(&Selector::parse(selector).unwrap()).map(text).map(words).collect()
}

fn count(html: &Html, selector: &str) -> usize {
    html.select(&Selector::parse(selector).unwrap()).count()
}

fn pairs(folder: &TempDir) -> Vec<String> {
    let mut names = folder.names();
    names.retain(|name| name.starts_with("pair-"));
    names
}

#[test]
fn each_record_is_one_arrow_from_its_write_to_its_read() {
    let folder = TempDir::new();
    draw(&folder, 1, || {});
    let html = pair(&folder, "pair-1.html");
    let from_client = texts(&html, ".chip-row.from-client .titles");
    assert_eq!(from_client.first().unwrap(), "ClientHello");
    assert!(from_client.contains(&"Application data, 5 B".to_owned()), "{from_client:?}");
    assert_eq!(count(&html, ".slant"), count(&html, ".chip-row"));
    assert_eq!(count(&html, ".arrival"), count(&html, ".chip-row"), "each record arrived");
    assert_eq!(count(&html, ".stub, .changed, .fate"), 0);
    assert!(texts(&html, ".lead").iter().any(|lead| lead.starts_with("Both programs ran on one host.")));
    // Each link leads to a record on the page of an end.
    for link in html.select(&Selector::parse("a.chip, .arrival a").unwrap()) {
        let (page, record) = link.attr("href").unwrap().split_once('#').unwrap();
        assert!(folder.read(page).contains(&format!("id=\"{record}\"")), "{page} {record}");
    }
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode("pair-1.html"), mode("client-1.json"), mode("server-1.json")], [0o600; 3]);
}

#[test]
fn times_never_decrease_and_no_record_is_read_before_it_is_written() {
    let folder = TempDir::new();
    draw(&folder, 20, || {});
    let page = folder.read("pair-1.html");
    let html = pair(&folder, "pair-1.html");
    // The rules of the style sheet give each arrow its rows.
    let rows = |class: &str| {
        let (_, rule) = page.split_once(&format!(".{class}{{--s:")).unwrap();
        let (first, rest) = rule.split_once(";--e:").unwrap();
        let (last, _) = rest.split_once('}').unwrap();
        (first.parse::<u32>().unwrap(), last.parse::<u32>().unwrap())
    };
    let arrows = count(&html, ".slant");
    assert!(arrows > 40, "{arrows}");
    for arrow in 0..arrows {
        let (first, last) = rows(&format!("a{arrow}"));
        assert!(first + 1 < last, "it ends in another row than it begins in");
    }
    let times = texts(&html, ".steps.client time");
    assert!(times.first().unwrap() < times.last().unwrap(), "{times:?}");
}

#[test]
fn a_long_session_says_what_its_pages_leave_out() {
    let folder = TempDir::new();
    draw(&folder, 600, || {});
    let html = pair(&folder, "pair-1.html");
    assert_eq!(count(&html, ".left-out"), 2, "once for each end");
    assert_eq!(texts(&html, ".fate:not(.quiet)"), [] as [&str; 0]);
    assert!(folder.read("pair-1.html").len() < 1_000_000);
}

#[test]
fn data_that_was_changed_or_is_foreign_makes_no_pair_and_no_panic() {
    let meddlers: [&dyn Fn(&TempDir); 9] = [
        &|folder| drop(folder.write("client-1.json", "")),
        &|folder| drop(folder.write("client-1.json", "{\"version\":1}")),
        &|folder| drop(folder.write("client-1.json", "[".repeat(1_000_000))),
        &|folder| drop(folder.write("client-1.json", vec![0xff; 5_000_000])),
        &|folder| {
            let text = folder.read("client-1.json");
            folder.write("client-1.json", &text[..text.len() / 2]);
        },
        &|folder| {
            let text = folder.read("client-1.json").replacen("\"version\":1,", "\"version\":2,", 1);
            folder.write("client-1.json", text);
        },
        &|folder| {
            let text = folder.read("client-1.json").replace("\"client-1\"", "\"client-2\"");
            folder.write("client-1.json", text);
        },
        &|folder| fs::remove_file(folder.path().join("client-1.json")).unwrap(),
        &|folder| {
            fs::rename(folder.path().join("client-1.json"), folder.path().join("elsewhere")).unwrap();
            symlink("elsewhere", folder.path().join("client-1.json")).unwrap();
        },
    ];
    for meddle in meddlers {
        let folder = TempDir::new();
        draw(&folder, 1, || meddle(&folder));
        assert_eq!(pairs(&folder), [] as [&str; 0]);
        let index = Html::parse_document(&folder.read("index.html"));
        assert_eq!(count(&index, "tbody tr"), 2, "each end has its row");
        assert!(folder.path().join("server-1.html").exists());
    }
}

#[test]
fn numbers_and_texts_in_changed_data_are_bounded_and_escaped() {
    let folder = TempDir::new();
    draw(&folder, 1, || {
        let text = folder.read("client-1.json");
        let mut data: serde_json::Value = serde_json::from_str(&text).unwrap();
        data["clock"]["since_boot_ns"] = u64::MAX.into();
        data["records"] = vec![u64::MAX, 0].into();
        let moments = data["moments"].as_array_mut().unwrap();
        let call = serde_json::json!({"tone": "in", "verb": "<script>", "details": "</style><script>"});
        moments.push(serde_json::json!({"carry": {"at_ns": u64::MAX, "call": call}}));
        let record = moments.iter().find(|moment| moment.get("record").is_some()).unwrap().clone();
        for number in [0, 5, u64::MAX] {
            let mut record = record.clone();
            record["record"]["number"] = number.into();
            record["record"]["place"] = u64::MAX.into();
            record["record"]["head"] = "é".into();
            record["record"]["digest"] = "no".into();
            record["record"]["titles"] = vec!["<b>"].into();
            moments.push(record);
        }
        let turn = serde_json::json!({"turn": {"at_ns": 7, "woke": null}});
        moments.extend(std::iter::repeat_n(turn, 20_000));
        folder.write("client-1.json", data.to_string());
    });
    let html = pair(&folder, "pair-1.html");
    assert_eq!(count(&html, "script"), 0);
    assert!(texts(&html, ".steps code").contains(&"<script>".to_owned()));
    assert!(folder.read("pair-1.html").len() < 200_000);
}

#[test]
fn an_occupied_name_is_not_used() {
    let folder = TempDir::new();
    fs::create_dir(folder.path().join("pair-1.html")).unwrap();
    symlink("elsewhere", folder.path().join("pair-2.html")).unwrap();
    folder.write("client-1.json", "not ours");
    draw(&folder, 1, || {});
    assert_eq!(pairs(&folder), ["pair-1.html", "pair-2.html", "pair-3.html"]);
    assert!(folder.path().join("client-2.html").exists(), "client-1.json is taken");
    assert_eq!(folder.read("client-1.json"), "not ours");
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn ends_on_two_hosts_are_compared_by_their_times_of_day() {
    let folder = TempDir::new();
    draw(&folder, 1, || {
        let mut data: serde_json::Value = serde_json::from_str(&folder.read("client-1.json")).unwrap();
        data["clock"]["boot"] = "another host".into();
        folder.write("client-1.json", data.to_string());
    });
    let html = pair(&folder, "pair-1.html");
    assert!(texts(&html, ".lead").iter().any(|lead| lead.contains("did not run on one host")));
    assert_eq!(count(&html, ".arrival"), count(&html, ".chip-row"));
}

#[test]
fn other_bytes_at_the_other_end_are_named() {
    let folder = TempDir::new();
    draw(&folder, 1, || {
        let mut data: serde_json::Value = serde_json::from_str(&folder.read("client-1.json")).unwrap();
        let moments = data["moments"].as_array_mut().unwrap();
        let record = moments.iter_mut().find_map(|moment| moment.get_mut("record")).unwrap();
        let head = record["head"].as_str().unwrap().to_owned();
        record["head"] = format!("{}ff{}", &head[..20], &head[22..]).into();
        record["digest"] = "0".into();
        folder.write("client-1.json", data.to_string());
    });
    let html = pair(&folder, "pair-1.html");
    let [fate] = &texts(&html, ".fate")[..] else { panic!("one record differs") };
    assert!(fate.starts_with("the bytes differ: byte 10 was written as ff and read as "), "{fate}");
    assert_eq!(count(&html, ".slant.changed"), 1);
    assert_eq!(texts(&html, ".outcome.failed strong"), ["The bytes differ."]);
}

#[test]
fn the_limit_removes_the_data_and_the_pair_of_a_page() {
    let folder = TempDir::new();
    draw(&folder, 1, || {});
    let clock = Clock { instant: Instant::now(), utc: SystemTime::now() };
    let pages = Folder::open(folder.path(), Side::Server).unwrap();
    let mut program = Illustrator::new(Endings::of(Side::Server), clock, pages, Size(0)).unwrap();
    let (id, carried) = (support::memory::id(1), show::sink::Carried::default());
    let began = Step::Began { local: id.peer };
    program.step(Instant::now(), id, &began, &carried);
    drop(program);
    let mut names = folder.names();
    names.retain(|name| !name.starts_with('.') && !name.starts_with("index."));
    assert_eq!(names, ["server-2.html", "server-2.json"]);
}
