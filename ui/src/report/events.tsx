// SPDX-License-Identifier: Apache-2.0
// Dips, swells and interruptions; choosing one shows its waveform.
import { Itic, type EventPoint } from '../charts/itic';
import { clock, dateTime, isAvailable, NOT_AVAILABLE, quantity, seconds } from '../lib/format';
import { t } from '../lib/strings';
import { useView, type View } from '../lib/view';
import type { EventJson, Report } from './data';

const OPEN_EVENT_CYCLES = 20;

function percentOf(event: EventJson): number | null {
  return isAvailable(event.extreme_V) && event.reference_V > 0
    ? (event.extreme_V / event.reference_V) * 100
    : null;
}

export function phaseName(index: number, lineToLine: boolean): string {
  return lineToLine ? (['V12', 'V23', 'V31'][index] ?? '') : `V${index + 1}`;
}

/// Date of the recording, or that times count from its start.
function dateOf(report: Report): string {
  const start = report.json.start;
  return start === null ? t('fromFirstSample') : `${start.slice(0, 10)} UTC`;
}

function phaseNames(event: EventJson): string {
  return event.phases
    .map((phase, i) => (phase.involved ? phaseName(i, event.line_to_line) : ''))
    .filter((name) => name !== '')
    .join(' ');
}

/// Shows the event with some cycles before and after it and brings the waveforms into sight.
function openEvent(report: Report, view: View, index: number): void {
  const event = report.json.events[index];
  if (event === undefined) {
    return;
  }
  const cycle = 1 / report.json.system.nominal_frequency_Hz;
  // Of an event without a beginning or an end, the surroundings of the other.
  const from = event.start_s ?? (event.end_s ?? view.end) - OPEN_EVENT_CYCLES * cycle;
  const to = event.end_s ?? from + OPEN_EVENT_CYCLES * cycle;
  const room = Math.max(3 * cycle, (to - from) * 0.15);
  view.show(from - room, to + room);
  const at = report.json.windows.list.findIndex((w) => w.end_s > from);
  view.set({ event: index, ...(at >= 0 ? { window: at } : {}) });
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  document
    .getElementById('signals')
    ?.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'start' });
}

export function Events({ report, view }: { report: Report; view: View }) {
  const { event: selected } = useView(view);
  const events = report.json.events;
  if (events.length === 0) {
    return (
      <section class="card" id="events">
        <h2>{t('events')}</h2>
        <p class="empty">
          {t(report.json.system.nominal_voltage_V === null ? 'eventsUnknown' : 'noEvents')}
        </p>
      </section>
    );
  }
  const points = events.flatMap((event, index): EventPoint[] => {
    const percent = percentOf(event);
    return isAvailable(event.duration_s) && isAvailable(percent)
      ? [{ index, kind: event.type, duration: event.duration_s, percent }]
      : [];
  });
  const open = (index: number) => openEvent(report, view, index);
  return (
    <section class="card" id="events">
      <h2>{t('events')}</h2>
      <div class="events">
        <div class="scroll">
          <table class="figures events-table">
            <thead>
              <tr>
                <th scope="col">#</th>
                <th scope="col" class="left">
                  {t('eventType')}
                </th>
                <th scope="col">{t('eventStart')}</th>
                <th scope="col">{t('eventDuration')}</th>
                <th scope="col">{t('eventExtreme')}</th>
                <th scope="col">{t('eventPercent')}</th>
                <th scope="col" class="left">
                  {t('eventPhases')}
                </th>
              </tr>
            </thead>
            <tbody>
              {events.map((event, i) => {
                const percent = percentOf(event);
                return (
                  <tr
                    key={i}
                    data-event={i}
                    class={selected === i ? 'selected' : ''}
                    onClick={() => open(i)}
                  >
                    <td>{i + 1}</td>
                    <td class="left">
                      <button
                        type="button"
                        class={`event-name ${event.type}`}
                        title={t('zoomTo', { name: t(event.type) })}
                        aria-pressed={selected === i}
                      >
                        {t(event.type)}
                      </button>
                    </td>
                    <td title={dateTime(event.start, 9)}>
                      {event.start_s === null
                        ? t('beforeStart')
                        : event.start === null
                          ? seconds(event.start_s)
                          : clock(event.start)}
                    </td>
                    <td>{event.end_s === null ? t('stillOpen') : seconds(event.duration_s)}</td>
                    <td>
                      {quantity(event.extreme_V, 'V')}{' '}
                      {phaseName(event.worst_phase, event.line_to_line)}
                    </td>
                    <td>{percent === null ? NOT_AVAILABLE : `${percent.toFixed(2)} %`}</td>
                    <td class="left">{phaseNames(event)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          <p class="note">{t('eventsNote', { date: dateOf(report) })}</p>
        </div>
        {points.length > 0 && (
          <div class="itic-part">
            <h3>{t('itic')}</h3>
            <Itic points={points} open={open} />
            <p class="note">
              {t('iticNote')}{' '}
              {points.length < events.length &&
                t('eventsWithoutDuration', { n: events.length - points.length })}
            </p>
          </div>
        )}
      </div>
    </section>
  );
}
