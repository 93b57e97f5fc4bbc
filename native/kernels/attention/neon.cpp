#include "../intrinsics.h"
#include "attention.h"

#if defined(KAIRANK_WITH_NEON)

#include "../scratch.h"
#include "../unroll.h"
#include "exponential.h"
#include "lanes128.h"
#include "shapes.h"

#define KAIRANK_LANES_TARGET KAIRANK_TARGET_NEON

namespace kairank {
namespace {

constexpr size_t kMaxVectors = 4;

/// 24 accumulators at most of 32 registers.
constexpr int tileRows(int vectors) { return vectors <= 2 ? 12 : 6; }

}  // namespace

#include "blocked.inc"

void attentionF32Neon(const AttentionTask& task) { attendBlocked(task); }

}  // namespace kairank

#endif
