/**
 * One engine in several threads: the token that opens it, and the way by which attached engines read stored fields.
 * The core is shared in native memory; the folder belongs to the owner's thread alone, so fields are asked of it.
 */

import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import { KairankError } from './errors.js';
import { record, refuse } from './options.js';
import { parseSettings } from './store/settings.js';
import type { ItemFields, StoreSettings } from './store/store.js';

/** A plain, cloneable value that opens the same engine in another thread of the process. */
export interface ShareToken {
  readonly kairank: 1;
  readonly core: bigint;
  readonly catalog: unknown;
  readonly eventTypes: unknown;
}

/** @throws KairankError KAIRANK_INVALID_ARGUMENT for what `share` did not make */
export function checkToken(value: unknown): { core: bigint; settings: StoreSettings } {
  const token = record('token', value);
  if (token.kairank !== 1 || typeof token.core !== 'bigint' || token.core < 0n) refuse('token', 'what engine.share() returned', value);
  return { core: token.core, settings: parseSettings(token.catalog, token.eventTypes, 'token') };
}

interface Question {
  from: string;
  number: number;
  ids: readonly string[];
}
interface Reply {
  to: string;
  number: number;
  /** null when they could not be read. */
  items: Map<string, ItemFields> | null;
}
type Message = Question | Reply | { closed: true };

/** How long an attached engine waits for fields, in milliseconds: the owner's thread may be gone. */
const PATIENCE = 5000;

function channelOf(core: bigint): BroadcastChannel {
  return new BroadcastChannel(`kairank:${core}`);
}

/** The owner's end. */
export class ItemAnswers {
  readonly #channel: BroadcastChannel;

  constructor(
    core: bigint,
    private readonly lookup: (ids: readonly string[]) => Map<string, ItemFields>,
  ) {
    this.#channel = channelOf(core);
    this.#channel.onmessage = (event): void => {
      const message = (event as { data: Message }).data;
      if ('ids' in message) this.#send({ to: message.from, number: message.number, items: this.#read(message.ids) });
    };
    // Being asked is no reason to keep a process alive.
    this.#channel.unref();
  }

  /** What goes wrong here is told to the thread that asked: nobody in this one could catch it. */
  #read(ids: readonly string[]): Map<string, ItemFields> | null {
    try {
      return this.lookup(ids);
    } catch {
      return null;
    }
  }

  #send(message: Message): void {
    this.#channel.postMessage(message);
  }

  close(): void {
    this.#send({ closed: true });
    this.#channel.close();
  }
}

interface Waiting {
  resolve: (items: Map<string, ItemFields>) => void;
  reject: (error: KairankError) => void;
  timer: NodeJS.Timeout;
}

/** The end of an attached engine. */
export class ItemQuestions {
  readonly #channel: BroadcastChannel;
  readonly #name = randomUUID();
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(core: bigint) {
    this.#channel = channelOf(core);
    this.#channel.onmessage = (event): void => this.#receive((event as { data: Message }).data);
    this.#channel.unref();
  }

  /** The stored fields of items; those that are not there are left out. */
  ask(ids: readonly string[]): Promise<Map<string, ItemFields>> {
    const number = this.#asked++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(number), PATIENCE);
      this.#waiting.set(number, { resolve, reject, timer });
      this.#channel.postMessage({ from: this.#name, number, ids } satisfies Message);
    });
  }

  close(): void {
    for (const number of [...this.#waiting.keys()]) this.#fail(number);
    this.#channel.close();
  }

  #receive(message: Message): void {
    if ('closed' in message) for (const number of [...this.#waiting.keys()]) this.#fail(number);
    else if ('to' in message && message.to === this.#name) {
      if (message.items) this.#take(message.number)?.resolve(message.items);
      else this.#fail(message.number);
    }
  }

  #take(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  #fail(number: number): void {
    this.#take(number)?.reject(new KairankError('KAIRANK_CLOSED', 'The engine that was shared is closed, or its thread does not answer.'));
  }
}
