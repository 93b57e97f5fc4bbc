#include "codes.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace kairank {

namespace {

constexpr size_t kLine = 64;
constexpr size_t kTrailer = sizeof(CodeTrailer);
constexpr size_t kBlock = 32;
constexpr int kLevels = 16;         // of a nibble
constexpr float kMiddle = 7.5f;     // the nibble u stands for u - kMiddle
constexpr float kFirstClip = .45f;  // shares of the largest magnitude that are tried as the end of the range
constexpr float kClipStep = .07f;
constexpr int kClips = 9;

size_t roundUp(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

/// Whole lines, unless they would be much larger than what is in them.
size_t strideOf(size_t bytes) {
  const size_t lines = roundUp(bytes, kLine);
  return bytes < kLine || lines * 4 <= bytes * 5 ? lines : roundUp(bytes, 8);
}

void writeTrailer(const CodeLayout& layout, uint8_t* row, CodeTrailer trailer) {
  std::memcpy(row + layout.trailer, &trailer, kTrailer);
}

float largestMagnitude(const float* vector, uint32_t dim) {
  float largest = 0;
  for (uint32_t d = 0; d < dim; d++) largest = std::max(largest, std::fabs(vector[d]));
  return largest;
}

int nibbleOf(float value, float inverseStep) {
  const int u = static_cast<int>(std::floor(value * inverseStep + kLevels / 2));
  return std::min(std::max(u, 0), kLevels - 1);
}

float lossOf(uint32_t dim, double scale, double squares, double cross, double squaresOfCode) {
  if (scale <= 0) return 0;
  const double lost = std::max(0.0, squares - 2 * scale * cross + scale * scale * squaresOfCode);
  return static_cast<float>(std::sqrt(lost / dim) / scale);
}

float encode8(const CodeLayout& layout, const KernelTable& table, const float* vector, float bias, uint8_t* row) {
  int8_t* values = reinterpret_cast<int8_t*>(row);
  const float scale = table.toI8(vector, values, layout.dim);
  std::memset(row + layout.payload, 0, layout.stride - layout.payload);
  writeTrailer(layout, row, {scale, bias});
  double squares = 0, cross = 0, codes = 0;
  for (uint32_t d = 0; d < layout.dim; d++) {
    squares += static_cast<double>(vector[d]) * vector[d];
    cross += static_cast<double>(vector[d]) * values[d];
    codes += static_cast<double>(values[d]) * values[d];
  }
  return lossOf(layout.dim, scale, squares, cross, codes);
}

/// The end of the range is the one of a few that turns the vector least; the scale then gives the product of the
/// vector with its own code without bias (the estimator of RaBitQ, Gao & Long 2024, section 3.1).
void encode4(const CodeLayout& layout, const float* vector, float bias, uint8_t* row) {
  const uint32_t dim = layout.dim;
  std::memset(row, 0, layout.stride);
  const float largest = largestMagnitude(vector, dim);
  float bestStep = 0, bestCosine = -1, bestScale = 0;
  float squares = 0;
  for (uint32_t d = 0; d < dim; d++) squares += vector[d] * vector[d];
  if (largest > 0 && std::isfinite(squares) && squares > 0) {
    for (int clip = 0; clip < kClips; clip++) {
      const float step = largest / kMiddle * (kFirstClip + kClipStep * static_cast<float>(clip));
      const float inverse = 1 / step;
      float cross = 0, codes = 0;
      for (uint32_t d = 0; d < dim; d++) {
        const float value = static_cast<float>(nibbleOf(vector[d], inverse)) - kMiddle;
        cross += vector[d] * value;
        codes += value * value;
      }
      const float cosine = cross / std::sqrt(codes);
      if (cosine > bestCosine) {
        bestCosine = cosine;
        bestStep = step;
        bestScale = squares / cross;
      }
    }
  }
  if (bestStep > 0 && std::isfinite(bestScale) && std::isfinite(1 / bestStep)) {
    const float inverse = 1 / bestStep;
    for (uint32_t d = 0; d < dim; d++) {
      const int shift = d < layout.payload ? 0 : 4;
      row[d % layout.payload] |= static_cast<uint8_t>(nibbleOf(vector[d], inverse) << shift);
    }
  } else {
    bestScale = 0;
  }
  writeTrailer(layout, row, {bestScale, bias});
}

}  // namespace

CodeLayout::CodeLayout(Codes codes, uint32_t dim)
    : codes(codes),
      dim(dim),
      payload(codes == Codes::int4 ? (dim + 1) / 2 : dim),
      blocks((payload + kBlock - 1) / kBlock),
      trailer(roundUp(payload, sizeof(float))),
      stride(strideOf(trailer + kTrailer)) {}

float encodeRow(const CodeLayout& layout, const KernelTable& table, const float* vector, float bias, uint8_t* row) {
  if (layout.codes == Codes::int8) return encode8(layout, table, vector, bias, row);
  encode4(layout, vector, bias, row);
  return 0;
}

int8_t* QueryCode::room(size_t bytes) {
  bytes_.assign(bytes + kBlock, 0);
  const uintptr_t address = reinterpret_cast<uintptr_t>(bytes_.data());
  return bytes_.data() + (kBlock - address % kBlock) % kBlock;
}

void QueryCode::encode(const CodeLayout& layout, const KernelTable& table, const float* vector) {
  if (layout.codes == Codes::int8) {
    int8_t* lanes = room(layout.blocks * kBlock);
    const float scale = table.toI8(vector, lanes, layout.dim);
    query_ = {lanes, layout.blocks, scale, 0};
    return;
  }
  whole_.resize(layout.dim);
  const float scale = table.toI8(vector, whole_.data(), layout.dim);
  int8_t* lanes = room(layout.blocks * 2 * kBlock);
  int32_t sum = 0;
  for (uint32_t d = 0; d < layout.dim; d++) {
    sum += whole_[d];
    const size_t byte = d % layout.payload;
    lanes[byte / kBlock * 2 * kBlock + (d < layout.payload ? 0 : kBlock) + byte % kBlock] = whole_[d];
  }
  query_ = {lanes, layout.blocks, scale, -kMiddle * scale * static_cast<float>(sum)};
}

void QueryCode::take(const CodeLayout& layout, const uint8_t* row) {
  int8_t* lanes = room(layout.blocks * kBlock);
  std::memcpy(lanes, row, layout.dim);
  query_ = {lanes, layout.blocks, trailerOf(layout, row).scale, 0};
}

CodeTrailer trailerOf(const CodeLayout& layout, const uint8_t* row) {
  CodeTrailer trailer;
  std::memcpy(&trailer, row + layout.trailer, kTrailer);
  return trailer;
}

}  // namespace kairank
