// The graph of the drop-in: that of the vector index, walked on codes, with every row that a walk finds compared again
// in f32.

#include <algorithm>
#include <optional>

#include "../../include/control.h"
#include "../beam.h"
#include "../builder.h"
#include "../graph.h"
#include "../rows.h"
#include "row_graph.h"

namespace kairank {
namespace {

IndexSettings indexSettings(const GraphSettings& settings) {
  IndexSettings index;
  index.dim = static_cast<uint32_t>(settings.dim);
  // Points of the cosine space come at unit length.
  index.metric = settings.space == Space::l2 ? Metric::l2 : Metric::dot;
  // Nearly as good a guide as f32; those of 4 bits would cost some of the recall that a caller's ef is known to give.
  index.codes = Codes::int8;
  index.m = std::min(std::max(settings.m, 2u), kMaxGraphM);
  index.efConstruction = std::max(settings.efConstruction, 1u);
  return index;
}

/// Rows to keep for the recall that hnswlib has with ef: what codes get wrong is made up for by keeping a few more.
size_t widened(size_t ef) { return ef + ef / 4 + 8; }

class Accepted final : public RowPredicate {
 public:
  explicit Accepted(RowFilter& filter) : filter_(filter) {}
  bool accepts(uint32_t row) override { return filter_.accepts(row); }

 private:
  RowFilter& filter_;
};

class CodedGraph final : public RowGraph {
 public:
  explicit CodedGraph(const GraphSettings& settings)
      : distance_(settings.space, settings.dim),
        store_(indexSettings(settings)),
        graph_(store_.settings()),
        builder_(store_, graph_, nullptr, 1) {
    const size_t most = mostRows(store_.settings());
    live_.reserve(most);
    moved_.reserve(most);
    // Blocks of distances are read to their end.
    store_.ensure(kScanRows);
  }

  CodedGraph(const GraphSettings& settings, const GraphLinks& links, const float* vectors) : CodedGraph(settings) {
    for (uint32_t row = 0; row < links.size(); ++row) {
      place(vectors + row * settings.dim, links.levels[row]);
      size_ = row + 1;
      live_.set(row);
    }
    for (uint32_t row = 0; row < links.size(); ++row) {
      for (uint32_t level = 0; level <= links.levels[row]; ++level) {
        const LinkSpan span = links.at(row, level);
        graph_.write(row, level, span.rows, std::min(span.count, graph_.capacity(level)));
      }
    }
    if (links.entry != kNoEntry) graph_.enter(links.entry);
  }

  uint32_t size() const override { return size_; }

  void insert(const float* vector, uint32_t level) override {
    place(vector, level);
    live_.set(size_);
    const uint32_t row = size_++;
    const Control whole;
    builder_.insert(&row, 1, size_, whole);
  }

  void update(uint32_t row, const float* vector) override {
    store_.write(row, vector);
    if (size_ > 1) builder_.relink(row, moved_, size_);
  }

  void mark(uint32_t row, bool deleted) override {
    if (deleted) {
      live_.clear(row);
    } else {
      live_.set(row);
    }
  }

  std::vector<Near> search(const float* query, size_t k, size_t ef, RowFilter* filter) const override {
    std::vector<Near> nearest;
    if (size_ == 0) return nearest;
    PreparedQuery prepared;
    store_.prepare(query, prepared);
    QueryCode code;
    code.encode(store_.walked(), kernels(), query);
    // A filter may search this graph itself, so each search has a walk of its own while one is there.
    thread_local Walk shared;
    Walk own;
    Walk& walk = filter ? own : shared;
    WalkLimits limits{};
    limits.rows = size_;
    limits.ef = static_cast<uint32_t>(std::min<size_t>(widened(std::max(ef, k)), kMaxEf));
    limits.live = &live_;
    std::optional<Accepted> accepted;
    if (filter) limits.predicate = &accepted.emplace(*filter);
    const uint32_t from = walk.descend(graph_, store_, code.view(), graph_.entry(), limits.rows, 0);
    walk.run(graph_, store_, code.view(), store_.ceiling(prepared), from, 0, limits);

    for (const WalkedRow& found : walk.found) store_.prefetchExact(found.row);
    for (const WalkedRow& found : walk.found) {
      nearest.push_back({distance_.between(query, vectorOf(found.row)), found.row});
    }
    const size_t kept = std::min(k, nearest.size());
    std::partial_sort(nearest.begin(), nearest.begin() + static_cast<std::ptrdiff_t>(kept), nearest.end(),
                      [](const Near& a, const Near& b) { return a.distance < b.distance; });
    nearest.resize(kept);
    return nearest;
  }

  void distances(const float* query, uint32_t first, uint32_t count, float* out) const override {
    // Whole fours, so that equal rows get equal distances (Distance::among); the rows beyond are there, as zeros.
    distance_.among(query, vectorOf(first), (count + 3) / 4 * 4, out);
  }

  void copyVector(uint32_t row, float* out) const override { store_.read(row, out); }

  uint32_t entry() const override { return size_ == 0 ? kNoEntry : graph_.entry(); }
  uint32_t level(uint32_t row) const override { return graph_.level(row); }

  LinkSpan links(uint32_t row, uint32_t level) const override {
    thread_local std::vector<uint32_t> span;
    span.resize(graph_.capacity(level));
    return {span.data(), graph_.read(row, level, size_, span.data())};
  }

  size_t bytes() const override {
    return size_ * (store_.bytesARow() + graph_.bytesARow()) + graph_.upperBytes() + size_ / 8;
  }

 private:
  const float* vectorOf(uint32_t row) const {
    return reinterpret_cast<const float*>(store_.vectorData() + static_cast<size_t>(row) * store_.vectorStride());
  }

  /// Writes row size_ and gives it a place, without links.
  void place(const float* vector, uint32_t level) {
    store_.ensure(size_ + 1 + kScanRows);
    graph_.ensure(size_ + 1);
    live_.ensure(size_ + 1);
    moved_.ensure(size_ + 1);
    store_.write(size_, vector);
    graph_.open(size_, level);
  }

  Distance distance_;
  RowStore store_;
  Graph graph_;
  GraphBuilder builder_;
  RowBits live_;
  RowBits moved_;
  uint32_t size_ = 0;
};

}  // namespace

std::unique_ptr<RowGraph> makeRowGraph(const GraphSettings& settings) { return std::make_unique<CodedGraph>(settings); }

std::unique_ptr<RowGraph> makeRowGraph(const GraphSettings& settings, const GraphLinks& links, const float* vectors) {
  return std::make_unique<CodedGraph>(settings, links, vectors);
}

}  // namespace kairank
