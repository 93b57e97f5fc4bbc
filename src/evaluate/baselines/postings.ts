/** A sparse matrix of items by terms, readable by either: an item's terms, and a term's items. */

/** List i owns entries offsets[i] .. offsets[i + 1]. */
export interface Lists {
  offsets: Uint32Array;
  /** Terms of an item, or items of a term. */
  indexes: Uint32Array;
  values: Float64Array;
}

/** Lists from one map of values for each list. */
export function listsOf(maps: readonly ReadonlyMap<number, number>[]): Lists {
  const entries = maps.reduce((sum, map) => sum + map.size, 0);
  const lists = { offsets: new Uint32Array(maps.length + 1), indexes: new Uint32Array(entries), values: new Float64Array(entries) };
  let place = 0;
  for (const [list, map] of maps.entries()) {
    for (const [index, value] of map) {
      lists.indexes[place] = index;
      lists.values[place++] = value;
    }
    lists.offsets[list + 1] = place;
  }
  return lists;
}

/** The same entries listed by the other side, which has `count` lists; within a list in ascending order. */
export function transpose(lists: Lists, count: number): Lists {
  const offsets = new Uint32Array(count + 1);
  for (const index of lists.indexes) offsets[index + 1] = (offsets[index + 1] ?? 0) + 1;
  for (let index = 0; index < count; index++) offsets[index + 1] = (offsets[index + 1] ?? 0) + (offsets[index] ?? 0);
  const next = offsets.slice();
  const turned = { offsets, indexes: new Uint32Array(lists.indexes.length), values: new Float64Array(lists.indexes.length) };
  for (let list = 0; list + 1 < lists.offsets.length; list++) {
    for (let entry = lists.offsets[list] ?? 0; entry < (lists.offsets[list + 1] ?? 0); entry++) {
      const index = lists.indexes[entry] ?? 0;
      const place = next[index] ?? 0;
      next[index] = place + 1;
      turned.indexes[place] = list;
      turned.values[place] = lists.values[entry] ?? 0;
    }
  }
  return turned;
}

/** Adds `factor` times a list to a dense vector. */
export function addList(lists: Lists, list: number, factor: number, to: Float64Array): void {
  const { offsets, indexes, values } = lists;
  const end = offsets[list + 1] ?? 0;
  for (let entry = offsets[list] ?? 0; entry < end; entry++) {
    const index = indexes[entry] ?? 0;
    to[index] = (to[index] ?? 0) + factor * (values[entry] ?? 0);
  }
}
