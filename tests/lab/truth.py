# SPDX-License-Identifier: BSD-3-Clause
"""From what the kernel said to a record per capture: every connection, the states of both ends, how each
ended.

A *life* is one socket with all that follows from it: request, full socket, mini-socket. The lives of the
two ends of a 4-tuple make its connections (incarnations).
"""
import collections
import dataclasses

import kernel
import packet

NEAR_NS = 20_000            # two clocks read one after the other
FIN_WAITED_NS = 5_000_000   # less is the way from close() to the wire
ETIMEDOUT = '110'


@dataclasses.dataclass
class Life:
    states: list = dataclasses.field(default_factory=list)  # [(time ns, state)]
    closing: int = 0        # when its full socket was closed; a mini-socket may go on
    mini: bool = False
    timed_out: bool = False
    resets: list = dataclasses.field(default_factory=list)  # [(reason, time ns)]
    got_reset: bool = False

    @property
    def start(self): return self.states[0][0]

    @property
    def last(self): return self.states[-1][1]

    def enter(self, at, state):
        if not self.states or self.last != state:
            self.states.append((at, state))

    def end(self, at):
        if self.last != 'closed':
            self.enter(self.closing or at, 'closed')

    def ended(self):
        if self.resets: return 'sent_rst'
        if self.last != 'closed': return 'alive'
        if self.got_reset: return 'got_rst'
        return 'timer' if self.timed_out or self.mini and self.states[-2][1] == 'fin_wait_2' else 'closed'


class Endpoint:
    """The lives of one (local, remote)."""

    def __init__(self, everything_polled):
        self.lives = []
        self.everything_polled = everything_polled

    @property
    def open(self):
        return self.lives[-1] if self.lives and self.lives[-1].last != 'closed' else None

    def begin(self, at, state):
        if self.open:
            self.open.end(at)
        self.lives.append(Life([(at, state)]))

    def traced(self, at, state):
        life = self.open
        opening = life and life.last in ('syn_sent', 'syn_received')
        if state == 'syn_sent' or state == 'syn_received' and not opening:
            self.begin(at, state)
        elif life and state == 'closed':
            life.closing = at
        elif life:
            life.enter(at, state)

    def polled(self, at, state, mini):
        life = self.open
        if mini and life and (life.closing or life.mini):
            life.enter(life.closing or at, state)
            life.closing, life.mini = 0, True
        elif state == 'syn_received' and (not life or life.closing or life.mini):
            self.begin(at, state)
        elif not state and life:
            if life.closing or life.mini or life.last == 'syn_received' or self.everything_polled:
                life.end(at)
        elif state and self.everything_polled:
            self.begin(at, state) if not life or state == 'syn_sent' else life.enter(at, state)


def address(text):
    host, _, port = text.rpartition(':')
    return host.removeprefix('::ffff:').strip('[]'), int(port)


def name_syn_senders(traced, syns):
    """A socket may enter SYN_SENT before its port is chosen; the SYNs on the wire come in the same order.
    @syns: [(source, destination)]"""
    waiting = collections.defaultdict(list)
    for _, _, f in traced:
        if f.get('newstate') == 'TCP_SYN_SENT':
            waiting[f['saddr'], f['daddr'], f['dport']].append(f)
        elif f.get('oldstate') == 'TCP_SYN_SENT' and f['sport'] == '0':
            waiting[f['saddr'], f['daddr'], f['dport']].pop()  # connect() found no port
    for source, destination in syns:
        line = waiting[source[0], destination[0], str(destination[1])]
        sender = next((f for f in line if f['sport'] in ('0', str(source[1]))), None)
        if sender:
            sender['sport'] = str(source[1])
            line.remove(sender)


def ends_of(detail):
    return (detail['saddr'], int(detail['sport'])), (detail['daddr'], int(detail['dport']))


def reset_of(detail, at, resets):
    """A RST that a listener sends for what is not its own is traced without a peer; the wire has it.
    @resets: [(time, source, destination)]"""
    source, destination = address(detail['src']), address(detail['dest'])
    if destination[1]:
        return source, destination
    near = min((r for r in resets if r[1] == source), key=lambda r: abs(r[0] - at), default=None)
    return (source, near[2]) if near else None


def endpoints(traced, polled, syns, resets):
    """Returns: {(local, remote): Endpoint}. @syns, @resets: what the hosts sent of those, each taken at its
    own end"""
    name_syn_senders(traced, syns)
    found = collections.defaultdict(lambda: Endpoint(not traced))
    moments = [(at, 0, kind, f) for at, kind, f in traced] + [(at, 1, key, rest) for at, key, *rest in polled]
    for at, from_poll, what, detail in sorted(moments, key=lambda m: m[:2]):
        if from_poll:
            found[what].polled(at, *detail)
        elif what == 'inet_sock_set_state' and detail['sport'] != '0' and detail['dport'] != '0':
            found[ends_of(detail)].traced(at, kernel.BY_TRACE[detail['newstate']])
        elif what == 'tcp_send_reset':
            key = reset_of(detail, at, resets)
            if not key:
                continue
            if not found[key].lives:
                found[key].lives.append(Life([(at, 'closed')]))
            found[key].lives[-1].resets.append((detail.get('reason', 'unknown'), at))
        elif what in ('tcp_receive_reset', 'inet_sk_error_report'):
            life = found[ends_of(detail)].open
            if life and what == 'tcp_receive_reset':
                life.got_reset = True
            elif life and detail['error'] == ETIMEDOUT:
                life.timed_out = True
    for e in found.values():
        if e.open and e.open.closing:
            e.open.end(e.open.closing)
    return found


