/** `kairank/fastify`: an engine over HTTP. */

export { createHandler, type Handler, type HandlerOptions } from './handler.js';
export { type ApiKey, SCOPES, type Scope } from './keys.js';
export type { AnyEngine, KairankOptions, RateLimit } from './options.js';
export { kairankPlugin } from './plugin.js';
