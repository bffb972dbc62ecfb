#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds lastack against a bare libpcap loop on made-up captures, and its counts against what was made.

    bench.py --build build                          the four kinds of captures, 20 million packets and 10 GB in all
    bench.py --build build --scale 0.1 --runs 3     the same, a tenth of it
    bench.py --build build --with '-j 2' --peer tshark --captures short
    bench.py --build build --check --scale 0.01     the counts alone

The captures are made one after the other in a scratch directory (--scratch, else $TMPDIR), read once so that they are in the
page cache, and removed.  Programs take turns; a ratio compares two runs of the same turn, and the median of them is shown.
Peak memory is never less than the 20 MB of this script: a child's count begins with what it was forked from.
"""

import argparse
import json
import os
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

def make_capture(args, name):
    """Returns the capture's path and what the generator says is in it."""
    path = args.scratch / f'{name}.{args.format}'
    command = [str(args.generate), '--format', args.format, '--seed', str(args.seed), '-o', str(path)]
    for option, value in CAPTURES[name].items():
        scaled = option in ('packets', 'connections')
        command += [f'--{option}', str(max(1, int(value * args.scale)) if scaled else value)]
    subprocess.run(command, check=True)
    with open(path, 'rb', buffering=0) as file:  # into the page cache
        while file.read(1 << 22):
            pass
    return path, json.loads(Path(f'{path}.json').read_text())


# ── Counts ────────────────────────────────────────────────────────────────────

def read_summary(args, path):
    """Returns lastack's own summary: the last line of its NDJSON."""
    with subprocess.Popen([args.lastack, '-q', '--ndjson', '-', path], stdout=subprocess.PIPE) as lastack:
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


def profile(args, path):
    if not shutil.which('perf'):
        fail('--profile needs perf')
    data = args.scratch / 'perf.data'
    subprocess.run(['perf', 'record', '-q', '-o', data, args.lastack, path], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['perf', 'report', '--stdio', '-q', '--percent-limit', '1', '-i', data], check=True)


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
    parser.add_argument('--scratch', type=Path, help='a directory for the captures')
    parser.add_argument('--check', action='store_true', help='compare the counts, measure nothing')
    parser.add_argument('--profile', action='store_true', help='show where lastack spends its time (perf)')
    args = parser.parse_args()
    args.captures = args.captures.split(',')
    unknown = set(args.captures) - CAPTURES.keys()
    if unknown:
        parser.error(f'no such capture: {", ".join(sorted(unknown))}')
    args.lastack = args.build / 'commands' / 'lastack'
    args.generate = args.build / 'tests' / 'bench' / 'generate'
    args.floor = args.build / 'tests' / 'bench' / 'floor'
    for program in (args.lastack, args.generate, args.floor):
        if not program.exists():
            parser.error(f'{program} is not there: build first, or say where with --build')
    return args


def list_programs(args):
    programs = [Program('libpcap', f'{shlex.quote(str(args.floor))} {{}}', args.runs),
                Program('lastack', f'{shlex.quote(str(args.lastack))} {{}}', args.runs)]
    for options in args.variants:
        programs.append(Program(f'lastack {options}', f'{shlex.quote(str(args.lastack))} {options} {{}}', args.runs))
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
        speed = print_results(run_in_turns(list_programs(args), path), made)['lastack']
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
        results = {name: bench_capture(args, name) for name in args.captures}
    if not args.check and {'short', 'short-start'} <= results.keys():
        ratio = results['short'][0] / results['short-start'][0]
        print(f'packets per second on short, against its first twentieth: {ratio:.2f}')
    return 0 if all(right for _, right in results.values()) else 1


if __name__ == '__main__':
    sys.exit(main())
