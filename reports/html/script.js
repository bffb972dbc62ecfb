/* SPDX-License-Identifier: BSD-3-Clause */
'use strict';

/*
 * Draws the report from the JSON document in #report.  Text reaches the page through textContent and
 * attributes only: what a capture says can never become markup.  Nothing is judged here; every word about
 * a flow comes from the document.
 */
const report = JSON.parse(document.getElementById('report').textContent);
const flows = report.flows;
const captures = report.captures;
const summary = report.summary;
const flowsByNumber = new Map(flows.map(flow => [flow.flow, flow]));

const SIDES = ['client', 'server'];
const SEVERITIES = ['info', 'notice', 'warning', 'error']; // as findings.h orders them
const ROWS_PER_PAGE = 100;
const FLOW_LINKS_MAX = 24; // per finding, on the front page

// ── Elements ────────────────────────────────────────────────────────────────

const byId = id => document.getElementById(id);

/* Properties are set as attributes; functions become listeners; undefined and false are left out. */
function setAll(element, properties, children) {
        for (const [name, value] of Object.entries(properties ?? {})) {
                if (typeof value === 'function')
                        element.addEventListener(name, value);
                else if (value !== undefined && value !== false)
                        element.setAttribute(name, value === true ? '' : value);
        }
        element.append(...children.flat(Infinity).filter(child => child !== undefined && child !== null && child !== false));
        return element;
}

const h = (tag, properties, ...children) => setAll(document.createElement(tag), properties, children);
const svg = (tag, properties, ...children) =>
        setAll(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);

// ── Numbers as people read them ─────────────────────────────────────────────

const NS_PER_MS = 1e6;
const NS_PER_SECOND = 1e9;

const count = n => n.toLocaleString('en-US');
const counted = (n, noun) => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
const spaced = word => word.replace(/[_-]/g, ' ');
const stateTitle = state => state.toUpperCase();
const sentenceCase = text => text.charAt(0).toUpperCase() + text.slice(1);

/* To @digits significant digits; @way is Math.floor or Math.ceil for a bound. */
function round(n, digits, way = Math.round) {
        const scale = n > 0 ? 10 ** (digits - 1 - Math.floor(Math.log10(n))) : 1;
        return String(Number((way(Number((n * scale).toFixed(3))) / scale).toPrecision(15)));
}

function bytes(n) {
        if (n < 100000)
                return `${count(n)} B`;
        const power = Math.min(Math.floor(Math.log10(n) / 3), 5);
        return `${(n / 1000 ** power).toFixed(1)} ${' kMGTP'[power]}B`;
}

function duration(ns, way) {
        const seconds = ns / NS_PER_SECOND;

        if (ns < 0)
                return `−${duration(-ns, way)}`;
        if (ns < 1000)
                return `${ns} ns`;
        if (ns < NS_PER_MS)
                return `${round(ns / 1000, 3, way)} µs`;
        if (seconds < 1)
                return `${round(ns / NS_PER_MS, 3, way)} ms`;
        if (seconds < 1000)
                return `${round(seconds, seconds < 100 ? 3 : 4, way)} s`;
        if (seconds < 3600)
                return `${Math.floor(seconds / 60)} m ${Math.floor(seconds % 60)} s`;
        if (seconds < 86400)
                return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} m`;
        return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds % 86400 / 3600)} h`;
}

/* From one RFC 3339 time with nine digits to another, in nanoseconds. */
function elapsed(from, to) {
        const parts = text => [Date.parse(`${text.slice(0, 19)}Z`), Number(text.slice(20, 29))];
        const [fromMs, fromNs] = parts(from);
        const [toMs, toNs] = parts(to);
        return (toMs - fromMs) * NS_PER_MS + (toNs - fromNs);
}

const clock = time => time.slice(11, 23);
const dateAndClock = time => `${time.slice(0, 10)} ${time.slice(11, 26)}`;
/* Fixed digits, so that a column of them can be read downwards. */
const offset = ns => (ns / NS_PER_SECOND).toFixed(6);

const address = side => side.address.includes(':') ? `[${side.address}]:${side.port}` : `${side.address}:${side.port}`;
const ends = flow => `${address(flow.client)} → ${address(flow.server)}`;
const baseName = path => path.slice(path.lastIndexOf('/') + 1) || path;

/* `Words` of the catalogue between backquotes are what one types. */
const prose = text => text.split('`').map((part, i) => i % 2 ? h('code', null, part) : part);

// ── Findings ────────────────────────────────────────────────────────────────

const severityRank = severity => SEVERITIES.indexOf(severity);
const worst = flow => flow.findings.reduce((rank, finding) => Math.max(rank, severityRank(finding.severity)), -1);
const severityMark = severity => h('span', { class: `mark ${severity}` }, severity);

function copyButton(code) {
        const button = h('button', { type: 'button', class: 'copy', click: async () => {
                try {
                        await navigator.clipboard.writeText(code.textContent);
                        button.textContent = 'Copied';
                } catch {
                        getSelection().selectAllChildren(code); // no permission: one Ctrl+C away
                        button.textContent = 'Selected';
                }
                setTimeout(() => { button.textContent = 'Copy'; }, 1500);
        } }, 'Copy');
        return button;
}

function filterLine(filter) {
        const code = h('code', null, filter);
        return h('p', { class: 'display-filter' }, h('span', { class: 'label' }, 'Wireshark'), code, copyButton(code));
}

// ── The front page ──────────────────────────────────────────────────────────

