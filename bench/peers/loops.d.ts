import type { AttentionWork } from './attention.js';

export function dotF32(query: Float32Array, rows: Float32Array, out: Float32Array): void;
export function dotI8(query: Int8Array, rows: Int8Array, out: Int32Array): void;
export function attention(work: AttentionWork, output: Float32Array, scores: Float64Array, sums: Float64Array): void;
