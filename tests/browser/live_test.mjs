// SPDX-License-Identifier: Apache-2.0
// The live page of `halfcycle run` in a real browser, on a simulated feeder whose phasors and
// harmonics are known and which has a dip every five seconds. What the page shows is compared with
// the API of the same process.
//
//   HC_PROGRAM=build/release/bin/halfcycle HC_SOURCE_DIR=$PWD node --test tests/browser/live_test.mjs
//
// UPDATE_SCREENSHOTS=1 writes docs/images/live-*.png.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LiveServer, until } from './live_server.mjs';
import { launchBrowser, near, worstContrast } from './page_checks.mjs';

const program = process.env.HC_PROGRAM;
const source = process.env.HC_SOURCE_DIR;
const FAULT = join(source, 'tests/recordings/selkovevgeny-RelayLab/two_phase_fault');
const PAGES = [
  'overview',
  'phasors',
  'scope',
  'harmonics',
  'energy',
  'trends',
  'events',
  'analyse',
];
const READY = {
  overview: '[data-register="Power Frequency"]',
  phasors: 'g[data-phasor=V1]',
  scope: '[data-scope] canvas',
  harmonics: '[data-bar="V1:5"]',
  energy: '[data-register="kWh del"]',
  trends: '[data-line]',
  events: '.events-page',
  analyse: '[data-drop-zone]',
};

const work = mkdtempSync(join(tmpdir(), 'halfcycle-live-'));
const server = new LiveServer(program, source, [
  '--source',
  'tests/browser/live.toml',
  '--data',
  join(work, 'data'),
]);
let browser;
let meter;

// A page whose every complaint is collected.
async function open(hash, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
    ignoreHTTPSErrors: true,
    ...options,
  });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) {
      complaints.push(`asks for ${request.url()}`);
    }
  });
  await page.goto(`${server.url}#${hash}`);
  return {
    page,
    complaints,
    close: async () => {
      assert.deepEqual(complaints, []);
      await context.close();
    },
  };
}

const openPage = async (name, more = '', options = {}) => {
  const opened = await open(`page=${name}${more}`, options);
  await opened.page.waitForSelector(READY[name]);
  return opened;
};

const labelsOf = (labels) => `meters/${meter.id}/registers?labels=${encodeURIComponent(labels)}`;
async function readingsOf(labels) {
  const list = await server.api(labelsOf(labels.join(',')));
  return new Map(list.map((reading) => [reading.label, reading]));
}

const PREFIX = { G: 1e9, M: 1e6, k: 1e3, m: 1e-3, µ: 1e-6 };
/// A value in the base unit: 1.2 kW is 1200.
function inBase(value, unit) {
  const prefixed = /^([GMkmµ])(V|A|W|VA|VAR)$/.exec(unit);
  return prefixed ? value * PREFIX[prefixed[1]] : value;
}

const numberOf = (text) => Number(text.replace('−', '-').replaceAll('\u2009', ''));

/// The figures of the matrix: label, number and half a unit of its last digit, in the base unit.
async function matrixOf(page) {
  const cells = await page.$$eval('.matrix .figure', (figures) =>
    figures.map((figure) => [
      figure.dataset.register,
      figure.querySelector('.digits').textContent,
      figure.closest('tr').querySelector('th .unit').textContent,
    ]),
  );
  return cells.map(([label, text, unit]) => {
    const decimals = text.split('.')[1]?.length ?? 0;
    return {
      label,
      text,
      value: inBase(numberOf(text), unit),
      half: inBase(0.51 * 10 ** -decimals, unit),
    };
  });
}

before(async () => {
  await server.start();
  [meter] = await server.api('meters');
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await server.stop();
  rmSync(work, { recursive: true });
});

