/**
 * One engine in several threads: the token that opens it, and the way by which attached engines read stored fields and
 * what foretells a shopper's next event. The core is shared in native memory; the rest belongs to the owner's thread alone,
 * so it is asked.
 */

import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import { KairankError } from './errors.js';
import { record, refuse } from './options.js';
import type { NextEventModel } from './shopper/next-event.js';
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
  /** The ids of items whose fields are wanted, or the name of what is. */
  about: readonly string[] | 'next';
}
interface Reply {
  to: string;
  number: number;
  /** null when it could not be read. */
  answer: { items: Map<string, ItemFields> } | { next: NextEventModel | null } | null;
}
type Message = Question | Reply | { closed: true };

/** What the owner's thread is asked for. */
interface Sources {
  items: (ids: readonly string[]) => Map<string, ItemFields>;
  next: () => NextEventModel | null;
}

/** How long an attached engine waits for an answer, in milliseconds: the owner's thread may be gone. */
const PATIENCE = 5000;

function channelOf(core: bigint): BroadcastChannel {
  return new BroadcastChannel(`kairank:${core}`);
}

/** The owner's end. */
export class OwnerAnswers {
  readonly #channel: BroadcastChannel;

  constructor(
    core: bigint,
    private readonly sources: Sources,
  ) {
    this.#channel = channelOf(core);
    this.#channel.onmessage = (event): void => {
      const message = (event as { data: Message }).data;
      if ('about' in message) this.#send({ to: message.from, number: message.number, answer: this.#read(message.about) });
    };
    // Being asked is no reason to keep a process alive.
    this.#channel.unref();
  }

  /** What goes wrong here is told to the thread that asked: nobody in this one could catch it. */
  #read(about: Question['about']): Reply['answer'] {
    try {
      return about === 'next' ? { next: this.sources.next() } : { items: this.sources.items(about) };
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
  resolve: (answer: NonNullable<Reply['answer']>) => void;
  reject: (error: KairankError) => void;
  timer: NodeJS.Timeout;
}

/** The end of an attached engine. */
export class OwnerQuestions {
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
  async items(ids: readonly string[]): Promise<Map<string, ItemFields>> {
    const answer = await this.#ask(ids);
    return 'items' in answer ? answer.items : new Map<string, ItemFields>();
  }

  /** What foretells a shopper's next event. */
  async next(): Promise<NextEventModel | null> {
    const answer = await this.#ask('next');
    return 'next' in answer ? answer.next : null;
  }

  #ask(about: Question['about']): Promise<NonNullable<Reply['answer']>> {
    const number = this.#asked++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(number), PATIENCE);
      this.#waiting.set(number, { resolve, reject, timer });
      this.#channel.postMessage({ from: this.#name, number, about } satisfies Message);
    });
  }

  close(): void {
    for (const number of [...this.#waiting.keys()]) this.#fail(number);
    this.#channel.close();
  }

  #receive(message: Message): void {
    if ('closed' in message) for (const number of [...this.#waiting.keys()]) this.#fail(number);
    else if ('to' in message && message.to === this.#name) {
      if (message.answer) this.#take(message.number)?.resolve(message.answer);
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
