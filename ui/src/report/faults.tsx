// SPDX-License-Identifier: Apache-2.0
// What an engineer asks first of a fault record.
import { dateTime, quantity, seconds } from '../lib/format';
import { t } from '../lib/strings';
import type { View } from '../lib/view';
import type { FaultJson, Report } from './data';
import { phaseName } from './events';

function faultedPhases(fault: FaultJson): string {
  const names = fault.phases.map((on, i) => (on ? `L${i + 1}` : '')).filter((name) => name !== '');
  if (fault.ground) {
    names.push(t('ground'));
  }
  return names.join(' – ');
}

export function Faults({ report, view }: { report: Report; view: View }) {
  const faults = report.json.faults;
  if (faults.length === 0) {
    return null;
  }
  return (
    <section class="card" id="faults">
      <h2>{t('faults')}</h2>
      <div class="faults">
        {faults.map((fault, i) => (
          <Fault key={i} index={i} fault={fault} report={report} view={view} />
        ))}
      </div>
    </section>
  );
}

function Fault({
  index,
  fault,
  report,
  view,
}: {
  index: number;
  fault: FaultJson;
  report: Report;
  view: View;
}) {
  const lineToLine = report.json.system.line_to_line;
  const show = () => {
    const cycle = 1 / report.json.system.nominal_frequency_Hz;
    view.show(fault.inception_s - 3 * cycle, (fault.clearing_s ?? view.end) + 3 * cycle);
    view.set({ cursorA: fault.inception_s, cursorB: fault.clearing_s });
    document.getElementById('signals')?.scrollIntoView({ block: 'start' });
  };
  const any = (values: readonly (number | null)[]) => values.some((value) => value !== null);
  return (
    <div class="fault">
      <h3>
        <button type="button" class="event-name interruption" onClick={show}>
          {t('faultNumber', { n: index + 1 })}: {faultedPhases(fault)}
        </button>
      </h3>
      <dl class="facts">
        <div>
          <dt>{t('inception')}</dt>
          <dd>
            {fault.inception === null ? seconds(fault.inception_s) : dateTime(fault.inception, 5)}
          </dd>
        </div>
        <div>
          <dt>{t('clearing')}</dt>
          <dd>
            {fault.clearing_s === null
              ? t('notCleared')
              : fault.clearing === null
                ? seconds(fault.clearing_s)
                : dateTime(fault.clearing, 5)}
          </dd>
        </div>
        <div>
          <dt>{t('eventDuration')}</dt>
          <dd>{seconds(fault.duration_s)}</dd>
        </div>
      </dl>
      <div class="scroll">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col" />
              {any(fault.current_peak_A) && (
                <>
                  <th scope="col">{t('before')}</th>
                  <th scope="col">{t('largestRms')}</th>
                  <th scope="col">{t('peak')}</th>
                </>
              )}
              {any(fault.voltage_residual_V) && (
                <>
                  <th scope="col">{t('residual')}</th>
                  <th scope="col">{t('angleJump')}</th>
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {[0, 1, 2, 3]
              .filter((i) => i < 3 || any([fault.current_peak_A[3] ?? null]))
              .map((i) => (
                <tr key={i}>
                  <th scope="row">{i < 3 ? `L${i + 1}` : 'N'}</th>
                  {any(fault.current_peak_A) && (
                    <>
                      <td>{quantity(fault.prefault_rms_A[i], 'A')}</td>
                      <td>{quantity(fault.current_rms_A[i], 'A')}</td>
                      <td>{quantity(fault.current_peak_A[i], 'A')}</td>
                    </>
                  )}
                  {any(fault.voltage_residual_V) && (
                    <>
                      <td>
                        {i < 3 && lineToLine && `${phaseName(i, true)} `}
                        {quantity(fault.voltage_residual_V[i], 'V')}
                      </td>
                      <td>{quantity(fault.phase_jump_deg[i], '°')}</td>
                    </>
                  )}
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
