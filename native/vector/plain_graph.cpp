// HNSW over f32, on one thread and without codes: algorithms 1 to 5 of Malkov and Yashunin (2016), with the pruned
// candidates kept while there is room (algorithm 4, keepPrunedConnections).

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include "f32_rows.h"
#include "row_graph.h"

namespace kairank {
namespace {

/// By distance, NaN last, then by row: a total order, so that equal distances are taken in one order.
bool nearerRow(const Near& a, const Near& b) {
  if (a.distance < b.distance) return true;
  if (b.distance < a.distance) return false;
  const bool aIsNan = std::isnan(a.distance);
  if (aIsNan != std::isnan(b.distance)) return !aIsNan;
  return a.row < b.row;
}

bool fartherRow(const Near& a, const Near& b) { return nearerRow(b, a); }

/// The rows that one walk has seen: stamps, so that a new walk need not wipe them.
struct Marks {
  std::vector<uint32_t> stamps;
  uint32_t turn = 0;

  void begin(size_t rows) {
    if (stamps.size() < rows) stamps.resize(rows + rows / 2, 0);
    if (++turn != 0) return;
    std::fill(stamps.begin(), stamps.end(), 0);
    turn = 1;
  }
  /// Whether the row is new to this walk.
  bool visit(uint32_t row) { return std::exchange(stamps[row], turn) != turn; }
};

class PlainGraph final : public RowGraph {
 public:
  explicit PlainGraph(const GraphSettings& settings)
      : metric_(settings.space, settings.dim),
        m_(std::clamp(settings.m, 2u, kMaxGraphM)),
        efConstruction_(std::max(settings.efConstruction, m_)),
        rows_(settings.dim) {}

  void adopt(const GraphLinks& from, const float* vectors) {
    for (uint32_t row = 0; row < from.size(); ++row) {
      addRow(vectors + row * metric_.dim(), from.levels[row]);
      for (uint32_t level = 0; level <= from.levels[row]; ++level) {
        const LinkSpan span = from.at(row, level);
        setLinks(row, level, span.rows, span.count);
      }
    }
    entry_ = from.entry;
  }

  uint32_t size() const override { return static_cast<uint32_t>(deleted_.size()); }
  uint32_t entry() const override { return entry_; }
  uint32_t level(uint32_t row) const override { return static_cast<uint32_t>(upper_[row].size() / (m_ + 1)); }
  LinkSpan links(uint32_t row, uint32_t level) const override {
    const uint32_t* list = listOf(row, level);
    return {list + 1, list[0]};
  }
  void copyVector(uint32_t row, float* out) const override {
    const float* from = rows_.row(row);
    std::copy(from, from + metric_.dim(), out);
  }
  void distances(const float* query, uint32_t first, uint32_t count, float* out) const override {
    rows_.distances(metric_, query, first, count, out);
  }
  void mark(uint32_t row, bool deleted) override { deleted_[row] = deleted; }
  size_t bytes() const override {
    return rows_.bytes() + (base_.size() + upperLinks_) * sizeof(uint32_t) +
           size() * (sizeof(uint8_t) + sizeof(std::vector<uint32_t>));
  }

  void insert(const float* vector, uint32_t level) override {
    const uint32_t row = size();
    addRow(vector, level);
    if (entry_ == kNoEntry) {
      entry_ = row;
      return;
    }
    link(row, vector, level);
    if (level > this->level(entry_)) entry_ = row;
  }

  void update(uint32_t row, const float* vector) override {
    rows_.put(row, vector);
    const uint32_t top = level(row);
    for (uint32_t level = 0; level <= top; ++level) bypass(row, level);
    link(row, vector, top);
  }

  std::vector<Near> search(const float* query, size_t k, size_t ef, RowFilter* filter) const override {
    if (entry_ == kNoEntry) return {};
    const Near start = descend(query, 0);
    std::vector<Near> found =
        walk(query, start, ef, 0, [&](uint32_t row) { return !deleted_[row] && (!filter || filter->accepts(row)); });
    if (found.size() > k) found.resize(k);
    return found;
  }

 private:
  uint32_t roomOf(uint32_t level) const { return level == 0 ? 2 * m_ : m_; }

