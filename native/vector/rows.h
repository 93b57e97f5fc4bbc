#pragma once
// The vectors of an index and their codes, by row. One writer at a time; a row is written before anybody learns its
// number, and not again until no reader can know it any more.

#include <atomic>
#include <cstdint>
#include <vector>

#include "../dispatch/dispatch.h"
#include "codes.h"
#include "memory.h"
#include "settings.h"

namespace kairank {

/// A query as the index compares it: at unit length for cosine.
struct PreparedQuery {
  std::vector<float> vector;
  float squaredNorm = 0;
};

class RowStore {
 public:
  explicit RowStore(const IndexSettings& settings);

  const IndexSettings& settings() const { return settings_; }
  const CodeLayout& walked() const { return settings_.codes == Codes::int4 ? layout4_ : layout8_; }
  const CodeLayout& layout8() const { return layout8_; }
  const uint8_t* walkedCodes() const { return settings_.codes == Codes::int4 ? codes4_.data() : codes8_.data(); }
  const uint8_t* codes8() const { return codes8_.data(); }
  const uint8_t* code8(uint32_t row) const { return codes8_.data() + row * layout8_.stride; }

  void ensure(uint32_t rows);

  /// Brings a vector into the form that `write` and queries have: at unit length for cosine (zeros stay zeros).
  void prepare(const float* vector, float* prepared) const;
  void prepare(const float* vector, PreparedQuery& query) const;

  /// Writes a prepared vector; any thread, distinct rows.
  void write(uint32_t row, const float* prepared);

  /// The vector of a row as it is kept, dim floats.
  void read(uint32_t row, float* vector) const;
  /// The same as a query.
  void read(uint32_t row, PreparedQuery& query) const;

  /// The score that a user sees: <q, x>, or minus the squared distance. `scratch` has room for dim floats.
  float exact(const PreparedQuery& query, uint32_t row, float* scratch) const;

  /// Touches what `exact` reads.
  void prefetchExact(uint32_t row) const;

  /// What the walk's scores are below for every row: score = <q, x> (+ bias: -|x|^2 / 2 for l2).
  float ceiling(const PreparedQuery& query) const;

  /// A bound on |<q, x> - <q', x'>| for the 8-bit codes q', x' is scaleOf(x) * perScale + constant.
  struct Bound {
    float perScale;
    float constant;
  };
  Bound bound(const PreparedQuery& query, const QueryCode& code) const;

  size_t bytesARow() const;

  /// Largest norm and worst loss of a code so far: they only grow.
  float largestNorm() const { return largestNorm_.load(std::memory_order_relaxed); }
  float worstLoss() const { return worstLoss_.load(std::memory_order_relaxed); }
  void restore(float largestNorm, float worstLoss);

  // The arrays as they lie, for files.
  Region& vectors() { return vectors_; }
  Region& eightBit() { return codes8_; }
  Region& fourBit() { return codes4_; }
  const Region& vectors() const { return vectors_; }
  const Region& eightBit() const { return codes8_; }
  const Region& fourBit() const { return codes4_; }
  const uint8_t* vectorData() const { return vectors_.data(); }
  size_t vectorStride() const { return vectorStride_; }
  size_t fourBitStride() const { return layout4_.stride; }

 private:
  const IndexSettings settings_;
  CodeLayout layout8_;
  CodeLayout layout4_;
  size_t vectorStride_ = 0;  // bytes; 0: the 8-bit code is the vector
  Region vectors_;
  Region codes8_;
  Region codes4_;
  std::atomic<float> largestNorm_{0};
  std::atomic<float> worstLoss_{0};
};

/// Bytes of a vector that is kept apart from its codes.
size_t vectorBytes(const IndexSettings& settings);

/// Rows that an index of these settings may have at the most: what fits into a reservation.
uint32_t mostRows(const IndexSettings& settings);

}  // namespace kairank