test('the figures change and are those of the API', async () => {
  const { page, close } = await openPage('overview', '&renewed=1s');
  await until('the page', () =>
    page.evaluate(() => !/—/.test(document.querySelector('[data-row=p]')?.textContent ?? '—')),
  );
  const first = await matrixOf(page);
  assert.ok(first.length >= 30, `${first.length} figures`);
  // The values of a second stand for a second: sooner or later both are asked within one.
  const open = new Set(first.map(({ label }) => label));
  await until('agreement of page and API', async () => {
    const before = await matrixOf(page);
    const readings = await readingsOf([...open]);
    for (const { label, value, half } of [...before, ...(await matrixOf(page))]) {
      const reading = readings.get(label);
      if (reading && Math.abs(inBase(reading.value, reading.unit) - value) <= half) {
        open.delete(label);
      }
    }
    return open.size === 0;
  }).catch((error) => assert.fail(`${error.message} Never as the API: ${[...open].join(', ')}`));
  await until('a change', async () => {
    const now = await matrixOf(page);
    return now.some(({ text }, i) => text !== first[i].text);
  });
  await close();
});

test('½-cycle values are renewed several times a second', async () => {
  const { page, close } = await openPage('overview');
  await page.waitForSelector('[data-register="HS Vln a"]');
  const seen = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const digits = document.querySelector('[data-register="HS Freq"] .digits');
        const texts = new Set();
        const start = performance.now();
        const watch = new MutationObserver(() => {
          texts.add(digits.textContent);
          if (texts.size === 5) {
            watch.disconnect();
            resolve(performance.now() - start);
          }
        });
        watch.observe(digits, { characterData: true, childList: true, subtree: true });
      }),
  );
  assert.ok(seen > 500, 'at most five times a second');
  await close();
});

test('choosing a figure shows its time and quality', async () => {
  const { page, close } = await openPage('overview', '&renewed=1s');
  await page.click('[data-register="Vln b"]');
  await page.waitForSelector('.detail[data-inspected="Vln b"] time');
  const stamp = await page.getAttribute('.detail time', 'datetime');
  const reading = (await readingsOf(['Vln b'])).get('Vln b');
  near(Date.parse(stamp), Date.parse(reading.time), 5000, 'time of the value');
  assert.match(await page.textContent('.detail'), /% of nominal/);
  await close();
});

test('phasors are drawn at the angles of the API', async () => {
  const inputs = ['V1', 'V2', 'V3', 'I1', 'I2', 'I3'];
  const { page, close } = await openPage('phasors');
  await page.waitForSelector('g[data-phasor=I3]');
  await until('agreement of angles', async () => {
    const readings = await readingsOf(inputs.map((input) => `${input} ang`));
    const drawn = await page.$$eval('g[data-phasor] > line', (lines) =>
      lines.map((line) => {
        const at = (name) => line[name].baseVal.value;
        const angle = Math.atan2(at('y1') - at('y2'), at('x2') - at('x1'));
        return [line.parentNode.dataset.phasor, (angle * 180) / Math.PI];
      }),
    );
    return inputs.every((input) => {
      const angle = drawn.find(([name]) => name === input)?.[1];
      const apart = angle - readings.get(`${input} ang`).value;
      return Math.abs(((((apart + 180) % 360) + 360) % 360) - 180) < 0.05;
    });
  });
  assert.match(await page.textContent('.rotation'), /L1 – L2 – L3/);
  assert.equal(await page.$('.hints'), null);
  await close();
});

/// Heights of bars in the unit of their axis.
function barsOf(page, chart) {
  return page.$$eval(
    '.bars',
    (charts, index) => {
      const svg = charts[index];
      const ticks = [...svg.querySelectorAll('g > line.grid')].map((line) => [
        Number(line.parentNode.querySelector('text').textContent),
        line.y1.baseVal.value,
      ]);
      const [zero, top] = [ticks[0], ticks[ticks.length - 1]];
      const scale = (top[0] - zero[0]) / (zero[1] - top[1]);
      return [...svg.querySelectorAll('rect')].map((bar) => [
        bar.dataset.bar,
        bar.height.baseVal.value * scale,
        0.6 * scale,
      ]);
    },
    chart,
  );
}

