import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KairankOptions } from '../../src/serve/index.js';
import { KeyRing } from '../../src/serve/keys.js';
import { ROUTES } from '../../src/serve/routes.js';
import { isLoopback, KairankServer } from '../../src/serve/server.js';
import { type Document, openShop, serverOf, type Shop } from './serving.js';

const KEYS = {
  read: 'reader-0123456789abcdef',
  write: 'writer-0123456789abcdef',
  admin: 'admin-0123456789abcdef',
} as const;
const keys = (['read', 'write', 'admin'] as const).map((scope) => ({ key: KEYS[scope], scopes: [scope], name: scope }));

let engine: Shop;
let app: FastifyInstance;
beforeAll(async () => {
  engine = await openShop();
  app = await serverOf({ engine, keys });
});
afterAll(async () => {
  await app.close();
  await engine.close();
});

const status = async (method: string, path: string, headers: Record<string, string> = {}): Promise<number> => {
  const reply = await app.inject({ method: method === 'GET' ? 'GET' : method === 'POST' ? 'POST' : 'DELETE', url: path, headers });
  return reply.statusCode;
};

describe('keys', () => {
  it('open what their scopes say, of every route', async () => {
    for (const { method, path, scope } of ROUTES) {
      const url = path.replace(/:\w+/, 'u1');
      const answers = {
        none: await status(method, url),
        wrong: await status(method, url, { 'x-api-key': 'reader-0123456789abcdeF' }),
        read: await status(method, url, { 'x-api-key': KEYS.read }),
        write: await status(method, url, { authorization: `Bearer ${KEYS.write}` }),
        admin: await status(method, url, { authorization: `bearer ${KEYS.admin}` }),
      };
      const shut = Object.entries(answers).filter(([, code]) => code === 401 || code === 403);
      const expected = scope === null ? {} : { none: 401, wrong: 401, read: 403, write: 403 };
      expect(Object.fromEntries(shut), path).toEqual(Object.fromEntries(Object.entries(expected).filter(([name]) => name !== scope)));
    }
  });

  it('are asked for before a body is read', async () => {
    const reply = await app.inject({ method: 'POST', url: '/v1/events', payload: '{', headers: { 'content-type': 'application/json' } });
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="kairank"');
    expect(reply.json()).toMatchObject({ error: { code: 'HTTP_UNAUTHORIZED' } });
  });

  it('are found whatever their place, and only whole', () => {
    const ring = new KeyRing(keys);
    for (const [number, { key, scopes }] of keys.entries()) {
      expect(ring.find({ 'x-api-key': key })).toEqual({ number, scopes: new Set(scopes) });
      expect(ring.find({ 'x-api-key': key.slice(0, -1) })).toBeNull();
      expect(ring.find({ authorization: `Basic ${key}` })).toBeNull();
    }
    expect(ring.find({})).toBeNull();
  });

  it('are in the document', async () => {
    const reply = await app.inject({ url: '/openapi.json', headers: { 'x-api-key': KEYS.read } });
    const document: Document = reply.json();
    expect(document.paths['/v1/recommend']?.post?.security).toEqual([{ bearer: [] }, { header: [] }]);
    expect(document.paths['/healthz']?.get?.security).toEqual([]);
  });

  it.each([
    [[], 'keys'],
    [[{ key: 'short', scopes: ['read'] }], 'keys[0].key'],
    [[{ key: 'with spaces in it, and more', scopes: ['read'] }], 'keys[0].key'],
    [[...keys, { key: KEYS.read, scopes: ['read'] }], 'keys[3].key'],
    [[{ key: KEYS.read, scopes: [] }], 'keys[0].scopes'],
    [[{ key: KEYS.read, scopes: ['root'] }], 'keys[0].scopes[0]'],
    [[{ key: KEYS.read, scope: 'read' }], 'keys[0].scope'],
  ])('that are wrong are refused at %#, without being shown', (given, field) => {
    expect(() => new KeyRing(given)).toThrow(expect.objectContaining({ code: 'KAIRANK_INVALID_ARGUMENT', field }));
    expect(() => new KeyRing(given)).not.toThrow(/reader-|short|spaces in/);
  });
});

describe('rates', () => {
  const limited = async (options: Partial<KairankOptions>): Promise<FastifyInstance> =>
    serverOf({ engine, rateLimit: { max: 3 }, ...options });
  const ask = async (server: FastifyInstance, key: string): Promise<number> =>
    (await server.inject({ method: 'GET', url: '/v1/users/u1', headers: { 'x-api-key': key } })).statusCode;

  it('are limited by key, guesses by address, probes not at all', async () => {
    const server = await limited({ keys });
    for (let at = 0; at < 3; at++) expect(await ask(server, KEYS.read)).toBe(200);
    const refused = await server.inject({ url: '/v1/users/u1', headers: { 'x-api-key': KEYS.read } });
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toMatchObject({ error: { code: 'HTTP_TOO_MANY_REQUESTS' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(await ask(server, KEYS.admin)).toBe(200);
    const guesses = ['guess-0123456789abcdef1', 'guess-0123456789abcdef2', 'guess-0123456789abcdef3', 'guess-0123456789abcdef4'];
    expect([
      await ask(server, guesses[0] ?? ''),
      await ask(server, guesses[1] ?? ''),
      await ask(server, guesses[2] ?? ''),
      await ask(server, guesses[3] ?? ''),
    ]).toEqual([401, 401, 401, 429]);
    for (let at = 0; at < 5; at++) expect((await server.inject('/healthz')).statusCode).toBe(200);
    await server.close();
  });

  it('are not limited unless that is asked for', async () => {
    for (let at = 0; at < 50; at++) expect(await ask(app, KEYS.read)).toBe(200);
  });
});

describe('hosts', () => {
  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['[::1]', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.0.1', false],
    ['127.0.0.1.example.com', false],
    ['localhost.example.com', false],
    ['', false],
  ])('%s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });

  it('of other machines are not answered to without keys', async () => {
    const server = await KairankServer.create({ engine, anyHost: false, processMetrics: false });
    const { port } = await server.listen('127.0.0.1', 0);
    const { request } = await import('node:http');
    const answer = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        request({ port, host: '127.0.0.1', path: '/healthz', headers: { host } }, (reply) => {
          reply.resume();
          resolve(reply.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await answer(`127.0.0.1:${port}`)).toBe(200);
    expect(await answer('localhost')).toBe(200);
    expect(await answer('shop.example.com')).toBe(403);
    await server.close();
  });
});
