#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds samples/README.md to what the program says of the samples today.

    samples.py LASTACK             says what differs; a finding of the catalogue without a sample does, too
    samples.py LASTACK --rewrite   writes the findings and the verdicts anew; what was written by hand stays
"""
import difflib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = ROOT / 'samples/README.md'
ROW = re.compile(r'^\| `([^`]+)` \| (.*) \| ([^|]*) \|$')
SAID = '## What the program says\n'
NOTE = '''
Of each sample the flow with the worst finding. `tests/samples.py LASTACK --rewrite` writes this and the column above.
'''
SEVERITIES = ('info', 'notice', 'warning', 'error')


def flows_of(lastack, name):
    done = subprocess.run([lastack, '--ndjson', '-', f'samples/{name}'],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2):   # 2: cut short
        sys.exit(f'{name}: exit status {done.returncode}: {done.stderr}')
    records = [json.loads(line) for line in done.stdout.splitlines()]
    flows = {r['flow']: r for r in records if r['type'] == 'flow'}
    for r in records:   # what several flows show together stands with one of them
        if r['type'] == 'port_budget' and r['finding']:
            flows[r['example_flow']]['findings'].append(r['finding'])
    return list(flows.values())


def cell(flows):
    codes = {}
    for finding in (f for flow in flows for f in flow['findings']):
        codes[finding['code']] = codes.get(finding['code'], False) or finding['certainty'] != 'cannot_tell'
    return ', '.join(code if told else f'{code}?' for code, told in sorted(codes.items())) or 'none'


def worst(flow):
    return max((SEVERITIES.index(f['severity']) for f in flow['findings']), default=-1)


def quote(name, flows):
    """The verdict on the flow that has the worst finding, the first of them, and its findings."""
    flow = max(flows, key=worst)
    lines = [flow['verdict']]
    for f in flow['findings']:
        lines.append(f'{f["code"]} {f["text"]}' + (' (cannot tell)' if f['certainty'] == 'cannot_tell' else ''))
    which = f', flow {flow["flow"]} of {len(flows)}' if len(flows) > 1 else ''
    return f'\n`{name}`{which}:\n\n' + ''.join(f'    {line}\n' for line in lines)


def rewritten(lastack, text):
    head = text.partition(SAID)[0]
    lines, quotes = [], []
    for line in head.splitlines(keepends=True):
        row = ROW.match(line.rstrip('\n'))
        if row:
            flows = flows_of(lastack, row[1])
            line = f'| `{row[1]}` | {row[2]} | {cell(flows)} |\n'
            quotes.append(quote(row[1], flows))
        lines.append(line)
    return ''.join(lines) + SAID + NOTE + ''.join(quotes)


def missing(text):
    """Yields what the table lacks: files, and findings that no sample shows."""
    rows = [row for row in map(ROW.match, text.splitlines()) if row]
    for path in sorted(README.parent.iterdir()):
        if path != README and path.name not in {row[1] for row in rows}:
            yield f'samples/{path.name} is not in samples/README.md'
    shown = {code for row in rows for code in re.findall(r'TD\d+', row[3])}
    catalogue = re.findall(r'"(TD\d+)"', (ROOT / 'analyzer/findings.def').read_text(encoding='utf-8'))
    for code in catalogue:
        if code not in shown:
            yield f'no sample shows {code}'


def main():
    lastack = str(pathlib.Path(sys.argv[1]).resolve())
    text = README.read_text(encoding='utf-8')
    new = rewritten(lastack, text)
    if '--rewrite' in sys.argv:
        README.write_text(new, encoding='utf-8')
        return 0
    problems = list(missing(text))
    problems += difflib.unified_diff(text.splitlines(), new.splitlines(),
                                     'samples/README.md', 'what the program says', lineterm='', n=1)
    print('\n'.join(problems) or 'as written')
    return bool(problems)


sys.exit(main())
