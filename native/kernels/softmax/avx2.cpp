#include "../attention/lanes256.h"
#include "../unroll.h"
#include "softmax.h"

#if defined(KAIRANK_WITH_AVX2)

#define KAIRANK_LANES_TARGET KAIRANK_TARGET_AVX2
#include "lanes.inc"

namespace kairank {

double softmaxF32Avx2(float* x, size_t n, float* largest) { return softmaxLanes(x, n, largest); }

}  // namespace kairank

#endif
