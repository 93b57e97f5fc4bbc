#include "../attention/lanes128.h"
#include "../unroll.h"
#include "softmax.h"

#if defined(KAIRANK_WITH_NEON)

#define KAIRANK_LANES_TARGET KAIRANK_TARGET_NEON
#include "lanes.inc"

namespace kairank {

double softmaxF32Neon(float* x, size_t n, float* largest) { return softmaxLanes(x, n, largest); }

}  // namespace kairank

#endif
