// SPDX-License-Identifier: Apache-2.0
// The HTTP API with made-up values, to work on the live page without the program:
//   node test/mock_server.mjs [PORT] [REPORT.html]
// The page is bundled anew for each visit. REPORT.html is what POST analyze answers.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { liveFiles } from '../build.mjs';
import { disturbancesBetween, iso, NOMINAL, registersAt, waveformAt } from './mock_signal.mjs';

const port = Number(process.argv[2] ?? 8080);
const reportPath = process.argv[3];
const started = Date.now();
const HISTORY_MS = 3 * 86400e3;
const ROW_MS = 60e3;

const meters = ['Feeder 1', 'Feeder 2', 'Transformer T1', 'Pump house'].map((name, i) => ({
  id: name.toLowerCase().replace(' ', '-'),
  name,
  unit_id: i + 1,
  source: 'sim:scenarios/feeder.toml',
  template: 'standard',
  wiring: '4w-wye',
  nominal_voltage_V: NOMINAL,
  nominal_frequency_Hz: 50,
  dip_threshold_percent: 90,
  swell_threshold_percent: 110,
  sample_rate_Hz: 12800,
  inputs: ['V1', 'V2', 'V3', 'I1', 'I2', 'I3', 'I4'],
  state: i === 3 ? 'source-lost' : 'measuring',
  message: i === 3 ? 'The source sends nothing since 08:00. Check its cable.' : '',
  first_sample: iso(started),
  last_sample: iso(Date.now()),
  clock_ok: true,
  clock_uncertainty_s: 0.0004,
  samples: 0,
  gaps: 0,
  dropped_samples: 0,
  lag_s: 0.02,
}));

const reading = ({ label, value, unit }, now) => ({
  label,
  value,
  unit,
  time: iso(now),
  flagged: label === 'Vln b' && now % 12000 > 5000 && now % 12000 < 7000,
  complete: true,
  clock_ok: true,
  sync_ok: true,
});

function logRows(query) {
  const last = Math.floor(Date.now() / ROW_MS) * ROW_MS;
  const first = last - HISTORY_MS;
  const bound = (name, otherwise) => (query.get(name) ? Date.parse(query.get(name)) : otherwise);
  const from = Math.max(bound('from', first), first);
  const to = Math.min(bound('to', last + 1), last + 1);
  const labels = (query.get('columns') ?? 'kW tot').split(',');
  const most = Number(query.get('max_points') ?? 2000);
  const start = Math.ceil(from / ROW_MS) * ROW_MS;
  const rows = Math.max(Math.floor((to - start) / ROW_MS), 0);
  const bucket = Math.max(1, Math.ceil(rows / most));
  const marks = { flagged: [], complete: [], clock_ok: [], sync_ok: [] };
  const out = { columns: [], rows, time: [], values: [], gap_before: [], ...marks };
  const lows = [];
  const highs = [];
  out.columns = labels.map((label) => ({
    label,
    unit: registersAt(started, started).get(label)?.unit,
  }));
  let missing = false;
  for (let row = 0; row < rows; row += bucket) {
    const at = start + row * ROW_MS;
    const hour = new Date(at).getUTCHours();
    if (hour === 3) {
      missing = true;
      continue;
    }
    out.time.push(iso(at));
    out.gap_before.push(missing);
    out.flagged.push(hour === 6);
    out.complete.push(!missing);
    out.clock_ok.push(true);
    out.sync_ok.push(true);
    missing = false;
    const values = registersAt(at, started, false);
    labels.forEach((label, c) => {
      const day = label.startsWith('V') ? 1 : 0.7 + 0.3 * Math.sin(((hour - 6) / 24) * 2 * Math.PI);
      const value = (values.get(label)?.value ?? 0) * day;
      (out.values[c] ??= []).push(value);
      (lows[c] ??= []).push(value * 0.985);
      (highs[c] ??= []).push(value * 1.015);
    });
  }
  return bucket > 1 ? { ...out, low: lows, high: highs } : out;
}

function logEvents(meter, limit) {
  return Array.from({ length: limit }, (_, n) => ({
    sequence: 400 - n,
    meter,
    time: iso(Date.now() - n * 61000),
    priority: [20, 120, 220][n % 3],
    module: ['Setup', 'Over V1 THD', 'Sag/Swell'][n % 3],
    cause: 'V1 THD',
    cause_value: '8.31 %',
    effect: 'Status',
    effect_value: n % 2 === 0 ? 'On' : 'Off',
    by: '',
  }));
}

