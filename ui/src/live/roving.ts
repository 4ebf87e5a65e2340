// SPDX-License-Identifier: Apache-2.0
// A table of figures is one stop of the tab key; arrows move within it.

export function moveInGrid(event: KeyboardEvent): void {
  const step: Record<string, readonly [number, number]> = {
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
  };
  const [down, right] = step[event.key] ?? [0, 0];
  const present = event.target;
  const table = event.currentTarget;
  if ((down === 0 && right === 0) || !(present instanceof HTMLElement)) {
    return;
  }
  if (!(table instanceof HTMLElement) || !present.matches('.figure')) {
    return;
  }
  event.preventDefault();
  const rows = [...table.querySelectorAll('tr')]
    .map((row) => [...row.querySelectorAll<HTMLElement>('.figure')])
    .filter((row) => row.length > 0);
  const r = rows.findIndex((row) => row.includes(present));
  const c = rows[r]?.indexOf(present) ?? -1;
  const row = rows[Math.min(Math.max(r + down, 0), rows.length - 1)];
  const next = row?.[Math.min(Math.max(c + right, 0), row.length - 1)];
  next?.focus();
}
