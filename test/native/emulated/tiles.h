#pragma once
// AMX without the CPU: tiles as plain arrays, one set a thread, and every rule that hardware would answer with a fault
// checked here: a configuration must be loaded, and valid; shapes must fit each other.
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, TDPBF16PS, TDPBSSD, LDTILECFG.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bf16.h"

namespace kairank {
namespace emulated {

struct Tile {
  uint8_t bytes[16][64];
};

struct Tiles {
  bool configured = false;
  TileConfig config;
  Tile tile[8];
};

inline Tiles& tiles() {
  thread_local Tiles own;
  return own;
}

inline void require(bool condition, const char* rule) {
  if (condition) return;
  std::printf("emulated AMX: %s\n", rule);
  std::abort();
}

/// The tile, which must be configured.
inline Tile& tileAt(int index) {
  require(tiles().configured, "a tile is used without a configuration");
  require(tiles().config.rows[index] != 0 && tiles().config.bytes[index] != 0, "a tile without a shape is used");
  return tiles().tile[index];
}

inline size_t rowsOf(int index) { return tiles().config.rows[index]; }
inline size_t bytesOf(int index) { return tiles().config.bytes[index]; }

inline void requireProduct(int sum, int a, int b) {
  require(sum != a && sum != b && a != b, "the three tiles of a product are not distinct");
  require(rowsOf(a) == rowsOf(sum), "the first factor has not the rows of the sum");
  require(bytesOf(b) == bytesOf(sum), "the second factor has not the columns of the sum");
  require(bytesOf(a) / 4 == rowsOf(b), "the factors do not fit each other");
}

template <typename T>
T element(const Tile& tile, size_t row, size_t index) {
  T value;
  std::memcpy(&value, tile.bytes[row] + index * sizeof(T), sizeof(T));
  return value;
}

/// True between loading a configuration and releasing it: a kernel must leave it false.
inline bool tilesHeld() { return tiles().configured; }

}  // namespace emulated

inline void tileConfigure(const TileConfig& config) {
  emulated::require(reinterpret_cast<uintptr_t>(&config) % 64 == 0, "the configuration is not on a cache line");
  emulated::require(config.palette == 1 && config.startRow == 0, "the palette is not 1, or the start row not 0");
  for (int i = 0; i < 16; ++i) {
    const bool isTile = i < 8;
    emulated::require(config.rows[i] <= (isTile ? 16 : 0), "a tile has more than 16 rows, or there is a ninth");
    emulated::require(config.bytes[i] <= (isTile ? 64 : 0) && config.bytes[i] % 4 == 0, "a row is over 64 bytes");
    emulated::require((config.rows[i] == 0) == (config.bytes[i] == 0), "a tile has rows or columns, but not both");
  }
  emulated::tiles() = emulated::Tiles{};
  emulated::tiles().config = config;
  emulated::tiles().configured = true;
}

inline void tileRelease() { emulated::tiles() = emulated::Tiles{}; }

template <int kTile>
inline void tileZero() {
  emulated::tileAt(kTile) = emulated::Tile{};
}

template <int kTile>
inline void tileLoad(const void* base, size_t stride) {
  emulated::Tile& tile = emulated::tileAt(kTile);
  tile = emulated::Tile{};
  for (size_t r = 0; r < emulated::rowsOf(kTile); ++r) {
    std::memcpy(tile.bytes[r], static_cast<const char*>(base) + r * stride, emulated::bytesOf(kTile));
  }
}

template <int kTile>
inline void tileStore(void* base, size_t stride) {
  const emulated::Tile& tile = emulated::tileAt(kTile);
  for (size_t r = 0; r < emulated::rowsOf(kTile); ++r) {
    std::memcpy(static_cast<char*>(base) + r * stride, tile.bytes[r], emulated::bytesOf(kTile));
  }
}

template <int kSum, int kA, int kB>
inline void tileDotBf16() {
  emulated::Tile& sum = emulated::tileAt(kSum);
  const emulated::Tile& a = emulated::tileAt(kA);
  const emulated::Tile& b = emulated::tileAt(kB);
  emulated::requireProduct(kSum, kA, kB);
  for (size_t m = 0; m < emulated::rowsOf(kSum); ++m) {
    for (size_t n = 0; n < emulated::bytesOf(kSum) / 4; ++n) {
      float halves[2] = {0, 0};
      for (size_t k = 0; k < emulated::rowsOf(kB); ++k) {
        for (size_t t = 0; t < 2; ++t) {
          const float x = emulated::bf16Operand(emulated::element<uint16_t>(a, m, 2 * k + t));
          const float y = emulated::bf16Operand(emulated::element<uint16_t>(b, k, 2 * n + t));
          halves[t] = emulated::flush(std::fma(x, y, halves[t]));
        }
      }
      const float pair = emulated::flush(halves[0] + halves[1]);
      const float total = emulated::flush(emulated::element<float>(sum, m, n) + pair);
      std::memcpy(sum.bytes[m] + n * 4, &total, 4);
    }
  }
}

template <int kSum, int kA, int kB>
inline void tileDotI8() {
  emulated::Tile& sum = emulated::tileAt(kSum);
  const emulated::Tile& a = emulated::tileAt(kA);
  const emulated::Tile& b = emulated::tileAt(kB);
  emulated::requireProduct(kSum, kA, kB);
  for (size_t m = 0; m < emulated::rowsOf(kSum); ++m) {
    for (size_t n = 0; n < emulated::bytesOf(kSum) / 4; ++n) {
      int32_t total = emulated::element<int32_t>(sum, m, n);
      for (size_t k = 0; k < emulated::rowsOf(kB); ++k) {
        for (size_t t = 0; t < 4; ++t) {
          total += emulated::element<int8_t>(a, m, 4 * k + t) * emulated::element<int8_t>(b, k, 4 * n + t);
        }
      }
      std::memcpy(sum.bytes[m] + n * 4, &total, 4);
    }
  }
}

}  // namespace kairank
