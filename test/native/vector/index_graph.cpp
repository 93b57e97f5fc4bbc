// The graph of an index: what it finds, against brute force, and that it is the same on any number of threads.

#include "graph_check.h"
#include "vectors.h"

using namespace kairank;
using namespace vectors;

namespace {

constexpr uint32_t kDim = 32;
constexpr uint32_t kMany = 3000;

void testGraph() {
  eachSetting([&](IndexSettings settings) {
    if (settings.storage == Storage::bf16 && settings.codes == Codes::int8) return;
    settings.dim = kDim;
    Random random(13);
    Pair pair(settings, false);
    pair.put(range(0, kMany), clustered(random, kMany, kDim), 2);
    const std::vector<float> queries = clustered(random, 50, kDim);
    const double found = recall(pair, queries, 10, 100);
    CHECK_THAT(found >= (settings.storage == Storage::int8 ? .9 : .97), nameOf(settings) << " " << found);
    const SearchHits hits = search(*pair.index, queries.data(), 10, SearchPath::graph, 100);
    CHECK(hits.path == SearchPath::graph && hits.ef == 100 && hits.scores.size() == 10 && !hits.underfilled);
  });
}

/// Half of the rows are replaced, some at a time; then recall is that of an index which never saw the old ones.
void testReplacing() {
  for (const Metric metric : {Metric::cosine, Metric::l2}) {
    IndexSettings settings;
    settings.dim = kDim;
    settings.metric = metric;
    Random random(14);
    Pair pair(settings, false);
    pair.put(range(0, kMany), clustered(random, kMany, kDim));
    for (uint32_t first = 0; first < kMany / 2; first += 100) {
      const std::vector<uint32_t> ids = range(first * 2 % kMany, 100);
      if (first % 200 == 0) pair.remove(ids);
      pair.put(ids, clustered(random, 100, kDim));
    }
    Pair fresh(settings, false);
    std::vector<uint32_t> ids;
    std::vector<float> values;
    for (const auto& item : pair.oracle.items) {
      ids.push_back(item.first);
      values.insert(values.end(), item.second.begin(), item.second.end());
    }
    fresh.put(ids, values);
    checkGraph(*pair.index, "replaced");
    const std::vector<float> queries = clustered(random, 200, kDim);
    for (const uint32_t ef : {20u, 60u}) {
      const double alive = recall(pair, queries, 10, ef), built = recall(fresh, queries, 10, ef);
      CHECK_THAT(alive >= built - .01, nameOf(settings) << " ef " << ef << ": " << alive << ", fresh " << built);
    }
    const IndexFigures figures = pair.index->figures();
    CHECK_THAT(figures.items == kMany && figures.rows < kMany * 5 / 4, figures.rows);
  }
}

void testDeterminism() {
  for (const Codes codes : {Codes::int4, Codes::int8}) {
    std::vector<std::string> files;
    for (const uint32_t threads : {1u, 2u, 3u, 1u}) {
      IndexSettings settings;
      settings.dim = kDim;
      settings.codes = codes;
      settings.seed = files.size() == 3 ? 2 : 1;
      Random random(16);
      Pair pair(settings, true);
      pair.put(range(0, 2500), clustered(random, 2500, kDim), threads);
      pair.remove(range(100, 700), threads);
      pair.put(range(500, 600), clustered(random, 600, kDim), threads);
      files.push_back(fileBytes(*pair.index));
      checkGraph(*pair.index, "three puts");
    }
    CHECK(files[0] == files[1]);
    CHECK(files[0] == files[2]);
    CHECK(files[0] != files[3]);  // another seed
  }
}

void testTwins() {
  for (const Metric metric : {Metric::dot, Metric::cosine, Metric::l2}) {
    IndexSettings settings;
    settings.dim = 16;
    settings.metric = metric;
    Random random(17);
    const std::vector<float> one = normals(random, 16);
    std::vector<float> values;
    for (int i = 0; i < 1500; i++) values.insert(values.end(), one.begin(), one.end());
    Pair pair(settings, false);
    pair.put(range(0, 1500), values);
    for (const uint32_t k : {1u, 10u, 1500u, 2000u}) {
      checkExact(pair, one.data(), k, search(*pair.index, one.data(), k, SearchPath::exact), "twins, exact");
      checkExact(pair, one.data(), k, search(*pair.index, one.data(), k, SearchPath::graph, 50), "twins, graph");
    }
    // A few that differ are found among them.
    pair.put({3, 700, 1400}, normals(random, 3 * 16));
    for (const uint32_t id : {3u, 700u, 1400u}) {
      const std::vector<float> query = pair.oracle.items[id];
      if (metric == Metric::dot) continue;
      const SearchHits hits = search(*pair.index, query.data(), 1, SearchPath::graph, 50);
      CHECK_THAT(hits.scores.size() == 1 && hits.numbers[0] == id, id);
    }
  }
}

/// A search for a recall takes the smallest ef that was measured to reach it.
void testCalibration() {
  IndexSettings settings;
  settings.dim = kDim;
  Random random(23);
  Pair pair(settings, false);
  pair.put(range(0, kMany), clustered(random, kMany, kDim), 2);
  const std::vector<CalibrationPoint> points = pair.index->calibrate({});
  CHECK(points.size() >= 2);
  for (size_t i = 1; i < points.size(); i++) {
    CHECK(points[i].ef > points[i - 1].ef && points[i].recall >= points[i - 1].recall);
  }
  const std::vector<float> queries = clustered(random, 200, kDim);
  uint32_t before = 0;
  for (const float target : {.8f, .95f, .99f}) {
    SearchOptions options;
    options.path = SearchPath::graph;
    options.recall = target;
    const uint32_t ef = pair.index->search(queries.data(), 1, options, 1).front().ef;
    CHECK_THAT(ef >= before, target);
    CHECK_THAT(recall(pair, queries, 10, ef) >= target - .04, target << " ef " << ef);
    before = ef;
  }
}

}  // namespace

int main() {
  check::test("graph", testGraph);
  check::test("half of the rows replaced", testReplacing);
  check::test("the same graph on any number of threads", testDeterminism);
  check::test("all vectors equal", testTwins);
  check::test("calibration", testCalibration);
  return check::finish();
}
