/** The routes as a plugin of Fastify 5: encapsulated, so that nothing of it reaches the server that it is mounted in, nor back. */

import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { KairankError } from '../errors.js';
import { CLIENT_GONE, HttpError, refusalOf, StoppedStream } from './errors.js';
import { authorise, type Holder } from './keys.js';
import { type CheckedOptions, checkOptions, type KairankOptions } from './options.js';
import { NDJSON, type Route, ROUTES } from './routes.js';
import { Service } from './service.js';

/** Whether the client of a request that is not answered yet went before it had sent all, or waits no more. */
function isGone({ raw: request }: FastifyRequest, { raw: response }: FastifyReply): boolean {
  return response.destroyed || (request.destroyed && !request.complete);
}

/** Tells when a request is over: answered, or left by its client. The request's own `close` comes as soon as its body has been read. */
function whenOver({ raw }: FastifyReply, over: (left: boolean) => void): void {
  let written = false;
  raw.once('finish', () => {
    written = true;
  });
  raw.once('close', () => over(!written));
}

/** A signal that is raised when the client goes away before it has its answer. */
function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  whenOver(reply, (left) => {
    if (left) controller.abort();
  });
  return controller.signal;
}

/** JSON and lines of JSON are taken, whatever else the server around it takes: a page elsewhere cannot post either without asking first. */
function takeBodies(fastify: FastifyInstance, bodyLimit: number): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit }, fastify.getDefaultJsonParser('error', 'error'));
  fastify.addContentTypeParser(NDJSON, (_request, _payload, done) => done(null));
}

/** @returns the stream of a request that brings one, the total checked as far as the client says it */
function streamOf(request: FastifyRequest, route: Route, limit: number): FastifyRequest['raw'] | null {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== NDJSON) return null;
  if (route.lines !== true) throw new HttpError(415, 'The body has to be application/json.');
  if (Number(request.headers['content-length']) > limit) throw new HttpError(413, `The stream is longer than ${limit} bytes.`);
  return request.raw;
}

function report(error: unknown, request: FastifyRequest): void {
  const { name, stack } = error instanceof Error ? error : new Error('no error was thrown');
  // The message may quote what was asked; the frames below it do not.
  const frames = stack?.split('\n').filter((line) => /^ +at /.test(line));
  request.log.error({ fault: error instanceof KairankError ? error.code : name, frames }, 'fault');
}

function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply, service: Service): object {
  const refusal = refusalOf(error);
  if (refusal.body.error.code === 'KAIRANK_OVERLOADED') service.metrics.countOverload();
  // A stream that breaks is no fault when its client broke it.
  const gone = isGone(request, reply);
  if (refusal.fault && !gone) report(error instanceof StoppedStream ? error.cause : error, request);
  // What the client has not sent yet will not be read.
  if (!request.raw.complete) reply.header('connection', 'close');
  reply.headers(refusal.headers).code(gone ? CLIENT_GONE : refusal.status);
  return refusal.body;
}

async function limitRates(fastify: FastifyInstance, { max, timeWindow }: { max: number; timeWindow: number }, keyOf: KeyOf): Promise<void> {
  await fastify.register(rateLimit, {
    max,
    timeWindow,
    // A key that is unknown counts for its address: guessing keys is limited, too.
    keyGenerator: (request) => {
      const holder = keyOf(request);
      return holder ? `key ${holder.number}` : `address ${request.ip}`;
    },
    errorResponseBuilder: (_request, { max: most, after }) => new HttpError(429, `More than ${most} requests; try again in ${after}.`),
  });
}

type KeyOf = (request: FastifyRequest) => Holder | null;

function mount(fastify: FastifyInstance, route: Route, service: Service, options: CheckedOptions, keyOf: KeyOf): void {
  const limits = { line: options.bodyLimit, total: options.streamLimit };
  const { scope } = route;
  fastify.route({
    method: route.method,
    url: route.path,
    // Probes come as often as they like.
    config: scope === null ? { rateLimit: false } : {},
    // After the limit of rates, which is an onRequest hook, and before any of the body is read.
    preParsing: async (request) => {
      if (options.keys && scope !== null) authorise(keyOf(request), scope);
    },
    onRequest: async (request, reply) => {
      // Other than a hook on the response this also comes when the client is gone.
      whenOver(reply, (left) => {
        const status = left ? CLIENT_GONE : reply.statusCode;
        service.metrics.countRequest(route.method, route.path, status);
        const ms = Math.round(reply.elapsedTime * 1000) / 1000;
        // Neither URL nor address: paths have the ids of shoppers in them.
        if (options.logRequests) request.log.info({ route: route.path, status, ms }, 'answered');
      });
    },
    handler: async (request, reply) => {
      const {
        status = 200,
        type,
        body,
      } = await route.handle(service, {
        body: request.body,
        stream: streamOf(request, route, options.streamLimit),
        // Fastify's own: percent signs decoded, and no more.
        params: request.params as Record<string, string>,
        query: request.query as Record<string, unknown>,
        signal: signalOf(reply),
        limits,
      });
      reply.code(status).type(type ?? 'application/json; charset=utf-8');
      return type === undefined ? JSON.stringify(body) : body;
    },
  });
}

/**
 * Mounts an engine's API in a Fastify 5 server: `fastify.register(kairankPlugin, { engine, prefix: '/kairank' })`. It takes JSON and
 * `application/x-ndjson`, answers errors as `{ error: { code, message, field?, expected?, received? } }` and leaves the server's own
 * parsers, hooks and error handler alone. The engine stays the caller's to close, after the server. Ids in paths are as long as the
 * server's `routerOptions.maxParamLength` allows (Fastify's default is 100).
 *
 * @throws KairankError KAIRANK_INVALID_ARGUMENT for options that are wrong, when the server gets ready
 */
export const kairankPlugin: FastifyPluginAsync<KairankOptions> = async (fastify, given) => {
  const options = checkOptions(given);
  const service = new Service(options, fastify.prefix === '/' ? '' : fastify.prefix);
  const holders = new WeakMap<FastifyRequest, Holder | null>();
  const keyOf: KeyOf = (request) => {
    let holder = holders.get(request);
    if (holder === undefined) {
      holder = options.keys?.find(request.headers) ?? null;
      holders.set(request, holder);
    }
    return holder;
  };
  takeBodies(fastify, options.bodyLimit);
  fastify.setErrorHandler((error, request, reply) => refuse(error, request, reply, service));
  if (options.rateLimit) await limitRates(fastify, options.rateLimit, keyOf);
  fastify.addHook('onClose', async () => service.close());
  for (const route of ROUTES) mount(fastify, route, service, options, keyOf);
};