test('harmonic bars are as high as the API says, in percent and absolute', async () => {
  const { page, close } = await openPage('harmonics');
  for (const absolute of [false, true]) {
    if (absolute) {
      await page.selectOption('.controls select', 'absolute');
    }
    for (const [chart, letter] of [
      [0, 'V'],
      [1, 'I'],
    ]) {
      await until(`agreement of the bars of ${letter}, absolute: ${absolute}`, async () => {
        const inputs = [1, 2, 3].map((k) => `${letter}${k}`);
        const labels = inputs.flatMap((input) => [`${input} HD`, `${input} fund`]);
        const readings = await readingsOf(labels);
        const bars = new Map(
          (await barsOf(page, chart)).map(([name, height, pixel]) => [name, [height, pixel]]),
        );
        return inputs.every((input) => {
          const factor = absolute ? readings.get(`${input} fund`).value / 100 : 1;
          return [3, 5, 7, 11].every((order) => {
            const value = readings.get(`${input} HD`).value[order - 1] * factor;
            const [height, pixel] = bars.get(`${input}:${order}`);
            return Math.abs(height - value) <= pixel + 0.01 * value;
          });
        });
      });
    }
  }
  await close();
});

test('the scope stands still on its trigger, freezes and lets go', async () => {
  const { page, close } = await openPage('scope');
  await page.waitForSelector('.scope-state.running');
  assert.equal(await page.textContent('.scope-state'), 'triggered');
  // A rising edge of V1 at 0 V is at time 0: the cursor there reads next to nothing.
  const cursor = page.getByLabel('Cursor A, seconds');
  await cursor.fill('0');
  await cursor.press('Enter');
  await page.focus('[data-signals]');
  await page.keyboard.press('Space');
  await page.waitForSelector('[data-scope=frozen]');
  const readAt = async (seconds) => {
    await cursor.fill(String(seconds));
    await cursor.press('Enter');
    await sleep(100);
    const text = await page.$$eval('.readings tbody tr', (rows) => {
      const row = rows.find((candidate) => /V1/.test(candidate.textContent));
      return row.querySelectorAll('td')[1].textContent;
    });
    return numberOf(text);
  };
  const sample = 231.2 * Math.SQRT2 * 2 * Math.PI * 50 * (1 / meter.sample_rate_Hz);
  near(await readAt(0), 0, 1.5 * sample, 'V1 at the trigger');
  const held = await readAt(0.004);
  assert.ok(held > 150, `V1 rises after the trigger: ${held}`);
  await sleep(600);
  assert.equal(await readAt(0.004), held, 'a frozen picture does not move');
  await page.focus('[data-signals]');
  await page.keyboard.press('Space');
  await page.waitForSelector('[data-scope=running]');
  await close();
});

