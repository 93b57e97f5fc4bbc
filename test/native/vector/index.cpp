// VectorIndex against brute force: what it holds, what it refuses, how it stops. index_graph.cpp looks at its graph.

#include <atomic>

#include "../../../native/include/status.h"
#include "graph_check.h"
#include "vectors.h"

using namespace kairank;
using namespace vectors;

namespace {

constexpr uint32_t kDim = 32;

void checkAll(const Pair& pair, Random& random, uint32_t k, const std::string& words) {
  const uint32_t dim = pair.index->settings().dim;
  constexpr size_t kQueries = 5;
  const std::vector<float> queries = normals(random, kQueries * dim);
  SearchOptions options;
  options.k = k;
  options.path = SearchPath::exact;
  const std::vector<SearchHits> together = pair.index->search(queries.data(), kQueries, options, 2);
  for (size_t q = 0; q < kQueries; q++) {
    const float* query = queries.data() + q * dim;
    checkExact(pair, query, k, together[q], words + ", batch");
    checkExact(pair, query, k, search(*pair.index, query, k, SearchPath::exact), words + ", exact");
    checkExact(pair, query, k, search(*pair.index, query, k, SearchPath::automatic), words + ", automatic");
  }
  CHECK_THAT(pair.index->size() == pair.oracle.items.size(), words);
}

/// Puts, replaces and removes at random, and looks at everything after each step.
void change(Pair& pair, Random& random, const std::string& words) {
  const uint32_t dim = pair.index->settings().dim;
  for (int step = 0; step < 6; step++) {
    std::vector<uint32_t> ids;
    for (size_t i = 0; i < 40; i++) ids.push_back(static_cast<uint32_t>(random.below(150)));
    if (step % 3 == 2) {
      size_t there = 0;
      std::sort(ids.begin(), ids.end());
      for (size_t i = 0; i < ids.size(); i++)
        there += (i == 0 || ids[i] != ids[i - 1]) ? pair.oracle.items.count(ids[i]) : 0;
      CHECK_THAT(pair.remove(ids) == there, words);
    } else {
      const size_t before = pair.oracle.items.size();
      const VectorIndex::Put done = pair.put(ids, normals(random, ids.size() * dim), 2);
      CHECK_THAT(done.added == pair.oracle.items.size() - before, words);
      CHECK_THAT(done.added + done.replaced == ids.size(), words);
    }
    checkAll(pair, random, 1 + static_cast<uint32_t>(random.below(200)), words);
  }
}

void checkVectors(const Pair& pair, const std::string& words) {
  const IndexSettings& settings = pair.index->settings();
  std::vector<float> kept(settings.dim);
  for (const auto& item : pair.oracle.items) {
    const KeyList key = keysOf(pair.strings, {item.first});
    CHECK_THAT(pair.index->has(key, 0) && pair.index->get(key, 0, kept.data()), words);
    const double norm = normOf(item.second.data(), settings.dim);
    const double factor = settings.metric == Metric::cosine && norm > 0 ? 1 / norm : 1;
    double largest = 0;
    for (float value : item.second) largest = std::max<double>(largest, std::fabs(value * factor));
    const double step = settings.storage == Storage::f32    ? 1e-6
                        : settings.storage == Storage::bf16 ? 0x1p-8
                                                            : 1 / 254.0;
    for (uint32_t d = 0; d < settings.dim; d++) {
      CHECK_THAT(std::fabs(kept[d] - item.second[d] * factor) <= largest * step * 1.001 + 1e-12, words << " d " << d);
    }
  }
  const KeyList absent = keysOf(pair.strings, {123456});
  CHECK_THAT(!pair.index->has(absent, 0) && !pair.index->get(absent, 0, kept.data()), words);
}

void testChanges() {
  Random random(11);
  eachSetting([&](IndexSettings settings) {
    for (const bool graph : {true, false}) {
      settings.graph = graph;
      settings.dim = graph ? 24 : 7;
      for (const bool strings : {false, true}) {
        const std::string words = nameOf(settings) + (strings ? " strings" : " numbers");
        Pair pair(settings, strings);
        checkAll(pair, random, 10, words + ", empty");
        pair.put({7}, normals(random, settings.dim));
        checkAll(pair, random, 10, words + ", one row");
        change(pair, random, words);
        checkVectors(pair, words);
      }
    }
  });
}

void testDimensions() {
  Random random(12);
  for (uint32_t dim = 1; dim <= 130; dim++) {
    IndexSettings settings;
    settings.dim = dim;
    settings.metric = static_cast<Metric>(dim % 3);
    settings.storage = static_cast<Storage>(dim / 3 % 3);
    settings.codes = dim % 2 == 0 ? Codes::int4 : Codes::int8;
    Pair pair(settings, false);
    pair.put(range(0, 80), normals(random, 80 * dim));
    checkAll(pair, random, 10, nameOf(settings));
    checkVectors(pair, nameOf(settings));
  }
}

void testSelections() {
  Random random(15);
  for (const bool strings : {false, true}) {
    IndexSettings settings;
    settings.dim = kDim;
    Pair pair(settings, strings);
    pair.put(range(0, 1000), clustered(random, 1000, kDim));
    for (const size_t wanted : {size_t{0}, size_t{1}, size_t{5}, size_t{60}, size_t{900}}) {
      std::vector<uint32_t> ids;
      for (uint32_t id = 0; ids.size() < wanted; id = (id + 7) % 1000) ids.push_back(id);
      std::vector<uint32_t> asked = ids;
      asked.push_back(5000);  // not there
      const std::shared_ptr<Selection> selection = pair.index->select(keysOf(strings, asked));
      CHECK(selection->size() == ids.size());
      // It follows the ids.
      if (ids.size() > 1) {
        const std::vector<uint32_t> first = {ids[0]}, second = {ids[1]};
        pair.put(first, clustered(random, 1, kDim));
        const std::vector<float> removed = pair.oracle.items[ids[1]];
        pair.remove(second);
        CHECK(selection->size() == ids.size() - 1);
        pair.put(second, removed);
        CHECK(selection->size() == ids.size() - 1);
        ids.erase(ids.begin() + 1);
      }
      Pair within(settings, strings);
      within.index = pair.index;
      for (uint32_t id : ids) within.oracle.items[id] = pair.oracle.items[id];
      for (int turn = 0; turn < 10; turn++) {
        const std::vector<float> query = clustered(random, 1, kDim);
        SearchOptions options;
        options.k = 10;
        options.ef = 2000;  // everything, so that the graph is exact too
        options.selection = selection;
        for (const SearchPath path : {SearchPath::exact, SearchPath::automatic, SearchPath::graph}) {
          options.path = path;
          const SearchHits hits = pair.index->search(query.data(), 1, options, 1).front();
          checkExact(within, query.data(), 10, hits, "selection of " + std::to_string(wanted));
        }
      }
    }
  }
}

void testZeros() {
  for (const Metric metric : {Metric::dot, Metric::cosine, Metric::l2}) {
    IndexSettings settings;
    settings.dim = 12;
    settings.metric = metric;
    Random random(18);
    std::vector<float> values = normals(random, 200 * 12);
    std::fill(values.begin(), values.begin() + 50 * 12, 0.f);
    Pair pair(settings, false);
    pair.put(range(0, 200), values);
    checkAll(pair, random, 20, "zeros");
    const std::vector<float> zero(12, 0.f);
    for (const SearchPath path : {SearchPath::exact, SearchPath::graph, SearchPath::automatic}) {
      checkExact(pair, zero.data(), 300, search(*pair.index, zero.data(), 300, path, 400), "a zero query");
    }
  }
}

void testLargeAndSmall() {
  for (const Metric metric : {Metric::dot, Metric::cosine, Metric::l2}) {
    for (const float scale : {1e-12f, 1e12f}) {
      IndexSettings settings;
      settings.dim = 12;
      settings.metric = metric;
      Random random(19);
      std::vector<float> values = normals(random, 300 * 12);
      for (float& value : values) value *= scale;
      Pair pair(settings, false);
      pair.put(range(0, 300), values);
      std::vector<float> query = normals(random, 12);
      for (float& value : query) value *= scale;
      for (const SearchPath path : {SearchPath::exact, SearchPath::graph}) {
        checkExact(pair, query.data(), 20, search(*pair.index, query.data(), 20, path, 400), "scale");
      }
    }
  }
}

void testRefusals() {
  IndexSettings settings;
  settings.dim = 4;
  Pair pair(settings, false);
  Random random(20);
  std::vector<float> values = normals(random, 8);
  Control control;
  CHECK(refusal([&] {
          pair.index->put(keysOf(true, {1, 2}), values.data(), 1, control);
        }).status() == Status::invalidArgument);
  values[5] = std::nanf("");
  CHECK(refusal([&] {
          pair.index->put(keysOf(false, {1, 2}), values.data(), 1, control);
        }).status() == Status::invalidArgument);
  values[5] = 1e20f;
  CHECK(refusal([&] {
          pair.index->put(keysOf(false, {1, 2}), values.data(), 1, control);
        }).status() == Status::invalidArgument);
  CHECK(pair.index->size() == 0 && pair.index->remove(keysOf(true, {1}), 1) == 0);
  settings.dim = 0;
  CHECK(refusal([&] { VectorIndex index(settings, false); }).status() == Status::invalidArgument);
}

/// Cancelled at any moment, a put leaves what was put before, and an index that works.
void testCancelling() {
  for (const bool graph : {true, false}) {
    for (int most = 0; most < 400; most += most < 20 ? 1 : 37) {
      IndexSettings settings;
      settings.dim = 8;
      settings.graph = graph;
      settings.m = 4;
      settings.efConstruction = 20;
      Random random(21);
      Pair pair(settings, false);
      const std::vector<uint32_t> ids = range(0, 600);
      const std::vector<float> values = normals(random, 600 * 8);
      std::atomic<int> asked{0};
      Control control([&] { return asked.fetch_add(1) >= most; }, nullptr);
      const Status status = refusal([&] { pair.index->put(keysOf(false, ids), values.data(), 2, control); }).status();
      CHECK_THAT(status == Status::aborted || status == Status::ok, most);
      // Ids go in in order, so that a prefix is there.
      const size_t there = pair.index->size();
      for (uint32_t id : ids) CHECK_THAT(pair.index->has(keysOf(false, {id}), 0) == (id < there), most << " id " << id);
      pair.oracle.put(range(0, static_cast<uint32_t>(there)), values);
      checkAll(pair, random, 10, "cancelled");
      pair.put(range(1000, 200), normals(random, 200 * 8), 2);
      if (graph) checkGraph(*pair.index, "cancelled after " + std::to_string(most));
      const std::vector<float> query = normals(random, 8);
      checkAll(pair, random, 10, "after a cancelled put");
      if (graph) {
        checkExact(pair, query.data(), 10, search(*pair.index, query.data(), 10, SearchPath::graph, 1000), "its graph");
      }
    }
  }
}

void testInterrupts() {
  IndexSettings settings;
  settings.dim = kDim;
  Random random(22);
  Pair pair(settings, false);
  pair.put(range(0, 2000), clustered(random, 2000, kDim));
  const std::vector<float> query = clustered(random, 1, kDim);
  const std::atomic<bool> cancelled{true};
  for (const SearchPath path : {SearchPath::exact, SearchPath::graph, SearchPath::automatic}) {
    SearchOptions options;
    options.path = path;
    options.interrupt.cancelled = &cancelled;
    CHECK(refusal([&] { pair.index->search(query.data(), 1, options, 1); }).status() == Status::aborted);
    options.interrupt = {};
    options.interrupt.hasDeadline = true;
    options.interrupt.deadline = Interrupt::Clock::now();
    CHECK(refusal([&] { pair.index->search(query.data(), 1, options, 1); }).status() == Status::deadlineExceeded);
  }
}

}  // namespace

int main() {
  check::test("changes", testChanges);
  check::test("dimensions 1 to 130", testDimensions);
  check::test("selections", testSelections);
  check::test("zero vectors", testZeros);
  check::test("very large and very small vectors", testLargeAndSmall);
  check::test("what is refused", testRefusals);
  check::test("cancelled puts", testCancelling);
  check::test("interrupted searches", testInterrupts);
  return check::finish();
}
