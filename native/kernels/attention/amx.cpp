#include "../intrinsics.h"
#include "attention.h"

#if defined(KAIRANK_WITH_AMX)

#include <cstring>

#include "../scratch.h"
#include "../tiles.h"
#include "../unroll.h"
#include "lanes512.h"
#include "shapes.h"

namespace kairank {
namespace {

// A tile holds 16 rows of 16 words; a word is a pair of bf16 along the dimension that a product sums over.
constexpr size_t kTileRows = 16;
constexpr size_t kTileWords = kTileRows * kTileRows;
constexpr size_t kRowBytes = 64;
/// Sums are two tiles by two, so that each tile loaded is used twice: four sums, two left and two right factors.
constexpr size_t kBlock = 2 * kTileRows;
constexpr int kRowsAtOnce = 4;

/// What one head works on; sizes are padded to kBlock, and padding is zero.
struct TileHead {
  const AttentionTask* task;
  size_t index;
  size_t width, valueWidth;
  size_t events, dims, columns;  // padded
  uint32_t* keys;                // tiles [events / 16][dims / 32]: rows are pairs of dimensions, columns are events
  uint32_t* values;              // tiles [columns / 16][events / 32]: rows are pairs of events
  float* bias;                   // events, in powers of two; -inf where there is no event
  uint16_t* queries;             // kBlock x dims
  float* scores;                 // kBlock x events
  float* products;               // kBlock x events: scores before scale and bias; null where no means are wanted
  uint16_t* weights;             // kBlock x events, before the division by their sum
  float* inverse;                // kBlock: 1 / sum of a row's exponentials
  float* outs;                   // kBlock x kBlock
};

/// The first n of sixteen floats, zeros after them.
KAIRANK_TARGET_AMX inline __m512 loadFirst(const float* from, size_t n) {
  return n >= kLanes ? _mm512_loadu_ps(from) : _mm512_maskz_loadu_ps(firstLanes(n), from);
}

KAIRANK_TARGET_AMX inline __m256i toBf16(__m512 x) { return (__m256i)_mm512_cvtneps_pbh(x); }

/// A row of floats as bf16, zeros up to `padded`.
KAIRANK_TARGET_AMX inline void convertRow(const float* from, size_t width, uint16_t* to, size_t padded) {
  for (size_t d = 0; d < padded; d += kLanes) {
    const __m512 x = d < width ? loadFirst(from + d, width - d) : _mm512_setzero_ps();
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + d), toBf16(x));
  }
}

KAIRANK_TARGET_AMX void packKeys(const TileHead& head) {
  const AttentionTask& task = *head.task;
  const size_t steps = head.dims / kBlock;
  for (size_t j = 0; j < head.events; ++j) {
    uint32_t* tiles = head.keys + j / kTileRows * steps * kTileWords + j % kTileRows;
    const size_t words = head.dims / 2;
    if (j >= task.events) {
      for (size_t w = 0; w < words; ++w) tiles[w * kTileRows] = 0;
      continue;
    }
    convertRow(task.keys + j * task.keyStride + head.index * head.width, head.width, head.queries, head.dims);
    for (size_t w = 0; w < words; ++w) std::memcpy(tiles + w * kTileRows, head.queries + 2 * w, sizeof(uint32_t));
  }
}

KAIRANK_TARGET_AMX void packValues(const TileHead& head) {
  const AttentionTask& task = *head.task;
  const float* source = task.values + head.index * head.valueWidth;
  const size_t steps = head.events / kBlock;
  for (size_t c = 0; c < head.columns; c += kTileRows) {
    uint32_t* tiles = head.values + c / kTileRows * steps * kTileWords;
    for (size_t pair = 0; pair < head.events / 2; ++pair) {
      __m512i halves[2];
      for (size_t i = 0; i < 2; ++i) {
        const size_t j = 2 * pair + i;
        const bool isThere = j < task.events && c < head.valueWidth;
        const __m512 x =
            isThere ? loadFirst(source + j * task.valueStride + c, head.valueWidth - c) : _mm512_setzero_ps();
        halves[i] = _mm512_cvtepu16_epi32(toBf16(x));
      }
      const __m512i words = _mm512_or_si512(halves[0], _mm512_slli_epi32(halves[1], 16));
      _mm512_storeu_si512(tiles + pair * kTileRows, words);
    }
  }
}

