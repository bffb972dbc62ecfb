# SPDX-License-Identifier: BSD-3-Clause
"""The scenes. Each is a function of a Lab; its docstring is what the record says of it."""
import dataclasses
import random
import socket
import struct
import threading
import time

from packet import ACK, RST

SCENES = {}


@dataclasses.dataclass
class Scene:
    name: str
    play: object
    hosts: tuple
    sysctls: dict   # host: {sysctl below net.ipv4: value}

    @property
    def what(self): return ' '.join(self.play.__doc__.split())


def scene(hosts=('client', 'server'), **sysctls):
    def register(play):
        SCENES[play.__name__] = Scene(play.__name__, play, hosts, sysctls)
        return play
    return register


def linger(s, seconds):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, seconds))


def talk(a, b, size=100):
    """A request and its answer, both read."""
    for sender, receiver in ((a, b), (b, a)):
        sender.sendall(random.randbytes(size))
        left = size
        while left:
            left -= len(receiver.recv(left))


def close_after(first, second, pause=0.03):
    """An orderly close by @first, answered @pause later."""
    first.close()
    while second.recv(4096):
        pass
    time.sleep(pause)
    second.close()
    time.sleep(0.1)


def late(s):
    """Closes at last; the other end may be gone."""
    s.close()
    time.sleep(0.2)


# ── FIN_WAIT_2 ──

def leak(lab, closer, pause, *labels):
    """The @closer's end closes, the other sleeps for @pause and then closes, too."""
    client, server = lab.connection(labels=('MISSING_FIN', 'CLOSE_WAIT_LEAK', *labels))
    talk(client, server)
    first, second = (client, server) if closer == 'client' else (server, client)
    first.close()
    time.sleep(pause)
    late(second)


@scene()
def server_fin_wait_2_60(lab):
    """The server closes, the client does not for 64 s: the server's FIN_WAIT_2 lasts 60 s and is gone
    without TIME_WAIT; the client's FIN gets a RST."""
    leak(lab, 'server', 64, 'LATE_FIN_AFTER_FW2_TIMEOUT')


@scene(client={'tcp_fin_timeout': 5})
def fin_wait_2_fin_timeout_5(lab):
    """The client closes while the server sleeps, tcp_fin_timeout 5: FIN_WAIT_2 for 5 s, then nothing. The
    server closes after 7 s."""
    leak(lab, 'client', 7, 'LATE_FIN_AFTER_FW2_TIMEOUT')


@scene(client={'tcp_fin_timeout': 65})
def fin_wait_2_fin_timeout_65(lab):
    """The client closes while the server sleeps, tcp_fin_timeout 65: FIN_WAIT_2 for about 2 x (65 - 60) s.
    The server closes after 12 s."""
    leak(lab, 'client', 12, 'LATE_FIN_AFTER_FW2_TIMEOUT')


@scene()
def fin_wait_2_fin_in_time(lab):
    """The client closes while the server sleeps for 50 s, tcp_fin_timeout 60: the FIN comes in time."""
    client, server = lab.connection(labels=('CLEAN_CLOSE',))
    talk(client, server)
    close_after(client, server, 50)


@scene(client={'tcp_fin_timeout': 5})
def fin_wait_2_shutdown(lab):
    """The client calls shutdown(SHUT_WR) while the server sleeps, tcp_fin_timeout 5: a socket that a
    process holds has no timer. The server answers and closes after 70 s; its data and its FIN are taken."""
    client, server = lab.connection(labels=('HALF_CLOSE', 'MISSING_FIN'))
    talk(client, server)
    client.shutdown(socket.SHUT_WR)
    time.sleep(70)
    server.sendall(random.randbytes(300))
    late(server)
    while client.recv(4096):
        pass
    client.close()


def probe(lab, first, second, seconds):
    """A probe per second to each end until one answers with a RST: a firewall whose rule is about to
    expire, in short."""
    for _ in range(seconds):
        for end, peer in ((first, second), (second, first)):
            lab.wire.forge_keepalive(end, peer)
            time.sleep(0.5)
            if lab.wire.last[end, peer].flags & RST:
                return


