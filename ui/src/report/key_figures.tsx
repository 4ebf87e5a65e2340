// SPDX-License-Identifier: Apache-2.0
// The figures that one looks at first, per phase, aligned at the decimal point.
import { isAvailable, NOT_AVAILABLE, number, quantity, scaleOf } from '../lib/format';
import { useLook } from '../lib/look';
import { t, type StringKey } from '../lib/strings';
import type { Report } from './data';

interface Column {
  title: StringKey;
  /// Registers of phase 1, 2, 3, neutral and of the total; empty where there is none.
  labels: readonly [string, string, string, string, string];
}

const COLUMNS: readonly Column[] = [
  { title: 'voltage', labels: ['Vln a', 'Vln b', 'Vln c', 'V4', 'Vln avg'] },
  { title: 'voltageLineToLine', labels: ['Vll ab', 'Vll bc', 'Vll ca', '', 'Vll avg'] },
  { title: 'current', labels: ['I a', 'I b', 'I c', 'I 4', 'I avg'] },
  { title: 'activePower', labels: ['kW a', 'kW b', 'kW c', '', 'kW tot'] },
  { title: 'reactivePower', labels: ['kVAR a', 'kVAR b', 'kVAR c', '', 'kVAR tot'] },
  { title: 'apparentPower', labels: ['kVA a', 'kVA b', 'kVA c', '', 'kVA tot'] },
  {
    title: 'powerFactor',
    labels: ['PF sign a', 'PF sign b', 'PF sign c', '', 'PF sign tot'],
  },
  { title: 'thdVoltage', labels: ['V1 THD', 'V2 THD', 'V3 THD', '', ''] },
  { title: 'thdCurrent', labels: ['I1 THD', 'I2 THD', 'I3 THD', '', ''] },
];

/// Of the first label that there is: a delta has powers in total only.
function unitOf(report: Report, labels: readonly string[]): string {
  const known = labels.find((label) => report.registers.has(label));
  return (known === undefined ? undefined : report.registers.get(known)?.unit) ?? '1';
}

export function KeyFigures({ report }: { report: Report }) {
  const look = useLook();
  const mean = (label: string) => report.registers.get(label)?.mean ?? null;
  const columns = COLUMNS.filter((column) =>
    column.labels.some((label) => isAvailable(mean(label))),
  );
  const rows = [0, 1, 2, 3, 4].filter((row) =>
    columns.some((column) => isAvailable(mean(column.labels[row as 0]))),
  );
  if (columns.length === 0) {
    return (
      <section class="card" id="figures">
        <h2>{t('keyFigures')}</h2>
        <p class="empty">{t('noMeans')}</p>
      </section>
    );
  }
  return (
    <section class="card" id="figures">
      <div class="section-head">
        <h2>{t('keyFigures')}</h2>
        <dl class="facts">
          <div>
            <dt>{t('frequency')}</dt>
            <dd>{quantity(mean('Freq'), 'Hz')}</dd>
          </div>
          {isAvailable(mean('Vunbal u2')) && (
            <div>
              <dt>{t('unbalance')}</dt>
              <dd>{quantity(mean('Vunbal u2'), '%')}</dd>
            </div>
          )}
        </dl>
      </div>
      <div class="scroll">
        <table class="figures big">
          <thead>
            <tr>
              <th scope="col" class="left">
                {t('phase')}
              </th>
              {columns.map((column) => {
                const unit = unitOf(report, column.labels);
                const scale = scaleOf(column.labels.map(mean), unit);
                return (
                  <th scope="col" key={column.title}>
                    {t(column.title)}
                    <span class="unit">{scale.unit}</span>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row} class={row === 4 ? 'total' : ''}>
                <th scope="row">
                  {row < 4 && <i class="swatch" style={{ background: look.colour(row) }} />}
                  {row === 4 ? t('total') : row === 3 ? 'N' : `L${row + 1}`}
                </th>
                {columns.map((column) => {
                  const label = column.labels[row as 0];
                  const unit = unitOf(report, column.labels);
                  const scale = scaleOf(column.labels.map(mean), unit);
                  return (
                    <td key={column.title} data-register={label}>
                      {label === '' ? '' : (number(mean(label), scale) ?? NOT_AVAILABLE)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="note">{t('keyFiguresNote')}</p>
    </section>
  );
}
