// SPDX-License-Identifier: Apache-2.0
// What happened: disturbances with their pictures, and the event log.
import { useMemo, useState } from 'preact/hooks';
import { Itic, type EventPoint } from '../charts/itic';
import { isAvailable, NOT_AVAILABLE, quantity, seconds } from '../lib/format';
import { localClock, localDate, localTime, utcTitle } from '../lib/local_time';
import { useParameters } from './address';
import { get, meterPath } from './api';
import { useFetched, useLive, useMessages } from './context';
import { DisturbancePicture } from './disturbance_picture';
import { extremeOf, mergeNewest, percentOf } from './disturbances';
import { t } from './strings';
import type { Disturbance, LogEvent } from './types';

const PAGE = 100;

interface List<T> {
  entries: readonly T[];
  error: string | null;
  /// Null: there is nothing older.
  older: (() => void) | null;
}

/// The newest entries, those that come, and older ones on demand.
function useNewest<T>(
  kind: 'events' | 'disturbances',
  order: (entry: T) => number,
  query: Record<string, string | number | undefined>,
  extract: (message: { event?: LogEvent; disturbance?: Disturbance }) => T | undefined,
): List<T> & { pending: boolean } {
  const { meter, connection } = useLive();
  const path = meterPath(meter.id, kind);
  const round = connection.kind === 'open' ? connection.since : 0;
  const answer = useFetched<Record<string, T[]>>(path, { ...query, limit: PAGE }, round);
  const [more, setMore] = useState<readonly T[]>([]);
  const [atEnd, setAtEnd] = useState(false);
  useMessages({ [kind]: true, meter: meter.id }, (message) => {
    const entry = extract(message);
    if (entry !== undefined) {
      setMore((before) => mergeNewest(before, [entry], order));
    }
  });
  const first = answer.data?.[kind] ?? [];
  const entries = useMemo(() => mergeNewest(first, more, order), [answer.data, more]);
  const oldest = entries[entries.length - 1];
  const older =
    atEnd || oldest === undefined || first.length < PAGE
      ? null
      : () => {
          get<Record<string, T[]>>(path, { ...query, limit: PAGE, before: order(oldest) }).then(
            (page) => {
              const list = page[kind] ?? [];
              setMore((before) => mergeNewest(before, list, order));
              setAtEnd(list.length < PAGE);
            },
            () => setAtEnd(true),
          );
        };
  return { entries, error: answer.error, older, pending: answer.data === null };
}

export function EventsPage() {
  const { address } = useLive();
  const parameters = useParameters(address);
  const list = useNewest<Disturbance>(
    'disturbances',
    (entry) => entry.id,
    {},
    (message) => message.disturbance,
  );
  const newest = list.entries[0];
  // The newest, as long as none was chosen.
  const asked = Number(parameters['event'] || (newest?.id ?? NaN));
  const chosen = list.entries.find((entry) => entry.id === asked) ?? null;
  const choose = (id: number) => address.replace({ event: String(id) });
  return (
    <div class="events-page">
      <section class="picture-part" aria-label={t('picture')}>
        {Number.isNaN(asked) ? (
          <div class="picture-empty">
            <p class="nothing">{list.error ?? t(list.pending ? 'loading' : 'noDisturbances')}</p>
          </div>
        ) : (
          <DisturbancePicture key={asked} id={asked} event={chosen} />
        )}
      </section>
      <section class="disturbance-part">
        <h2>{t('disturbances')}</h2>
        <p class="aside" role="status">
          {newest !== undefined && describe(newest)}
        </p>
        {list.entries.length === 0 ? (
          <p class="empty">{NOT_AVAILABLE}</p>
        ) : (
          <DisturbanceTable entries={list.entries} chosen={asked} choose={choose} />
        )}
        {list.older !== null && (
          <button type="button" onClick={list.older}>
            {t('older')}
          </button>
        )}
      </section>
      <section class="itic-section">
        <h2>{t('itic')}</h2>
        <IticOf entries={list.entries} choose={choose} />
      </section>
      <section class="log-part">
        <EventLog />
      </section>
    </div>
  );
}

function describe(event: Disturbance): string {
  return t('appeared', {
    type: t(event.type),
    phases: event.phases.join(' '),
    duration: event.end === null ? t('ongoing') : seconds(event.duration_s),
    percent: percentOf(event)?.toFixed(1) ?? NOT_AVAILABLE,
  });
}

