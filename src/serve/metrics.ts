/** Figures for Prometheus: names and units by its conventions, a registry of their own for each server. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Engine, EngineStats } from '../engine.js';
import type { AnswerTiming } from '../pipeline/requests.js';

/** Seconds: from a tenth of a millisecond, what an answer takes at best, to ten seconds. */
const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const MILLISECONDS = 1000;

type Stats = () => EngineStats | null;

export class Metrics {
  readonly #registry = new Registry();
  readonly #duration: Histogram<'scenario' | 'stage'>;
  readonly #requests: Counter<'method' | 'route' | 'status'>;
  readonly #events: Counter<'outcome'>;
  readonly #overloaded: Counter;
  #watched: Engine | null = null;
  readonly #observe = ({ scenario, total, waited, native }: AnswerTiming): void => {
    this.#duration.observe({ scenario, stage: 'total' }, total / MILLISECONDS);
    this.#duration.observe({ scenario, stage: 'wait' }, waited / MILLISECONDS);
    this.#duration.observe({ scenario, stage: 'native' }, native / MILLISECONDS);
  };

  /** @param ofProcess whether the process's own figures (CPU, memory, event-loop delay) are among them */
  constructor(stats: Stats, ofProcess: boolean) {
    const registers = [this.#registry];
    this.#duration = new Histogram({
      name: 'kairank_request_duration_seconds',
      help: 'Time that answers took, by scenario: in all, waiting for a thread, and in recall and ranking.',
      labelNames: ['scenario', 'stage'],
      buckets: BUCKETS,
      registers,
    });
    this.#requests = new Counter({
      name: 'kairank_requests_total',
      help: 'Requests over HTTP, by method, route and status.',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.#events = new Counter({
      name: 'kairank_events_total',
      help: 'Events that came over HTTP and were good: accepted, or duplicates of accepted ones.',
      labelNames: ['outcome'],
      registers,
    });
    this.#overloaded = new Counter({
      name: 'kairank_overloaded_total',
      help: 'Requests refused because too many waited.',
      registers,
    });
    // Rates need a beginning, also of what has not happened yet.
    for (const outcome of ['accepted', 'duplicate']) this.#events.inc({ outcome }, 0);
    sizes(registers, stats);
    learning(registers, stats);
    if (ofProcess) collectDefaultMetrics({ register: this.#registry });
  }

  /** Listens to the answers of an engine, those to callers in the process, too. */
  watch(engine: Engine): void {
    if (this.#watched === engine) return;
    this.close();
    this.#watched = engine;
    engine.on('answer', this.#observe);
  }

  countRequest(method: string, route: string, status: number): void {
    this.#requests.inc({ method, route, status: String(status) });
  }

  countEvents({ accepted, duplicates }: { accepted: number; duplicates: number }): void {
    this.#events.inc({ outcome: 'accepted' }, accepted);
    this.#events.inc({ outcome: 'duplicate' }, duplicates);
  }

  countOverload(): void {
    this.#overloaded.inc();
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Stops listening. */
  close(): void {
    this.#watched?.off('answer', this.#observe);
    this.#watched = null;
  }
}

/** A gauge that is read when it is asked for; null: nothing is known of it now. */
function gauge(registers: Registry[], name: string, help: string, read: () => number | null | undefined): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      const value = read();
      if (value === null || value === undefined) this.remove();
      else this.set(value);
    },
  });
}

function sizes(registers: Registry[], stats: Stats): void {
  gauge(registers, 'kairank_items', 'Items of the catalogue.', () => stats()?.items);
  gauge(registers, 'kairank_users', 'Shoppers with events.', () => stats()?.users);
  gauge(registers, 'kairank_events', 'Events stored.', () => stats()?.events);
}

/** A counter that the engine keeps, since it was opened. */
function counter(registers: Registry[], name: string, help: string, read: () => number | undefined): void {
  new Counter({
    name,
    help,
    registers,
    collect() {
      this.reset();
      this.inc(read() ?? 0);
    },
  });
}

function learning(registers: Registry[], stats: Stats): void {
  const online = (name: string, help: string, key: 'learned' | 'missed' | 'rollbacks' | 'drifts'): void =>
    counter(registers, `kairank_online_${name}_total`, help, () => stats()?.online[key]);
  online('learned', 'Choices from lists that were learned from.', 'learned');
  online('missed', 'Choices of lists that are not remembered.', 'missed');
  online('rollbacks', 'Times that what was learned foretold worse, and was taken back.', 'rollbacks');
  online('drifts', 'Times that choices became harder to foretell.', 'drifts');
  const trainedAt = (): number | null => {
    const models = stats()?.models;
    return models ? Date.parse(models.trainedAt) / MILLISECONDS : null;
  };
  gauge(
    registers,
    'kairank_training_duration_seconds',
    'What the training of the models in use took.',
    () => stats()?.models?.report.seconds,
  );
  gauge(registers, 'kairank_model_trained_timestamp_seconds', 'When the models in use were trained, since 1970.', trainedAt);
  gauge(registers, 'kairank_model_age_seconds', 'How long ago that was.', () => {
    const trained = trainedAt();
    return trained === null ? null : Math.max(0, Date.now() / MILLISECONDS - trained);
  });
}
