/**
 * Models as arrays: out of the native side, into a bundle and back. Rows are private to a process; in a bundle the array
 * `keys` says which item each row was (see moved-rows.ts).
 */

import { KairankError } from '../errors.js';
import type { Tensor, TensorData } from '../formats/safetensors.js';
import { type NativeModelParts, type NativeModels, type NativeSequenceConfig, native } from '../native.js';

export type RulesTensors = ReturnType<NonNullable<NativeModelParts['rules']>['tensors']>;
type FactorsTensors = ReturnType<NonNullable<NativeModelParts['factors']>['tensors']>;
export type SessionsTensors = ReturnType<NonNullable<NativeModelParts['sessions']>['tensors']>;
type ContentTensors = ReturnType<NonNullable<NativeModelParts['content']>['tensors']>;
export type AttributesTensors = ReturnType<NonNullable<NativeModelParts['attributes']>['tensors']>;
type RankerTensors = ReturnType<NonNullable<NativeModelParts['ranker']>['tensors']>;
export type SequenceTensors = ReturnType<NonNullable<NativeModelParts['sequence']>['tensors']>;

/** Models in plain memory. */
export interface ModelTensors {
  /** Durable key of each row. */
  keys: Float64Array;
  rules: RulesTensors | null;
  factors: FactorsTensors | null;
  sequence: SequenceTensors | null;
  sessions: SessionsTensors | null;
  content: ContentTensors | null;
  attributes: AttributesTensors | null;
  ranker: RankerTensors | null;
  popularity: Float32Array;
  recent: Float32Array | null;
  returns: Float32Array | null;
  attention: NativeModelParts['attention'];
  blend: NativeModelParts['blend'];
  excludeSeen: boolean;
}

/** What a bundle keeps beside its arrays. */
interface Settings {
  rules: { decay: number; maxEvents: number } | null;
  factors: { users: number; regularisation: number; alpha0: number; nu: number; decay: number; maxEvents: number } | null;
  sequence: Omit<NativeSequenceConfig, 'kinds'> | null;
  sessions: Omit<SessionsTensors, 'offsets' | 'rows'> | null;
  content: (Pick<ContentTensors, 'dim' | 'decay' | 'maxEvents'> & { modalities: { name: string; inputs: number; bias: number }[] }) | null;
  /** Absent from bundles of earlier versions. */
  attributes?: { numbers: number } | null;
  ranker: Omit<RankerTensors, 'mean' | 'scale' | 'weights'> | null;
  attention: NativeModelParts['attention'];
  blend: NativeModelParts['blend'];
  excludeSeen: boolean;
}

/** Takes models apart. `keys` has at least as many rows as the models. */
export function exportModels(models: NativeModels, keys: Float64Array): ModelTensors {
  const {
    items,
    rules,
    factors,
    sequence,
    sessions,
    content,
    attributes,
    ranker,
    popularity,
    recent,
    returns,
    attention,
    blend,
    excludeSeen,
  } = models.parts();
  return {
    keys: keys.slice(0, items),
    rules: rules?.tensors() ?? null,
    factors: factors?.tensors() ?? null,
    sequence: sequence?.tensors() ?? null,
    sessions: sessions?.tensors() ?? null,
    content: content?.tensors() ?? null,
    attributes: attributes?.tensors() ?? null,
    ranker: ranker?.tensors() ?? null,
    popularity,
    recent,
    returns,
    attention,
    blend,
    excludeSeen,
  };
}

/** Whether the models' ranker is told other things than this version tells one: a bundle of an earlier version has such. */
export function hasOutdatedRanker({ ranker }: ModelTensors): boolean {
  return ranker !== null && ranker.inputs !== native().learning.rankerGroups().length;
}

