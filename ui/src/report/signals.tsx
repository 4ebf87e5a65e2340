// SPDX-License-Identifier: Apache-2.0
// Waveforms, rms traces and status channels on one time axis, with cursors and their readings.
import { useMemo, useState } from 'preact/hooks';
import { Overview } from '../charts/overview';
import { StatusBars } from '../charts/status_bars';
import { TimeChart, type Band } from '../charts/time_chart';
import {
  isAvailable,
  NOT_AVAILABLE,
  number,
  scaleOf,
  seconds,
  span,
  timeOfDay,
  type Scale,
} from '../lib/format';
import { useLook } from '../lib/look';
import { phaseDash } from '../lib/palette';
import { t } from '../lib/strings';
import { useView, type View, type ViewState } from '../lib/view';
import { trendOf, valueAt, type Report, type Series, type SeriesSet } from './data';

interface Panel {
  key: string;
  title: string;
  set: SeriesSet;
  height: number;
  levels: number[];
  overlay: SeriesSet | null;
  leastSpanRatio: number;
}

const NOTHING: SeriesSet = { x: [], series: [] };

function panelsOf(report: Report, trend: string): Panel[] {
  const { system } = report.json;
  const ratios = [system.dip_ratio, system.swell_ratio, system.interruption_ratio];
  const nominal = system.nominal_voltage_V;
  const rmsLevels = nominal === null ? [] : ratios.map((ratio) => ratio * nominal);
  // In a three-wire wye the waves are phase voltages, the thresholds line-to-line.
  const peaks = system.wiring === '3w-wye' ? [] : rmsLevels.slice(0, 2).map((u) => u * Math.SQRT2);
  const all: Panel[] = [
    {
      key: 'u',
      title: t('voltages'),
      set: report.voltages,
      height: 230,
      levels: [...peaks, ...peaks.map((level) => -level)],
      overlay: report.rmsVoltages,
      leastSpanRatio: 0.01,
    },
    {
      key: 'i',
      title: t('currents'),
      set: report.currents,
      height: 210,
      levels: [],
      overlay: report.rmsCurrents,
      leastSpanRatio: 0.01,
    },
    {
      key: 'ur',
      title: t('rmsVoltages'),
      set: report.rmsVoltages,
      height: 160,
      levels: rmsLevels,
      overlay: null,
      leastSpanRatio: 0.02,
    },
    {
      key: 'ir',
      title: t('rmsCurrents'),
      set: report.rmsCurrents,
      height: 150,
      levels: [],
      overlay: null,
      leastSpanRatio: 0.02,
    },
    {
      key: 'f',
      title: t('frequency'),
      set: report.frequency,
      height: 110,
      levels: [],
      overlay: null,
      leastSpanRatio: 0.002,
    },
    {
      key: `trend ${trend}`,
      title: trend,
      set: trend === '' ? NOTHING : trendOf(report, trend),
      height: 120,
      levels: [],
      overlay: null,
      leastSpanRatio: 0.02,
    },
  ];
  return all.filter((panel) => panel.set.series.length > 0);
}

export function bandsOf(report: Report): Band[] {
  const end = report.json.duration_s;
  return [
    ...report.json.faults.map(
      (fault): Band => ({ kind: 'fault', from: fault.inception_s, to: fault.clearing_s ?? end }),
    ),
    ...report.json.events.map(
      (event): Band => ({ kind: event.type, from: event.start_s ?? 0, to: event.end_s ?? end }),
    ),
  ];
}

