import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { defineCatalog, Engine } from '../../src/index.js';
import { scratch } from '../facade/scratch.js';
import { kairank, root } from './cli.js';

const { folder, write } = scratch();
const shop = join(folder, 'shop');
const JSON_TYPE = { 'content-type': 'application/json' };
const KEY = 'a-key-of-this-shop-01';

beforeAll(async () => {
  const engine = await Engine.open(shop, { catalog: defineCatalog({ fields: { title: 'text', price: 'number' } }) });
  await engine.items.put(Array.from({ length: 50 }, (_, at) => ({ id: `i${at}`, title: `Thing ${at}`, price: at })));
  await engine.events.add(
    Array.from({ length: 400 }, (_, at) => ({ user: `u${at % 20}`, item: `i${(at * at) % 50}`, type: 'view' as const, at: 1.7e12 + at })),
  );
  await engine.close();
});

interface Running {
  child: ChildProcess;
  /** http://127.0.0.1:PORT */
  url: string;
  line: string;
  log: () => string;
  /** What it ends with. */
  code: Promise<number | null>;
}

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

async function serve(...args: string[]): Promise<Running> {
  const command = ['--import', 'tsx', `${root}/src/cli/main.ts`, 'serve', shop, '--port', '0', ...args];
  const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let [out, log] = ['', ''];
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.includes('\n')) resolve(out);
    });
    void code.then((ended) => reject(new Error(`ended with ${ended}: ${log}`)));
  });
  return { child, line, url: /http:\/\/[\d.]+:\d+/.exec(line)?.[0] ?? '', log: () => log, code };
}

interface Reply {
  status: number;
  closing: boolean;
  body: string;
}

/** One request; `send` writes its body. */
function ask(url: string, method: string, headers: Record<string, string>, agent: Agent, send: (to: NodeJS.WritableStream) => void) {
  return new Promise<Reply>((resolve, reject) => {
    const asked = request(url, { method, headers, agent }, (reply: IncomingMessage) => {
      let body = '';
      reply.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      reply.once('error', reject);
      reply.once('end', () => resolve({ status: reply.statusCode ?? 0, closing: reply.headers.connection === 'close', body }));
    });
    asked.once('error', reject);
    send(asked);
  });
}

const recommend = (url: string, agent: Agent, user: string): Promise<Reply> =>
  ask(`${url}/v1/recommend`, 'POST', JSON_TYPE, agent, (to) => to.end(JSON.stringify({ user, k: 5 })));

describe('kairank serve', () => {
  test('drains on SIGTERM without losing a request, and ends with 0', { timeout: 60_000 }, async () => {
    const server = await serve('--drain-delay', '700ms');
    expect(server.line).toMatch(/^Listening on http:\/\/127\.0\.0\.1:\d+ for .*shop: 50 items, 400 events\.\n$/);
    const { url } = server;

    // Each on a connection that it keeps, until it is told to let go of it.
    const failures: unknown[] = [];
    let [answered, afterwards, stopping] = [0, 0, false];
    const worker = async (number: number): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let at = 0, closing = false; !closing; at++) {
        try {
          const reply = await recommend(url, agent, `u${(number + at) % 20}`);
          if (reply.status === 200) answered++;
          else failures.push(reply);
          if (stopping) afterwards++;
          closing = reply.closing;
        } catch (error) {
          failures.push(error);
          closing = true;
        }
      }
      agent.destroy();
    };
    const load = Promise.all(Array.from({ length: 8 }, (_, number) => worker(number)));
    await expect.poll(() => answered, { timeout: 20_000 }).toBeGreaterThan(100);

    // A stream that is under way when the signal comes, and goes on long after.
    let more: (text: string) => void = () => undefined;
    let finish: () => void = () => undefined;
    const stream = ask(`${url}/v1/events`, 'POST', { 'content-type': 'application/x-ndjson' }, new Agent(), (to) => {
      more = (text) => void to.write(text);
      finish = () => to.end();
    });
    more('{"user":"late","item":"i1","type":"view"}\n');
    const ready = async (): Promise<Reply> => ask(`${url}/readyz`, 'GET', {}, new Agent(), (to) => to.end());
    expect(await ready()).toMatchObject({ status: 200 });

    stopping = true;
    server.child.kill('SIGTERM');
    await expect.poll(async () => (await ready().catch(() => null))?.body, { timeout: 5000, interval: 20 }).toBe('{"ready":false}');
    await load;
    expect(failures).toEqual([]);
    // Those in the midst of it were answered, too.
    expect(afterwards).toBeGreaterThanOrEqual(8);

    await expect
      .poll(
        async () =>
          ready()
            .then(() => 'answers')
            .catch(() => 'is gone'),
        { timeout: 10_000 },
      )
      .toBe('is gone');
    more('{"user":"late","item":"i2","type":"view"}\n');
    finish();
    const streamed = await stream;
    expect([streamed.status, JSON.parse(streamed.body)]).toEqual([200, { accepted: 2, duplicates: 0, rejected: 0, errors: [] }]);
    expect(await server.code).toBe(0);
    expect(server.log()).not.toMatch(/late|"u1"|127\.0\.0\.1/);

    const engine = await Engine.open(shop, { readOnly: true });
    expect((await engine.shopper('late')).events).toHaveLength(2);
    await engine.close();
  });

  test('asks for keys where there are some, and ends at once at the second signal', { timeout: 60_000 }, async () => {
    const keys = write('keys.json', JSON.stringify([{ key: KEY, scopes: ['read'] }]));
    const server = await serve('--keys', keys, '--host', '0.0.0.0', '--drain-delay', '10m');
    const url = server.url.replace('0.0.0.0', '127.0.0.1');
    const answer = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(`${url}/v1/recommend`, { method: 'POST', body: '{"user":"u1"}', headers: { ...JSON_TYPE, ...headers } })).status;
    expect(await answer({})).toBe(401);
    expect(await answer({ 'x-api-key': KEY })).toBe(200);
    expect(server.log()).not.toContain(KEY);
    server.child.kill('SIGINT');
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(503);
    server.child.kill('SIGINT');
    expect(await server.code).toBe(130);
  });

  test('says what stands in its way', { timeout: 60_000 }, async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const owner = await Engine.open(shop);
    const [open, none, bad, busy, locked] = await Promise.all([
      kairank(['serve', shop, '--host', '0.0.0.0', '--port', '0']),
      kairank(['serve', join(folder, 'none'), '--port', '0']),
      kairank(['serve', shop, '--port', '0', '--keys', write('bad.json', `{"key":"${KEY}"`)]),
      kairank(['serve', shop, '--port', String(port), '--log-level', 'silent']),
      kairank(['serve', shop, '--port', '0', '--log-level', 'silent']),
    ]);
    await owner.close();
    await new Promise((resolve) => other.close(resolve));

    expect(open).toMatchObject({ code: 2, stdout: '' });
    expect(open.stderr).toMatch(/--host: expected an address of this machine alone.*--keys.*--open/);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringMatching(/KAIRANK_NOT_FOUND: shop: there is none at/) as string });
    expect(bad).toMatchObject({ code: 2, stdout: '' });
    expect(bad.stderr).not.toContain(KEY);
    expect(busy).toMatchObject({ code: 2, stdout: '' });
    expect(busy.stderr).toBe(
      `kairank: KAIRANK_INVALID_ARGUMENT: --port: 127.0.0.1:${port} is in use already; expected a port that is free\n`,
    );
    expect(locked).toMatchObject({ code: 1, stdout: '' });
    expect(locked.stderr).toMatch(/^kairank: KAIRANK_FOLDER_LOCKED: .*\n$/);
  });
});