/* Kinds of close after which both ends are done with each other and nothing was cut off. */
const CLEAN = ['orderly', 'orderly-last-ack-unseen', 'simultaneous'];
const cleanly = () => CLEAN.reduce((n, close) => n + (summary.close[close] ?? 0), 0);

/* The answer in a sentence; a problem is a warning or an error. */
function headline() {
        const bad = (summary.worst_severity.error ?? 0) + (summary.worst_severity.warning ?? 0);

        if (summary.flows === 0)
                return 'There is no TCP in it.';
        if (bad === 0)
                return `Nothing wrong was found in ${counted(summary.flows, 'connection')}.`;
        const [first] = report.findings; // the worst kind
        return `${count(bad)} of ${counted(summary.flows, 'connection')} ${bad === 1 ? 'has a problem' : 'have problems'}. `
                + `Worst: ${first.title} (${counted(first.flows, 'connection')}).`;
}

function drawMasthead() {
        const names = captures.map(capture => baseName(capture.path));
        const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${count(names.length - 3)} more` : '');

        byId('source').append(h('b', null, shown));
        if (summary.start) {
                const span = duration(elapsed(summary.start, summary.end));
                byId('source').append(h('span', null, `${dateAndClock(summary.start)} UTC, ${span}`));
        }
        if (summary.vantage_text)
                byId('source').append(h('span', null, summary.vantage_text));
        document.title = `lastack: ${shown}`;
        byId('sentence').append(headline());
}

function drawTiles() {
        const total = summary.flows;
        const share = n => total > 0 ? `${round(n / total * 100, 3)} %` : '';
        const tile = (number, label, note, tone, click) => h('li', { class: `tile ${tone}` },
                h(click ? 'button' : 'div', { type: click && 'button', click },
                        h('b', null, count(number)), h('span', null, label), h('small', null, note)));
        const problems = (severity, title, note) => {
                const n = summary.worst_severity[severity] ?? 0;
                return tile(n, title, n > 0 ? note : 'none', n > 0 ? severity : 'none',
                        n > 0 && (() => showFlows({ severity })));
        };

        byId('tiles').append(
                tile(total, total === 1 ? 'connection' : 'connections', `${counted(summary.packets, 'packet')}`, ''),
                tile(cleanly(), 'ended cleanly', share(cleanly()), ''),
                problems('error', 'with an error', 'data lost or no connection'),
                problems('warning', 'with a warning', 'cost time, ports or memory'),
                problems('notice', 'with a notice', 'unusual, harmless by itself'));
}

function drawEndings() {
        const kinds = Object.entries(summary.close).sort((a, b) => b[1] - a[1]);

        for (const [kind, n] of kinds) {
                const part = h('span', { class: `close-${kind}` });
                part.style.flexGrow = n;
                byId('endings-bar').append(part);
                byId('endings-list').append(h('li', null,
                        h('button', { type: 'button', click: () => showFlows({ close: kind }) },
                                mark(kind), h('b', null, count(n)), ` ${kind}`)));
        }
        byId('endings').hidden = kinds.length === 0;
}

function findingGroup(group) {
        const concerned = flows.filter(flow => flow.findings.some(finding => finding.code === group.code));
        const links = concerned.slice(0, FLOW_LINKS_MAX).map(flow =>
                h('li', null, h('a', { href: `#flow-${flow.flow}` }, `#${flow.flow} ${ends(flow)}`)));
        const all = concerned.length === 1 ? 'it' : `all ${count(concerned.length)}`;
        const sureness = Object.entries(group.certainty)
                .map(([certainty, n]) => `${count(n)} ${spaced(certainty)}`).join(', ');
        const entry = (term, ...what) => [h('dt', null, term), h('dd', null, what)];

        return h('details', { class: `group ${group.severity}` },
                h('summary', null,
                        severityMark(group.severity),
                        h('span', { class: 'code' }, group.code),
                        h('span', { class: 'title' }, group.title),
                        h('span', { class: 'sureness' }, sureness),
                        h('b', { class: 'number' }, count(group.findings))),
                h('dl', null,
                        entry('What it is', prose(group.explanation)),
                        entry('What to do', prose(group.remedy)),
                        group.source ? entry('Source', group.source) : [],
                        entry('Flows', h('ul', { class: 'flow-links' }, links),
                                h('button', { type: 'button', class: 'plain', click: () => showFlows({ finding: group.code }) },
                                        `Show ${all} in the table`))));
}

function drawFindings() {
        byId('findings-list').append(...report.findings.map(findingGroup));
        if (report.findings.length === 0)
                byId('findings-list').append(h('p', { class: 'quiet' }, 'Nothing was found wrong with any of them.'));
}

function drawCaptures() {
        const table = byId('capture-table');
        const row = (cell, values) => h('tr', null, values.map(value => typeof value === 'number'
                ? h(cell, { class: 'number' }, count(value)) : h(cell, null, value)));

        const damage = ({ kind, frame, offset_bytes, text }) => `${kind} at frame ${frame}, byte ${count(offset_bytes)}: ${text}`;

        table.tHead.append(row('th', ['File', 'Format', 'Link types', 'Frames', 'Dropped by the sniffer', 'Cut short',
                'First frame', 'Last frame', 'Read to its end']));
        for (const capture of captures)
                table.tBodies[0].append(row('td', [capture.path, capture.format,
                        capture.link_types.map(type => type.name ?? type.value).join(', '),
                        capture.frames, capture.dropped_packets, capture.cut_frames,
                        capture.start ? dateAndClock(capture.start) : '', capture.end ? dateAndClock(capture.end) : '',
                        capture.damage ? damage(capture.damage) : 'yes']));
        const { tcp, ...others } = summary.frames;
        const rest = Object.entries(others).map(([reason, n]) => `${count(n)} ${spaced(reason)}`).join(', ');
        if (rest)
                byId('captures').append(h('p', { class: 'quiet' }, `Frames that are not TCP segments: ${rest}.`));
}