export function Signals({ report, view }: { report: Report; view: View }) {
  const [trend, setTrend] = useState('');
  const panels = useMemo(() => panelsOf(report, trend), [report, trend]);
  const bands = useMemo(() => bandsOf(report), [report]);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [overlay, setOverlay] = useState(true);
  const [levels, setLevels] = useState(true);
  const none = useMemo<number[]>(() => [], []);

  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) {
      next.add(name);
    }
    setHidden(next);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey) {
      return;
    }
    const pointer = view.current.pointer ?? (view.current.from + view.current.to) / 2;
    const actions: Record<string, () => void> = {
      '+': () => view.zoom(0.5),
      '=': () => view.zoom(0.5),
      '-': () => view.zoom(2),
      ArrowLeft: () => view.pan(-0.1),
      ArrowRight: () => view.pan(0.1),
      '0': () => view.reset(),
      Home: () => view.reset(),
      a: () => view.set({ cursorA: pointer }),
      b: () => view.set({ cursorB: pointer }),
      Escape: () => view.set({ cursorA: null, cursorB: null }),
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action !== undefined) {
      event.preventDefault();
      action();
    }
  };

  if (panels.length === 0) {
    return (
      <section class="card" id="signals">
        <h2>{t('signals')}</h2>
        <p class="empty">{t('noWaveforms')}</p>
      </section>
    );
  }
  return (
    <section class="card" id="signals" aria-label={t('signals')}>
      <div class="section-head">
        <h2>{t('signals')}</h2>
        <Toolbar view={view} />
      </div>
      <div class="options">
        <label>
          <input type="checkbox" checked={overlay} onChange={() => setOverlay(!overlay)} />{' '}
          {t('rmsOverlay')}
        </label>
        <label>
          <input type="checkbox" checked={levels} onChange={() => setLevels(!levels)} />{' '}
          {t('thresholds')}
        </label>
        {report.trends.length > 0 && (
          <label>
            {t('trend')}{' '}
            <select value={trend} onChange={(event) => setTrend(event.currentTarget.value)}>
              <option value="">{t('trendNone')}</option>
              {report.trends.map((label) => (
                <option key={label} value={label}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <div class="signals-grid">
        <div
          data-signals
          class="signals"
          tabIndex={0}
          role="group"
          aria-label={t('help')}
          onKeyDown={onKeyDown}
          onPointerDown={(event) => event.currentTarget.focus({ preventScroll: true })}
        >
          <Overview view={view} bands={bands} />
          {panels.map((panel, i) => (
            <TimeChart
              key={`${panel.key} ${i === panels.length - 1}`}
              title={panel.title}
              set={panel.set}
              view={view}
              height={panel.height + (i === panels.length - 1 ? 26 : 0)}
              showTime={i === panels.length - 1 || panel.key === 'i'}
              bands={bands}
              levels={levels ? panel.levels : none}
              overlay={overlay ? panel.overlay : null}
              hidden={hidden}
              leastSpanRatio={panel.leastSpanRatio}
            />
          ))}
          {report.json.statuses.length > 0 && (
            <StatusBars statuses={report.json.statuses} view={view} end={report.json.duration_s} />
          )}
        </div>
        <div class="readings-part">
          <Readings report={report} view={view} panels={panels} hidden={hidden} toggle={toggle} />
          <p class="note">
            {t('help')} {report.envelope && t('envelopeNote')}
          </p>
        </div>
      </div>
    </section>
  );
}

function Toolbar({ view }: { view: View }) {
  const { from, to } = useView(view);
  const button = (label: string, sign: string, action: () => void) => (
    <button type="button" title={label} aria-label={label} onClick={action}>
      {sign}
    </button>
  );
  return (
    <div class="toolbar" data-from={from} data-to={to}>
      <output class="span">{span(from, to)}</output>
      {button(t('panLeft'), '←', () => view.pan(-0.25))}
      {button(t('panRight'), '→', () => view.pan(0.25))}
      {button(t('zoomIn'), '+', () => view.zoom(0.5))}
      {button(t('zoomOut'), '−', () => view.zoom(2))}
      <button type="button" onClick={() => view.reset()}>
        {t('reset')}
      </button>
    </div>
  );
}

function Readings({
  report,
  view,
  panels,
  hidden,
  toggle,
}: {
  report: Report;
  view: View;
  panels: readonly Panel[];
  hidden: ReadonlySet<string>;
  toggle: (name: string) => void;
}) {
  const state = useView(view);
  const scales = useMemo(
    () =>
      new Map(
        panels.map((panel) => [
          panel.key,
          scaleOf(
            panel.set.series.flatMap((line) => line.values),
            panel.set.series[0]?.unit ?? '1',
          ),
        ]),
      ),
    [panels],
  );
  return (
    <div class="scroll">
      <table class="readings">
        <thead>
          <tr>
            <th scope="col">{t('channel')}</th>
            <th scope="col">{t('atPointer')}</th>
            <th scope="col">{t('cursorA')}</th>
            <th scope="col">{t('cursorB')}</th>
            <th scope="col">{t('cursorDelta')}</th>
          </tr>
        </thead>
        <tbody>
          <TimeRows report={report} view={view} state={state} />
          {panels.map((panel) =>
            panel.set.series.map((line) => (
              <ReadingRow
                key={panel.key + line.name}
                set={panel.set}
                line={line}
                scale={scales.get(panel.key) as Scale}
                state={state}
                shown={!hidden.has(line.name)}
                toggle={() => toggle(line.name)}
              />
            )),
          )}
        </tbody>
      </table>
      <button
        type="button"
        class="plain"
        disabled={state.cursorA === null && state.cursorB === null}
        onClick={() => view.set({ cursorA: null, cursorB: null })}
      >
        {t('clearCursors')}
      </button>
    </div>
  );
}

function TimeRows({ report, view, state }: { report: Report; view: View; state: ViewState }) {
  const { cursorA, cursorB, pointer } = state;
  const delta = cursorA !== null && cursorB !== null ? cursorB - cursorA : null;
  const start = report.json.start;
  const input = (name: string, value: number | null, set: (value: number | null) => void) => (
    <input
      type="number"
      step="any"
      aria-label={t('cursorInput', { name })}
      value={value === null ? '' : Number(value.toFixed(7))}
      onChange={(event) => {
        const text = event.currentTarget.value;
        set(text === '' ? null : Math.min(Math.max(Number(text), view.begin), view.end));
      }}
    />
  );
  const clock = (at: number | null) =>
    start === null || at === null ? NOT_AVAILABLE : timeOfDay(start, at);
  return (
    <>
      <tr>
        <th scope="row">
          {t('time')} <span class="unit">s</span>
        </th>
        <td>{pointer === null ? NOT_AVAILABLE : pointer.toFixed(6)}</td>
        <td>{input(t('cursorA'), cursorA, (at) => view.set({ cursorA: at }))}</td>
        <td>{input(t('cursorB'), cursorB, (at) => view.set({ cursorB: at }))}</td>
        <td class="strong">{seconds(delta)}</td>
      </tr>
      {start !== null && (
        <tr class="clock">
          <th scope="row">{t('timeOfDay')}</th>
          <td>{clock(pointer)}</td>
          <td>{clock(cursorA)}</td>
          <td>{clock(cursorB)}</td>
          <td />
        </tr>
      )}
    </>
  );
}

function ReadingRow({
  set,
  line,
  scale,
  state,
  shown,
  toggle,
}: {
  set: SeriesSet;
  line: Series;
  scale: Scale;
  state: ViewState;
  shown: boolean;
  toggle: () => void;
}) {
  const look = useLook();
  const at = (time: number | null) => (time === null ? null : valueAt(set, line, time));
  const a = at(state.cursorA);
  const b = at(state.cursorB);
  const delta = isAvailable(a) && isAvailable(b) ? b - a : null;
  return (
    <tr class={shown ? '' : 'dimmed'}>
      <th scope="row">
        <label class="series">
          <input
            type="checkbox"
            checked={shown}
            onChange={toggle}
            aria-label={t('show', { name: line.name })}
          />
          <svg width="26" height="8" aria-hidden="true">
            <line
              x1="0"
              x2="26"
              y1="4"
              y2="4"
              stroke={look.colour(line.phase)}
              stroke-width="2.5"
              stroke-dasharray={phaseDash(line.phase).join(' ')}
            />
          </svg>
          {line.name}
          <span class="unit">{scale.unit}</span>
        </label>
      </th>
      <td>{number(at(state.pointer), scale)}</td>
      <td>{number(a, scale)}</td>
      <td>{number(b, scale)}</td>
      <td>{number(delta, scale)}</td>
    </tr>
  );
}
