// The readers' half of VectorIndex: which way a search takes, and what it brings back.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "../include/parallel.h"
#include "../include/random.h"
#include "../state/epochs.h"
#include "index.h"

namespace kairank {

namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kDefaultEf = 128;
constexpr uint32_t kMeasuredRows = 16384;  // enough for the cost of a row
constexpr size_t kMeasuredBatch = 16;
constexpr double kSpare = 2;             // a walk may cost this many times what was expected of it
constexpr uint32_t kAnotherChance = 32;  // searches within a filter after which the graph is tried whatever was seen
constexpr uint32_t kCalibrationK = 10;
constexpr uint32_t kLastEf = 4096;
constexpr float kEnough = .9995f;
constexpr size_t kFewQueries = 32;
constexpr int kMostScans = 16;
constexpr size_t kStale = 5;  // a fifth of the rows has changed

double nanosSince(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

bool byScore(const WalkedRow& a, const WalkedRow& b) { return a.score > b.score; }

}  // namespace

/// What one thread searches with.
struct VectorIndex::Searcher {
  const ColdPages* cold = nullptr;  // of the index that is searched; costs that are measured then are the disk's
  Walk walk;
  ExactSearch exact;
  QueryCode code;
  std::vector<float> vector;
  std::vector<ScoredRow> ranked;
  std::vector<std::pair<uint64_t, size_t>> identities;

