/** Lets the system forget a file that it has read, so that the next to open it reads from the disk. */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** By which means; 'not permitted' where the file may still be in memory. */
export type Dropped = 'drop_caches' | 'posix_fadvise' | 'not permitted';

export function dropPageCache(path: string): Dropped {
  if (process.platform !== 'linux') return 'not permitted';
  // Only what is on the disk already can be forgotten.
  spawnSync('sync', [path]);
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1');
    return 'drop_caches';
  } catch {
    // Without the right to that, the owner of a file may still advise that its pages are not needed.
    const { status } = spawnSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
    return status === 0 ? 'posix_fadvise' : 'not permitted';
  }
}