  /// A list: how many links, then room for as many as the level allows.
  const uint32_t* listOf(uint32_t row, uint32_t level) const {
    return level == 0 ? &base_[row * size_t{2 * m_ + 1}] : &upper_[row][(level - 1) * size_t{m_ + 1}];
  }
  uint32_t* listOf(uint32_t row, uint32_t level) {
    return const_cast<uint32_t*>(std::as_const(*this).listOf(row, level));
  }
  void setLinks(uint32_t row, uint32_t level, const uint32_t* links, uint32_t count) {
    uint32_t* list = listOf(row, level);
    list[0] = count;
    std::copy(links, links + count, list + 1);
  }

  /// Room for a row, without links. All of it or nothing.
  void addRow(const float* vector, uint32_t level) {
    const uint32_t row = size();
    rows_.put(row, vector);
    std::vector<uint32_t> lists(level * size_t{m_ + 1});
    base_.resize((row + 1) * size_t{2 * m_ + 1});
    upper_.resize(row);
    upper_.push_back(std::move(lists));
    deleted_.push_back(0);
    upperLinks_ += upper_[row].size();
  }

  Near nearOf(const float* query, uint32_t row) const { return {metric_.between(query, rows_.row(row)), row}; }

  /// The nearest row that greedy steps find from the entry down to the level above `level` (algorithm 2 with ef 1).
  Near descend(const float* query, uint32_t level) const {
    Near at = nearOf(query, entry_);
    for (uint32_t above = this->level(entry_); above > level; --above) {
      for (bool moved = true; moved;) {
        moved = false;
        const LinkSpan span = links(at.row, above);
        for (uint32_t i = 0; i < span.count; ++i) {
          const Near next = nearOf(query, span.rows[i]);
          if (!nearerRow(next, at)) continue;
          at = next;
          moved = true;
        }
      }
    }
    return at;
  }

  /// Marks for one walk, given back when it ends, by an exception too: a filter may search the graph meanwhile.
  class MarksLease {
   public:
    explicit MarksLease(const PlainGraph& graph) : pool_(graph.marks_) {
      if (pool_.empty()) {
        marks_ = std::make_unique<Marks>();
      } else {
        marks_ = std::move(pool_.back());
        pool_.pop_back();
      }
      marks_->begin(graph.size());
    }
    ~MarksLease() {
      try {
        pool_.push_back(std::move(marks_));
      } catch (const std::bad_alloc&) {
        // The next walk makes its own.
      }
    }
    MarksLease(const MarksLease&) = delete;
    MarksLease& operator=(const MarksLease&) = delete;
    Marks& operator*() { return *marks_; }

   private:
    std::vector<std::unique_ptr<Marks>>& pool_;
    std::unique_ptr<Marks> marks_;
  };

  /// Algorithm 2: up to ef accepted rows of a level, nearest first.
  template <typename Accepts>
  std::vector<Near> walk(const float* query, Near start, size_t ef, uint32_t level, Accepts accepts) const {
    MarksLease lease(*this);
    Marks& marks = *lease;
    std::vector<Near> frontier{start};  // the nearest on top
    std::vector<Near> found;            // the farthest on top
    marks.visit(start.row);
    if (accepts(start.row)) found.push_back(start);
    while (!frontier.empty()) {
      const Near at = frontier.front();
      if (found.size() >= ef && nearerRow(found.front(), at)) break;
      std::pop_heap(frontier.begin(), frontier.end(), fartherRow);
      frontier.pop_back();
      const LinkSpan span = links(at.row, level);
      for (uint32_t i = 0; i < span.count; ++i) {
        if (!marks.visit(span.rows[i])) continue;
        const Near next = nearOf(query, span.rows[i]);
        if (found.size() >= ef && !nearerRow(next, found.front())) continue;
        frontier.push_back(next);
        std::push_heap(frontier.begin(), frontier.end(), fartherRow);
        if (!accepts(next.row)) continue;
        found.push_back(next);
        std::push_heap(found.begin(), found.end(), nearerRow);
        if (found.size() > ef) {
          std::pop_heap(found.begin(), found.end(), nearerRow);
          found.pop_back();
        }
      }
    }
    std::sort_heap(found.begin(), found.end(), nearerRow);
    return found;
  }

