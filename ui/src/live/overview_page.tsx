// SPDX-License-Identifier: Apache-2.0
// The figures that one looks at first: per phase and in total, aligned at the decimal point.
import { useMemo, useRef } from 'preact/hooks';
import { isAvailable, number, scaleOf, type Scale } from '../lib/format';
import { useLook } from '../lib/look';
import { phaseDash } from '../lib/palette';
import { stickyScale } from '../lib/sticky_scale';
import { useParameters } from './address';
import { useLive, useRegisters, type Readings } from './context';
import { Counter } from './counter';
import { Figure } from './figure';
import { Needle, Quadrants, Trace } from './gauges';
import { Minute } from './minute';
import { numberOf } from './quality';
import { moveInGrid } from './roving';
import { t, type LiveKey } from './strings';

interface Row {
  key: string;
  title: LiveKey;
  note?: LiveKey;
  /// Of L1, L2, L3 and of all; empty where there is none.
  labels: readonly [string, string, string, string];
  minor?: boolean;
  gauge?: 'ln' | 'll';
  /// At least this share of the value is the height of the trace.
  leastSpan: number;
}

const ROWS: readonly Row[] = [
  {
    key: 'u',
    title: 'rowVoltage',
    note: 'rowVoltageNote',
    labels: ['Vln a', 'Vln b', 'Vln c', 'Vln avg'],
    gauge: 'ln',
    leastSpan: 0.01,
  },
  {
    key: 'ull',
    title: 'rowVoltageLl',
    note: 'rowVoltageLlNote',
    labels: ['Vll ab', 'Vll bc', 'Vll ca', 'Vll avg'],
    gauge: 'll',
    leastSpan: 0.01,
  },
  { key: 'i', title: 'rowCurrent', labels: ['I a', 'I b', 'I c', 'I avg'], leastSpan: 0.02 },
  { key: 'p', title: 'rowActive', labels: ['kW a', 'kW b', 'kW c', 'kW tot'], leastSpan: 0.02 },
  {
    key: 'q',
    title: 'rowReactive',
    labels: ['kVAR a', 'kVAR b', 'kVAR c', 'kVAR tot'],
    leastSpan: 0.02,
  },
  {
    key: 's',
    title: 'rowApparent',
    labels: ['kVA a', 'kVA b', 'kVA c', 'kVA tot'],
    leastSpan: 0.02,
  },
  {
    key: 'pf',
    title: 'rowFactor',
    labels: ['PF sign a', 'PF sign b', 'PF sign c', 'PF sign tot'],
    leastSpan: 0.02,
  },
  {
    key: 'thdu',
    title: 'rowThdU',
    labels: ['V1 THD', 'V2 THD', 'V3 THD', ''],
    minor: true,
    leastSpan: 0.2,
  },
  {
    key: 'thdi',
    title: 'rowThdI',
    labels: ['I1 THD', 'I2 THD', 'I3 THD', ''],
    minor: true,
    leastSpan: 0.2,
  },
];

const ENERGIES: readonly [string, LiveKey][] = [
  ['kWh del', 'delivered'],
  ['kWh rec', 'received'],
  ['kVARh del', 'delivered'],
  ['kVARh rec', 'received'],
];

const SIDE: readonly string[] = [
  'Power Frequency',
  'Vunbal u2',
  'IUnbal u2',
  'I 4',
  'V4',
  ...ENERGIES.map(([label]) => label),
];

