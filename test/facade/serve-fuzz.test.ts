import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/serve/routes.js';
import { catalog, checkerOf, type Document, openShop, serverOf, type Shop } from './serving.js';

type Schema = Record<string, unknown>;

let engine: Shop;
let app: FastifyInstance;
let document: Document;
let check: (name: string, value: unknown) => boolean;
beforeAll(async () => {
  engine = await openShop();
  app = await serverOf({ engine });
  document = (await app.inject('/openapi.json')).json();
  check = await checkerOf(document);
});
afterAll(async () => {
  await app.close();
  await engine.close();
});

const SEED = 20_260_101;
const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const limit = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

/** Ids that are sometimes those of the shop. */
const ids = fc.oneof(fc.constantFrom('i1', 'i2', 'u1', 'u2', 'nobody'), fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }));

/** Values as a schema has them; what it says of several properties together is left to the checker. */
function valuesOf(given: unknown, name = ''): fc.Arbitrary<unknown> {
  if (!isObject(given)) return fc.constant(null);
  if (typeof given.$ref === 'string') {
    const target = given.$ref.split('/').at(-1) ?? '';
    return valuesOf(document.components.schemas[target], target);
  }
  // Their names are the catalogue's, which the schema cannot say.
  if (name === 'fields') return fc.subarray(Object.keys(catalog.fields));
  if (name === 'at')
    return fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.integer({ min: -8.64e15, max: 8.64e15 }),
    );
  if (given.enum !== undefined) return fc.constantFrom(...list(given.enum));
  if (given.oneOf !== undefined && given.properties === undefined) return fc.oneof(...list(given.oneOf).map((one) => valuesOf(one, name)));
  switch (given.type) {
    case 'string':
      return ids;
    case 'integer':
      return fc.integer({ min: limit(given.minimum, 0), max: Math.min(limit(given.maximum, 1e6), 1e6) });
    case 'number':
      return fc.double({ min: limit(given.minimum, 0.001), max: limit(given.maximum, 1), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const minLength = limit(given.minItems, 0);
      return fc.array(valuesOf(given.items), { minLength, maxLength: Math.min(limit(given.maxItems, 4), Math.max(4, minLength)) });
    }
    default: {
      const properties = Object.entries(isObject(given.properties) ? given.properties : {});
      const required = list(given.required).map(String);
      return fc.record(Object.fromEntries(properties.map(([key, schema]) => [key, valuesOf(schema, key)])), { requiredKeys: required });
    }
  }
}

/** What is hostile anywhere. */
const hostile = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, 2 ** 53, '', ' ', '\u0000', '\ud800', 'x'.repeat(5000), [], {}, [[]], '__proto__'),
  fc.jsonValue({ maxDepth: 4 }),
);

/** The same with some property, at some depth, put to something else, or one too many. */
function damaged(value: unknown, choices: readonly number[], bad: unknown): unknown {
  const [choice = 0, ...rest] = choices;
  if (Array.isArray(value) && value.length > 0 && rest.length > 0) {
    return value.map((one: unknown, at) => (at === choice % value.length ? damaged(one, rest, bad) : one));
  }
  if (isObject(value) && rest.length > 0) {
    const keys = [...Object.keys(value), 'extra'];
    const key = keys[choice % keys.length] ?? 'extra';
    return { ...value, [key]: damaged(value[key], rest, bad) };
  }
  return bad;
}

const bodied = ROUTES.flatMap(({ body, path }) => (body === undefined ? [] : [{ body, path }]));

/** For each bound of a property, the last value within it and the first beyond. */
function boundsOf(schema: Schema): { within: unknown; beyond: unknown }[] {
  const bounds: { within: unknown; beyond: unknown }[] = [];
  const { minimum, maximum, exclusiveMinimum, maxLength, minLength, maxItems, items } = schema;
  if (typeof maximum === 'number') bounds.push({ within: maximum, beyond: maximum + 1 });
  if (typeof minimum === 'number') bounds.push({ within: minimum, beyond: minimum - 1 });
  if (typeof exclusiveMinimum === 'number') bounds.push({ within: exclusiveMinimum + 0.5, beyond: exclusiveMinimum });
  if (typeof maxLength === 'number') bounds.push({ within: 'x'.repeat(maxLength), beyond: 'x'.repeat(maxLength + 1) });
  if (minLength === 1) bounds.push({ within: 'x', beyond: '' });
  if (typeof maxItems === 'number') {
    const one = isObject(items) && items.$ref ? { item: 'i1' } : 'i1';
    bounds.push({ within: Array<unknown>(maxItems).fill(one), beyond: Array<unknown>(maxItems + 1).fill(one) });
  }
  return bounds;
}

