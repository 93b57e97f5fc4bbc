#pragma once
// Exact search over labelled points: what BruteforceSearch of the drop-in for hnswlib is made of.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "distance.h"
#include "f32_rows.h"
#include "file.h"
#include "nearest.h"

namespace kairank {

class LabelledRows {
 public:
  LabelledRows(Space space, size_t dim, uint64_t capacity);

  /// From a file; a label that comes twice there keeps both of its points.
  LabelledRows(Space space, size_t dim, const HnswlibRows& from);

  /// Adds a point, or replaces the one of this label. Throws Error where there is no room.
  void add(const float* point, uint64_t label);

  /// Removes the point of a label, if there is one; the last row takes its place.
  void remove(uint64_t label);

  /// The k nearest points that the filter accepts (null: all), nearest first, ties by label.
  std::vector<Hit> search(const float* query, size_t k, LabelFilter* filter) const;

  uint64_t capacity() const { return capacity_; }
  uint32_t size() const { return static_cast<uint32_t>(labels_.size()); }
  size_t dim() const { return metric_.dim(); }
  size_t bytes() const;

  /// Safe beside searches on another thread.
  void write(ByteWriter& to) const;

 private:
  void append(const float* ready, uint64_t label);
  void removeRow(uint32_t row);

  Distance metric_;
  uint64_t capacity_;
  F32Rows rows_;
  std::vector<uint64_t> labels_;
  std::unordered_map<uint64_t, uint32_t> rowOf_;
  bool repeated_ = false;  // a label may have several rows
};

}  // namespace kairank
