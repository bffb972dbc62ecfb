/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Opens reports in Debian's Chromium as a person would: node report.test.mjs LASTACK
 * Exits with 77 (skipped) where there is no Chromium, or no playwright-core (npm ci in this folder).
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { capture, ENDINGS } from './pcap.mjs';

const CHROMIUM = '/usr/bin/chromium';
const SKIPPED = 77;
const FLOWS_MAX = 2000; // HTML_FLOWS_MAX
const lastack = process.argv[2];

if (!existsSync(CHROMIUM) || !existsSync(new URL('node_modules/playwright-core', import.meta.url))) {
        console.log('skipped: this test needs chromium and node_modules (npm ci)');
        process.exit(SKIPPED);
}
const { chromium } = await import('playwright-core');

const folder = mkdtempSync(join(tmpdir(), 'lastack-browser-'));
let browser;

before(async () => {
        browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--headless', '--no-sandbox', '--disable-gpu',
                '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
});
after(async () => {
        await browser?.close();
        rmSync(folder, { recursive: true });
});

/* Makes the report of a capture with these endings, taken under each of @names. Returns: its address. */
function makeReport(endings, names = ['some.pcap']) {
        const paths = names.map(name => join(folder, name));
        const html = join(folder, 'report.html');

        for (const path of paths) {
                mkdirSync(dirname(path), { recursive: true });
                writeFileSync(path, capture(endings));
        }
        execFileSync(lastack, ['-q', '--html', html, ...paths], { stdio: ['ignore', 'ignore', 'inherit'] });
        return pathToFileURL(html).href;
}

/*
 * Opens @url, runs @steps with the page, and holds the page to silence: no error, no request beyond itself.
 * Where the steps leave it, it is no wider than the window.
 */
async function visit(url, steps, options = {}) {
        const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
        const page = await context.newPage();
        const noise = [];

        page.on('console', message => noise.push(`console: ${message.text()}`));
        page.on('pageerror', error => noise.push(`error: ${error.message}`));
        page.on('dialog', dialog => {
                noise.push(`dialog: ${dialog.message()}`);
                dialog.dismiss();
        });
        page.on('request', request => {
                if (request.url().split('#')[0] !== url)
                        noise.push(`request: ${request.url()}`);
        });
        await page.goto(url);
        await steps(page);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'wider than the window');
        await context.close();
        assert.deepEqual(noise, []);
}

/* The page follows the address a moment after it has changed: these wait for it. */
const opened = (page, title) => page.locator('#flow h1', { hasText: title }).waitFor();
const returned = page => page.locator('#overview').waitFor();

const rows = page => page.locator('#flow-table tbody tr');
const column = async (page, n) => rows(page).locator(`td:nth-child(${n})`).allTextContents();
const shown = page => page.locator('#shown').textContent();

const few = [...Array(7).fill('orderly'), 'lingering', 'refused'];

test('the front page answers in a sentence and in numbers', async () => {
        await visit(makeReport(few), async page => {
                assert.match(await page.locator('#sentence').textContent(), /^2 of 9 connections have problems\. Worst: Connection refused/);
                assert.deepEqual(await page.locator('.tile b').allTextContents(), ['9', '8', '1', '1', '0']);
                assert.deepEqual(await page.locator('.group .code').allTextContents(), ['TD205', 'TD102', 'TD104']);
                assert.equal(await rows(page).count(), 9);
                assert.match((await column(page, 12))[0], /TD205/, 'the worst flow is the first');
        });
});

