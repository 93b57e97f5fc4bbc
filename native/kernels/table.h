#pragma once
// The table of kernels. One implementation of each entry a target; dispatch composes the table of the running CPU
// from the best entries it has. An entry states its accumulator, its largest safe dimension and its error bound in
// the header of its folder.

#include <cstddef>
#include <cstdint>

namespace kairank {

/// Scores of one head, or of several: out[i] = sum_j softmax_j(scale * <q_i, k_j> + bias_j) * v_j, for every query i.
/// All matrices are row-major. With `heads` > 1 the dim and valueDim columns are split evenly among the heads and
/// bias has heads x events entries (a row per head).
struct AttentionTask {
  const float* queries;  // candidates x dim, stride queryStride (floats)
  size_t queryStride;
  size_t candidates;
  const float* keys;  // events x dim, stride keyStride
  size_t keyStride;
  const float* values;  // events x valueDim, stride valueStride; not read without out
  size_t valueStride;
  size_t events;
  size_t dim;
  size_t valueDim;
  size_t heads;
  float scale;
  const float* bias;  // heads x events, or null
  float* out;         // candidates x valueDim, stride outStride; null when it is not wanted
  size_t outStride;
  float* weights;  // candidates x heads x events, or null when the caller does not want them
  float* means;  // candidates x heads: sum_j softmax_j(...) * <q_i, k_j>, or null; where the values are the keys, that
                 // is <q_i, out_i> for half the work
};

/// A query against rows of codes, as gather/gather.h lays it out.
struct CodeQuery {
  const int8_t* lanes;  // 32-byte aligned
  size_t blocks;
  float scale;
  float offset;
};

/// C (m x n) = op(A) (m x k) times op(B) (k x n), all row-major. op transposes where it is told to: A is then stored as
/// k x m, B as n x k. Strides (lda, ldb, ldc) are in floats.
struct GemmTask {
  const float* a;
  size_t lda;
  bool transposeA;
  const float* b;
  size_t ldb;
  bool transposeB;
  float* c;
  size_t ldc;
  size_t m;
  size_t n;
  size_t k;
  bool accumulate;  // C += the product; otherwise C is written without being read
};

struct KernelTable {
  // dot/: <query, row> for every row. Strides are in elements.
  void (*dotF32)(const float* query, const float* rows, size_t stride, size_t count, size_t dim, float* out);
  void (*dotBf16)(const uint16_t* query, const uint16_t* rows, size_t stride, size_t count, size_t dim, float* out);
  void (*dotI8)(const int8_t* query, const int8_t* rows, size_t stride, size_t count, size_t dim, int32_t* out);
  // dot/: scores of m queries against n rows, out[i * outStride + j] = <query_i, row_j>.
  void (*batchF32)(const float* queries, size_t queryStride, size_t m, const float* rows, size_t rowStride, size_t n,
                   size_t dim, float* out, size_t outStride);
  void (*batchBf16)(const uint16_t* queries, size_t queryStride, size_t m, const uint16_t* rows, size_t rowStride,
                    size_t n, size_t dim, float* out, size_t outStride);
  void (*batchI8)(const int8_t* queries, size_t queryStride, size_t m, const int8_t* rows, size_t rowStride, size_t n,
                  size_t dim, int32_t* out, size_t outStride);

  // gather/: out[i] = scale * (query.scale * <query, codes of row rows[i]> + query.offset) + bias, with the scale and
  // the bias of the row; codes of 4 bits or of 8. Strides are in bytes; out has room for count rounded up to 4.
  void (*gatherI4)(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer, const uint32_t* rows,
                   size_t count, float* out);
  void (*gatherI8)(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer, const uint32_t* rows,
                   size_t count, float* out);

  // l2/: squared distance of the query from every row.
  void (*l2F32)(const float* query, const float* rows, size_t stride, size_t count, size_t dim, float* out);

  // topk/: positions i (ascending) with scores[i] > threshold, written to out (room for n); returns how many.
  size_t (*scanAbove)(const float* scores, size_t n, float threshold, uint32_t* out);

  // quantise/: f32 -> bf16 (round to nearest even, NaN stays NaN), bf16 -> f32, f32 row -> int8 with one scale.
  void (*toBf16)(const float* in, uint16_t* out, size_t n);
  void (*fromBf16)(const uint16_t* in, float* out, size_t n);
  float (*toI8)(const float* in, int8_t* out, size_t n);  // returns the scale: in ~ out * scale, |out| <= 127

  // attention/
  void (*attentionF32)(const AttentionTask& task);
  void (*attentionBf16)(const AttentionTask& task);  // f32 in and out, products in bf16, f32 accumulation

  // gram/: A += sum_i w_i x_i x_i^T over the lower triangle (A is dim x dim, row-major, stride lda).
  void (*gramF32)(const float* x, size_t stride, const float* w, size_t count, size_t dim, float* a, size_t lda);
  // y += alpha * x
  void (*axpyF32)(float alpha, const float* x, float* y, size_t n);

  // gemm/
  void (*gemmF32)(const GemmTask& task);
  void (*gemmBf16)(const GemmTask& task);  // for training: A and B may be rounded to bf16; f32 accumulation
  // softmax/: x[i] = exp(x[i] - largest of x); returns the sum of these.
  double (*softmaxF32)(float* x, size_t n, float* largest);
};

}  // namespace kairank
