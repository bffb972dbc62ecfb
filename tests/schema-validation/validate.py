#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds real output to the JSON Schema.

    validate.py LASTACK SCHEMA DIRECTORY

The schema lets readers ignore members that they do not know; here every member must be described. That the check can
fail is checked, too.
"""
import copy
import json
import pathlib
import subprocess
import sys

import jsonschema


def strict(node):
    """The schema without room for members that it does not describe."""
    if isinstance(node, list):
        return [strict(n) for n in node]
    if not isinstance(node, dict):
        return node
    out = {k: strict(v) for k, v in node.items()}
    if out.get('type') == 'object' and 'properties' in out and 'required' in out:
        out.setdefault('additionalProperties', False)
    return out


def run(lastack, *arguments):
    done = subprocess.run([lastack, *arguments], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2):
        sys.exit(f'lastack {" ".join(arguments)}: exit status {done.returncode}: {done.stderr}')
    return done.stdout


def check(validator, value, where):
    error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    if error:
        sys.exit(f'{where}: {error.json_path}: {error.message}')


def check_can_fail(validator, flow):
    for key, value in (('close', 'tidy'), ('start', '2024-01-01'), ('unheard_of', 1), ('type', 'floe')):
        broken = copy.deepcopy(flow)
        broken[key] = value
        if validator.is_valid(broken):
            sys.exit(f'the schema takes a flow with {key} = {value!r}')


def main():
    lastack, schema_path, directory = sys.argv[1:]
    captures = sorted(str(p) for p in pathlib.Path(directory).glob('*.pcap*'))
    with open(schema_path, encoding='utf-8') as f:
        schema = strict(json.load(f))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    flows = 0
    for inputs in [[c] for c in captures] + [captures[:3]]:
        for number, line in enumerate(run(lastack, '--ndjson', '-', *inputs).splitlines(), 1):
            value = json.loads(line)
            check(validator, value, f'{inputs} line {number}')
            if value['type'] == 'flow':
                flows += 1
                check_can_fail(validator, value)
        check(validator, json.loads(run(lastack, '--json', '-', *inputs)), f'{inputs} report')
    proxy = f'{directory}/proxy_reuses_ports.pcap'
    for arguments in (['whatif', '--set', 'tcp_fin_timeout=30', proxy], ['whatif', '--set', 'ip_local_port_range=47000:47001', proxy],
                      ['whatif', '--set', 'linger=0', proxy], ['at', '+1', proxy], ['at', '+1', '--sockets', proxy]):
        check(validator, json.loads(run(lastack, *arguments, '--json', '-')), arguments)
        for line in run(lastack, *arguments, '--ndjson', '-').splitlines():
            check(validator, json.loads(line), arguments)
    for arguments in (['models'], ['models', 'linux'], ['explain'], ['explain', 'TD101']):
        check(validator, json.loads(run(lastack, *arguments, '--json', '-')), arguments)
    if flows == 0:
        sys.exit('no flow was checked')
    print(f'{flows} flows of {len(captures)} captures')


main()
