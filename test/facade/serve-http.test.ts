import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHandler, type Handler } from '../../src/serve/index.js';
import { KairankServer } from '../../src/serve/server.js';
import { ITEMS, openShop, sampleOf, type Shop } from './serving.js';

let engine: Shop;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  engine = await openShop();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await engine.close();
});

async function listening(listener: Handler): Promise<number> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await listener.close();
  });
  return (server.address() as AddressInfo).port;
}

async function serving(log?: { level: string; stream: { write(line: string): void } }): Promise<number> {
  const server = await KairankServer.create({ engine, anyHost: false, processMetrics: false, ...(log ? { log } : {}) });
  closing.push(() => server.close());
  return (await server.listen('127.0.0.1', 0)).port;
}

/** A connection to write bytes to; `said` resolves with all that came back once it is closed. */
async function wire(port: number): Promise<{ socket: Socket; said: Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('utf8');
  });
  // A server that closes on a client in mid-sentence resets the connection: what it said before counts.
  socket.on('error', () => undefined);
  const said = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return { socket, said };
}

const head = (path: string, headers: string): string => `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n`;

describe('a listener', () => {
  it('serves the routes in a server without a framework', async () => {
    const port = await listening(await createHandler(engine, { processMetrics: false }));
    const ask = (path: string, body: object): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
    const reply = await ask('/v1/recommend', { user: 'u1', k: 3 });
    expect(await reply.json()).toMatchObject({ items: (await engine.recommend({ user: 'u1', k: 3 })).items });
    const nowhere = await ask('/v2/recommend', {});
    expect(nowhere.status).toBe(404);
    expect(await nowhere.json()).toMatchObject({ error: { code: 'HTTP_NOT_FOUND' } });
    const broken = await fetch(`http://127.0.0.1:${port}/v1/users/%zz`);
    expect(broken.status).toBe(400);
    expect(await broken.json()).toMatchObject({ error: { code: 'HTTP_BAD_REQUEST' } });
  });

  it('takes ids as long as the engine does, and keeps its prefix', async () => {
    const port = await listening(await createHandler(engine, { prefix: '/shop', processMetrics: false }));
    const id = '界'.repeat(512);
    await engine.events.add({ user: id, item: 'i1', type: 'view' });
    const reply = await fetch(`http://127.0.0.1:${port}/shop/v1/users/${encodeURIComponent(id)}`);
    expect(await reply.json()).toMatchObject({ user: id });
  });

  it('takes a stream as it comes', async () => {
    const port = await listening(await createHandler(engine, { processMetrics: false }));
    const { socket, said } = await wire(port);
    socket.write(head('/v1/items', 'Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nConnection: close'));
    const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
    socket.write(chunk('{"id":"half'));
    socket.write(chunk('-half","price":3}\n{"id":"naïve"}'));
    socket.write(chunk(''));
    expect(await said).toContain('"accepted":2');
    expect((await engine.items.get('half-half')).fields).toEqual({ price: 3 });
    expect(engine.items.has('naïve')).toBe(true);
  });
});

