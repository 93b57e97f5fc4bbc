#include "rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace kairank {

namespace {

// Address space for one array. Thread sanitizer keeps several bytes for each, so it gets less.
#if defined(__SANITIZE_THREAD__)
constexpr size_t kMostBytes = size_t{1} << 28;
#else
constexpr size_t kMostBytes = size_t{1} << 36;
#endif

void raise(std::atomic<float>& most, float value) {
  float now = most.load(std::memory_order_relaxed);
  while (value > now && !most.compare_exchange_weak(now, value, std::memory_order_relaxed)) {
  }
}

double squaresOf(const float* vector, uint32_t dim) {
  double sum = 0;
  for (uint32_t d = 0; d < dim; d++) sum += static_cast<double>(vector[d]) * vector[d];
  return sum;
}

}  // namespace

size_t vectorBytes(const IndexSettings& settings) {
  switch (settings.storage) {
    case Storage::f32: return settings.dim * sizeof(float);
    case Storage::bf16: return settings.dim * sizeof(uint16_t);
    case Storage::int8: return 0;
  }
  return 0;
}

uint32_t mostRows(const IndexSettings& settings) {
  const size_t code8 = CodeLayout(Codes::int8, settings.dim).stride;
  const size_t links = settings.graph ? size_t{settings.m} * 2 * sizeof(uint32_t) : 0;
  const size_t widest = std::max({vectorBytes(settings), code8, links, sizeof(uint64_t)});
  return static_cast<uint32_t>(std::min<size_t>(kMostBytes / widest, kMaxIndexRows));
}

RowStore::RowStore(const IndexSettings& settings)
    : settings_(settings),
      layout8_(Codes::int8, settings.dim),
      layout4_(Codes::int4, settings.dim),
      vectorStride_(vectorBytes(settings)) {
  const size_t most = mostRows(settings);
  codes8_.reserve(most * layout8_.stride);
  if (vectorStride_ > 0) vectors_.reserve(most * vectorStride_);
  if (settings.codes == Codes::int4) codes4_.reserve(most * layout4_.stride);
}

void RowStore::ensure(uint32_t rows) {
  codes8_.ensure(rows * layout8_.stride);
  if (vectorStride_ > 0) vectors_.ensure(rows * vectorStride_);
  if (settings_.codes == Codes::int4) codes4_.ensure(rows * layout4_.stride);
}

void RowStore::prepare(const float* vector, float* prepared) const {
  const uint32_t dim = settings_.dim;
  if (settings_.metric != Metric::cosine) {
    std::memcpy(prepared, vector, dim * sizeof(float));
    return;
  }
  const double squares = squaresOf(vector, dim);
  const double factor = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (uint32_t d = 0; d < dim; d++) prepared[d] = static_cast<float>(vector[d] * factor);
}

void RowStore::prepare(const float* vector, PreparedQuery& query) const {
  query.vector.resize(settings_.dim);
  prepare(vector, query.vector.data());
  query.squaredNorm = static_cast<float>(squaresOf(query.vector.data(), settings_.dim));
}

void RowStore::write(uint32_t row, const float* prepared) {
  const KernelTable& table = kernels();
  const double squares = squaresOf(prepared, settings_.dim);
  const float bias = settings_.metric == Metric::l2 ? static_cast<float>(-.5 * squares) : 0;
  switch (settings_.storage) {
    case Storage::f32: std::memcpy(vectors_.data() + row * vectorStride_, prepared, vectorStride_); break;
    case Storage::bf16:
      table.toBf16(prepared, reinterpret_cast<uint16_t*>(vectors_.data() + row * vectorStride_), settings_.dim);
      break;
    case Storage::int8: break;
  }
  raise(worstLoss_, encodeRow(layout8_, table, prepared, bias, codes8_.data() + row * layout8_.stride));
  raise(largestNorm_, static_cast<float>(std::sqrt(squares)));
  if (settings_.codes == Codes::int4) {
    encodeRow(layout4_, table, prepared, bias, codes4_.data() + row * layout4_.stride);
  }
}

