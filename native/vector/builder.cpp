#include "builder.h"

#include <algorithm>
#include <mutex>

#include "../include/parallel.h"

namespace kairank {

namespace {

constexpr size_t kRowChunk = 8;
constexpr size_t kMendChunk = 1024;

}  // namespace

/// What one thread works with.
struct GraphBuilder::Worker {
  Walk walk;
  QueryCode query;      // of the row that is placed, on the codes that are walked
  QueryCode own;        // of the same row, 8 bits
  QueryCode candidate;  // of the row that is weighed
  PreparedQuery prepared;
  std::vector<WalkedRow> candidates;  // best first
  std::vector<uint32_t> rows;
  std::vector<float> scores;
  std::vector<uint32_t> chosen;
  std::vector<float> chosenScores;
  std::vector<Link> back[kMaxLevel + 1];
};

GraphBuilder::GraphBuilder(const RowStore& store, Graph& graph, const RowBits* gone, uint32_t threads)
    : store_(store), graph_(graph), gone_(gone), threads_(std::max(threads, 1u)) {
  for (uint32_t t = 0; t < threads_; t++) workers_.push_back(std::make_unique<Worker>());
}

GraphBuilder::~GraphBuilder() = default;

/// Scores the candidates as seen from a row, by 8-bit codes, and sorts them. Ties go to the nearest row numbers, so
/// that equal vectors form a chain, and not a star whose centre cannot lead everywhere.
void GraphBuilder::rank(Worker& worker, uint32_t row) {
  std::vector<WalkedRow>& candidates = worker.candidates;
  worker.rows.resize(candidates.size());
  worker.scores.resize(candidates.size() + 4);
  for (size_t i = 0; i < candidates.size(); i++) worker.rows[i] = candidates[i].row;
  const CodeLayout& layout = store_.layout8();
  worker.own.take(layout, store_.code8(row));
  kernels().gatherI8(worker.own.view(), store_.codes8(), layout.stride, layout.trailer, worker.rows.data(),
                     worker.rows.size(), worker.scores.data());
  for (size_t i = 0; i < candidates.size(); i++) candidates[i].score = orLowest(worker.scores[i]);
  const auto gap = [row](uint32_t other) { return other > row ? other - row : row - other; };
  std::sort(candidates.begin(), candidates.end(), [&gap](const WalkedRow& a, const WalkedRow& b) {
    if (a.score != b.score) return a.score > b.score;
    const uint32_t left = gap(a.row), right = gap(b.row);
    return left != right ? left < right : a.row < b.row;
  });
}

/// Chooses from the sorted candidates those that are nearer to the row than to any chosen before (algorithm 4), in
/// addition to what is chosen already.
void GraphBuilder::select(Worker& worker, uint32_t row, uint32_t most) {
  const CodeLayout& layout = store_.layout8();
  const float ownBias = trailerOf(layout, store_.code8(row)).bias;
  worker.chosenScores.resize(most + 4);
  for (const WalkedRow& candidate : worker.candidates) {
    if (worker.chosen.size() == most) return;
    if (!worker.chosen.empty()) {
      const uint8_t* code = store_.code8(candidate.row);
      worker.candidate.take(layout, code);
      kernels().gatherI8(worker.candidate.view(), store_.codes8(), layout.stride, layout.trailer, worker.chosen.data(),
                         worker.chosen.size(), worker.chosenScores.data());
      // The product with the row, with the row's bias in place of the candidate's: the row as the candidate sees it.
      const float here = candidate.score - trailerOf(layout, code).bias + ownBias;
      bool hidden = false;
      for (size_t i = 0; i < worker.chosen.size(); i++) hidden |= worker.chosenScores[i] > here;
      if (hidden) continue;
    }
    worker.chosen.push_back(candidate.row);
  }
}

void GraphBuilder::searchOne(Worker& worker, uint32_t row, uint32_t bound) {
  const IndexSettings& settings = store_.settings();
  store_.read(row, worker.prepared);
  worker.query.encode(store_.walked(), kernels(), worker.prepared.vector.data());
  const float ceiling = store_.ceiling(worker.prepared);

  const uint32_t top = std::min(graph_.level(row), graph_.level(graph_.entry()));
  uint32_t from = worker.walk.descend(graph_, store_, worker.query.view(), graph_.entry(), bound, top);
  for (uint32_t level = top + 1; level-- > 0;) {
    WalkLimits limits{};
    limits.rows = bound;
    limits.ef = settings.efConstruction;
    worker.walk.run(graph_, store_, worker.query.view(), ceiling, from, level, limits);
    worker.candidates = worker.walk.found;
    // Rows that are to be taken out lead on, but are not worth a link; and a row that is linked anew finds itself.
    const auto useless = [this, row](const WalkedRow& candidate) {
      return candidate.row == row || (gone_ && gone_->has(candidate.row));
    };
    worker.candidates.erase(std::remove_if(worker.candidates.begin(), worker.candidates.end(), useless),
                            worker.candidates.end());
    rank(worker, row);
    if (worker.candidates.empty()) continue;
    from = worker.candidates.front().row;
    worker.chosen.clear();
    select(worker, row, settings.m);
    graph_.write(row, level, worker.chosen.data(), static_cast<uint32_t>(worker.chosen.size()));
    for (uint32_t chosen : worker.chosen) worker.back[level].push_back({chosen, row});
  }
}

/// Gives one row the links of a round, and chooses anew when they are too many.
void GraphBuilder::mergeOne(Worker& worker, uint32_t level, const Link* links, size_t count, uint32_t bound) {
  const uint32_t row = links[0].to;
  const uint32_t capacity = graph_.capacity(level);
  worker.chosen.resize(capacity);
  const uint32_t had = graph_.read(row, level, bound, worker.chosen.data());
  worker.chosen.resize(had);
  for (size_t i = 0; i < count; i++) {
    const auto end = worker.chosen.begin() + had;
    if (std::find(worker.chosen.begin(), end, links[i].from) == end) worker.chosen.push_back(links[i].from);
  }
  if (worker.chosen.size() > capacity) {
    worker.candidates.clear();
    for (uint32_t to : worker.chosen) worker.candidates.push_back({0, to});
    rank(worker, row);
    worker.chosen.clear();
    select(worker, row, capacity);
  }
  graph_.write(row, level, worker.chosen.data(), static_cast<uint32_t>(worker.chosen.size()));
}

/// A round whose rows have links is finished, whatever happens: half of its links back would leave rows that nothing
/// leads to.
void GraphBuilder::linkBack(uint32_t bound) {
  for (uint32_t level = 0; level <= kMaxLevel; level++) linkBackAt(level, bound);
}

void GraphBuilder::linkBackAt(uint32_t level, uint32_t bound) {
  std::vector<Link>& links = back_[level];
  links.clear();
  for (const std::unique_ptr<Worker>& worker : workers_) {
    links.insert(links.end(), worker->back[level].begin(), worker->back[level].end());
    worker->back[level].clear();
  }
  if (links.empty()) return;
  std::sort(links.begin(), links.end(),
            [](const Link& a, const Link& b) { return a.to != b.to ? a.to < b.to : a.from < b.from; });
  std::vector<size_t> starts;
  for (size_t i = 0; i < links.size(); i++) {
    if (i == 0 || links[i].to != links[i - 1].to) starts.push_back(i);
  }
  const Control whole;
  parallelFor(threads_, starts.size(), kRowChunk, whole, [&](size_t thread, size_t begin, size_t end) {
    for (size_t s = begin; s < end; s++) {
      const size_t first = starts[s];
      const size_t last = s + 1 < starts.size() ? starts[s + 1] : links.size();
      mergeOne(*workers_[thread], level, links.data() + first, last - first, bound);
    }
  });
}

void GraphBuilder::insert(const uint32_t* rows, size_t count, uint32_t bound, const Control& control) {
  if (count == 0) return;
  size_t begin = 0;
  const uint32_t before = graph_.entry();
  if (before == kNoRow) graph_.enter(rows[begin++]);
  try {
    parallelFor(threads_, count - begin, kRowChunk, control, [&](size_t thread, size_t from, size_t to) {
      for (size_t i = from; i < to; i++) searchOne(*workers_[thread], rows[begin + i], bound);
    });
  } catch (...) {
    // Nothing may lead to these rows: not the next round either.
    graph_.enter(before);
    for (const std::unique_ptr<Worker>& worker : workers_) {
      for (std::vector<Link>& links : worker->back) links.clear();
    }
    throw;
  }
  linkBack(bound);
  for (size_t i = 0; i < count; i++) {
    if (graph_.level(rows[i]) > graph_.level(graph_.entry())) graph_.enter(rows[i]);
  }
}

void GraphBuilder::relink(uint32_t row, RowBits& moved, uint32_t bound) {
  // Those that it led to, and that led to it, find their way without it.
  moved.set(row);
  std::vector<uint32_t> links;
  for (uint32_t level = 0; level <= graph_.level(row); level++) {
    links.resize(graph_.capacity(level));
    links.resize(graph_.read(row, level, bound, links.data()));
    for (const uint32_t to : links) mendOne(*workers_[0], to, level, moved, bound);
  }
  moved.clear(row);
  searchOne(*workers_[0], row, bound);
  linkBack(bound);
}

/// Links a row that led to some that are gone to what those led to.
void GraphBuilder::mendOne(Worker& worker, uint32_t row, uint32_t level, const RowBits& gone, uint32_t bound) {
  const uint32_t capacity = graph_.capacity(level);
  std::vector<uint32_t> links(capacity);
  links.resize(graph_.read(row, level, bound, links.data()));
  const auto isGone = [&gone](uint32_t to) { return gone.has(to); };
  if (std::none_of(links.begin(), links.end(), isGone)) return;
  std::vector<uint32_t> stay;
  std::vector<uint32_t> known;
  std::vector<uint32_t> further(capacity);
  for (uint32_t to : links) {
    if (!gone.has(to)) {
      stay.push_back(to);
      continue;
    }
    const uint32_t count = graph_.read(to, level, bound, further.data());
    for (uint32_t i = 0; i < count; i++) {
      if (further[i] != row && !gone.has(further[i])) known.push_back(further[i]);
    }
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  worker.candidates.clear();
  for (uint32_t to : known) {
    if (std::find(stay.begin(), stay.end(), to) == stay.end()) worker.candidates.push_back({0, to});
  }
  rank(worker, row);
  // What led well stays; choosing among all again would hide some of it behind those that come.
  worker.chosen = stay;
  select(worker, row, capacity);
  graph_.write(row, level, worker.chosen.data(), static_cast<uint32_t>(worker.chosen.size()));
}

/// When the entry is gone, the first row of the highest level left takes its place.
void GraphBuilder::reenter(const RowBits& gone, uint32_t bound) {
  if (graph_.entry() == kNoRow || !gone.has(graph_.entry())) return;
  uint32_t best = kNoRow;
  for (uint32_t row = 0; row < bound; row++) {
    if (gone.has(row) || !graph_.linked(row)) continue;
    if (best == kNoRow || graph_.level(row) > graph_.level(best)) best = row;
  }
  graph_.enter(best);
}

void GraphBuilder::remove(const RowBits& gone, uint32_t bound, const Control& control) {
  parallelFor(threads_, bound, kMendChunk, control, [&](size_t thread, size_t begin, size_t end) {
    for (size_t row = begin; row < end; row++) {
      const uint32_t number = static_cast<uint32_t>(row);
      if (gone.has(number) || !graph_.linked(number)) continue;
      for (uint32_t level = 0; level <= graph_.level(number); level++) {
        mendOne(*workers_[thread], number, level, gone, bound);
      }
    }
  });
  reenter(gone, bound);
}

}  // namespace kairank
