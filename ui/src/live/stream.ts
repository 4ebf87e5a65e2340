// SPDX-License-Identifier: Apache-2.0
// The one WebSocket of the page: subscriptions that outlive it. When the connection is lost it is
// opened again, later and later up to a limit, and everything is subscribed again.
import type { StreamMessage } from './types';

export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
}

/// What the stream needs of the world; a test gives its own.
export interface Surroundings {
  open(): Socket;
  now(): number;
  later(milliseconds: number, action: () => void): () => void;
}

export type Connection =
  | { kind: 'connecting'; since: number }
  | { kind: 'open'; since: number }
  | { kind: 'lost'; since: number; next: number };

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4000;
/// A server that measures says something far more often.
const SILENCE_BEFORE_ASKING_MS = 10000;
const SILENCE_BEFORE_CLOSING_MS = 15000;

interface Subscription {
  request: object;
  listener: (message: StreamMessage) => void;
}

export class Stream {
  connection: Connection;
  private socket: Socket | null = null;
  private nextId = 1;
  private wait = FIRST_WAIT_MS;
  private lastHeard = 0;
  private stopTimer: (() => void) | null = null;
  private readonly subscriptions = new Map<number, Subscription>();
  private readonly watchers = new Set<() => void>();

  constructor(private readonly surroundings: Surroundings) {
    this.connection = { kind: 'connecting', since: surroundings.now() };
    this.connect();
  }

  /// Messages of this subscription go to the listener until the returned function is called.
  subscribe(request: object, listener: (message: StreamMessage) => void): () => void {
    const id = this.nextId++;
    this.subscriptions.set(id, { request, listener });
    this.send({ subscribe: id, ...request });
    return () => {
      if (this.subscriptions.delete(id)) {
        this.send({ unsubscribe: id });
      }
    };
  }

  /// Called when the state of the connection changes.
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /// Does not wait for the next attempt.
  retryNow(): void {
    if (this.connection.kind === 'lost') {
      this.connect();
    }
  }

  private send(message: object): void {
    if (this.connection.kind === 'open') {
      this.socket?.send(JSON.stringify(message));
    }
  }

  private become(connection: Connection): void {
    this.connection = connection;
    this.watchers.forEach((watcher) => watcher());
  }

  private timer(milliseconds: number, action: () => void): void {
    this.stopTimer?.();
    this.stopTimer = this.surroundings.later(milliseconds, action);
  }

  private connect(): void {
    const socket = this.surroundings.open();
    this.socket = socket;
    this.timer(SILENCE_BEFORE_CLOSING_MS, () => this.lose(socket));
    socket.onopen = () => {
      if (this.socket !== socket) {
        return;
      }
      this.wait = FIRST_WAIT_MS;
      this.lastHeard = this.surroundings.now();
      this.become({ kind: 'open', since: this.lastHeard });
      for (const [id, { request }] of this.subscriptions) {
        this.send({ subscribe: id, ...request });
      }
      this.listenForSilence(socket);
    };
    socket.onmessage = ({ data }) => {
      if (this.socket !== socket) {
        return;
      }
      this.lastHeard = this.surroundings.now();
      const message = JSON.parse(data) as StreamMessage;
      this.subscriptions.get(message.id ?? -1)?.listener(message);
    };
    socket.onclose = () => this.lose(socket);
  }

  // A connection can die without a word (a phone that slept): after some silence one subscription
  // is asked for again, which any server answers; without an answer the connection is given up.
  private listenForSilence(socket: Socket): void {
    this.timer(1000, () => {
      if (this.socket !== socket) {
        return;
      }
      const silence = this.surroundings.now() - this.lastHeard;
      const [first] = this.subscriptions;
      if (silence >= SILENCE_BEFORE_CLOSING_MS && first !== undefined) {
        this.lose(socket);
        return;
      }
      if (silence >= SILENCE_BEFORE_ASKING_MS && first !== undefined) {
        this.send({ subscribe: first[0], ...first[1].request });
      }
      this.listenForSilence(socket);
    });
  }

  private lose(socket: Socket): void {
    if (this.socket !== socket) {
      return;
    }
    this.socket = null;
    socket.close();
    const now = this.surroundings.now();
    const since = this.connection.kind === 'open' ? now : this.connection.since;
    const wait = this.wait;
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    this.become({ kind: 'lost', since, next: now + wait });
    this.timer(wait, () => this.connect());
  }
}

/// A stream to the server that sent the page.
export function openStream(): Stream {
  return new Stream({
    open: () => {
      const url = new URL('api/v1/stream', document.baseURI);
      url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
      url.hash = '';
      url.search = '';
      return new WebSocket(url) as unknown as Socket;
    },
    now: () => Date.now(),
    later: (milliseconds, action) => {
      const timer = setTimeout(action, milliseconds);
      return () => clearTimeout(timer);
    },
  });
}
