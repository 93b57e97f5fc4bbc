/** What the benches use of their peers, which are installed only when a bench runs. */

declare module 'onnxruntime-node' {
  export class Tensor {
    constructor(type: 'float32', data: Float32Array, dims: readonly number[]);
    readonly data: Float32Array;
  }

  interface SessionOptions {
    executionMode: 'sequential' | 'parallel';
    graphOptimizationLevel: 'disabled' | 'basic' | 'extended' | 'all';
    interOpNumThreads: number;
    intraOpNumThreads: number;
  }

  export class InferenceSession {
    static create(model: Uint8Array, options: SessionOptions): Promise<InferenceSession>;
    run(feeds: Record<string, Tensor>, fetches: Record<string, Tensor>): Promise<Record<string, Tensor>>;
    release(): Promise<void>;
  }
}

declare module '@tensorflow/tfjs' {
  export interface Tensor2D {
    matMul(other: Tensor2D): Tensor2D;
    transpose(): Tensor2D;
    mul(factor: number): Tensor2D;
    softmax(): Tensor2D;
    dataSync(): Float32Array;
    dispose(): void;
  }

  export function tensor2d(values: Float32Array, shape: [number, number]): Tensor2D;
  export function tidy<T>(body: () => T): T;
  export function setBackend(name: string): Promise<boolean>;
  export function ready(): Promise<void>;
}

declare module '@tensorflow/tfjs-backend-wasm' {
  export function setWasmPaths(folder: string): void;
  export function setThreadsCount(count: number): void;
}

declare module 'usearch' {
  interface Matches {
    keys: BigUint64Array;
    distances: Float32Array;
  }

  interface IndexConfig {
    dimensions: number;
    metric: 'ip';
    quantization: 'f32';
    connectivity: number;
    expansion_add: number;
    expansion_search: number;
    multi: boolean;
  }

  export class Index {
    constructor(config: IndexConfig);
    add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
    search(vector: Float32Array, k: number, threads: number): Matches;
    save(path: string): void;
    load(path: string): void;
  }
}