@scene(client={'tcp_fin_timeout': 5})
def keepalives_forged_orphan(lab):
    """The client has closed, the server has not; a firewall forges keepalives to both. The orphan answers
    and is not kept: after 5 s it answers with a RST, which ends the server's connection."""
    client, server = lab.connection(labels=('KEEPALIVE_INJECTED', 'MISSING_FIN'))
    talk(client, server)
    ends = client.getsockname(), client.getpeername()
    client.close()
    time.sleep(0.5)
    probe(lab, *ends, 14)
    late(server)


@scene(client={'tcp_fin_timeout': 5})
def keepalives_forged_shutdown(lab):
    """The same with shutdown(SHUT_WR): both ends answer for as long as they are asked."""
    client, server = lab.connection(labels=('KEEPALIVE_INJECTED', 'MISSING_FIN'))
    talk(client, server)
    ends = client.getsockname(), client.getpeername()
    client.shutdown(socket.SHUT_WR)
    time.sleep(0.5)
    probe(lab, *ends, 14)


# ── TIME_WAIT ──

def reuse(lab, first, second, *labels, pause=0.5):
    """The server closes first and holds TIME_WAIT; the client comes back from the same port. @first,
    @second: ISNs."""
    client, server = lab.connection(40000, first)
    talk(client, server)
    close_after(server, client)
    time.sleep(pause)
    client, server = lab.connection(40000, second, ('TW_REUSE', *labels))
    talk(client, server)
    close_after(client, server)


@scene(client={'tcp_timestamps': 0}, server={'tcp_timestamps': 0})
def time_wait_reuse_up(lab):
    """A client uses its port again with a higher initial sequence number while the server is in
    TIME_WAIT."""
    reuse(lab, 1_000_000_000, 1_000_100_000, 'TW_REUSE_ISN_UP')


@scene(client={'tcp_timestamps': 0}, server={'tcp_timestamps': 0})
def time_wait_reuse_down(lab):
    """The same with a lower one: challenge ACK, RST, and the SYN again."""
    reuse(lab, 1_000_000_000, 999_900_000, 'TW_REUSE_ISN_DOWN')


@scene()
def time_wait_reuse_down_timestamps(lab):
    """The same with timestamps, which went up: accepted."""
    reuse(lab, 1_000_000_000, 999_900_000)


@scene(client={'tcp_timestamps': 0}, server={'tcp_timestamps': 0})
def time_wait_reuse_up_over_the_wrap(lab):
    """The higher number lies beyond 2^32."""
    reuse(lab, 0xffffff00, 50_000, 'TW_REUSE_ISN_UP')


@scene(client={'tcp_timestamps': 0}, server={'tcp_timestamps': 0})
def time_wait_reuse_down_silent(lab):
    """A lower initial sequence number, and the path loses what TIME_WAIT answers: SYN after SYN vanishes
    until the client gives up."""
    client, server = lab.connection(40000, 1_000_000_000)
    talk(client, server)
    close_after(server, client)
    lab.wire.drop(lab.of(lab.server))
    try:
        lab.client.connect((lab.server.address, 8000), 40000, 999_900_000, timeout=4)
    except TimeoutError:
        pass


@scene(server={'tcp_max_tw_buckets': 0})
def time_wait_was_gone(lab):
    """The server closes first, but may hold no TIME_WAIT (tcp_max_tw_buckets 0); its last ACK is lost, and
    the client's repeated FIN gets a RST."""
    client, server = lab.connection(labels=('TW_OVERFLOW', 'TW_OVERFLOW_SEEN'))
    talk(client, server)
    # The process still holds it: an orphan's FIN_WAIT_2 would not be let in either.
    server.shutdown(socket.SHUT_WR)
    time.sleep(0.1)
    lab.wire.drop(lab.of(lab.server), 1)
    client.close()
    time.sleep(1)
    server.close()


@scene(server={'tcp_max_tw_buckets': 0})
def fin_wait_2_refused(lab):
    """The same, but the server's end is an orphan: tcp_max_tw_buckets holds its FIN_WAIT_2 off, too."""
    client, server = lab.connection(labels=('LATE_FIN_AFTER_FW2_TIMEOUT',))
    talk(client, server)
    server.close()
    time.sleep(0.1)
    client.close()
    time.sleep(0.5)


