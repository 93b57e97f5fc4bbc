#include "labelled_graph.h"

#include <algorithm>
#include <cmath>

#include "../../include/limits.h"
#include "../../include/status.h"

namespace kairank {
namespace {

/// What one entry of the table of labels takes, about: its node and its bucket.
constexpr size_t kLabelBytes = 48;

constexpr uint32_t kSeedOfFiles = 100;

[[noreturn]] void refuseLabel(const char* words) { throw Error(Status::notFound, words); }

uint32_t graphM(uint64_t m) { return static_cast<uint32_t>(std::clamp<uint64_t>(m, 2, kMaxGraphM)); }

uint32_t graphEf(uint64_t efConstruction, uint32_t m) {
  return static_cast<uint32_t>(std::clamp<uint64_t>(efConstruction, m, kMaxRows));
}

GraphSettings graphSettings(const Distance& metric, uint32_t m, uint32_t efConstruction) {
  return {metric.space(), metric.dim(), m, efConstruction};
}

}  // namespace

LabelledGraph::LabelledGraph(const LabelledGraphSettings& settings)
    : metric_(settings.space, settings.dim),
      capacity_(settings.capacity),
      m_(graphM(settings.m)),
      efConstruction_(graphEf(settings.efConstruction, m_)),
      reuseDeleted_(settings.reuseDeleted),
      random_(settings.seed),
      graph_(makeRowGraph(graphSettings(metric_, m_, efConstruction_))) {}

LabelledGraph::LabelledGraph(Space space, size_t dim, bool reuseDeleted, const HnswlibGraph& from)
    : metric_(space, dim),
      // hnswlib forgets the room of an index that it reads empty.
      capacity_(from.labels.empty() ? 0 : from.header.maxElements),
      m_(graphM(from.header.m)),
      efConstruction_(graphEf(from.header.efConstruction, m_)),
      reuseDeleted_(reuseDeleted),
      random_(kSeedOfFiles),
      graph_(makeRowGraph(graphSettings(metric_, m_, efConstruction_), from.links, from.vectors.data())),
      labels_(from.labels),
      deleted_(from.labels.size(), 0) {
  for (uint32_t row = 0; row < labels_.size(); ++row) {
    rowOf_[labels_[row]] = row;
    if (from.deleted[row]) setDeleted(row, true);
  }
}

uint32_t LabelledGraph::rowOf(uint64_t label) const {
  const auto found = rowOf_.find(label);
  if (found == rowOf_.end()) refuseLabel("Label not found");
  return found->second;
}

/// The level of a new row: floor(-ln(u) / ln(m)), u uniform in (0, 1] (Malkov and Yashunin 2016, section 4.1).
uint32_t LabelledGraph::drawLevel() {
  const double uniform = (static_cast<double>(random_() >> 11) + 1) * 0x1p-53;
  const double level = -std::log(uniform) / std::log(static_cast<double>(m_));
  return static_cast<uint32_t>(std::min(level, static_cast<double>(kMaxLevel)));
}

void LabelledGraph::setDeleted(uint32_t row, bool deleted) {
  if (reuseDeleted_) {
    if (deleted) {
      reusable_.insert(row);
    } else {
      reusable_.erase(row);
    }
  }
  graph_->mark(row, deleted);
  deleted_[row] = deleted;
  if (deleted) {
    ++deletedCount_;
  } else {
    --deletedCount_;
  }
}

void LabelledGraph::append(const float* ready, uint64_t label) {
  const uint32_t row = graph_->size();
  if (row >= std::min<uint64_t>(capacity_, kMaxRows)) {
    throw Error(Status::invalidArgument, "The number of elements exceeds the specified limit");
  }
  labels_.push_back(label);
  try {
    deleted_.push_back(0);
    rowOf_[label] = row;
    graph_->insert(ready, drawLevel());
  } catch (...) {
    // Out of memory: a row that is there stays, however few links it got.
    if (graph_->size() == row) {
      rowOf_.erase(label);
      labels_.resize(row);
      deleted_.resize(row);
    }
    throw;
  }
}

void LabelledGraph::add(const float* point, uint64_t label, bool reuse) {
  if (reuse && !reuseDeleted_) {
    throw Error(Status::invalidArgument, "Replacement of deleted elements is disabled in constructor");
  }
  std::vector<float> ready(point, point + metric_.dim());
  metric_.prepare(ready.data());

  const auto known = rowOf_.find(label);
  if (known != rowOf_.end()) {
    const uint32_t row = known->second;
    if (deleted_[row] && reuseDeleted_ && !reuse) {
      throw Error(Status::invalidArgument,
                  "Can't use addPoint to update deleted elements if replacement of deleted elements is enabled.");
    }
    graph_->update(row, ready.data());
    if (deleted_[row]) setDeleted(row, false);
    return;
  }
  if (!reuse || reusable_.empty()) {
    append(ready.data(), label);
    return;
  }
  const uint32_t row = *reusable_.begin();
  graph_->update(row, ready.data());
  // A file may give one label to several rows: the table knows the last of them.
  const auto replaced = rowOf_.find(labels_[row]);
  if (replaced != rowOf_.end() && replaced->second == row) rowOf_.erase(replaced);
  rowOf_[label] = row;
  labels_[row] = label;
  setDeleted(row, false);
}

void LabelledGraph::markDeleted(uint64_t label) {
  const uint32_t row = rowOf(label);
  if (deleted_[row]) refuseLabel("The requested to delete element is already deleted");
  setDeleted(row, true);
}

void LabelledGraph::unmarkDeleted(uint64_t label) {
  const uint32_t row = rowOf(label);
  if (!deleted_[row]) refuseLabel("The requested to undelete element is not deleted");
  setDeleted(row, false);
}

std::vector<Hit> LabelledGraph::scan(const float* query, size_t k, LabelFilter* filter) const {
  Nearest nearest(k);
  float distances[kScanRows];
  for (uint32_t first = 0; first < size(); first += kScanRows) {
    const uint32_t count = std::min(kScanRows, size() - first);
    graph_->distances(query, first, count, distances);
    for (uint32_t i = 0; i < count; ++i) {
      if (deleted_[first + i]) continue;
      const Hit hit{distances[i], labels_[first + i]};
      if (nearest.wants(hit) && (!filter || filter->accepts(hit.label))) nearest.put(hit);
    }
  }
  return nearest.take();
}

std::vector<Hit> LabelledGraph::walk(const float* query, size_t k, size_t ef, LabelFilter* filter) const {
  class ByLabel final : public RowFilter {
   public:
    ByLabel(const std::vector<uint64_t>& labels, LabelFilter* filter) : labels_(labels), filter_(filter) {}
    bool accepts(uint32_t row) override { return filter_->accepts(labels_[row]); }

   private:
    const std::vector<uint64_t>& labels_;
    LabelFilter* filter_;
  };
  ByLabel byLabel(labels_, filter);
  std::vector<Hit> hits;
  for (const Near& near : graph_->search(query, k, ef, filter ? &byLabel : nullptr)) {
    hits.push_back({near.distance, labels_[near.row]});
  }
  std::sort(hits.begin(), hits.end(), nearer);
  return hits;
}

std::vector<Hit> LabelledGraph::search(const float* query, size_t k, size_t ef, LabelFilter* filter) const {
  std::vector<float> ready(query, query + metric_.dim());
  metric_.prepare(ready.data());
  const size_t live = size() - deletedCount_;
  k = std::min(k, live);
  if (k == 0) return {};
  if (std::max(ef, k) < live) {
    std::vector<Hit> hits = walk(ready.data(), k, std::max(ef, k), filter);
    if (hits.size() == k) return hits;
  }
  return scan(ready.data(), k, filter);
}

void LabelledGraph::resize(uint64_t capacity) {
  if (capacity < size()) {
    throw Error(Status::invalidArgument, "Cannot resize, max element is less than the current number of elements");
  }
  capacity_ = capacity;
}

std::vector<uint64_t> LabelledGraph::labels() const {
  std::vector<uint64_t> all;
  all.reserve(rowOf_.size());
  for (const auto& [label, row] : rowOf_) all.push_back(label);
  return all;
}

std::vector<float> LabelledGraph::point(uint64_t label) const {
  const uint32_t row = rowOf(label);
  if (deleted_[row]) refuseLabel("Label not found");
  std::vector<float> out(metric_.dim());
  graph_->copyVector(row, out.data());
  return out;
}

size_t LabelledGraph::bytes() const {
  return graph_->bytes() + labels_.size() * (sizeof(uint64_t) + sizeof(uint8_t) + kLabelBytes);
}

class LabelledGraph::Source final : public HnswlibSource {
 public:
  explicit Source(const LabelledGraph& graph) : graph_(graph), vector_(graph.dim()) {}

  HnswlibHeader header() const override { return {graph_.capacity_, graph_.efConstruction_, graph_.m_}; }
  uint32_t size() const override { return graph_.size(); }
  uint32_t entry() const override { return graph_.graph_->entry(); }
  uint32_t level(uint32_t row) const override { return graph_.graph_->level(row); }
  LinkSpan links(uint32_t row, uint32_t level) const override { return graph_.graph_->links(row, level); }
  HnswlibElement element(uint32_t row) override {
    graph_.graph_->copyVector(row, vector_.data());
    return {graph_.labels_[row], graph_.deleted_[row] != 0, vector_.data()};
  }

 private:
  const LabelledGraph& graph_;
  std::vector<float> vector_;
};

void LabelledGraph::write(ByteWriter& to) const {
  Source source(*this);
  writeHnswlibGraph(to, source, metric_.dim());
}

}  // namespace kairank
