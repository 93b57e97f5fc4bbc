// Threads that put, replace, remove, select, search, calibrate and save at once. Small, so that the thread sanitizer
// can follow.

#include <atomic>
#include <functional>
#include <thread>

#include "../../../native/vector/file.h"
#include "temporary.h"
#include "vectors.h"

using namespace kairank;
using namespace vectors;

namespace {

constexpr uint32_t kDim = 16;

/// The vector that an id has in its n-th version: each version of an id is far from every other vector, and its score
/// with itself says which one was found.
std::vector<float> versionOf(uint32_t id, uint32_t version) {
  Random random(uint64_t{id} << 32 | version);
  return normals(random, kDim);
}

IndexSettings settingsFor(bool graph, Codes codes) {
  IndexSettings settings;
  settings.dim = kDim;
  settings.metric = Metric::l2;
  settings.codes = codes;
  settings.graph = graph;
  settings.m = 6;
  settings.efConstruction = 40;
  return settings;
}

struct Threads {
  explicit Threads(std::vector<std::function<void()>> bodies) {
    for (std::function<void()>& body : bodies) threads.emplace_back(std::move(body));
  }
  void join() {
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  }
  std::vector<std::thread> threads;
};

/// The number an id stands for; kNoRow for what nobody ever put.
uint32_t numberOf(const SearchHits& hits, size_t i, bool strings, const std::map<std::string, uint32_t>& names) {
  if (!strings) return hits.numbers[i] >= 0 && hits.numbers[i] < 1e6 ? static_cast<uint32_t>(hits.numbers[i]) : kNoRow;
  const auto found = names.find(hits.texts[i]);
  return found == names.end() ? kNoRow : found->second;
}

std::map<std::string, uint32_t> namesOf(uint32_t ids) {
  std::map<std::string, uint32_t> names;
  for (uint32_t id = 0; id < ids; id++) names[textOf(id)] = id;
  return names;
}

/// What every answer holds, whatever goes on: known ids, none twice, in order, finite, at most k.
void checkSane(const SearchHits& hits, uint32_t k, bool strings, const std::map<std::string, uint32_t>& names,
               std::atomic<int>& wrong) {
  std::vector<uint32_t> ids;
  for (size_t i = 0; i < hits.scores.size(); i++) {
    ids.push_back(numberOf(hits, i, strings, names));
    if (ids.back() >= names.size() || !std::isfinite(hits.scores[i]) || hits.scores[i] > 0) wrong++;
    if (i > 0 && hits.scores[i] > hits.scores[i - 1]) wrong++;
  }
  std::sort(ids.begin(), ids.end());
  if (std::adjacent_find(ids.begin(), ids.end()) != ids.end() || ids.size() > k) wrong++;
}

/// Only replacing goes on: k are there all the time, and k are found; an id's score is that of one of its versions.
void testReplacing(bool strings) {
  constexpr uint32_t kIds = 400, kRounds = 12;
  const std::map<std::string, uint32_t> names = namesOf(kIds);
  VectorIndex index(settingsFor(true, Codes::int8), strings);
  Control control;
  for (uint32_t id = 0; id < kIds; id++) index.put(keysOf(strings, {id}), versionOf(id, 0).data(), 1, control);
  const std::shared_ptr<Selection> selection = index.select(keysOf(strings, range(50, 30)));
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0}, few{0}, searched{0};

