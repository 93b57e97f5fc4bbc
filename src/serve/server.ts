/** A server that stands alone: the plugin, limits for slow clients, logs, and a drain that loses no request. */

import { randomUUID } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { isIPv4 } from 'node:net';
import fastify, { type FastifyInstance, LogController } from 'fastify';
import { KairankError } from '../errors.js';
import { HttpError, refusalOf, writeRefusal } from './errors.js';
import { type KairankOptions, MAX_PARAM_LENGTH } from './options.js';
import { kairankPlugin } from './plugin.js';

export interface ServerOptions extends Omit<KairankOptions, 'ready'> {
  /** Where log lines go; absent: nowhere. */
  log?: { level: string; stream: { write(line: string): void } };
  /** Whether names other than those of this machine are answered to. */
  anyHost: boolean;
}

/** Milliseconds. */
const HEADERS_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 120_000;
const KEEP_ALIVE = 72_000;
const CHECK_EVERY = 5_000;

/** Whether a host is this machine, whatever its network. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}

/** What a broken or slow request gets, which never becomes one: status line and headers are written by hand. */
function answerBroken(code: string | undefined, socket: Socket): void {
  const status = code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const reasons = { 400: 'Bad Request', 408: 'Request Timeout', 431: 'Request Header Fields Too Large' };
  const words = { 400: 'This is no HTTP request.', 408: 'The request took too long.', 431: 'The headers are too large.' };
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(refusalOf(new HttpError(status, words[status])).body);
  const head = `HTTP/1.1 ${status} ${reasons[status]}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\n\r\n${body}`);
}

export class KairankServer {
  readonly #app: FastifyInstance;
  readonly #sockets = new Set<Socket>();
  #draining = false;

  private constructor(app: FastifyInstance) {
    this.#app = app;
    app.server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    // Who keeps a connection is told to let go of it: the next request goes elsewhere.
    app.addHook('onSend', async (_request, reply) => {
      if (this.#draining) reply.header('connection', 'close');
    });
  }

  /** @throws KairankError KAIRANK_INVALID_ARGUMENT */
  static async create({ log, anyHost, ...options }: ServerOptions): Promise<KairankServer> {
    const app = fastify({
      http: { headersTimeout: HEADERS_TIMEOUT, requestTimeout: REQUEST_TIMEOUT, connectionsCheckingInterval: CHECK_EVERY },
      requestTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE,
      routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
      genReqId: () => randomUUID(),
      // Fastify's own lines have the URL and the address of the client; the plugin writes one without.
      logController: new LogController({ disableRequestLogging: true }),
      // A request that was on its way when the server began to close is answered like any other.
      return503OnClosing: false,
      logger: log ?? false,
      frameworkErrors: (error, _request, reply) => writeRefusal(reply.raw, error),
      clientErrorHandler: (error, socket) => answerBroken(error.code, socket),
    });
    const server = new KairankServer(app);
    if (!anyHost) app.addHook('onRequest', async (request) => refuseOtherNames(request.hostname));
    app.setErrorHandler((error, _request, reply) => {
      const { status, body } = refusalOf(error);
      return reply.code(status).send(body);
    });
    app.setNotFoundHandler(() => {
      throw new HttpError(404, 'There is no such route.');
    });
    const { engine } = options;
    const open = typeof engine === 'function' ? engine : (): typeof engine => engine;
    await app.register(kairankPlugin, { ...options, ready: () => !server.#draining && open() !== null });
    await app.ready();
    return server;
  }

  /**
   * Begins to answer; a port of 0 is any that is free.
   * @throws KairankError KAIRANK_INVALID_ARGUMENT naming --port or --host
   */
  async listen(host: string, port: number): Promise<{ host: string; port: number }> {
    try {
      await this.#app.listen({ host, port, listenTextResolver: () => 'listening' });
    } catch (error) {
      throw asListenError(error, host, port);
    }
    const address: AddressInfo | string | null = this.#app.server.address();
    return { host, port: typeof address === 'object' && address !== null ? address.port : port };
  }

  /**
   * Stops without losing a request. For `delay` milliseconds everything is still answered, but `/readyz` says no and connections are
   * let go, so that balancers turn away; then nothing new is taken, and what is in flight is finished, within `patience` milliseconds.
   */
  async drain(delay: number, patience: number): Promise<void> {
    this.#draining = true;
    await new Promise((resolve) => setTimeout(resolve, delay));
    const cut = setTimeout(() => this.#app.server.closeAllConnections(), patience);
    const closed = this.#app.close();
    // Node waits for connections on which nothing was ever asked.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    await closed;
    clearTimeout(cut);
  }

  /** Stops at once. */
  async close(): Promise<void> {
    this.#draining = true;
    const closed = this.#app.close();
    this.#app.server.closeAllConnections();
    await closed;
  }
}

/** Without keys, what keeps strangers out is that they are not on this machine; a page that points its own name here would be. */
function refuseOtherNames(hostname: string): void {
  if (!isLoopback(hostname)) throw new HttpError(403, 'Without API keys this server answers to names of this machine alone.');
}

function asListenError(error: unknown, host: string, port: number): unknown {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const told = (field: string, message: string, expected: string): KairankError =>
    new KairankError('KAIRANK_INVALID_ARGUMENT', `${field}: ${message}`, { field, expected, cause: error });
  if (code === 'EADDRINUSE') return told('--port', `${host}:${port} is in use already`, 'a port that is free');
  if (code === 'EACCES') return told('--port', `this user may not listen on port ${port}`, 'a port that this user may listen on');
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return told('--host', `${host} is no address of this machine`, 'an address of this machine');
  return error;
}
