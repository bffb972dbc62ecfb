# SPDX-License-Identifier: BSD-3-Clause
"""One scene: hosts and a wire, tcpdump at every host, the kernel's states beside it, and the record of it
all."""
import contextlib
import os
import signal
import subprocess
import time

import kernel
import network
import packet
import truth

SNAPLEN = 128
SUFFIX = {'client': '', 'server': '.srv'}   # of a capture's name; any other host's is its own name


class Capture:
    """tcpdump at a host's interface."""

    def __init__(self, host, path):
        self.host, self.path = host, path
        self.process = subprocess.Popen(
            ['ip', 'netns', 'exec', host.namespace.name,
             'tcpdump', '-i', 'eth0', '-s', str(SNAPLEN), '--time-stamp-precision=nano', '--immediate-mode', '-U',
             '-Z', 'root', '-w', path, 'tcp'],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if 'listening on' in line:
                return
        raise RuntimeError(f'tcpdump at {host.name} did not start')

    def close(self):
        if self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


class Lab:
    def __init__(self, scene, directory, number):
        self.scene, self.directory = scene, directory
        self.name = f'lab{os.getpid()}'
        self.prefix = f'77.{number}'
        self.hosts, self.listeners, self.labels = {}, {}, []
        self.sockets = []       # what a scene leaves open stays open until the captures end
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.wire = network.Wire(self.name)
            stack.callback(self.wire.close)
            for number, name in enumerate(self.scene.hosts, 1):
                host = network.Host(name, self.prefix, number, self.wire)
                stack.callback(host.close)
                self.hosts[name] = host
                setattr(self, name, host)
                self.wire.attach(host)
                for sysctl, value in self.scene.sysctls.get(name, {}).items():
                    host.sysctl(sysctl, value)
            for host in self.hosts.values():
                for other in self.hosts.values():
                    if host is not other:
                        host.knows(other)
            self.wire.start()
            stack.callback(self.wire.stop)
            self.captures = []
            for name, host in self.hosts.items():
                file = f'{self.scene.name}{SUFFIX.get(name, "." + name)}.pcap'
                self.captures.append(Capture(host, os.path.join(self.directory, file)))
                stack.callback(self.captures[-1].close)
            self.recorder = kernel.Recorder(self.name, list(self.hosts.values()), self.wire)
            stack.callback(self.recorder.close)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    # ── For scenes ──

    def connection(self, port=0, isn=None, labels=(), by=None, to=None):
        """Returns: a connected pair of sockets, (client's, server's)."""
        server = to or self.server
        if server.name not in self.listeners:
            self.listeners[server.name] = server.listen(8000)
        ours = (by or self.client).connect((server.address, 8000), port, isn)
        self.label(ours, *labels)
        theirs, _ = self.listeners[server.name].accept()
        theirs.settimeout(30)
        self.sockets += ours, theirs
        return ours, theirs

    def label(self, s, *labels):
        """The present connection of the socket @s is what the labels say."""
        self.labels.append((time.time_ns(), s.getsockname(), s.getpeername(), labels))

    def of(self, host, *flags):
        """Returns: a predicate for the wire's rules: segments from @host with one of @flags (packet.FIN
        ...), any if none is given."""
        bits = sum(flags)
        return lambda s: s.source[0] == host.address and (not bits or s.flags & bits)

    # ── The record ──

    def records(self):
        """Ends the recording. Returns: the lines of truth.jsonl for its captures."""
        time.sleep(0.1)
        for capture in self.captures:
            capture.close()
        traced, polled = self.recorder.finish()
        ours = f'10.{self.prefix}.'
        traced = [e for e in traced if ours in str(e[2])]
        segments = [truth.read_segments(c.path) for c in self.captures]
        sent = [(at, s) for c, held in zip(self.captures, segments) for _, at, s in held
                if s.source[0] == c.host.address]
        syns = dict.fromkeys((s.source, s.destination, s.seq) for _, s in sent
                             if s.flags & packet.SYN and not s.flags & packet.ACK)
        resets = [(at, s.source, s.destination) for at, s in sent if s.flags & packet.RST]
        found = truth.endpoints(traced, polled, [syn[:2] for syn in syns], resets)
        groups = truth.connections(found)
        truth.date_requests(groups, sent)
        for at, local, remote, labels in self.labels:
            if c := truth.owner(groups, local, remote, at):
                c.labels += labels
        return self._lines(groups, segments)

    def _lines(self, groups, segments):
        held = [truth.seen(s, groups, [(at, f) for at, to, f in self.wire.forged if to is c.host])
                for c, s in zip(self.captures, segments)]
        at_host = {c.host.address: h for c, h in zip(self.captures, held)}
        every = sorted((c for group in groups.values() for c in group), key=lambda c: c.start)
        return [self._line(capture, frames, [
            truth.describe(c, here.get(id(c)), {'client': at_host[c.client[0]].get(id(c)),
                                                'server': at_host[c.server[0]].get(id(c))})
            for c in every]) for capture, frames, here in zip(self.captures, segments, held)]

    def _line(self, capture, frames, connections):
        return {
            'capture': os.path.basename(capture.path), 'scenario': self.scene.name,
            'vantage': capture.host.name if capture.host.name in SUFFIX else 'client',
            'capture_end': frames[-1][1] / 1e9 if frames else None,
            'what': self.scene.what, 'artefact': None,
            'sysctls_changed': {name[0]: h.sysctls for name, h in self.hosts.items() if h.sysctls},
            'source': self.recorder.source, 'connections': connections}