  static Searcher& mine() {
    thread_local Searcher searcher;
    return searcher;
  }
};

size_t VectorIndex::eligibleRows(const SearchOptions& options) const {
  return options.selection ? options.selection->size() : size();
}

uint32_t VectorIndex::efFor(const SearchOptions& options) const {
  if (options.ef > 0) return std::max(options.ef, options.k);
  if (options.recall > 0) {
    const std::vector<CalibrationPoint> points = calibrate(options.interrupt);
    if (!points.empty()) return std::max(efForRecall(points, options.recall), options.k);
  }
  return std::max(kDefaultEf, 2 * options.k);
}

std::vector<SearchHits> VectorIndex::search(const float* queries, size_t count, const SearchOptions& options,
                                            uint32_t threads) const {
  check();
  if (count > 0 && !options.selection && settings().graph) calibration_.sample(queries, settings().dim);
  return answer(queries, count, options, threads);
}

/// Searches, and remembers nothing of it: calibration must not learn from its own queries.
std::vector<SearchHits> VectorIndex::answer(const float* queries, size_t count, const SearchOptions& options,
                                            uint32_t threads) const {
  const uint32_t dim = settings().dim;
  std::vector<PreparedQuery> prepared(count);
  for (size_t i = 0; i < count; i++) store_.prepare(queries + i * dim, prepared[i]);
  SearchOptions resolved = options;
  if (settings().graph && options.path != SearchPath::exact) resolved.ef = efFor(options);
  std::vector<SearchHits> hits(count);
  const Control control;
  parallelFor(threads, count, kExactBatch, control, [&](size_t, size_t begin, size_t end) {
    const epochs::Guard guard;
    SearchOptions own = resolved;
    if (own.predicates) own.predicates += begin;
    searchSome(prepared.data() + begin, end - begin, own, Searcher::mine(), hits.data() + begin);
  });
  return hits;
}

void VectorIndex::searchSome(const PreparedQuery* queries, size_t count, const SearchOptions& options,
                             Searcher& searcher, SearchHits* hits) const {
  options.interrupt.check();
  const OpenedFile::Reading reading(file_.get());
  searcher.cold = reading.cold();
  const size_t eligible = eligibleRows(options);
  const bool choose = options.path == SearchPath::automatic;
  if (!settings().graph || options.path == SearchPath::exact || eligible == 0) {
    scan(queries, count, options, searcher, hits);
    return;
  }
  // What is too small to be measured is scanned.
  if (choose && !costs_.known() && !searcher.cold && size() >= Costs::kFewRows) measure(queries[0], searcher);
  if (choose && prefersScan(options, eligible, count)) {
    scan(queries, count, options, searcher, hits);
    return;
  }
  const double expected = costs_.walk(efAmong(options, eligible));
  const size_t budget = choose && options.selection ? costs_.budget(expected * kSpare) : SIZE_MAX;
  for (size_t i = 0; i < count; i++) {
    const Clock::time_point start = Clock::now();
    RowPredicate* const* predicate = options.predicates ? options.predicates + i : nullptr;
    if (!walk(queries[i], predicate ? *predicate : nullptr, options, budget, searcher, hits[i])) {
      SearchOptions own = options;
      own.predicates = predicate;
      scan(queries + i, 1, own, searcher, hits + i);
    }
    if (options.selection && !searcher.cold) options.selection->byGraph().add(nanosSince(start) / options.ef);
  }
}

/// Rows that a walk has to keep for `ef` eligible ones among them.
uint32_t VectorIndex::efAmong(const SearchOptions& options, size_t eligible) const {
  const double share = static_cast<double>(eligible) / static_cast<double>(std::max<size_t>(size(), 1));
  return static_cast<uint32_t>(std::min<double>(options.ef / share, kMaxEf));
}

/// Whether scanning the eligible rows is expected to cost less than walking to enough of them.
bool VectorIndex::prefersScan(const SearchOptions& options, size_t eligible, size_t queries) const {
  if (eligible <= options.k) return true;
  if (!costs_.known()) return eligible <= kMeasuredRows;
  const double scan = costs_.scan(eligible, queries, eligible * 2 < size());
  const Selection* selection = options.selection.get();
  // What was seen of a filter tells more than its size; now and then the graph gets another chance.
  const bool seen = selection && selection->byGraph().known() && selection->turn() % kAnotherChance != 0;
  return scan <= (seen ? selection->byGraph().mean() * options.ef : costs_.walk(efAmong(options, eligible)));
}

/// The first costs: a short scan of one query, the same of several, and a walk.
void VectorIndex::measure(const PreparedQuery& query, Searcher& searcher) const {
  Eligible eligible;
  eligible.rows = std::min(rows_.load(std::memory_order_acquire), kMeasuredRows);
  eligible.live = &live_;
  std::vector<const PreparedQuery*> queries(kMeasuredBatch, &query);
  std::vector<std::vector<ScoredRow>> results(kMeasuredBatch);
  for (const size_t count : {size_t{1}, size_t{1}, kMeasuredBatch}) {
    const Clock::time_point start = Clock::now();
    searcher.exact.run(store_, eligible, queries.data(), count, kCalibrationK, nullptr, {}, results.data());
    costs_.scanned(eligible.rows, count, false, nanosSince(start));
  }
  SearchOptions options;
  options.path = SearchPath::graph;
  options.ef = kDefaultEf;
  SearchHits hits;
  for (int turn = 0; turn < 2; turn++) walk(query, nullptr, options, SIZE_MAX, searcher, hits);
}

bool VectorIndex::walk(const PreparedQuery& query, RowPredicate* predicate, const SearchOptions& options, size_t budget,
                       Searcher& searcher, SearchHits& hits) const {
  // The entry before the number of rows: it is below whatever is read after it.
  const uint32_t entry = graph_.entry();
  if (entry == kNoRow) return false;
  const Clock::time_point start = Clock::now();
  WalkLimits limits{};
  limits.rows = rows_.load(std::memory_order_acquire);
  limits.ef = options.ef;
  // As many items as rows: none is dead or not yet there, and the bits need not be looked at.
  limits.live = size() == limits.rows ? nullptr : &live_;
  if (options.selection) {
    limits.filterRows = options.selection->rows();
    limits.filter = options.selection->words();
  }
  limits.predicate = predicate;
  limits.budget = budget;
  limits.interrupt = &options.interrupt;
  limits.cold = searcher.cold;
  searcher.code.encode(store_.walked(), kernels(), query.vector.data());
  const CodeQuery& code = searcher.code.view();
  const uint32_t from = searcher.walk.descend(graph_, store_, code, entry, limits.rows, 0, searcher.cold);
  const bool whole = searcher.walk.run(graph_, store_, code, store_.ceiling(query), from, 0, limits);
  options.interrupt.check();
  if (!whole) return false;

  std::vector<WalkedRow>& found = searcher.walk.found;
  const size_t wanted = std::min<size_t>(options.k, eligibleRows(options));
  if (found.size() < wanted) return false;
  // 4-bit codes err enough to hide a good row behind many others; 8-bit ones hardly.
  const size_t weighed = settings().codes == Codes::int4 ? std::max<size_t>(4 * options.k, options.ef / 2)
                                                         : options.k + std::max<size_t>(16, options.k / 2);
  if (weighed < found.size()) {
    std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(weighed), found.end(), byScore);
    found.resize(weighed);
  }
  searcher.vector.resize(settings().dim);
  searcher.ranked.clear();
  constexpr size_t kAhead = 6;
  if (searcher.cold) {
    for (const WalkedRow& row : found) searcher.cold->want(ColdPart::vectors, row.row);
  }
  for (size_t i = 0; i < std::min(kAhead, found.size()); i++) store_.prefetchExact(found[i].row);
  for (size_t i = 0; i < found.size(); i++) {
    if (i + kAhead < found.size()) store_.prefetchExact(found[i + kAhead].row);
    const float score = orLowest(store_.exact(query, found[i].row, searcher.vector.data()));
    searcher.ranked.push_back({score, found[i].row});
  }
  // One more than asked for, in case an id shows up twice.
  const size_t kept = std::min(searcher.ranked.size(), size_t{options.k} + 1);
  std::partial_sort(searcher.ranked.begin(), searcher.ranked.begin() + static_cast<std::ptrdiff_t>(kept),
                    searcher.ranked.end(), better);
  searcher.ranked.resize(kept);
  hits.path = SearchPath::graph;
  hits.ef = options.ef;
  fill(searcher.ranked, options.k, searcher, hits);
  if (!options.selection && !predicate && !searcher.cold) {
    costs_.walked(options.ef, searcher.walk.scored(), nanosSince(start));
  }
  return hits.scores.size() >= wanted;
}

