#pragma once
// A graph over labelled points that can be marked as deleted, brought back and replaced: what HierarchicalNSW of the
// drop-in for hnswlib is made of. It behaves as hnswlib 0.8 does, whatever graph stands below; where links do not lead
// to as many points as were asked for, it looks at all of them.

#include <cstdint>
#include <memory>
#include <random>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "distance.h"
#include "file.h"
#include "nearest.h"
#include "row_graph.h"

namespace kairank {

struct LabelledGraphSettings {
  Space space = Space::l2;
  size_t dim = 0;
  uint64_t capacity = 0;
  uint32_t m = 16;
  uint32_t efConstruction = 200;
  uint32_t seed = 100;
  bool reuseDeleted = false;  // rows of deleted points may be given to others
};

class LabelledGraph {
 public:
  explicit LabelledGraph(const LabelledGraphSettings& settings);

  /// From a file.
  LabelledGraph(Space space, size_t dim, bool reuseDeleted, const HnswlibGraph& from);

  /// Adds a point, or replaces the one of this label and brings it back. With `reuse`, a new label takes the row of a
  /// deleted point, if there is one, whose label is gone then. Throws Error where hnswlib refuses.
  void add(const float* point, uint64_t label, bool reuse);

  /// Throw Error for a label that is not there, or is in that state already.
  void markDeleted(uint64_t label);
  void unmarkDeleted(uint64_t label);

  /// The k nearest points that are not deleted and that the filter accepts (null: all), nearest first, ties by label.
  /// Exact where max(ef, k) reaches the number of points that are not deleted.
  std::vector<Hit> search(const float* query, size_t k, size_t ef, LabelFilter* filter) const;

  /// Throws Error where there are more points, deleted ones among them.
  void resize(uint64_t capacity);

  /// Every label, in no order; deleted ones too.
  std::vector<uint64_t> labels() const;

  /// The point as it was added (cosine: of length 1). Throws Error for a label that is not there or is deleted.
  std::vector<float> point(uint64_t label) const;

  uint64_t capacity() const { return capacity_; }
  uint32_t size() const { return graph_->size(); }
  size_t dim() const { return metric_.dim(); }
  size_t bytes() const;

  /// Safe beside searches on another thread.
  void write(ByteWriter& to) const;

 private:
  class Source;

  uint32_t rowOf(uint64_t label) const;
  uint32_t drawLevel();
  void setDeleted(uint32_t row, bool deleted);
  void append(const float* ready, uint64_t label);
  std::vector<Hit> scan(const float* query, size_t k, LabelFilter* filter) const;
  std::vector<Hit> walk(const float* query, size_t k, size_t ef, LabelFilter* filter) const;

  Distance metric_;
  uint64_t capacity_;
  uint32_t m_;
  uint32_t efConstruction_;
  bool reuseDeleted_;
  std::mt19937_64 random_;  // its numbers are the same on every platform
  std::unique_ptr<RowGraph> graph_;
  std::vector<uint64_t> labels_;
  std::vector<uint8_t> deleted_;
  uint32_t deletedCount_ = 0;
  // These two are walked in the order that the standard library gives them, as hnswlib walks its own: which deleted row
  // is taken first, and the order of labels(), are the same then.
  std::unordered_map<uint64_t, uint32_t> rowOf_;
  std::unordered_set<uint32_t> reusable_;
};

}  // namespace kairank
