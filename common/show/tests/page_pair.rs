//! The page with both ends of a session, drawn from sessions in memory, and from changed data.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support {
    pub mod memory;
    pub mod pair;
}

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Instant, SystemTime};

use program::ending::Endings;
use rustls::Side;
use scraper::{ElementRef, Html, Selector};
use show::page::{Clock, Folder, Illustrator, Size};
use show::sink::Sink as _;
use support::memory::{Setup, Talk};
use support::pair::draw_setup;
use testing::configs::Shape;
use testing::folder::TempDir;
use tls_session::observer::Step;

/// Runs a short session. `meddle` is called when the client's program has ended.
fn draw(folder: &TempDir, times: usize, meddle: impl FnOnce()) {
    draw_talk(folder, Talk::new(b"hello", times), meddle);
}

/// Runs a session in which the client sends one large message.
fn draw_bulk(folder: &TempDir, meddle: impl FnOnce()) {
    draw_talk(folder, Talk::new(&vec![b'x'; 100_000], 1), meddle);
}

fn draw_talk(folder: &TempDir, talk: Talk, meddle: impl FnOnce()) {
    draw_setup(folder, Setup::new(), talk, meddle);
}

/// Changes the data of the client's page.
fn change(folder: &TempDir, change: impl FnOnce(&mut serde_json::Value)) {
    let mut data = serde_json::from_str(&folder.read("client-1.json")).unwrap();
    change(&mut data);
    folder.write("client-1.json", data.to_string());
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
    assert_eq!(count(&html, ".slant:not(.thin)"), count(&html, ".chip-row"));
    assert_eq!(count(&html, ".arrival:not(.tcp)"), count(&html, ".chip-row"), "each record arrived");
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
fn a_record_with_text_shows_its_beginning() {
    let previews = |talk: Talk, with_client: bool| {
        let folder = TempDir::new();
        draw_talk(&folder, talk, || {
            change(&folder, |data| {
                let moments = data["moments"].as_array_mut().unwrap().iter_mut();
                let records = moments.filter_map(|moment| moment.get_mut("record")?.as_object_mut());
                records.filter(|_| !with_client).for_each(|record| drop(record.remove("preview")));
            });
        });
        let html = pair(&folder, "pair-1.html");
        assert_eq!(texts(&html, ".secret strong"), ["This page has decrypted data."]);
        texts(&html, ".chip-row.data .preview")
    };
    // One end that knows the text is enough.
    for with_client in [true, false] {
        let hello = Talk::new(b"hello", 1).greeted(b"welcome!\n");
        assert_eq!(previews(hello, with_client), ["“hello”", "“welcome!\\n”", "“hello”"]);
    }
    let long = format!("“{}”…", "<".repeat(24));
    assert_eq!(previews(Talk::new(&[b'<'; 100], 1), true), [long.clone(), long]);
    assert_eq!(previews(Talk::new(b"\x1b[31mred", 1), true), [""; 0]);
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
    let arrows: Vec<ElementRef<'_>> = html.select(&Selector::parse(".slant").unwrap()).collect();
    assert!(arrows.len() > 40, "{}", arrows.len());
    for arrow in arrows {
        let place = arrow.value().classes().find(|class| class[1..].parse::<u32>().is_ok()).unwrap();
        let (first, last) = rows(place);
        assert!(first + 1 < last, "it ends in another row than it begins in");
    }
    let times = texts(&html, ".steps.client time");
    assert!(times.first().unwrap() < times.last().unwrap(), "{times:?}");
}

#[test]
fn equal_records_share_one_arrow_and_one_with_a_fault_has_its_own() {
    let sent = |html: &Html| texts(html, ".chip-row.data.from-client .titles");
    let folder = TempDir::new();
    draw_bulk(&folder, || {});
    let html = pair(&folder, "pair-1.html");
    assert_eq!(sent(&html), ["6 × Application data, 16 384 B", "Application data, 1 696 B"]);
    assert_eq!(count(&html, ".stack .preview"), 0);
    assert_eq!(count(&html, ".slant:not(.thin)"), count(&html, ".arrival:not(.tcp)"));
    assert_eq!(count(&html, ".fate"), 0);
    let stack = html.select(&Selector::parse(".from-client a.stack").unwrap()).next().unwrap();
    let (page, first) = stack.attr("href").unwrap().split_once('#').unwrap();
    assert!(folder.read(page).contains(&format!("id=\"{first}\"")), "{page} {first}");

    let folder = TempDir::new();
    draw_bulk(&folder, || {
        change(&folder, |data| {
            let moments = data["moments"].as_array_mut().unwrap().iter_mut();
            let records = moments.filter_map(|moment| moment.get_mut("record"));
            let mut bulk =
                records.filter(|record| record["from_client"] == true && record["length"] == 16_406);
            bulk.nth(2).unwrap()["digest"] = "0".into();
        });
    });
    let html = pair(&folder, "pair-1.html");
    let [one, other, two] = &sent(&html)[..3] else { panic!() };
    let size = "Application data, 16 384 B";
    assert_eq!([one, other, two], [&format!("2 × {size}"), size, &format!("3 × {size}")]);
    assert_eq!((count(&html, ".slant.changed"), count(&html, ".arrival .fate")), (1, 1));
}

#[test]
fn quiet_steps_in_a_row_are_one_sum_that_opens() {
    let folder = TempDir::new();
    draw_bulk(&folder, || {});
    let html = pair(&folder, "pair-1.html");
    // The server has received 32 768 bytes. The handshake ends with its first `read_tls`.
    let sum = texts(&html, ".steps.server:has(details) > ul > li").remove(0);
    assert_eq!(sum, "·read_tls 5 times, 28 672 B");
    let steps = texts(&html, ".steps.server .step");
    assert_eq!(steps.iter().take(5).filter(|step| step.contains("read_tls")).count(), 5, "{steps:?}");
    let summed = texts(&html, ".step").concat();
    assert!(!summed.contains("phase") && !summed.contains("peer has closed"), "{summed}");
}

/// The data of version 2 has the number of bytes only in the text of a call.
#[test]
fn a_sum_has_bytes_only_if_the_data_has_them_as_numbers() {
    let folder = TempDir::new();
    draw_bulk(&folder, || {
        change(&folder, |data| {
            for moment in data["moments"].as_array_mut().unwrap() {
                for place in ["/call", "/carry/call"] {
                    if let Some(call) = moment.pointer_mut(place) {
                        call.as_object_mut().unwrap().remove("bytes");
                    }
                }
            }
        });
    });
    let sums = texts(&pair(&folder, "pair-1.html"), ".steps.client:has(details) > ul > li");
    assert!(sums.contains(&"·read_tls 4 times".to_owned()), "{sums:?}");
    assert!(sums.iter().all(|sum| !sum.contains(" B")), "{sums:?}");
}

#[test]
fn the_connection_and_the_fins_are_thin_arrows_from_their_senders() {
    let folder = TempDir::new();
    draw(&folder, 1, || {});
    let connected = "TCP connected SYN, SYN-ACK, ACK";
    let first =
        "from the server: FIN half-closed: the client has sent close_notify, so only its FIN may follow";
    let last = "from the client: FIN both directions are closed";
    let html = pair(&folder, "pair-1.html");
    assert_eq!(texts(&html, ".tcp"), [connected, first, last]);
    assert_eq!(count(&html, ".slant.thin"), 0, "neither end has read the FIN of the other end");

    // The client reads the FIN of the server, after it was sent.
    let folder = TempDir::new();
    draw(&folder, 1, || {
        change(&folder, |data| {
            let moments = data["moments"].as_array_mut().unwrap();
            let recv = serde_json::json!({"tone": "in", "verb": "recv", "details": "0 B, end-of-file"});
            let fin = serde_json::json!({"fin": {"sender": "server"}});
            moments.push(serde_json::json!({"call": recv}));
            moments.push(serde_json::json!({"segment": {"at_ns": 0, "segment": fin}}));
        });
    });
    let html = pair(&folder, "pair-1.html");
    assert_eq!(count(&html, ".slant.thin.from-server.written.read"), 1);
    assert_eq!(count(&html, ".arrival.tcp.from-server"), 1);
    assert!(texts(&html, ".tcp").contains(&first.to_owned()));
}

/// Version 1 has no segments, and version 2 does not say which records close a direction.
#[test]
fn data_of_earlier_versions_makes_a_pair_that_says_less() {
    for version in [1, 2] {
        let folder = TempDir::new();
        draw(&folder, 1, || {
            change(&folder, |data| {
                data["version"] = version.into();
                let moments = data["moments"].as_array_mut().unwrap();
                moments.retain(|moment| version > 1 || moment.get("segment").is_none());
                for record in moments.iter_mut().filter_map(|moment| moment.get_mut("record")) {
                    record.as_object_mut().unwrap().remove("closure").unwrap();
                }
            });
        });
        let fins = texts(&pair(&folder, "pair-1.html"), ".tcp.lone");
        let not_known = "half-closed: it is not known whether the client has sent close_notify";
        assert_eq!(fins[0], format!("from the server: FIN {not_known}"));
        assert_eq!(fins.len(), version);
    }
}

/// Lines of earlier programs do not have the choices. Their rows say less.
#[test]
fn a_refused_session_has_the_choices_of_its_server_in_the_pair_and_in_the_index() {
    let shape = Shape { distrust: true, ..Shape::default() };
    let draw = |folder: &TempDir| draw_setup(folder, Setup::shaped(&shape), Talk::new(b"hello", 1), || {});
    let folder = TempDir::new();
    draw(&folder);
    let tile = texts(&pair(&folder, "pair-1.html"), ".tiles div:first-child > *");
    assert_eq!(tile, ["version, chosen by the server", "TLS 1.3"]);
    let chosen = "TLS 1.3 TLS_AES_256_GCM_SHA384 chosen, not agreed";
    assert_eq!(texts(&pair(&folder, "index.html"), "td.agreed"), [chosen]);

    let mut lines = folder.read("index.jsonl");
    while let Some((before, after)) = lines.split_once(r#","chosen":{"#) {
        lines = format!("{before}{}", after.split_once('}').unwrap().1);
    }
    folder.write("index.jsonl", lines);
    draw(&folder);
    assert_eq!(texts(&pair(&folder, "index.html"), "td.agreed"), [chosen, "nothing"]);
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
            let text = folder.read("client-1.json").replacen("\"version\":3,", "\"version\":4,", 1);
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
        change(&folder, |data| {
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
                record["record"]["preview"] = "<script>".into();
                moments.push(record);
            }
            for _ in 0..5 {
                let call =
                    serde_json::json!({"tone": "in", "verb": "recv", "details": "", "bytes": u64::MAX});
                moments.push(serde_json::json!({"carry": {"at_ns": 1, "call": call}}));
            }
            let took = serde_json::json!({"connected": {"secs": u64::MAX, "nanos": 999_999_999}});
            let fin = serde_json::json!({"fin": {"sender": "server"}});
            for segment in [took, fin.clone(), serde_json::json!({"reset": "client"}), fin] {
                moments.push(serde_json::json!({"segment": {"at_ns": u64::MAX, "segment": segment}}));
            }
            let turn = serde_json::json!({"turn": {"at_ns": 7, "woke": null}});
            moments.extend(std::iter::repeat_n(turn, 20_000));
        });
    });
    let html = pair(&folder, "pair-1.html");
    assert_eq!(count(&html, "script"), 0);
    assert!(texts(&html, ".steps code").contains(&"<script>".to_owned()));
    let all = texts(&html, ".steps.client > ul > li");
    assert!(all.contains(&"←recv 4 times, 18 446 744 073 709 551 615 B".to_owned()), "{all:?}");
    assert!(folder.read("pair-1.html").len() < 200_000);
}

