#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds lastack against a bare libpcap loop on made-up captures, and its counts against what was made.

    bench.py --build build                          the four kinds of captures, 20 million packets and 10 GB in all
    bench.py --build build --scale 0.1 --runs 3     the same, a tenth of it
    bench.py --build build --with '-j 2' --peer tshark --captures short
    bench.py --build build --check --scale 0.01     the counts alone
    bench.py --build build --budget flood,stream    what stays inside --memory: a SYN flood; 20 GB through a pipe, stored nowhere

The captures are made one after the other in a scratch directory (--scratch, else $TMPDIR), read once so that they are in the
page cache, and removed.  Programs take turns; a ratio compares two runs of the same turn, and the median of them is shown.
Peak memory is never less than the 20 MB of this script: a child's count begins with what it was forked from.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

# Numbers are multiplied by --scale. 'short-start' is 'short' at a twentieth: packets per second must not fall from one to the other.
CAPTURES = {
    'web': {'kind': 'web', 'packets': 4_000_000, 'hours': 0.5},
    'bulk': {'kind': 'bulk', 'packets': 200_000, 'hours': 2},
    'short-start': {'kind': 'short', 'packets': 1_000_000, 'hours': 0.05},
    'short': {'kind': 'short', 'packets': 20_000_000, 'hours': 1},
    'flood': {'kind': 'flood', 'connections': 10_000_000, 'hours': 1},
}

# What must stay inside a budget.  'stream' has no file: its packets come through a pipe as they are made.
BUDGETS = {'flood': '1G', 'stream': '512M'}
STREAM = {'kind': 'web', 'packets': 34_000_000, 'hours': 3, 'bytes': 20_000_000_000}
STREAM_FLAT_FROM = 10 / 60 / STREAM['hours']  # of it: the tenth minute
STREAM_FLAT_GROWTH = 1.05  # more than that from there on is no flat memory

# Of the memory that is held at the end of the input `lastack --stats` says this.
HELD = re.compile(r'(\d+) connections held ([\d.]+) MB, and ([\d.]+) MB told of (\d+) that were over')

# What else reads captures and follows connections; {} is the capture.
PEERS = {
    'argus': 'argus -X -r {} -w /dev/null',
    'tcptrace': 'tcptrace -n {}',
    'tshark': 'tshark -n -q -z conv,tcp -r {}',
}


class Program(NamedTuple):
    name: str
    command: str  # {} is the capture
    runs: int


class Sample(NamedTuple):
    cpu: float
    wall: float
    peak_mb: float


def fail(message):
    sys.exit(f'bench.py: {message}')


# ── Captures ──────────────────────────────────────────────────────────────────

def generate_command(args, plan):
    command = [str(args.generate), '--format', args.format, '--seed', str(args.seed)]
    for option in plan.keys() - {'bytes'}:
        scaled = option in ('packets', 'connections')
        command += [f'--{option}', str(max(1, int(plan[option] * args.scale)) if scaled else plan[option])]
    return command


def make_capture(args, name):
    """Returns the capture's path and what the generator says is in it."""
    path = args.scratch / f'{name}.{args.format}'
    subprocess.run([*generate_command(args, CAPTURES[name]), '-o', str(path)], check=True)
    with open(path, 'rb', buffering=0) as file:  # into the page cache
        while file.read(1 << 22):
            pass
    return path, json.loads(Path(f'{path}.json').read_text())


# ── Counts ────────────────────────────────────────────────────────────────────

def read_summary(args, path, options=()):
    """Returns lastack's own summary: the last line of its NDJSON."""
    with subprocess.Popen([*args.command, *options, '--ndjson', '-', path], stdout=subprocess.PIPE) as lastack:
        last = subprocess.run(['tail', '-n', '1'], stdin=lastack.stdout, capture_output=True, check=True).stdout
    if lastack.returncode != 0:
        fail(f'lastack exited with {lastack.returncode} on {path}')
    return json.loads(last)


def compare_counts(made, summary):
    """Yields a line for each difference."""
    frames = summary['frames']
    found = {'packets': sum(frames.values()), 'tcp_packets': frames.get('tcp', 0), 'connections': summary['flows']}
    for what, n in found.items():
        if n != made[what]:
            yield f'{what}: {n}, made were {made[what]}'
    for close in sorted(made['close'].keys() | summary['close'].keys()):
        n, least = summary['close'].get(close, 0), made['close'].get(close, 0)
        most = least + made['close_uncertain']
        if not least <= n <= most:
            yield f'close {close}: {n}, made were {least}' + (f' to {most}' if most > least else '')


def check_counts(args, path, made):
    differences = list(compare_counts(made, read_summary(args, path)))
    print('  counts as made' if not differences else '  COUNTS DIFFER')
    for difference in differences:
        print(f'    {difference}')
    return not differences


# ── Runs ──────────────────────────────────────────────────────────────────────

