# SPDX-License-Identifier: BSD-3-Clause
"""Hosts in network namespaces, and a wire between them that loses, delays and forges packets.

Every host is a namespace with one interface. The other end of each is in the namespace of the wire, where a
thread carries the frames from port to port: what is captured at a host's interface is what that host's
kernel sent and received, and what happens on the way happens between the captures, without the kernel's
traffic shaping, which not every box has.
"""
import contextlib
import ctypes
import fcntl
import heapq
import itertools
import os
import select
import socket
import struct
import subprocess
import threading
import time

import packet

CLONE_NEWNET = 0x40000000
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17
ETH_P_ALL = 3
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
FRAME_MAX = 65536
# linux/tcp.h; not in Python's socket
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_SEND_QUEUE = 19, 20, 21, 2

libc = ctypes.CDLL(None, use_errno=True)


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


class Namespace:
    """A network namespace of its own, gone with close()."""

    def __init__(self, name):
        self.name = name
        run('ip', 'netns', 'add', name)
        self.fd = os.open(f'/run/netns/{name}', os.O_RDONLY | os.O_CLOEXEC)
        with self:
            self.sysctl('net/ipv6/conf/all/disable_ipv6', 1)

    def __enter__(self):
        """The calling thread is in the namespace until __exit__(); a socket stays in the one where it was
        made."""
        self.home = os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)
        self._set(self.fd)
        return self

    def __exit__(self, *_):
        self._set(self.home)
        os.close(self.home)

    @staticmethod
    def _set(fd):
        if libc.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), 'setns')

    def sysctl(self, name, value):
        """Call it inside the namespace: /proc/sys/net shows the caller's."""
        with contextlib.suppress(FileNotFoundError), open(f'/proc/sys/{name}', 'w', encoding='ascii') as f:
            f.write(str(value))

    def close(self):
        os.close(self.fd)
        run('ip', 'netns', 'delete', self.name)


def checksums_in_software(interface):
    """A frame that is carried by a user's program must have its checksum when it leaves; no offload then
    means no giant segments either."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        value = ctypes.create_string_buffer(struct.pack('II', ETHTOOL_STXCSUM, 0))
        fcntl.ioctl(s, SIOCETHTOOL, struct.pack('16sP', interface.encode(), ctypes.addressof(value)))


class Host:
    """One end: an address, its sysctls, its sockets."""

    def __init__(self, name, prefix, number, wire):
        self.name, self.address, self.mac = name, f'10.{prefix}.{number}', f'02:00:00:00:00:{number:02x}'
        self.namespace = Namespace(f'{wire.namespace.name}-{name}')
        run('ip', '-n', wire.namespace.name, 'link', 'add', name, 'type', 'veth',
            'peer', 'name', 'eth0', 'netns', self.namespace.name, 'address', self.mac)
        self._ip('link', 'set', 'lo', 'up')
        self._ip('link', 'set', 'eth0', 'up')
        self._ip('address', 'add', f'{self.address}/24', 'dev', 'eth0')
        with self.namespace:
            checksums_in_software('eth0')
        self.sysctls = {}

    def _ip(self, *arguments):
        run('ip', '-n', self.namespace.name, *arguments)

    def knows(self, other):
        """No ARP on the wire."""
        self._ip('neighbour', 'add', other.address, 'lladdr', other.mac, 'dev', 'eth0', 'nud', 'permanent')

    def sysctl(self, name, value):
        self.sysctls[name] = value
        with self.namespace:
            self.namespace.sysctl(f'net/ipv4/{name}', value)

    def socket(self):
        with self.namespace:
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.settimeout(30)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return s

    def listen(self, port):
        s = self.socket()
        s.bind((self.address, port))
        s.listen(64)
        return s

    def connect(self, address, port=0, isn=None, timeout=30):
        """@isn: the initial sequence number; a socket that was given one in repair mode keeps it when it
        connects (CRIU's way)."""
        s = self.socket()
        if port:
            s.bind((self.address, port))
        if isn is not None:
            s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
            s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE)
            s.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, struct.pack('I', isn))
            s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 0)
        s.settimeout(timeout)
        try:
            s.connect(address)
        except OSError:
            s.close()
            raise
        return s

    def close(self):
        self.namespace.close()