/// Each copy would have the text of the last one.
#[test]
fn a_record_that_changed_data_has_many_times_is_drawn_once() {
    let folder = TempDir::new();
    draw(&folder, 1, || {
        change(&folder, |data| {
            let moments = data["moments"].as_array_mut().unwrap();
            let is_read = |moment: &&serde_json::Value| moment["record"]["from_client"] == false;
            let record = moments.iter().find(is_read).unwrap().clone();
            let mut long = record.clone();
            long["record"]["titles"] = vec!["x".repeat(10_000)].into();
            moments.extend(std::iter::repeat_n(record, 400).chain([long]));
        });
    });
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
        change(&folder, |data| data["clock"]["boot"] = "another host".into());
    });
    let html = pair(&folder, "pair-1.html");
    assert!(texts(&html, ".lead").iter().any(|lead| lead.contains("did not run on one host")));
    assert_eq!(count(&html, ".arrival:not(.tcp)"), count(&html, ".chip-row"));
}

#[test]
fn other_bytes_at_the_other_end_are_named() {
    let folder = TempDir::new();
    draw(&folder, 1, || {
        change(&folder, |data| {
            let moments = data["moments"].as_array_mut().unwrap();
            let record = moments.iter_mut().find_map(|moment| moment.get_mut("record")).unwrap();
            let head = record["head"].as_str().unwrap().to_owned();
            record["head"] = format!("{}ff{}", &head[..20], &head[22..]).into();
            record["digest"] = "0".into();
        });
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