describe('clients that do harm', () => {
  it.each([
    ['JSON', 'Content-Type: application/json'],
    ['lines', 'Content-Type: application/x-ndjson'],
  ])('who announce more %s than is taken are refused before they send it', async (_, type) => {
    const port = await serving();
    const { socket, said } = await wire(port);
    socket.write(head('/v1/events', `${type}\r\nContent-Length: ${200 << 20}`));
    const answer = await said;
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/connection: close/i);
    expect(answer).toContain('HTTP_PAYLOAD_TOO_LARGE');
  });

  it('who send more than is taken without a word are cut off', async () => {
    const port = await serving();
    const { socket, said } = await wire(port);
    socket.write(head('/v1/events', 'Content-Type: application/json\r\nTransfer-Encoding: chunked'));
    const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    let sent = 0;
    while (!socket.destroyed && sent < 100 << 20) {
      sent += piece.length;
      if (!socket.write(piece)) await new Promise<void>((resolve) => setTimeout(resolve, 1));
    }
    await said;
    expect(sent).toBeLessThan(100 << 20);
  });

  it('whose stream is too long are told what was taken of it', async () => {
    const port = await listening(await createHandler(engine, { processMetrics: false, bodyLimit: 1000, streamLimit: 200_000 }));
    const { socket, said } = await wire(port);
    socket.write(head('/v1/items', 'Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked'));
    const lines = (from: number): string => Array.from({ length: 1000 }, (_, at) => `{"id":"long${from + at}"}\n`).join('');
    for (let from = 0; from < 20_000 && !socket.destroyed; from += 1000) {
      const text = lines(from);
      socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
    }
    const answer = await said;
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    const taken = Number(/"accepted":(\d+)/.exec(answer)?.[1]);
    expect(taken).toBeGreaterThan(1000);
    expect(engine.stats.items).toBe(ITEMS.length + taken);
  });

  it('who break off a stream leave what came before, and no fault', async () => {
    const lines: string[] = [];
    const port = await serving({ level: 'info', stream: { write: (line) => void lines.push(line) } });
    const { socket, said } = await wire(port);
    socket.write(head('/v1/items', 'Content-Type: application/x-ndjson\r\nContent-Length: 100000'));
    socket.write(Array.from({ length: 1000 }, (_, at) => `{"id":"cut${at}"}\n`).join(''));
    await expect.poll(() => engine.stats.items).toBe(ITEMS.length + 1000);
    socket.destroy();
    await said;
    await expect.poll(() => lines.join('')).toContain('"status":499');
    expect(lines.join('')).not.toContain('fault');
  });

  it('who speak no HTTP get an answer of the usual shape', async () => {
    const port = await serving();
    const { socket, said } = await wire(port);
    socket.write('hello\r\n\r\n');
    expect(await said).toMatch(/^HTTP\/1\.1 400 [\s\S]*\{"error":\{"code":"HTTP_BAD_REQUEST"/);
  });

  it('who go away abort what they asked for, and are counted as gone', async () => {
    const signals: AbortSignal[] = [];
    const recommend = engine.recommend.bind(engine);
    // Waits for the signal, as a long request would.
    engine.recommend = async (request) => {
      if (request.signal) signals.push(request.signal);
      await new Promise<void>((resolve) => request.signal?.addEventListener('abort', () => resolve(), { once: true }));
      return recommend(request);
    };
    const lines: string[] = [];
    const port = await serving({ level: 'info', stream: { write: (line) => void lines.push(line) } });
    const { socket, said } = await wire(port);
    const body = '{"user":"u1"}';
    socket.write(head('/v1/recommend', `Content-Type: application/json\r\nContent-Length: ${body.length}`) + body);
    await expect.poll(() => signals.length).toBe(1);
    socket.destroy();
    await said;
    await expect.poll(() => signals[0]?.aborted).toBe(true);
    await expect.poll(() => lines.join('')).toContain('"status":499');
    const { body: metrics } = { body: await (await fetch(`http://127.0.0.1:${port}/metrics`)).text() };
    expect(sampleOf(metrics, 'kairank_requests_total{method="POST",route="/v1/recommend",status="499"}')).toBe(1);
  });

  it('whose queue is full are told to come back', async () => {
    const { KairankError } = await import('../../src/index.js');
    engine.recommend = () => Promise.reject(new KairankError('KAIRANK_OVERLOADED', 'Too many requests wait.'));
    const port = await serving();
    const headers = { 'content-type': 'application/json' };
    const reply = await fetch(`http://127.0.0.1:${port}/v1/recommend`, { method: 'POST', body: '{"user":"u1"}', headers });
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1']);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(sampleOf(metrics, 'kairank_overloaded_total')).toBe(1);
    expect(sampleOf(metrics, 'kairank_items')).toBe(ITEMS.length);
  });
});