def run_once(command, path):
    argv = [word.replace('{}', str(path)) for word in shlex.split(command)]
    start = time.monotonic()
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        fail(f'{shlex.join(argv)} exited with {child.returncode}:\n{errors.decode(errors="replace")}')
    return Sample(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def run_in_turns(programs, path):
    samples = {program.name: [] for program in programs}
    for turn in range(max(program.runs for program in programs)):
        for program in programs:
            if turn < program.runs:
                samples[program.name].append(run_once(program.command, path))
    return samples


def print_results(samples, made):
    """Returns the median packets per second of each program."""
    floor = samples['libpcap']
    speeds = {}
    print(f'  {"":24}{"CPU s":>8}{"ratio":>8}{"wall s":>8}{"ratio":>8}{"Mpkt/s":>8}{"peak MB":>9}{"B/conn":>8}')
    for name, runs in samples.items():
        cpu = statistics.median(s.cpu for s in runs)
        wall = statistics.median(s.wall for s in runs)
        peak = max(s.peak_mb for s in runs)
        cpu_ratio = statistics.median(s.cpu / f.cpu for s, f in zip(runs, floor))
        wall_ratio = statistics.median(s.wall / f.wall for s, f in zip(runs, floor))
        speeds[name] = made['packets'] / wall
        print(f'  {name:24}{cpu:8.2f}{cpu_ratio:8.2f}{wall:8.2f}{wall_ratio:8.2f}'
              f'{speeds[name] / 1e6:8.2f}{peak:9.1f}{peak * 1048576 / made["connections"]:8.0f}')
    return speeds


def print_against_plain(samples):
    """What an option costs: against plain lastack in the same turn."""
    for name in samples.keys() - {'libpcap', 'lastack'}:
        if name.startswith('lastack '):
            more = statistics.median(s.cpu / p.cpu for s, p in zip(samples[name], samples['lastack'])) - 1
            print(f'  {name}: {more:+.0%} CPU')


def print_held(args, path):
    """What the tracker holds of each connection, and of one that is over."""
    done = subprocess.run([*args.command, '--stats', path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    held = HELD.search(done.stderr)
    if not held:
        fail(f'--stats does not say what is held:\n{done.stderr}')
    for n, mb, what in ((held[1], held[2], 'connections'), (held[4], held[3], 'that were over')):
        if int(n):
            print(f'  held at the end: {int(n):,} {what}, {float(mb) * 1048576 / int(n):.0f} bytes each')


def profile(args, path):
    if not shutil.which('perf'):
        fail('--profile needs perf')
    data = args.scratch / 'perf.data'
    subprocess.run(['perf', 'record', '-q', '-o', data, *args.command, path], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['perf', 'report', '--stdio', '-q', '--percent-limit', '1', '-i', data], check=True)


# ── Budgets ───────────────────────────────────────────────────────────────────

def budget_bytes(text):
    return int(text[:-1]) << {'M': 20, 'G': 30}[text[-1]]


def judge_peak(peak_mb, budget):
    inside = peak_mb * 1048576 <= budget_bytes(budget)
    print(f'  peak {peak_mb:,.0f} MB, --memory {budget}: {"inside" if inside else "OUTSIDE"}')
    return inside


def keep_flood(args, budget):
    """The connections that are none may be forgotten; the real ones keep their verdicts."""
    path, made = make_capture(args, 'flood')
    print(f'flood: {made["connections"]:,} connections, --memory {budget}', flush=True)
    sample = run_once(shlex.join([*args.command, '--memory', budget, '{}']), path)
    summary = read_summary(args, path, ['--memory', budget])
    lost = {close: (n, summary['close'].get(close, 0)) for close, n in made['close'].items()
            if close != 'unanswered' and summary['close'].get(close, 0) < n}
    for close, (n, found) in lost.items():
        print(f'  close {close}: {found}, made were {n}')
    path.unlink()
    return judge_peak(sample.peak_mb, budget) and not lost


def resident_mb(pid):
    return int(Path(f'/proc/{pid}/statm').read_text().split()[1]) * os.sysconf('SC_PAGESIZE') / 1048576


def keep_stream(args, budget):
    """Looks at the memory at each hundredth of what comes through."""
    whole = STREAM['bytes'] * args.scale
    print(f'stream: {whole / 1e9:.1f} GB, --memory {budget}', flush=True)
    done, looks = 0, []
    with subprocess.Popen(generate_command(args, STREAM), stdout=subprocess.PIPE, bufsize=0) as generate, \
            subprocess.Popen([*args.command, '--memory', budget, '-'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, bufsize=0) as lastack:
        while some := generate.stdout.read(1 << 20):
            lastack.stdin.write(some)
            done += len(some)
            if done >= len(looks) * whole / 100:
                looks.append(resident_mb(lastack.pid))
        lastack.stdin.close()
        _, status, usage = os.wait4(lastack.pid, 0)
        lastack.returncode = os.waitstatus_to_exitcode(status)
    early, late = looks[:max(1, int(len(looks) * STREAM_FLAT_FROM))], looks[int(len(looks) * STREAM_FLAT_FROM):]
    flat = max(late) <= max(early) * STREAM_FLAT_GROWTH
    print(f'  {done / 1e9:.1f} GB came; {max(early):,.0f} MB at most up to the tenth minute, {max(late):,.0f} MB after it: '
          f'{"flat" if flat else "NOT FLAT"}; exit code {lastack.returncode}')
    return judge_peak(usage.ru_maxrss / 1024, budget) and flat and lastack.returncode == 0


KEEP = {'flood': keep_flood, 'stream': keep_stream}


# ── Command line ──────────────────────────────────────────────────────────────

def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', type=Path, default=Path('build'), help='where meson has built the three programs')
    parser.add_argument('--captures', default=','.join(CAPTURES), help='which, with commas: %(default)s')
    parser.add_argument('--format', choices=('pcap', 'pcapng'), default='pcap')
    parser.add_argument('--scale', type=float, default=1.0, help='how much of each capture (%(default)s)')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--runs', type=int, default=5, help='of each program (%(default)s); a peer runs once')
    parser.add_argument('--with', dest='variants', action='append', default=[], metavar='OPTIONS',
                        help="measure lastack with these options too: '-j 2', '--ndjson -'")
    parser.add_argument('--peer', action='append', default=[], metavar='NAME',
                        help=f'measure another program too: {", ".join(PEERS)}, or a command with {{}} for the capture')
    parser.add_argument('--jobs', type=int, default=1, help='of lastack, wherever --with does not say otherwise (%(default)s)')
    parser.add_argument('--budget', default='', metavar='NAMES',
                        help=f'instead of all that: whether memory stays inside a budget, {", ".join(BUDGETS)}')
    parser.add_argument('--scratch', type=Path, help='a directory for the captures')
    parser.add_argument('--check', action='store_true', help='compare the counts, measure nothing')
    parser.add_argument('--profile', action='store_true', help='show where lastack spends its time (perf)')
    args = parser.parse_args()
    args.captures = args.captures.split(',')
    args.budget = [name for name in args.budget.split(',') if name]
    unknown = (set(args.captures) - CAPTURES.keys()) | (set(args.budget) - BUDGETS.keys())
    if unknown:
        parser.error(f'no such capture: {", ".join(sorted(unknown))}')
    args.lastack = args.build / 'commands' / 'lastack'
    args.command = [str(args.lastack), '-q', '--jobs', str(args.jobs)]
    args.generate = args.build / 'tests' / 'bench' / 'generate'
    args.floor = args.build / 'tests' / 'bench' / 'floor'
    for program in (args.lastack, args.generate, args.floor):
        if not program.exists():
            parser.error(f'{program} is not there: build first, or say where with --build')
    return args


def list_programs(args):
    lastack = shlex.join(args.command)
    programs = [Program('libpcap', f'{shlex.quote(str(args.floor))} {{}}', args.runs),
                Program('lastack', f'{lastack} {{}}', args.runs)]
    for options in args.variants:
        programs.append(Program(f'lastack {options}', f'{lastack} {options} {{}}', args.runs))
    for peer in args.peer:
        command = PEERS.get(peer, peer)
        if not shutil.which(shlex.split(command)[0]):
            fail(f'{peer} is not installed')
        programs.append(Program(shlex.split(command)[0], command, 1))
    return programs


def bench_capture(args, name):
    """Returns lastack's packets per second (None with --check) and whether the counts were right."""
    path, made = make_capture(args, name)
    print(f'{name}: {made["packets"]:,} packets, {made["connections"]:,} connections ({made["open_at_once"]:,} at once), '
          f'{made["bytes"] / 1e6:,.0f} MB, {made["duration_ns"] / 3.6e12:.1f} h', flush=True)
    speed = None
    if not args.check:
        samples = run_in_turns(list_programs(args), path)
        speed = print_results(samples, made)['lastack']
        print_against_plain(samples)
        print_held(args, path)
    right = check_counts(args, path, made)
    if args.profile:
        profile(args, path)
    path.unlink()
    print(flush=True)
    return speed, right


def main():
    args = parse_arguments()
    with tempfile.TemporaryDirectory(prefix='lastack-bench-', dir=args.scratch) as scratch:
        args.scratch = Path(scratch)
        if args.budget:
            return 0 if all([KEEP[name](args, BUDGETS[name]) for name in args.budget]) else 1
        results = {name: bench_capture(args, name) for name in args.captures}
    if not args.check and {'short', 'short-start'} <= results.keys():
        ratio = results['short'][0] / results['short-start'][0]
        print(f'packets per second on short, against its first twentieth: {ratio:.2f}')
    return 0 if all(right for _, right in results.values()) else 1


if __name__ == '__main__':
    sys.exit(main())
