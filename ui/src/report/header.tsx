// SPDX-License-Identifier: Apache-2.0
// Which recording this is, how it was read, and what was inferred.
import { AppearanceChoices, type Choices } from '../lib/appearance';
import { dateTime, number, quantity, scaleOf, seconds } from '../lib/format';
import { t, type StringKey } from '../lib/strings';
import type { Report } from './data';

const WIRINGS: Record<string, StringKey> = {
  '4w-wye': 'wiring4w',
  '3w-wye': 'wiring3w',
  delta: 'wiringDelta',
  single: 'wiringSingle',
  demo: 'wiringDemo',
};
const SIDES: Record<string, StringKey> = {
  unknown: 'sideUnknown',
  primary: 'sidePrimary',
  secondary: 'sideSecondary',
  mixed: 'sideMixed',
};

function plainQuantity(value: number, unit: string): string {
  const scale = scaleOf([value], unit);
  return `${Number((value * scale.factor).toPrecision(6))} ${scale.unit}`;
}

export function Header({ report, choices }: { report: Report; choices?: Choices }) {
  const { source, system, start, duration_s, assumed, warnings } = report.json;
  const file = source.uri.split('/').pop() ?? source.uri;
  const wiring = WIRINGS[system.wiring];
  const facts: [string, string, string?][] = [
    [t('file'), file, source.uri],
    [t('format'), source.format],
    ...(source.device === '' || source.device === source.station
      ? []
      : [[t('device'), source.device] as [string, string]]),
    [
      t('recordingStart'),
      start === null ? t('startUnknown') : `${dateTime(start)} UTC`,
      start ?? undefined,
    ] as [string, string, string?],
    [t('duration'), `${seconds(duration_s)}, ${t('samples', { n: source.samples })}`],
    [
      t('sampleRates'),
      source.sample_rates_hz
        .slice(0, 4)
        .map((rate) => `${Number(rate.toPrecision(7))} Hz`)
        .join(', ') + (source.sample_rates_hz.length > 4 ? ', …' : ''),
    ],
    [t('side'), t(SIDES[source.side] ?? 'sideUnknown')],
    [
      t('system'),
      `${wiring === undefined ? system.wiring : t(wiring)}, ${
        system.nominal_voltage_V === null
          ? t('nominalUnknown', { frequency: quantityOfFrequency(system.nominal_frequency_Hz) })
          : t('nominal', {
              voltage: plainQuantity(system.nominal_voltage_V, 'V'),
              between: system.line_to_line ? t('lineToLine') : t('lineToNeutral'),
              frequency: quantityOfFrequency(system.nominal_frequency_Hz),
            })
      }`,
    ],
    ...(assumed.length === 0 ? [] : [[t('assumed'), assumed.join(', ')] as [string, string]]),
  ];
  return (
    <header class="card head">
      <div class="section-head">
        <div>
          <p class="brand">Halfcycle</p>
          <h1>{source.station === '' ? file : source.station}</h1>
        </div>
        {choices !== undefined && (
          <div class="options">
            <AppearanceChoices choices={choices} />
          </div>
        )}
      </div>
      <dl class="facts">
        {facts.map(([name, value, title]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={title}>{value}</dd>
          </div>
        ))}
      </dl>
      {warnings.length > 0 && (
        <details class="warnings" open={warnings.length <= 3}>
          <summary>{t('warningsTitle', { n: warnings.length })}</summary>
          <ul>
            {warnings.map((warning, i) => (
              <li key={i}>{warning}</li>
            ))}
          </ul>
        </details>
      )}
      {source.channels.length > 0 && (
        <details>
          <summary>{t('channelsTitle', { n: source.channels.length })}</summary>
          <div class="scroll">
            <table class="figures">
              <thead>
                <tr>
                  <th scope="col" class="left">
                    {t('channelInput')}
                  </th>
                  <th scope="col" class="left">
                    {t('channelName')}
                  </th>
                  <th scope="col" class="left">
                    {t('channelUnit')}
                  </th>
                  <th scope="col">{t('channelScale')}</th>
                </tr>
              </thead>
              <tbody>
                {source.channels.map((channel) => (
                  <tr key={channel.input}>
                    <th scope="row">{channel.input}</th>
                    <td class="left">{channel.name}</td>
                    <td class="left">{channel.unit}</td>
                    <td>{number(channel.scale, { factor: 1, unit: '', decimals: 4 })}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </header>
  );
}

function quantityOfFrequency(frequency: number): string {
  return Number.isInteger(frequency) ? `${frequency} Hz` : quantity(frequency, 'Hz');
}
