// One query against rows where the CPU multiplies bf16 itself (AVX512_BF16): tiles would be mostly empty here.

#include <cstring>

#include "../intrinsics.h"
#include "../unroll.h"
#include "dot.h"
#include "prefetch.h"

#if defined(KAIRANK_WITH_AMX)

namespace kairank {
namespace {

constexpr size_t kRows = 8;  // rows in flight, one chain of sums each

KAIRANK_TARGET_AMX inline __m512bh loadPairs(__mmask32 mask, const uint16_t* from) {
  const __m512i bits = _mm512_maskz_loadu_epi16(mask, from);
  __m512bh pairs;
  std::memcpy(&pairs, &bits, sizeof pairs);
  return pairs;
}

template <size_t kCount>
KAIRANK_TARGET_AMX inline void dotRows(const uint16_t* query, const uint16_t* rows, size_t stride, size_t dim,
                                       float* out) {
  __m512 sums[kCount];
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) sums[r] = _mm512_setzero_ps();
  for (size_t k = 0; k < dim; k += 32) {
    const __mmask32 mask = dim - k >= 32 ? 0xFFFFFFFFu : (1u << (dim - k)) - 1;
    const __m512bh q = loadPairs(mask, query + k);
    KAIRANK_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const uint16_t* row = rows + r * stride + k;
      sums[r] = _mm512_dpbf16_ps(sums[r], q, loadPairs(mask, row));
    }
  }
  KAIRANK_UNROLL
  for (size_t r = 0; r < kCount; ++r) out[r] = _mm512_reduce_add_ps(sums[r]);
}

}  // namespace

KAIRANK_TARGET_AMX void dotBf16Amx(const uint16_t* query, const uint16_t* rows, size_t stride, size_t count, size_t dim,
                                   float* out) {
  size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    prefetchAfter(rows + (i + kRows) * stride, kRows * stride);
    dotRows<kRows>(query, rows + i * stride, stride, dim, out + i);
  }
  for (; i < count; ++i) dotRows<1>(query, rows + i * stride, stride, dim, out + i);
}

}  // namespace kairank

#endif