test('a dip appears within two seconds, and its picture shows it', async () => {
  const { page, close } = await openPage('events');
  const known = await page.$$eval('[data-disturbance]', (rows) =>
    rows.map((row) => Number(row.dataset.disturbance)),
  );
  // Of several dips the one that the machine was least busy with.
  let newest = Math.max(0, ...known);
  let least = Infinity;
  for (let i = 0; i < 3 && least > 2; ++i) {
    const [id, shown] = await page.evaluate(
      (after) =>
        new Promise((resolve) => {
          const look = () => {
            const row = document.querySelector('[data-disturbance]');
            const id = Number(row?.dataset.disturbance ?? 0);
            return id > after ? [id, Date.now()] : null;
          };
          const watch = new MutationObserver(() => {
            const found = look();
            if (found !== null) {
              watch.disconnect();
              resolve(found);
            }
          });
          watch.observe(document.body, { childList: true, subtree: true });
        }),
      newest,
    );
    newest = id;
    const { disturbances } = await server.api(
      `meters/${meter.id}/disturbances?after=${id - 1}&limit=1`,
    );
    least = Math.min(least, (shown - Date.parse(disturbances[0].end)) / 1e3);
  }
  assert.ok(least <= 2, `${least} s after its end`);

  await page.click(`[data-disturbance="${newest}"]`);
  await page.waitForSelector(`[data-picture="${newest}"] canvas`);
  assert.match(page.url(), new RegExp(`event=${newest}`));
  const { disturbances } = await server.api(
    `meters/${meter.id}/disturbances?after=${newest - 1}&before=${newest + 1}`,
  );
  const [event] = disturbances;
  assert.equal(event.type, 'dip');
  assert.deepEqual(event.phases, ['V2']);
  near(event.residual_percent, 55, 1, 'residual voltage');
  const row = await page.textContent(`[data-disturbance="${newest}"]`);
  assert.match(row, new RegExp(event.residual_percent.toFixed(1).replace('.', '\\.')));
  // What the page reads off its picture is the stored waveform.
  const wave = await server.api(`meters/${meter.id}/disturbances/${newest}/waveform`);
  const zero = Date.parse(event.start) - Date.parse(wave.start);
  for (const at of [-0.02, 0.05]) {
    const cursor = page.getByLabel('Cursor A, seconds');
    await cursor.fill(String(at));
    await cursor.press('Enter');
    const index = Math.round((zero / 1e3 + at) * wave.rate_Hz);
    const around = wave.channels.V2.slice(index - 16, index + 17);
    await until(`V2 at ${at} s`, async () => {
      const shown = await page.$$eval('.readings tbody tr', (rows) => {
        const row = rows.find((candidate) => /V2/.test(candidate.textContent));
        return row.querySelectorAll('td')[1].textContent;
      });
      return around.some((value) => Math.abs(value - numberOf(shown)) < 0.02);
    });
  }
  const peak = (from, to) =>
    Math.max(
      ...wave.channels.V2.slice(
        Math.round((zero / 1e3 + from) * wave.rate_Hz),
        Math.round((zero / 1e3 + to) * wave.rate_Hz),
      ).map(Math.abs),
    );
  near(peak(0.03, 0.07) / peak(-0.06, -0.02), 0.55, 0.05, 'depth of the stored wave');
  // The ½-cycle values over it are the recorded ones: the lowest is the residual voltage.
  near(Math.min(...wave.rms.channels.V2), event.residual_V, 0.02 * 230, 'lowest rms');
  near(wave.rms.channels.V2[0], 229.4, 1, 'rms before the dip');
  assert.ok(await page.isChecked('.scope-bar input[type=checkbox]'), 'and they are drawn');
  const download = await page.getAttribute('.picture-facts a', 'href');
  assert.match(download, new RegExp(`disturbances/${newest}/waveform\\.cff$`));

  // The point of the ITIC curve opens it as well, and a link shows a colleague the same.
  const point = page.locator('.itic-point').first();
  await point.focus();
  await page.keyboard.press('Enter');
  await until('the page', () => page.evaluate(() => /event=\d+/.test(location.hash)));
  await close();
});

test('after a restart the page is live again by itself, and the trend shows the gap', async () => {
  const { page, complaints, close } = await openPage('trends');
  await page.waitForSelector('[data-connection=open]');
  await server.stop();
  await page.waitForSelector('[data-connection=lost]');
  assert.match(await page.textContent('.connection'), /since \d\d:\d\d:\d\d/);
  await page.waitForSelector('.banner[role=alert]');
  await sleep(3000);
  await server.start();
  await page.waitForSelector('[data-connection=open]');
  await page.waitForSelector('.banner', { state: 'detached' });
  // A server that is away is allowed to be complained about.
  complaints.splice(0);

  const log = (await page.inputValue('.controls select')) ?? '';
  const rows = await until('rows after the gap', async () => {
    const answer = await server.api(
      `meters/${meter.id}/logs/${encodeURIComponent(log)}?columns=${encodeURIComponent('Vln a')}`,
    );
    const gap = answer.gap_before.lastIndexOf(true);
    return gap > 0 && gap < answer.time.length - 3 ? { ...answer, gap } : null;
  });
  const before = Date.parse(rows.time[rows.gap - 1]) / 1e3;
  const behind = Date.parse(rows.time[rows.gap]) / 1e3;
  assert.ok(behind - before > 2, `a gap of ${behind - before} s`);
  const from = before - 3;
  const to = behind + 2;
  await page.goto(
    `${server.url}#page=trends&log=${encodeURIComponent(log)}&cols=Vln+a&from=${from}&to=${to}`,
  );
  await page.reload();
  await page.waitForSelector('[data-line="Vln a"]');
  await sleep(500);
  const coloured = await page.evaluate(() => {
    const canvas = document.querySelector('[data-chart] canvas');
    const over = document.querySelector('[data-chart] .u-over');
    const scale = canvas.width / canvas.clientWidth;
    const left = over.offsetLeft * scale;
    const width = over.clientWidth * scale;
    const { data } = canvas
      .getContext('2d')
      .getImageData(left, 0, Math.round(width), canvas.height - 30 * scale);
    const columns = Math.round(width);
    return Array.from({ length: columns }, (_, x) => {
      for (let i = 4 * x; i < data.length; i += 4 * columns) {
        const [r, g, b, a] = data.slice(i, i + 4);
        if (a > 120 && Math.max(r, g, b) - Math.min(r, g, b) > 60) {
          return true;
        }
      }
      return false;
    });
  });
  const shareOf = (a, b) => {
    const part = coloured.slice(
      Math.round(((a - from) / (to - from)) * coloured.length),
      Math.round(((b - from) / (to - from)) * coloured.length),
    );
    return part.filter(Boolean).length / part.length;
  };
  assert.equal(shareOf(before + 0.3, behind - 0.3), 0, 'nothing is drawn in the gap');
  assert.ok(shareOf(before - 2, before - 0.1) > 0.95, 'a line before it');
  assert.ok(shareOf(behind + 0.1, behind + 1) > 0.95, 'a line after it');
  await close();
});