/// Two by two tiles of sums over `steps` pairs of factors: rows from left and left + 16 rows, columns from two runs of
/// tiles.
KAIRANK_TARGET_AMX inline void multiplyTiles(const uint16_t* left, size_t leftStride, const uint32_t* right,
                                             const uint32_t* nextRight, size_t steps, float* out, size_t outStride) {
  tileZero<0>();
  tileZero<1>();
  tileZero<2>();
  tileZero<3>();
  const size_t leftBytes = leftStride * sizeof(uint16_t);
  for (size_t s = 0; s < steps; ++s) {
    tileLoad<4>(left + s * kBlock, leftBytes);
    tileLoad<5>(left + kTileRows * leftStride + s * kBlock, leftBytes);
    tileLoad<6>(right + s * kTileWords, kRowBytes);
    tileLoad<7>(nextRight + s * kTileWords, kRowBytes);
    tileDotBf16<0, 4, 6>();
    tileDotBf16<1, 4, 7>();
    tileDotBf16<2, 5, 6>();
    tileDotBf16<3, 5, 7>();
  }
  const size_t outBytes = outStride * sizeof(float);
  tileStore<0>(out, outBytes);
  tileStore<1>(out + kTileRows, outBytes);
  tileStore<2>(out + kTileRows * outStride, outBytes);
  tileStore<3>(out + kTileRows * outStride + kTileRows, outBytes);
}

/// Scores to weights, kRowsAtOnce rows from `first`: f32 in place, bf16 beside, and the inverse of their sums.
KAIRANK_TARGET_AMX inline void weigh(const TileHead& head, size_t first) {
  const Lanes scale = all(head.task->scale * kLog2E);
  Lanes shift[kRowsAtOnce];
  Lanes sum[kRowsAtOnce];
  KAIRANK_UNROLL
  for (int r = 0; r < kRowsAtOnce; ++r) {
    shift[r] = all(-std::numeric_limits<float>::max());  // finite: a row that is all -inf must not become NaN
    sum[r] = all(0.0f);
  }
  for (size_t j = 0; j < head.events; j += kLanes) {
    const Lanes bias = load(head.bias + j);
    KAIRANK_UNROLL
    for (int r = 0; r < kRowsAtOnce; ++r) {
      float* at = head.scores + (first + r) * head.events + j;
      if (head.products != nullptr) store(head.products + (at - head.scores), load(at));
      const Lanes score = fma(load(at), scale, bias);
      store(at, score);
      shift[r] = largerOf(score, shift[r]);
    }
  }
  KAIRANK_UNROLL
  for (int r = 0; r < kRowsAtOnce; ++r) shift[r] = largestOf(shift[r]);
  for (size_t j = 0; j < head.events; j += kLanes) {
    KAIRANK_UNROLL
    for (int r = 0; r < kRowsAtOnce; ++r) {
      const size_t at = (first + r) * head.events + j;
      const Lanes weight = exp2(sub(load(head.scores + at), shift[r]));
      sum[r] = add(sum[r], weight);
      store(head.scores + at, weight);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(head.weights + at), toBf16(weight));
    }
  }
  KAIRANK_UNROLL
  for (int r = 0; r < kRowsAtOnce; ++r) {
    const float total = sumOf(sum[r]);
    head.inverse[first + r] = total == 0.0f ? 0.0f : 1.0f / total;
  }
}

/// The mean of a row's products by its exponentials.
KAIRANK_TARGET_AMX inline float meanOf(const TileHead& head, size_t row) {
  const float* weights = head.scores + row * head.events;
  const float* products = head.products + row * head.events;
  Lanes sum = all(0.0f);
  for (size_t j = 0; j < head.events; j += kLanes) sum = fma(load(weights + j), load(products + j), sum);
  return sumOf(sum) * head.inverse[row];
}