@scene()
def last_ack_lost(lab):
    """The last ACK is lost twice; TIME_WAIT answers the repeated FIN."""
    client, server = lab.connection(labels=('LOST_LAST_ACK',))
    talk(client, server)
    client.close()
    time.sleep(0.1)
    lab.wire.drop(lab.of(lab.client), 2)
    server.close()
    time.sleep(2)


# ── Ports ──

@scene(hosts=('client', 'proxy', 'server'), proxy={'ip_local_port_range': '47000 47003', 'tcp_tw_reuse': 0})
def proxy_out_of_ports(lab):
    """Six short requests through a proxy that has four ports towards the server and closes first: from the
    fifth on it cannot connect and aborts the client's connection."""
    for _ in range(6):
        client, proxy = lab.connection(to=lab.proxy)
        client.sendall(random.randbytes(40))
        proxy.recv(40)
        try:
            behind, server = lab.connection(by=lab.proxy)
        except OSError:
            linger(proxy, 0)
            lab.label(proxy, 'RST_ON_LINGER')
            proxy.close()
            time.sleep(0.05)
            client.close()
            continue
        talk(behind, server, 60)
        behind.close()
        time.sleep(0.01)
        server.close()
        proxy.sendall(random.randbytes(60))
        close_after(proxy, client, 0.01)


@scene(hosts=('client', 'proxy', 'server'), proxy={'ip_local_port_range': '47000 47003', 'tcp_tw_reuse': 1})
def proxy_reuses_ports(lab):
    """Six requests of a proxy with four ports and tcp_tw_reuse: a port comes back after a second."""
    used = set()
    for _ in range(6):
        behind, server = lab.connection(by=lab.proxy)
        port = behind.getsockname()[1]
        lab.label(behind, *(['TW_REUSE', 'TW_REUSE_BY_CLIENT'] if port in used else ['CLEAN_CLOSE']))
        used.add(port)
        talk(behind, server, 60)
        behind.close()
        time.sleep(0.02)
        server.close()
        time.sleep(0.3)


# ── Aborts and lingering ──

@scene()
def linger_0_data_in_flight(lab):
    """SO_LINGER {1, 0} and close() while 4000 bytes are on their way and nothing acknowledges them."""
    client, server = lab.connection(labels=('RST_ON_LINGER',))
    talk(client, server)
    lab.wire.drop(lab.of(lab.server))
    client.sendall(random.randbytes(4000))
    time.sleep(0.001)
    linger(client, 0)
    client.close()
    time.sleep(0.2)
    server.close()


@scene()
def linger_5(lab):
    """SO_LINGER {1, 5} and close(): an ordinary close, though it blocks until all is acknowledged."""
    client, server = lab.connection(labels=('CLEAN_CLOSE',))
    talk(client, server)
    client.sendall(random.randbytes(2000))
    linger(client, 5)
    close_after(client, server, 0.3)


@scene()
def linger_2_unanswered(lab):
    """SO_LINGER {1, 2} and close() while the path loses every answer for 5 s: close() returns after 2 s,
    the orphan goes on."""
    client, server = lab.connection()
    talk(client, server)
    hole = lab.wire.drop(lab.of(lab.server))
    client.sendall(random.randbytes(500))
    linger(client, 2)
    client.close()
    time.sleep(3)
    lab.wire.pass_again(hole)
    time.sleep(4)
    while server.recv(4096):
        pass
    late(server)


@scene()
def close_with_unread_data(lab):
    """The client sends 500 bytes, the server reads 100 of them and closes."""
    client, server = lab.connection(labels=('RST_ON_CLOSE_UNREAD',))
    client.sendall(random.randbytes(500))
    server.recv(100)
    server.close()
    time.sleep(0.1)
    client.close()


@scene()
def keepalive_timeout(lab):
    """The path dies; the client's keepalives (after 2 s, every second, three of them) go unanswered, and it
    gives up with a RST."""
    client, server = lab.connection(labels=('KEEPALIVE_TIMEOUT', 'PEER_VANISHED'))
    talk(client, server)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 2), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 3)):
        client.setsockopt(socket.IPPROTO_TCP, option, value)
    lab.wire.drop(lambda s: True)
    time.sleep(7)