test('what the process suffers from is said above every page, and goes with its cause', async () => {
  const { page, close } = await openPage('overview');
  let failing = true;
  await page.route('**/api/v1/health', (route) =>
    failing
      ? route.fulfill({
          json: {
            status: 'failing',
            checks: [{ name: 'store', status: 'failing', message: 'the disk is full; free some' }],
          },
        })
      : route.continue(),
  );
  await page.waitForSelector('[data-problem]');
  assert.equal(await page.textContent('[data-problem]'), 'store: the disk is full; free some');
  failing = false;
  await page.waitForSelector('[data-problem]', { state: 'detached' });
  await close();
});

test('trends move and zoom with keys, and the address keeps the view', async () => {
  const { page, close } = await openPage('trends');
  const span = () =>
    page.$eval('[data-from]', (element) => [
      Number(element.dataset.from),
      Number(element.dataset.to),
    ]);
  const [from, to] = await span();
  await page.focus('[data-signals]');
  await page.keyboard.press('+');
  await until('the page', () => page.evaluate(() => /from=/.test(location.hash)));
  const closer = await span();
  near(closer[1] - closer[0], (to - from) / 2, 0.02 * (to - from), 'half of it');
  await page.reload();
  await page.waitForSelector('[data-line]');
  const again = await span();
  near(again[0], closer[0], 0.01, 'left end of the reloaded page');
  near(again[1], closer[1], 0.01, 'right end of the reloaded page');
  await close();
});

