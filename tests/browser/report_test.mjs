// SPDX-License-Identifier: Apache-2.0
// The page of `analyze --html`, made from real recordings, in a real browser. Figures on the page are
// compared with `analyze --json` of the same recording.
//
//   HC_PROGRAM=build/release/bin/halfcycle HC_SOURCE_DIR=$PWD node --test tests/browser/report_test.mjs
//
// UPDATE_SCREENSHOTS=1 writes docs/images/report*.png.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { launchBrowser, near, worstContrast } from './page_checks.mjs';

const program = process.env.HC_PROGRAM;
const source = process.env.HC_SOURCE_DIR;
const recordings = join(source, 'tests/recordings');
const FAULT = join(recordings, 'selkovevgeny-RelayLab/two_phase_fault.cfg');
const CURRENTS_ONLY = join(recordings, 'Nazir-COMTRADE/test.cfg');
const SHORT = join(recordings, 'ijlyttle-ieeecomtrade/keating_1999.CFG');

const work = mkdtempSync(join(tmpdir(), 'halfcycle-browser-'));
let browser;

function analyze(file, ...options) {
  return execFileSync(program, ['analyze', file, ...options], {
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const pages = new Map();
function pageOf(file) {
  if (!pages.has(file)) {
    const path = join(work, `report${pages.size}.html`);
    writeFileSync(path, analyze(file, '--html'));
    pages.set(file, pathToFileURL(path).href);
  }
  return pages.get(file);
}

// A page whose every complaint is collected.
async function open(file, options = {}, hash = '') {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith('file:') && !request.url().startsWith('data:')) {
      complaints.push(`asks for ${request.url()}`);
    }
  });
  await page.goto(pageOf(file) + hash);
  await page.waitForSelector('#registers');
  return {
    page,
    close: async () => {
      assert.deepEqual(complaints, []);
      await context.close();
    },
  };
}

const span = (page) =>
  page.$eval('[data-from]', (element) => [
    Number(element.dataset.from),
    Number(element.dataset.to),
  ]);

// Where the first chart is, once it is in sight.
async function firstChart(page) {
  await page.locator('#signals').evaluate((element) => element.scrollIntoView());
  return page.locator('[data-chart] .u-over').first().boundingBox();
}

before(async () => {
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  rmSync(work, { recursive: true });
});

test('every kind of recording gives a page without a complaint', async () => {
  for (const file of [FAULT, CURRENTS_ONLY, SHORT]) {
    const { page, close } = await open(file);
    assert.ok((await page.$$('[data-chart] canvas')).length >= 1, file);
    assert.ok(statSync(new URL(pageOf(file))).size < 5_000_000, file);
    await close();
  }
});

test('mean values are those of the JSON', async () => {
  const json = JSON.parse(analyze(FAULT, '--json'));
  const { page, close } = await open(FAULT);
  const cells = await page.$$eval('[data-register]', (elements) =>
    elements.map((element) => {
      const column = element.cellIndex;
      const unit = element.closest('table').rows[0].cells[column].querySelector('.unit');
      return [element.dataset.register, element.textContent, unit.textContent];
    }),
  );
  const factors = { M: 1e6, k: 1e3, m: 1e-3, µ: 1e-6 };
  const inBase = (unit) => (/^[Mkmµ](V|A|W|VA|VAR)$/.test(unit) ? factors[unit[0]] : 1);
  let compared = 0;
  for (const [label, text, unit] of cells) {
    const register = json.registers[label];
    if (register === undefined || register.mean === null) {
      continue;
    }
    const shown = Number(text.replace('−', '-')) * inBase(unit);
    const expected = register.mean * inBase(register.unit);
    const column = cells.filter((cell) => cell[2] === unit);
    const largest = Math.max(
      ...column.map(([, other]) => Math.abs(Number(other.replace('−', '-'))) || 0),
    );
    near(shown, expected, Math.max(largest * inBase(unit) * 1e-4, 6e-4), label);
    ++compared;
  }
  assert.ok(compared >= 15, `only ${compared} values on the page`);
  await close();
});