@scene()
def rst_forged(lab):
    """A box on the path forges a RST in the server's name, exactly in order; the server knows nothing of it
    and sends."""
    client, server = lab.connection(labels=('INJECTED_RST',))
    talk(client, server)
    end, peer = client.getsockname(), client.getpeername()
    expected, acked = lab.wire.last[end, peer].ack, lab.wire.last[peer, end].ack
    lab.wire.forge(lab.client, peer, end, RST | ACK, expected, ack=acked, window=8192, ttl=200)
    time.sleep(0.2)
    server.sendall(random.randbytes(100))
    time.sleep(0.2)


@scene()
def open_and_idle(lab):
    """One connection stays open and idle; another one comes and goes 65 s later."""
    idle, peer = lab.connection()
    talk(idle, peer)
    time.sleep(65)
    client, server = lab.connection(labels=('CLEAN_CLOSE',))
    talk(client, server)
    close_after(client, server)


@scene()
def data_after_close(lab):
    """The client closes and the server goes on to send: a RST."""
    client, server = lab.connection(labels=('RST_DATA_ON_ORPHAN',))
    talk(client, server)
    client.close()
    time.sleep(0.2)
    server.sendall(random.randbytes(100))
    time.sleep(0.2)
    server.close()


@scene()
def simultaneous_close(lab):
    """Both ends close, 20 ms apart from each other."""
    client, server = lab.connection(labels=('SIMULTANEOUS_CLOSE',))
    talk(client, server)
    lab.wire.latency = 0.02
    client.close()
    server.close()
    time.sleep(0.5)


@scene()
def client_restarted(lab):
    """The client's abort is lost, and it comes back from the same port while the server still holds the old
    connection."""
    client, server = lab.connection(40000)
    talk(client, server)
    lost = lab.wire.drop(lab.of(lab.client, RST))
    linger(client, 0)
    client.close()
    time.sleep(0.2)
    lab.wire.pass_again(lost)
    again, theirs = lab.connection(40000, labels=('SYN_ON_ESTABLISHED',))
    talk(again, theirs)
    close_after(again, theirs)


# ── Everything at once ──

def mixed(lab, seed, loss=0.0, jitter=(0.0,), count=60):
    """Connections of every kind from a seed; which is which is not labelled, the kernel says it."""
    rng = random.Random(seed)
    lab.wire.latency = 0.002
    lab.wire.rule(lambda s: None if rng.random() < loss else rng.choice(jitter))

    def life(style, s, pause):
        try:
            time.sleep(pause)
            if style == 'abort':
                linger(s, 0)
            elif style in ('half', 'read'):
                s.shutdown(socket.SHUT_WR) if style == 'half' else None
                while s.recv(4096):
                    pass
            elif style == 'last words':
                s.sendall(random.randbytes(700))
            elif style == 'never':
                time.sleep(8)
            s.close()
        except OSError:
            s.close()

    styles = ('abort', 'close', 'half', 'last words', 'read', 'read', 'read', 'never')
    threads = []
    for _ in range(count):
        pair = lab.connection()
        for s in pair:
            if rng.random() < 0.8:
                s.sendall(random.randbytes(rng.randrange(1, 3000)))
            pause = rng.choice((0, 0.001, 0.003, 0.01, 0.1, 0.5))
            threads.append(threading.Thread(target=life, args=(rng.choice(styles), s, pause)))
            threads[-1].start()
    for thread in threads:
        thread.join(40)
    time.sleep(1)


@scene()
def mix(lab):
    """Sixty connections that end in every way, over a path of 2 ms."""
    mixed(lab, 1)


@scene()
def mix_reordered(lab):
    """The same over a path of 2 to 6 ms that reorders."""
    mixed(lab, 2, jitter=(0.0, 0.0, 0.001, 0.004))


@scene()
def mix_lossy(lab):
    """The same over a path that loses every tenth packet."""
    mixed(lab, 3, loss=0.1)