function DisturbanceTable({
  entries,
  chosen,
  choose,
}: {
  entries: readonly Disturbance[];
  chosen: number;
  choose: (id: number) => void;
}) {
  return (
    <div class="scroll tall">
      <table class="sheet disturbances">
        <thead>
          <tr>
            <th scope="col">{t('eventType')}</th>
            <th scope="col">{t('eventStart')}</th>
            <th scope="col">{t('duration')}</th>
            <th scope="col">%</th>
            <th scope="col" class="wide">
              {t('eventExtreme')}
            </th>
            <th scope="col">{t('eventPhases')}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((event) => {
            const percent = percentOf(event);
            return (
              <tr
                key={event.id}
                data-disturbance={event.id}
                class={event.id === chosen ? 'selected' : ''}
                onClick={() => choose(event.id)}
              >
                <td>
                  <button
                    type="button"
                    class={`event-name ${event.type}`}
                    aria-pressed={event.id === chosen}
                  >
                    {t(event.type)}
                  </button>
                </td>
                <td title={utcTitle(event.start)}>
                  {event.start === null ? (
                    t('sinceStart')
                  ) : (
                    <>
                      <span class="date">{localDate(event.start)}</span>{' '}
                      {localClock(event.start, 3)}
                    </>
                  )}
                </td>
                <td>{event.end === null ? t('ongoing') : seconds(event.duration_s)}</td>
                <td>{percent === null ? NOT_AVAILABLE : percent.toFixed(1)}</td>
                <td class="wide">{quantity(extremeOf(event), 'V')}</td>
                <td class="left">{event.phases.join(' ')}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function IticOf({
  entries,
  choose,
}: {
  entries: readonly Disturbance[];
  choose: (id: number) => void;
}) {
  const points = entries.flatMap((event): EventPoint[] => {
    const percent = percentOf(event);
    return isAvailable(event.duration_s) && isAvailable(percent)
      ? [{ index: event.id, kind: event.type, duration: event.duration_s, percent }]
      : [];
  });
  return (
    <>
      <Itic points={points} open={choose} />
      <p class="note">{t('iticNote')}</p>
    </>
  );
}

const PRIORITIES = [0, 64, 128, 192];

function EventLog() {
  const [least, setLeast] = useState(0);
  return (
    <>
      <div class="section-head">
        <h2>{t('eventLog')}</h2>
        <label>
          {t('leastPriority')}{' '}
          <select value={least} onChange={(event) => setLeast(Number(event.currentTarget.value))}>
            {PRIORITIES.map((priority) => (
              <option key={priority} value={priority}>
                {priority === 0 ? t('allPriorities') : priority}
              </option>
            ))}
          </select>
        </label>
      </div>
      <EventLogTable key={least} least={least} />
    </>
  );
}

function priorityClass(priority: number): string {
  return priority >= 192 ? 'high' : priority >= 128 ? 'medium' : priority >= 64 ? 'low' : 'none';
}

function EventLogTable({ least }: { least: number }) {
  const list = useNewest<LogEvent>(
    'events',
    (entry) => entry.sequence,
    least > 0 ? { min_priority: least } : {},
    ({ event }) => (event !== undefined && event.priority >= least ? event : undefined),
  );
  if (list.entries.length === 0) {
    return <p class="empty">{list.error ?? t(list.pending ? 'loading' : 'noLogEvents')}</p>;
  }
  const valueOf = (label: string | null, value: string | null) =>
    [label, value].filter(Boolean).join(': ');
  return (
    <>
      <div class="scroll tall">
        <table class="sheet log">
          <thead>
            <tr>
              <th scope="col">{t('time')}</th>
              <th scope="col">{t('priority')}</th>
              <th scope="col" class="left">
                {t('module')}
              </th>
              <th scope="col" class="left">
                {t('cause')}
              </th>
              <th scope="col" class="left">
                {t('effect')}
              </th>
              <th scope="col" class="left">
                {t('by')}
              </th>
            </tr>
          </thead>
          <tbody>
            {list.entries.map((event) => (
              <tr key={event.sequence} data-event={event.sequence}>
                <td title={utcTitle(event.time)}>{localTime(event.time, 3)}</td>
                <td>
                  <span class={`priority ${priorityClass(event.priority)}`}>{event.priority}</span>
                </td>
                <td class="left">{event.module}</td>
                <td class="left">{valueOf(event.cause, event.cause_value)}</td>
                <td class="left">{valueOf(event.effect, event.effect_value)}</td>
                <td class="left">{event.by}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {list.older !== null && (
        <button type="button" onClick={list.older}>
          {t('older')}
        </button>
      )}
    </>
  );
}
