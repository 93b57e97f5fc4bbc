import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineCatalog, Engine } from '../../src/index.js';

const catalog = defineCatalog({ fields: { aisle: 'category', image: { kind: 'vector', dim: 4 } } });
type Shop = typeof catalog.fields;

const AISLE = 20;
const left = (index: number): Float32Array => Float32Array.of(1, 0.2, 0.01 * index, 0);
const right = (index: number): Float32Array => Float32Array.of(0, -0.01 * index, 0.2, 1);
const items = Array.from({ length: 2 * AISLE }, (_, index) => ({
  id: `i${index}`,
  aisle: index < AISLE ? 'left' : 'right',
  image: index < AISLE ? left(index) : right(index),
}));
/** Two kinds of shoppers, each in an aisle of their own. */
const events = Array.from({ length: 120 }, (_, user) =>
  Array.from({ length: 6 }, (_, step) => ({
    user: `u${user}`,
    item: `i${(user % 2) * AISLE + ((Math.floor(user / 2) + step * 3) % AISLE)}`,
    type: 'purchase' as const,
    at: 1.7e12 + user * 1e6 + step * 1000,
  })),
).flat();

let dir: string;
const opened: { close(): Promise<void> }[] = [];
async function shop(): Promise<Engine<Shop>> {
  const engine = await Engine.open<Shop>(dir, { catalog });
  opened.push(engine);
  return engine;
}
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'kairank-late-')), 'shop');
});
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
  rmSync(join(dir, '..'), { recursive: true, force: true });
});

interface Told {
  id: string;
  content: boolean;
}

/** Two new items for a shopper of the left aisle, the nearer first, and whether content spoke for them. */
async function told(engine: Engine<Shop>): Promise<Told[]> {
  const { items: ranked } = await engine.rank({ events: [{ item: 'i3' }, { item: 'i5' }], items: ['one', 'two'], k: 2 });
  return ranked.map(({ id, sources }) => ({ id, content: sources.includes('content') }));
}

describe('what is told of an item after training', () => {
  it('counts at once and over an opening, by whatever way it is put', async () => {
    const engine = await shop();
    await engine.items.put(items);
    await engine.events.add(events);
    await engine.train({ validation: 0 });
    await engine.items.put([{ id: 'one' }, { id: 'two' }]);
    expect((await told(engine)).map(({ content }) => content)).toEqual([false, false]);
    // Vectors of their own, without another put.
    const both = (first: Float32Array, second: Float32Array): Float32Array => Float32Array.of(...first, ...second);
    await engine.items.putVectors('image', ['one', 'two'], both(right(1), left(1)));
    const nearer = (id: string): Told[] => [id, id === 'one' ? 'two' : 'one'].map((name) => ({ id: name, content: true }));
    expect(await told(engine)).toEqual(nearer('two'));
    // Eighteen of the left aisle are left, and one that joined them.
    const { items: shown } = await engine.recommend({ events: [{ item: 'i3' }, { item: 'i5' }], k: 22 });
    expect(shown.map(({ id }) => id)).toContain('two');
    expect(shown.map(({ id }) => id)).not.toContain('one');
    // Other vectors, other neighbours.
    await engine.items.putVectors('image', ['one', 'two'], both(left(1), right(1)));
    expect(await told(engine)).toEqual(nearer('one'));
    await engine.close();
    const again = await shop();
    await expect.poll(() => told(again), { timeout: 5000 }).toEqual(nearer('one'));
    // A field beside the vector, which the item keeps or loses with the put.
    await again.items.put([{ id: 'one', aisle: 'right', image: right(2) }]);
    await again.items.put([{ id: 'two', aisle: 'left', image: left(2) }]);
    expect(await told(again)).toEqual(nearer('two'));
  });

  it('moves an item of training, too', async () => {
    const engine = await shop();
    await engine.items.put([...items, { id: 'one', aisle: 'left', image: left(3) }, { id: 'two', aisle: 'right', image: right(3) }]);
    await engine.events.add(events);
    await engine.train({ validation: 0 });
    expect((await told(engine))[0]?.id).toBe('one');
    await engine.items.put([
      { id: 'one', aisle: 'right', image: right(4) },
      { id: 'two', aisle: 'left', image: left(4) },
    ]);
    expect((await told(engine))[0]?.id).toBe('two');
  });
});