/** Puts models together again. */
export function importModels({
  keys,
  rules,
  factors,
  sequence,
  sessions,
  content,
  attributes,
  ranker,
  popularity,
  recent,
  returns,
  attention,
  blend,
  excludeSeen,
}: ModelTensors): NativeModels {
  const { learning } = native();
  const items = keys.length;
  return learning.createModels({
    items,
    rules: rules && learning.rulesFromTensors(items, rules),
    factors: factors && learning.factorsFromTensors(items, factors),
    sessions: sessions && learning.sessionsFromTensors(items, sessions),
    content: content && learning.contentFromTensors(items, content),
    attributes: attributes && learning.attributesFromTensors(items, attributes),
    ranker: ranker && learning.rankerFromTensors(ranker),
    recent,
    returns,
    sequence:
      sequence &&
      learning.sequenceFromTensors(items, {
        config: sequence.config,
        tensors: Object.fromEntries(Object.entries(sequence.tensors).map(([name, { data }]) => [name, data])),
      }),
    popularity,
    attention,
    blend,
    excludeSeen,
  });
}

export function tensorsOf(models: ModelTensors): { arrays: Map<string, Tensor>; settings: Settings } {
  const arrays = new Map<string, Tensor>();
  const add = (name: string, data: TensorData, shape: number[] = [data.length]): void => void arrays.set(name, { shape, data });
  const {
    keys,
    rules,
    factors,
    sequence,
    sessions,
    content,
    attributes,
    ranker,
    popularity,
    recent,
    returns,
    attention,
    blend,
    excludeSeen,
  } = models;
  add('keys', keys);
  add('popularity', popularity);
  const settings: Settings = {
    rules: null,
    factors: null,
    sequence: null,
    sessions: null,
    content: null,
    attributes: attributes && { numbers: attributes.numbers },
    ranker: null,
    attention,
    blend,
    excludeSeen,
  };
  if (rules) {
    add('rules.offsets', rules.offsets);
    add('rules.columns', rules.columns);
    add('rules.values', rules.values);
    settings.rules = { decay: rules.decay, maxEvents: rules.maxEvents };
  }
  if (factors) {
    const { dim, factors: values, gram, userGram, ...rest } = factors;
    add('factors', values, [keys.length, dim]);
    add('gram', gram, [dim, dim]);
    add('userGram', userGram, [dim, dim]);
    settings.factors = rest;
  }
  if (sessions) {
    const { offsets, rows, ...rest } = sessions;
    add('sessions.offsets', offsets);
    add('sessions.rows', rows);
    settings.sessions = rest;
  }
  if (sequence) {
    const { kinds, ...rest } = sequence.config;
    add('sequence.eventKinds', kinds);
    for (const [name, { rows, columns, data }] of Object.entries(sequence.tensors)) {
      add(`sequence.${name}`, data, rows === 1 ? [columns] : [rows, columns]);
    }
    settings.sequence = rest;
  }
  if (recent) add('recent', recent);
  if (attributes) {
    add('attributes.slots', attributes.slots);
    add('attributes.labels', attributes.labels);
    add('attributes.quantiles', attributes.quantiles, [keys.length, attributes.numbers]);
    add('attributes.cuts', attributes.cuts);
  }
  if (returns) add('returns', returns);
  if (ranker) {
    const { mean, scale, weights, ...rest } = ranker;
    add('ranker.mean', mean);
    add('ranker.scale', scale);
    add('ranker.weights', weights);
    settings.ranker = rest;
  }
  if (content) {
    const { dim, modalities, vectors, behaviour, ...rest } = content;
    add('content.vectors', vectors, [keys.length, dim]);
    add('content.behaviour', behaviour, [keys.length, dim]);
    for (const [index, { features, rarity, table, attention: sought }] of modalities.entries()) {
      const name = `content.${index}`;
      add(`${name}.features`, features);
      add(`${name}.rarity`, rarity);
      add(`${name}.table`, table, [table.length / dim, dim]);
      add(`${name}.attention`, sought);
    }
    settings.content = { dim, modalities: modalities.map(({ name, inputs, bias }) => ({ name, inputs, bias })), ...rest };
  }
  return { arrays, settings };
}

