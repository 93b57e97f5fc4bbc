#include "../quantise/convert.h"
#include "dot.h"

namespace kairank {
namespace {

// Separate sums keep the additions independent, so that the compiler may use the vectors of the baseline.
constexpr size_t kLanes = 8;

float sumLanes(const float* lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

float dotOne(const float* a, const float* b, size_t dim) {
  float lanes[kLanes] = {};
  size_t k = 0;
  for (; k + kLanes <= dim; k += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[k + lane] * b[k + lane];
  }
  for (; k < dim; ++k) lanes[k % kLanes] += a[k] * b[k];
  return sumLanes(lanes);
}

float dotOne(const uint16_t* a, const uint16_t* b, size_t dim) {
  float lanes[kLanes] = {};
  size_t k = 0;
  for (; k + kLanes <= dim; k += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += floatOf(a[k + lane]) * floatOf(b[k + lane]);
  }
  for (; k < dim; ++k) lanes[k % kLanes] += floatOf(a[k]) * floatOf(b[k]);
  return sumLanes(lanes);
}

int32_t dotOne(const int8_t* a, const int8_t* b, size_t dim) {
  int32_t sum = 0;
  for (size_t k = 0; k < dim; ++k) sum += static_cast<int32_t>(a[k]) * b[k];
  return sum;
}

template <typename In, typename Out>
void dotRows(const In* query, const In* rows, size_t stride, size_t count, size_t dim, Out* out) {
  for (size_t i = 0; i < count; ++i) out[i] = dotOne(query, rows + i * stride, dim);
}

/// Rows outside, queries inside: a block of queries stays in the cache while the rows stream by once.
template <typename In, typename Out>
void batch(const In* queries, size_t queryStride, size_t m, const In* rows, size_t rowStride, size_t n, size_t dim,
           Out* out, size_t outStride) {
  constexpr size_t kQueries = 64;
  for (size_t first = 0; first < m; first += kQueries) {
    const size_t last = first + kQueries < m ? first + kQueries : m;
    for (size_t j = 0; j < n; ++j) {
      for (size_t i = first; i < last; ++i) {
        out[i * outStride + j] = dotOne(queries + i * queryStride, rows + j * rowStride, dim);
      }
    }
  }
}

}  // namespace

void dotF32Scalar(const float* query, const float* rows, size_t stride, size_t count, size_t dim, float* out) {
  dotRows(query, rows, stride, count, dim, out);
}

void dotBf16Scalar(const uint16_t* query, const uint16_t* rows, size_t stride, size_t count, size_t dim, float* out) {
  dotRows(query, rows, stride, count, dim, out);
}

void dotI8Scalar(const int8_t* query, const int8_t* rows, size_t stride, size_t count, size_t dim, int32_t* out) {
  dotRows(query, rows, stride, count, dim, out);
}

void batchF32Scalar(const float* queries, size_t queryStride, size_t m, const float* rows, size_t rowStride, size_t n,
                    size_t dim, float* out, size_t outStride) {
  batch(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

void batchBf16Scalar(const uint16_t* queries, size_t queryStride, size_t m, const uint16_t* rows, size_t rowStride,
                     size_t n, size_t dim, float* out, size_t outStride) {
  batch(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

void batchI8Scalar(const int8_t* queries, size_t queryStride, size_t m, const int8_t* rows, size_t rowStride, size_t n,
                   size_t dim, int32_t* out, size_t outStride) {
  batch(queries, queryStride, m, rows, rowStride, n, dim, out, outStride);
}

}  // namespace kairank