  const auto search = [&](uint64_t seed) {
    Random random(seed);
    while (!done.load()) {
      SearchOptions options;
      options.k = 1 + static_cast<uint32_t>(random.below(30));
      options.path = static_cast<SearchPath>(random.below(3));
      options.ef = 64;
      const bool within = random.below(3) == 0;
      if (within) options.selection = selection;
      const uint32_t id = static_cast<uint32_t>(within ? 50 + random.below(30) : random.below(kIds));
      const std::vector<float> query = versionOf(id, static_cast<uint32_t>(random.below(kRounds)));
      const SearchHits hits = index.search(query.data(), 1, options, 1).front();
      checkSane(hits, options.k, strings, names, wrong);
      if (hits.scores.size() != options.k || hits.underfilled) few++;
      for (size_t i = 0; i < hits.scores.size(); i++) {
        const uint32_t found = numberOf(hits, i, strings, names);
        if (within && (found < 50 || found >= 80)) wrong++;
        bool known = false;
        for (uint32_t version = 0; version < kRounds && !known; version++) {
          double distance = 0;
          const std::vector<float> vector = versionOf(found, version);
          for (uint32_t d = 0; d < kDim; d++) distance += std::pow(static_cast<double>(query[d]) - vector[d], 2);
          known = std::fabs(distance + hits.scores[i]) <= 1e-3;
        }
        if (!known) wrong++;
      }
      searched++;
    }
  };
  Threads threads({[&] { search(1); }, [&] { search(2); }});
  for (uint32_t version = 1; version < kRounds; version++) {
    for (uint32_t first = 0; first < kIds; first += 80) {
      std::vector<float> values;
      const std::vector<uint32_t> ids = range(first, 80);
      for (uint32_t id : ids) {
        const std::vector<float> vector = versionOf(id, version);
        values.insert(values.end(), vector.begin(), vector.end());
      }
      const VectorIndex::Put put = index.put(keysOf(strings, ids), values.data(), 2, control);
      CHECK(put.replaced == ids.size() && put.added == 0);
    }
  }
  while (searched.load() < 20) std::this_thread::yield();
  done.store(true);
  threads.join();
  CHECK_THAT(wrong.load() == 0, wrong.load() << " of " << searched.load());
  CHECK_THAT(few.load() == 0, few.load() << " of " << searched.load());
  CHECK(index.size() == kIds && selection->size() == 30);
  // Every id has its last version, and no other is to be found.
  for (uint32_t id = 0; id < kIds; id += 7) {
    const std::vector<float> last = versionOf(id, kRounds - 1), first = versionOf(id, 0);
    const SearchHits hits = vectors::search(index, last.data(), 1, SearchPath::exact);
    CHECK(numberOf(hits, 0, strings, names) == id && hits.scores[0] > -1e-6f);
    CHECK(vectors::search(index, first.data(), 1, SearchPath::exact).scores[0] < -1e-3f);
  }
}