test('a finding unfolds to its explanation, its remedy and its flows', async () => {
        await visit(makeReport(few), async page => {
                const group = page.locator('.group').first();

                assert.equal(await group.locator('dl').isVisible(), false);
                await group.locator('summary').click();
                assert.match(await group.locator('dl').textContent(), /Nothing listens on that port/);
                await group.getByRole('link', { name: '#9' }).click();
                await opened(page, 'Flow 9');
                assert.match(page.url(), /#flow-9$/);
        });
});

test('the table of flows filters', async () => {
        await visit(makeReport(few), async page => {
                await page.fill('#filter-text', '10.0.0.3:20003');
                assert.deepEqual(await column(page, 1), ['4']);
                assert.equal(await shown(page), '1 of 9 flows');
                await page.fill('#filter-text', 'no such text');
                assert.equal(await rows(page).count(), 0);
                await page.click('#filter button');
                assert.equal(await shown(page), '9 flows');
                await page.selectOption('#filter-close', 'refused');
                assert.deepEqual(await column(page, 1), ['9']);
                await page.click('#filter button');
                await page.selectOption('#filter-finding', 'TD102');
                assert.deepEqual(await column(page, 1), ['8']);
                await page.click('#filter button');
                await page.selectOption('#filter-severity', 'none');
                assert.equal(await shown(page), '7 of 9 flows');
                await page.locator('.tile button').first().click();
                assert.deepEqual(await column(page, 1), ['9']);
        });
});

test('the table of flows sorts by any column, both ways', async () => {
        await visit(makeReport(few), async page => {
                const head = title => page.locator('#flow-table th', { hasText: title });

                await head('Duration').locator('button').click();
                assert.equal(await head('Duration').getAttribute('aria-sort'), 'descending');
                assert.equal((await column(page, 1))[0], '8');
                await head('Duration').locator('button').click();
                assert.equal(await head('Duration').getAttribute('aria-sort'), 'ascending');
                assert.equal((await column(page, 1))[0], '9');
                await head('Flow').locator('button').click();
                assert.deepEqual(await column(page, 1), ['1', '2', '3', '4', '5', '6', '7', '8', '9']);
                await head('Client').first().locator('button').click();
                await head('Client').first().locator('button').click();
                assert.equal((await column(page, 2))[0], '10.0.0.8:20008');
        });
});

test('a flow opens with its lanes, its findings and its ladder', async () => {
        await visit(makeReport(few), async page => {
                await rows(page).filter({ hasText: 'TD102' }).locator('td').nth(3).click();
                await opened(page, 'Flow 8');
                assert.match(page.url(), /#flow-8$/);
                assert.equal(await page.locator('#overview').isVisible(), false);
                assert.match(await page.locator('#flow .verdict').textContent(), /10\.0\.0\.7:20007 closed first/);

                const states = side => page.locator(`.lane.${side} .state text`).allTextContents();
                assert.deepEqual(await states('client'), ['SYN_SENT', 'ESTABLISHED', 'FIN_WAIT_1', 'FIN_WAIT_2', 'TIME_WAIT']);
                assert.deepEqual((await states('server')).slice(1, 3), ['ESTABLISHED', 'CLOSE_WAIT']);
                assert.equal(await page.locator('.lanes .arrow').count(), ENDINGS.lingering.length);
                assert.match(await page.locator('.lanes .pause').first().textContent(), /90 s\s*idle/);

                const ladder = page.locator('.ladder tbody tr');
                assert.equal(await ladder.count(), ENDINGS.lingering.length);
                assert.deepEqual(await ladder.nth(7).locator('.at').allTextContents(), ['FIN_WAIT_2', 'CLOSE_WAIT']);
                assert.match(await ladder.nth(6).locator('.text').textContent(), /^F\. 101:101\(0\) ack 1001/);

                const finding = page.locator('.finding', { hasText: 'TD102' });
                assert.match(await finding.locator('.says').textContent(), /was in FIN_WAIT_2 for 90 s/);
                assert.match(await finding.locator('.display-filter code').textContent(), /frame\.number/);
                await finding.locator('.copy').click();
                await finding.locator('.copy', { hasText: /Copied|Selected/ }).waitFor();
                await finding.locator('.evidence button.plain').first().click();
                assert.equal(await page.locator('.ladder tr.selected').count(), 1);
        });
});

test('a flow can be linked, and the keyboard goes everywhere', async () => {
        await visit(makeReport(few), async page => {
                await page.evaluate(() => { location.hash = 'flow-3'; });
                await opened(page, 'Flow 3');
                await page.goBack();
                await returned(page);
                await page.keyboard.press('/');
                await page.keyboard.type('refused');
                assert.equal(await rows(page).count(), 1);
                await rows(page).locator('a').focus();
                await page.keyboard.press('Enter');
                await opened(page, 'Flow 9');
                await page.keyboard.press('/');
                await page.keyboard.type('10.0.0.2:');
                assert.deepEqual(await column(page, 1), ['3'], 'typed over what was there');
                await page.keyboard.press('Tab');
                await rows(page).locator('a').focus();
                await page.keyboard.press('Enter');
                await opened(page, 'Flow 3');
                await page.keyboard.press('Escape');
                await returned(page);
                await page.evaluate(() => { location.hash = 'flow-4711'; });
                await opened(page, 'Flow 4711 is not in this page');
        });
});

test("text from a capture's name stays text", async () => {
        const hostile = '</script><img src=x onerror=alert(1)>{{report}}\u2028.pcap';

        await visit(makeReport(few, [hostile, `b/${hostile}`]), async page => {
                assert.ok((await page.locator('#capture-table tbody td').first().textContent()).endsWith(hostile));
                assert.equal(await page.locator('img').count(), 0);
                assert.equal(await rows(page).count(), 9);
                await rows(page).locator('a').first().click();
                await opened(page, 'Flow 9');
                assert.match(await page.locator('.finding').first().textContent(), /9 of .*<img src=x onerror=alert\(1\)>/);
                assert.equal(await page.locator('img').count(), 0);
        });
});

test('a page holds the worst flows and says what it left out', async () => {
        const many = [...Array(FLOWS_MAX + 500).fill('orderly')];
        many[FLOWS_MAX + 400] = 'refused';

        await visit(makeReport(many), async page => {
                assert.match(await page.locator('#sentence').textContent(), /^1 of 2,500 connections has a problem/);
                assert.match(await page.locator('#left-out').textContent(), /holds 2,000 flows.* 500 more were left out.*--ndjson/);
                assert.deepEqual((await column(page, 1)).slice(0, 2), ['2401', '1']);
                assert.equal(await rows(page).count(), 100);
                await page.getByRole('button', { name: 'Next' }).click();
                assert.equal((await column(page, 1))[0], '100');
        });
});

test('an empty capture has an answer too, in the dark', async () => {
        await visit(makeReport([]), async page => {
                assert.equal(await page.locator('#sentence').textContent(), 'There is no TCP in it.');
                assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
        }, { colorScheme: 'dark' });
});
