/** `kairank serve`: a shop over HTTP. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { Engine } from '../../engine.js';
import { KairankError } from '../../errors.js';
import { array, duration, refuse } from '../../options.js';
import type { ApiKey } from '../../serve/keys.js';
import { EXIT } from '../errors.js';
import { wholeNumber } from '../options.js';
import { plural } from '../output.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
/** Milliseconds that requests in flight get to finish. */
const PATIENCE = 30_000;
const KEYS_VARIABLE = 'KAIRANK_API_KEYS';

interface Flags {
  port: number;
  host: string;
  keys?: string;
  open: boolean;
  rateLimit?: number;
  bodyLimit: number;
  drainDelay: number;
  logLevel: string;
}

export function serveCommand(): Command {
  return new Command('serve')
    .description('Answers over HTTP for a shop, until Ctrl-C or SIGTERM.')
    .argument('<shop>', 'folder of the shop')
    .addOption(new Option('--port <n>', 'port; 0: any that is free').default(3000).argParser(wholeNumber('--port', 0, 65_535)))
    .option('--host <name>', 'address to listen on', '127.0.0.1')
    .option('--keys <file>', 'API keys: a JSON array of { "key", "scopes": ["read", "write", "admin"], "name" }')
    .option('--open', 'listen on any address without keys: whoever reaches it may read and write', false)
    .addOption(
      new Option('--rate-limit <n>', 'requests a minute, for each key, or each address without one (default: any)').argParser(
        wholeNumber('--rate-limit', 1, 1_000_000_000),
      ),
    )
    .addOption(
      new Option('--body-limit <bytes>', 'longest JSON body, and longest line of a stream')
        .default(1 << 20)
        .argParser(wholeNumber('--body-limit', 1, 1 << 30)),
    )
    .addOption(
      new Option('--drain-delay <time>', 'how long /readyz says no before the server stops listening')
        .default(1000, '1s')
        .argParser((text) => duration('--drain-delay', text)),
    )
    .addOption(new Option('--log-level <level>', 'what is logged, as JSON lines on stderr').choices([...LEVELS]).default('info'))
    .addHelpText(
      'after',
      `
Routes: POST /v1/recommend, /v1/rank, /v1/similar, /v1/events, /v1/items; DELETE /v1/items/ID; GET /v1/users/ID, /healthz, /readyz,
/metrics (Prometheus) and /openapi.json, which describes them all. Events and items come as one object, an array, or a stream of
lines (application/x-ndjson). A request has to arrive within two minutes.

Keys are sent as "Authorization: Bearer KEY" or "x-api-key: KEY", and given by --keys or, as the same JSON, in ${KEYS_VARIABLE}. "read" asks,
"write" adds events and items, "admin" does all of it and sees the metrics. Without keys only this machine may ask, unless --open says so.

SIGTERM drains: /readyz says no, what is on its way is answered, then the shop is closed and the process ends with 0. A second signal
ends it at once.

Examples:
  $ kairank serve ./shop --port 3000
  $ KAIRANK_API_KEYS='[{"key":"…","scopes":["read","write"]}]' kairank serve ./shop --host 0.0.0.0 --port 3000
  $ curl -s localhost:3000/v1/recommend -H 'content-type: application/json' -d '{"user":"ann","k":5}'
  $ curl -s localhost:3000/v1/events -H 'content-type: application/x-ndjson' --data-binary @events.jsonl`,
    )
    .action(run);
}

/** The keys of a file, or of the environment; undefined for none. They are checked where they are used. */
async function keysOf(file: string | undefined): Promise<readonly ApiKey[] | undefined> {
  const from = file === undefined ? KEYS_VARIABLE : '--keys';
  const text = file === undefined ? process.env[KEYS_VARIABLE] : await read(file);
  if (text === undefined || (file === undefined && text === '')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // What came may be a key.
    const expected = 'a JSON array of { "key", "scopes", "name" }';
    throw new KairankError('KAIRANK_INVALID_ARGUMENT', `${from}: expected ${expected}`, { field: from, expected });
  }
  return array(from, value) as readonly ApiKey[];
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new KairankError('KAIRANK_IO', `--keys: ${file} cannot be read`, { field: '--keys', cause: error });
  }
}

/** Raised by the first SIGTERM or Ctrl-C; the second ends the process. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}

async function run(shop: string, flags: Flags): Promise<void> {
  // Here and not above: the other commands need no HTTP library.
  const { isLoopback, KairankServer } = await import('../../serve/server.js');
  const { host, port, open, rateLimit, bodyLimit } = flags;
  const keys = await keysOf(flags.keys);
  if (!keys && !open && !isLoopback(host))
    refuse(
      '--host',
      `an address of this machine alone, such as 127.0.0.1, unless there are keys (--keys, ${KEYS_VARIABLE}) or --open`,
      host,
    );
  if (!existsSync(join(shop, 'data.mdb'))) {
    throw new KairankError('KAIRANK_NOT_FOUND', `shop: there is none at ${shop} ("kairank import" makes one)`, { field: 'shop' });
  }
  const stop = stopSignal();
  let engine: Engine | null = null;
  const server = await KairankServer.create({
    engine: () => engine,
    ...(keys ? { keys } : {}),
    ...(rateLimit === undefined ? {} : { rateLimit: { max: rateLimit } }),
    bodyLimit,
    anyHost: keys !== undefined || open,
    log: { level: flags.logLevel, stream: process.stderr },
  });
  // Before the shop is opened, which may take a while: /healthz answers, and /readyz says not yet.
  const address = await server.listen(host, port);
  try {
    engine = await Engine.open(shop, { signal: stop });
  } catch (error) {
    await server.close();
    throw error;
  }
  const { items, events } = engine.stats;
  const named = address.host.includes(':') ? `[${address.host}]` : address.host;
  process.stdout.write(`Listening on http://${named}:${address.port} for ${shop}: ${plural(items, 'item')}, ${plural(events, 'event')}.\n`);
  await new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.drain(flags.drainDelay, PATIENCE);
  await engine.close();
}
