/**
 * Models from the rows of one process to those of another: rows are private to a process, and the keys of their items
 * say where each has gone.
 */

import type { AttributesTensors, ModelTensors, RulesTensors, SequenceTensors, SessionsTensors } from './tensors.js';
import { NO_ROW } from './slice.js';

const NO_QUANTILE = -1;

/** The same models by the rows of `keys` (key of each row, 0 for none); rows that it does not have are left out. */
export function moveRows(models: ModelTensors, keys: Float64Array): ModelTensors {
  if (models.keys.length <= keys.length && models.keys.every((key, row) => keys[row] === key)) return models;
  const rowByKey = new Map<number, number>();
  for (const [row, key] of keys.entries()) if (key > 0) rowByKey.set(key, row);
  const moved = Uint32Array.from(models.keys, (key) => rowByKey.get(key) ?? NO_ROW);
  const items = moved.reduce((most, row) => (row === NO_ROW ? most : Math.max(most, row + 1)), 0);
  // From the row that is wanted to the one that there was.
  const origin = new Uint32Array(items).fill(NO_ROW);
  for (const [from, to] of moved.entries()) if (to !== NO_ROW) origin[to] = from;
  const popularity = Float32Array.from(origin, (from) => (from === NO_ROW ? 0 : (models.popularity[from] ?? 0)));
  return {
    ...models,
    keys: keys.slice(0, items),
    popularity,
    recent: models.recent && Float32Array.from(origin, (from) => (from === NO_ROW ? 0 : (models.recent?.[from] ?? 0))),
    // A row that nothing is known of is nobody's: any share that is allowed will do.
    returns: models.returns && Float32Array.from(origin, (from) => (from === NO_ROW ? 1 : (models.returns?.[from] ?? 1))),
    rules: models.rules && moveRules(models.rules, moved, origin),
    factors: models.factors && { ...models.factors, factors: moveEmbeddings(models.factors.factors, models.factors.dim, origin) },
    sessions: models.sessions && moveSessions(models.sessions, moved),
    sequence: models.sequence && moveSequence(models.sequence, origin),
    content: models.content && {
      ...models.content,
      vectors: moveEmbeddings(models.content.vectors, models.content.dim, origin),
      behaviour: moveEmbeddings(models.content.behaviour, models.content.dim, origin),
    },
    attributes: models.attributes && moveAttributes(models.attributes, origin),
  };
}

function moveRules(rules: RulesTensors, moved: Uint32Array, origin: Uint32Array): RulesTensors {
  const offsets = new Float64Array(origin.length + 1);
  const columns = new Uint32Array(rules.columns.length);
  const values = new Float32Array(rules.values.length);
  let end = 0;
  for (const [row, from] of origin.entries()) {
    const last = from === NO_ROW ? 0 : (rules.offsets[from + 1] ?? 0);
    for (let at = from === NO_ROW ? 0 : (rules.offsets[from] ?? 0); at < last; at++) {
      const column = moved[rules.columns[at] ?? NO_ROW] ?? NO_ROW;
      if (column === NO_ROW) continue;
      columns[end] = column;
      values[end] = rules.values[at] ?? 0;
      end++;
    }
    offsets[row + 1] = end;
  }
  return { ...rules, offsets, columns: columns.slice(0, end), values: values.slice(0, end) };
}

/** Items that are gone leave their sessions. */
function moveSessions(sessions: SessionsTensors, moved: Uint32Array): SessionsTensors {
  const offsets = new Float64Array(sessions.offsets.length);
  const rows = new Uint32Array(sessions.rows.length);
  let end = 0;
  for (let session = 0; session + 1 < offsets.length; session++) {
    for (let at = sessions.offsets[session] ?? 0; at < (sessions.offsets[session + 1] ?? 0); at++) {
      const row = moved[sessions.rows[at] ?? NO_ROW] ?? NO_ROW;
      if (row !== NO_ROW) rows[end++] = row;
    }
    offsets[session + 1] = end;
  }
  return { ...sessions, offsets, rows: rows.slice(0, end) };
}

/** Rows of `dim` numbers by where they come from; zeros where from nowhere. */
function moveEmbeddings(embeddings: Float32Array, dim: number, origin: Uint32Array): Float32Array {
  const moved = new Float32Array(origin.length * dim);
  for (const [row, from] of origin.entries()) {
    if (from !== NO_ROW) moved.set(embeddings.subarray(from * dim, (from + 1) * dim), row * dim);
  }
  return moved;
}

function moveSequence({ config, tensors }: SequenceTensors, origin: Uint32Array): SequenceTensors {
  const { items, ...rest } = tensors;
  if (!items) return { config, tensors };
  const data = moveEmbeddings(items.data, config.dim, origin);
  return { config, tensors: { items: { rows: origin.length, columns: config.dim, data }, ...rest } };
}

/** Rows of labels and quantiles; where one comes from nowhere it has none. */
function moveAttributes(attributes: AttributesTensors, origin: Uint32Array): AttributesTensors {
  const { slots, numbers } = attributes;
  const width = slots.reduce((sum, count) => sum + count, 0);
  const labels = new Uint32Array(origin.length * width);
  const quantiles = new Float32Array(origin.length * numbers).fill(NO_QUANTILE);
  for (const [row, from] of origin.entries()) {
    if (from === NO_ROW) continue;
    labels.set(attributes.labels.subarray(from * width, (from + 1) * width), row * width);
    quantiles.set(attributes.quantiles.subarray(from * numbers, (from + 1) * numbers), row * numbers);
  }
  return { ...attributes, labels, quantiles };
}