type ArrayType<T extends TensorData> = new (length: number) => T;

class TensorReader {
  constructor(
    private readonly arrays: ReadonlyMap<string, Tensor>,
    private readonly file: string,
  ) {}

  fail(what: string): never {
    throw new KairankError('KAIRANK_CORRUPT_FILE', `${this.file}: ${what}`, { field: this.file, received: what });
  }

  /** An array of a type and shape; -1 stands for any size. */
  take<T extends TensorData>(name: string, type: ArrayType<T>, shape: readonly number[]): { data: T; shape: readonly number[] } {
    const tensor = this.arrays.get(name);
    if (!tensor) this.fail(`array "${name}" is missing`);
    const { data } = tensor;
    const fits = tensor.shape.length === shape.length && shape.every((size, axis) => size < 0 || tensor.shape[axis] === size);
    if (!(data instanceof type) || !fits) this.fail(`array "${name}" has the wrong type or shape [${tensor.shape.join(', ')}]`);
    return { data, shape: tensor.shape };
  }

  finite<T extends TensorData>(name: string, data: T): T {
    for (let at = 0; at < data.length; at++) if (!Number.isFinite(data[at])) this.fail(`array "${name}" holds what is not a finite number`);
    return data;
  }

  keys(): Float64Array {
    const keys = this.take('keys', Float64Array, [-1]).data;
    if (new Set(keys).size !== keys.length) this.fail('array "keys" names an item twice');
    for (const key of keys) if (!Number.isSafeInteger(key) || key < 1) this.fail('array "keys" holds what is not a key');
    return keys;
  }

