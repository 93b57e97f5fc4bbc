// The lane of an index: searches gathered with others find what they find alone, long ones take turns, and each ends
// for itself.

#include "../../../native/pipeline/index_lane.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "../../../native/include/random.h"
#include "../../../native/pipeline/executor.h"
#include "../check.h"
#include "awaited.h"

using namespace kairank;

namespace {

constexpr uint32_t kDim = 12;
constexpr size_t kRows = 1500;

std::vector<float> randomVectors(size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<float> vectors(count * kDim);
  for (float& value : vectors) value = static_cast<float>(random.below(2001)) / 1000 - 1;
  return vectors;
}

struct Fixture {
  std::vector<float> vectors = randomVectors(kRows, 1);
  std::shared_ptr<VectorIndex> index;
  std::shared_ptr<IndexLane> lane;
  std::shared_ptr<Selection> even;

  explicit Fixture(size_t queueLimit = 1000) {
    IndexSettings settings;
    settings.dim = kDim;
    settings.metric = Metric::dot;
    settings.codes = Codes::int8;
    settings.efConstruction = 50;
    index = std::make_shared<VectorIndex>(settings, false);
    lane = std::make_shared<IndexLane>(index, queueLimit);
    KeyList ids, halves;
    for (size_t i = 0; i < kRows; i++) {
      ids.numbers.push_back(static_cast<double>(i));
      if (i % 2 == 0) halves.numbers.push_back(static_cast<double>(i));
    }
    Control control;
    index->put(ids, vectors.data(), 1, control);
    even = index->select(halves);
  }

  /// The k best of the rows by products in double; only even ones where `step` is 2.
  std::vector<double> best(const float* query, uint32_t k, size_t step) const {
    std::vector<std::pair<double, double>> scored;
    for (size_t row = 0; row < kRows; row += step) {
      double score = 0;
      for (uint32_t d = 0; d < kDim; d++) score += static_cast<double>(query[d]) * vectors[row * kDim + d];
      scored.push_back({-score, static_cast<double>(row)});
    }
    std::sort(scored.begin(), scored.end());
    std::vector<double> ids;
    for (uint32_t i = 0; i < k; i++) ids.push_back(scored[i].second);
    return ids;
  }
};

using TestSearch = Awaited<IndexSearch>;

std::shared_ptr<TestSearch> searchOf(const Fixture& fixture, std::vector<float> queries, uint32_t k,
                                     SearchPath path = SearchPath::exact) {
  auto search = std::make_shared<TestSearch>();
  search->target = fixture.lane;
  search->count = queries.size() / kDim;
  search->queries = std::move(queries);
  search->options.k = k;
  search->options.path = path;
  return search;
}

/// A pool of one thread that a search holds up when it settles.
struct Busy {
  Executor pool{1};
  Door door;
  std::shared_ptr<TestSearch> first;

  explicit Busy(const Fixture& fixture) : first(searchOf(fixture, randomVectors(1, 99), 1)) {
    first->door = &door;
    pool.submit(first);
    door.awaitSomebody();
  }
};

void gatheredSearchesFindWhatTheyWouldAlone() {
  const Fixture fixture;
  Busy busy(fixture);
  std::vector<std::shared_ptr<TestSearch>> searches;
  for (uint64_t i = 0; i < 200; i++) {
    searches.push_back(searchOf(fixture, randomVectors(1 + i % 3, 1000 + i), 1 + i % 4 * 3));
    if (i % 5 == 0) searches.back()->options.selection = fixture.even;
    if (i % 7 == 0) searches.back()->options.path = SearchPath::automatic;
    busy.pool.submit(searches.back());
  }
  busy.door.open();
  for (const auto& search : searches) {
    CHECK(search->await() == Status::ok);
    CHECK(search->hits.size() == search->count);
    for (size_t q = 0; q < search->hits.size(); q++) {
      const SearchHits& hits = search->hits[q];
      CHECK(hits.scores.size() == search->options.k && !hits.underfilled);
      if (hits.path != SearchPath::exact) continue;
      CHECK(hits.numbers ==
            fixture.best(search->queries.data() + q * kDim, search->options.k, search->options.selection ? 2 : 1));
    }
  }
}

void longSearchesTakeTurns() {
  const Fixture fixture;
  Busy busy(fixture);
  Door door;
  const auto longer = searchOf(fixture, randomVectors(20 * kSearchShare + 7, 3), 2);
  const auto one = searchOf(fixture, randomVectors(1, 4), 2);
  one->door = &door;
  busy.pool.submit(longer);
  busy.pool.submit(one);
  busy.door.open();
  door.awaitSomebody();
  CHECK_THAT(longer->times() == 0, "one query does not wait for thousands that came before");
  door.open();
  CHECK(longer->await() == Status::ok && one->await() == Status::ok);
  CHECK(longer->hits.size() == longer->count);
  for (size_t q = 0; q < longer->count; q += 97) {
    CHECK(longer->hits[q].numbers == fixture.best(longer->queries.data() + q * kDim, 2, 1));
  }
}

void eachEndsForItself() {
  const Fixture fixture(4);
  Busy busy(fixture);
  const auto late = searchOf(fixture, randomVectors(1, 5), 1);
  late->hasDeadline = true;
  late->deadline = Task::Clock::now();
  const auto endless = searchOf(fixture, randomVectors(400000, 6), 1);
  const auto nothing = searchOf(fixture, {}, 1);
  const auto good = searchOf(fixture, randomVectors(1, 7), 1);
  for (const auto& search : {late, endless, nothing, good}) busy.pool.submit(search);
  Status refused = Status::ok;
  try {
    busy.pool.submit(searchOf(fixture, randomVectors(1, 8), 1));
  } catch (const Error& error) {
    refused = error.status();
  }
  CHECK(refused == Status::overloaded);
  busy.door.open();
  CHECK(late->await() == Status::deadlineExceeded);
  CHECK(good->await() == Status::ok && good->hits.size() == 1);
  CHECK(nothing->await() == Status::ok && nothing->hits.empty());
  endless->cancel();
  CHECK(endless->await() == Status::aborted);
}

}  // namespace

int main() {
  check::test("gathered searches find what they would alone", gatheredSearchesFindWhatTheyWouldAlone);
  check::test("long searches take turns", longSearchesTakeTurns);
  check::test("each search ends for itself", eachEndsForItself);
  return check::finish();
}
