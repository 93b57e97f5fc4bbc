import fastify, { type FastifyInstance, LogController } from 'fastify';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { Engine, KairankError } from '../../src/index.js';
import { ROUTES } from '../../src/serve/routes.js';
import { kairankPlugin } from '../../src/serve/index.js';
import { checkerOf, type Document, EVENTS, ITEMS, jsonOf, openShop, sampleOf, serverOf, type Shop } from './serving.js';

const NDJSON = { 'content-type': 'application/x-ndjson' };
let engine: Shop;
let app: FastifyInstance;
let check: (name: string, value: unknown) => boolean;

beforeAll(async () => {
  const shop = await openShop();
  const server = await serverOf({ engine: shop });
  check = await checkerOf((await server.inject('/openapi.json')).json());
  await server.close();
  await shop.close();
});
beforeEach(async () => {
  engine = await openShop();
  app = await serverOf({ engine });
});
afterEach(async () => {
  await app.close();
  await engine.close();
});

const post = (url: string, payload: string | object, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url, payload, headers });

describe('asking', () => {
  it('recommends, ranks and finds what is similar as the engine does', async () => {
    const request = { user: 'u1', k: 5, where: { price: { gte: 2 } }, fields: ['title', 'price'] } as const;
    const recommended = await post('/v1/recommend', request);
    expect(recommended.statusCode).toBe(200);
    expect(jsonOf(recommended).items).toEqual((await engine.recommend(request)).items);
    expect(check('Answer', recommended.json())).toBe(true);

    const ranked = await post('/v1/rank', { user: 'u1', items: ['i3', 'i1', 'nothing'] });
    expect(jsonOf(ranked)).toMatchObject({ refused: ['nothing'] });
    expect(jsonOf(ranked).items).toEqual((await engine.rank({ user: 'u1', items: ['i3', 'i1', 'nothing'] })).items);
    expect(check('RankAnswer', ranked.json())).toBe(true);

    const similar = await post('/v1/similar', { item: 'i3', k: 3 });
    expect(jsonOf(similar).items).toEqual((await engine.similar({ item: 'i3', k: 3 })).items);
  });

  it('writes vectors as arrays', async () => {
    await engine.items.put({ id: 'i3', image: [1, 0.5, -2] });
    const reply = await post('/v1/rank', { user: 'u1', items: ['i3'], fields: ['image'] });
    expect(jsonOf(reply)).toMatchObject({ items: [{ id: 'i3', fields: { image: [1, 0.5, -2] } }] });
  });

  it('tells of a shopper', async () => {
    const reply = await app.inject('/v1/users/u1?limit=2');
    expect(reply.json()).toEqual(JSON.parse(JSON.stringify(await engine.shopper('u1', { limit: 2 }))));
    expect(check('Shopper', reply.json())).toBe(true);
    const early = await app.inject(`/v1/users/u1?at=${1.7e12 + 61_000}`);
    expect(jsonOf(early).events).toHaveLength(1);
    const named = await app.inject(`/v1/users/u1?at=${new Date(1.7e12 + 61_000).toISOString()}`);
    expect(named.json()).toEqual(early.json());
    await engine.events.add({ user: 'a/b é?', item: 'i1', type: 'view' });
    expect(jsonOf(await app.inject(`/v1/users/${encodeURIComponent('a/b é?')}`))).toMatchObject({ user: 'a/b é?' });
  });
});

