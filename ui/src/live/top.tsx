// SPDX-License-Identifier: Apache-2.0
// The bar at the top: the meter, its state, the connection and how the page looks.
import { useEffect, useRef, useState } from 'preact/hooks';
import { AppearanceChoices, type Choices } from '../lib/appearance';
import { localClock, utcTitle, zoneAt } from '../lib/local_time';
import { lampOf, stateName } from './meter_state';
import type { Connection } from './stream';
import { t } from './strings';
import type { Meter } from './types';

const SEARCH_FROM = 12;

export function Top({
  meters,
  chosen,
  connection,
  retry,
  choose,
  choices,
}: {
  meters: readonly Meter[];
  chosen: Meter | undefined;
  connection: Connection;
  retry: () => void;
  choose: (id: string) => void;
  choices: Choices;
}) {
  return (
    <header class="top">
      <p class="brand">
        <Wave />
        <span>Halfcycle</span>
      </p>
      {meters.length > 1 ? (
        <MeterPicker meters={meters} chosen={chosen} choose={choose} />
      ) : (
        <p class="meter-name">{chosen?.name ?? ''}</p>
      )}
      {chosen !== undefined && <MeterState meter={chosen} known={connection.kind !== 'lost'} />}
      <div class="top-end">
        <ConnectionState connection={connection} retry={retry} />
        <Appearance choices={choices} />
      </div>
    </header>
  );
}

function Wave() {
  return (
    <svg viewBox="0 0 32 20" class="wave" aria-hidden="true">
      <path class="wave-axis" d="M1 16h30" />
      <path class="wave-half" d="M3 16C8 -2 24 -2 29 16" />
    </svg>
  );
}

function MeterState({ meter, known }: { meter: Meter; known: boolean }) {
  return (
    <p
      class="meter-state"
      title={meter.message === '' ? utcTitle(meter.last_sample) : meter.message}
    >
      <i class={`lamp ${known ? lampOf(meter) : ''}`} />
      <span class="meter-state-name">{known ? stateName(meter.state) : t('stateUnknown')}</span>
      {meter.last_sample !== null && (
        <time class="meter-clock" dateTime={meter.last_sample}>
          {localClock(meter.last_sample)} <small>{zoneAt(meter.last_sample)}</small>
        </time>
      )}
      {known && meter.last_sample !== null && !meter.clock_ok && (
        <span class="doubtful">{t('clockDoubt')}</span>
      )}
    </p>
  );
}

export function ConnectionState({
  connection,
  retry,
}: {
  connection: Connection;
  retry?: () => void;
}) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const since = t('connectionSince', {
    time: localClock(new Date(connection.since).toISOString()),
  });
  const [kind, name] =
    connection.kind === 'open'
      ? (['good', t('connectionOpen')] as const)
      : connection.kind === 'lost'
        ? (['bad', t('connectionLost')] as const)
        : (['waiting', t('connectionConnecting')] as const);
  return (
    <p class="connection" data-connection={connection.kind} title={since} role="status">
      <i class={`lamp ${kind}`} />
      {name}
      {connection.kind === 'lost' && (
        <>
          {' '}
          <span class="connection-since">{since}</span>
          {retry !== undefined && (
            <button
              type="button"
              class="plain"
              onClick={retry}
              title={t('connectionRetry', {
                seconds: Math.max(0, Math.ceil((connection.next - now) / 1000)),
              })}
            >
              {t('retryNow')}
            </button>
          )}
        </>
      )}
    </p>
  );
}

function matches(meter: Meter, search: string): boolean {
  return `${meter.name} ${meter.id} ${meter.source}`.toLowerCase().includes(search.toLowerCase());
}

function MeterPicker({
  meters,
  chosen,
  choose,
}: {
  meters: readonly Meter[];
  chosen: Meter | undefined;
  choose: (id: string) => void;
}) {
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState('');
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) {
      return undefined;
    }
    const close = (event: Event) => {
      if (root.current?.contains(event.target as Node) !== true) {
        setOpen(false);
      }
    };
    addEventListener('pointerdown', close);
    addEventListener('focusin', close);
    root.current?.querySelector<HTMLElement>('input, [aria-pressed=true]')?.focus();
    return () => {
      removeEventListener('pointerdown', close);
      removeEventListener('focusin', close);
    };
  }, [open]);
  const move = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      setOpen(false);
      root.current?.querySelector<HTMLElement>('.meter-button')?.focus();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const items = [...(root.current?.querySelectorAll<HTMLElement>('.meter-list button') ?? [])];
      const at = items.indexOf(document.activeElement as HTMLElement);
      const next = at < 0 ? 0 : at + (event.key === 'ArrowDown' ? 1 : -1);
      items[Math.min(Math.max(next, 0), items.length - 1)]?.focus();
    }
  };
  return (
    <div class="meter-picker" ref={root} onKeyDown={move}>
      <button
        type="button"
        class="meter-button"
        aria-haspopup="true"
        aria-expanded={open}
        aria-label={`${t('meter')}: ${chosen?.name ?? ''}`}
        onClick={() => setOpen(!open)}
      >
        <span class="meter-name">{chosen?.name ?? t('meter')}</span>
        <span class="meter-count">{t('meters', { n: meters.length })}</span>
        <i class="arrow" />
      </button>
      {open && (
        <div class="meter-list">
          {meters.length >= SEARCH_FROM && (
            <input
              type="search"
              placeholder={t('findMeter')}
              aria-label={t('findMeter')}
              value={search}
              onInput={(event) => setSearch(event.currentTarget.value)}
            />
          )}
          <ul>
            {meters
              .filter((meter) => matches(meter, search))
              .map((meter) => (
                <li key={meter.id}>
                  <button
                    type="button"
                    aria-pressed={meter === chosen}
                    onClick={() => {
                      setOpen(false);
                      choose(meter.id);
                    }}
                  >
                    <i class={`lamp ${lampOf(meter)}`} />
                    <span class="meter-name">{meter.name}</span>
                    <small>
                      {meter.state === 'measuring' ? meter.source : stateName(meter.state)}
                    </small>
                  </button>
                </li>
              ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function Appearance({ choices }: { choices: Choices }) {
  return (
    <details class="appearance">
      <summary title={t('view')} aria-label={t('view')}>
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <circle cx="10" cy="10" r="7.2" />
          <path d="M10 2.8a7.2 7.2 0 0 1 0 14.4z" />
        </svg>
      </summary>
      <div class="appearance-box">
        <AppearanceChoices choices={choices} />
      </div>
    </details>
  );
}