// ── The table of flows ──────────────────────────────────────────────────────

const collator = new Intl.Collator('en', { numeric: true });

const mark = kind => h('i', { class: `close-${kind}`, 'aria-hidden': 'true' });
const chip = finding => h('span', { class: `chip ${finding.severity}`, title: finding.text }, finding.code);
const total = (flow, name) => flow.sides.client[name] + flow.sides.server[name];

/*
 * A column: its title, what it sorts by, what it shows if that is not the same, its class, and whether large comes
 * first when it is chosen.
 */
const COLUMNS = [
        { title: 'Flow', key: flow => flow.flow, class: 'number',
          cell: flow => h('a', { href: `#flow-${flow.flow}` }, String(flow.flow)) },
        { title: 'Client', key: flow => address(flow.client), class: 'mono' },
        { title: 'Server', key: flow => address(flow.server), class: 'mono' },
        { title: 'Close', key: flow => flow.close, cell: flow => [mark(flow.close), flow.close] },
        { title: 'Closed first', key: flow => flow.closed_first_by },
        { title: 'Client is in', key: flow => stateTitle(flow.sides.client.state), class: 'mono' },
        { title: 'Server is in', key: flow => stateTitle(flow.sides.server.state), class: 'mono' },
        { title: 'Start', key: flow => flow.start, class: 'mono',
          cell: flow => h('time', { datetime: flow.start, title: dateAndClock(flow.start) }, clock(flow.start)) },
        { title: 'Duration', key: flow => flow.duration_ns, class: 'number', largeFirst: true,
          cell: flow => duration(flow.duration_ns) },
        { title: 'Packets', key: flow => total(flow, 'packets'), class: 'number', largeFirst: true,
          cell: flow => count(total(flow, 'packets')) },
        { title: 'Bytes', key: flow => total(flow, 'payload_bytes'), class: 'number', largeFirst: true,
          cell: flow => bytes(total(flow, 'payload_bytes')) },
        { title: 'Findings', key: worst, largeFirst: true, cell: flow => flow.findings.map(chip) },
];

const table = {
        filter: { text: '', close: '', finding: '', severity: '' },
        column: COLUMNS.length - 1,
        descending: true,
        page: 0,
        rows: flows, // filtered and sorted
};

/* What the text filter looks in; made when it is first needed. */
const haystacks = new Map();
function haystack(flow) {
        if (!haystacks.has(flow))
                haystacks.set(flow, [`#${flow.flow}`, address(flow.client), address(flow.server), flow.close, flow.verdict,
                        flow.community_id, flow.sides.client.state, flow.sides.server.state, flow.zeek.conn_state,
                        ...flow.findings.flatMap(finding => [finding.code, finding.id])].join(' ').toLowerCase());
        return haystacks.get(flow);
}

function flowMatches(flow, { text, close, finding, severity }) {
        return (!close || flow.close === close) &&
                (!finding || flow.findings.some(found => found.code === finding)) &&
                (!severity || (SEVERITIES[worst(flow)] ?? 'none') === severity) &&
                text.toLowerCase().split(/\s+/).every(word => haystack(flow).includes(word));
}

function sortRows(rows) {
        const { key } = COLUMNS[table.column];
        const direction = table.descending ? -1 : 1;
        const keyed = rows.map(flow => [key(flow), flow]);
        const compare = typeof keyed[0]?.[0] === 'number' ? (a, b) => a - b : collator.compare;

        keyed.sort((a, b) => direction * compare(a[0], b[0]) || a[1].flow - b[1].flow);
        return keyed.map(([, flow]) => flow);
}

function drawTableHead() {
        const head = h('tr', null, ...COLUMNS.map((column, i) => {
                const chosen = table.column === i;
                return h('th', { scope: 'col', class: column.class === 'number' && 'number',
                        'aria-sort': chosen && (table.descending ? 'descending' : 'ascending') },
                        h('button', { type: 'button', click: () => sortBy(i) }, column.title));
        }));
        byId('flow-table').tHead.replaceChildren(head);
}

function drawTablePage() {
        const first = table.page * ROWS_PER_PAGE;
        const rows = table.rows.slice(first, first + ROWS_PER_PAGE);
        const pages = Math.ceil(table.rows.length / ROWS_PER_PAGE);
        const turn = (title, page, possible) => h('button', { type: 'button', disabled: !possible, click: () => {
                table.page = page;
                drawTablePage();
        } }, title);

        byId('flow-table').tBodies[0].replaceChildren(...rows.map(flow =>
                h('tr', { 'data-flow': flow.flow }, ...COLUMNS.map(column =>
                        h('td', { class: column.class }, (column.cell ?? column.key)(flow))))));
        byId('shown').textContent = table.rows.length === flows.length ? counted(flows.length, 'flow')
                : `${count(table.rows.length)} of ${counted(flows.length, 'flow')}`;
        byId('pages').replaceChildren(...(pages < 2 ? [] : [
                turn('Previous', table.page - 1, table.page > 0),
                h('span', null, `${count(first + 1)}–${count(first + rows.length)}`),
                turn('Next', table.page + 1, table.page + 1 < pages)]));
}

