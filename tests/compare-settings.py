#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds the settings that are inferred of hosts to what was set on them.

    compare-settings.py --analyzer 'build/commands/lastack --ndjson -' --captures DIR [--only 'finwait2_*'] [-v]

DIR has captures of real kernels and truth.jsonl, a line for each: {capture, sysctls_changed: {"c": {...}, "s": {...}},
connections: [{client: [address, port], server: [address, port], states: {"client": [[time, state], ...], ...}, ended: {...}, app: [...]}]}.
What must hold: tcp_fin_timeout is among the settings said to be possible, whenever the sockets were closed; and no FIN_WAIT_2 that the
kernel's timer ended lived longer than the upper bound, none shorter than the lower one says of that flow. TIME_WAIT is 60 s.
A socket with TCP_LINGER2 has a timeout of its own: hosts with one are left out of the first."""
import argparse, fnmatch, json, os, shlex, subprocess, sys

DEFAULT_FIN_TIMEOUT_S = 60
TIME_WAIT_LATE_S = 2.1  # how late the kernel's timer can be at HZ 250


def truth_of(capture):
    """By address: tcp_fin_timeout, the longest FIN_WAIT_2 that a timer ended, whether TCP_LINGER2 was used."""
    hosts = {}
    for connection in capture["connections"]:
        for side in "client", "server":
            address = connection[side][0]
            changed = capture["sysctls_changed"].get(side[0], {})
            host = hosts.setdefault(address, {"fin_timeout": changed.get("tcp_fin_timeout", DEFAULT_FIN_TIMEOUT_S), "own": False, "cut": False})
            host["own"] |= "LINGER2" in capture["what"]
            host["cut"] |= "tcp_max_tw_buckets" in changed or "tcp_rfc1337" not in changed
    return hosts


def is_in(ranges, seconds):
    return any(r["from"] <= seconds and (r["to"] is None or seconds <= r["to"]) for r in ranges)


def text_of(ranges):
    return " ".join(str(r["from"]) if r["to"] == r["from"] else f"{r['from']}-{r['to'] or ''}" for r in ranges or [])


def seconds(bound):
    return bound["duration_ns"] / 1e9 if bound else None


def check(name, host, truth, verbose):
    """Returns: what does not hold; prints what was learned."""
    wrong = []
    fin_wait_2, time_wait = host["settings"]["fin_wait_2"], host["settings"]["time_wait"]
    if fin_wait_2 and fin_wait_2["fin_timeout_s"] is not None:
        possible, closed = fin_wait_2["fin_timeout_s"], fin_wait_2["fin_timeout_s_if_closed_at_once"]
        print(f"{name} {host['address']}: tcp_fin_timeout {truth['fin_timeout']}; life {seconds(fin_wait_2['at_least'])}..{seconds(fin_wait_2['at_most'])} "
              f"orphan {seconds(fin_wait_2['at_least_orphan'])}: {text_of(possible)} (closed at once {text_of(closed)})")
        if not truth["own"] and not is_in(possible, truth["fin_timeout"]):
            wrong.append(f"{name} {host['address']}: tcp_fin_timeout {truth['fin_timeout']} is not among {text_of(possible) or 'none'}")
        if not truth["own"] and not is_in(closed, truth["fin_timeout"]):
            print(f"{name} {host['address']}: not closed at once, or wrong: {truth['fin_timeout']} is not among {text_of(closed) or 'none'}")
    if time_wait and time_wait["at_least"] and seconds(time_wait["at_least"]) > 60 + TIME_WAIT_LATE_S:
        wrong.append(f"{name} {host['address']}: TIME_WAIT is said to last {seconds(time_wait['at_least'])} s")
    if verbose:
        print(json.dumps({k: v for k, v in host["settings"].items() if k != "models"}))
    for model in host["settings"].get("models", []):
        if model["model"] == "linux" and model["verdict"] == "inconsistent":
            wrong.append(f"{name} {host['address']}: it is a Linux, but {model['because']} (flow {model['flow']})")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--analyzer", required=True)
    parser.add_argument("--captures", required=True)
    parser.add_argument("--only", default="*")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    wrong, hosts, told = [], 0, 0
    with open(os.path.join(options.captures, "truth.jsonl")) as lines:
        for line in lines:
            capture = json.loads(line)
            if not fnmatch.fnmatch(capture["capture"], options.only):
                continue
            truth = truth_of(capture)
            path = os.path.join(options.captures, capture["capture"])
            output = subprocess.run(shlex.split(options.analyzer) + [path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
            for record in map(json.loads, output.decode().splitlines()):
                if record["type"] != "host" or record["address"] not in truth:
                    continue
                hosts += 1
                told += bool(record["settings"]["fin_wait_2"] and record["settings"]["fin_wait_2"]["fin_timeout_s"] is not None)
                wrong += check(capture["capture"], record, truth[record["address"]], options.verbose)
    for text in wrong:
        print("WRONG " + text)
    print(f"{hosts} hosts, {told} of them with bounds on tcp_fin_timeout, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
