/** The routes as a listener of Node's own `http`, for Express and for servers without a framework. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import fastify from 'fastify';
import { HttpError, refusalOf, writeRefusal } from './errors.js';
import { type KairankOptions, MAX_PARAM_LENGTH } from './options.js';
import { kairankPlugin } from './plugin.js';

export interface HandlerOptions extends Omit<KairankOptions, 'engine' | 'logRequests'> {
  /** What every path begins with, such as '/kairank'. Default: nothing. A framework that cuts it off itself needs none. */
  prefix?: string;
}

/** A listener for `http.createServer` and for `app.use` of Express. */
export interface Handler {
  (request: IncomingMessage, response: ServerResponse): void;
  /** Lets go of the engine, which stays open. */
  close(): Promise<void>;
}

/**
 * Makes a request listener of an engine: `http.createServer(await createHandler(engine))`, `app.use('/kairank', await
 * createHandler(engine))`. It reads bodies itself: mount it before middleware that does.
 *
 * @throws KairankError KAIRANK_INVALID_ARGUMENT
 */
export async function createHandler(engine: KairankOptions['engine'], options: HandlerOptions = {}): Promise<Handler> {
  const app = fastify({
    // What it serves arrives by the listener below; a server of its own never listens.
    serverFactory: (listener) => createServer(listener),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error, _request, reply) => writeRefusal(reply.raw, error),
  });
  app.setNotFoundHandler((_request, reply) => {
    const { status, body } = refusalOf(new HttpError(404, 'There is no such route.'));
    return reply.code(status).send(body);
  });
  await app.register(kairankPlugin, { ...options, engine });
  await app.ready();
  const listener = (request: IncomingMessage, response: ServerResponse): void => app.routing(request, response);
  return Object.assign(listener, { close: () => app.close() });
}
