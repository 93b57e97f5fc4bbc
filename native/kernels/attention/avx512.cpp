#include "../intrinsics.h"
#include "attention.h"

#if defined(KAIRANK_WITH_AVX512)

#include "../scratch.h"
#include "../unroll.h"
#include "exponential.h"
#include "lanes512.h"
#include "shapes.h"

#define KAIRANK_LANES_TARGET KAIRANK_TARGET_AVX512

namespace kairank {
namespace {

constexpr size_t kMaxVectors = 4;

/// 24 accumulators at most; the columns and constants have the other eight registers.
constexpr int tileRows(int vectors) { return vectors <= 2 ? 12 : 6; }

}  // namespace

#include "blocked.inc"

void attentionF32Avx512(const AttentionTask& task) { attendBlocked(task); }

}  // namespace kairank

#endif
