#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends SIGINT and SIGTERM to lastack while it waits at a pipe, and looks at what it does.

    signals.py LASTACK CAPTURE
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

DONE, DAMAGED = 0, 2
PATIENCE_S = 60


class Reader:
    """lastack at a pipe that holds a capture and then stays open: standard input, or a FIFO by its name."""

    def __init__(self, lastack, capture, fifo=None):
        if fifo:
            os.mkfifo(fifo)
        self.child = subprocess.Popen([lastack, '-q', '--json', '-', fifo or '-'], stdin=None if fifo else subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pipe = open(fifo, 'wb') if fifo else self.child.stdin
        self.pipe.write(capture)
        self.pipe.flush()
        self.wait_until_asleep()

    def wait_until_asleep(self):
        """Until everything was read: it has been waiting for the same while the pipe is empty."""
        stat = pathlib.Path(f'/proc/{self.child.pid}/stat')
        deadline = time.monotonic() + PATIENCE_S
        before, calm = None, 0
        while calm < 3:
            if time.monotonic() > deadline:
                sys.exit('signals.py: lastack does not come to rest')
            time.sleep(0.1)
            fields = stat.read_text().rsplit(')', 1)[1].split()
            now = fields[0], fields[11], fields[12]  # state, user and system time
            calm = calm + 1 if now == before and now[0] == 'S' else 0
            before = now

    def send(self, number):
        self.child.send_signal(number)
        return self

    def end(self, writer_ends=False):
        """Returns: exit code, the report's flows (None if there is no report), words on standard error."""
        if writer_ends:
            self.pipe.close()
        give_up = threading.Timer(PATIENCE_S, self.child.kill)
        give_up.start()
        out, errors = self.child.stdout.read(), self.child.stderr.read()
        self.child.wait()
        give_up.cancel()
        self.pipe.close()
        flows = len(json.loads(out)['flows']) if out.rstrip().endswith(b'}') else None
        return self.child.returncode, flows, errors.decode()


def main():
    lastack, path = sys.argv[1:]
    capture = pathlib.Path(path).read_bytes()
    whole = len(json.loads(subprocess.run([lastack, '-q', '--json', '-', path], stdout=subprocess.PIPE, check=True).stdout)['flows'])
    failures = []

    def expect(what, got, code, flows, said):
        ok = got[:2] == (code, flows) and ('interrupted' in got[2]) == said
        if not ok:
            failures.append(f'{what}: {got}, expected exit code {code}, {flows} flows' + (', said so' if said else ''))

    with tempfile.TemporaryDirectory() as scratch:
        expect('SIGTERM at standard input', Reader(lastack, capture).send(signal.SIGTERM).end(), DAMAGED, whole, True)
        expect('SIGINT at standard input, whose writer ends', Reader(lastack, capture).send(signal.SIGINT).end(writer_ends=True), DONE, whole, False)
        for number in signal.SIGINT, signal.SIGTERM:
            fifo = os.path.join(scratch, number.name)
            expect(f'{number.name} at a FIFO', Reader(lastack, capture, fifo).send(number).end(), DAMAGED, whole, True)
        cut = Reader(lastack, capture[:-3]).send(signal.SIGTERM).end()  # in the middle of a record: nobody's fault
        expect('SIGTERM inside a record', cut, DAMAGED, cut[1], True)
        if 'record' in cut[2]:
            failures.append(f'SIGTERM inside a record is told as damage: {cut[2]}')
        for second in signal.SIGINT, signal.SIGTERM:
            reader = Reader(lastack, capture).send(signal.SIGINT)
            time.sleep(0.3)
            expect(f'SIGINT and {second.name}', reader.send(second).end(), -second, None, False)
    for failure in failures:
        print(failure)
    return bool(failures)


if __name__ == '__main__':
    sys.exit(main())
