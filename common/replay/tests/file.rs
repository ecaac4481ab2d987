//! Reads capture files: all forms, and damaged ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod frames;
}

use std::time::Duration;

use pcap_file::{DataLink, Endianness};
use proptest::prelude::*;
use replay::file::{FileError, Item, PassedOver, Reader};
use replay::packet::{NoSegment, segment};
use rustls::Side;
use support::frames::{CLIENT_PORT, PcapNg, SERVER_PORT, Tcp, pcap, with_link};

/// A packet: its time, its link and its bytes; or a key log.
#[derive(Debug, PartialEq, Eq)]
enum Owned {
    Packet(Duration, u16, Vec<u8>, u32),
    KeyLog(Vec<u8>),
    PassedOver(PassedOver),
}

fn read(file: &[u8]) -> (Vec<Owned>, Option<FileError>) {
    let mut items = Vec::new();
    let mut reader = match Reader::new(file) {
        Ok(reader) => reader,
        Err(error) => return (items, Some(error)),
    };
    loop {
        match reader.next_item() {
            Ok(Some(Item::Packet(packet))) => {
                items.push(Owned::Packet(packet.time, packet.link, packet.data.to_vec(), packet.length));
            }
            Ok(Some(Item::KeyLog(text))) => items.push(Owned::KeyLog(text.to_vec())),
            Ok(Some(Item::PassedOver(reason))) => items.push(Owned::PassedOver(reason)),
            Ok(None) => return (items, None),
            Err(error) => return (items, Some(error)),
        }
    }
}

fn tcp(payload: &[u8]) -> Tcp {
    Tcp { sender: Side::Client, sequence: 7, flags: "A", payload: payload.to_vec() }
}

/// A file with everything that the reader knows.
fn everything() -> Vec<u8> {
    let mut file = PcapNg::new(Endianness::Little);
    file.interface(DataLink::ETHERNET, None)
        .interface(DataLink::RAW, Some(9))
        .key_log("A B C\n")
        .block(4, &[0; 8]) // names
        .packet(0, 1_500_000, &tcp(b"one").ipv4(), 100)
        .packet(1, 1_500_000_000, &tcp(b"two").ipv6(), 100)
        .block(3, &[&3_u32.to_le_bytes()[..], b"raw\0"].concat());
    file.bytes()
}

#[test]
fn all_forms_of_pcap_are_read() {
    let packets = [tcp(b"one"), tcp(b"two")];
    let frames = packets.each_ref().map(|packet| with_link(DataLink::ETHERNET, &packet.ipv4()));
    for (magic, nanoseconds) in [
        ([0xd4, 0xc3, 0xb2, 0xa1], 250_000),
        ([0xa1, 0xb2, 0xc3, 0xd4], 250_000),
        ([0x4d, 0x3c, 0xb2, 0xa1], 250),
        ([0xa1, 0xb2, 0x3c, 0x4d], 250),
        ([0x34, 0xcd, 0xb2, 0xa1], 250_000),
    ] {
        let expected = |second: usize| {
            let (time, frame) = (Duration::new(second as u64, nanoseconds), &frames[second - 1]);
            Owned::Packet(time, 1, frame.clone(), frame.len() as u32)
        };
        let (items, error) = read(&pcap(magic, &packets));
        assert_eq!(items, [expected(1), expected(2)], "{magic:x?}");
        assert!(error.is_none(), "{error:?}");
    }
}

#[test]
fn interfaces_have_their_own_links_and_units_of_time() {
    let (items, error) = read(&everything());
    assert!(error.is_none(), "{error:?}");
    let [secrets, Owned::Packet(first, 1, _, 100), Owned::Packet(second, 101, _, 100), simple] = &items[..]
    else {
        panic!("{items:?}")
    };
    assert_eq!(*secrets, Owned::KeyLog(b"A B C\n".to_vec()));
    assert_eq!([*first, *second], [Duration::from_millis(1500); 2]);
    assert_eq!(
        *simple,
        Owned::Packet(*second, 1, b"raw".to_vec(), 3),
        "a simple packet has no time of its own"
    );
}