function updateTable() {
        table.rows = sortRows(flows.filter(flow => flowMatches(flow, table.filter)));
        table.page = 0;
        drawTablePage();
}

function sortBy(column) {
        table.descending = column === table.column ? !table.descending : Boolean(COLUMNS[column].largeFirst);
        table.column = column;
        drawTableHead();
        updateTable();
        byId('flow-table').tHead.querySelectorAll('button')[column].focus(); // the head was drawn anew
}

/* Goes to the table, filtered by @filter alone. */
function showFlows(filter) {
        for (const name of Object.keys(table.filter)) {
                table.filter[name] = filter[name] ?? '';
                byId(`filter-${name}`).value = table.filter[name];
        }
        updateTable();
        byId('flows').scrollIntoView();
        byId('flows').focus({ preventScroll: true });
}

function drawFilter() {
        const option = (value, text) => h('option', { value }, text);

        byId('filter-close').append(option('', 'any'), ...Object.keys(summary.close).map(kind => option(kind, kind)));
        byId('filter-finding').append(option('', 'any'),
                ...report.findings.map(group => option(group.code, `${group.code} ${group.title}`)));
        byId('filter-severity').append(option('', 'any'),
                ...[...SEVERITIES].reverse().map(severity => option(severity, severity)), option('none', 'no finding'));
        for (const name of Object.keys(table.filter))
                byId(`filter-${name}`).addEventListener('input', event => {
                        table.filter[name] = event.target.value;
                        updateTable();
                });
        byId('filter').addEventListener('submit', event => event.preventDefault());
        byId('filter').addEventListener('reset', () => showFlows({}));
        byId('flow-table').tBodies[0].addEventListener('click', event => {
                const row = event.target.closest('tr');
                if (row && !event.target.closest('a') && getSelection().isCollapsed)
                        location.hash = `flow-${row.dataset.flow}`;
        });
        if (report.flows_left_out > 0) { // a member that only this page's document has
                byId('left-out').hidden = false;
                byId('left-out').append(`This page holds ${counted(flows.length, 'flow')}, the worst first; `,
                        `${count(report.flows_left_out)} more were left out of it. The counts above are of all. `,
                        h('code', null, 'lastack --ndjson FILE'), ' writes every flow.');
        }
}

// ── A flow's states over its packets ────────────────────────────────────────

const frameText = (frame, file) => file === undefined ? String(frame) : `${frame} of ${baseName(captures[file].path)}`;
const frameKey = (frame, file) => `${file ?? ''}/${frame}`;

/*
 * What a side was in, in order: each entry with the packet that led there (its index, or undefined if no
 * packet shows it) and the offset from the flow's start.
 */
function sideStates(flow, side) {
        const indexOf = new Map(flow.packets.map((packet, i) => [frameKey(packet.frame, packet.file), i]).reverse());
        return flow.sides[side].states.map(entry => ({
                ...entry,
                packet: entry.frame ? indexOf.get(frameKey(entry.frame, entry.file)) : undefined,
                offset_ns: elapsed(flow.start, entry.time),
        }));
}

/* The entry that holds after packet @i. */
function entryAt(entries, i, offset_ns) {
        return entries.filter(entry => entry.packet === undefined ? entry.offset_ns <= offset_ns : entry.packet <= i).at(-1);
}

/*
 * The time axis.  Packets come in bursts with idle minutes between them, so the room before a packet grows
 * with the logarithm of the time since the one before it, and a pause is cut out and labelled.
 */
const LANE = {
        left: 14, right: 14, // px
        height: 24, arrows: 104, axis: 20,
        step: 18, per_decade: 5, stretch_max: 6,
        pause: 56, pause_ns: 5e8, slant: 9,
};

/* Packets before this one were not kept; there is no packet at the axis' end. */
const followsGap = packet => packet?.marks.includes('gap_before') ?? false;

function timeAxis(flow, end_ns, width) {
        const offsets = [...flow.packets.map(packet => packet.offset_ns), end_ns];
        const pauses = offsets.map((at, i) => i > 0 && (at - offsets[i - 1] >= LANE.pause_ns || followsGap(flow.packets[i])));
        const steps = offsets.map((at, i) => i === 0 ? LANE.step / 2
                : LANE.step + LANE.per_decade * Math.log10(1 + Math.max(at - offsets[i - 1], 0) / 1e5));
        const fixed = pauses.filter(Boolean).length * LANE.pause + LANE.left + LANE.right + LANE.slant;
        const wanted = steps.reduce((sum, step) => sum + step, 0);
        const stretch = Math.min(Math.max((width - fixed) / wanted, 1), LANE.stretch_max);
        const xs = [];
        let x = LANE.left;

        for (const [i, step] of steps.entries()) {
                x += step * stretch + (pauses[i] ? LANE.pause : 0);
                xs.push(x);
        }
        /* Where a time falls that no packet shows: in proportion within its pause. */
        const place = at => {
                const next = offsets.findIndex(other => other > at);
                if (next <= 0)
                        return next === 0 ? xs[0] : xs.at(-1);
                return xs[next - 1] + (xs[next] - xs[next - 1]) * (at - offsets[next - 1]) / (offsets[next] - offsets[next - 1]);
        };
        return { xs, offsets, pauses, place, width: Math.max(x + LANE.right, 320) };
}

