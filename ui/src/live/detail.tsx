// SPDX-License-Identifier: Apache-2.0
// The line at the foot: time and quality of the value that is pointed at, else the meter itself.
import { seconds } from '../lib/format';
import { localClock, localDate, utcTitle, zoneAt } from '../lib/local_time';
import { useLive, useRegisters } from './context';
import { MARK_TEXT, qualityOf } from './quality';
import { t } from './strings';
import type { Meter, Reading } from './types';

export function Detail({
  label,
  kept,
  close,
}: {
  label: string | null;
  kept: boolean;
  close: () => void;
}) {
  const { meter } = useLive();
  return (
    <footer class="detail" data-inspected={label ?? ''}>
      {label === null ? (
        <MeterFacts meter={meter} />
      ) : (
        <RegisterDetail key={label} label={label} kept={kept} close={close} />
      )}
    </footer>
  );
}

function MeterFacts({ meter }: { meter: Meter }) {
  const facts: [string, string][] = [
    [t('source'), meter.source],
    [t('template'), meter.template],
    [
      t('wiring'),
      [
        meter.wiring,
        meter.nominal_voltage_V === null ? '' : `${meter.nominal_voltage_V} V`,
        meter.nominal_frequency_Hz === null ? '' : `${meter.nominal_frequency_Hz} Hz`,
      ]
        .filter((part) => part !== '')
        .join(' · '),
    ],
    [t('rate'), meter.sample_rate_Hz === null ? '—' : `${meter.sample_rate_Hz} Hz`],
    [t('counts'), t('gapsOf', { gaps: meter.gaps, dropped: meter.dropped_samples })],
    [t('lag'), seconds(meter.lag_s)],
    [
      t('clock'),
      meter.clock_ok
        ? meter.clock_uncertainty_s === null
          ? t('clockUnknown')
          : meter.clock_uncertainty_s === 0
            ? t('clockExact')
            : t('clockGood', { limit: seconds(meter.clock_uncertainty_s) })
        : t('clockBad'),
    ],
  ];
  return (
    <>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={value}>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="detail-hint">{t('inspectHint')}</p>
    </>
  );
}

export function fullValue(reading: Reading | undefined): string {
  const value = reading?.value ?? null;
  if (value === null || Array.isArray(value)) {
    return t('notAvailable');
  }
  if (typeof value === 'string') {
    return value;
  }
  const unit = reading?.unit === '1' || reading?.unit === undefined ? '' : ` ${reading.unit}`;
  return `${Number(value.toPrecision(9))}${unit}`.replace('-', '−');
}

function RegisterDetail({
  label,
  kept,
  close,
}: {
  label: string;
  kept: boolean;
  close: () => void;
}) {
  const { catalogue, renewed, meter, address } = useLive();
  const reading = useRegisters([label]).get(label);
  const info = catalogue?.get(label);
  const quality = qualityOf(reading, renewed);
  const nominal = meter.nominal_voltage_V;
  const share =
    reading?.unit === 'V' && typeof reading.value === 'number' && nominal !== null && nominal > 0
      ? (reading.value /
          (label.includes('Vll') && meter.wiring !== 'delta' ? nominal * Math.sqrt(3) : nominal)) *
        100
      : null;
  const words = [
    ...(quality.held ? [t('markHeld')] : []),
    ...quality.marks.map((mark) => t(MARK_TEXT[mark])),
  ];
  return (
    <>
      <p class="detail-name">
        <strong>{label}</strong> <span>{info?.help ?? ''}</span>
      </p>
      <p class="detail-value">{fullValue(reading)}</p>
      {share !== null && <p>{t('percentOfNominal', { percent: share.toFixed(2) })}</p>}
      {reading?.time != null && (
        <p title={utcTitle(reading.time)}>
          <time dateTime={reading.time}>
            {localDate(reading.time)} {localClock(reading.time, 3)}
          </time>{' '}
          {zoneAt(reading.time)}
        </p>
      )}
      <p class={words.length > 0 ? 'detail-marks doubtful' : 'detail-marks'}>
        {quality.available ? (words.length > 0 ? words.join('; ') : t('good')) : ''}
      </p>
      {quality.marks.includes('flagged') && (
        <a class="why" href={address.linkTo('events')}>
          {t('why')}
        </a>
      )}
      {kept && (
        <button type="button" class="plain" onClick={close}>
          {t('closeDetail')}
        </button>
      )}
    </>
  );
}
