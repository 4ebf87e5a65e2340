// SPDX-License-Identifier: Apache-2.0
import { isAvailable, scaleOf } from '../lib/format';
import { useLive, useRegisters, type Readings } from './context';
import { Counter } from './counter';
import { Figure } from './figure';
import { numberOf } from './quality';
import { t, type LiveKey } from './strings';

const KINDS: readonly [string, LiveKey][] = [
  ['kWh', 'activeEnergy'],
  ['kVARh', 'reactiveEnergy'],
  ['kVAh', 'apparentEnergy'],
];
const WAYS: readonly [string, LiveKey][] = [
  ['del', 'delivered'],
  ['rec', 'received'],
  ['del-rec', 'net'],
  ['del+rec', 'both'],
];

interface DemandRow {
  title: string;
  unit: string;
  present: string;
  predicted: string;
  peak: string;
}

function demandRows(): DemandRow[] {
  const rows: DemandRow[] = [];
  for (const [power, name] of [
    ['kW', 'activePower'],
    ['kVAR', 'reactivePower'],
    ['kVA', 'apparentPower'],
  ] as const) {
    for (const [way, wayName] of WAYS.slice(0, 3)) {
      rows.push({
        title: `${t(name)} ${t(wayName)}`,
        unit: power,
        present: `${power} sd ${way}`,
        predicted: `${power} sd pred ${way}`,
        peak: `${power} sd mx ${way}`,
      });
    }
  }
  for (const [letter, phase] of [
    ['a', 'L1'],
    ['b', 'L2'],
    ['c', 'L3'],
    ['avg', t('mean')],
  ] as const) {
    rows.push({
      title: t('currentOf', { phase }),
      unit: 'A',
      present: `I ${letter} sd`,
      predicted: `I ${letter} sd pred`,
      peak: `I ${letter} sd mx`,
    });
  }
  return rows;
}

export function EnergyPage() {
  const { catalogue } = useLive();
  const has = (label: string) => catalogue === null || catalogue.has(label);
  const kinds = KINDS.filter(([kind]) => WAYS.some(([way]) => has(`${kind} ${way}`)));
  const rows = demandRows().filter((row) => has(row.present));
  const timeLeft =
    [...(catalogue?.keys() ?? [])].find((label) => label.endsWith('Time Left')) ?? '';
  const readings = useRegisters([
    timeLeft,
    ...kinds.flatMap(([kind]) => WAYS.map(([way]) => `${kind} ${way}`)),
    ...rows.flatMap((row) => [row.present, row.predicted, row.peak]),
  ]);
  const left = numberOf(readings.get(timeLeft));
  return (
    <div class="energy-page">
      <section>
        <h2>{t('energy')}</h2>
        {kinds.length === 0 ? (
          <p class="empty">{t('noEnergy')}</p>
        ) : (
          <Counters kinds={kinds} readings={readings} />
        )}
      </section>
      <section>
        <div class="section-head">
          <h2>{t('demand')}</h2>
          {left !== null && (
            <p class="time-left">
              {t('timeLeft', {
                minutes: Math.floor(Math.round(left) / 60),
                seconds: Math.round(left) % 60,
              })}
            </p>
          )}
        </div>
        {rows.length === 0 ? (
          <p class="empty">{t('noDemand')}</p>
        ) : (
          <>
            <Demand rows={rows} readings={readings} />
            <p class="note">
              {t('demandNote')} {t('demandKeys')}
            </p>
          </>
        )}
      </section>
    </div>
  );
}

function Counters({
  kinds,
  readings,
}: {
  kinds: readonly (readonly [string, LiveKey])[];
  readings: Readings;
}) {
  const { catalogue } = useLive();
  return (
    <div class="counters">
      {kinds.map(([kind, title]) => (
        <div key={kind} class="counter-group">
          <h3>{t(title)}</h3>
          {WAYS.filter(([way]) => catalogue === null || catalogue.has(`${kind} ${way}`)).map(
            ([way, name]) => (
              <p class="side-row" key={way}>
                <span>{t(name)}</span>
                <Counter label={`${kind} ${way}`} readings={readings} />
              </p>
            ),
          )}
        </div>
      ))}
    </div>
  );
}

function Demand({ rows, readings }: { rows: readonly DemandRow[]; readings: Readings }) {
  const value = (label: string) => numberOf(readings.get(label));
  // All rows of one unit share a scale, so that their bars and points can be compared.
  const scaleFor = (unit: string) =>
    scaleOf(
      rows
        .filter((row) => row.unit === unit)
        .flatMap((row) => [value(row.present), value(row.predicted), value(row.peak)]),
      unit,
    );
  const fullOf = (unit: string) =>
    Math.max(
      ...rows
        .filter((row) => row.unit === unit || (unit !== 'A' && row.unit !== 'A'))
        .flatMap((row) => [value(row.present), value(row.predicted), value(row.peak)])
        .map((number) => Math.abs(number ?? 0)),
      0,
    );
  return (
    <div class="scroll">
      <table class="sheet demand">
        <thead>
          <tr>
            <th scope="col">{t('quantityName')}</th>
            <th scope="col">{t('present')}</th>
            <th scope="col">{t('predicted')}</th>
            <th scope="col">{t('peakDemand')}</th>
            <th scope="col" class="bar-column" />
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const scale = scaleFor(row.unit);
            return (
              <tr key={row.present}>
                <th scope="row">
                  {row.title} <span class="unit">{scale.unit}</span>
                </th>
                {[row.present, row.predicted, row.peak].map((label) => (
                  <td key={label}>
                    <Figure label={label} readings={readings} scale={scale} />
                  </td>
                ))}
                <td class="bar-column">
                  <DemandBar
                    present={value(row.present)}
                    predicted={value(row.predicted)}
                    peak={value(row.peak)}
                    full={fullOf(row.unit)}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/// Bar: the latest interval; tick: predicted; end mark: peak.
function DemandBar({
  present,
  predicted,
  peak,
  full,
}: {
  present: number | null;
  predicted: number | null;
  peak: number | null;
  full: number;
}) {
  if (full <= 0) {
    return null;
  }
  const x = (value: number) => (Math.min(Math.abs(value), full) / full) * 198;
  return (
    <svg viewBox="0 0 200 14" preserveAspectRatio="none" class="demand-bar" aria-hidden="true">
      <rect class="demand-full" x="0" y="5" width="200" height="4" />
      {isAvailable(peak) && (
        <rect class="demand-peak" x="0.5" y="1.5" width={Math.max(x(peak) - 1, 0)} height="11" />
      )}
      {isAvailable(present) && (
        <rect class="demand-present" x="0" y="4" width={x(present)} height="6" />
      )}
      {isAvailable(predicted) && (
        <rect class="demand-predicted" x={x(predicted) - 0.75} y="0" width="1.5" height="14" />
      )}
    </svg>
  );
}
