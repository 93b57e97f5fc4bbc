/** What a request leaves open, where a bench asks the core itself. */

import type { NativeRequest } from '../../src/native.js';

export const PLAIN: Omit<NativeRequest, 'user' | 'mode' | 'k' | 'candidates'> = {
  requestId: null,
  events: null,
  items: null,
  words: null,
  filter: -1,
  excludeSeen: null,
  exclude: null,
  now: 0,
  deadline: 0,
  reasons: 0,
};
