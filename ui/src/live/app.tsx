// SPDX-License-Identifier: Apache-2.0
// The frame around the pages: which meter, which page, how well the connection does.
import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import {
  LookContext,
  makeLook,
  useRemembered,
  useSystemTheme,
  type ThemeChoice,
} from '../lib/look';
import type { PaletteName } from '../lib/palette';
import { useParameters, type Address } from './address';
import { AnalysePage } from './analyse_page';
import { LiveContext, useCatalogue, useLive, type Live } from './context';
import { Detail } from './detail';
import { EnergyPage } from './energy_page';
import { EventsPage } from './events_page';
import { HarmonicsPage } from './harmonics_page';
import { useProblems } from './health';
import { useMeters } from './meters';
import { OverviewPage } from './overview_page';
import { PhasorsPage } from './phasors_page';
import { isMeasuring, stateName } from './meter_state';
import { ScopePage } from './scope_page';
import type { Stream } from './stream';
import { t, type LiveKey } from './strings';
import { ConnectionState, Top } from './top';
import { TrendsPage } from './trends_page';
import type { Disturbance } from './types';
import { localClock } from '../lib/local_time';

export const PAGES = [
  { name: 'overview', title: 'pageOverview', component: OverviewPage },
  { name: 'phasors', title: 'pagePhasors', component: PhasorsPage },
  { name: 'scope', title: 'pageScope', component: ScopePage },
  { name: 'harmonics', title: 'pageHarmonics', component: HarmonicsPage },
  { name: 'energy', title: 'pageEnergy', component: EnergyPage },
  { name: 'trends', title: 'pageTrends', component: TrendsPage },
  { name: 'events', title: 'pageEvents', component: EventsPage },
  { name: 'analyse', title: 'pageAnalyse', component: AnalysePage },
] as const satisfies readonly { name: string; title: LiveKey; component: () => unknown }[];

function useConnection(stream: Stream) {
  const [connection, setConnection] = useState(stream.connection);
  useEffect(() => {
    setConnection(stream.connection);
    return stream.watch(() => setConnection(stream.connection));
  }, [stream]);
  return connection;
}

/// Size of the text against the usual 16 px: charts grow with it.
function useZoom(): number {
  const measure = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1;
  const [zoom, setZoom] = useState(measure);
  useEffect(() => {
    const listen = () => setZoom(measure());
    addEventListener('resize', listen);
    return () => removeEventListener('resize', listen);
  }, []);
  return zoom;
}

