// SPDX-License-Identifier: Apache-2.0
// The whole recording in one strip: where the events are and which part is shown.
import { span } from '../lib/format';
import { t } from '../lib/strings';
import { useWidth } from '../lib/use_width';
import { useView, type View } from '../lib/view';
import { AXIS_WIDTH, RIGHT_PADDING, type Band } from './time_chart';

const HEIGHT = 26;

export function Overview({ view, bands }: { view: View; bands: readonly Band[] }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const { from, to } = useView(view);
  const length = view.end - view.begin;
  const plot = Math.max(width - AXIS_WIDTH - RIGHT_PADDING, 1);
  const position = (time: number) => AXIS_WIDTH + ((time - view.begin) / length) * plot;

  const moveTo = (clientX: number, element: Element) => {
    const share = (clientX - element.getBoundingClientRect().left - AXIS_WIDTH) / plot;
    const middle = view.begin + share * length;
    const half = (view.current.to - view.current.from) / 2;
    view.show(middle - half, middle + half);
  };

  return (
    <div ref={ref} class="overview">
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`${t('overview')}: ${span(from, to)}`}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            moveTo(event.clientX, event.currentTarget);
          }}
          onPointerMove={(event) => {
            if (event.buttons === 1) {
              moveTo(event.clientX, event.currentTarget);
            }
          }}
        >
          <rect x={AXIS_WIDTH} y={4} width={plot} height={HEIGHT - 8} rx={3} class="overview-all" />
          {bands.map((band, i) => (
            <rect
              key={i}
              x={position(Math.max(band.from, view.begin))}
              y={band.kind === 'fault' ? HEIGHT - 9 : 7}
              width={Math.max(
                position(Math.min(band.to, view.end)) - position(Math.max(band.from, view.begin)),
                2,
              )}
              height={band.kind === 'fault' ? 3 : HEIGHT - 17}
              class={`band-${band.kind}`}
            />
          ))}
          <rect
            x={position(from)}
            y={2}
            width={Math.max(position(to) - position(from), 3)}
            height={HEIGHT - 4}
            rx={3}
            class="overview-shown"
          />
        </svg>
      )}
    </div>
  );
}
