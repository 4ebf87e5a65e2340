// SPDX-License-Identifier: Apache-2.0
// Phasors and harmonics of one 10/12-cycle window, or the mean harmonics of all.
import { useState } from 'preact/hooks';
import { HarmonicBars, type BarSet } from '../charts/harmonic_bars';
import { PhasorDiagram } from '../charts/phasor_diagram';
import { isAvailable, NOT_AVAILABLE, number, quantity, scaleOf, span } from '../lib/format';
import { useLook } from '../lib/look';
import { phaseOf } from '../lib/palette';
import { t } from '../lib/strings';
import { useView, type View } from '../lib/view';
import type { PhasorJson, Report } from './data';

export function Spectrum({ report, view }: { report: Report; view: View }) {
  const { window } = useView(view);
  const list = report.json.windows.list;
  const index = Math.min(window, list.length - 1);
  const chosen = list[index];
  if (chosen === undefined) {
    return (
      <section class="card" id="spectrum">
        <h2>{t('spectrum')}</h2>
        <p class="empty">{t('noWindows')}</p>
      </section>
    );
  }
  return (
    <section class="card" id="spectrum">
      <div class="section-head">
        <h2>{t('spectrum')}</h2>
        <label class="window-picker">
          <span>{t('window')}</span>
          <input
            type="range"
            min={0}
            max={list.length - 1}
            value={index}
            disabled={list.length < 2}
            onInput={(event) => view.set({ window: Number(event.currentTarget.value) })}
          />
          <output>
            {t('windowOf', {
              i: index + 1,
              n: list.length,
              span: span(chosen.start_s, chosen.end_s),
            })}
            {chosen.flagged && <span class="badge">{t('flagged')}</span>}
          </output>
        </label>
      </div>
      <div class="spectrum">
        <Phasors phasors={chosen.phasors} />
        <HarmonicsPart report={report} index={index} />
      </div>
    </section>
  );
}

/// φ of a phase: angle of its voltage minus angle of its current, within ±180°.
function phaseAngle(phasors: readonly PhasorJson[], current: PhasorJson): number | null {
  const voltage = phasors.find((other) => other.input === `V${current.input.slice(1)}`);
  if (!isAvailable(voltage?.angle) || !isAvailable(current.angle)) {
    return null;
  }
  return ((((voltage.angle - current.angle + 180) % 360) + 360) % 360) - 180;
}

function Phasors({ phasors }: { phasors: readonly PhasorJson[] }) {
  const look = useLook();
  const scales = {
    V: scaleOf(
      phasors.filter((p) => p.input.startsWith('V')).map((p) => p.rms),
      'V',
    ),
    A: scaleOf(
      phasors.filter((p) => p.input.startsWith('I')).map((p) => p.rms),
      'A',
    ),
  };
  const degrees = { factor: 1, unit: '°', decimals: 2 };
  const reference = phasors.find((p) => p.input.startsWith('V')) ?? phasors[0];
  return (
    <div class="phasor-part">
      <h3>{t('phasors')}</h3>
      <div class="phasor-row">
        <PhasorDiagram phasors={phasors} />
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">{t('input')}</th>
              <th scope="col">{t('fundamental')}</th>
              <th scope="col">{t('angle')}</th>
              <th scope="col">{t('phi')}</th>
            </tr>
          </thead>
          <tbody>
            {phasors.map((phasor) => {
              const scale = phasor.input.startsWith('V') ? scales.V : scales.A;
              const phi = phasor.input.startsWith('I') ? phaseAngle(phasors, phasor) : null;
              return (
                <tr key={phasor.input} data-phasor-row={phasor.input}>
                  <th scope="row">
                    <i class="swatch" style={{ background: look.colour(phaseOf(phasor.input)) }} />
                    {phasor.input}
                  </th>
                  <td>
                    {number(phasor.rms, scale)}
                    {isAvailable(phasor.rms) && ` ${scale.unit}`}
                  </td>
                  <td>
                    {number(phasor.angle, degrees)}
                    {isAvailable(phasor.angle) && '°'}
                  </td>
                  <td>{phi === null ? NOT_AVAILABLE : quantity(phi, '°')}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p class="note">{t('phasorNote', { reference: reference?.input ?? '' })}</p>
    </div>
  );
}

function HarmonicsPart({ report, index }: { report: Report; index: number }) {
  const highest = report.json.windows.orders - 1;
  const [logarithmic, setLogarithmic] = useState(false);
  const [mean, setMean] = useState(false);
  const choices = [15, 25, 50, 127].filter(
    (n, i, all) => n <= highest || (all[i - 1] ?? 0) < highest,
  );
  const [limit, setLimit] = useState(
    choices.includes(25) ? 25 : (choices[choices.length - 1] ?? 25),
  );
  const orders = Math.min(limit, highest);
  const sets = report.harmonics.map(
    (entry): BarSet => ({
      input: entry.input,
      values: mean ? entry.mean : (entry.windows[index] ?? []),
    }),
  );
  // The neutral's small fundamental would set the scale; its figures are in the table.
  const part = (letter: string) => {
    const all = sets.filter((set) => set.input.startsWith(letter));
    const phases = all.filter((set) => phaseOf(set.input) < 3);
    return phases.length > 0 ? phases : all;
  };
  if (highest < 2) {
    return (
      <div class="harmonic-part">
        <h3>{t('harmonics')}</h3>
        <p class="empty">{t('noHarmonics')}</p>
      </div>
    );
  }
  return (
    <div class="harmonic-part">
      <h3>{t('harmonics')}</h3>
      <div class="options">
        <label>
          <input type="checkbox" checked={mean} onChange={() => setMean(!mean)} /> {t('meanOfAll')}
        </label>
        <label>
          <input
            type="checkbox"
            checked={logarithmic}
            onChange={() => setLogarithmic(!logarithmic)}
          />{' '}
          {t('logScale')}
        </label>
        <label>
          {t('ordersTo')}{' '}
          <select onChange={(event) => setLimit(Number(event.currentTarget.value))} value={limit}>
            {choices.map((choice) => (
              <option key={choice} value={choice}>
                {Math.min(choice, highest)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {part('V').length > 0 && (
        <HarmonicBars
          title={t('harmonicsVoltage')}
          sets={part('V')}
          orders={orders}
          logarithmic={logarithmic}
        />
      )}
      {part('I').length > 0 && (
        <HarmonicBars
          title={t('harmonicsCurrent')}
          sets={part('I')}
          orders={orders}
          logarithmic={logarithmic}
        />
      )}
      <details class="behind">
        <summary>{t('asTable')}</summary>
        <div class="scroll">
          <table class="figures">
            <thead>
              <tr>
                <th scope="col">{t('order')}</th>
                {sets.map((set) => (
                  <th scope="col" key={set.input}>
                    {set.input} %
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {Array.from({ length: orders - 1 }, (_, i) => i + 2).map((order) => (
                <tr key={order}>
                  <th scope="row">{order}</th>
                  {sets.map((set) => (
                    <td key={set.input}>
                      {isAvailable(set.values[order])
                        ? (set.values[order] as number).toFixed(3)
                        : NOT_AVAILABLE}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </div>
  );
}
