// SPDX-License-Identifier: Apache-2.0
// The waveforms as they come, held still by a trigger.
import { useCallback, useMemo, useRef, useState } from 'preact/hooks';
import { ChartGroup, ViewToolbar, type Panel } from '../charts/chart_group';
import { Readings } from '../charts/readings';
import { epochSeconds, isoOf, localClock } from '../lib/local_time';
import { useLook } from '../lib/look';
import { NOT_AVAILABLE, seconds } from '../lib/format';
import { View } from '../lib/view';
import { useParameters } from './address';
import { useLive, useMessages } from './context';
import { t, type LiveKey } from './strings';
import { steadyRange, takeShot, type Edge, type Shot, type TriggerSetup } from './trigger';
import type { Waveform } from './types';
import { useWindowHeight } from './use_window';
import { limitLevels } from './waves';

const BASES = [0.02, 0.04, 0.1, 0.2, 0.5];
const USUAL_BASE = 0.04;
/// Of the window: what lies before the trigger.
const AHEAD_RATIO = 0.2;
const SAMPLES_SHOWN_AT_LEAST = 8;

type Mode = 'auto' | 'normal' | 'single';
const MODES: readonly [Mode, LiveKey][] = [
  ['auto', 'modeAuto'],
  ['normal', 'modeNormal'],
  ['single', 'modeSingle'],
];

interface Setup {
  base: number;
  trigger: TriggerSetup | null;
  mode: Mode;
}

function setupOf(parameters: Readonly<Record<string, string>>, inputs: readonly string[]): Setup {
  const base = Number(parameters['base']);
  const channel = parameters['ch'] ?? inputs[0] ?? '';
  const level = Number(parameters['level'] ?? 0);
  const mode = MODES.find(([name]) => name === parameters['mode'])?.[0] ?? 'auto';
  return {
    base: BASES.includes(base) ? base : USUAL_BASE,
    trigger: inputs.includes(channel)
      ? {
          channel,
          level: Number.isFinite(level) ? level : 0,
          edge: parameters['edge'] === 'falling' ? 'falling' : 'rising',
        }
      : null,
    mode,
  };
}

export function ScopePage() {
  const { meter, address } = useLive();
  const parameters = useParameters(address);
  const setup = setupOf(parameters, meter.inputs);
  const { base, trigger, mode } = setup;
  const [frozen, setFrozen] = useState(false);
  const [shot, setShot] = useState<Shot | null>(null);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [thresholds, setThresholds] = useState(true);
  const [rms, setRms] = useState(true);
  const latest = useRef<Waveform | null>(null);

  const ahead = base * AHEAD_RATIO;
  const view = useMemo(
    () =>
      new View(
        -ahead,
        base - ahead,
        SAMPLES_SHOWN_AT_LEAST / (meter.sample_rate_Hz ?? 1e4),
        0,
        false,
      ),
    [base],
  );

  const take = (waveform: Waveform) => {
    latest.current = waveform;
    const next = takeShot(
      waveform,
      epochSeconds(waveform.start),
      ahead,
      base - ahead,
      trigger,
      mode !== 'auto',
    );
    if (next !== null) {
      setShot(next);
      if (mode === 'single') {
        setFrozen(true);
      }
    }
  };
  // Room for a whole period of the trigger beside what is shown.
  const wanted = base + 1 / (meter.nominal_frequency_Hz ?? 50) + base * 0.25;
  useMessages(
    frozen ? null : { meter: meter.id, waveform: { seconds: wanted }, interval_ms: 200 },
    ({ waveform }) => {
      if (waveform !== undefined) {
        take(waveform);
      }
    },
  );

  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) {
      next.add(name);
    }
    setHidden(next);
  };
  const change = useCallback(
    (changes: Record<string, string>) => {
      address.replace(changes);
      setFrozen(false);
    },
    [address],
  );
  const switchFreeze = () => setFrozen(!frozen);

  const state = frozen ? 'frozen' : mode !== 'auto' && shot === null ? 'armed' : 'running';
  return (
    <div class="scope-page" data-scope={state}>
      <ScopeControls
        setup={setup}
        inputs={meter.inputs}
        change={change}
        frozen={frozen}
        switchFreeze={switchFreeze}
        thresholds={thresholds}
        setThresholds={setThresholds}
        rms={rms}
        setRms={setRms}
      />
      {shot === null ? (
        <p class="nothing" role="status">
          {t(mode === 'auto' ? 'noWaveform' : 'armed')}
        </p>
      ) : (
        <ScopeCharts
          shot={shot}
          view={view}
          state={state}
          hidden={hidden}
          toggle={toggle}
          thresholds={thresholds}
          rms={rms}
          switchFreeze={switchFreeze}
        />
      )}
    </div>
  );
}

