/** What the routes of one server share: its engine, whether it is ready, its metrics, its OpenAPI document. */

import type { Engine, EngineStats } from '../engine.js';
import { KairankError } from '../errors.js';
import { HttpError } from './errors.js';
import { Metrics } from './metrics.js';
import { openApi } from './openapi.js';
import type { CheckedOptions } from './options.js';
import { ROUTES } from './routes.js';

export class Service {
  readonly metrics: Metrics;
  #document: { engine: Engine | null; text: object } | null = null;

  constructor(
    private readonly options: CheckedOptions,
    /** What every path begins with; '' for nothing. */
    private readonly prefix: string,
  ) {
    this.metrics = new Metrics(() => this.#stats(), options.processMetrics);
    this.#current();
  }

  /** @throws HttpError 503 as long as there is none */
  engine(): Engine {
    const engine = this.#current();
    if (!engine) throw new HttpError(503, 'The shop is being opened, or closed.');
    return engine;
  }

  get ready(): boolean {
    return this.options.ready();
  }

  /** This API as OpenAPI 3.1, with the shop's own fields and event types as soon as they are known. */
  document(): object {
    const engine = this.#current();
    if (this.#document?.engine !== engine) this.#document = null;
    this.#document ??= { engine, text: openApi(ROUTES, { prefix: this.prefix, keyed: this.options.keys !== null, engine }) };
    return this.#document.text;
  }

  close(): void {
    this.metrics.close();
  }

  #current(): Engine | null {
    const engine = this.options.engine();
    if (engine) this.metrics.watch(engine);
    return engine;
  }

  /** null where there is no engine, or no more. */
  #stats(): EngineStats | null {
    try {
      return this.#current()?.stats ?? null;
    } catch (error) {
      if (error instanceof KairankError && error.code === 'KAIRANK_CLOSED') return null;
      throw error;
    }
  }
}
