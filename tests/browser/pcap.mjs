/* SPDX-License-Identifier: BSD-3-Clause */

/* Captures to make reports of: connections that end in a chosen way, written as pcap (raw IPv4). */

const FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16;
const LINKTYPE_RAW = 101;
const START_S = 1700000000;

/*
 * What each end sends: [seconds after the packet before, from the client?, flags, seq, ack, payload bytes],
 * numbers relative to both ISNs.
 */
const HANDSHAKE = [
        [0, true, SYN, 0, 0, 0], [0.01, false, SYN | ACK, 0, 1, 0], [0.001, true, ACK, 1, 1, 0],
        [0.001, true, PSH | ACK, 1, 1, 100], [0.01, false, PSH | ACK, 1, 101, 1000], [0.001, true, ACK, 101, 1001, 0],
];

export const ENDINGS = {
        orderly: [...HANDSHAKE, [0.1, true, FIN | ACK, 101, 1001, 0], [0.01, false, ACK, 1001, 102, 0],
                [0.1, false, FIN | ACK, 1001, 102, 0], [0.001, true, ACK, 102, 1002, 0]],
        /* The client waits 90 s in FIN_WAIT_2. */
        lingering: [...HANDSHAKE, [0.1, true, FIN | ACK, 101, 1001, 0], [0.01, false, ACK, 1001, 102, 0],
                [90, false, FIN | ACK, 1001, 102, 0], [0.001, true, ACK, 102, 1002, 0]],
        refused: [[0, true, SYN, 0, 0, 0], [0.001, false, RST | ACK, 0, 1, 0]],
};

function packet(number, [, fromClient, flags, seq, ack, payload]) {
        const bytes = Buffer.alloc(40 + payload);
        const client = [10, 0, number >> 8, number & 255], server = [192, 0, 2, 1];
        const ports = [20000 + number, 443];
        const isns = [1000 * number, 5000];

        bytes.set([0x45, 0], 0);
        bytes.writeUInt16BE(bytes.length, 2);
        bytes.set([64, 6], 8);
        bytes.set(fromClient ? client : server, 12);
        bytes.set(fromClient ? server : client, 16);
        bytes.writeUInt16BE(ports[fromClient ? 0 : 1], 20);
        bytes.writeUInt16BE(ports[fromClient ? 1 : 0], 22);
        bytes.writeUInt32BE(isns[fromClient ? 0 : 1] + seq, 24);
        bytes.writeUInt32BE(flags & ACK ? isns[fromClient ? 1 : 0] + ack : 0, 28);
        bytes.set([5 << 4, flags], 32);
        bytes.writeUInt16BE(64000, 34);
        return bytes;
}

function record(time, bytes) {
        const header = Buffer.alloc(16);
        const microseconds = Math.round(time * 1e6);

        header.writeUInt32LE(START_S + Math.floor(microseconds / 1e6), 0);
        header.writeUInt32LE(microseconds % 1e6, 4);
        header.writeUInt32LE(bytes.length, 8);
        header.writeUInt32LE(bytes.length, 12);
        return Buffer.concat([header, bytes]);
}

/* One connection for each ending named in @endings, 1 ms apart, in order of time. */
export function capture(endings) {
        const header = Buffer.alloc(24);
        const packets = endings.flatMap((ending, number) => {
                let time = number / 1000;
                return ENDINGS[ending].map(step => {
                        time += step[0];
                        return { time, bytes: packet(number, step) };
                });
        });

        header.writeUInt32LE(0xa1b2c3d4, 0);
        header.writeUInt16LE(2, 4);
        header.writeUInt16LE(4, 6);
        header.writeUInt32LE(262144, 16);
        header.writeUInt32LE(LINKTYPE_RAW, 20);
        packets.sort((a, b) => a.time - b.time);
        return Buffer.concat([header, ...packets.map(({ time, bytes }) => record(time, bytes))]);
}
