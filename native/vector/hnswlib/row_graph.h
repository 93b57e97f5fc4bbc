#pragma once
// What LabelledGraph needs of a graph: rows of f32 vectors at levels, found by walking (Malkov and Yashunin 2016).
// It knows no labels and no capacity. Calls that change it come one at a time and never beside another call.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "../settings.h"
#include "distance.h"
#include "f32_rows.h"

namespace kairank {

constexpr uint32_t kMaxGraphM = 10000;  // as hnswlib limits it
constexpr uint32_t kNoEntry = 0xFFFFFFFFu;

struct GraphSettings {
  Space space = Space::l2;
  size_t dim = 0;
  uint32_t m = 16;  // links a row above level 0; twice as many there
  uint32_t efConstruction = 200;
};

/// A row that a search found.
struct Near {
  float distance;
  uint32_t row;
};

/// Says which rows a search may return; it walks over the others. What it throws ends the search and reaches the
/// caller.
class RowFilter {
 public:
  virtual ~RowFilter() = default;
  virtual bool accepts(uint32_t row) = 0;
};

/// The links of one row at one level.
struct LinkSpan {
  const uint32_t* rows;
  uint32_t count;
};

/// The structure of a graph as plain data, without its vectors. List i is links[starts[i]] .. links[starts[i + 1]]:
/// first level 0 of every row, then the upper levels, those of row r from list number upper[r].
struct GraphLinks {
  uint32_t entry = kNoEntry;
  std::vector<uint32_t> levels;  // highest level of each row
  std::vector<uint64_t> upper;
  std::vector<uint64_t> starts = {0};
  std::vector<uint32_t> links;

  uint32_t size() const { return static_cast<uint32_t>(levels.size()); }
  LinkSpan at(uint32_t row, uint32_t level) const {
    const uint64_t list = level == 0 ? row : upper[row] + level - 1;
    return {links.data() + starts[list], static_cast<uint32_t>(starts[list + 1] - starts[list])};
  }
};

class RowGraph {
 public:
  virtual ~RowGraph() = default;

  virtual uint32_t size() const = 0;

  /// Appends row size() at a level, linked. Throws std::bad_alloc; the row is there if size() has grown.
  virtual void insert(const float* vector, uint32_t level) = 0;

  /// Gives a row another vector, and links to fit it; its level stays.
  virtual void update(uint32_t row, const float* vector) = 0;

  /// Rows that are marked are walked over and never found.
  virtual void mark(uint32_t row, bool deleted) = 0;

  /// Up to k rows, nearest first, walking with a list of ef >= k. May find fewer where links do not lead to the rest.
  /// Safe beside itself on one thread: the filter may search the same graph.
  virtual std::vector<Near> search(const float* query, size_t k, size_t ef, RowFilter* filter) const = 0;

  /// Distances from the `count` rows from `first`, a multiple of kScanRows; count <= kScanRows, and `out` has room for
  /// kScanRows. Equal vectors get equal distances, bit by bit.
  virtual void distances(const float* query, uint32_t first, uint32_t count, float* out) const = 0;

  /// The vector, exactly as it was given.
  virtual void copyVector(uint32_t row, float* out) const = 0;

  // The structure, for files; safe beside searches on another thread.
  virtual uint32_t entry() const = 0;  // kNoEntry when empty
  virtual uint32_t level(uint32_t row) const = 0;
  virtual LinkSpan links(uint32_t row, uint32_t level) const = 0;

  virtual size_t bytes() const = 0;
};

/// An empty graph; `m` is raised to 2 and lowered to kMaxGraphM.
std::unique_ptr<RowGraph> makeRowGraph(const GraphSettings& settings);

/// A graph as a file has it. The links are trusted: every row and level in them has been checked (file.h).
/// `vectors`: rows x dim.
std::unique_ptr<RowGraph> makeRowGraph(const GraphSettings& settings, const GraphLinks& links, const float* vectors);

}  // namespace kairank