export function App({ stream, address }: { stream: Stream; address: Address }) {
  const parameters = useParameters(address);
  const connection = useConnection(stream);
  const open = connection.kind === 'open';
  const meters = useMeters(parameters['meter'] ?? null, open);
  const meter = meters.chosen;
  const catalogue = useCatalogue(meter?.id, connection);
  const [inspected, setInspected] = useState<{ label: string; keep: boolean } | null>(null);

  const [problem, setProblem] = useState<string | null>(null);
  const problems = useProblems(open);

  const system = useSystemTheme();
  const [themeChoice, setTheme] = useRemembered<ThemeChoice>(
    'halfcycle.theme',
    ['auto', 'light', 'dark'],
    'auto',
  );
  const [palette, setPalette] = useRemembered<PaletteName>(
    'halfcycle.palette',
    ['safe', 'iec', 'north-america'],
    'safe',
  );
  const theme = themeChoice === 'auto' ? system : themeChoice;
  const zoom = useZoom();
  const look = useMemo(() => makeLook(theme, palette, zoom), [theme, palette, zoom]);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
  }, [theme]);

  const name = parameters['page'] ?? PAGES[0].name;
  const page = PAGES.find((candidate) => candidate.name === name) ?? PAGES[0];
  useEffect(() => {
    document.title = [t(page.title), meter?.name, 'Halfcycle'].filter(Boolean).join(' – ');
    setInspected(null);
    setProblem(null);
    scrollTo(0, 0);
  }, [page, meter?.id]);

  const inspect = useCallback(
    (label: string | null, keep = false) =>
      setInspected((before) =>
        before?.keep === true && !keep ? before : label === null ? null : { label, keep },
      ),
    [],
  );
  const live = useMemo<Live | null>(
    () =>
      meter === undefined
        ? null
        : {
            stream,
            address,
            connection,
            meter,
            catalogue,
            renewed: open && isMeasuring(meter),
            inspect,
            complain: setProblem,
          },
    [stream, address, connection, meter, catalogue, open, inspect],
  );
  const Page = page.component;
  // An analysis needs no meter.
  const independent = page.name === 'analyse';

  return (
    <LookContext.Provider value={look}>
      <LiveContext.Provider value={live}>
        <Top
          meters={meters.list ?? []}
          chosen={meter}
          connection={connection}
          retry={() => stream.retryNow()}
          choose={(id) => address.go(address.linkTo(page.name, { meter: id }))}
          choices={{ theme: themeChoice, setTheme, palette, setPalette }}
        />
        <nav class="pages" aria-label={t('pages')}>
          {PAGES.map((candidate) => (
            <a
              key={candidate.name}
              href={address.linkTo(candidate.name)}
              aria-current={candidate === page ? 'page' : undefined}
              onClick={(event) => {
                if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
                  event.preventDefault();
                  address.go(address.linkTo(candidate.name));
                }
              }}
            >
              {t(candidate.title)}
              {candidate.name === 'events' && live !== null && (
                <NewDisturbances shown={page.name === 'events'} />
              )}
            </a>
          ))}
        </nav>
        <main data-page={page.name}>
          {live !== null || independent ? (
            <>
              {problems.map((text) => (
                <p key={text} class="banner" role="alert" data-problem>
                  {text}
                </p>
              ))}
              {live !== null && !independent && <Banner problem={problem} />}
              <Page key={`${page.name} ${meter?.id}`} />
            </>
          ) : (
            <Nothing>
              {meters.list === null
                ? (meters.error ?? t('loading'))
                : meters.list.length === 0
                  ? t('noMeters')
                  : t('noSuchMeter', { meter: parameters['meter'] ?? '' })}
              {connection.kind === 'lost' && <ConnectionState connection={connection} />}
            </Nothing>
          )}
        </main>
        {live !== null && !independent && (
          <Detail
            label={inspected?.label ?? null}
            kept={inspected?.keep ?? false}
            close={() => setInspected(null)}
          />
        )}
      </LiveContext.Provider>
    </LookContext.Provider>
  );
}

function Nothing({ children }: { children: ComponentChildren }) {
  return (
    <div class="nothing" role="status">
      {children}
    </div>
  );
}

/// Says above the values why they stand still.
function Banner({ problem }: { problem: string | null }) {
  const { connection, meter } = useLive();
  if (connection.kind === 'lost') {
    const time = localClock(new Date(connection.since).toISOString());
    return (
      <p class="banner" role="alert">
        {t('heldBanner', { time })}
      </p>
    );
  }
  if (problem !== null) {
    return (
      <p class="banner" role="alert">
        {problem}
      </p>
    );
  }
  if (meter.state === 'measuring' || meter.state === 'starting') {
    // It measures, and something is wrong with its samples.
    return meter.state === 'measuring' && meter.message !== '' ? (
      <p class="banner" role="alert">
        {meter.message}
      </p>
    ) : null;
  }
  // What a recording measured last stands; nothing does where a source is lost.
  const text = meter.state === 'ended' ? 'endedBanner' : 'notMeasuringBanner';
  return (
    <p class="banner" role="alert">
      {t(text, { state: stateName(meter.state), message: meter.message })}
    </p>
  );
}

/// How many disturbances came while another page was shown.
function NewDisturbances({ shown }: { shown: boolean }) {
  const { stream, meter } = useLive();
  const [count, setCount] = useState(0);
  const [latest, setLatest] = useState<Disturbance | null>(null);
  useEffect(() => setCount(0), [shown, meter.id]);
  useEffect(
    () =>
      stream.subscribe({ disturbances: true, meter: meter.id }, ({ disturbance }) => {
        if (disturbance !== undefined) {
          setCount((before) => before + 1);
          setLatest(disturbance);
        }
      }),
    [stream, meter.id],
  );
  return (
    <>
      {count > 0 && !shown && (
        <span class={`count ${latest?.type ?? ''}`} title={t('newDisturbances', { n: count })}>
          {count}
        </span>
      )}
    </>
  );
}
