/** Checked by `npm run typecheck`: the drop-in takes and gives the types that hnswlib-node declares. Never run. */

import type * as peer from 'hnswlib-node';
import { expectTypeOf } from 'vitest';
import dropIn, * as ours from '../../src/vector/hnswlib/index.js';

type Public<T> = { [Key in keyof T]: T[Key] };

expectTypeOf<ours.HierarchicalNSW>().toExtend<peer.HierarchicalNSW>();
expectTypeOf<ours.BruteforceSearch>().toExtend<peer.BruteforceSearch>();
expectTypeOf<ours.L2Space>().toExtend<peer.L2Space>();
expectTypeOf<ours.InnerProductSpace>().toExtend<peer.InnerProductSpace>();
// And the other way round: nothing more is asked for, nothing else given.
expectTypeOf<peer.HierarchicalNSW>().toExtend<Public<ours.HierarchicalNSW>>();
expectTypeOf<peer.BruteforceSearch>().toExtend<Public<ours.BruteforceSearch>>();
expectTypeOf<peer.L2Space>().toExtend<Public<ours.L2Space>>();
expectTypeOf<peer.InnerProductSpace>().toExtend<Public<ours.InnerProductSpace>>();

expectTypeOf<ours.SpaceName>().toEqualTypeOf<peer.SpaceName>();
expectTypeOf<ours.SearchResult>().toEqualTypeOf<peer.SearchResult>();
expectTypeOf<ours.FilterFunction>().toEqualTypeOf<peer.FilterFunction>();
expectTypeOf<ConstructorParameters<typeof ours.HierarchicalNSW>>().toEqualTypeOf<ConstructorParameters<typeof peer.HierarchicalNSW>>();
expectTypeOf<ConstructorParameters<typeof ours.BruteforceSearch>>().toEqualTypeOf<ConstructorParameters<typeof peer.BruteforceSearch>>();
expectTypeOf(dropIn.HierarchicalNSW).toEqualTypeOf(ours.HierarchicalNSW);

export function refused(index: ours.HierarchicalNSW): void {
  index.initIndex(10, 16, 200, 100, true);
  index.initIndex({ maxElements: 10, allowReplaceDeleted: true });
  // @ts-expect-error there is no such space
  new ours.HierarchicalNSW('cos', 3);
  // @ts-expect-error a point is an array
  index.addPoint(new Float32Array(3), 1);
  // @ts-expect-error a filter says yes or no
  index.searchKnn([1], 1, (label: number) => label);
}
