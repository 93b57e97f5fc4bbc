#pragma once
// The intrinsics of the platform, or in the tests' second build (KAIRANK_EMULATE) an emulation of AVX-512 that runs
// anywhere: <emulated/...> lies under test/native.

#include "../dispatch/targets.h"

#if defined(KAIRANK_EMULATE)
#include <emulated/intrinsics.h>
#elif defined(KAIRANK_WITH_AVX2)
#include <immintrin.h>
#elif defined(KAIRANK_WITH_NEON)
#include <arm_neon.h>
#endif