class Wire(threading.Thread):
    """Carries frames between hosts. The rules of a scene are asked for every TCP segment; each may drop or
    delay it."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.namespace = Namespace(name)
        self.ports, self.hosts = {}, {}
        self.rules = []
        self.last = {}          # (source, destination): the last Segment of that direction
        self.forged = []        # (time ns, the host that gets it, Segment)
        self.busy = 0.0         # when the last frame passed
        self.latency = 0.0
        self._late, self._order = [], 0
        self._wake_read, self._wake = os.pipe()
        self._ending = False

    def attach(self, host):
        run('ip', '-n', self.namespace.name, 'link', 'set', host.name, 'up')
        with self.namespace:
            port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        port.bind((host.name, ETH_P_ALL))
        self.ports[bytes.fromhex(host.mac.replace(':', ''))] = port
        self.hosts[host.address] = (host, port)

    # ── What a scene does to it ──

    def drop(self, which, times=None):
        """Loses the segments for which @which(segment) is true, all of them or the first @times. Returns: a
        rule for pass_again()."""
        left = itertools.repeat(True) if times is None else iter(range(times))

        def rule(segment):
            return None if which(segment) and next(left, None) is not None else 0.0
        self.rules.append(rule)
        return rule

    def rule(self, how):
        """@how(segment) says by how many seconds each segment is late; None loses it."""
        self.rules.append(how)

    def pass_again(self, rule):
        self.rules.remove(rule)

    def forge(self, to, source, destination, flags, seq, **fields):
        """Makes up a segment of @source; only the host @to gets (and captures) it."""
        packet_bytes = packet.forge(source, destination, flags, seq, **fields)
        port = self.hosts[to.address][1]
        frame = bytes.fromhex(to.mac.replace(':', '')) + b'\x02\0\0\0\0\xfe' + b'\x08\x00' + packet_bytes
        self.forged.append((time.time_ns(), to, packet.parse(frame)))
        port.send(frame)
        self.busy = time.monotonic()

    def forge_keepalive(self, end, peer):
        """What ipfw sends to @end ((address, port)) in the name of @peer while its dynamic rule is about to
        expire: an ACK without data, the number before the next one, window 0, no options, TOS 0x10, the
        firewall's own TTL (FreeBSD ip_fw2.c ipfw_send_pkt())."""
        expected = self.last[end, peer].ack
        acked = self.last[peer, end].ack
        self.forge(self.hosts[end[0]][0], peer, end, packet.ACK, expected - 1, ack=acked, window=0, tos=0x10, ttl=64)

    # ── The thread ──

    def run(self):
        poll = select.poll()
        ports = {port.fileno(): port for port in self.ports.values()}
        for fd in [*ports, self._wake_read]:
            poll.register(fd, select.POLLIN)
        while not self._ending:
            wait = max(0, self._late[0][0] - time.monotonic()) * 1000 if self._late else None
            for fd, _ in poll.poll(wait):
                if fd in ports:
                    self._carry(ports[fd].recv(FRAME_MAX))
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, port, frame = heapq.heappop(self._late)
                port.send(frame)

    def _carry(self, frame):
        port = self.ports.get(frame[:6])
        segment = packet.parse(frame)
        self.busy = time.monotonic()
        if not port or not segment:
            return
        self.last[segment.source, segment.destination] = segment
        wait = self.latency
        for rule in list(self.rules):
            late = rule(segment)
            if late is None:
                return
            wait += late
        if wait > 0:
            self._order += 1
            heapq.heappush(self._late, (time.monotonic() + wait, self._order, port, frame))
        else:
            port.send(frame)

    def stop(self):
        self._ending = True
        os.write(self._wake, b'x')
        self.join()

    def close(self):
        for port in self.ports.values():
            port.close()
        os.close(self._wake)
        os.close(self._wake_read)
        self.namespace.close()
