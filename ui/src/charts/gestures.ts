// SPDX-License-Identifier: Apache-2.0
// Wheel, click and touch on a chart over time. Dragging with the mouse is uPlot's own selection.
import type uPlot from 'uplot';
import type { View } from '../lib/view';

const CLICK_TOLERANCE_PX = 4;

export function attachGestures(u: uPlot, view: View): void {
  const over = u.over;
  const timeAt = (clientX: number) => u.posToVal(clientX - over.getBoundingClientRect().left, 'x');

  // A page that cannot be scrolled past a chart is a trap: the wheel alone zooms only where the
  // charts have the focus.
  over.addEventListener(
    'wheel',
    (event) => {
      const focused = over.closest('[data-signals]')?.contains(document.activeElement) ?? false;
      if (!focused && !event.ctrlKey && !event.metaKey) {
        return;
      }
      event.preventDefault();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        view.pan(Math.sign(event.deltaX) * 0.05);
      } else {
        view.zoom(event.deltaY < 0 ? 0.8 : 1.25, timeAt(event.clientX));
      }
    },
    { passive: false },
  );

  let downX = 0;
  over.addEventListener('mousedown', (event) => {
    downX = event.clientX;
  });
  over.addEventListener('click', (event) => {
    if (Math.abs(event.clientX - downX) <= CLICK_TOLERANCE_PX) {
      view.placeCursor(timeAt(event.clientX));
    }
  });
  over.addEventListener('dblclick', () => view.reset());

  // Touch: one finger moves, two zoom; up and down still scroll the page.
  over.style.touchAction = 'pan-y';
  const fingers = new Map<number, number>();
  over.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch') {
      fingers.set(event.pointerId, event.clientX);
    }
  });
  over.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) {
      return;
    }
    if (fingers.size === 1) {
      view.pan((before - event.clientX) / over.clientWidth);
    } else if (fingers.size === 2) {
      const [other] = [...fingers].filter(([id]) => id !== event.pointerId);
      if (other !== undefined) {
        const was = Math.max(Math.abs(before - other[1]), 10);
        const is = Math.max(Math.abs(event.clientX - other[1]), 10);
        view.zoom(was / is, timeAt((event.clientX + other[1]) / 2));
      }
    }
    fingers.set(event.pointerId, event.clientX);
  });
  for (const end of ['pointerup', 'pointercancel', 'pointerleave'] as const) {
    over.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
}