#[test]
fn decimal_and_binary_units_of_time_are_converted() {
    for (resolution, units, time) in [
        (0, 3, Duration::from_secs(3)),
        (3, 1500, Duration::from_millis(1500)),
        (12, 1_000_000_000_000, Duration::from_secs(1)),
        (127, u64::MAX, Duration::ZERO),
        (0x80 | 1, 3, Duration::from_millis(1500)),
        (0x80 | 20, 1 << 19, Duration::from_millis(500)),
        (0xff, u64::MAX, Duration::ZERO),
        (0, u64::MAX, Duration::from_secs(253_402_300_799)),
    ] {
        let mut file = PcapNg::new(Endianness::Big);
        file.interface(DataLink::RAW, Some(resolution)).packet(0, units, &tcp(b"").ipv4(), 40);
        let (items, _) = read(&file.bytes());
        let [Owned::Packet(read, ..)] = &items[..] else { panic!("{items:?}") };
        assert_eq!(*read, time, "{resolution:#x}");
    }
}

#[test]
fn the_byte_order_can_change_with_a_section() {
    let mut little = PcapNg::new(Endianness::Little);
    let mut big = PcapNg::new(Endianness::Big);
    little.interface(DataLink::ETHERNET, None).packet(0, 1, &tcp(b"").ipv4(), 40);
    big.interface(DataLink::RAW, None).packet(0, 2, &tcp(b"").ipv4(), 40);
    let (items, error) = read(&[little.bytes(), big.bytes(), little.bytes()].concat());
    assert!(error.is_none(), "{error:?}");
    let times = items.iter().map(|item| match item {
        Owned::Packet(time, link, ..) => (time.as_micros(), *link),
        other => panic!("{other:?}"),
    });
    assert_eq!(times.collect::<Vec<_>>(), [(1, 1), (2, 101), (1, 1)]);
}

#[test]
fn every_link_leads_to_the_segment() {
    use DataLink as L;
    for link in [L::ETHERNET, L::RAW, L::LINUX_SLL, L::LINUX_SLL2, L::NULL, L::LOOP, L::IPV4] {
        for packet in [tcp(b"payload").ipv4(), tcp(b"payload").ipv6()] {
            let mut data = with_link(link, &packet);
            data.extend([0; 6]); // the padding of a short Ethernet frame
            let link = u32::from(link) as u16;
            let packet = replay::file::Packet { time: Duration::ZERO, link, data: &data, length: 0 };
            let segment = segment(&packet).unwrap();
            assert_eq!((segment.payload, segment.cut), (&b"payload"[..], 0), "{link}");
            assert_eq!((segment.from.port(), segment.to.port()), (CLIENT_PORT, SERVER_PORT));
        }
    }
}

#[test]
fn vlan_tags_are_passed_over_and_a_cut_is_measured() {
    let mut frame = with_link(DataLink::ETHERNET, &tcp(b"payload").ipv4());
    frame.splice(12..12, [0x88, 0xa8, 0, 1, 0x81, 0, 0, 2]);
    let packet = |data| replay::file::Packet { time: Duration::ZERO, link: 1, data, length: 0 };
    assert_eq!(segment(&packet(&frame)).unwrap().payload, b"payload");
    let cut = segment(&packet(&frame[..frame.len() - 4])).unwrap();
    assert_eq!((cut.payload, cut.cut), (&b"pay"[..], 4));
    for length in 0..frame.len() - 7 {
        assert!(segment(&packet(&frame[..length])).is_err(), "{length}");
    }
}

#[test]
fn packets_without_a_segment_say_why() {
    let mut fragment = tcp(b"payload").ipv4();
    fragment[6] = 0x20; // more fragments
    let arp = [&[2; 12], &[8, 6][..], &[0; 28]].concat();
    let mut udp = tcp(b"payload").ipv4();
    udp[9] = 17;
    let packet = |link, data| replay::file::Packet { time: Duration::ZERO, link, data, length: 0 };
    assert_eq!(segment(&packet(101, &fragment)), Err(NoSegment::Fragment));
    assert_eq!(segment(&packet(101, &udp)), Err(NoSegment::OtherProtocol));
    assert_eq!(segment(&packet(1, &arp)), Err(NoSegment::OtherProtocol));
    assert_eq!(segment(&packet(147, &udp)), Err(NoSegment::UnknownLink(147)));
    assert_eq!(segment(&packet(101, b"")), Err(NoSegment::Malformed));
}

#[test]
fn other_files_are_refused_with_a_hint() {
    for (file, hint) in [
        (&b""[..], "it is not a pcap or pcapng file"),
        (b"abc", "it is not a pcap or pcapng file"),
        (b"\x1f\x8b\x08\x00", "it is compressed"),
        (b"CLIENT_RANDOM 00 00\n", "a key log belongs to --key-log"),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0abcd", "no byte order"),
    ] {
        let (items, error) = read(file);
        assert!(items.is_empty() && error.unwrap().to_string().contains(hint), "{hint}");
    }
}