test('phasors are drawn at their angles, counter-clockwise from V1', async () => {
  const inputs = ['V1', 'V2', 'V3', 'I1', 'I2', 'I3'];
  const registers = '* ang,* fund';
  const json = JSON.parse(
    analyze(FAULT, '--json', '--every', '10-12-cycle', '--registers', registers),
  );
  const { page, close } = await open(FAULT);
  const rows = json.series.time.length;
  assert.ok(rows >= 3);
  let compared = 0;
  for (const row of [0, rows - 1]) {
    await page.$eval(
      '.window-picker input',
      (element, value) => {
        element.value = String(value);
        element.dispatchEvent(new Event('input', { bubbles: true }));
      },
      row,
    );
    await page.waitForTimeout(100);
    const drawn = await page.$$eval('g[data-phasor] > line', (lines) =>
      lines.map((line) => {
        const at = (name) => line[name].baseVal.value;
        const angle = Math.atan2(at('y1') - at('y2'), at('x2') - at('x1'));
        return [line.parentNode.dataset.phasor, (angle * 180) / Math.PI];
      }),
    );
    for (const input of inputs) {
      const expected = json.series.columns[`${input} ang`]?.[row];
      const [, angle] = drawn.find(([name]) => name === input) ?? [];
      // What is too short beside the longest of its kind to be an arrow is in the table alone.
      const amount = (other) => json.series.columns[`${other} fund`]?.[row] ?? 0;
      const kind = [1, 2, 3, 4].map((n) => `${input[0]}${n}`);
      if (amount(input) < 0.02 * Math.max(...kind.map(amount))) {
        continue;
      }
      ++compared;
      assert.ok(angle !== undefined, `${input} is not drawn in window ${row}`);
      const apart = ((((angle - expected + 180) % 360) + 360) % 360) - 180;
      near(apart, 0, 0.01, `${input} in window ${row}`);
    }
  }
  assert.ok(compared >= 9, `only ${compared} arrows to compare`);
  await close();
});

test('dragging zooms to the span, the wheel around the pointer, the button back to all', async () => {
  const { page, close } = await open(FAULT);
  const [begin, end] = await span(page);
  const box = await firstChart(page);
  const time = (x) => begin + ((x - box.x) / box.width) * (end - begin);
  const y = box.y + box.height / 2;
  const left = box.x + box.width * 0.3;
  const right = box.x + box.width * 0.5;
  await page.mouse.move(left, y);
  await page.mouse.down();
  await page.mouse.move(right, y, { steps: 5 });
  await page.mouse.up();
  await page.waitForTimeout(100);
  const zoomed = await span(page);
  near(zoomed[0], time(left), (end - begin) * 0.005, 'left end');
  near(zoomed[1], time(right), (end - begin) * 0.005, 'right end');

  const pointer = box.x + box.width * 0.25;
  const under = (range) => range[0] + 0.25 * (range[1] - range[0]);
  await page.mouse.move(pointer, y);
  await page.mouse.wheel(0, -100);
  await page.waitForTimeout(100);
  const wheeled = await span(page);
  near((wheeled[1] - wheeled[0]) / (zoomed[1] - zoomed[0]), 0.8, 0.01, 'wheel');
  near(under(wheeled), under(zoomed), (zoomed[1] - zoomed[0]) * 0.01, 'time under the pointer');

  await page.reload();
  await page.waitForSelector('[data-from]');
  const again = await span(page);
  near(again[0], wheeled[0], 1e-6, 'left end after loading the address again');

  await page.getByRole('button', { name: 'Whole recording' }).click();
  await page.waitForTimeout(100);
  assert.deepEqual(await span(page), [begin, end]);
  await close();
});

test('the keyboard does what the mouse does', async () => {
  const { page, close } = await open(FAULT);
  const [begin, end] = await span(page);
  await page.focus('[data-signals]');
  await page.keyboard.press('+');
  await page.waitForTimeout(100);
  const closer = await span(page);
  near(closer[1] - closer[0], (end - begin) / 2, 1e-9, 'half');
  await page.keyboard.press('ArrowRight');
  await page.waitForTimeout(100);
  assert.ok((await span(page))[0] > closer[0]);
  await page.keyboard.press('0');
  await page.waitForTimeout(100);
  assert.deepEqual(await span(page), [begin, end]);
  await close();
});

