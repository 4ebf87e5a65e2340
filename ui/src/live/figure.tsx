// SPDX-License-Identifier: Apache-2.0
// One live value with its marks; pointing at it or choosing it shows its time and quality.
import { number, type Scale } from '../lib/format';
import { useLive, type Readings } from './context';
import { MARK_TEXT, numberOf, qualityOf, type Quality } from './quality';
import { t } from './strings';

export function qualityClass(quality: Quality): string {
  return [
    quality.available ? '' : 'none',
    quality.held ? 'held' : '',
    ...quality.marks.map((mark) => `mark-${mark}`),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/// The marks in words, for a screen reader and a tooltip.
export function qualityWords(quality: Quality): string {
  if (!quality.available) {
    return t('notAvailable');
  }
  return [
    ...(quality.held ? [t('markHeld')] : []),
    ...quality.marks.map((mark) => t(MARK_TEXT[mark])),
  ].join('; ');
}

export function Marks({ quality }: { quality: Quality }) {
  if (quality.marks.length === 0) {
    return null;
  }
  const flagged = quality.marks.includes('flagged');
  return (
    <svg viewBox="0 0 12 12" class={`marks ${flagged ? 'flagged' : 'doubt'}`} aria-hidden="true">
      {flagged ? <path d="M2 1v10M2.6 1.5h7l-2 2.6 2 2.6h-7z" /> : <path d="M6 1v6M6 10v.6" />}
    </svg>
  );
}

export function Figure({
  label,
  readings,
  scale,
  unit = false,
  tabIndex = 0,
}: {
  label: string;
  readings: Readings;
  scale: Scale;
  unit?: boolean;
  tabIndex?: number;
}) {
  const { inspect, renewed } = useLive();
  const reading = readings.get(label);
  const quality = qualityOf(reading, renewed);
  const words = qualityWords(quality);
  return (
    <button
      type="button"
      class={`figure ${qualityClass(quality)}`}
      data-register={label}
      tabIndex={tabIndex}
      onPointerEnter={(event) => event.pointerType === 'mouse' && inspect(label)}
      onPointerLeave={(event) => event.pointerType === 'mouse' && inspect(null)}
      onFocus={() => inspect(label)}
      onBlur={() => inspect(null)}
      onClick={() => inspect(label, true)}
    >
      <Marks quality={quality} />
      <span class="digits">{number(numberOf(reading), scale)}</span>
      {unit && quality.available && (
        <span class={scale.unit === '°' ? 'degree' : 'unit'}>{scale.unit}</span>
      )}
      {words !== '' && <span class="aside">{words}</span>}
    </button>
  );
}