#[test]
fn a_file_that_is_cut_anywhere_has_its_complete_part() {
    for whole in [everything(), pcap([0xd4, 0xc3, 0xb2, 0xa1], &[tcp(b"one"), tcp(b"two")])] {
        let (all, _) = read(&whole);
        for length in 0..whole.len() {
            let (items, error) = read(&whole[..length]);
            assert!(all.starts_with(&items), "{length}");
            let is_between_blocks = error.is_none();
            assert!(
                is_between_blocks
                    || matches!(error, Some(FileError::Truncated(_) | FileError::NotACapture(_)))
            );
        }
    }
}

#[test]
fn packets_of_an_unknown_interface_are_passed_over() {
    let mut second = PcapNg::new(Endianness::Little);
    second.block(3, &[&3_u32.to_le_bytes()[..], b"raw\0"].concat()).interface(DataLink::RAW, None);
    second.packet(0, 1, &tcp(b"").ipv4(), 40);
    let mut second = second.bytes();
    let interface = second.len() - 72 + 8;
    let whole = second.clone();
    second[interface] = 1;
    let (items, error) = read(&[second, whole].concat());
    assert!(error.is_none(), "{error:?}");
    let unknown = Owned::PassedOver(PassedOver::UnknownInterface);
    let [simple, enhanced, again, Owned::Packet(..)] = &items[..] else { panic!("{items:?}") };
    assert_eq!([simple, enhanced, again], [&unknown; 3]);
}

#[test]
fn long_secrets_are_passed_over_and_a_long_packet_is_named() {
    let mut file = PcapNg::new(Endianness::Little);
    file.interface(DataLink::RAW, None).key_log(&"#".repeat(16 << 20)).packet(0, 1, &tcp(b"").ipv4(), 40);
    let (items, error) = read(&file.bytes());
    assert!(error.is_none(), "{error:?}");
    assert!(
        matches!(items[..], [Owned::PassedOver(PassedOver::LongSecrets), Owned::Packet(..)]),
        "the secrets, and the packet after them"
    );
    let mut file = PcapNg::new(Endianness::Little);
    file.block(6, &vec![0; 17 << 20]);
    let error = read(&file.bytes()).1.map(|error| error.to_string());
    assert!(error.unwrap_or_default().contains("a packet block of more than 16 MiB"));
}

#[test]
fn the_length_of_a_section_header_is_checked() {
    let file = everything();
    for (at, value) in [(4, 24), (4, 29), (4, 16), (24, 32)] {
        let mut damaged = file.clone();
        damaged[at..][..4].copy_from_slice(&u32::to_le_bytes(value));
        let (items, error) = read(&damaged);
        assert!(items.is_empty(), "{at} {value}");
        assert!(matches!(error, Some(FileError::Malformed { at: 0, .. })), "{at} {value} {error:?}");
    }
}

/// A length decides nothing before its bytes are there.
#[test]
fn lengths_that_lie_are_errors() {
    let mut lying = pcap([0xd4, 0xc3, 0xb2, 0xa1], &[tcp(b"one")]);
    lying[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(read(&lying).1, Some(FileError::Malformed { at: 24, .. })));
    lying[32..36].copy_from_slice(&(16_u32 << 20).to_le_bytes());
    assert!(matches!(read(&lying).1, Some(FileError::Truncated(24))));

    let mut file = PcapNg::new(Endianness::Little);
    file.interface(DataLink::RAW, None).packet(0, 1, &tcp(b"").ipv4(), 40);
    let file = file.bytes();
    let block = file.len() - 72; // header 28, packet 40, trailer 4
    for (at, value) in [(4, u32::MAX), (4, 8), (4, 13), (20, 41), (20, u32::MAX), (68, 60)] {
        let mut damaged = file.clone();
        damaged[block + at..][..4].copy_from_slice(&value.to_le_bytes());
        let error = read(&damaged).1;
        assert!(error.is_some(), "{at} {value}");
    }
}

proptest! {
    #[test]
    fn damaged_files_are_read_without_a_panic(changes in prop::collection::vec((any::<u16>(), any::<u8>()), 1..20)) {
        let mut file = everything();
        for (at, value) in changes {
            let at = usize::from(at) % file.len();
            file[at] = value;
        }
        for item in read(&file).0 {
            if let Owned::Packet(time, link, data, length) = item {
                let packet = replay::file::Packet { time, link, data: &data, length };
                if let Ok(segment) = segment(&packet) {
                    prop_assert!(segment.payload.len() + segment.cut <= 1 << 16);
                }
            }
        }
    }
}