/// Everything at once.
void testEverything(bool graph, Codes codes, bool strings) {
  constexpr uint32_t kIds = 1200;
  const std::map<std::string, uint32_t> names = namesOf(kIds);
  const temporary::Folder folder;
  VectorIndex index(settingsFor(graph, codes), strings);
  Control control;
  std::atomic<int> writing{2};
  std::atomic<int> wrong{0};

  const auto write = [&](uint32_t own) {
    Random random(own + 100);
    Control quiet;
    for (int turn = 0; turn < 40; turn++) {
      // Each writer has ids of its own, so that it knows what must be there.
      std::vector<uint32_t> ids;
      std::vector<float> values;
      const uint32_t first = static_cast<uint32_t>(random.below(kIds / 2 - 60));
      for (uint32_t i = 0; i < 60; i++) {
        ids.push_back((first + i) * 2 + own);
        const std::vector<float> vector = versionOf(ids.back(), static_cast<uint32_t>(turn));
        values.insert(values.end(), vector.begin(), vector.end());
      }
      if (turn % 3 == 2) {
        index.remove(keysOf(strings, ids), 2);
        for (size_t i = 0; i < ids.size(); i += 9) wrong += index.has(keysOf(strings, {ids[i]}), 0) ? 1 : 0;
      } else {
        index.put(keysOf(strings, ids), values.data(), 2, quiet);
        std::vector<float> kept(kDim);
        for (size_t i = 0; i < ids.size(); i += 9) {
          const bool there = index.get(keysOf(strings, {ids[i]}), 0, kept.data());
          if (!there || !std::equal(kept.begin(), kept.end(), values.begin() + static_cast<std::ptrdiff_t>(i * kDim)))
            wrong++;
        }
      }
    }
    writing--;
  };
  const auto search = [&](uint64_t seed) {
    Random random(seed);
    while (writing.load() > 0) {
      SearchOptions options;
      options.k = 1 + static_cast<uint32_t>(random.below(30));
      options.path = static_cast<SearchPath>(random.below(3));
      if (random.below(8) == 0) options.recall = .9f;
      std::vector<uint32_t> chosen;
      if (random.below(3) == 0) {
        for (int i = 0; i < 50; i++) chosen.push_back(static_cast<uint32_t>(random.below(kIds)));
        options.selection = index.select(keysOf(strings, chosen));
      }
      const std::vector<float> queries = normals(random, 3 * kDim);
      for (const SearchHits& hits : index.search(queries.data(), 3, options, 2)) {
        checkSane(hits, options.k, strings, names, wrong);
        for (size_t i = 0; i < hits.scores.size() && !chosen.empty(); i++) {
          const uint32_t id = numberOf(hits, i, strings, names);
          if (std::find(chosen.begin(), chosen.end(), id) == chosen.end()) wrong++;
        }
      }
      index.figures();
    }
  };
  const auto save = [&] {
    const std::string path = folder.file("index");
    while (writing.load() > 0) {
      saveIndex(index, path);
      const std::shared_ptr<VectorIndex> opened = openIndex(path, false);
      Random random(7);
      const std::vector<float> query = normals(random, kDim);
      Control quiet;
      checkSane(vectors::search(*opened, query.data(), 10, SearchPath::automatic), 10, strings, names, wrong);
      opened->put(keysOf(strings, range(0, 5)), normals(random, 5 * kDim).data(), 1, quiet);
      checkSane(vectors::search(*opened, query.data(), 10, SearchPath::automatic), 10, strings, names, wrong);
    }
  };
  Threads({[&] { write(0); }, [&] { write(1); }, [&] { search(1); }, [&] { search(2); }, save}).join();
  CHECK_THAT(wrong.load() == 0, wrong.load());

  // In the end, what is found one by one is what an exact search finds.
  size_t there = 0;
  for (uint32_t id = 0; id < kIds; id++) there += index.has(keysOf(strings, {id}), 0) ? 1 : 0;
  CHECK(index.size() == there);
  const std::vector<float> query = versionOf(3, 3);
  const SearchHits hits = vectors::search(index, query.data(), kIds, SearchPath::exact);
  CHECK(hits.scores.size() == there);
  checkSane(hits, kIds, strings, names, wrong);
  CHECK(wrong.load() == 0);
}

/// An opened index is searched and written from the first moment on, while its blocks are verified.
void testOpening() {
  const temporary::Folder folder;
  const std::string path = folder.file("index");
  Random random(5);
  for (const bool strings : {false, true}) {
    const std::map<std::string, uint32_t> names = namesOf(1000);
    Pair pair(settingsFor(true, Codes::int4), strings);
    pair.put(range(0, 800), normals(random, 800 * kDim));
    saveIndex(*pair.index, path);
    for (int turn = 0; turn < 5; turn++) {
      const std::shared_ptr<VectorIndex> opened = openIndex(path, false);
      std::atomic<int> wrong{0};
      Threads({[&] {
                 Random own(1);
                 for (int i = 0; i < 20; i++) {
                   const std::vector<float> query = normals(own, kDim);
                   checkSane(vectors::search(*opened, query.data(), 10, static_cast<SearchPath>(i % 3)), 10, strings,
                             names, wrong);
                 }
               },
               [&] {
                 Random own(2);
                 Control control;
                 opened->put(keysOf(strings, range(700, 200)), normals(own, 200 * kDim).data(), 2, control);
                 opened->remove(keysOf(strings, range(0, 100)), 1);
               },
               [&] {
                 for (uint32_t id = 200; id < 300; id++) wrong += opened->has(keysOf(strings, {id}), 0) ? 0 : 1;
                 if (opened->select(keysOf(strings, range(200, 100)))->size() != 100) wrong++;
               }})
          .join();
      CHECK(wrong.load() == 0 && opened->size() == 800);
    }
  }
}

}  // namespace

int main() {
  for (const bool strings : {false, true}) {
    const std::string ids = strings ? ", strings" : ", numbers";
    check::test("replacing" + ids, [=] { testReplacing(strings); });
    check::test("everything" + ids, [=] { testEverything(true, strings ? Codes::int4 : Codes::int8, strings); });
    check::test("everything without a graph" + ids, [=] { testEverything(false, Codes::int8, strings); });
  }
  check::test("opening", testOpening);
  return check::finish();
}
