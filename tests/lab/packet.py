# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 and TCP as bytes: as much as the laboratory must read and forge, and no more."""
import collections
import socket
import struct

ETHERNET = 14
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
LETTERS = ((FIN, 'F'), (SYN, 'S'), (RST, 'R'), (PSH, 'P'), (ACK, '.'))

# source, destination: (address, port); next: the sequence number after this segment
Segment = collections.namedtuple('Segment', 'source destination flags seq ack window length next')


def flags_text(flags):
    """The flags in the notation of the packet scripts: `F.` for a FIN with an ACK."""
    return ''.join(letter for bit, letter in LETTERS if flags & bit)


def parse(frame):
    """Returns: the frame's Segment, or None if it is not TCP over IPv4 over Ethernet."""
    ip = ETHERNET
    if len(frame) < ip + 40 or frame[12:14] != b'\x08\x00' or frame[ip] >> 4 != 4 or frame[ip + 9] != 6:
        return None
    tcp = ip + (frame[ip] & 15) * 4
    if len(frame) < tcp + 20:
        return None
    total, = struct.unpack_from('!H', frame, ip + 2)
    sport, dport, seq, ack, offset, flags, window = struct.unpack_from('!HHIIBBH', frame, tcp)
    length = total - (tcp - ip) - (offset >> 4) * 4
    return Segment((socket.inet_ntoa(frame[ip + 12:ip + 16]), sport),
                   (socket.inet_ntoa(frame[ip + 16:ip + 20]), dport),
                   flags & 31, seq, ack, window, length,
                   (seq + length + bool(flags & SYN) + bool(flags & FIN)) & 0xffffffff)


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def forge(source, destination, flags, seq, ack=0, window=0, tos=0, ttl=64, payload=b''):
    """Returns: an IPv4 packet (without Ethernet) with valid checksums, no options, DF set and IP ID 0."""
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
    ip = bytearray(struct.pack('!BBHHHBBH', 0x45, tos, 40 + len(payload), 0, 0x4000, ttl, 6, 0) + addresses)
    struct.pack_into('!H', ip, 10, checksum(bytes(ip)))
    tcp = bytearray(struct.pack('!HHIIBBHHH', source[1], destination[1], seq & 0xffffffff, ack & 0xffffffff,
                                5 << 4, flags, window, 0, 0))
    pseudo = addresses + struct.pack('!BBH', 0, 6, len(tcp) + len(payload))
    struct.pack_into('!H', tcp, 16, checksum(pseudo + bytes(tcp) + payload))
    return bytes(ip) + bytes(tcp) + payload


def read_pcap(path):
    """Yields (time in ns, frame) of a little-endian pcap with nanoseconds, as the laboratory's tcpdump
    writes it."""
    with open(path, 'rb') as f:
        magic, = struct.unpack('<I', f.read(24)[:4])
        if magic != 0xa1b23c4d:
            raise ValueError(f'{path}: not a little-endian pcap with nanoseconds')
        while len(head := f.read(16)) == 16:
            seconds, nanoseconds, captured, _ = struct.unpack('<IIII', head)
            yield seconds * 10**9 + nanoseconds, f.read(captured)
