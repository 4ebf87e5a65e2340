// SPDX-License-Identifier: Apache-2.0
// Rapid voltage changes, transients and mains signalling, where there are any; choosing one shows
// its waveform.
import { clock, dateTime, isAvailable, NOT_AVAILABLE, quantity, seconds } from '../lib/format';
import { t } from '../lib/strings';
import type { View } from '../lib/view';
import type { Report, SpanJson } from './data';
import { phaseName } from './events';

const LEAST_CYCLES = 4;

function percent(value: number | null): string {
  return isAvailable(value) ? `${value.toFixed(2)} %` : NOT_AVAILABLE;
}

export function Changes({ report, view }: { report: Report; view: View }) {
  const { changes, transients, signalling, system } = report.json;
  if (changes.length + transients.length + signalling.length === 0) {
    return null;
  }
  const phase = (index: number) => phaseName(index, system.line_to_line);
  const show = (span: SpanJson) => {
    const cycle = 1 / system.nominal_frequency_Hz;
    const room = Math.max(LEAST_CYCLES * cycle, (span.duration_s ?? 0) * 0.15);
    view.show(span.start_s - room, span.end_s + room);
    document.getElementById('signals')?.scrollIntoView({ block: 'start' });
  };
  const table = <T extends SpanJson>(
    title: string,
    list: readonly T[],
    heads: readonly string[],
    cells: (row: T) => readonly string[],
  ) =>
    list.length > 0 && (
      <div class="scroll">
        <h3>{title}</h3>
        <table class="figures changes-table">
          <thead>
            <tr>
              <th scope="col">#</th>
              <th scope="col">{t('eventStart')}</th>
              <th scope="col">{t('eventDuration')}</th>
              {heads.map((head) => (
                <th scope="col" key={head}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {list.map((row, i) => (
              <tr key={i} onClick={() => show(row)}>
                <td>{i + 1}</td>
                <td title={dateTime(row.start, 9)}>
                  <button
                    type="button"
                    class="event-name"
                    title={t('zoomTo', { name: `${title} ${i + 1}` })}
                  >
                    {row.start === null ? seconds(row.start_s) : clock(row.start)}
                  </button>
                </td>
                <td>{seconds(row.duration_s)}</td>
                {cells(row).map((cell, k) => (
                  <td key={k}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    );
  return (
    <section class="card" id="changes">
      <h2>{t('changes')}</h2>
      {table(
        t('rapidChanges'),
        changes,
        [t('eventPhases'), t('largestChange'), t('steadyChange')],
        (row) => [
          phase(row.phase),
          `${quantity(row.max_V, 'V')} (${percent(row.max_percent)})`,
          `${quantity(row.steady_V, 'V')} (${percent(row.steady_percent)})`,
        ],
      )}
      {table(
        t('transients'),
        transients,
        [t('eventPhases'), t('peak'), t('ofNominalPeak')],
        (row) => [phase(row.phase), quantity(row.peak_V, 'V'), percent(row.peak_percent)],
      )}
      {table(
        t('signalling'),
        signalling,
        [t('eventPhases'), t('carrier'), t('largestLevel')],
        (row) => [phase(row.phase), `${row.carrier_Hz} Hz`, percent(row.max_percent)],
      )}
    </section>
  );
}
