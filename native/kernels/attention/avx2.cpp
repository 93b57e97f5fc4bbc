#include "../intrinsics.h"
#include "attention.h"

#if defined(KAIRANK_WITH_AVX2)

#include "../scratch.h"
#include "../unroll.h"
#include "exponential.h"
#include "lanes256.h"
#include "shapes.h"

#define KAIRANK_LANES_TARGET KAIRANK_TARGET_AVX2

namespace kairank {
namespace {

constexpr size_t kMaxVectors = 3;

/// Twelve accumulators and a column fill the sixteen registers.
constexpr int tileRows(int vectors) { return 12 / vectors; }

}  // namespace

#include "blocked.inc"

void attentionF32Avx2(const AttentionTask& task) { attendBlocked(task); }

}  // namespace kairank

#endif
