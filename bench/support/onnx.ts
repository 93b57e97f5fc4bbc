/** Writes small ONNX models as bytes, so that a peer can be timed without Python: onnx.proto3 by hand, only what the benches need. */

/** One operator: its inputs and outputs name values of the graph. */
export interface OnnxNode {
  op: string;
  inputs: string[];
  outputs: string[];
  /** Whole numbers are written as INT attributes unless the name is in `floats`. */
  attributes?: Record<string, number>;
  floats?: Record<string, number>;
  /** Operator set; '' is ONNX's own. */
  domain?: string;
}

/** A float tensor that goes in or comes out. */
export interface OnnxValue {
  name: string;
  shape: number[];
}

/** A float tensor that is part of the graph. */
export interface OnnxConstant extends OnnxValue {
  data: Float32Array;
}

export interface OnnxGraph {
  constants?: OnnxConstant[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  nodes: OnnxNode[];
  /** Operator set versions by domain. */
  opsets: Record<string, number>;
}

const FLOAT = 1;
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

const whole = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const message = (field: number, body: number[]): number[] => [...varint(field * 8 + 2), ...varint(body.length), ...body];
const text = (field: number, value: string): number[] => message(field, [...new TextEncoder().encode(value)]);

function float(field: number, value: number): number[] {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [...varint(field * 8 + 5), ...bytes];
}

function valueInfo(field: number, value: OnnxValue): number[] {
  const shape = value.shape.flatMap((size) => message(1, whole(1, size)));
  const tensor = [...whole(1, FLOAT), ...message(2, shape)];
  return message(field, [...text(1, value.name), ...message(2, message(1, tensor))]);
}

function constant({ name, shape, data }: OnnxConstant): number[] {
  const bytes = [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
  return message(5, [...shape.flatMap((size) => whole(1, size)), ...whole(2, FLOAT), ...text(8, name), ...message(9, bytes)]);
}

function node(value: OnnxNode): number[] {
  const integers = Object.entries(value.attributes ?? {}).map(([name, number]) =>
    message(5, [...text(1, name), ...whole(3, number), ...whole(20, ATTRIBUTE_INT)]),
  );
  const floats = Object.entries(value.floats ?? {}).map(([name, number]) =>
    message(5, [...text(1, name), ...float(2, number), ...whole(20, ATTRIBUTE_FLOAT)]),
  );
  return message(1, [
    ...value.inputs.flatMap((name) => text(1, name)),
    ...value.outputs.flatMap((name) => text(2, name)),
    ...text(4, value.op),
    ...integers.flat(),
    ...floats.flat(),
    ...text(7, value.domain ?? ''),
  ]);
}

/** The bytes of a ModelProto. */
export function onnxModel(graph: OnnxGraph): Uint8Array {
  const body = [
    ...graph.nodes.flatMap(node),
    ...text(2, 'bench'),
    ...(graph.constants ?? []).flatMap(constant),
    ...graph.inputs.flatMap((value) => valueInfo(11, value)),
    ...graph.outputs.flatMap((value) => valueInfo(12, value)),
  ];
  const opsets = Object.entries(graph.opsets).flatMap(([domain, version]) => message(8, [...text(1, domain), ...whole(2, version)]));
  return Uint8Array.from([...whole(1, 10), ...message(7, body), ...opsets]);
}
