#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds the verdicts on several captures of the same connections against each other.

    compare-variants.py --analyzer 'build/lastack --ndjson -' --captures DIR [-v]

NAME.pcap and NAME.srv.pcap in DIR are the same connections captured at either end; the art_* captures are
random_mix_clean.pcap in other clothes. Per connection (4-tuple, and the ISNs where both captures have them)
the close, who closed first, both ends' states (timers left out) and the findings on a side are compared;
findings on the capture itself (TD4xx) are not. What differs is printed with whether both captures hold the
same packets of it: only then it is a contradiction, and only those count for the exit code. -v prints the
others, too.
"""

import argparse
import collections
import concurrent.futures
import glob
import json
import os
import shlex
import subprocess
import sys

ORIGINAL = "random_mix_clean.pcap"
CLOTHES = (
    "null loop sll sll2 vlan qinq raw_ip raw_ipv4 microseconds duplicated_identical file_order_swapped"
).split()
SIDES = ("client", "server")


def pairs(captures):
    """(capture, another one of the same connections)..."""
    for server in sorted(glob.glob(os.path.join(captures, "*.srv.pcap"))):
        client = server.replace(".srv.pcap", ".pcap")
        if os.path.exists(client):
            yield client, server
    for name in CLOTHES:
        yield os.path.join(captures, ORIGINAL), os.path.join(captures, f"art_{name}.pcap")


def connections(analyzer, capture):
    """4-tuple -> its flow records, in order."""
    out = subprocess.run(shlex.split(analyzer) + [capture], capture_output=True, check=False).stdout
    found = collections.defaultdict(list)
    for line in out.splitlines():
        flow = json.loads(line)
        if flow.get("type") == "flow":
            ends = sorted((flow[side]["address"], flow[side]["port"]) for side in SIDES)
            found[tuple(map(tuple, ends))].append(flow)
    return {ends: sorted(flows, key=lambda flow: flow["incarnation"]) for ends, flows in found.items()}


def by_end(flow):
    """The sides in an order that does not depend on roles."""
    return sorted(SIDES, key=lambda side: (flow[side]["address"], flow[side]["port"]))


def same_connection(one, another):
    for a, b in zip(by_end(one), by_end(another)):
        isns = one["sides"][a].get("isn"), another["sides"][b].get("isn")
        if None not in isns and isns[0] != isns[1]:
            return False
    return True


def matched(flows, others):
    """Each flow with the first one left of the others that has its ISNs."""
    left = list(others)
    for flow in flows:
        partner = next((other for other in left if same_connection(flow, other)), None)
        if partner:
            left.remove(partner)
        yield flow, partner


def evidence(flow):
    """How much of each end was captured: equal numbers of every kind are taken for the same packets."""
    return [
        (
            flow["sides"][side]["packets"],
            flow["sides"][side]["payload_bytes"],
            (flow["sides"][side].get("fin") or {}).get("count", 0),
            (flow["sides"][side].get("rst") or {}).get("count", 0),
            flow["sides"][side]["missing_bytes"],
            flow["sides"][side]["retransmitted_packets"],
        )
        for side in by_end(flow)
    ]


def name_of(flow, role):
    return by_end(flow).index(role) if role in SIDES else role


def verdict(flow):
    """What a capture says of a connection, in words that do not depend on its roles."""
    states = [
        [entry["state"] for entry in flow["sides"][side]["states"] if entry["basis"] != "timer"] for side in by_end(flow)
    ]
    findings = sorted(
        f'{finding["id"]} {name_of(flow, finding.get("side"))}'
        for finding in flow["findings"]
        if not finding["code"].startswith("TD4")
    )
    return {
        "close": flow["close"],
        "closed first": name_of(flow, flow["closed_first_by"]),
        "states of " + flow[by_end(flow)[0]]["address"]: " ".join(states[0]),
        "states of " + flow[by_end(flow)[1]]["address"]: " ".join(states[1]),
        "findings": ", ".join(findings) or "none",
    }


def differences(one, another):
    mine, its = verdict(one), verdict(another)
    return [(key, mine[key], its[key]) for key in mine if mine[key] != its[key]]


def compare(analyzer, pair):
    """[(who, same evidence, [(what, here, there)...])...] and the number of connections."""
    here, there = (connections(analyzer, capture) for capture in pair)
    found, count = [], 0
    for ends, flows in sorted(here.items()):
        for flow, partner in matched(flows, there.get(ends, [])):
            count += 1
            who = f'{os.path.basename(pair[1])}, flow {flow["flow"]} of {os.path.basename(pair[0])}'
            if not partner:
                found.append((who, False, [("there", "yes", "no")]))
                continue
            differ = differences(flow, partner)
            if differ:
                same = evidence(flow) == evidence(partner) and len(flows) == len(there[ends])
                found.append((f'{who}, {partner["flow"]} there', same, differ))
    return found, count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--analyzer", required=True)
    parser.add_argument("--captures", required=True)
    parser.add_argument("-v", action="store_true", help="print what differs though one of the two saw less, too")
    args = parser.parse_args()
    totals = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for found, count in pool.map(lambda pair: compare(args.analyzer, pair), pairs(args.captures)):
            totals["connections"] += count
            for who, same, differ in found:
                totals["same packets" if same else "one saw less"] += 1
                if not same and not args.v:
                    continue
                print(f'{who}: {"the same packets" if same else "not the same packets"}')
                for what, mine, its in differ:
                    print(f"    {what}: {mine}\n    {' ' * len(what)}  {its}")
    print(
        f'{totals["connections"]} connections, {totals["same packets"]} contradictions on the same packets, '
        f'{totals["one saw less"]} that differ where one capture holds less'
    )
    return 1 if totals["same packets"] else 0


if __name__ == "__main__":
    sys.exit(main())