export function OverviewPage() {
  const { address, catalogue, meter } = useLive();
  const slow = useParameters(address)['renewed'] === '1s';
  // ½-cycle registers where there are such, else the 1 s ones.
  const labelOf = (label: string) =>
    !slow && label !== '' && catalogue?.has(`HS ${label}`) === true ? `HS ${label}` : label;
  const rows = ROWS.map((row) => ({
    ...row,
    labels: row.labels.map(labelOf) as unknown as Row['labels'],
  }));
  const frequency = labelOf('Freq');
  const labels = useMemo(
    () => [
      frequency,
      ...rows.flatMap((row) => row.labels.filter((label) => label !== '')),
      ...SIDE,
    ],
    [catalogue, slow],
  );
  const readings = useRegisters(labels);
  const shown = rows.filter(
    (row) => catalogue === null || row.labels.some((label) => catalogue.has(label)),
  );

  const minute = useRef(new Minute());
  const remembered = useRef<{ key: string; readings: Readings | null }>({
    key: '',
    readings: null,
  });
  const now = Date.now();
  const key = `${meter.id} ${slow}`;
  if (remembered.current.key !== key) {
    minute.current = new Minute();
  }
  if (readings.size > 0 && remembered.current.readings !== readings) {
    minute.current.add(now, labels, readings);
  }
  remembered.current = { key, readings };

  const scales = useRef(new Map<string, Scale>());
  const scaleFor = (name: string, of: readonly string[]) => {
    const unit = of.map((label) => catalogue?.get(label)?.unit).find((u) => u !== undefined) ?? '1';
    const values = of.map((label) => numberOf(readings.get(label)));
    const scale = stickyScale(scales.current.get(name), values, unit);
    scales.current.set(name, scale);
    return scale;
  };

  return (
    <div class="overview-page">
      <section class="matrix-part" aria-label={t('matrix')}>
        <Matrix
          rows={shown}
          readings={readings}
          scaleFor={scaleFor}
          minute={minute.current}
          now={now}
        />
        <label class="renewed">
          {t('renewed')}
          <select
            value={slow ? '1s' : ''}
            onChange={(event) => address.replace({ renewed: event.currentTarget.value })}
          >
            <option value="">{t('renewedFast')}</option>
            <option value="1s">{t('renewedSecond')}</option>
          </select>
        </label>
      </section>
      <aside class="rail">
        <Frequency label={frequency} readings={readings} />
        <Power readings={readings} labels={['kW tot', 'kVAR tot', 'PF sign tot'].map(labelOf)} />
        <Energies readings={readings} />
        <Balance readings={readings} />
      </aside>
    </div>
  );
}

function Matrix({
  rows,
  readings,
  scaleFor,
  minute,
  now,
}: {
  rows: readonly Row[];
  readings: Readings;
  scaleFor: (name: string, labels: readonly string[]) => Scale;
  minute: Minute;
  now: number;
}) {
  const look = useLook();
  return (
    <table class="matrix" onKeyDown={moveInGrid}>
      <thead>
        <tr>
          <td />
          {[0, 1, 2].map((phase) => (
            <th scope="col" key={phase}>
              <svg viewBox="0 0 34 4" class="phase-line" aria-hidden="true">
                <line
                  x1="0"
                  x2="34"
                  y1="2"
                  y2="2"
                  stroke={look.colour(phase)}
                  stroke-dasharray={phaseDash(phase).join(' ')}
                />
              </svg>
              L{phase + 1}
            </th>
          ))}
          <th scope="col" class="all">
            {t('allPhases')}
          </th>
          <th scope="col" class="trace-column">
            {t('lastMinute')}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, r) => (
          <MatrixRow
            key={row.key}
            row={row}
            first={r === 0}
            readings={readings}
            scale={scaleFor(row.key, row.labels)}
            minute={minute}
            now={now}
          />
        ))}
      </tbody>
    </table>
  );
}

const BETWEEN: readonly string[] = ['L1-L2', 'L2-L3', 'L3-L1'];

function MatrixRow({
  row,
  first,
  readings,
  scale,
  minute,
  now,
}: {
  row: Row;
  first: boolean;
  readings: Readings;
  scale: Scale;
  minute: Minute;
  now: number;
}) {
  const { meter } = useLive();
  const phases = row.labels.slice(0, 3);
  const nominal = meter.nominal_voltage_V;
  const delta = meter.wiring === 'delta';
  const reference =
    nominal === null || row.gauge === undefined
      ? null
      : row.gauge === 'll' && !delta
        ? nominal * Math.sqrt(3)
        : row.gauge === 'ln' && delta
          ? nominal / Math.sqrt(3)
          : nominal;
  const name = `${t(row.title)} ${row.note === undefined ? '' : t(row.note)}`.trim();
  return (
    <tr class={row.minor === true ? 'minor' : ''} data-row={row.key}>
      <th scope="row">
        <span class="quantity">{t(row.title)}</span>
        {row.note !== undefined && <span class="quantity-note">{t(row.note)}</span>}
        <span class="unit">{scale.unit}</span>
      </th>
      {phases.map((label, i) => (
        <td key={i}>
          {row.gauge === 'll' && <span class="between">{BETWEEN[i]}</span>}
          <Figure
            label={label}
            readings={readings}
            scale={scale}
            tabIndex={first && i === 0 ? 0 : -1}
          />
          {reference !== null && (
            <Needle
              value={numberOf(readings.get(label))}
              from={reference * 0.85}
              to={reference * 1.15}
              limits={[reference * 0.9, reference * 1.1]}
              middle={reference}
            />
          )}
        </td>
      ))}
      <td class="all">
        {row.labels[3] !== '' && (
          <>
            <span class="between">{t(row.labels[3].endsWith('avg') ? 'mean' : 'sum')}</span>
            <Figure label={row.labels[3]} readings={readings} scale={scale} tabIndex={-1} />
          </>
        )}
      </td>
      <td class="trace-column">
        <RowTrace name={name} row={row} phases={phases} scale={scale} minute={minute} now={now} />
      </td>
    </tr>
  );
}

