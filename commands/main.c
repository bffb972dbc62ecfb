/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "options.h"

#define EXIT_CODES \
        "Exit status: 0 done; 1 a finding at or above --fail-on; 2 a capture could not be read to its end\n" \
        "(everything before that is reported); 3 wrong usage, or nothing could be read or written.\n"

static const Command commands[] = {
        {
                .parameters = "CAPTURE...",
                .help = "Says how every TCP connection in packet captures ended: who closed first, in which states\n"
                        "both ends were left, what went wrong, how sure that is, and which frames show it.\n"
                        "\n"
                        "  lastack CAPTURE...         what went wrong, worst first\n"
                        "  lastack flows CAPTURE...   every connection, a line each\n"
                        "  lastack show N CAPTURE...  connection N packet by packet, with both ends' states\n"
                        "  lastack at TIME CAPTURE... the sockets of every host at that moment, by state\n"
                        "  lastack whatif CAPTURE...  the same under other settings: --set tcp_fin_timeout=30\n"
                        "  lastack explain [CODE...]  what a finding means and what to do about it\n"
                        "  lastack models [MODEL...]  the timers of every TCP that is known, and their sources\n"
                        "\n"
                        "CAPTURE is a pcap or pcapng file, also compressed (gz, xz, zst, lz4, bz2), or - for standard\n"
                        "input. Several captures are one timeline.",
                .examples = "Examples:\n"
                            "  lastack trace.pcapng\n"
                            "  lastack -f 'host 10.0.0.2 and port 80' --html report.html monday.pcap.gz tuesday.pcap.gz\n"
                            "  lastack -q --fail-on warning --ndjson flows.ndjson trace.pcap\n"
                            "  ssh host tcpdump -U -w - tcp | lastack -\n"
                            "\n" EXIT_CODES,
                .run = command_report,
        },
        {
                .name = "flows",
                .parameters = "CAPTURE...",
                .help = "Prints a line for every connection: both ends' final states, how it closed and who was first,\n"
                        "and the codes of its findings.",
                .examples = "Examples:\n"
                            "  lastack flows trace.pcap | grep FIN_WAIT_2\n"
                            "\n" EXIT_CODES,
                .run = command_flows,
        },
        {
                .name = "show",
                .parameters = "N CAPTURE...",
                .help = "Prints connection N (its number in 'lastack' and 'lastack flows') packet by packet, in packetdrill's\n"
                        "notation with relative numbers, and beside each packet the state of both ends.",
                .examples = "Examples:\n"
                            "  lastack show 17 trace.pcap\n"
                            "\n" EXIT_CODES,
                .run = command_show,
        },
        {
                .name = "at",
                .parameters = "TIME CAPTURE...",
                .help = "Counts the sockets that every host had at a moment, by state, as netstat would have; with --sockets\n"
                        "lists them as ss would have. TIME is +12.5 (seconds after the first frame), 10:04:10 (the first such\n"
                        "moment) or '2026-11-22 10:04:10.25'; in UTC, with --local-time in the local zone.\n"
                        "\n"
                        "Only connections that the captures have packets of are known. TIME_WAIT, and FIN_WAIT_2 of a socket\n"
                        "that no process holds, end by the timers of the host's model ('lastack models').",
                .examples = "Examples:\n"
                            "  lastack at +60 trace.pcap\n"
                            "  lastack at 10:04:10 --host 10.0.0.2 --sockets trace.pcap | grep FIN-WAIT-2\n"
                            "\n" EXIT_CODES,
                .run = command_at,
        },
        {
                .name = "whatif",
                .parameters = "CAPTURE... --set NAME=VALUE...",
                .help = "Replays the captures' connections under other settings: how many TIME_WAITs and FIN_WAIT_2s would have\n"
                        "stood at once, how far the ports would have reached, what it would have cost; and what the setting does\n"
                        "not do. Connections begin and close when they did; only timers, ports and the way of closing change.\n"
                        "\n"
                        "NAME is tcp_fin_timeout, tcp_tw_reuse, tcp_max_tw_buckets, ip_local_port_range, TcpTimedWaitDelay,\n"
                        "dyn_keepalive or linger (SO_LINGER with 0 s). Settings of one TCP are turned only at hosts that run it:\n"
                        "see --host-model.",
                .examples = "Examples:\n"
                            "  lastack whatif trace.pcap --set tcp_fin_timeout=30 --set tcp_tw_reuse=1\n"
                            "  lastack whatif trace.pcap --set ip_local_port_range=1024:65000\n"
                            "  lastack whatif trace.pcap --host-model 10.0.0.2=windows --set TcpTimedWaitDelay=30\n"
                            "\n" EXIT_CODES,
                .run = command_whatif,
        },
        {
                .name = "explain",
                .parameters = "[CODE...]",
                .help = "Explains findings by their codes or names; all are listed where none is given.",
                .examples = "Examples:\n"
                            "  lastack explain TD102\n"
                            "  lastack explain time-wait-reuse-down\n",
                .run = command_explain,
        },
        {
                .name = "models",
                .parameters = "[MODEL...]",
                .help = "Lists the TCPs whose timers are known: how long each keeps TIME_WAIT and FIN_WAIT_2, which ports it\n"
                        "connects from, and where that is known from; for a MODEL also what it answers in those states.",
                .examples = "Examples:\n"
                            "  lastack models\n"
                            "  lastack models linux freebsd\n",
                .run = command_models,
        },
};

/* Options may stand before the sub-command. Returns: the command; its name, if it was given, is taken out of @argv. */
static const Command *take_command(int *argc, char **argv) {
        int at = options_find_command(&commands[0], *argc, argv);

        for (guint i = 1; at > 0 && i < G_N_ELEMENTS(commands); i++) {
                if (strcmp(argv[at], commands[i].name) != 0)
                        continue;
                memmove(&argv[at], &argv[at + 1], (size_t)(*argc - at) * sizeof *argv);
                (*argc)--;
                return &commands[i];
        }
        return &commands[0];
}

int main(int argc, char **argv) {
        g_auto(GStrv) words = options_words(argc, argv);
        g_autofree char **arguments = NULL; /* of the words: parsing takes some out */
        const Command *command;

        if (argc < 2) {
                options_print_help(&commands[0]);
                return EXIT_USAGE;
        }
        argc = (int)g_strv_length(words);
        arguments = g_memdup2(words, (gsize)(argc + 1) * sizeof *words);
        command = take_command(&argc, arguments);
        return (int)command->run(command, argc, arguments);
}