const SHORT_STATES = {
        unknown: '?', closed: 'CL', listen: 'LI', syn_sent: 'SS', syn_received: 'SR', established: 'EST', fin_wait_1: 'FW1',
        fin_wait_2: 'FW2', close_wait: 'CW', closing: 'CLG', last_ack: 'LA', time_wait: 'TW',
};
const STATE_CHARACTER_PX = 6.7;
const STATE_LABEL_EVERY_PX = 600;

function stateBar(entry, x1, x2, y) {
        const box = { x: x1.toFixed(1), y, width: Math.max(x2 - x1, 1).toFixed(1), height: LANE.height };
        const title = stateTitle(entry.state);
        const fitting = [title, SHORT_STATES[entry.state]].find(text => text.length * STATE_CHARACTER_PX + 6 <= x2 - x1);
        /* A bar that is wider than the window says its name more than once. */
        const n = Math.max(Math.floor((x2 - x1) / STATE_LABEL_EVERY_PX), 1);
        const labels = Array.from({ length: n }, (_, i) => x1 + (x2 - x1) * (i + 0.5) / n);
        const how = entry.frame ? `${entry.basis}, frame ${frameText(entry.frame, entry.file)}` : entry.basis;

        return svg('g', { class: `state basis-${entry.basis}` },
                svg('title', null, `${title} from +${offset(entry.offset_ns)} s (${how}): ${entry.cause}`),
                svg('rect', { ...box, class: `fill s-${entry.state}` }),
                entry.basis !== 'observed' && svg('rect', { ...box, class: 'over', fill: `url(#${entry.basis})` }),
                fitting && labels.map(x => svg('text', { x: x.toFixed(1), y: y + 16, 'text-anchor': 'middle' }, fitting)));
}

function lane(flow, side, axis, y) {
        const entries = sideStates(flow, side);
        const start = entry => {
                if (entry.packet === undefined)
                        return axis.place(entry.offset_ns);
                return axis.xs[entry.packet] + (flow.packets[entry.packet].side === side ? 0 : LANE.slant);
        };
        const bars = entries.map((entry, i) =>
                stateBar(entry, start(entry), i + 1 < entries.length ? start(entries[i + 1]) : axis.xs.at(-1), y));
        return svg('g', { class: `lane ${side}` }, bars);
}

function packetTone({ flags, payload_bytes }) {
        if (flags === undefined)
                return 'icmp';
        const control = [['R', 'rst'], ['F', 'fin'], ['S', 'syn']].find(([letter]) => flags.includes(letter));
        return control?.[1] ?? (payload_bytes > 0 ? 'data' : 'ack');
}

function arrow(packet, i, axis, top, bottom, select) {
        const [from, to] = packet.side === 'client' ? [top, bottom] : [bottom, top];
        const x1 = axis.xs[i], x2 = x1 + LANE.slant;
        const down = to > from ? 1 : -1;
        const head = `${x2 - 4},${to - 7 * down} ${x2 + 2},${to - 7 * down} ${x2},${to}`;

        const again = packet.marks.includes('retransmission') ? ' again' : '';
        const frame = frameText(packet.frame, packet.file);

        return svg('g', { class: `arrow ${packetTone(packet)}${again}`, 'data-packet': i, click: () => select(i, true) },
                svg('title', null, `frame ${frame}, +${offset(packet.offset_ns)} s, ${packet.side}: ${packet.text}`),
                svg('line', { class: 'hit', x1, y1: from, x2, y2: to }),
                svg('line', { x1, y1: from, x2, y2: to }),
                svg('polygon', { points: head }),
                svg('text', { x: x1 + 3, y: from + (down > 0 ? 14 : -7) }, packet.flags ?? 'ICMP'));
}

/* Labels below the axis, those after a pause first; one that would run into another is left out. */
function axisLabels(axis, y) {
        const CHARACTER_PX = 6.2;
        const last = axis.xs.length - 2;
        const wanted = axis.xs.map((_, i) => i).slice(0, -1)
                .sort((a, b) => (axis.pauses[b] || b === 0 || b === last) - (axis.pauses[a] || a === 0 || a === last) || a - b);
        const taken = [];
        const labels = [];

        for (const i of wanted) {
                const text = `+${Number((axis.offsets[i] / NS_PER_SECOND).toFixed(6))}`;
                const x1 = axis.xs[i] - 2, x2 = x1 + text.length * CHARACTER_PX + 8;
                if (taken.some(other => x1 < other.x2 && other.x1 < x2))
                        continue;
                taken.push({ x1, x2 });
                labels.push(svg('line', { class: 'tick', x1: axis.xs[i], y1: y, x2: axis.xs[i], y2: y + 5 }),
                        svg('text', { class: 'time', x: x1, y: y + 16 }, text));
        }
        return labels;
}

/* A pause: the bands' time is cut here, and how much. */
function pauseMarks(flow, axis, top, bottom) {
        return axis.pauses.flatMap((pause, i) => {
                if (!pause)
                        return [];
                const x1 = axis.xs[i - 1] + LANE.slant, x2 = axis.xs[i];
                const middle = (x1 + x2) / 2;
                const why = followsGap(flow.packets[i]) ? 'not kept' : i === flow.packets.length ? 'to the end' : 'idle';
                return [svg('g', { class: 'pause' },
                        svg('rect', { x: x1 + 6, y: top + 2, width: Math.max(x2 - x1 - 12, 1), height: bottom - top - 4 }),
                        svg('text', { x: middle, y: (top + bottom) / 2, 'text-anchor': 'middle' },
                                duration(axis.offsets[i] - axis.offsets[i - 1])),
                        svg('text', { class: 'why', x: middle, y: (top + bottom) / 2 + 13, 'text-anchor': 'middle' }, why))];
        });
}

