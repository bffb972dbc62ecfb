#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds the "zeek" words of flow records against rows of Zeek's own conn.log baselines.

    compare-zeek.py --analyzer 'build/lastack --ndjson -' --expected zeek_expected.tsv --captures DIR [-v]

The table has a header; its columns trace (a path below DIR), orig_h, orig_p, resp_h, resp_p, conn_state,
history and opts (of that run of Zeek) are used.  A row is equal when a flow of its 4-tuple has both words, as
the flow's own row or as one of "later", the rows that Zeek opens when its timers have ended the first.
Exit code 0 when at least --at-least percent of the rows are equal, else 1.
"""

import argparse
import collections
import csv
import ipaddress
import json
import os
import shlex
import subprocess
import sys

OTHER_RUN = "another run of Zeek says of the same packets what the analyzer says: no program can agree with both"


def ends(a_host, a_port, b_host, b_port):
    """A connection's two ends without a direction: Zeek has its own idea of who opened it."""
    return frozenset(((ipaddress.ip_address(a_host), int(a_port)), (ipaddress.ip_address(b_host), int(b_port))))


def words_by_flow(analyzer, capture, limit):
    """ends -> [(conn_state, history)...] of every flow that the analyzer finds in the capture."""
    out = subprocess.run(shlex.split(analyzer) + [capture], capture_output=True, timeout=limit, check=False).stdout
    found = collections.defaultdict(list)
    for line in out.splitlines():
        flow = json.loads(line)
        if flow.get("type") != "flow":
            continue
        client, server, zeek = flow["client"], flow["server"], flow["zeek"]
        key = ends(client["address"], client["port"], server["address"], server["port"])
        found[key] += [(row["conn_state"], row["history"]) for row in [zeek, *zeek.get("later", [])]]
    return found


def reason(row, got, equal_elsewhere):
    """Why a row cannot be had from headers by Zeek's default rules, or an empty string."""
    if any(state == row["conn_state"] and history == row["history"].replace("X", "").replace("x", "")
           for state, history in got):
        return "x: a parser of Zeek's met a limit in the payload"
    if equal_elsewhere:
        return OTHER_RUN
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--analyzer", required=True, help="command that prints NDJSON; the capture is appended")
    parser.add_argument("--expected", required=True)
    parser.add_argument("--captures", required=True)
    parser.add_argument("--limit", type=float, default=60, help="seconds per capture")
    parser.add_argument("--at-least", type=float, default=0, metavar="PERCENT")
    parser.add_argument("-v", action="store_true", help="print the rows that are equal, too")
    args = parser.parse_args()

    traces = collections.defaultdict(list)
    with open(args.expected, newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            traces[row["trace"]].append(row)

    equal, different, unexplained = 0, [], 0
    for trace, rows in sorted(traces.items()):
        found = words_by_flow(args.analyzer, os.path.join(args.captures, trace), args.limit)
        keys = [ends(r["orig_h"], r["orig_p"], r["resp_h"], r["resp_p"]) for r in rows]
        is_equal = [(r["conn_state"], r["history"]) in found[k] for r, k in zip(rows, keys)]
        satisfied = {k for k, e in zip(keys, is_equal) if e}
        for row, key, same in zip(rows, keys, is_equal):
            equal += same
            if same and args.v:
                print(f"equal      {trace} {row['conn_state']} {row['history']}")
            if not same:
                why = reason(row, found[key], key in satisfied)
                unexplained += not why
                different.append((trace, row, found[key], why))

    for trace, row, got, why in different:
        print(f"different  {trace} {row['orig_h']}:{row['orig_p']} > {row['resp_h']}:{row['resp_p']} {row['opts']}")
        print(f"           Zeek {row['conn_state']} {row['history']}")
        print(f"           here {', '.join(' '.join(words) for words in got) or '(no such flow)'}")
        print(f"           {why or 'unexplained'}")
    total = equal + len(different)
    percent = 100 * equal / total if total else 0
    print(f"{equal} of {total} rows equal, {percent:.1f} %; {len(different)} different, {unexplained} of them unexplained")
    possible = total - sum(why == OTHER_RUN for _, _, _, why in different)
    if 0 < possible < total:
        print(f"{100 * equal / possible:.1f} % of the {possible} rows that do not contradict another row of the same packets")
    return 0 if percent >= args.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