/// A scan that finds less than there is, while rows change places, may have met neither the old nor the new row of an
/// id.
void VectorIndex::scan(const PreparedQuery* queries, size_t count, const SearchOptions& options, Searcher& searcher,
                       SearchHits* hits) const {
  for (int turn = 0; turn < kMostScans; turn++) {
    const uint64_t before = publishing_.load();
    scanOnce(queries, count, options, searcher, hits);
    const size_t wanted = std::min<size_t>(options.k, eligibleRows(options));
    const bool whole =
        std::all_of(hits, hits + count, [wanted](const SearchHits& one) { return one.scores.size() >= wanted; });
    if (whole || (before % 2 == 0 && before == publishing_.load())) return;
  }
}

void VectorIndex::scanOnce(const PreparedQuery* queries, size_t count, const SearchOptions& options, Searcher& searcher,
                           SearchHits* hits) const {
  const Clock::time_point start = Clock::now();
  Eligible eligible;
  eligible.rows = rows_.load(std::memory_order_acquire);
  eligible.live = &live_;
  eligible.cold = searcher.cold;
  if (options.selection) {
    eligible.filterRows = options.selection->rows();
    eligible.filter = options.selection->words();
  }
  std::vector<const PreparedQuery*> pointers(count);
  for (size_t i = 0; i < count; i++) pointers[i] = queries + i;
  std::vector<std::vector<ScoredRow>> results(count);
  searcher.exact.run(store_, eligible, pointers.data(), count, options.k + 1, options.predicates, options.interrupt,
                     results.data());
  for (size_t i = 0; i < count; i++) {
    hits[i].path = SearchPath::exact;
    hits[i].ef = 0;
    fill(results[i], options.k, searcher, hits[i]);
  }
  const size_t rows = eligibleRows(options);
  if (!searcher.cold) costs_.scanned(rows, count, options.selection && rows * 2 < eligible.rows, nanosSince(start));
}

