//! Reads a capture and checks it. It shares no code with the writer.
#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // each test uses a part of it

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use decode::secrets::Secret;
use decode::{Decoder, Record};
use etherparse::{NetHeaders, PacketHeaders, TcpHeader, TransportHeader};
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption;
use pcap_file::pcapng::blocks::section_header::SectionHeaderOption;
use pcap_file::pcapng::{Block, PcapNgParser};
use pcap_file::{DataLink, PcapError};
use rustls::Side;
use testing::from_hex;

/// An item of a file after its first two blocks.
pub enum Item {
    /// The lines of a Decryption Secrets Block.
    Secrets(String),
    Packet(Packet),
}

pub struct Packet {
    pub time: Duration,
    pub comment: Option<String>,
    pub inbound: bool,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub tcp: TcpHeader,
    pub payload: Vec<u8>,
}

/// The contents of a file.
pub struct Capture {
    /// The program that wrote it.
    pub program: String,
    pub items: Vec<Item>,
    /// The number of bytes of an incomplete block at the end.
    pub cut_off: usize,
}

/// The bytes of both directions of a TCP connection, and its end.
#[derive(Debug, Default, PartialEq)]
pub struct Connection {
    /// The comment of its first packet.
    pub comment: String,
    pub received: Vec<u8>,
    pub sent: Vec<u8>,
    pub ended: Ended,
}

#[derive(Debug, Default, PartialEq)]
pub struct Ended {
    pub fin_received: bool,
    pub fin_sent: bool,
    pub reset_received: bool,
}

