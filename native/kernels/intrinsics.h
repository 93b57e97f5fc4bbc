#pragma once
// The intrinsics of the platform, or in the tests' second build (KAIRANK_EMULATE) an emulation of AVX-512 that runs
// anywhere: <emulated/...> lies under test/native.

#include "../dispatch/targets.h"

#if defined(KAIRANK_EMULATE)
#include <emulated/intrinsics.h>
#elif defined(KAIRANK_WITH_AVX2)
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own headers leave a variable unset on purpose and then warn of it (GCC bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#else
#include <immintrin.h>
#endif
#elif defined(KAIRANK_WITH_NEON)
#include <arm_neon.h>
#endif
