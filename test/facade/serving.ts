/** A shop behind HTTP, as the tests of `kairank/fastify` ask it. */

import fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify';
import { defineCatalog, Engine } from '../../src/index.js';
import { type KairankOptions, kairankPlugin } from '../../src/serve/index.js';

export const catalog = defineCatalog({
  fields: {
    title: 'text',
    price: 'number',
    brand: 'category',
    inStock: 'boolean',
    tags: 'tags',
    image: { kind: 'vector', dim: 3 },
  },
});
export type Shop = Engine<typeof catalog.fields, 'share'>;

export const ITEMS = Array.from({ length: 12 }, (_, at) => ({
  id: `i${at}`,
  title: `Thing ${at}`,
  price: at,
  brand: at % 2 ? 'acme' : 'globex',
}));
export const EVENTS = Array.from({ length: 60 }, (_, at) => ({
  user: `u${at % 5}`,
  item: `i${(at * at) % 12}`,
  type: 'view' as const,
  at: 1.7e12 + at * 60_000,
}));

/** A shop in memory with a few items and events. */
export async function openShop(): Promise<Shop> {
  const engine = await Engine.open<typeof catalog.fields, 'share'>(null, { catalog, eventTypes: { share: { weight: 0.4 } } });
  await engine.items.put(ITEMS);
  await engine.events.add(EVENTS);
  return engine;
}

export async function serverOf(options: Omit<KairankOptions, 'processMetrics'> & { prefix?: string }): Promise<FastifyInstance> {
  const app = fastify();
  await app.register(kairankPlugin, { processMetrics: false, ...options });
  await app.ready();
  return app;
}

/** The JSON of a reply, as something to look into. */
export function jsonOf(reply: LightMyRequestResponse): Record<string, unknown> {
  const value: unknown = reply.json();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`not an object: ${reply.body}`);
  return { ...value };
}

/** A sample of a metric in the text of Prometheus; undefined where there is none. */
export function sampleOf(text: string, name: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

export interface Document {
  openapi: string;
  paths: Record<string, Record<string, { responses: Record<string, unknown>; security?: unknown }>>;
  components: { schemas: Record<string, unknown> };
}

/** Says whether a value is as a schema of the document has it, by Ajv, which shares nothing with the code under test. */
export async function checkerOf(document: Document): Promise<(name: string, value: unknown) => boolean> {
  const app = fastify({ ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, strict: false } } });
  const checks = new Map<string, (value: unknown) => boolean>();
  app.get('/', async (request) => {
    for (const name of Object.keys(document.components.schemas)) {
      const { components } = document;
      const check = request.compileValidationSchema({ $ref: `#/components/schemas/${name}`, components });
      checks.set(name, (value) => check(value) === true);
    }
    return 'compiled';
  });
  const { body } = await app.inject('/');
  await app.close();
  if (body !== 'compiled') throw new Error(body);
  return (name, value) => {
    const check = checks.get(name);
    if (!check) throw new Error(`no schema ${name}`);
    return check(value);
  };
}