describe('whatever is sent', () => {
  it.each([
    ['RecommendRequest', '/v1/recommend', { user: 'u1', k: 1 }],
    ['RankRequest', '/v1/rank', { user: 'u1', items: ['i1'] }],
    ['SimilarRequest', '/v1/similar', { item: 'i1', k: 1 }],
    ['Event', '/v1/events', { user: 'u1', item: 'i1', type: 'view' }],
  ])('the bounds of %s are those of the engine', async (name, url, base: Schema) => {
    const schema = document.components.schemas[name];
    let tried = 0;
    for (const [property, spec] of Object.entries(isObject(schema) && isObject(schema.properties) ? schema.properties : {})) {
      for (const { within, beyond } of isObject(spec) ? boundsOf(spec) : []) {
        // Of a pair of which only one may be given, the other goes.
        const { user, item, ...rest } = base;
        const others = property === 'events' ? rest : property === 'text' ? { ...rest, user } : { ...rest, user, item };
        const send = async (value: unknown): Promise<number> =>
          (await app.inject({ method: 'POST', url, payload: { ...others, [property]: value } })).statusCode;
        expect(await send(beyond), `${property} beyond`).toBe(400);
        expect(await send(within), `${property} within`).not.toBe(400);
        tried++;
      }
    }
    expect(tried).toBeGreaterThan(6);
  });

  it.each(bodied)('$path answers what its schema allows, and refuses what it does not', async ({ body, path }) => {
    const valid = valuesOf({ $ref: `#/components/schemas/${body}` });
    const choices = fc.array(fc.nat(20), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(valid, choices, hostile, fc.boolean(), async (value, where, bad, harm) => {
        const sent: unknown = harm ? damaged(value, where, bad) : value;
        const payload = JSON.stringify(sent);
        const reply = await app.inject({ method: 'POST', url: path, payload, headers: { 'content-type': 'application/json' } });
        const { statusCode } = reply;
        expect(statusCode < 500 || statusCode === 503, `${statusCode} to ${payload}: ${reply.body}`).toBe(true);
        if (statusCode >= 400) expect(check('Error', reply.json()), reply.body).toBe(true);
        const lists = (path === '/v1/events' || path === '/v1/items') && Array.isArray(sent) ? sent : [sent];
        const allowed = lists.every((one) => check(body, one));
        if (!allowed) expect(statusCode, `${payload} is not ${body}`).toBeGreaterThanOrEqual(400);
        // What a schema cannot say: that candidates are as many as k at least, and that a visit goes from old to new.
        const told = statusCode === 400 ? String(reply.json<{ error: { field?: string } }>().error.field) : '';
        if (!harm && allowed && !/^(candidates|events\[\d+\]\.at)$/.test(told))
          expect(statusCode, `${payload}: ${reply.body}`).not.toBe(400);
      }),
      { numRuns: 250, seed: SEED },
    );
  });

  it('lines are taken or refused one by one, and all are counted', async () => {
    const line = fc.oneof(
      fc.constantFrom(
        '',
        '  ',
        '{',
        'null',
        '[]',
        '"x"',
        '{"user":"u1","item":"i1","type":"view"}',
        '{"user":"u1","item":"i1","type":"nod"}',
      ),
      fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
      fc.string({ maxLength: 30 }).filter((text) => !/[\r\n]/.test(text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 30 }), async (lines) => {
        const before = engine.stats.events;
        const headers = { 'content-type': 'application/x-ndjson' };
        const reply = await app.inject({ method: 'POST', url: '/v1/events', payload: lines.join('\n'), headers });
        const good = lines.filter((text) => text === '{"user":"u1","item":"i1","type":"view"}').length;
        const blank = lines.filter((text) => text.trim() === '').length;
        expect(reply.json()).toMatchObject({ accepted: good, duplicates: 0, rejected: lines.length - good - blank });
        expect(engine.stats.events).toBe(before + good);
      }),
      { numRuns: 200, seed: SEED },
    );
  });

  it('bytes that are no records are refused', async () => {
    const types = fc.constantFrom('application/json', 'application/x-ndjson', 'text/plain', 'application/json; charset=utf-16', 'x', '');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), types, fc.constantFrom(...ROUTES), async (bytes, type, { method, path }) => {
        const reply = await app.inject({ method, url: path, payload: Buffer.from(bytes), headers: { 'content-type': type } });
        expect(reply.statusCode < 500 || reply.statusCode === 503, `${method} ${path} ${type}: ${reply.body}`).toBe(true);
      }),
      { numRuns: 300, seed: SEED },
    );
  });

  it('paths and queries of whatever kind do no harm', async () => {
    const part = fc.oneof(
      fc.string({ maxLength: 30, unit: 'binary' }).map(encode),
      fc.constantFrom('%', '%zz', '%00', '..', '%2e%2e%2f', ';a=b'),
    );
    const query = fc.oneof(
      part,
      fc.constantFrom('limit=1', 'limit=-1', 'limit=1e9', 'limit=1&limit=2', 'at=now', 'at=0', 'limit[]=1', '__proto__=1'),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('/v1/users/', '/v1/items/', '/'), part, query, fc.boolean(), async (path, id, asked, remove) => {
        const reply = await app.inject({ method: remove ? 'DELETE' : 'GET', url: `${path}${id}?${asked}` });
        expect(reply.statusCode < 500 || reply.statusCode === 503, reply.body).toBe(true);
      }),
      { numRuns: 300, seed: SEED },
    );
  });
});

/** Percent signs, also of what has no UTF-8. */
function encode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '?'));
}