/// Candidates start .. start + own, own <= kBlock; the rest of the block repeats the last of them.
KAIRANK_TARGET_AMX void attendBlock(const TileHead& head, size_t start, size_t own) {
  const AttentionTask& task = *head.task;
  for (size_t r = 0; r < kBlock; ++r) {
    const size_t candidate = start + (r < own ? r : own - 1);
    const float* query = task.queries + candidate * task.queryStride + head.index * head.width;
    convertRow(query, head.width, head.queries + r * head.dims, head.dims);
  }
  const size_t dimSteps = head.dims / kBlock;
  for (size_t j = 0; j < head.events; j += kBlock) {
    const uint32_t* keys = head.keys + j / kTileRows * dimSteps * kTileWords;
    multiplyTiles(head.queries, head.dims, keys, keys + dimSteps * kTileWords, dimSteps, head.scores + j, head.events);
  }
  for (size_t r = 0; r < kBlock; r += kRowsAtOnce) weigh(head, r);
  if (task.weights != nullptr) {
    for (size_t r = 0; r < own; ++r) {
      float* weights = task.weights + ((start + r) * task.heads + head.index) * task.events;
      for (size_t j = 0; j < task.events; ++j) weights[j] = head.scores[r * head.events + j] * head.inverse[r];
    }
  }
  if (task.means != nullptr) {
    for (size_t r = 0; r < own; ++r) task.means[(start + r) * task.heads + head.index] = meanOf(head, r);
  }
  if (task.out == nullptr) return;
  const size_t eventSteps = head.events / kBlock;
  for (size_t c = 0; c < head.columns; c += kBlock) {
    const uint32_t* values = head.values + c / kTileRows * eventSteps * kTileWords;
    multiplyTiles(head.weights, head.events, values, values + eventSteps * kTileWords, eventSteps, head.outs, kBlock);
    for (size_t r = 0; r < own; ++r) {
      float* out = task.out + (start + r) * task.outStride + head.index * head.valueWidth;
      for (size_t lane = c; lane < head.valueWidth && lane < c + kBlock; lane += kLanes) {
        const Lanes result = mul(load(head.outs + r * kBlock + lane - c), all(head.inverse[r]));
        const size_t there = head.valueWidth - lane;
        if (there >= kLanes) {
          store(out + lane, result);
        } else {
          storeFirst(out + lane, result, there);
        }
      }
    }
  }
}

KAIRANK_TARGET_AMX void attendHead(const TileHead& head) {
  const TileConfig config = fullTiles();
  const TileScope scope(config);
  const size_t candidates = head.task->candidates;
  for (size_t start = 0; start < candidates; start += kBlock) {
    attendBlock(head, start, candidates - start < kBlock ? candidates - start : kBlock);
  }
}

void packBias(const TileHead& head) {
  const AttentionTask& task = *head.task;
  const float* bias = task.bias == nullptr ? nullptr : task.bias + head.index * task.events;
  for (size_t j = 0; j < task.events; ++j) head.bias[j] = bias == nullptr ? 0.0f : bias[j] * kLog2E;
  for (size_t j = task.events; j < head.events; ++j) head.bias[j] = -kInfinity;
}

}  // namespace

void attentionBf16Amx(const AttentionTask& task) {
  if (task.candidates == 0 || task.heads == 0) return;
  if (task.events == 0) return zeroOutput(task);
  TileHead head{};
  head.task = &task;
  head.width = task.dim / task.heads;
  head.valueWidth = task.valueDim / task.heads;
  head.events = roundUp(task.events, kBlock);
  head.dims = roundUp(head.width, kBlock);
  head.columns = roundUp(head.valueWidth, kBlock);
  Scratch<uint32_t> keys(head.events * head.dims / 2);
  Scratch<uint32_t> values(task.out == nullptr ? 0 : head.columns * head.events / 2);
  Scratch<float> bias(head.events);
  Scratch<uint16_t> queries(kBlock * head.dims);
  Scratch<float> scores(kBlock * head.events);
  Scratch<float> products(task.means == nullptr ? 0 : kBlock * head.events);
  Scratch<uint16_t> weights(kBlock * head.events);
  Scratch<float> inverse(kBlock);
  Scratch<float> outs(kBlock * kBlock);
  head.keys = keys.data();
  head.values = values.data();
  head.bias = bias.data();
  head.queries = queries.data();
  head.scores = scores.data();
  head.products = task.means == nullptr ? nullptr : products.data();
  head.weights = weights.data();
  head.inverse = inverse.data();
  head.outs = outs.data();
  for (size_t h = 0; h < task.heads; ++h) {
    head.index = h;
    packKeys(head);
    if (task.out != nullptr) packValues(head);
    packBias(head);
    attendHead(head);
  }
}

}  // namespace kairank

#endif
