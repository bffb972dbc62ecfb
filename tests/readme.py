#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds the output that README.md quotes to what the program prints today.

    readme.py LASTACK

A quotation is a fenced block that begins with `$ ` and a command line.  `[...]` in it stands for what was left out;
everything else must be there, in this order, letter by letter.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
QUOTATION = re.compile(r'^```[a-z]*\n\$ (.*)\n((?:(?!```).*\n)*)```$', re.MULTILINE)
LEFT_OUT = re.compile(r'\[\.\.\.\]\n?')


def run(lastack, command):
    environment = {k: v for k, v in os.environ.items() if k not in ('NO_COLOR', 'COLUMNS')}
    environment.update(TZ='UTC', LC_ALL='C', TERM='dumb', LASTACK=lastack)
    done = subprocess.run(['bash', '-c', f'lastack() {{ "$LASTACK" "$@"; }}; {command}'], cwd=ROOT, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode()


def is_said(quoted, printed):
    """Whether @printed is @quoted, with any text in place of each `[...]`."""
    pattern = '.*?'.join(map(re.escape, LEFT_OUT.split(quoted)))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def main():
    lastack = str(pathlib.Path(sys.argv[1]).resolve())
    quotations = QUOTATION.findall((ROOT / 'README.md').read_text(encoding='utf-8'))
    wrong = 0
    for command, quoted in quotations:
        printed = run(lastack, command)
        if is_said(quoted, printed):
            continue
        wrong += 1
        print('\n'.join(difflib.unified_diff(quoted.splitlines(), printed.splitlines(), f'README.md: {command}',
                                             'what the program prints', lineterm='')))
    print(f'{len(quotations)} quotations, {wrong} wrong')
    return wrong > 0 or not quotations


sys.exit(main())