void RowStore::read(uint32_t row, float* vector) const {
  switch (settings_.storage) {
    case Storage::f32: std::memcpy(vector, vectors_.data() + row * vectorStride_, vectorStride_); return;
    case Storage::bf16:
      kernels().fromBf16(reinterpret_cast<const uint16_t*>(vectors_.data() + row * vectorStride_), vector,
                         settings_.dim);
      return;
    case Storage::int8: break;
  }
  const int8_t* values = reinterpret_cast<const int8_t*>(code8(row));
  const float scale = trailerOf(layout8_, code8(row)).scale;
  for (uint32_t d = 0; d < settings_.dim; d++) vector[d] = scale * static_cast<float>(values[d]);
}

void RowStore::read(uint32_t row, PreparedQuery& query) const {
  query.vector.resize(settings_.dim);
  read(row, query.vector.data());
  query.squaredNorm = static_cast<float>(squaresOf(query.vector.data(), settings_.dim));
}

float RowStore::exact(const PreparedQuery& query, uint32_t row, float* scratch) const {
  const uint32_t dim = settings_.dim;
  const float* vector = reinterpret_cast<const float*>(vectors_.data() + row * vectorStride_);
  if (settings_.storage != Storage::f32) {
    read(row, scratch);
    vector = scratch;
  }
  float score = 0;
  if (settings_.metric == Metric::l2) {
    kernels().l2F32(query.vector.data(), vector, dim, 1, dim, &score);
    return -score;
  }
  kernels().dotF32(query.vector.data(), vector, dim, 1, dim, &score);
  return score;
}

void RowStore::prefetchExact(uint32_t row) const {
#if defined(__GNUC__)
  const uint8_t* from = vectorStride_ > 0 ? vectors_.data() + row * vectorStride_ : code8(row);
  const size_t bytes = vectorStride_ > 0 ? vectorStride_ : layout8_.stride;
  for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(from + at);
#else
  (void)row;
#endif
}

float RowStore::ceiling(const PreparedQuery& query) const {
  switch (settings_.metric) {
    case Metric::cosine: return query.squaredNorm > 0 ? 1.0f : 0.0f;
    case Metric::l2: return query.squaredNorm / 2;
    case Metric::dot: break;
  }
  return std::sqrt(query.squaredNorm) * largestNorm();
}

RowStore::Bound RowStore::bound(const PreparedQuery& query, const QueryCode& code) const {
  const double dim = settings_.dim;
  double lost = 0;
  for (uint32_t d = 0; d < settings_.dim; d++) {
    const double difference = query.vector[d] - static_cast<double>(code.view().scale) * code.lanes()[d];
    lost += difference * difference;
  }
  // <q, x> - <q', x'> = <q, x - x'> + <q - q', x'>, each at most the product of its norms; |x'| <= |x| + |x - x'|.
  // What f32 itself rounds is far below the slack of the last factor.
  const double norm = std::sqrt(static_cast<double>(query.squaredNorm));
  const double queryLoss = std::sqrt(lost);
  const double ofLoss = worstLoss() * std::sqrt(dim);
  constexpr double kSlack = 1.0001;
  const double stored = settings_.storage == Storage::bf16 ? 0x1p-8 : 0x1p-20;  // what is kept differs from x by this
  // For l2, |x|^2 / 2 is rounded too.
  const double biasLoss = settings_.metric == Metric::l2 ? 0x1p-22 * largestNorm() : 0;
  return {static_cast<float>((norm + queryLoss) * ofLoss * kSlack),
          static_cast<float>((queryLoss + stored * norm + biasLoss) * largestNorm() * kSlack)};
}

size_t RowStore::bytesARow() const {
  return vectorStride_ + layout8_.stride + (settings_.codes == Codes::int4 ? layout4_.stride : 0);
}

void RowStore::restore(float largestNorm, float worstLoss) {
  largestNorm_.store(largestNorm);
  worstLoss_.store(worstLoss);
}

}  // namespace kairank
