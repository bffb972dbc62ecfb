# SPDX-License-Identifier: BSD-3-Clause
"""What the kernel says of its sockets: tracepoints, and sock_diag for what no tracepoint tells.

Tracepoints give the states of full sockets, resets with their reason and errors, to the microsecond. The
mini-sockets of TIME_WAIT and FIN_WAIT_2 and the requests of SYN_RECEIVED have none: they are looked at
through sock_diag every millisecond while packets pass, every 10 ms otherwise, so that their times are late
by up to that. Without tracefs all states come from there, and one that lasts less is missing; `source` in
the record says which it was.
"""
import os
import re
import socket
import struct
import subprocess
import threading
import time

TRACEFS = '/sys/kernel/tracing'
BUFFER_KB = 8192
EVENTS = ('sock/inet_sock_set_state', 'sock/inet_sk_error_report',
          'tcp/tcp_send_reset', 'tcp/tcp_receive_reset')
BUSY_S, IDLE_S, BUSY_FOR_S = 0.001, 0.010, 0.1

# In the order of include/net/tcp_states.h: the number in sock_diag, the name in traces, ours.
NUMBERED = (('TCP_ESTABLISHED', 'established'), ('TCP_SYN_SENT', 'syn_sent'), ('TCP_SYN_RECV', 'syn_received'),
            ('TCP_FIN_WAIT1', 'fin_wait_1'), ('TCP_FIN_WAIT2', 'fin_wait_2'), ('TCP_TIME_WAIT', 'time_wait'),
            ('TCP_CLOSE', 'closed'), ('TCP_CLOSE_WAIT', 'close_wait'), ('TCP_LAST_ACK', 'last_ack'),
            ('TCP_LISTEN', 'listen'), ('TCP_CLOSING', 'closing'), ('TCP_NEW_SYN_RECV', 'syn_received'))
STATES = (None, *(ours for _, ours in NUMBERED))
BY_TRACE = dict(NUMBERED)
TIMER_MINI = 3  # idiag_timer of a TIME_WAIT or FIN_WAIT_2 mini-socket

LINE = re.compile(r'\s(\d+\.\d+): (\w+): (.*)$')
FIELD = re.compile(r'(\w+)=(\S+)')


class Tracepoints:
    """A trace instance of its own: whatever else traces on this box is not disturbed."""

    def __init__(self, name):
        if not os.path.exists(f'{TRACEFS}/instances'):
            subprocess.run(['mount', '-t', 'tracefs', 'none', TRACEFS], check=True, stderr=subprocess.DEVNULL)
        self.path = f'{TRACEFS}/instances/{name}'
        os.mkdir(self.path)
        self._write('buffer_size_kb', BUFFER_KB)
        self._write('trace_clock', 'mono')
        for event in EVENTS:
            if os.path.exists(f'{self.path}/events/{event}'):
                self._write(f'events/{event}/enable', 1)
        # The captures are on the wall clock.
        before = time.monotonic_ns()
        self.offset = time.time_ns() - (before + time.monotonic_ns()) // 2

    def _write(self, name, value):
        with open(f'{self.path}/{name}', 'w', encoding='ascii') as f:
            f.write(str(value))

    def read(self):
        """Returns: [(time ns, event, {field: text})]"""
        out = []
        with open(f'{self.path}/trace', encoding='ascii', errors='replace') as f:
            for line in f:
                if match := LINE.search(line):
                    seconds, _, fraction = match[1].partition('.')
                    at = int(seconds) * 10**9 + int(fraction.ljust(9, '0')) + self.offset
                    out.append((at, match[2], dict(FIELD.findall(match[3]))))
        return out

    def close(self):
        for event in EVENTS:
            if os.path.exists(f'{self.path}/events/{event}'):
                self._write(f'events/{event}/enable', 0)
        os.rmdir(self.path)


class SockDiag:
    """Dumps the sockets of one namespace (sock_diag(7)), mini-sockets and requests included."""

    # SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP; every state but LISTEN
    DUMP = (struct.pack('=IHHII', 72, 20, 0x301, 0, 0) +
            struct.pack('=BBBBI', socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0x1ffe ^ 1 << 10) + bytes(48))

    def __init__(self, namespace):
        with namespace:
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)

    def read(self):
        """Returns: {(local, remote): (state, whether it is a mini-socket)}"""
        out = {}
        self.socket.send(self.DUMP)
        while True:
            data = self.socket.recv(1 << 18)
            at = 0
            while at < len(data):
                length, kind = struct.unpack_from('=IH', data, at)
                if kind in (2, 3):      # NLMSG_ERROR, NLMSG_DONE
                    return out
                state = STATES[data[at + 17]]
                sport, dport = struct.unpack_from('!HH', data, at + 20)
                local = (socket.inet_ntoa(data[at + 24:at + 28]), sport)
                remote = (socket.inet_ntoa(data[at + 40:at + 44]), dport)
                if state not in ('closed', 'listen'):
                    out[local, remote] = (state, data[at + 18] == TIMER_MINI)
                at += length + 3 & ~3

    def close(self):
        self.socket.close()


class Poller(threading.Thread):
    """Notes every change that sock_diag shows, of every host."""

    def __init__(self, hosts, wire):
        super().__init__(daemon=True)
        self.wire = wire
        self.diags = [SockDiag(h.namespace) for h in hosts]
        self.changes = []       # (time ns, (local, remote), state or None, mini)
        self._ending = threading.Event()

    def run(self):
        known = [{} for _ in self.diags]
        while not self._ending.is_set():
            for i, diag in enumerate(self.diags):
                now = diag.read()
                at = time.time_ns()  # late, never early: a traced event that the dump shows came before
                for key in known[i].keys() | now.keys():
                    if known[i].get(key) != now.get(key):
                        self.changes.append((at, key, *now.get(key, (None, False))))
                known[i] = now
            self._ending.wait(BUSY_S if time.monotonic() - self.wire.busy < BUSY_FOR_S else IDLE_S)

    def close(self):
        self._ending.set()
        self.join()
        while self.diags:
            self.diags.pop().close()


class Recorder:
    """Both sources for the time of a scene."""

    def __init__(self, name, hosts, wire):
        try:
            self.tracepoints = Tracepoints(name)
        except (OSError, subprocess.CalledProcessError):
            self.tracepoints = None
        self.source = 'tracepoints and sock_diag' if self.tracepoints else 'sock_diag'
        self.poller = Poller(hosts, wire)
        self.poller.start()

    def finish(self):
        """Ends the recording. Returns: (traced events, polled changes)"""
        self.poller.close()
        return self.tracepoints.read() if self.tracepoints else [], self.poller.changes

    def close(self):
        self.poller.close()
        if self.tracepoints:
            self.tracepoints.close()
