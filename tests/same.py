#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The same packets make the same output, byte by byte: as pcap, pcapng, gz, zst and xz, as ten rotated pieces, with any --jobs.

    same.py LASTACK GENERATE

What names the file and its format is left out where it differs; frame numbers of pieces are counted through.
"""
import difflib
import gzip
import json
import lzma
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

KINDS = {'web': 5000, 'short': 5000}
PIECES = 10
JOBS = 1, 2, 3, 8
OUTPUTS = {'terminal': ['--color', 'never'], 'JSON': ['--json', '-'], 'NDJSON': ['--ndjson', '-']}
OF_THE_FORMAT = {'path', 'format', 'bytes'}


# ── Captures ──────────────────────────────────────────────────────────────────

def split_records(capture):
    """Returns the file header of a pcap and its records."""
    records, at = [], 24
    while at < len(capture):
        end = at + 16 + struct.unpack_from('<I', capture, at + 8)[0]
        records.append(capture[at:end])
        at = end
    return capture[:24], records


def pcapng(header, records):
    snaplen, link_type = struct.unpack('<II', header[16:24])
    blocks = [struct.pack('<IIIHHqI', 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0, -1, 28),
              struct.pack('<IIHHII', 1, 20, link_type, 0, snaplen, 20)]
    for record in records:
        seconds, us, captured, wire = struct.unpack('<IIII', record[:16])
        time_us = seconds * 1000000 + us
        data = record[16:] + bytes(-captured % 4)
        blocks.append(struct.pack('<IIIIIII', 6, 32 + len(data), 0, time_us >> 32, time_us & 0xffffffff, captured, wire) +
                      data + struct.pack('<I', 32 + len(data)))
    return b''.join(blocks)


def zstd(data):
    """One frame of blocks that are stored as they are (RFC 8878 3.1.1): Python has no zstd of its own."""
    size = 128 << 10
    frame = [bytes.fromhex('28b52ffd0038')]  # no content size, no checksum; a window of 128 KB
    for at in range(0, len(data), size):
        block = data[at:at + size]
        frame += [((at + size >= len(data)) | len(block) << 3).to_bytes(3, 'little'), block]
    return b''.join(frame)


def write_captures(folder, capture):
    """Each in a folder of its own and by the same name, so that the name makes no difference."""
    header, records = split_records(capture)
    files = {'pcap': capture, 'pcapng': pcapng(header, records), 'gz': gzip.compress(capture, 1), 'xz': lzma.compress(capture, preset=0),
             'zst': zstd(capture)}
    for name, data in files.items():
        (folder / name).mkdir()
        (folder / name / 'capture').write_bytes(data)
    size = -(-len(records) // PIECES)
    (folder / 'pieces').mkdir()
    for i in range(PIECES):
        (folder / 'pieces' / f'p{i}').write_bytes(header + b''.join(records[i * size:(i + 1) * size]))
    return list(files), size


# ── Outputs ───────────────────────────────────────────────────────────────────

def run(lastack, folder, output, jobs=2, names=('capture',)):
    done = subprocess.run([lastack, '--jobs', str(jobs), *OUTPUTS[output], *names], cwd=folder, stdout=subprocess.PIPE,
                          env={**os.environ, 'COLUMNS': '120'}, check=False)
    if done.returncode != 0 or not done.stdout:
        sys.exit(f'same.py: exit code {done.returncode}, {len(done.stdout)} bytes of {output} in {folder}')
    return done.stdout.decode()


def documents(text, output):
    if output == 'JSON':
        return [json.loads(text)]
    return [json.loads(line) for line in text.splitlines()]


def without_format(text, output):
    if output == 'terminal':
        return re.sub(r'(?<=\()pcap(ng)?( \([a-z0-9]+\))?|\bpcap(ng)?( \([a-z0-9]+\))?(?=,)', 'FORMAT', text)
    docs = documents(text, output)
    for capture in docs[0]['captures'] if output == 'JSON' else [d for d in docs if d['type'] == 'capture']:
        for member in OF_THE_FORMAT:
            del capture[member]
    return '\n'.join(json.dumps(d, indent=1) for d in docs)


def count_through(value, size):
    """Frame numbers of pieces become those of the whole; what differs for good goes: filters, and the captures themselves."""
    if isinstance(value, list):
        return [count_through(v, size) for v in value]
    if isinstance(value, str):
        return re.sub(r'(\d+) of p(\d)', lambda m: str(int(m[1]) + int(m[2]) * size), value)
    if not isinstance(value, dict):
        return value
    whole = {}
    for key, v in value.items():
        file = value.get(re.sub(r'frame(s?)$', r'file\1', key)) if re.search(r'frames?$', key) else None
        if isinstance(v, int) and isinstance(file, int):
            v += file * size
        elif isinstance(v, list) and isinstance(file, list):
            v = [frame + f * size for frame, f in zip(v, file)]
        if key not in ('filter', 'captures') and not re.search(r'(^|_)files?$', key):
            whole[key] = count_through(v, size)
    return whole


def without_pieces(text, output, size):
    docs = [d for d in documents(text, output) if d.get('type') != 'capture']
    return '\n'.join(json.dumps(count_through(d, size), indent=1) for d in docs)


# ── Comparison ────────────────────────────────────────────────────────────────

def compare(what, expected, got):
    if got == expected:
        return True
    print(f'{what}:')
    lines = difflib.unified_diff(expected.splitlines(), got.splitlines(), 'expected', 'got', n=2, lineterm='')
    print('\n'.join(line for line, _ in zip(lines, range(40))))
    return False


def compare_all(lastack, folder, kind, formats, size):
    same = True
    pieces = [f'p{i}' for i in range(PIECES)]
    for output in OUTPUTS:
        plain = run(lastack, folder / 'pcap', output)
        expected = without_format(plain, output)
        for name in formats[1:]:
            same &= compare(f'{kind} as {name}, {output}', expected, without_format(run(lastack, folder / name, output), output))
        for jobs in JOBS:
            same &= compare(f'{kind} with --jobs {jobs}, {output}', plain, run(lastack, folder / 'pcap', output, jobs))
        if output != 'terminal':  # whose sentences name the pieces
            same &= compare(f'{kind} in {PIECES} pieces, {output}', without_pieces(plain, output, 0),
                            without_pieces(run(lastack, folder / 'pieces', output, names=pieces), output, size))
    return same


def main():
    lastack, generate = (os.path.abspath(program) for program in sys.argv[1:])
    same = True
    for kind, packets in KINDS.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            made = subprocess.run([generate, '--kind', kind, '--packets', str(packets), '--hours', '1', '--snaplen', '96', '--seed', '5'],
                                  stdout=subprocess.PIPE, check=True).stdout
            formats, size = write_captures(folder, made)
            same &= compare_all(lastack, folder, kind, formats, size)
    return not same


if __name__ == '__main__':
    sys.exit(main())