describe('what is wrong is named', () => {
  it.each([
    ['/v1/recommend', { user: 'u1', k: 0 }, 400, { code: 'KAIRANK_INVALID_ARGUMENT', field: 'k', received: '0' }],
    ['/v1/recommend', { user: 'u1', k: '5' }, 400, { code: 'KAIRANK_INVALID_ARGUMENT', field: 'k', received: '"5"' }],
    ['/v1/recommend', { user: 'u1', shop: 1 }, 400, { code: 'KAIRANK_INVALID_ARGUMENT', field: 'shop' }],
    ['/v1/recommend', { user: 'u1', signal: {} }, 400, { code: 'KAIRANK_INVALID_ARGUMENT', field: 'signal' }],
    ['/v1/recommend', [], 400, { code: 'KAIRANK_INVALID_ARGUMENT', field: 'request' }],
    ['/v1/recommend', {}, 400, { code: 'KAIRANK_INVALID_ARGUMENT', field: 'user' }],
    ['/v1/recommend', { user: 'u1', where: { colour: 'red' } }, 400, { code: 'KAIRANK_UNKNOWN_FIELD', field: 'where.colour' }],
    ['/v1/recommend', { user: 'eve', onUnknownUser: 'error' }, 404, { code: 'KAIRANK_NOT_FOUND', field: 'user' }],
    ['/v1/similar', { item: 'nothing' }, 404, { code: 'KAIRANK_NOT_FOUND', field: 'item' }],
    ['/v1/rank', { user: 'u1' }, 400, { code: 'KAIRANK_INVALID_ARGUMENT', field: 'items' }],
    ['/v1/events', [EVENTS[0], { user: 'u1' }], 400, { code: 'KAIRANK_INVALID_ARGUMENT', field: 'events[1].type' }],
    ['/v1/items', { id: 'x', price: '3' }, 400, { code: 'KAIRANK_INVALID_SCHEMA', field: 'item.price' }],
    ['/v1/items', { id: 'x', colour: 'red' }, 400, { code: 'KAIRANK_UNKNOWN_FIELD' }],
  ])('%s %j', async (url, body, status, error) => {
    const reply = await post(url, body);
    expect(reply.json()).toMatchObject({ error });
    expect(check('Error', reply.json())).toBe(true);
    expect(reply.statusCode).toBe(status);
    expect(engine.stats).toMatchObject({ items: 12, events: 60 });
  });

  it.each([
    ['not JSON', '{"user":', 400],
    ['nothing', '', 400],
    ['a prototype', '{"user":"u1","__proto__":{"k":3}}', 400],
    ['a prototype, escaped', '{"user":"u1","\\u005f_proto__":{"k":3}}', 400],
    ['a constructor', '{"user":"u1","where":{"constructor":{"prototype":{}}}}', 400],
    ['a hundred thousand levels', `{"user":"u1","where":${'{"not":'.repeat(100_000)}{}${'}'.repeat(100_001)}`, 400],
    ['a hundred thousand arrays', '['.repeat(100_000) + ']'.repeat(100_000), 400],
    ['two mebibytes', `{"user":"${'u'.repeat(2 << 20)}"}`, 413],
  ])('a body of %s', async (what, payload, status) => {
    const reply = await post('/v1/recommend', payload, { 'content-type': 'application/json' });
    expect(reply.statusCode).toBe(status);
    expect(check('Error', reply.json())).toBe(true);
    // Whether the reading refuses it, or only the engine that is asked later.
    const code: unknown = reply.json<{ error: { code: unknown } }>().error.code;
    expect(code).toBe(
      what.startsWith('a hundred') ? 'KAIRANK_INVALID_ARGUMENT' : status === 413 ? 'HTTP_PAYLOAD_TOO_LARGE' : 'HTTP_BAD_REQUEST',
    );
  });

  it('takes no other kind of body, so that a page elsewhere cannot post without asking', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml']) {
      expect((await post('/v1/events', JSON.stringify(EVENTS[0]), { 'content-type': type })).statusCode).toBe(415);
    }
    expect((await post('/v1/recommend', '{"user":"u1"}\n', NDJSON)).statusCode).toBe(415);
    expect(engine.stats.events).toBe(60);
  });

  it('answers 409 for what an engine that only reads cannot do', async () => {
    const reader = Engine.attach(engine.share());
    const server = await serverOf({ engine: reader });
    for (const [url, payload] of [
      ['/v1/events', EVENTS[0]],
      ['/v1/items', ITEMS[0]],
    ] as const) {
      const reply = await server.inject({ method: 'POST', url, payload: payload ?? {} });
      expect([reply.statusCode, reply.json()]).toMatchObject([409, { error: { code: 'KAIRANK_READ_ONLY' } }]);
    }
    expect((await server.inject({ method: 'POST', url: '/v1/recommend', payload: { user: 'u1' } })).statusCode).toBe(200);
    await server.close();
    await reader.close();
  });

  it('answers 503 with Retry-After when the engine is closed', async () => {
    await engine.close();
    const reply = await post('/v1/recommend', { user: 'u1' });
    expect(reply.statusCode).toBe(503);
    expect(reply.headers['retry-after']).toBe('1');
    expect(reply.json()).toMatchObject({ error: { code: 'KAIRANK_CLOSED' } });
    expect((await app.inject('/metrics')).statusCode).toBe(200);
  });

  it('tells no more of a fault than that it was one', async () => {
    const broken = await serverOf({
      engine: () => {
        throw new Error('/secret/path');
      },
      ready: () => true,
    }).catch((error: unknown) => error);
    // A function that throws is found when the server gets ready.
    expect(broken).toMatchObject({ message: '/secret/path' });
    let failing = false;
    const server = await serverOf({
      engine: () => {
        if (failing) throw new Error('/secret/path');
        return engine;
      },
    });
    failing = true;
    const reply = await server.inject({ method: 'POST', url: '/v1/recommend', payload: { user: 'u1' } });
    expect(reply.statusCode).toBe(500);
    expect(reply.body).not.toContain('secret');
    expect(reply.json()).toMatchObject({ error: { code: 'KAIRANK_INTERNAL' } });
    await server.close();
  });
});