test('two clicks set the cursors and their difference is shown', async () => {
  const { page, close } = await open(FAULT);
  const [begin, end] = await span(page);
  const box = await firstChart(page);
  for (const share of [0.25, 0.75]) {
    await page.mouse.click(box.x + box.width * share, box.y + box.height / 2);
  }
  await page.waitForTimeout(100);
  const values = await page.$$eval('.readings input[type=number]', (inputs) =>
    inputs.map((input) => Number(input.value)),
  );
  near(values[0], begin + 0.25 * (end - begin), (end - begin) * 0.005, 'A');
  near(values[1], begin + 0.75 * (end - begin), (end - begin) * 0.005, 'B');
  const delta = await page.textContent('.readings tbody tr td:nth-child(5)');
  const [number, unit] = delta.split(' ');
  near(Number(number) * (unit === 'ms' ? 1e-3 : 1), values[1] - values[0], 1e-4, 'B − A');
  const cut = await page.$eval('.readings-part .scroll', (e) => e.scrollWidth - e.clientWidth);
  assert.ok(cut <= 0, `the readings are ${cut} px wider than their place`);
  await close();
});

test('choosing an event shows its span', async () => {
  const json = JSON.parse(analyze(FAULT, '--json'));
  assert.ok(json.events.length > 0);
  const { page, close } = await open(FAULT);
  assert.equal((await page.$$('tr[data-event]')).length, json.events.length);
  await page.click('tr[data-event="0"]');
  await page.waitForTimeout(300);
  const [from, to] = await span(page);
  const start = Date.parse(json.source.start);
  const seconds = (instant, otherwise) =>
    instant === null ? otherwise : (Date.parse(instant) - start) / 1e3;
  assert.ok(from <= seconds(json.events[0].start, from) + 1e-3);
  assert.ok(to >= seconds(json.events[0].end, to) - 1e-3);
  assert.ok(to - from < 0.9 * json.source.duration_s, 'it is closer than the whole recording');
  assert.match(page.url(), /event=0/);
  await close();
});

test('the search finds registers by label', async () => {
  const { page, close } = await open(FAULT);
  await page.fill('#registers input[type=search]', 'vln a');
  await page.waitForTimeout(100);
  const labels = await page.$$eval('#registers tbody th', (cells) =>
    cells.map((cell) => cell.textContent),
  );
  assert.ok(labels.includes('Vln a'));
  assert.ok(!labels.includes('Vln b'));
  await close();
});

test('text stands out in light and in dark', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const { page, close } = await open(FAULT, { colorScheme });
    const worst = await worstContrast(page, '.card');
    assert.ok(worst.ratio >= 4.5, `${colorScheme}: ${JSON.stringify(worst)}`);
    assert.equal(worst.back < 0.1, colorScheme === 'dark');
    await close();
  }
});

test('no width from a phone to a wall has a horizontal scroll bar', async () => {
  for (const file of [FAULT, CURRENTS_ONLY, SHORT]) {
    for (const width of [360, 768, 1440, 3840]) {
      const { page, close } = await open(file, { viewport: { width, height: 900 } });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${file} at ${width}: ${wide}`);
      await close();
    }
  }
});

test(
  'screenshots for the documentation',
  { skip: process.env.UPDATE_SCREENSHOTS !== '1' },
  async () => {
    for (const [name, section, colorScheme] of [
      ['report-signals.png', '#signals', 'light'],
      ['report-spectrum.png', '#spectrum', 'dark'],
    ]) {
      const view = '#from=0.13&to=0.33&a=0.1756&b=0.2';
      const options = { viewport: { width: 1360, height: 900 }, colorScheme };
      const { page, close } = await open(FAULT, options, view);
      await page.waitForTimeout(500);
      const path = join(source, 'docs/images', name);
      await page.locator(section).screenshot({ path });
      assert.ok(statSync(path).size < 300_000, `${name} is ${statSync(path).size} bytes`);
      await close();
    }
  },
);