impl Capture {
    /// Reads a file. Checks its first blocks, and the checksums and the order of the packets.
    pub fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (mut rest, mut parser) = PcapNgParser::new(&bytes).unwrap();
        let program = parser.section().options.iter().find_map(|option| match option {
            SectionHeaderOption::UserApplication(name) => Some(name.to_string()),
            _ => None,
        });
        let mut capture = Self { program: program.unwrap(), items: Vec::new(), cut_off: 0 };
        while !rest.is_empty() {
            match parser.next_block(rest) {
                Ok((behind, block)) => {
                    capture.take(block);
                    rest = behind;
                }
                Err(PcapError::IncompleteBuffer) => {
                    capture.cut_off = rest.len();
                    break;
                }
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
        let [interface] = parser.interfaces() else { panic!("{:?}", parser.interfaces()) };
        assert_eq!(interface.linktype, DataLink::RAW);
        assert!(interface.options.contains(&InterfaceDescriptionOption::IfTsResol(9)));
        assert!(capture.packets().map(|packet| packet.time).is_sorted());
        capture
    }

    fn take(&mut self, block: Block<'_>) {
        match block {
            Block::InterfaceDescription(_) => assert!(self.items.is_empty()),
            Block::EnhancedPacket(packet) => self.items.push(Item::Packet(Packet::parse(&packet))),
            Block::Unknown(block) => {
                assert_eq!((block.type_, &block.value[..4]), (0x0a, &b"KSLT"[..]));
                let length = u32::from_le_bytes(block.value[4..8].try_into().unwrap()) as usize;
                assert!(block.value.len() - 8 - length < 4);
                self.items
                    .push(Item::Secrets(String::from_utf8(block.value[8..][..length].to_vec()).unwrap()));
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn packets(&self) -> impl Iterator<Item = &Packet> {
        self.items.iter().filter_map(|item| match item {
            Item::Packet(packet) => Some(packet),
            Item::Secrets(_) => None,
        })
    }

    /// Returns the lines of all secrets.
    pub fn secrets(&self) -> Vec<&str> {
        let blocks = self.items.iter().filter_map(|item| match item {
            Item::Secrets(lines) => Some(lines),
            Item::Packet(_) => None,
        });
        blocks.flat_map(|lines| lines.lines()).collect()
    }

    /// Returns the client randoms of the sessions, in hexadecimal.
    pub fn client_randoms(&self) -> BTreeSet<String> {
        let mut clients = BTreeSet::new();
        let mut randoms = BTreeSet::new();
        for packet in self.packets().filter(|packet| !packet.payload.is_empty()) {
            let client = if self.is_from_client(packet) { packet.from } else { packet.to };
            if clients.insert(client) && self.is_from_client(packet) {
                randoms.insert(decode::hex(client_random(packet)));
            }
        }
        randoms
    }

    fn is_from_client(&self, packet: &Packet) -> bool {
        packet.inbound == self.program.starts_with("mio-server")
    }

    /// Decodes all sessions. The decoder of a session gets its secrets when the file has them.
    pub fn decoded(&self) -> Vec<Record> {
        let (mut sessions, mut secrets, mut records) = (HashMap::new(), Vec::new(), Vec::new());
        for item in &self.items {
            let packet = match item {
                Item::Packet(packet) => packet,
                Item::Secrets(lines) => {
                    secrets.extend(lines.lines().map(secret));
                    continue;
                }
            };
            let sender = if self.is_from_client(packet) { Side::Client } else { Side::Server };
            let client = if sender == Side::Client { packet.from } else { packet.to };
            if packet.tcp.syn {
                sessions.insert(client, (Decoder::default(), None));
            }
            let (decoder, client_random) = sessions.get_mut(&client).unwrap();
            if sender == Side::Client && !packet.payload.is_empty() {
                client_random.get_or_insert_with(|| self::client_random(packet).to_vec());
            }
            let own = secrets.iter().filter(|secret| Some(&secret.client_random) == client_random.as_ref());
            decoder.learn(&own.cloned().collect::<Vec<_>>());
            records.extend(decoder.feed(sender, &packet.payload));
        }
        records
    }

    /// Returns the connections in the order of their first packets. Checks the sequence numbers and acknowledgements
    /// of all packets.
    pub fn connections(&self) -> Vec<Connection> {
        let mut places: HashMap<[SocketAddr; 2], usize> = HashMap::new();
        let mut followed: Vec<Followed> = Vec::new();
        for packet in self.packets() {
            let ends = if packet.inbound { [packet.from, packet.to] } else { [packet.to, packet.from] };
            if packet.tcp.syn && !packet.tcp.ack {
                places.insert(ends, followed.len());
                followed.push(Followed::default());
            }
            followed[places[&ends]].follow(packet);
        }
        followed.into_iter().map(|followed| followed.connection).collect()
    }
}

/// Returns the client random in the first payload of a client, which begins with a ClientHello (RFC 8446, 4.1.2).
fn client_random(packet: &Packet) -> &[u8] {
    &packet.payload[11..43]
}

fn secret(line: &str) -> Secret {
    let parts: Vec<&str> = line.split(' ').collect();
    let [label, client_random, secret] = parts[..] else { panic!("{line}") };
    Secret::new(label, &from_hex(client_random), &from_hex(secret))
}

/// A connection, and the next sequence numbers of its ends.
#[derive(Default)]
struct Followed {
    connection: Connection,
    inbound: Option<u32>,
    outbound: Option<u32>,
}

impl Followed {
    fn follow(&mut self, packet: &Packet) {
        let Connection { comment, received, sent, ended } = &mut self.connection;
        let (next, others_next, bytes, fin) = match packet.inbound {
            true => (&mut self.inbound, &self.outbound, received, &mut ended.fin_received),
            false => (&mut self.outbound, &self.inbound, sent, &mut ended.fin_sent),
        };
        let tcp = &packet.tcp;
        assert_eq!(tcp.syn, next.is_none());
        assert_eq!(tcp.sequence_number, *next.get_or_insert(tcp.sequence_number));
        assert_eq!(tcp.ack, others_next.is_some());
        assert_eq!(tcp.acknowledgment_number, others_next.unwrap_or(0));
        assert!(!ended.reset_received, "a packet after a reset");
        if let Some(text) = &packet.comment {
            assert!(tcp.syn && comment.is_empty());
            comment.clone_from(text);
        }
        bytes.extend_from_slice(&packet.payload);
        assert!(!*fin || (packet.payload.is_empty() && !tcp.fin), "data after a FIN");
        *fin |= tcp.fin;
        ended.reset_received |= tcp.rst;
        let length = packet.payload.len() as u32 + u32::from(tcp.syn || tcp.fin);
        *next = next.map(|next| next.wrapping_add(length));
    }
}

impl Packet {
    fn parse(block: &EnhancedPacketBlock<'_>) -> Self {
        let headers = PacketHeaders::from_ip_slice(&block.data).unwrap();
        let Some(TransportHeader::Tcp(tcp)) = headers.transport else { panic!("{headers:?}") };
        let payload = headers.payload.slice();
        let (from, to): (IpAddr, IpAddr) = match headers.net.unwrap() {
            NetHeaders::Ipv4(ip, _) => {
                assert_eq!(ip.header_checksum, ip.calc_header_checksum());
                assert_eq!(tcp.checksum, tcp.calc_checksum_ipv4(&ip, payload).unwrap());
                (ip.source.into(), ip.destination.into())
            }
            NetHeaders::Ipv6(ip, _) => {
                assert_eq!(tcp.checksum, tcp.calc_checksum_ipv6(&ip, payload).unwrap());
                (ip.source.into(), ip.destination.into())
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(block.original_len as usize, block.data.len());
        let comment = block.options.iter().find_map(|option| match option {
            EnhancedPacketOption::Comment(text) => Some(text.to_string()),
            _ => None,
        });
        Self {
            time: block.timestamp,
            comment,
            inbound: block.options.contains(&EnhancedPacketOption::Flags(1)),
            from: (from, tcp.source_port).into(),
            to: (to, tcp.destination_port).into(),
            payload: payload.to_vec(),
            tcp,
        }
    }
}