  /** Offsets from 0 up to the number of what they divide. */
  #offsets(name: string, shape: number, total: number): Float64Array {
    const offsets = this.take(name, Float64Array, [shape]).data;
    let before = 0;
    for (const offset of offsets) {
      if (!Number.isInteger(offset) || offset < before) this.fail(`array "${name}" does not count up`);
      before = offset;
    }
    if (offsets[0] !== 0 || before !== total) this.fail(`array "${name}" does not cover what it divides`);
    return offsets;
  }

  sessions(items: number, settings: NonNullable<Settings['sessions']>): SessionsTensors {
    const rows = this.take('sessions.rows', Uint32Array, [-1]).data;
    const offsets = this.#offsets('sessions.offsets', -1, rows.length);
    for (const row of rows) if (row >= items) this.fail('array "sessions.rows" names a row that is not there');
    return { offsets, rows, ...settings };
  }

  rules(items: number, settings: NonNullable<Settings['rules']>): RulesTensors {
    const columns = this.take('rules.columns', Uint32Array, [-1]).data;
    const values = this.finite('rules.values', this.take('rules.values', Float32Array, [columns.length]).data);
    const offsets = this.#offsets('rules.offsets', items + 1, columns.length);
    for (const column of columns) if (column >= items) this.fail('array "rules.columns" names a row that is not there');
    return { offsets, columns, values, ...settings };
  }

  factors(items: number, settings: NonNullable<Settings['factors']>): FactorsTensors {
    const { data, shape } = this.take('factors', Float32Array, [items, -1]);
    const dim = shape[1] ?? 0;
    const gram = this.finite('gram', this.take('gram', Float32Array, [dim, dim]).data);
    const userGram = this.finite('userGram', this.take('userGram', Float32Array, [dim, dim]).data);
    return { dim, factors: this.finite('factors', data), gram, userGram, ...settings };
  }

  ranker(settings: NonNullable<Settings['ranker']>): RankerTensors {
    const vector = (name: string, length: number): Float32Array => this.finite(name, this.take(name, Float32Array, [length]).data);
    const { inputs } = settings;
    return {
      ...settings,
      mean: vector('ranker.mean', inputs),
      scale: vector('ranker.scale', inputs),
      weights: vector('ranker.weights', -1),
    };
  }

  /** What goes together with what, the core checks. */
  attributes(items: number, { numbers }: { numbers: number }): AttributesTensors {
    const slots = this.take('attributes.slots', Uint32Array, [-1]).data;
    const width = slots.reduce((sum, count) => sum + count, 0);
    return {
      slots,
      numbers,
      labels: this.take('attributes.labels', Uint32Array, [items * width]).data,
      quantiles: this.finite('attributes.quantiles', this.take('attributes.quantiles', Float32Array, [items, numbers]).data),
      cuts: this.finite('attributes.cuts', this.take('attributes.cuts', Float64Array, [-1]).data),
    };
  }

  content(items: number, { dim, modalities, ...rest }: NonNullable<Settings['content']>): ContentTensors {
    const matrix = (name: string, rows: number): Float32Array => this.finite(name, this.take(name, Float32Array, [rows, dim]).data);
    return {
      dim,
      vectors: matrix('content.vectors', items),
      behaviour: matrix('content.behaviour', items),
      modalities: modalities.map(({ inputs, ...modality }, index) => {
        const name = `content.${index}`;
        const features = this.take(`${name}.features`, Uint32Array, [-1]).data;
        if (features.some((feature, at) => at > 0 && feature <= (features[at - 1] ?? 0)))
          this.fail(`array "${name}.features" does not rise`);
        const rarity = this.finite(`${name}.rarity`, this.take(`${name}.rarity`, Float32Array, [features.length]).data);
        const table = matrix(`${name}.table`, inputs > 0 ? inputs : features.length);
        const attention = this.finite(`${name}.attention`, this.take(`${name}.attention`, Float32Array, [dim]).data);
        return { ...modality, inputs, features, rarity, table, attention };
      }),
      ...rest,
    };
  }

  /** Which tensors there must be and of what size, the core knows from the config, and checks. */
  sequence(items: number, settings: NonNullable<Settings['sequence']>): SequenceTensors {
    this.take('sequence.items', Float32Array, [items, settings.dim]);
    const kinds = this.take('sequence.eventKinds', Uint32Array, [-1]).data;
    const tensors: SequenceTensors['tensors'] = {};
    for (const [name, { shape }] of this.arrays) {
      if (!name.startsWith('sequence.') || name === 'sequence.eventKinds') continue;
      const data = this.finite(name, this.take(name, Float32Array, shape).data);
      const [rows = 1, columns = 1] = shape.length === 1 ? [1, ...shape] : shape;
      tensors[name.slice('sequence.'.length)] = { rows, columns, data };
    }
    return { config: { ...settings, kinds }, tensors };
  }
}

/**
 * Models from the arrays of a bundle, every shape and range checked. `settings` comes from a manifest whose checksum
 * held.
 */
export function readTensors(arrays: ReadonlyMap<string, Tensor>, settings: unknown, file: string): ModelTensors {
  const reader = new TensorReader(arrays, file);
  const { rules, factors, sequence, sessions, content, attributes, ranker, attention, blend, excludeSeen } = settings as Settings;
  const keys = reader.keys();
  const popularity = reader.finite('popularity', reader.take('popularity', Float32Array, [keys.length]).data);
  return {
    keys,
    popularity,
    rules: rules && reader.rules(keys.length, rules),
    factors: factors && reader.factors(keys.length, factors),
    sessions: sessions && reader.sessions(keys.length, sessions),
    sequence: sequence && reader.sequence(keys.length, sequence),
    content: content && reader.content(keys.length, content),
    attributes: attributes ? reader.attributes(keys.length, attributes) : null,
    ranker: ranker && reader.ranker(ranker),
    recent: arrays.has('recent') ? reader.finite('recent', reader.take('recent', Float32Array, [keys.length]).data) : null,
    returns: arrays.has('returns') ? reader.finite('returns', reader.take('returns', Float32Array, [keys.length]).data) : null,
    attention,
    blend,
    excludeSeen,
  };
}
