// SPDX-License-Identifier: Apache-2.0
// Waveforms, rms traces and status channels on one time axis, with cursors and their readings.
import { useMemo, useState } from 'preact/hooks';
import { ChartGroup, ViewToolbar, type Panel } from '../charts/chart_group';
import { Overview } from '../charts/overview';
import { Readings } from '../charts/readings';
import { StatusBars } from '../charts/status_bars';
import type { Band } from '../charts/time_chart';
import { t } from '../lib/strings';
import type { View } from '../lib/view';
import { trendOf, type Report, type SeriesSet } from './data';

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

  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) {
      next.add(name);
    }
    setHidden(next);
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
        <ViewToolbar view={view} />
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
        <ChartGroup
          view={view}
          panels={panels}
          bands={bands}
          levels={levels}
          overlay={overlay}
          hidden={hidden}
          above={<Overview view={view} bands={bands} />}
          below={
            report.json.statuses.length > 0 && (
              <StatusBars
                statuses={report.json.statuses}
                view={view}
                end={report.json.duration_s}
              />
            )
          }
        />
        <div class="readings-part">
          <Readings
            start={report.json.start}
            view={view}
            panels={panels}
            hidden={hidden}
            toggle={toggle}
          />
          <p class="note">
            {t('help')} {report.envelope && t('envelopeNote')}
          </p>
        </div>
      </div>
    </section>
  );
}