# ── Connections ──

@dataclasses.dataclass
class Connection:
    client: tuple
    server: tuple
    sides: dict             # 'client', 'server': Life or None
    incarnation: int = 0
    labels: list = dataclasses.field(default_factory=list)

    @property
    def start(self): return min(life.start for life in self.sides.values() if life)

    def side(self, source): return 'client' if source == self.client else 'server'


def connections(found):
    """A life that began with SYN_SENT opens a connection; the other end's lives belong to the last one that
    was open when they began."""
    out = collections.defaultdict(list)
    for (local, remote), e in found.items():
        for life in e.lives:
            if life.states[0][1] == 'syn_sent':
                c = Connection(local, remote, {'client': life, 'server': None})
                out[frozenset((local, remote))].append(c)
    for group in out.values():
        group.sort(key=lambda c: c.start)
        for i, c in enumerate(group):
            c.incarnation = i
        server = found.get((group[0].server, group[0].client))
        for life in server.lives if server else []:
            c = next((c for c in reversed(group) if c.start <= life.start + NEAR_NS), group[0])
            if c.sides['server'] is None:
                c.sides['server'] = life
            else:
                c.sides['server'].resets += life.resets  # a RST without a socket
    return out


def owner(groups, source, destination, at):
    """Returns: the connection that a segment of that time belongs to."""
    group = groups.get(frozenset((source, destination)), [])
    return next((c for c in reversed(group) if c.start <= at + NEAR_NS), None)


def date_requests(groups, sent):
    """No tracepoint tells when a request socket comes into being, and it is seldom there for a millisecond:
    its SYN+ACK leaves at once."""
    for at, s in sent:
        if not (s.flags & packet.SYN and s.flags & packet.ACK):
            continue
        c = owner(groups, s.source, s.destination, at)
        life = c.sides[c.side(s.source)] if c else None
        if life and life.states[0][1] == 'syn_received' and at < life.start:
            life.states[0] = (at, 'syn_received')


# ── Captures ──

def flag_word(flags):
    if flags & packet.RST:
        return 'rst_ack' if flags & packet.ACK else 'rst'
    return 'syn' if flags & packet.SYN else 'fin' if flags & packet.FIN else None


def read_segments(path):
    frames = enumerate(packet.read_pcap(path), 1)
    return [(number, at, s) for number, (at, frame) in frames if (s := packet.parse(frame))]


def nothing_seen():
    return {'frames': 0, 'client': {}, 'server': {}, 'forged': {}, 'first_frame': 0}


def seen(segments, groups, forged):
    """Returns: {id of a connection: what the capture holds of it}. @forged: [(time, Segment)] that its host
    got."""
    out = {}
    left = list(forged)
    for number, at, s in segments:
        c = owner(groups, s.source, s.destination, at)
        if not c:
            continue
        it = out.setdefault(id(c), {**nothing_seen(), 'first_frame': number})
        it['frames'] += 1
        mine = next((f for f in left if f[1] == s and abs(at - f[0]) < 10**9), None)
        if mine:
            left.remove(mine)
            it['forged'].setdefault(c.side(s.source), []).append(packet.flags_text(s.flags))
        elif word := flag_word(s.flags):
            side = it[c.side(s.source)]
            side[word] = side.get(word, 0) + 1
            if word == 'fin':
                side.setdefault('fin_time', at / 1e9)
    return out


def own_fins(c, side, here):
    """Returns: (repeats of its FIN, seconds from close() to the first or None if that was at once, False if
    there was none)"""
    life = c.sides[side]
    states = life.states if life else []
    closing = next((at for at, state in states if state in ('fin_wait_1', 'last_ack')), None)
    if closing is None:
        return 0, None
    first = here[side].get('fin_time')
    if first is None:
        return 0, False
    waited = first - closing / 1e9
    return here[side]['fin'] - 1, waited if waited * 1e9 > FIN_WAITED_NS else None


def active_closer(c):
    """FIN_WAIT_1 is where the active closer goes, and only it; both do when the FINs cross."""
    first = [side for side, life in c.sides.items() if life and 'fin_wait_1' in dict(map(reversed, life.states))]
    return 'both' if len(first) == 2 else first[0] if first else None


def describe(c, here, at_ends):
    """The record of a connection in one capture. @at_ends: what the captures at its client and at its
    server hold of it."""
    fins = {side: own_fins(c, side, at_ends[side]) for side in ('client', 'server') if at_ends.get(side)}
    sides = {side: life for side, life in c.sides.items() if life}
    closer = active_closer(c)
    return {
        'client': c.client, 'server': c.server, 'start': c.start / 1e9, 'incarnation': c.incarnation,
        'states': {side: [[at / 1e9, state] for at, state in life.states] for side, life in sides.items()},
        'ended': {side: life.ended() for side, life in sides.items()},
        'active_closer': closer, 'simultaneous_close': closer == 'both',
        'rst_sent': [[side, reason, at / 1e9] for side, life in sides.items() for reason, at in life.resets],
        'fin_retransmits': {side: n for side, (n, _) in fins.items() if n},
        'fin_waited': {side: waited or None for side, (_, waited) in fins.items() if waited is not None},
        'labels': c.labels,
        'seen': here or nothing_seen(),
    }
