#pragma once
// What an index is made with, fixed for its life.

#include <cstdint>

#include "../include/limits.h"

namespace kairank {

enum class Metric : uint8_t { dot, cosine, l2 };

/// How vectors are kept for exact scores.
enum class Storage : uint8_t { f32, bf16, int8 };

/// Bits a dimension of the codes that the graph is walked on.
enum class Codes : uint8_t { int4 = 4, int8 = 8 };

/// The codes that suit vectors of `dim` numbers, unless somebody knows better: 4 bits halve what a walk reads, and with
/// few dimensions lose what tells neighbours apart.
constexpr Codes suitedCodes(uint32_t dim) { return dim < 48 ? Codes::int8 : Codes::int4; }

struct IndexSettings {
  uint32_t dim = 0;
  Metric metric = Metric::cosine;
  Storage storage = Storage::f32;
  Codes codes = Codes::int4;
  bool graph = true;              // false: exact search only, no links
  uint32_t m = 16;                // links that a new row makes; it keeps up to 2m at the bottom, m above
  uint32_t efConstruction = 200;  // rows that an insertion weighs
  uint64_t seed = 1;              // of the levels
};

constexpr uint32_t kMaxIndexRows = (1u << 30) - 1;  // the queue of a search keeps two bits of a row number
constexpr uint32_t kMaxM = 256;
constexpr uint32_t kMaxEf = 1u << 20;
constexpr uint32_t kMaxLevel = 127;  // far beyond what chance gives; a file may come with it

}  // namespace kairank
