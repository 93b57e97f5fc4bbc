#include "../attention/lanes512.h"
#include "../unroll.h"
#include "softmax.h"

#if defined(KAIRANK_WITH_AVX512)

#define KAIRANK_LANES_TARGET KAIRANK_TARGET_AVX512
#include "lanes.inc"

namespace kairank {

double softmaxF32Avx512(float* x, size_t n, float* largest) { return softmaxLanes(x, n, largest); }

}  // namespace kairank

#endif