  /// Algorithm 4: of candidates, nearest first, those that are nearer to the base than to one another; then, while
  /// there is room, the nearest of the others.
  std::vector<uint32_t> select(const std::vector<Near>& candidates, size_t room) const {
    std::vector<uint32_t> chosen;
    std::vector<uint32_t> others;
    for (const Near& candidate : candidates) {
      if (chosen.size() == room) break;
      const float* vector = rows_.row(candidate.row);
      const bool shadowed = std::any_of(chosen.begin(), chosen.end(), [&](uint32_t other) {
        return metric_.between(vector, rows_.row(other)) < candidate.distance;
      });
      (shadowed ? others : chosen).push_back(candidate.row);
    }
    for (size_t i = 0; i < others.size() && chosen.size() < room; ++i) chosen.push_back(others[i]);
    return chosen;
  }

  /// Sets the links of a row to the best of the candidates nearest to it. Candidates come once each.
  void choose(uint32_t row, uint32_t level, const std::vector<uint32_t>& candidates) {
    std::vector<Near> near;
    near.reserve(candidates.size());
    for (const uint32_t other : candidates) {
      if (other != row) near.push_back(nearOf(rows_.row(row), other));
    }
    const size_t most = std::min<size_t>(near.size(), efConstruction_);
    std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(most), near.end(), nearerRow);
    near.resize(most);
    const std::vector<uint32_t> chosen = select(near, roomOf(level));
    setLinks(row, level, chosen.data(), static_cast<uint32_t>(chosen.size()));
  }

  /// Gives a row its links from its level down, and its neighbours links to it (algorithm 1).
  void link(uint32_t row, const float* vector, uint32_t level) {
    const uint32_t top = std::min(level, this->level(entry_));
    Near at = descend(vector, top);
    for (uint32_t next = top + 1; next-- > 0;) {
      std::vector<Near> found =
          walk(vector, at, efConstruction_, next, [&](uint32_t other) { return other != row && !deleted_[other]; });
      // Where all are deleted, one of them still leads to the row.
      if (found.empty() && at.row != row) found.push_back(at);
      if (found.empty()) continue;
      const std::vector<uint32_t> chosen = select(found, m_);
      setLinks(row, next, chosen.data(), static_cast<uint32_t>(chosen.size()));
      for (const uint32_t other : chosen) linkBack(other, row, next);
      at = found.front();
    }
  }

  void linkBack(uint32_t row, uint32_t to, uint32_t level) {
    uint32_t* list = listOf(row, level);
    if (std::find(list + 1, list + 1 + list[0], to) != list + 1 + list[0]) return;
    if (list[0] < roomOf(level)) {
      list[++list[0]] = to;
      return;
    }
    std::vector<uint32_t> candidates(list + 1, list + 1 + list[0]);
    candidates.push_back(to);
    choose(row, level, candidates);
  }

  /// Once a row has moved away: its neighbours of before choose anew, among themselves and theirs.
  void bypass(uint32_t row, uint32_t level) {
    const LinkSpan span = links(row, level);
    const std::vector<uint32_t> neighbours(span.rows, span.rows + span.count);
    std::vector<uint32_t> candidates = neighbours;
    candidates.push_back(row);
    for (const uint32_t neighbour : neighbours) {
      const LinkSpan own = links(neighbour, level);
      candidates.insert(candidates.end(), own.rows, own.rows + own.count);
    }
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    for (const uint32_t neighbour : neighbours) choose(neighbour, level, candidates);
  }

  Metric metric_;
  uint32_t m_;
  uint32_t efConstruction_;
  F32Rows rows_;
  std::vector<uint32_t> base_;
  std::vector<std::vector<uint32_t>> upper_;
  size_t upperLinks_ = 0;
  std::vector<uint8_t> deleted_;
  uint32_t entry_ = kNoEntry;
  mutable std::vector<std::unique_ptr<Marks>> marks_;
};

}  // namespace

std::unique_ptr<RowGraph> makeRowGraph(const GraphSettings& settings) { return std::make_unique<PlainGraph>(settings); }

std::unique_ptr<RowGraph> makeRowGraph(const GraphSettings& settings, const GraphLinks& links, const float* vectors) {
  auto graph = std::make_unique<PlainGraph>(settings);
  graph->adopt(links, vectors);
  return graph;
}

}  // namespace kairank