/* What bars are overlaid with when nothing on the wire shows them outright. */
function basisPatterns() {
        const pattern = (id, size, shape) =>
                svg('pattern', { id, width: size, height: size, patternUnits: 'userSpaceOnUse' }, shape);
        return svg('defs', null,
                pattern('assumed', 8, svg('path', { d: 'M0 8 L8 0' })),
                pattern('inferred', 6, svg('path', { d: 'M0 6 L6 0 M0 0 L6 6' })),
                pattern('timer', 6, svg('circle', { cx: 3, cy: 3, r: 1.1 })));
}

function drawLanes(flow, select) {
        const watched_ns = flow.watched_ns ?? (summary.end ? elapsed(flow.start, summary.end) : 0);
        const end_ns = Math.max(watched_ns, flow.duration_ns);
        const axis = timeAxis(flow, end_ns, byId('flow').clientWidth - 2);
        const client = 1, top = client + LANE.height, bottom = top + LANE.arrows, server = bottom;
        const height = server + LANE.height + LANE.axis;
        const name = side => h('p', { class: 'lane-title' }, `${side} ${address(flow[side])}`);
        const picture = svg('svg', { width: axis.width, height, viewBox: `0 0 ${axis.width} ${height}`, role: 'img',
                'aria-label': `States over ${counted(flow.packets.length, 'packet')}; the ladder below says the same in words` },
                basisPatterns(),
                pauseMarks(flow, axis, top, bottom),
                lane(flow, 'client', axis, client), lane(flow, 'server', axis, server),
                flow.packets.map((packet, i) => arrow(packet, i, axis, top, bottom, select)),
                axisLabels(axis, server + LANE.height));

        return h('div', { class: 'lanes' }, name('client'),
                h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'States over time' }, picture),
                name('server'));
}

function legend(flow) {
        const entries = SIDES.flatMap(side => flow.sides[side].states);
        const states = [...new Set(entries.map(entry => entry.state))];
        const bases = [['observed', 'its own packets show it'], ['assumed', 'a packet for it was on its way'],
                ['inferred', 'from an ACK of something unseen'], ['timer', "by the host's timer"]];

        return h('ul', { class: 'legend' },
                states.map(state => h('li', null, h('i', { class: `s-${state}` }), stateTitle(state))),
                bases.map(([basis, what]) =>
                        h('li', { class: 'basis' }, h('i', { class: `basis-${basis}` }), h('b', null, basis), ` ${what}`)),
                h('li', { class: 'basis' }, 'Time runs to the right, logarithmically between packets; pauses are cut out.'));
}

// ── The ladder ──────────────────────────────────────────────────────────────

function ladderState(entries, i, packet, side) {
        const entry = entryAt(entries, i, packet.offset_ns);
        const state = packet.states[side];
        const basis = entry?.state === state ? entry.basis : 'observed';
        const entered = entry?.packet === i;
        return h('td', { class: `at s-${state} basis-${basis}${entered ? ' entered' : ''}`, title: basis }, stateTitle(state));
}

/* Finding codes beside the frames that show them. */
function evidence(flow) {
        const marks = new Map();
        for (const finding of flow.findings)
                for (const [i, frame] of finding.frames.entries()) {
                        const key = frameKey(frame, finding.files?.[i]);
                        marks.set(key, [...marks.get(key) ?? [], finding]);
                }
        return marks;
}

function ladderRow(flow, i, states, found, select) {
        const packet = flow.packets[i];
        const wait = i > 0 ? packet.offset_ns - flow.packets[i - 1].offset_ns : 0;
        const paused = wait >= LANE.pause_ns ? ' after-pause' : '';
        const several = packet.file !== undefined;
        const way = packet.side === 'client' ? 'client to server' : 'server to client';
        const marks = packet.marks.filter(word => word !== 'gap_before');
        const proves = found.get(frameKey(packet.frame, packet.file)) ?? [];

        return h('tr', { class: `${packet.side} ${packetTone(packet)}${paused}`, tabindex: '-1', 'data-packet': i,
                click: () => select(i, false) },
                h('td', { class: 'number', title: several && captures[packet.file].path },
                        several ? `${packet.file + 1}:${packet.frame}` : String(packet.frame)),
                h('td', { class: 'number', title: dateAndClock(packet.time) }, offset(packet.offset_ns)),
                h('td', { class: 'number wait' }, i > 0 && `+${duration(wait)}`),
                ladderState(states.client, i, packet, 'client'),
                h('td', { class: 'way' }, h('span', { class: 'visually-hidden' }, way)),
                h('td', { class: 'text' }, packet.text),
                ladderState(states.server, i, packet, 'server'),
                h('td', { class: 'notes' },
                        marks.map(word => h('span', { class: 'note-mark' }, spaced(word))), proves.map(chip)));
}

