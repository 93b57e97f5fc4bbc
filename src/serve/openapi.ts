/** The table of routes as an OpenAPI 3.1 document, its schemas narrowed to the shop's catalogue and event types. */

import type { Catalog, Field } from '../catalog/schema.js';
import type { Engine } from '../engine.js';
import { packageVersion } from '../version.js';
import type { Scope } from './keys.js';
import type { Route } from './routes.js';
import { type JsonSchema, ref, SCHEMAS } from './schemas.js';

export interface DocumentOptions {
  prefix: string;
  /** Whether keys are asked for. */
  keyed: boolean;
  engine: Engine | null;
}

const NDJSON = 'application/x-ndjson';

const KINDS: Readonly<Record<string, JsonSchema>> = {
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  category: { type: 'string', minLength: 1, maxLength: 512 },
  tags: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 512 }, maxItems: 1024 },
  text: { type: 'string', maxLength: 1 << 20 },
};

function fieldSchema(field: Field): JsonSchema {
  const spec = typeof field === 'string' ? { kind: field, required: false } : field;
  const plain: JsonSchema =
    'dim' in spec && spec.dim !== undefined
      ? { type: 'array', items: { type: 'number' }, minItems: spec.dim, maxItems: spec.dim }
      : (KINDS[spec.kind] ?? {});
  // null stands for a field that the item does not have.
  return spec.required === true ? plain : { oneOf: [plain, { type: 'null' }] };
}

function itemSchema({ fields }: Catalog): JsonSchema {
  const required = Object.entries(fields).filter(([, field]) => typeof field === 'object' && field.required === true);
  return {
    type: 'object',
    properties: {
      ...SCHEMAS.Item.properties,
      ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldSchema(field)])),
    },
    required: ['id', ...required.map(([name]) => name)],
    additionalProperties: false,
  };
}

function schemasOf(engine: Engine | null): Record<string, JsonSchema> {
  if (!engine) return { ...SCHEMAS };
  return { ...SCHEMAS, Item: itemSchema(engine.catalog), EventType: { type: 'string', enum: engine.eventTypes } };
}

function bodyOf({ body, lines }: Route): object {
  if (body === undefined) return {};
  const one = ref(body);
  const json = { schema: lines ? { oneOf: [one, { type: 'array', items: one }] } : one };
  const stream = { schema: { type: 'string', description: `Lines of JSON, each ${body}.` } };
  return { requestBody: { required: true, content: { 'application/json': json, ...(lines ? { [NDJSON]: stream } : {}) } } };
}

function parametersOf({ path, query = {} }: Route): object {
  const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const asked = Object.entries(query).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
  return named.length + asked.length > 0 ? { parameters: [...named, ...asked] } : {};
}

/** What a route answers when it does not do what it was asked. */
function failuresOf({ scope, body, path }: Route, keyed: boolean): number[] {
  const asks = scope !== null && path.startsWith('/v1/');
  return [
    ...(asks ? [400, 404, 503] : []),
    ...(body ? [409, 413, 415] : []),
    ...(keyed && scope ? [401, 403] : []),
    ...(scope ? [429] : []),
  ];
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  200: 'Done.',
  400: 'Something in the request is wrong; the error names it.',
  401: 'No key, or an unknown one.',
  403: 'The key has not the scope.',
  404: 'What was asked for is not there.',
  409: 'The engine is open to read alone.',
  413: 'Too long.',
  415: 'Neither JSON nor, where a stream is taken, lines of it.',
  429: 'Too many requests; Retry-After says when to come back.',
  503: 'Not now; Retry-After says when to come back.',
};

function answersOf(route: Route, keyed: boolean): object {
  const failures: Route['answers'] = Object.fromEntries(failuresOf(route, keyed).map((status) => [status, 'Error']));
  const answers: Route['answers'] = { ...failures, ...route.answers };
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => {
      const content = typeof answer === 'string' ? { 'application/json': { schema: ref(answer) } } : { [answer.media]: {} };
      return [status, { description: DESCRIPTIONS[Number(status)] ?? '', content }];
    }),
  );
}

function securityOf(scope: Scope | null, keyed: boolean): object {
  if (!keyed) return {};
  return { security: scope ? [{ bearer: [] }, { header: [] }] : [] };
}

export function openApi(routes: readonly Route[], { prefix, keyed, engine }: DocumentOptions): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = prefix + route.path.replace(/:(\w+)/g, '{$1}');
    const operation = {
      summary: route.summary,
      ...(route.scope ? { description: `Scope: ${route.scope}.` } : {}),
      ...parametersOf(route),
      ...bodyOf(route),
      responses: answersOf(route, keyed),
      ...securityOf(route.scope, keyed),
    };
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation };
  }
  const schemes = { bearer: { type: 'http', scheme: 'bearer' }, header: { type: 'apiKey', in: 'header', name: 'x-api-key' } };
  return {
    openapi: '3.1.0',
    info: { title: 'kairank', version: packageVersion(), license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: { schemas: schemasOf(engine), ...(keyed ? { securitySchemes: schemes } : {}) },
  };
}
