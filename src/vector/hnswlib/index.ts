/**
 * A drop-in for hnswlib-node 3.0: the same classes, methods, argument checks, errors and index files, on kairank's core.
 * `import { HierarchicalNSW } from 'kairank/hnswlib'`, `import hnswlib from 'kairank/hnswlib'` and
 * `require('kairank/hnswlib')` all work.
 *
 * It differs where hnswlib-node loses points, or the process:
 *
 * - BruteforceSearch with a filter finds the nearest points that pass. There, points are missed.
 * - A label that was removed from BruteforceSearch can be added and removed again. There, where its point was the last
 *   row, the next one under that label is not counted, and removing it takes another point away.
 * - BruteforceSearch knows the labels of a file that it has read. There, they cannot be removed or replaced.
 * - addPoint with replaceDeleted replaces the point of a label that is there. There, the label has two points then.
 * - A file that cannot be written is an error. There, nothing is said.
 * - Files are checked throughout, and a point of another dimension refused; the index stays as it was.
 * - An array with what is no number in it changes nothing. There, a point is added, or the process ends.
 * - A filter that throws ends the search with its error; one that changes the index is refused. There, the process ends.
 * - More neighbours than there are points: all of them. There, BruteforceSearch ends the process.
 * - m may be 0 or 1, and counts as 2. There, adding fails or ends the process.
 */

import { BruteforceSearch } from './brute-force.js';
import { HierarchicalNSW } from './hierarchical.js';
import { InnerProductSpace, L2Space } from './spaces.js';

export type { FilterFunction, InitIndexOptions, SearchResult, SpaceName } from './types.js';
export { BruteforceSearch, HierarchicalNSW, InnerProductSpace, L2Space };

/** hnswlib-node is CommonJS: programs that import it as a module take its default export. */
export default { BruteforceSearch, HierarchicalNSW, InnerProductSpace, L2Space };