describe('events and items', () => {
  it('takes one, or an array, and counts duplicates', async () => {
    const event = { user: 'new', item: 'i1', type: 'share', id: 'e1' };
    expect((await post('/v1/events', event)).json()).toEqual({ accepted: 1, duplicates: 0, rejected: 0, errors: [] });
    const again = await post('/v1/events', [event, { ...event, id: 'e2' }]);
    expect(again.json()).toEqual({ accepted: 1, duplicates: 1, rejected: 0, errors: [] });
    expect((await engine.shopper('new')).events).toHaveLength(2);
    expect((await post('/v1/items', { id: 'tent', price: 240 })).json()).toMatchObject({ accepted: 1 });
    expect((await engine.items.get('tent')).fields).toEqual({ price: 240 });
    expect((await app.inject({ method: 'DELETE', url: '/v1/items/tent' })).json()).toEqual({ removed: 1 });
    expect((await app.inject({ method: 'DELETE', url: '/v1/items/tent' })).json()).toEqual({ removed: 0 });
    const { body } = await app.inject('/metrics');
    expect(sampleOf(body, 'kairank_events_total{outcome="accepted"}')).toBe(2);
    expect(sampleOf(body, 'kairank_events_total{outcome="duplicate"}')).toBe(1);
  });

  it('takes the good lines of a stream and names the bad ones', async () => {
    const lines = [
      '{"user":"new","item":"i1","type":"view","id":"a"}',
      '',
      '{"user":"new","item":"i2","type":"nod"}',
      '{"user":"new"',
      '{"user":"new","item":"i2","type":"view","id":"a"}\r',
      '{"user":"new","item":"i3","type":"view","__proto__":{}}',
      '[]',
      '{"user":"new","item":"i4","type":"view"}',
    ];
    const reply = await post('/v1/events', lines.join('\n'), NDJSON);
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({
      accepted: 2,
      duplicates: 1,
      rejected: 4,
      errors: [
        { line: 3, error: { code: 'KAIRANK_INVALID_ARGUMENT', field: 'event.type', received: '"nod"' } },
        { line: 4, error: { code: 'HTTP_BAD_REQUEST', message: 'Not JSON.' } },
        { line: 6, error: { field: 'event.__proto__' } },
        { line: 7, error: { field: 'event' } },
      ],
    });
    expect(check('Ingested', reply.json())).toBe(true);
    expect((await engine.shopper('new')).events.map(({ item }) => item)).toEqual(['i1', 'i4']);
  });

  it('takes long streams in batches, and lists the first hundred errors', async () => {
    const good = Array.from({ length: 2500 }, (_, at) => JSON.stringify({ id: `many${at}`, price: at }));
    const reply = await post('/v1/items', [...good, ...Array.from({ length: 150 }, () => '{"id":1}')].join('\n'), NDJSON);
    const report = jsonOf(reply);
    expect(report).toMatchObject({ accepted: 2500, rejected: 150 });
    expect(report.errors).toHaveLength(100);
    expect(report.errors).toMatchObject([{ line: 2501 }, { line: 2502 }, ...Array.from({ length: 98 }, () => ({}))]);
    expect(engine.stats.items).toBe(2512);
  });

  it('bounds lines and streams, and says what was taken before', async () => {
    const small = await serverOf({ engine, bodyLimit: 100, streamLimit: 2000 });
    const line = (at: number): string => `${JSON.stringify({ user: 'new', item: 'i1', type: 'view', id: `e${at}` })}\n`;
    const send = (payload: string) => small.inject({ method: 'POST', url: '/v1/events', payload, headers: NDJSON });
    const long = await send(`${line(1)}{"user":"${'x'.repeat(200)}"}\n${line(2)}`);
    expect(long.json()).toMatchObject({ accepted: 2, rejected: 1, errors: [{ line: 2, error: { message: 'Line too long.' } }] });
    const whole = await send(Array.from({ length: 60 }, (_, at) => line(at)).join(''));
    expect(whole.statusCode).toBe(413);
    expect(whole.json()).toMatchObject({ error: { code: 'HTTP_PAYLOAD_TOO_LARGE' } });
    await small.close();
  });
});

