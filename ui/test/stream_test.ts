// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stream, type Socket } from '../src/live/stream';
import type { StreamMessage } from '../src/live/types';

/// A world whose time passes when the test says so.
class World {
  now = 0;
  sockets: FakeSocket[] = [];
  private timers: { at: number; action: () => void }[] = [];

  stream(): Stream {
    return new Stream({
      open: () => {
        const socket = new FakeSocket();
        this.sockets.push(socket);
        return socket;
      },
      now: () => this.now,
      later: (milliseconds, action) => {
        const timer = { at: this.now + milliseconds, action };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((other) => other !== timer);
        };
      },
    });
  }

  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) {
        break;
      }
      this.timers = this.timers.filter((timer) => timer !== next);
      this.now = next.at;
      next.action();
    }
    this.now = end;
  }

  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1] as FakeSocket;
  }
}

class FakeSocket implements Socket {
  sent: object[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text) as object);
  }
  close(): void {
    this.closed = true;
  }
  say(message: StreamMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

test('what is subscribed before the connection is open is asked for when it is', () => {
  const world = new World();
  const stream = world.stream();
  stream.subscribe({ meter: 'm', labels: ['Freq'], interval_ms: 200 }, () => undefined);
  assert.deepEqual(world.socket.sent, []);
  world.socket.onopen?.();
  assert.deepEqual(world.socket.sent, [
    { subscribe: 1, meter: 'm', labels: ['Freq'], interval_ms: 200 },
  ]);
});

test('a message goes to its own subscription, and to none after that has ended', () => {
  const world = new World();
  const stream = world.stream();
  world.socket.onopen?.();
  const heard: string[] = [];
  stream.subscribe({ events: true }, () => heard.push('a'));
  const end = stream.subscribe({ disturbances: true }, () => heard.push('b'));
  world.socket.say({ id: 2 });
  world.socket.say({ id: 1 });
  end();
  world.socket.say({ id: 2 });
  assert.deepEqual(heard, ['b', 'a']);
  assert.deepEqual(world.socket.sent[2], { unsubscribe: 2 });
});

test('a lost connection is opened again and everything subscribed again', () => {
  const world = new World();
  const stream = world.stream();
  world.socket.onopen?.();
  stream.subscribe({ events: true }, () => undefined);
  world.pass(500);
  world.socket.onclose?.();
  assert.equal(stream.connection.kind, 'lost');
  assert.equal(stream.connection.since, 500);
  world.pass(250);
  assert.equal(world.sockets.length, 2);
  world.socket.onopen?.();
  assert.deepEqual(stream.connection, { kind: 'open', since: 750 });
  assert.deepEqual(world.socket.sent, [{ subscribe: 1, events: true }]);
});

test('attempts come later and later up to a limit, and the loss keeps its time', () => {
  const world = new World();
  const stream = world.stream();
  world.socket.onopen?.();
  const waits: number[] = [];
  for (let i = 0; i < 7; ++i) {
    world.socket.onclose?.();
    assert.equal(stream.connection.kind, 'lost');
    if (stream.connection.kind === 'lost') {
      assert.equal(stream.connection.since, 0);
      waits.push(stream.connection.next - world.now);
      world.pass(stream.connection.next - world.now);
    }
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 4000, 4000]);
});

test('the user need not wait for the next attempt', () => {
  const world = new World();
  const stream = world.stream();
  world.socket.onclose?.();
  stream.retryNow();
  assert.equal(world.sockets.length, 2);
  world.pass(10_000);
  assert.equal(world.sockets.length, 2, 'the planned attempt is not made as well');
});

test('a silent server is asked after 10 s and given up after 15 s', () => {
  const world = new World();
  const stream = world.stream();
  stream.subscribe({ events: true }, () => undefined);
  world.socket.onopen?.();
  world.pass(9_900);
  assert.equal(world.socket.sent.length, 1);
  world.pass(200);
  assert.deepEqual(world.socket.sent[1], { subscribe: 1, events: true });
  world.socket.say({ id: 1 });
  world.pass(9_000);
  assert.equal(stream.connection.kind, 'open', 'an answer is a sign of life');
  const first = world.socket;
  world.pass(7_000);
  assert.equal(first.closed, true);
  assert.notEqual(stream.connection.kind, 'open');
});

test('a socket that was given up no longer counts', () => {
  const world = new World();
  const stream = world.stream();
  const first = world.socket;
  first.onclose?.();
  world.pass(250);
  world.socket.onopen?.();
  first.onclose?.();
  first.onopen?.();
  assert.equal(stream.connection.kind, 'open');
  assert.equal(world.sockets.length, 2);
});