test('a recording that is dropped is analysed and shown', async () => {
  const { page, complaints, close } = await openPage('analyse');
  const drop = (files) =>
    page.evaluate((list) => {
      const transfer = new DataTransfer();
      for (const [name, base64] of list) {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
      }
      document
        .querySelector('[data-drop-zone]')
        .dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true }));
    }, files);
  const base64 = (path) => readFileSync(path).toString('base64');

  await drop([['alone.cfg', base64(`${FAULT}.cfg`)]]);
  await page.waitForSelector('.failure');
  assert.match(await page.textContent('.failure'), /alone\.dat/);

  await drop([['notes.csv', Buffer.from('this is no recording\n').toString('base64')]]);
  await until('the page', () =>
    page.evaluate(() => !/alone/.test(document.querySelector('.failure')?.textContent ?? 'alone')),
  );
  assert.match(await page.textContent('.failure'), /notes\.csv/);
  // The browser itself reports the refused request.
  complaints.splice(0);

  await drop([
    ['two_phase_fault.cfg', base64(`${FAULT}.cfg`)],
    ['two_phase_fault.dat', base64(`${FAULT}.dat`)],
  ]);
  await page.waitForSelector('[data-report] #registers');
  const json = JSON.parse(
    execFileSync(program, ['analyze', `${FAULT}.cfg`, '--json'], {
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  assert.equal((await page.$$('#events tr[data-event]')).length, json.events.length);
  const cell = await page.$eval('#figures td[data-register="Vln a"]', (element) => [
    element.textContent,
    element.closest('table').rows[0].cells[element.cellIndex].querySelector('.unit').textContent,
  ]);
  const mean = json.registers['Vln a'].mean;
  near(inBase(numberOf(cell[0]), cell[1]), mean, Math.abs(mean) * 1e-4, 'mean voltage');
  assert.ok((await page.$$('[data-report] canvas')).length >= 3);
  await close();
});

test('everything can be reached with the keyboard', async () => {
  const { page, close } = await openPage('overview', '&renewed=1s');
  await page.waitForSelector('[data-register="Vln a"]');
  const seen = new Set();
  for (let i = 0; i < 40; ++i) {
    await page.keyboard.press('Tab');
    seen.add(
      await page.evaluate(() => {
        const { activeElement: e } = document;
        return e.getAttribute('href') ?? e.dataset.register ?? e.className ?? e.tagName;
      }),
    );
  }
  for (const name of PAGES) {
    assert.ok(
      [...seen].some((text) => text.startsWith(`#page=${name}`)),
      `${name} is not reached: ${[...seen].join(' ')}`,
    );
  }
  assert.ok(seen.has('Vln a'), 'the matrix is one stop');
  assert.ok(!seen.has('Vln b'), 'and not one for each figure');
  await page.focus('[data-register="Vln a"]');
  await page.keyboard.press('ArrowRight');
  await page.waitForSelector('.detail[data-inspected="Vln b"]');
  await page.keyboard.press('ArrowDown');
  await page.waitForSelector('.detail[data-inspected="Vll bc"]');
  await page.focus('.pages a[href*="page=scope"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-page=scope]');
  await page.goBack();
  await page.waitForSelector('[data-page=overview]');
  await close();
});

test('every page fits a phone and a wall, and its text stands out in light and in dark', async () => {
  const { page, close } = await open('page=overview');
  for (const name of PAGES) {
    await page.evaluate((hash) => (location.hash = hash), `page=${name}`);
    await page.waitForSelector(READY[name]);
    for (const width of [360, 768, 3840, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
      );
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${name} at ${width}: ${wide}`);
    }
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.waitForSelector(`html[data-theme=${colorScheme}]`);
      const worst = await worstContrast(page, 'body');
      assert.ok(worst.ratio >= 4.5, `${name}, ${colorScheme}: ${JSON.stringify(worst)}`);
      assert.equal(worst.back < 0.1, colorScheme === 'dark');
    }
  }
  await close();
});

test('the page is small enough to be there at once', async (t) => {
  const { page, close } = await open('page=overview');
  await page.waitForSelector('.matrix');
  const { bytes, paint } = await page.evaluate(() => ({
    bytes: performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.includes('/assets/'))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
  }));
  t.diagnostic(`first paint after ${Math.round(paint)} ms, ${bytes} bytes`);
  assert.ok(bytes > 10_000 && bytes < 150_000, `${bytes} bytes`);
  await close();
});

test(
  'screenshots for the documentation',
  { skip: process.env.UPDATE_SCREENSHOTS !== '1' },
  async () => {
    const feeder = new LiveServer(program, source, [
      '--source',
      'scenarios/feeder.toml',
      '--data',
      join(work, 'feeder'),
    ]);
    await feeder.start();
    const context = { viewport: { width: 1440, height: 900 }, ignoreHTTPSErrors: true };
    for (const [name, colorScheme, wait] of [
      ['overview', 'dark', 62_000],
      ['phasors', 'light', 2000],
      ['scope', 'dark', 2000],
      ['harmonics', 'light', 2000],
      ['energy', 'dark', 2000],
      ['trends', 'light', 2000],
      ['events', 'dark', 4000],
      ['analyse', 'light', 500],
    ]) {
      const page = await browser.newPage({ ...context, colorScheme });
      await page.goto(`${feeder.url}#page=${name}`);
      await page.waitForSelector(READY[name]);
      await sleep(wait);
      const path = join(source, 'docs/images', `live-${name}.png`);
      writeFileSync(path, await page.screenshot());
      assert.ok(statSync(path).size < 300_000, `${name} is ${statSync(path).size} bytes`);
      await page.close();
    }
    await feeder.stop();
  },
);
