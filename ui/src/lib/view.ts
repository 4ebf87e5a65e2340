// SPDX-License-Identifier: Apache-2.0
// One time span, one pair of cursors and one selection for all panels. The address of a report holds
// it, so that a link shows the same view; a live page keeps its own address.
import { useEffect, useState } from 'preact/hooks';

export interface ViewState {
  from: number;
  to: number;
  cursorA: number | null;
  cursorB: number | null;
  pointer: number | null;
  event: number | null;
  window: number;
}

export class View {
  private state: ViewState;
  private readonly listeners = new Set<() => void>();
  private frame = 0;

  constructor(
    public begin: number,
    public end: number,
    readonly shortest: number,
    window: number,
    private readonly inAddress = true,
  ) {
    this.state = {
      from: begin,
      to: end,
      cursorA: null,
      cursorB: null,
      pointer: null,
      event: null,
      window,
    };
    if (inAddress) {
      this.readAddress();
    }
  }

  get current(): ViewState {
    return this.state;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(change: Partial<ViewState>): void {
    this.state = { ...this.state, ...change };
    if (this.frame === 0) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.listeners.forEach((listener) => listener());
        if (this.inAddress) {
          this.writeAddress();
        }
      });
    }
  }

  /// Shows a span, kept within the recording and no shorter than a few samples.
  show(from: number, to: number): void {
    const length = Math.min(Math.max(to - from, this.shortest), this.end - this.begin);
    const middle = (from + to) / 2;
    const start = Math.min(Math.max(middle - length / 2, this.begin), this.end - length);
    this.set({ from: start, to: start + length });
  }

  /// What there is to see has grown; what is shown stays.
  setBounds(begin: number, end: number): void {
    this.begin = begin;
    this.end = end;
    this.set({});
  }

  /// factor < 1 zooms in; `at` keeps its place.
  zoom(factor: number, at = (this.state.from + this.state.to) / 2): void {
    const { from, to } = this.state;
    const length = Math.max((to - from) * factor, this.shortest);
    const share = (at - from) / (to - from);
    this.show(at - share * length, at + (1 - share) * length);
  }

  /// Moves by a share of what is shown.
  pan(share: number): void {
    const { from, to } = this.state;
    const shift = (to - from) * share;
    this.show(from + shift, to + shift);
  }

  reset(): void {
    this.set({ from: this.begin, to: this.end, event: null });
  }

  /// The first click sets A, the second B, later ones move the nearer of the two.
  placeCursor(at: number): void {
    const { cursorA, cursorB } = this.state;
    if (cursorA === null) {
      this.set({ cursorA: at });
    } else if (cursorB === null) {
      this.set({ cursorB: at });
    } else if (Math.abs(at - cursorA) <= Math.abs(at - cursorB)) {
      this.set({ cursorA: at });
    } else {
      this.set({ cursorB: at });
    }
  }

  private readAddress(): void {
    const parameters = new URLSearchParams(location.hash.slice(1));
    const read = (name: string): number | null => {
      const text = parameters.get(name);
      const value = text === null || text === '' ? NaN : Number(text);
      return Number.isFinite(value) ? value : null;
    };
    const from = read('from');
    const to = read('to');
    if (from !== null && to !== null && to > from) {
      const begin = Math.max(from, this.begin);
      const end = Math.min(to, this.end);
      if (end > begin) {
        this.state = { ...this.state, from: begin, to: end };
      }
    }
    this.state = {
      ...this.state,
      cursorA: read('a'),
      cursorB: read('b'),
      event: read('event'),
    };
  }

  private writeAddress(): void {
    const { from, to, cursorA, cursorB, event } = this.state;
    const parts: string[] = [];
    const digits = (value: number) => String(Number(value.toFixed(7)));
    if (from > this.begin || to < this.end) {
      parts.push(`from=${digits(from)}`, `to=${digits(to)}`);
    }
    if (cursorA !== null) {
      parts.push(`a=${digits(cursorA)}`);
    }
    if (cursorB !== null) {
      parts.push(`b=${digits(cursorB)}`);
    }
    if (event !== null) {
      parts.push(`event=${event}`);
    }
    const hash = parts.length > 0 ? `#${parts.join('&')}` : '';
    if (hash !== location.hash) {
      history.replaceState(null, '', hash === '' ? location.pathname + location.search : hash);
    }
  }
}

/// The state of the view; the component is drawn again when it changes.
export function useView(view: View): ViewState {
  const [state, setState] = useState(view.current);
  useEffect(() => {
    setState(view.current);
    return view.subscribe(() => setState(view.current));
  }, [view]);
  return state;
}