function drawLadder(flow, select) {
        const states = Object.fromEntries(SIDES.map(side => [side, sideStates(flow, side)]));
        const found = evidence(flow);
        const titles = ['Frame', 'Seconds', 'Since', 'Client', '', 'Packet', 'Server', 'Notes'];
        const gap = h('tr', { class: 'gap' }, h('td', { colspan: titles.length }, 'packets that were not kept'));
        const rows = flow.packets.map((packet, i) =>
                [followsGap(packet) && gap.cloneNode(true), ladderRow(flow, i, states, found, select)]);

        return h('div', { class: 'scroll', role: 'region', 'aria-label': 'Ladder', tabindex: '0' },
                h('table', { class: 'ladder' },
                        h('thead', null, h('tr', null, titles.map((title, i) =>
                                h('th', { scope: 'col', class: i < 3 && 'number' }, title)))),
                        h('tbody', null, rows)));
}

// ── One flow ────────────────────────────────────────────────────────────────

/* A finding's numbers with their units; "x_bound" beside "x_ns" says that the capture cut it off. */
function valueTexts(values) {
        const units = [['_ns', duration], ['_bytes', bytes], ['_packets', n => counted(n, 'packet')]];
        const bounds = { at_least: ['≥ ', Math.floor], at_most: ['≤ ', Math.ceil] };
        const plain = value => typeof value === 'number' ? count(value) : spaced(value);

        return Object.entries(values).filter(([name]) => !/_(bound|frame|file)$/.test(name)).map(([name, value]) => {
                const [suffix, format] = units.find(([unit]) => name.endsWith(unit)) ?? ['', plain];
                const stem = name.slice(0, name.length - suffix.length);
                const [sign, way] = bounds[values[`${stem}_bound`]] ?? ['', Math.round];
                return [spaced(stem), sign + format(value, way)];
        });
}

/* A frame of a finding: a button that goes to it if the flow has it (another incarnation's is not there). */
function frameLink(flow, frame, file, select) {
        const i = flow.packets.findIndex(packet => packet.frame === frame && packet.file === file);
        const text = frameText(frame, file);
        return i < 0 ? h('span', null, text)
                : h('button', { type: 'button', class: 'plain', click: () => select(i, true) }, text);
}

function drawFinding(flow, finding, select) {
        const kind = report.findings.find(group => group.code === finding.code);
        const values = valueTexts(finding.values);
        const frames = finding.frames.map((frame, i) => frameLink(flow, frame, finding.files?.[i], select));
        const label = text => h('span', { class: 'label' }, text);

        return h('article', { class: `finding ${finding.severity}` },
                h('h3', null, severityMark(finding.severity), h('span', { class: 'code' }, finding.code), kind.title,
                        h('span', { class: 'sureness' }, spaced(finding.certainty))),
                h('p', { class: 'says' }, finding.text),
                h('div', { class: 'evidence' },
                        frames.length > 0 && h('p', null, label(frames.length === 1 ? 'Frame' : 'Frames'),
                                frames.flatMap(frame => [frame, ' '])),
                        values.length > 0 && h('p', null, label('Numbers'),
                                values.map(([name, text], i) => [i > 0 && ', ', `${name} `, h('b', null, text)])),
                        filterLine(finding.filter)),
                h('details', null, h('summary', null, 'What it means and what to do'),
                        h('p', null, prose(kind.explanation)), h('p', null, prose(kind.remedy))));
}

/* "frame 8, 2 times": the first of a side's FINs or RSTs. */
function controlText(control) {
        const times = control.count > 1 ? `, ${counted(control.count, 'time')}` : '';
        return `frame ${frameText(control.frame, control.file)}${times}`;
}

function finText(fin) {
        const acked = fin.acked_frame ? `acknowledged in ${frameText(fin.acked_frame, fin.acked_file)}` : 'not acknowledged';
        return `${controlText(fin)}, ${acked}`;
}

function sideTable(flow) {
        const rows = [
                ['State at the end', side => stateTitle(side.state)],
                ['Packets', side => count(side.packets)],
                ['Payload', side => bytes(side.payload_bytes)],
                ['Sent again', side => side.retransmitted_packets > 0
                        && `${counted(side.retransmitted_packets, 'packet')}, ${bytes(side.retransmitted_bytes)}`],
                ['Never acknowledged', side => side.unacked_bytes > 0 && bytes(side.unacked_bytes)],
                ['Missing from the capture', side => side.missing_bytes > 0 && bytes(side.missing_bytes)],
                ['FIN', side => side.fin && finText(side.fin)],
                ['RST', side => side.rst && controlText(side.rst)],
        ];
        const head = side => h('th', { scope: 'col' }, side, h('span', { class: 'mono' }, address(flow[side])));

        return h('table', { class: 'sides' },
                h('thead', null, h('tr', null, h('td'), SIDES.map(head))),
                h('tbody', null, rows.map(([title, cell]) => h('tr', null, h('th', { scope: 'row' }, title),
                        SIDES.map(side => h('td', null, cell(flow.sides[side]) || '–'))))));
}

function factList(flow) {
        const roles = { syn: 'by the SYN', 'syn-ack': 'by the SYN+ACK', port: 'guessed by port' };
        const vantages = {
                client: `at the end of ${flow.client.address}`,
                server: `at the end of ${flow.server.address}`,
                between: `between both ends${flow.nearer ? `, nearer ${flow[flow.nearer].address}` : ''}`,
        };
        const first = frameText(flow.first_frame, flow.first_file), last = frameText(flow.last_frame, flow.last_file);
        const facts = [
                ['Close', flow.close], ['Closed first', flow.closed_first_by],
                ['Start', dateAndClock(flow.start)], ['Duration', duration(flow.duration_ns)],
                ['Frames', `${first} to ${last}`], ['Roles', roles[flow.roles]],
                ['Captured', vantages[flow.vantage]], ['Network', flow.path],
                ['Zeek', `${flow.zeek.conn_state} ${flow.zeek.history}`], ['Community ID', flow.community_id],
                ['Flow before it', flow.previous_flow
                        && h('a', { href: `#flow-${flow.previous_flow}` }, `flow ${flow.previous_flow}`)],
        ];
        const told = facts.filter(([, fact]) => fact);
        return h('dl', { class: 'facts' }, told.map(([name, fact]) => h('div', null, h('dt', null, name), h('dd', null, fact))));
}