describe('health, metrics and the document', () => {
  it('is ready once there is an engine, and not when the caller says so', async () => {
    let current: Shop | null = null;
    let draining = false;
    const server = await serverOf({ engine: () => current, ready: () => current !== null && !draining });
    const state = async (): Promise<number[]> =>
      Promise.all(['/healthz', '/readyz'].map(async (url) => (await server.inject(url)).statusCode));
    expect(await state()).toEqual([200, 503]);
    const early = await server.inject({ method: 'POST', url: '/v1/recommend', payload: { user: 'u1' } });
    expect(early.statusCode).toBe(503);
    expect(early.headers['retry-after']).toBe('1');
    current = engine;
    expect(await state()).toEqual([200, 200]);
    draining = true;
    expect(await state()).toEqual([200, 503]);
    expect((await server.inject('/readyz')).json()).toEqual({ ready: false });
    await server.close();
  });

  it('counts requests, times answers by scenario and stage, and sizes the shop', async () => {
    await post('/v1/recommend', { user: 'u1', scenario: 'discover' });
    await post('/v1/recommend', { user: 'u1', scenario: 'nonsense' });
    await engine.similar({ item: 'i1' });
    await app.inject('/v1/users/u1');
    const { body, headers } = await app.inject('/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const stage of ['total', 'wait', 'native']) {
      expect(sampleOf(body, `kairank_request_duration_seconds_count{scenario="discover",stage="${stage}"}`)).toBe(1);
      expect(sampleOf(body, `kairank_request_duration_seconds_count{scenario="similar",stage="${stage}"}`)).toBe(1);
    }
    expect(sampleOf(body, 'kairank_requests_total{method="POST",route="/v1/recommend",status="200"}')).toBe(1);
    expect(sampleOf(body, 'kairank_requests_total{method="POST",route="/v1/recommend",status="400"}')).toBe(1);
    expect(sampleOf(body, 'kairank_requests_total{method="GET",route="/v1/users/:user",status="200"}')).toBe(1);
    expect(sampleOf(body, 'kairank_items')).toBe(ITEMS.length);
    expect(sampleOf(body, 'kairank_users')).toBe(5);
    expect(sampleOf(body, 'kairank_events')).toBe(EVENTS.length);
    expect(sampleOf(body, 'kairank_online_learned_total')).toBe(0);
    expect(sampleOf(body, 'kairank_overloaded_total')).toBe(0);
    expect(sampleOf(body, 'kairank_model_age_seconds')).toBeUndefined();
    expect(body).not.toContain('u1');
  });

  it('describes every route, and every reference leads somewhere', async () => {
    const document: Document = (await app.inject('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    for (const { method, path, answers } of ROUTES) {
      const operation = document.paths[path.replace(/:(\w+)/, '{$1}')]?.[method.toLowerCase()];
      expect(operation, path).toBeDefined();
      expect(Object.keys(operation?.responses ?? {})).toEqual(expect.arrayContaining(Object.keys(answers)));
    }
    expect(Object.values(document.paths).flatMap((path) => Object.keys(path))).toHaveLength(ROUTES.length);
    const named = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(20);
    for (const name of named) expect(document.components.schemas).toHaveProperty(name ?? '');
    expect(document.components.schemas.EventType).toMatchObject({ enum: expect.arrayContaining(['view', 'share']) as unknown });
    expect(document.components.schemas.Item).toMatchObject({ properties: { price: { oneOf: [{ type: 'number' }, { type: 'null' }] } } });
  });
});

describe('mounted in a server', () => {
  const hosts: FastifyInstance[] = [];
  afterAll(() => Promise.all(hosts.map((host) => host.close())));

  it('answers below its prefix, and leaves the rest of the server as it was', async () => {
    const host = fastify();
    hosts.push(host);
    host.post('/own', async (request) => request.body);
    host.get('/broken', async () => {
      throw new KairankError('KAIRANK_NOT_FOUND', 'gone');
    });
    await host.register(kairankPlugin, { engine, prefix: '/rank', processMetrics: false });
    const reply = await host.inject({ method: 'POST', url: '/rank/v1/recommend', payload: { user: 'u1', k: 2 } });
    expect(jsonOf(reply).items).toHaveLength(2);
    const document: Document = (await host.inject('/rank/openapi.json')).json();
    expect(document.paths).toHaveProperty(['/rank/v1/recommend']);
    const own = await host.inject({ method: 'POST', url: '/own', payload: 'words', headers: { 'content-type': 'text/plain' } });
    expect(own.body).toBe('words');
    expect((await host.inject('/broken')).statusCode).toBe(500);
    expect((await host.inject('/v1/recommend')).statusCode).toBe(404);
  });

  it('refuses options that are wrong, by name', async () => {
    for (const [options, field] of [
      [{ engine: {} }, 'engine'],
      [{ engine, bodyLimit: 0 }, 'bodyLimit'],
      [{ engine, key: [] }, 'key'],
      [{ engine, rateLimit: { max: 0 } }, 'rateLimit.max'],
      [{ engine, keys: [] }, 'keys'],
    ] as const) {
      const host = fastify();
      hosts.push(host);
      // @ts-expect-error wrong on purpose
      await expect(async () => host.register(kairankPlugin, options)).rejects.toMatchObject({ field });
    }
  });

  it('logs a route, a status and a time, and nothing of what was asked', async () => {
    const written: string[] = [];
    const host = fastify({
      logController: new LogController({ disableRequestLogging: true }),
      logger: { level: 'trace', stream: { write: (line: string) => void written.push(line) } },
    });
    hosts.push(host);
    const keys = [{ key: 'a-key-of-a-shop-0001', scopes: ['admin'] as const }];
    await host.register(kairankPlugin, { engine, keys, processMetrics: false });
    const headers = { authorization: 'Bearer a-key-of-a-shop-0001' };
    await host.inject({ method: 'GET', url: '/v1/users/anna-secret?limit=3', headers });
    await host.inject({ method: 'POST', url: '/v1/similar', payload: { text: 'secret words' }, headers });
    await host.inject({ method: 'POST', url: '/v1/events', payload: '{"user":"anna-secret"\n', headers: { ...NDJSON, ...headers } });
    await expect.poll(() => written).toHaveLength(3);
    const log = written.join('');
    const lines = log
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toMatchObject([
      { route: '/v1/users/:user', status: 404 },
      { route: '/v1/similar', status: 404 },
      { route: '/v1/events', status: 200 },
    ]);
    for (const line of lines) {
      expect(Object.keys(line as object).sort()).toEqual(['hostname', 'level', 'ms', 'msg', 'pid', 'reqId', 'route', 'status', 'time']);
    }
    expect(log).not.toMatch(/secret|a-key|127\.0\.0\.1|limit=/);
  });
});
