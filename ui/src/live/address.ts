// SPDX-License-Identifier: Apache-2.0
// What the page shows, held in the fragment of its address so that a link shows a colleague the
// same: #page=scope&meter=feeder-1&base=0.04
import { useEffect, useState } from 'preact/hooks';

export type Parameters = Readonly<Record<string, string>>;

export function parseFragment(fragment: string): Parameters {
  return Object.fromEntries(new URLSearchParams(fragment.replace(/^#/, '')));
}

export function formatFragment(parameters: Parameters): string {
  const text = Object.entries(parameters)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replace(/%20/g, '+')}`)
    .join('&');
  return `#${text}`;
}

export class Address {
  parameters: Parameters;
  private readonly watchers = new Set<() => void>();

  constructor() {
    this.parameters = parseFragment(location.hash);
    addEventListener('hashchange', () => {
      this.parameters = parseFragment(location.hash);
      this.tell();
    });
  }

  /// The address of another page of the same meter.
  linkTo(page: string, more: Parameters = {}): string {
    const meter = this.parameters['meter'];
    return formatFragment({ page, ...(meter === undefined ? {} : { meter }), ...more });
  }

  /// Changes what the present page shows; no step of the browser's history.
  replace(changes: Parameters): void {
    const next = { ...this.parameters, ...changes };
    if (formatFragment(next) !== formatFragment(this.parameters)) {
      this.parameters = next;
      history.replaceState(null, '', formatFragment(next));
      this.tell();
    }
  }

  /// Goes elsewhere; the browser's back button returns.
  go(fragment: string): void {
    if (fragment !== location.hash) {
      history.pushState(null, '', fragment);
      this.parameters = parseFragment(fragment);
      this.tell();
    }
  }

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  private tell(): void {
    this.watchers.forEach((watcher) => watcher());
  }
}

export function useParameters(address: Address): Parameters {
  const [parameters, setParameters] = useState(address.parameters);
  useEffect(() => {
    setParameters(address.parameters);
    return address.watch(() => setParameters(address.parameters));
  }, [address]);
  return parameters;
}
