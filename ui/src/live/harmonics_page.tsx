// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { HarmonicBars, type BarSet } from '../charts/harmonic_bars';
import { isAvailable, NOT_AVAILABLE } from '../lib/format';
import { useLook } from '../lib/look';
import { phaseOf } from '../lib/palette';
import { useParameters } from './address';
import { useLive, useRegisters } from './context';
import { Figure } from './figure';
import { barsOf, highestOrder } from './harmonics';
import { numberOf } from './quality';
import { t } from './strings';
import { useWindowHeight } from './use_window';

const ORDERS = [25, 50, 63, 127];
const USUAL_ORDERS = 50;

interface Entry extends BarSet {
  thd: string;
  fundamental: string;
}

export function HarmonicsPage() {
  const { meter, address, catalogue } = useLive();
  const look = useLook();
  const parameters = useParameters(address);
  const absolute = parameters['values'] === 'absolute';
  const logarithmic = parameters['scale'] === 'log';
  const inputs = meter.inputs;
  const readings = useRegisters(
    inputs.flatMap((input) => [`${input} HD`, `${input} fund`, `${input} THD`]),
  );
  const windowHeight = useWindowHeight();
  const [table, setTable] = useState(false);

  const entries = inputs.map((input): Entry => {
    const first = catalogue?.get(`${input} HD`)?.first_element ?? 1;
    const fundamental = numberOf(readings.get(`${input} fund`));
    return {
      input,
      values: barsOf(readings.get(`${input} HD`), first, absolute ? fundamental : null, absolute),
      thd: `${input} THD`,
      fundamental: `${input} fund`,
    };
  });
  const highest = highestOrder(entries.map((entry) => entry.values));
  const choices = ORDERS.filter((n, i) => n <= highest || (ORDERS[i - 1] ?? 0) < highest);
  const asked = Number(parameters['orders']);
  const limit = choices.includes(asked)
    ? asked
    : choices.includes(USUAL_ORDERS)
      ? USUAL_ORDERS
      : (choices[choices.length - 1] ?? USUAL_ORDERS);
  const orders = Math.min(limit, highest);
  const part = (letter: string) => entries.filter((entry) => entry.input.startsWith(letter));
  // The neutral's small fundamental would set the scale; its figures are in the table.
  const phasesOf = (all: readonly Entry[]) => {
    const phases = all.filter((entry) => phaseOf(entry.input) < 3);
    return phases.length > 0 ? phases : all;
  };
  const groups = [
    { letter: 'V', title: t('voltagesHarmonics'), unit: 'V' as const },
    { letter: 'I', title: t('currentsHarmonics'), unit: 'A' as const },
  ].filter(({ letter }) => part(letter).length > 0);
  const height = Math.max(
    Math.floor((windowHeight - 350 * look.zoom) / Math.max(groups.length, 1)),
    Math.round(180 * look.zoom),
  );

  return (
    <div class="harmonics-page">
      <div class="controls">
        <label>
          {t('absolute')}
          <select
            value={absolute ? 'absolute' : ''}
            onChange={(event) => address.replace({ values: event.currentTarget.value })}
          >
            <option value="">{t('asPercent')}</option>
            <option value="absolute">{t('asAbsolute')}</option>
          </select>
        </label>
        <label>
          {t('ordersTo')}
          <select
            value={limit}
            onChange={(event) => address.replace({ orders: event.currentTarget.value })}
          >
            {choices.map((choice) => (
              <option key={choice} value={choice}>
                {Math.min(choice, Math.max(highest, 0))}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={logarithmic}
            onChange={(event) =>
              address.replace({ scale: event.currentTarget.checked ? 'log' : '' })
            }
          />
          {t('logScale')}
        </label>
      </div>
      {highest < 2 ? (
        <p class="nothing" role="status">
          {t('noHarmonicsYet')}
        </p>
      ) : (
        groups.map(({ letter, title, unit }) => (
          <section key={letter} class="harmonic-group">
            <div class="thd-strip">
              {phasesOf(part(letter)).map((entry) => (
                <p key={entry.input}>
                  <i
                    class={`swatch phase-${phaseOf(entry.input)}`}
                    style={{ background: look.colour(phaseOf(entry.input)) }}
                  />
                  <strong>{entry.input}</strong>
                  <span>{t('thd')}</span>
                  <Figure
                    label={entry.thd}
                    readings={readings}
                    scale={{ factor: 1, unit: '%', decimals: 3 }}
                    unit
                  />
                </p>
              ))}
            </div>
            <HarmonicBars
              title={`${title}, ${absolute ? unit : t('asPercent')}`}
              sets={phasesOf(part(letter))}
              orders={orders}
              logarithmic={logarithmic}
              unit={absolute ? unit : '%'}
              height={height}
            />
          </section>
        ))
      )}
      {highest >= 2 && (
        <details
          class="behind"
          open={table}
          onToggle={(event) => setTable(event.currentTarget.open)}
        >
          <summary>{t('asTable')}</summary>
          {table && <OrderTable entries={entries} orders={highest} absolute={absolute} />}
        </details>
      )}
    </div>
  );
}

function OrderTable({
  entries,
  orders,
  absolute,
}: {
  entries: readonly Entry[];
  orders: number;
  absolute: boolean;
}) {
  const unitOf = (input: string) => (absolute ? (input.startsWith('V') ? 'V' : 'A') : '%');
  return (
    <div class="scroll">
      <table class="sheet">
        <thead>
          <tr>
            <th scope="col">{t('order')}</th>
            {entries.map(({ input }) => (
              <th scope="col" key={input}>
                {input} {unitOf(input)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: orders }, (_, i) => i + 1).map((order) => (
            <tr key={order}>
              <th scope="row">{order}</th>
              {entries.map(({ input, values }) => {
                const value = values[order];
                return <td key={input}>{isAvailable(value) ? value.toFixed(3) : NOT_AVAILABLE}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