function ScopeControls({
  setup,
  inputs,
  change,
  frozen,
  switchFreeze,
  thresholds,
  setThresholds,
  rms,
  setRms,
}: {
  setup: Setup;
  inputs: readonly string[];
  change: (changes: Record<string, string>) => void;
  frozen: boolean;
  switchFreeze: () => void;
  thresholds: boolean;
  setThresholds: (on: boolean) => void;
  rms: boolean;
  setRms: (on: boolean) => void;
}) {
  const { base, trigger, mode } = setup;
  return (
    <div class="controls">
      <button type="button" class="primary" aria-pressed={frozen} onClick={switchFreeze}>
        {t(frozen ? 'run' : 'freeze')}
      </button>
      <label>
        {t('timeBase')}
        <select value={base} onChange={(event) => change({ base: event.currentTarget.value })}>
          {BASES.map((choice) => (
            <option key={choice} value={choice}>
              {choice * 1000} ms
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>{t('trigger')}</legend>
        <label>
          {t('triggerChannel')}
          <select
            value={trigger?.channel ?? 'none'}
            onChange={(event) => change({ ch: event.currentTarget.value, level: '0' })}
          >
            {inputs.map((input) => (
              <option key={input} value={input}>
                {input}
              </option>
            ))}
            <option value="none">{t('triggerNone')}</option>
          </select>
        </label>
        <label>
          {t('triggerLevel')}
          <input
            type="number"
            step="any"
            disabled={trigger === null}
            value={trigger?.level ?? 0}
            onChange={(event) => change({ level: event.currentTarget.value })}
          />
          {trigger?.channel.startsWith('I') === true ? 'A' : 'V'}
        </label>
        <label>
          {t('edge')}
          <select
            disabled={trigger === null}
            value={trigger?.edge ?? 'rising'}
            onChange={(event) => change({ edge: event.currentTarget.value as Edge })}
          >
            <option value="rising">{t('edgeRising')}</option>
            <option value="falling">{t('edgeFalling')}</option>
          </select>
        </label>
        <label>
          {t('mode')}
          <select value={mode} onChange={(event) => change({ mode: event.currentTarget.value })}>
            {MODES.map(([name, title]) => (
              <option key={name} value={name}>
                {t(title)}
              </option>
            ))}
          </select>
        </label>
      </fieldset>
      <label class="check">
        <input
          type="checkbox"
          checked={rms}
          onChange={(event) => setRms(event.currentTarget.checked)}
        />
        {t('rmsOverlay')}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={thresholds}
          onChange={(event) => setThresholds(event.currentTarget.checked)}
        />
        {t('thresholdsOf')}
      </label>
    </div>
  );
}

function ScopeCharts({
  shot,
  view,
  state,
  hidden,
  toggle,
  thresholds,
  rms,
  switchFreeze,
}: {
  shot: Shot;
  view: View;
  state: string;
  hidden: ReadonlySet<string>;
  toggle: (name: string) => void;
  thresholds: boolean;
  rms: boolean;
  switchFreeze: () => void;
}) {
  const { meter } = useLive();
  const look = useLook();
  const windowHeight = useWindowHeight();
  const ranges = useRef<Record<string, readonly [number, number]>>({});
  const nominal = meter.nominal_voltage_V;
  const { dip_threshold_percent: dip, swell_threshold_percent: swell } = meter;
  const levels = useMemo(() => limitLevels([dip, swell], nominal, rms), [dip, swell, nominal, rms]);
  const there = [shot.voltages, shot.currents].filter((set) => set.series.length > 0);
  const height = Math.max(
    Math.floor((windowHeight - 300 * look.zoom) / Math.max(there.length, 1)),
    170,
  );
  const panels = [
    { key: 'u', title: t('voltages'), set: shot.voltages, overlay: shot.rms.voltages, levels },
    { key: 'i', title: t('currents'), set: shot.currents, overlay: shot.rms.currents, levels: [] },
  ]
    .filter((panel) => panel.set.series.length > 0)
    .map((panel): Panel => {
      const range = steadyRange(ranges.current[panel.key], panel.set, hidden);
      ranges.current[panel.key] = range;
      return { ...panel, height, leastSpanRatio: 0.01, range };
    });
  const time = localClock(isoOf(shot.zero), 3);
  return (
    <>
      <div class="scope-bar">
        <output class={`scope-state ${state}`}>
          {state === 'frozen'
            ? t('frozen', { time })
            : t(shot.triggered ? 'triggered' : 'untriggered')}
        </output>
        <ViewToolbar view={view} all={t('everything')} />
      </div>
      <div class="scope-grid">
        <ChartGroup
          key={view.end}
          view={view}
          panels={panels}
          bands={NO_BANDS}
          levels={thresholds}
          overlay={rms}
          hidden={hidden}
          onKey={(key) => {
            if (key === ' ') {
              switchFreeze();
            }
            return key === ' ';
          }}
        />
        <div class="readings-part">
          <Readings
            start={isoOf(shot.zero)}
            view={view}
            panels={panels}
            hidden={hidden}
            toggle={toggle}
          />
          <p class="note">
            {t('scopeHelp')} {t('help')}{' '}
            {thresholds &&
              levels.length > 0 &&
              t(rms ? 'limitsOfRms' : 'limitsOfPeaks', {
                nominal: nominal ?? NOT_AVAILABLE,
                limits: `${dip} %, ${swell} %`,
              })}
          </p>
          <p class="aside">{seconds(view.end - view.begin)}</p>
        </div>
      </div>
    </>
  );
}

const NO_BANDS: never[] = [];
