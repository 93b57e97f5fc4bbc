/** Files of vectors written by the published formats alone, so that the readers are tested against another implementation. */

/** Bytes of numbers in a type of NumPy. */
export function floatBytes(descr: '<f2' | '<f4' | '<f8', values: readonly number[]): Buffer {
  const width = Number(descr[2]);
  const bytes = Buffer.alloc(values.length * width);
  for (const [index, value] of values.entries()) {
    if (width === 8) bytes.writeDoubleLE(value, index * 8);
    else if (width === 4) bytes.writeFloatLE(value, index * 4);
    else bytes.writeUInt16LE(halfBits(value), index * 2);
  }
  return bytes;
}

/** The half-precision float nearest to a number that has one exactly. */
function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (size === 0) return sign;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const fraction = Math.round(size / 2 ** (exponent - 10));
  return sign | (fraction < 1024 ? fraction : ((exponent + 15) << 10) | (fraction - 1024));
}

/** An npy file with a header as given: the text of the dictionary. */
export function npyFile(dictionary: string, data: Uint8Array, version: 1 | 2 | 3 = 1): Buffer {
  const start = version === 1 ? 10 : 12;
  const length = Math.ceil((start + dictionary.length + 1) / 64) * 64 - start;
  const head = Buffer.alloc(start);
  head.write('\x93NUMPY', 'latin1');
  head[6] = version;
  if (version === 1) head.writeUInt16LE(length, 8);
  else head.writeUInt32LE(length, 8);
  return Buffer.concat([head, Buffer.from(`${dictionary.padEnd(length - 1)}\n`, 'latin1'), data]);
}

/** A matrix as `numpy.save` writes it. */
export function npy(
  rows: number,
  dim: number,
  values: readonly number[],
  descr: '<f2' | '<f4' | '<f8' = '<f4',
  version: 1 | 2 | 3 = 1,
): Buffer {
  return npyFile(`{'descr': '${descr}', 'fortran_order': False, 'shape': (${rows}, ${dim}), }`, floatBytes(descr, values), version);
}

/** Thrift's compact protocol, as far as Parquet's footer and page headers need it. */
type Thrift = { i32: number } | { i64: number } | { text: string } | { list: Thrift[] } | { struct: Record<number, Thrift> };

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const typeOf = (value: Thrift): number => ('i32' in value ? 5 : 'i64' in value ? 6 : 'text' in value ? 8 : 'list' in value ? 9 : 12);

function thrift(value: Thrift): number[] {
  if ('i32' in value) return varint(value.i32 * 2);
  if ('i64' in value) return varint(value.i64 * 2);
  if ('text' in value) return [...varint(Buffer.byteLength(value.text)), ...Buffer.from(value.text)];
  if ('list' in value) {
    const type = typeOf(value.list[0] ?? { i32: 0 });
    return [
      ...(value.list.length < 15 ? [(value.list.length << 4) | type] : [0xf0 | type, ...varint(value.list.length)]),
      ...value.list.flatMap(thrift),
    ];
  }
  let last = 0;
  const fields = Object.entries(value.struct).flatMap(([number, field]) => {
    const delta = Number(number) - last;
    last = Number(number);
    return [(delta << 4) | typeOf(field), ...thrift(field)];
  });
  return [...fields, 0];
}

/** Levels as runs of one, after their length. */
function levels(values: readonly number[]): Buffer {
  const runs = Buffer.from(values.flatMap((value) => [2, value]));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(runs.length);
  return Buffer.concat([length, runs]);
}

export interface ParquetRow {
  id: string | null;
  embedding: readonly (number | null)[] | null;
}

const [BYTE_ARRAY, FLOAT, OPTIONAL, REPEATED, UTF8, LIST] = [6, 4, 1, 2, 0, 3];

/**
 * A Parquet file of `id: string` and `embedding: list<float>`, uncompressed, a row group for each array of rows. `claimed` is the
 * number of values that the footer says instead of the true one.
 */