/// Takes over the best rows under their ids. While an id is being replaced both of its rows may be among them: the
/// better one stays.
void VectorIndex::fill(const std::vector<ScoredRow>& best, uint32_t k, Searcher& searcher, SearchHits& hits) const {
  hits.scores.clear();
  hits.numbers.clear();
  hits.texts.clear();
  hits.rows.clear();
  auto& identities = searcher.identities;
  identities.clear();
  if (searcher.cold) {
    for (const ScoredRow& row : best) searcher.cold->want(ColdPart::ids, row.row);
  }
  for (size_t i = 0; i < best.size(); i++) identities.push_back({keys_.identity(best[i].row), i});
  std::sort(identities.begin(), identities.end());
  std::vector<bool> twice(best.size(), false);
  for (size_t i = 1; i < identities.size(); i++) {
    if (identities[i].first == identities[i - 1].first) twice[identities[i].second] = true;
  }
  for (size_t i = 0; i < best.size() && hits.scores.size() < k; i++) {
    if (twice[i]) continue;
    hits.scores.push_back(best[i].score);
    hits.rows.push_back(best[i].row);
    if (keys_.strings()) {
      hits.texts.emplace_back(keys_.text(best[i].row));
    } else {
      hits.numbers.push_back(keys_.number(best[i].row));
    }
  }
  hits.underfilled = hits.scores.size() < k;
}

std::vector<CalibrationPoint> VectorIndex::calibrate(const Interrupt& interrupt) const {
  if (!settings().graph || size() == 0) return {};
  uint64_t measuredAt = 0;
  const uint64_t now = changes_.load(std::memory_order_relaxed);
  std::vector<CalibrationPoint> points = calibration_.points(measuredAt);
  if (!points.empty() && (now - measuredAt) * kStale <= size()) return points;
  // One measures; those who come meanwhile take what was measured before, or wait for the first.
  std::unique_lock<std::mutex> measuring(calibration_.measuring(), std::try_to_lock);
  if (!measuring.owns_lock()) {
    if (!points.empty()) return points;
    measuring.lock();
    points = calibration_.points(measuredAt);
    if (!points.empty()) return points;
  }

  check();
  const uint32_t dim = settings().dim;
  std::vector<float> queries = calibration_.sampled(dim);
  if (queries.size() < kFewQueries * dim) queries = betweenNeighbours();
  const size_t count = queries.size() / dim;
  SearchOptions options;
  options.k = kCalibrationK;
  options.interrupt = interrupt;
  options.path = SearchPath::exact;
  const std::vector<SearchHits> truth = answer(queries.data(), count, options, 1);
  options.path = SearchPath::graph;
  points.clear();
  for (options.ef = kCalibrationK; options.ef <= kLastEf; options.ef += options.ef / 2) {
    const std::vector<SearchHits> found = answer(queries.data(), count, options, 1);
    size_t hit = 0, all = 0;
    for (size_t i = 0; i < count; i++) {
      all += truth[i].rows.size();
      for (uint32_t row : truth[i].rows) {
        hit += std::find(found[i].rows.begin(), found[i].rows.end(), row) != found[i].rows.end() ? 1 : 0;
      }
    }
    const float recall = all > 0 ? static_cast<float>(hit) / static_cast<float>(all) : 1;
    points.push_back({options.ef, points.empty() ? recall : std::max(recall, points.back().recall)});
    if (recall >= kEnough) break;
  }
  calibration_.set(points, now);
  return points;
}

/// Queries where none were asked yet: halfway from a row to one of its neighbours, so that they are no rows themselves
/// and lie where rows lie.
std::vector<float> VectorIndex::betweenNeighbours() const {
  const uint32_t dim = settings().dim;
  std::vector<float> queries;
  std::vector<float> other(dim);
  std::vector<uint32_t> links(graph_.capacity(0));
  Random random(settings().seed);
  const epochs::Guard guard;
  const uint32_t rows = rows_.load(std::memory_order_acquire);
  for (size_t turn = 0; turn < 8 * Calibration::kQueries && queries.size() < Calibration::kQueries * dim; turn++) {
    const uint32_t row = static_cast<uint32_t>(random.below(rows));
    if (!live_.has(row)) continue;
    const uint32_t count = graph_.read(row, 0, rows, links.data());
    if (count == 0) continue;
    const size_t at = queries.size();
    queries.resize(at + dim);
    store_.read(row, queries.data() + at);
    const uint32_t neighbour = links[random.below(count)];
    if (!live_.has(neighbour)) {
      queries.resize(at);
      continue;
    }
    store_.read(neighbour, other.data());
    for (uint32_t d = 0; d < dim; d++) queries[at + d] = (queries[at + d] + other[d]) / 2;
  }
  return queries;
}

}  // namespace kairank
