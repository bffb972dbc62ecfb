#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Feeds lastack by a pipe that stays open, and looks whether records of connections that are over come before its end.

    pipe.py LASTACK
"""
import json
import select
import struct
import subprocess
import sys

PATIENCE_S = 60
REFUSED = 20       # connections: less than the pipe back holds, and than anybody would keep for a larger write
PACKETS = 20000    # some blocks of them
SECONDS = 1000     # more than the 4 minutes for which a connection that is over is waited for
SYN, RST, ACK = 0x02, 0x04, 0x10


def packet(at_us, port, flags, seq=1000, ack=0, from_client=True):
    ends = (bytes([10, 0, 0, 1]), port), (bytes([10, 0, 0, 2]), 80)
    (source, source_port), (destination, destination_port) = ends if from_client else ends[::-1]
    tcp = struct.pack('>HHIIBBHHH', source_port, destination_port, seq, ack, 0x50, flags, 8192, 0, 0)
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 40, 0, 0, 64, 6, 0, source, destination) + tcp
    return struct.pack('<IIII', at_us // 1000000, at_us % 1000000, len(ip), len(ip)) + ip


def make_capture():
    """Connections that are refused at once, and then one that stays open."""
    capture = bytearray(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))  # raw IP
    for i in range(REFUSED):
        capture += packet(1000000 + i * 100, 10000 + i, SYN)
        capture += packet(1000050 + i * 100, 10000 + i, RST | ACK, 0, 1001, False)
    for i in range(PACKETS):
        capture += packet(2000000 + i * SECONDS * 1000000 // PACKETS, 9999, ACK, 1000 + i, 1)
    return capture


def main():
    child = subprocess.Popen([sys.argv[1], '-q', '--ndjson', '-', '-'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(make_capture())
    child.stdin.flush()
    came = select.select([child.stdout], [], [], PATIENCE_S)[0]
    row = json.loads(child.stdout.readline()) if came else None
    child.stdin.close()
    rows = child.stdout.read().count(b'"type":"flow"') + 1
    child.wait()
    if not row or row['type'] != 'flow' or row['close'] != 'refused':
        sys.exit(f'no record before the end: {row}')
    if rows != REFUSED + 1:
        sys.exit(f'{rows} records of {REFUSED + 1} connections')


if __name__ == '__main__':
    main()