function answer(url) {
  const query = url.searchParams;
  const parts = url.pathname.replace('/api/v1/', '').split('/').map(decodeURIComponent);
  if (parts[0] === 'health') {
    const checks = [{ name: 'store', status: 'ok', message: '' }];
    return { status: 'ok', version: '0.0', uptime_s: 1, time: iso(Date.now()), checks };
  }
  if (parts[0] !== 'meters') {
    return null;
  }
  meters.forEach((meter) => (meter.last_sample = iso(Date.now())));
  if (parts.length === 1) {
    return meters;
  }
  const meter = meters.find((candidate) => candidate.id === parts[1]);
  switch (meter && parts.slice(2).join('/')) {
    case undefined:
      return null;
    case '':
      return meter;
    case 'registers': {
      const all = registersAt(Date.now(), started);
      return query
        .get('labels')
        .split(',')
        .map((label) => reading(all.get(label), Date.now()));
    }
    case 'registers/info': {
      const registers = [...registersAt(started, started).values()].map((register) => ({
        label: register.label,
        class: Array.isArray(register.value) ? 'numeric array' : 'numeric',
        unit: register.unit,
        tick: register.label.startsWith('HS') ? 'half-cycle' : '1s',
        module: 'Power Meter',
        help: register.help,
        first_element: Array.isArray(register.value) ? 1 : null,
        element_count: Array.isArray(register.value) ? 127 : null,
      }));
      return { total: registers.length, registers };
    }
    case 'waveform':
      return waveformAt(Date.now(), Number(query.get('seconds') ?? 0.08));
    case 'logs': {
      const labels = ['Vln a', 'Vln b', 'Vln c', 'I a', 'I b', 'I c', 'kW tot', 'V1 THD', 'Freq'];
      const known = registersAt(started, started);
      const last = Math.floor(Date.now() / ROW_MS) * ROW_MS;
      const columns = labels.map((label) => ({ label, unit: known.get(label).unit }));
      const rows = HISTORY_MS / ROW_MS;
      const log = { columns, rows, first: iso(last - HISTORY_MS), last: iso(last) };
      return ['Trends', 'Demand'].map((name) => ({ name, ...log, depth: 100000, dropped_rows: 0 }));
    }
    case 'events':
      return { events: logEvents(meter.id, Math.min(Number(query.get('limit') ?? 200), 60)) };
    case 'disturbances':
      return { disturbances: disturbancesBetween(Date.now() - 600e3, Date.now()) };
    default:
  }
  if (parts[2] === 'logs') {
    return logRows(query);
  }
  if (parts[2] === 'disturbances' && parts[4] === 'waveform') {
    const start = Number(parts[3]) * 12000 + 5000;
    return waveformAt(start + 500, 0.8);
  }
  return null;
}

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock');
  const send = (status, type, body) => {
    response.writeHead(status, { 'content-type': type, 'content-security-policy': POLICY });
    response.end(body);
  };
  if (url.pathname === '/api/v1/analyze' && request.method === 'POST') {
    for await (const chunk of request) {
      void chunk;
    }
    const refused = JSON.stringify({ error: 'the file is no recording that is known' });
    return reportPath === undefined
      ? send(400, 'application/json', refused)
      : send(200, 'text/html; charset=utf-8', readFileSync(reportPath));
  }
  if (url.pathname.startsWith('/api/')) {
    const body = answer(url);
    return body === null
      ? send(404, 'application/json', JSON.stringify({ error: `nothing is at ${url.pathname}` }))
      : send(200, 'application/json', JSON.stringify(body));
  }
  const file = (await liveFiles()).find((candidate) => candidate.path === url.pathname);
  return file ? send(200, file.type, file.content) : send(404, 'text/plain', 'not found');
});

function textFrame(text) {
  const body = Buffer.from(text);
  const head =
    body.length < 126
      ? Buffer.from([0x81, body.length])
      : body.length < 65536
        ? Buffer.from([0x81, 126, body.length >> 8, body.length & 255])
        : Buffer.concat([Buffer.from([0x81, 127, 0, 0, 0, 0]), Buffer.alloc(4)]);
  if (body.length >= 65536) {
    head.writeUInt32BE(body.length, 6);
  }
  return Buffer.concat([head, body]);
}

function* framesOf(state, chunk) {
  state.rest = Buffer.concat([state.rest, chunk]);
  while (state.rest.length >= 6) {
    let size = state.rest[1] & 127;
    let at = 2;
    if (size === 126) {
      size = state.rest.readUInt16BE(2);
      at = 4;
    }
    if (state.rest.length < at + 4 + size) {
      return;
    }
    const mask = state.rest.subarray(at, at + 4);
    const body = Buffer.from(state.rest.subarray(at + 4, at + 4 + size));
    body.forEach((byte, i) => (body[i] = byte ^ mask[i % 4]));
    yield { kind: state.rest[0] & 15, text: body.toString() };
    state.rest = state.rest.subarray(at + 4 + size);
  }
}

function serve(request, write) {
  const id = request.subscribe;
  let seen = disturbancesBetween(Date.now() - 600e3, Date.now())[0]?.id ?? 0;
  return setInterval(() => {
    const now = Date.now();
    if (request.labels) {
      const all = registersAt(now, started);
      const registers = request.labels.map((label) => reading(all.get(label), now));
      write({ id, registers });
    } else if (request.waveform) {
      write({ id, waveform: waveformAt(now, request.waveform.seconds) });
    } else if (request.disturbances) {
      const [newest] = disturbancesBetween(now - 15e3, now);
      if (newest && newest.id > seen) {
        seen = newest.id;
        write({ id, disturbance: { ...newest, meter: meters[0].id } });
      }
    }
  }, request.interval_ms ?? 500);
}

server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const state = { rest: Buffer.alloc(0) };
  const timers = new Map();
  const write = (message) => socket.write(textFrame(JSON.stringify(message)));
  socket.on('data', (chunk) => {
    for (const { kind, text } of framesOf(state, chunk)) {
      if (kind === 8) {
        socket.end();
        return;
      }
      const message = JSON.parse(text);
      clearInterval(timers.get(message.subscribe ?? message.unsubscribe));
      if (message.subscribe !== undefined) {
        timers.set(message.subscribe, serve(message, write));
      }
    }
  });
  const stop = () => timers.forEach((timer) => clearInterval(timer));
  socket.on('close', stop);
  socket.on('error', stop);
});

server.listen(port, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
