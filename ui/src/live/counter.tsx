// SPDX-License-Identifier: Apache-2.0
import { useLive, type Readings } from './context';
import { numberOf } from './quality';

/// An energy with fixed digits, as on a counter: nine before the point, three after it.
export function counterDigits(value: number | null): { leading: string; rest: string } {
  if (value === null) {
    return { leading: '', rest: '—' };
  }
  const text = Math.abs(value).toFixed(3);
  const [whole = '0', fraction = ''] = text.split('.');
  const padded = whole.padStart(9, '0');
  const grouped = padded.replace(/\B(?=(\d{3})+$)/g, '\u2009');
  const zeros = /^[0\u2009]*(?=\d)/.exec(grouped)?.[0] ?? '';
  const sign = value < 0 && Number(text) !== 0 ? '−' : '';
  return { leading: zeros, rest: `${sign}${grouped.slice(zeros.length)}.${fraction}` };
}

export function Counter({ label, readings }: { label: string; readings: Readings }) {
  const { renewed, inspect } = useLive();
  const { leading, rest } = counterDigits(numberOf(readings.get(label)));
  return (
    <button
      type="button"
      class={`figure counter ${renewed ? '' : 'held'}`}
      data-register={label}
      onPointerEnter={(event) => event.pointerType === 'mouse' && inspect(label)}
      onPointerLeave={(event) => event.pointerType === 'mouse' && inspect(null)}
      onFocus={() => inspect(label)}
      onBlur={() => inspect(null)}
      onClick={() => inspect(label, true)}
    >
      <span class="digits">
        <span class="leading">{leading}</span>
        {rest}
      </span>
      <span class="unit">{label.split(' ')[0]}</span>
    </button>
  );
}
