/** Category paths, as catalogues write them: `Beauty > Hair Care > Shampoos`, several of them between bars. */

/** Names of nodes from the root to the deepest. */
export type CategoryPath = readonly string[];

const BETWEEN_PATHS = /\|+/;
const BETWEEN_NODES = '>';

function pathOf(nodes: readonly unknown[]): CategoryPath {
  return nodes
    .flatMap((node) => (typeof node === 'string' || typeof node === 'number' ? [String(node).trim()] : []))
    .filter((node) => node !== '');
}

/**
 * The paths of a value: of `a > b || c` the paths a > b and c; of a list, those of each entry, an entry that is a list itself being
 * one path (`[["a", "b"], ["c"]]`). A path that comes twice counts once. Empty where there is none.
 */
export function pathsOf(value: unknown): CategoryPath[] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  const paths = entries.flatMap((entry): CategoryPath[] => {
    if (Array.isArray(entry)) return [pathOf(entry)];
    if (typeof entry === 'number') return [pathOf([entry])];
    return typeof entry === 'string' ? entry.split(BETWEEN_PATHS).map((path) => pathOf(path.split(BETWEEN_NODES))) : [];
  });
  const distinct = new Map(paths.map((path) => [nodeKey(path), path]));
  return [...distinct.values()].filter((path) => path.length > 0);
}

/** What tells the deepest node of a path from all others: Oils of the body are not Oils of the hair. */
export function nodeKey(path: CategoryPath): string {
  return path.join(BETWEEN_NODES);
}