export function parquet(
  groups: readonly (readonly ParquetRow[])[],
  names: { id?: string; embedding?: string; claimed?: number } = {},
): Buffer {
  const { id = 'id', embedding = 'embedding', claimed } = names;
  const parts: Buffer[] = [Buffer.from('PAR1')];
  let end = 4;
  const rowGroups = groups.map((rows): Thrift => {
    const column = (type: number, path: string[], count: number, page: Buffer): Thrift => {
      const header: Thrift = {
        struct: {
          1: { i32: 0 },
          2: { i32: page.length },
          3: { i32: page.length },
          5: { struct: { 1: { i32: count }, 2: { i32: 0 }, 3: { i32: 3 }, 4: { i32: 3 } } },
        },
      };
      const chunk = Buffer.concat([Buffer.from(thrift(header)), page]);
      const offset = end;
      parts.push(chunk);
      end += chunk.length;
      const meta: Thrift = {
        struct: {
          1: { i32: type },
          2: { list: [{ i32: 0 }, { i32: 3 }] },
          3: { list: path.map((text) => ({ text })) },
          4: { i32: 0 },
          5: { i64: claimed ?? count },
          6: { i64: chunk.length },
          7: { i64: chunk.length },
          9: { i64: offset },
        },
      };
      return { struct: { 2: { i64: offset }, 3: meta } };
    };
    const texts = rows.flatMap((row) => (row.id === null ? [] : [Buffer.from(row.id)]));
    const ids = Buffer.concat([
      levels(rows.map((row) => (row.id === null ? 0 : 1))),
      ...texts.flatMap((text) => [Buffer.from(Uint32Array.of(text.length).buffer), text]),
    ]);
    const entries = rows.flatMap(({ embedding: list }) => {
      if (list === null || list.length === 0) return [{ repetition: 0, definition: list === null ? 0 : 1, value: null }];
      return list.map((value, index) => ({ repetition: index > 0 ? 1 : 0, definition: value === null ? 2 : 3, value }));
    });
    const lists = Buffer.concat([
      levels(entries.map(({ repetition }) => repetition)),
      levels(entries.map(({ definition }) => definition)),
      floatBytes(
        '<f4',
        entries.flatMap(({ value }) => (value === null ? [] : [value])),
      ),
    ]);
    const columns = [column(BYTE_ARRAY, [id], rows.length, ids), column(FLOAT, [embedding, 'list', 'element'], entries.length, lists)];
    return { struct: { 1: { list: columns }, 2: { i64: end }, 3: { i64: rows.length } } };
  });
  const element = (fields: Record<number, Thrift>): Thrift => ({ struct: fields });
  const schema = [
    element({ 4: { text: 'schema' }, 5: { i32: 2 } }),
    element({ 1: { i32: BYTE_ARRAY }, 3: { i32: OPTIONAL }, 4: { text: id }, 6: { i32: UTF8 } }),
    element({ 3: { i32: OPTIONAL }, 4: { text: embedding }, 5: { i32: 1 }, 6: { i32: LIST } }),
    element({ 3: { i32: REPEATED }, 4: { text: 'list' }, 5: { i32: 1 } }),
    element({ 1: { i32: FLOAT }, 3: { i32: OPTIONAL }, 4: { text: 'element' } }),
  ];
  const total = groups.reduce((sum, rows) => sum + rows.length, 0);
  const footer = Buffer.from(thrift({ struct: { 1: { i32: 1 }, 2: { list: schema }, 3: { i64: total }, 4: { list: rowGroups } } }));
  return Buffer.concat([...parts, footer, Buffer.from(Uint32Array.of(footer.length).buffer), Buffer.from('PAR1')]);
}

/** A safetensors file with one header by hand. */
export function safetensors(tensors: Record<string, { dtype: string; shape: number[]; data: Uint8Array }>): Buffer {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    const begin = end;
    end += data.length;
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...Object.values(tensors).map(({ data }) => data)]);
}