function RowTrace({
  name,
  row,
  phases,
  scale,
  minute,
  now,
}: {
  name: string;
  row: Row;
  phases: readonly string[];
  scale: Scale;
  minute: Minute;
  now: number;
}) {
  const extremes = minute.extremes(phases);
  if (extremes === null) {
    return null;
  }
  const [low, high] = extremes;
  const least = Math.max(Math.abs(low), Math.abs(high)) * row.leastSpan;
  const room = Math.max(least - (high - low), 0) / 2;
  return (
    <Trace
      name={name}
      lines={phases.map((label, phase) => ({ phase, points: minute.line(label, now) }))}
      low={low - room}
      high={high + room}
      lowText={number(low, scale)}
      highText={number(high, scale)}
    />
  );
}

function Frequency({ label, readings }: { label: string; readings: Readings }) {
  const { meter } = useLive();
  const nominal = meter.nominal_frequency_Hz;
  const scale: Scale = { factor: 1, unit: 'Hz', decimals: 3 };
  return (
    <section>
      <h2>{t('frequency')}</h2>
      <p class="huge">
        <Figure label={label} readings={readings} scale={scale} unit />
      </p>
      {nominal !== null && (
        <Needle
          value={numberOf(readings.get(label))}
          from={nominal - 1}
          to={nominal + 1}
          limits={[nominal - 0.5, nominal + 0.5]}
          middle={nominal}
        />
      )}
      <p class="side-row">
        <span>{t('powerFrequency')}</span>
        <Figure
          label="Power Frequency"
          readings={readings}
          scale={{ factor: 1, unit: 'Hz', decimals: 4 }}
          unit
        />
      </p>
    </section>
  );
}

function Power({ readings, labels }: { readings: Readings; labels: readonly string[] }) {
  const [active = '', reactive = '', factor = ''] = labels;
  const p = numberOf(readings.get(active));
  const q = numberOf(readings.get(reactive));
  const largest = useRef(0);
  const size = p !== null && q !== null ? Math.hypot(p, q) : 0;
  largest.current = Math.max(largest.current, size);
  const before = useRef<Scale | undefined>(undefined);
  const scale = stickyScale(before.current, [p], 'kW');
  before.current = scale;
  return (
    <section class="power">
      <div>
        <h2>{t('totalPower')}</h2>
        <p class="huge">
          <Figure label={active} readings={readings} scale={scale} unit />
        </p>
        <p class="side-row">
          <span>{t('rowFactor')}</span>
          <Figure label={factor} readings={readings} scale={{ factor: 1, unit: '', decimals: 4 }} />
          <span class="quantity-note">
            {p !== null && q !== null && Math.abs(q) > 0.001 * size
              ? t(q * p > 0 ? 'lagging' : 'leading')
              : ''}
          </span>
        </p>
      </div>
      <Quadrants active={p} reactive={q} full={largest.current} />
    </section>
  );
}

function Energies({ readings }: { readings: Readings }) {
  const { catalogue } = useLive();
  const known = ENERGIES.filter(([label]) => catalogue === null || catalogue.has(label));
  if (known.length === 0) {
    return null;
  }
  return (
    <section>
      <h2>{t('energy')}</h2>
      {known.map(([label, way]) => (
        <p class="side-row" key={label}>
          <span>{t(way)}</span>
          <Counter label={label} readings={readings} />
        </p>
      ))}
    </section>
  );
}

function Balance({ readings }: { readings: Readings }) {
  const { catalogue, meter } = useLive();
  const entries: [string, LiveKey, boolean][] = [
    ['Vunbal u2', 'unbalanceU', true],
    ['IUnbal u2', 'unbalanceI', true],
    ['I 4', 'neutralCurrent', meter.inputs.includes('I4')],
    ['V4', 'neutralVoltage', meter.inputs.includes('V4')],
  ];
  return (
    <section>
      <h2>{t('balance')}</h2>
      <div class="balance">
        {entries
          .filter(([label, , there]) => there && (catalogue === null || catalogue.has(label)))
          .map(([label, title]) => {
            const value = numberOf(readings.get(label));
            const unit = catalogue?.get(label)?.unit ?? '1';
            const scale = isAvailable(value)
              ? scaleOf([value], unit)
              : { factor: 1, unit, decimals: 2 };
            return (
              <p class="side-row" key={label}>
                <span>{t(title)}</span>
                <Figure label={label} readings={readings} scale={scale} unit />
              </p>
            );
          })}
      </div>
    </section>
  );
}
