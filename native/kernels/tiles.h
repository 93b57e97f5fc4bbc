#pragma once
// AMX tiles. The configuration belongs to the thread: a kernel holds a TileScope while it uses tiles, which loads it
// on entering and releases it on leaving. The wrappers are assembler of our own with a memory clobber, because GCC 12's
// headers declare too little of what a load and a configuration read, so that stores before them could be lost.

#include <cstddef>
#include <cstdint>

#include "../dispatch/targets.h"

#if defined(KAIRANK_WITH_AMX)

namespace kairank {

/// Shapes of the eight tiles as LDTILECFG reads them: rows (at most 16) and bytes a row (at most 64, a multiple of 4).
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t startRow = 0;
  uint8_t reserved[14] = {};
  uint16_t bytes[16] = {};
  uint8_t rows[16] = {};
};

/// Eight tiles of 16 rows of 64 bytes.
inline TileConfig fullTiles() {
  TileConfig config;
  for (int i = 0; i < 8; ++i) {
    config.rows[i] = 16;
    config.bytes[i] = 64;
  }
  return config;
}

}  // namespace kairank

#if defined(KAIRANK_EMULATE)
#include <emulated/tiles.h>
#else

namespace kairank {

KAIRANK_TARGET_AMX inline void tileConfigure(const TileConfig& config) {
  __asm__ volatile("ldtilecfg %0" : : "m"(config) : "memory");
}

KAIRANK_TARGET_AMX inline void tileRelease() { __asm__ volatile("tilerelease" : : : "memory"); }

template <int kTile>
KAIRANK_TARGET_AMX inline void tileZero() {
  __asm__ volatile("tilezero %%tmm%c0" : : "i"(kTile));
}

/// Rows of the tile from base, base + stride, ... (stride in bytes).
template <int kTile>
KAIRANK_TARGET_AMX inline void tileLoad(const void* base, size_t stride) {
  __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(base), "r"(stride), "i"(kTile) : "memory");
}

template <int kTile>
KAIRANK_TARGET_AMX inline void tileStore(void* base, size_t stride) {
  __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(base), "r"(stride), "i"(kTile) : "memory");
}

/// sum[m][n] += a[m][2k] b[k][2n] + a[m][2k + 1] b[k][2n + 1] over k: bf16 in, f32 out.
template <int kSum, int kA, int kB>
KAIRANK_TARGET_AMX inline void tileDotBf16() {
  __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}

/// sum[m][n] += a[m][4k + t] b[k][4n + t] over k and t in 0..3: signed bytes in, int32 out.
template <int kSum, int kA, int kB>
KAIRANK_TARGET_AMX inline void tileDotI8() {
  __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}

}  // namespace kairank

#endif

namespace kairank {

/// Holds the configuration of this thread's tiles.
class TileScope {
 public:
  KAIRANK_TARGET_AMX explicit TileScope(const TileConfig& config) { tileConfigure(config); }
  KAIRANK_TARGET_AMX ~TileScope() { tileRelease(); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

}  // namespace kairank

#endif
