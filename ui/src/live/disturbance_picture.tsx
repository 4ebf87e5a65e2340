// SPDX-License-Identifier: Apache-2.0
// The waveform around a disturbance, with its thresholds.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { ChartGroup, ViewToolbar, type Panel } from '../charts/chart_group';
import { Readings } from '../charts/readings';
import type { Band } from '../charts/time_chart';
import { quantity, seconds } from '../lib/format';
import { epochSeconds, isoOf, localTime, utcTitle, zoneAt } from '../lib/local_time';
import { useLook } from '../lib/look';
import { View } from '../lib/view';
import { apiUrl, meterPath } from './api';
import { useFetched, useLive } from './context';
import { extremeOf, percentOf, thresholdLevels } from './disturbances';
import { t } from './strings';
import type { Disturbance, Waveform } from './types';
import { useWindowHeight } from './use_window';
import { rmsOf, samplesOf } from './waves';

const SAMPLES_SHOWN_AT_LEAST = 8;
const CYCLES_AROUND = 3;
/// What is shown of a long disturbance at first, from its begin.
const LONG_SHOWN_S = 0.3;
const ASK_AGAIN_MS = 700;
const ASK_AGAIN_TIMES = 12;

/// `event` null: it is older than those of the list.
export function DisturbancePicture({ id, event }: { id: number; event: Disturbance | null }) {
  const { meter } = useLive();
  const [round, setRound] = useState(0);
  const again = event === null || !event.has_waveform;
  const asked = useFetched<{ disturbances: Disturbance[] }>(
    again ? meterPath(meter.id, 'disturbances') : null,
    { before: id + 1, limit: 1 },
    round,
  );
  const known = asked.data?.disturbances.find((entry) => entry.id === id) ?? event;
  // The waveform of a disturbance is stored a little later than the disturbance itself.
  useEffect(() => {
    if (known?.has_waveform === false && round < ASK_AGAIN_TIMES) {
      const timer = setTimeout(() => setRound(round + 1), ASK_AGAIN_MS);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [known?.has_waveform, round]);
  const has = known === null || known.has_waveform;
  const waveform = useFetched<Waveform>(
    has ? meterPath(meter.id, 'disturbances', id, 'waveform') : null,
  );
  return (
    <>
      {known !== null && <Facts event={known} />}
      {!has ? (
        <p class="nothing" role="status">
          {t(round < ASK_AGAIN_TIMES ? 'pictureLoading' : 'noPicture')}
        </p>
      ) : waveform.data === null ? (
        <p class="nothing" role="status">
          {waveform.error ?? t('pictureLoading')}
        </p>
      ) : (
        <Picture waveform={waveform.data} event={known} />
      )}
    </>
  );
}

function Facts({ event }: { event: Disturbance }) {
  const { meter } = useLive();
  const at = event.start ?? event.end;
  const percent = percentOf(event);
  const facts: [string, string, string?][] = [
    [
      t('eventStart'),
      event.start === null
        ? t('sinceStart')
        : `${localTime(at, 4)} ${at === null ? '' : zoneAt(at)}`,
      utcTitle(at),
    ],
    [t('duration'), event.end === null ? t('ongoing') : seconds(event.duration_s)],
    [
      t('eventExtreme'),
      `${quantity(extremeOf(event), 'V')} ${event.worst_phase}${percent === null ? '' : ` · ${percent.toFixed(2)} %`}`,
    ],
    [t('eventPhases'), event.phases.join(' ')],
    [t('thresholds'), `${event.threshold_percent} % · ${event.reference_V.toPrecision(4)} V`],
  ];
  return (
    <div class="picture-facts">
      <h2 class={`event-title ${event.type}`}>{t(event.type)}</h2>
      <dl class="facts">
        {facts.map(([name, value, title]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={title}>{value}</dd>
          </div>
        ))}
      </dl>
      {event.has_waveform && (
        <a
          class="button"
          download
          title={t('comtradeTitle')}
          href={apiUrl(`${meterPath(meter.id, 'disturbances', event.id)}/waveform.cff`)}
        >
          {t('comtrade')} ↓
        </a>
      )}
    </div>
  );
}

function Picture({ waveform, event }: { waveform: Waveform; event: Disturbance | null }) {
  const { meter } = useLive();
  const look = useLook();
  const windowHeight = useWindowHeight();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  // Time 0 is where the disturbance begins.
  const zero = epochSeconds(event?.start ?? event?.end ?? waveform.start);
  const [overlay, setOverlay] = useState(true);
  const { voltages, currents } = useMemo(() => samplesOf(waveform, zero), [waveform, zero]);
  const rms = useMemo(() => rmsOf(waveform, zero), [waveform, zero]);
  const { x } = voltages.series.length > 0 ? voltages : currents;
  const begin = x[0] ?? 0;
  const end = x[x.length - 1] ?? 1;
  const cycle = 1 / (meter.nominal_frequency_Hz ?? 50);
  const view = useMemo(() => {
    const shortest = SAMPLES_SHOWN_AT_LEAST / waveform.rate_Hz;
    const made = new View(begin, Math.max(end, begin + 1e-3), shortest, 0, false);
    // The disturbance with a little before and after it.
    if (event !== null) {
      const from = event.start === null ? begin : epochSeconds(event.start) - zero;
      const to = event.end === null ? end : epochSeconds(event.end) - zero;
      const room = Math.max(CYCLES_AROUND * cycle, (to - from) * 0.15);
      // Of a long one the beginning: its end is a button away.
      made.show(
        Math.max(from - room, begin),
        waveform.recovery ? LONG_SHOWN_S : Math.min(to + room, end),
      );
    }
    return made;
  }, [waveform, event?.id]);
  const bands = useMemo<Band[]>(
    () =>
      event === null
        ? []
        : [
            {
              kind: event.type,
              from: event.start === null ? begin : epochSeconds(event.start) - zero,
              to: event.end === null ? end : epochSeconds(event.end) - zero,
            },
          ],
    [event, zero],
  );
  const there = [voltages, currents].filter((set) => set.series.length > 0);
  const height = Math.max(
    Math.min(
      Math.floor((windowHeight * 0.52) / Math.max(there.length, 1)),
      Math.round(300 * look.zoom),
    ),
    Math.round(150 * look.zoom),
  );
  const panels = [
    {
      key: 'u',
      title: t('voltages'),
      set: voltages,
      overlay: rms.voltages,
      levels: event === null ? [] : thresholdLevels(event, meter.wiring, overlay),
    },
    { key: 'i', title: t('currents'), set: currents, overlay: rms.currents, levels: [] },
  ]
    .filter((panel) => panel.set.series.length > 0)
    .map((panel): Panel => ({ ...panel, height, leastSpanRatio: 0.01 }));
  const recovery = waveform.recovery ? epochSeconds(waveform.recovery.start) - zero : null;

  return (
    <>
      <div class="scope-bar">
        <div class="spans" role="group">
          {recovery !== null && (
            <>
              <button type="button" onClick={() => view.show(begin, LONG_SHOWN_S)}>
                {t('beginning')}
              </button>
              <button type="button" onClick={() => view.show(recovery, end)}>
                {t('recovery')}
              </button>
            </>
          )}
          {rms.voltages.x.length > 0 && (
            <label class="check">
              <input
                type="checkbox"
                checked={overlay}
                onChange={(change) => setOverlay(change.currentTarget.checked)}
              />
              {t('rmsOverlay')}
            </label>
          )}
        </div>
        <ViewToolbar view={view} all={t('everything')} />
      </div>
      <div class="scope-grid" data-picture={event?.id ?? ''}>
        <ChartGroup
          key={event?.id}
          view={view}
          panels={panels}
          bands={bands}
          levels
          overlay={overlay}
          hidden={hidden}
        />
        <div class="readings-part">
          <Readings
            start={isoOf(zero)}
            view={view}
            panels={panels}
            hidden={hidden}
            toggle={(name) => {
              const next = new Set(hidden);
              if (!next.delete(name)) {
                next.add(name);
              }
              setHidden(next);
            }}
          />
          <p class="note">
            {recovery !== null && `${t('longNote')} `}
            {t('help')}
          </p>
        </div>
      </div>
    </>
  );
}