function flowNavigation(flow) {
        const at = table.rows.indexOf(flow);
        const link = (other, title, rel) => other ? h('a', { href: `#flow-${other.flow}`, rel }, title)
                : h('span', { class: 'off' }, title);
        return h('nav', { class: 'flow-navigation', 'aria-label': 'Flows' },
                h('a', { href: '#', rel: 'up' }, 'All flows'),
                link(at > 0 && table.rows[at - 1], 'Previous', 'prev'),
                link(at >= 0 && table.rows[at + 1], 'Next', 'next'),
                at >= 0 && h('span', { class: 'quiet' }, `${count(at + 1)} of ${count(table.rows.length)} in the table's order`));
}

/* Marks packet @i in lanes and ladder; @go also moves there. */
function selectPacket(page, i, go) {
        page.querySelectorAll('.selected').forEach(element => element.classList.remove('selected'));
        page.querySelectorAll(`[data-packet="${i}"]`).forEach(element => element.classList.add('selected'));
        if (go) {
                const row = page.querySelector(`tr[data-packet="${i}"]`);
                row.scrollIntoView({ block: 'center' });
                row.focus({ preventScroll: true });
        }
}

function drawFlow(flow) {
        const page = byId('flow');
        const select = (i, go) => selectPacket(page, i, go);
        const section = (title, ...content) => h('section', null, h('h2', null, title), content);
        const some = flow.packets.length > 0;

        page.replaceChildren(
                flowNavigation(flow),
                h('h1', null, h('span', { class: 'flow-number' }, `Flow ${flow.flow}`), h('span', { class: 'mono' }, ends(flow))),
                h('p', { class: 'verdict' }, sentenceCase(flow.verdict)));
        if (some)
                page.append(section('States over time', drawLanes(flow, select), legend(flow)));
        if (flow.findings.length > 0)
                page.append(section('Findings', flow.findings.map(finding => drawFinding(flow, finding, select))));
        page.append(section('Facts', h('div', { class: 'flow-head' }, factList(flow), sideTable(flow))));
        if (!some)
                return;
        page.append(section('Ladder', filterLine(flow.filter), drawLadder(flow, select), flow.packets_left_out > 0
                && h('p', { class: 'quiet' }, `Not listed, from its middle: ${counted(flow.packets_left_out, 'packet')}.`)));
        page.querySelector('.lanes .scroll').scrollLeft = Number.MAX_SAFE_INTEGER; // how it ended is at the right
}

function drawAbsentFlow(number) {
        byId('flow').replaceChildren(
                h('nav', { class: 'flow-navigation' }, h('a', { href: '#', rel: 'up' }, 'All flows')),
                h('h1', null, `Flow ${number} is not in this page`),
                h('p', null, 'It holds the worst flows only; ', h('code', null, `lastack show ${number} CAPTURE`),
                        ' prints any.'));
}

// ── Going from page to page ─────────────────────────────────────────────────

let overviewScroll = 0;
let shownFlow = null;

/* #flow-17 is a flow, anything else the front page; the hash makes each flow a link and the back button work. */
function route() {
        const number = Number(/^#flow-(\d+)$/.exec(location.hash)?.[1] ?? 0);

        if (shownFlow === null)
                overviewScroll = scrollY;
        byId('overview').hidden = number > 0;
        byId('flow').hidden = number === 0;
        if (number === 0) {
                shownFlow = null;
                scrollTo(0, overviewScroll);
                if (location.hash.length > 1)
                        byId(location.hash.slice(1))?.scrollIntoView();
                return;
        }
        shownFlow = flowsByNumber.get(number) ?? number;
        if (typeof shownFlow === 'number')
                drawAbsentFlow(number);
        else
                drawFlow(shownFlow);
        scrollTo(0, 0);
        byId('flow').focus({ preventScroll: true });
}

function goToFilter() {
        location.hash = '';
        route(); // now: what is hidden cannot have the focus
        byId('filter-text').focus();
        byId('filter-text').select();
}

function pressKey(event) {
        const typing = event.target.matches('input, select, textarea');
        const keys = {
                '/': goToFilter,
                n: () => byId('flow').querySelector('[rel=next]')?.click(),
                p: () => byId('flow').querySelector('[rel=prev]')?.click(),
                Escape: () => { location.hash = ''; },
        };

        if (typing || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key))
                return;
        event.preventDefault();
        keys[event.key]();
}

/* On paper everything is unfolded. */
function unfoldForPrint() {
        const folded = [...document.querySelectorAll('details:not([open])')];
        folded.forEach(details => { details.open = true; });
        addEventListener('afterprint', () => folded.forEach(details => { details.open = false; }), { once: true });
}

drawMasthead();
drawTiles();
drawEndings();
drawFindings();
drawCaptures();
drawFilter();
drawTableHead();
updateTable();
route();
addEventListener('hashchange', route);
addEventListener('keydown', pressKey);
addEventListener('beforeprint', unfoldForPrint);
