//! Makes packets and capture files.
#![allow(clippy::unwrap_used, dead_code)] // each test uses a part of it

use std::borrow::Cow;
use std::io::Write as _;
use std::time::Duration;

use etherparse::{PacketBuilder, TcpHeader};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::unknown::UnknownBlock;
use pcap_file::{DataLink, Endianness};
use rustls::Side;

pub const CLIENT_PORT: u16 = 50_000;
pub const SERVER_PORT: u16 = 443;

/// A segment of the one connection of these tests.
#[derive(Clone, Debug, PartialEq)]
pub struct Tcp {
    pub sender: Side,
    pub sequence: u32,
    /// The letters of its flags: S, A, F, R.
    pub flags: &'static str,
    pub payload: Vec<u8>,
}

impl Tcp {
    fn header(&self) -> TcpHeader {
        let (from, to) = match self.sender {
            Side::Client => (CLIENT_PORT, SERVER_PORT),
            Side::Server => (SERVER_PORT, CLIENT_PORT),
        };
        let mut header = TcpHeader::new(from, to, self.sequence, 1000);
        header.syn = self.flags.contains('S');
        header.ack = self.flags.contains('A');
        header.fin = self.flags.contains('F');
        header.rst = self.flags.contains('R');
        header
    }

    /// Returns its packet, from its IP header on.
    pub fn ipv4(&self) -> Vec<u8> {
        let [from, to] = self.hosts();
        let builder = PacketBuilder::ipv4([192, 0, 2, from], [192, 0, 2, to], 64).tcp_header(self.header());
        let mut packet = Vec::new();
        builder.write(&mut packet, &self.payload).unwrap();
        packet
    }

    /// Returns its packet, with two extension headers of IPv6.
    pub fn ipv6(&self) -> Vec<u8> {
        let [from, to] = self.hosts();
        let address = |host: u8| [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host];
        let builder = PacketBuilder::ipv6(address(from), address(to), 64).tcp_header(self.header());
        let mut packet = Vec::new();
        builder.write(&mut packet, &self.payload).unwrap();
        let length = u16::try_from(packet.len() - 40 + 16).unwrap();
        packet[4..6].copy_from_slice(&length.to_be_bytes());
        packet[6] = 0; // hop-by-hop options, then destination options (60), then TCP (6)
        packet.splice(40..40, [60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0]);
        packet
    }

    fn hosts(&self) -> [u8; 2] {
        if self.sender == Side::Client { [1, 2] } else { [2, 1] }
    }
}

/// Returns a record with a ClientHello that asks for this host name.
pub fn client_hello(name: &[u8]) -> Vec<u8> {
    let vector = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let names = vector(&[&[0], &*vector(name)].concat());
    let extensions = vector(&[&[0, 0], &*vector(&names)].concat());
    let body = [&[3, 3][..], &[9; 32], &[0, 0, 2, 0x13, 1, 1, 0], &extensions].concat();
    let length = (body.len() as u32).to_be_bytes();
    let message = [&[1], &length[1..], &body].concat();
    [&[22, 3, 1], &*vector(&message)].concat()
}

/// Adds the header of a link to an IP packet.
pub fn with_link(link: DataLink, packet: &[u8]) -> Vec<u8> {
    let kind: &[u8] = if packet[0] >> 4 == 4 { &[8, 0] } else { &[0x86, 0xdd] };
    let header: Vec<u8> = match link {
        DataLink::ETHERNET => [&[2; 12], kind].concat(),
        DataLink::LINUX_SLL => [&[0; 14], kind].concat(),
        DataLink::LINUX_SLL2 => [kind, &[0; 18]].concat(),
        DataLink::NULL => vec![2, 0, 0, 0],
        DataLink::LOOP => vec![0, 0, 0, 24],
        _ => Vec::new(),
    };
    [&header, packet].concat()
}

/// A pcapng file with the secrets and packets in this order. The times of packets are their number in milliseconds.
pub struct PcapNg {
    writer: PcapNgWriter<Vec<u8>>,
    packets: u64,
    links: Vec<DataLink>,
}

impl PcapNg {
    pub fn new(endianness: Endianness) -> Self {
        let writer = PcapNgWriter::with_endianness(Vec::new(), endianness).unwrap();
        Self { writer, packets: 0, links: Vec::new() }
    }

    /// A file with one interface, of Ethernet.
    pub fn ethernet() -> Self {
        let mut file = Self::new(Endianness::Little);
        file.interface(DataLink::ETHERNET, None);
        file
    }

    /// Adds an interface whose times have this resolution.
    pub fn interface(&mut self, linktype: DataLink, resolution: Option<u8>) -> &mut Self {
        let options = resolution.map(InterfaceDescriptionOption::IfTsResol).into_iter().collect();
        self.writer.write_pcapng_block(InterfaceDescriptionBlock { linktype, snaplen: 0, options }).unwrap();
        self.links.push(linktype);
        self
    }

    /// Adds a packet. `units` is its time. The writer takes it for nanoseconds, and writes it as it is.
    pub fn packet(&mut self, interface_id: u32, units: u64, packet: &[u8], original_len: u32) -> &mut Self {
        let data = with_link(self.links[interface_id as usize], packet);
        let block = EnhancedPacketBlock {
            interface_id,
            timestamp: Duration::from_nanos(units),
            original_len,
            data: Cow::Owned(data),
            options: Vec::new(),
        };
        self.writer.write_pcapng_block(block).unwrap();
        self
    }

    pub fn tcp(&mut self, tcp: &Tcp) -> &mut Self {
        self.packets += 1;
        let packet = tcp.ipv4();
        self.packet(0, self.packets * 1000, &packet, packet.len() as u32 + 14)
    }

    pub fn segments(&mut self, segments: &[Tcp]) -> &mut Self {
        segments.iter().fold(self, Self::tcp)
    }

    pub fn block(&mut self, type_: u32, value: &[u8]) -> &mut Self {
        self.writer.write_pcapng_block(UnknownBlock { type_, length: 0, value: value.into() }).unwrap();
        self
    }

    /// Adds a Decryption Secrets Block, in little endian.
    pub fn key_log(&mut self, text: &str) -> &mut Self {
        let length = (text.len() as u32).to_le_bytes();
        self.block(10, &[b"KSLT", &length[..], text.as_bytes()].concat())
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.writer.get_ref().clone()
    }
}

/// Makes a classic pcap file of Ethernet frames.
pub fn pcap(magic: [u8; 4], packets: &[Tcp]) -> Vec<u8> {
    let little = matches!(magic, [0xd4 | 0x4d | 0x34, ..]);
    let u32 = |number: u32| if little { number.to_le_bytes() } else { number.to_be_bytes() };
    let mut file = magic.to_vec();
    file.extend([0; 16]);
    file.extend(u32(1));
    for (number, packet) in (1..).zip(packets) {
        let frame = with_link(DataLink::ETHERNET, &packet.ipv4());
        for field in [number, 250, frame.len() as u32, frame.len() as u32] {
            file.write_all(&u32(field)).unwrap();
        }
        if magic == [0x34, 0xcd, 0xb2, 0xa1] {
            file.extend([0; 8]);
        }
        file.extend(frame);
    }
    file
}
