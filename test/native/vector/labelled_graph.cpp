// A graph over labelled points: exact where ef reaches all of them, near to exact otherwise, through every change.

#include "../../../native/vector/hnswlib/labelled_graph.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "../../../native/include/status.h"
#include "../check.h"
#include "../kernels/random.h"

using kairank::Hit;
using kairank::LabelFilter;
using kairank::LabelledGraph;
using kairank::LabelledGraphSettings;
using kairank::MemoryReader;
using kairank::MemoryWriter;
using kairank::Space;

namespace {

constexpr size_t kDim = 12;

std::vector<float> pointOf(Random& random) {
  std::vector<float> point(kDim);
  for (float& value : point) value = random.signedUnit();
  return point;
}

LabelledGraphSettings settingsOf(Space space, uint64_t capacity, bool reuse = false) {
  LabelledGraphSettings settings;
  settings.space = space;
  settings.dim = kDim;
  settings.capacity = capacity;
  settings.m = 8;
  settings.efConstruction = 60;
  settings.reuseDeleted = reuse;
  return settings;
}

double distanceOf(Space space, const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t k = 0; k < kDim; ++k) {
    const double x = a[k];
    const double y = b[k];
    sum += space == Space::l2 ? (x - y) * (x - y) : x * y;
  }
  return space == Space::l2 ? sum : 1 - sum;
}

struct Model {
  Space space = Space::l2;
  std::map<uint64_t, std::vector<float>> points;
  std::set<uint64_t> deleted;

  std::vector<std::pair<double, uint64_t>> nearest(const std::vector<float>& query, LabelFilter* filter) const {
    std::vector<std::pair<double, uint64_t>> all;
    for (const auto& [label, point] : points) {
      if (deleted.count(label) || (filter && !filter->accepts(label))) continue;
      all.emplace_back(distanceOf(space, query, point), label);
    }
    std::sort(all.begin(), all.end());
    return all;
  }
};

class Third final : public LabelFilter {
 public:
  bool accepts(uint64_t label) override { return label % 3 == 0; }
};

/// Searches with ef; returns how many of the k nearest were found, and how many there were.
std::pair<size_t, size_t> searched(const LabelledGraph& graph, const Model& model, Random& random, size_t k, size_t ef,
                                   LabelFilter* filter) {
  const std::vector<float> query = pointOf(random);
  const auto expected = model.nearest(query, filter);
  const std::vector<Hit> hits = graph.search(query.data(), k, ef, filter);
  const size_t most = std::min(k, expected.size());
  CHECK(hits.size() == most);
  size_t found = 0;
  for (size_t i = 0; i < hits.size(); ++i) {
    const auto point = model.points.find(hits[i].label);
    CHECK(point != model.points.end() && model.deleted.count(hits[i].label) == 0);
    CHECK(!filter || filter->accepts(hits[i].label));
    CHECK(i == 0 || kairank::nearer(hits[i - 1], hits[i]));
    if (point == model.points.end()) continue;
    CHECK(std::fabs(hits[i].distance - distanceOf(model.space, query, point->second)) < 1e-4);
    if (hits[i].distance <= expected[most - 1].first + 1e-5) ++found;
  }
  return {found, most};
}

bool refused(const std::string& words, const std::function<void()>& call) {
  try {
    call();
  } catch (const kairank::Error& error) {
    return error.what() == words;
  }
  return false;
}

/// Random calls against a table: results exact where ef reaches the number of points.
void agreesWithATable() {
  for (const Space space : {Space::l2, Space::ip}) {
    for (const bool reuse : {false, true}) {
      Random random(reuse ? 5 : 6);
      LabelledGraph graph(settingsOf(space, 260, reuse));
      Model model;
      model.space = space;
      Third third;
      for (int step = 0; step < 3000; ++step) {
        const uint64_t label = random.below(300);
        const bool known = model.points.count(label) != 0;
        const bool deleted = model.deleted.count(label) != 0;
        const size_t kind = random.below(6);
        if (kind <= 2) {
          const std::vector<float> point = pointOf(random);
          if (!known && graph.size() == 260) {
            CHECK(refused("The number of elements exceeds the specified limit",
                          [&] { graph.add(point.data(), label, false); }));
          } else if (deleted && reuse) {
            CHECK(
                refused("Can't use addPoint to update deleted elements if replacement of deleted elements is enabled.",
                        [&] { graph.add(point.data(), label, false); }));
          } else {
            graph.add(point.data(), label, false);
            model.points[label] = point;
            model.deleted.erase(label);
          }
        } else if (kind == 3) {
          if (!known) CHECK(refused("Label not found", [&] { graph.markDeleted(label); }));
          if (deleted) {
            CHECK(refused("The requested to delete element is already deleted", [&] { graph.markDeleted(label); }));
          }
          if (known && !deleted) {
            graph.markDeleted(label);
            model.deleted.insert(label);
          }
        } else if (kind == 4 && deleted) {
          graph.unmarkDeleted(label);
          model.deleted.erase(label);
        } else if (kind == 5 && reuse && !known && !model.deleted.empty()) {
          const std::vector<float> point = pointOf(random);
          const uint32_t size = graph.size();
          graph.add(point.data(), label, true);
          CHECK(graph.size() == size);
          std::set<uint64_t> left;
          for (const uint64_t each : graph.labels()) left.insert(each);
          CHECK(left.count(label) == 1 && left.size() == model.points.size());
          for (auto entry = model.points.begin(); entry != model.points.end();) {
            entry = left.count(entry->first) ? std::next(entry) : model.points.erase(entry);
          }
          for (auto entry = model.deleted.begin(); entry != model.deleted.end();) {
            entry = left.count(*entry) ? std::next(entry) : model.deleted.erase(entry);
          }
          model.points[label] = point;
        }
        CHECK(graph.size() == model.points.size());
        if (step % 10 == 0) {
          const auto [found, most] = searched(graph, model, random, 5, 1000, random.below(2) ? &third : nullptr);
          CHECK(found == most);
        }
      }
      for (const auto& [label, point] : model.points) {
        if (model.deleted.count(label)) {
          CHECK(refused("Label not found", [&, label = label] { graph.point(label); }));
        } else {
          CHECK(graph.point(label) == point);
        }
      }
    }
  }
}

double recallOf(const LabelledGraph& graph, const Model& model, size_t ef, LabelFilter* filter) {
  Random random(99);
  size_t found = 0;
  size_t most = 0;
  for (int i = 0; i < 60; ++i) {
    const auto one = searched(graph, model, random, 10, ef, filter);
    found += one.first;
    most += one.second;
  }
  return static_cast<double>(found) / static_cast<double>(most);
}

/// Walked, not scanned: new, after half of the points have moved, and after half of them are gone.
void findsByWalking() {
  for (const Space space : {Space::l2, Space::ip}) {
    Random random(3);
    LabelledGraph graph(settingsOf(space, 4000, true));
    Model model;
    model.space = space;
    Third third;
    for (uint64_t label = 0; label < 4000; ++label) {
      model.points[label] = pointOf(random);
      graph.add(model.points[label].data(), label, false);
    }
    const double fresh = recallOf(graph, model, 60, nullptr);
    CHECK_THAT(fresh > 0.9, "fresh " << fresh);
    const double filtered = recallOf(graph, model, 60, &third);
    CHECK_THAT(filtered > 0.9, "filtered " << filtered);
    for (uint64_t label = 0; label < 4000; label += 2) {
      model.points[label] = pointOf(random);
      graph.add(model.points[label].data(), label, false);
    }
    const double moved = recallOf(graph, model, 60, nullptr);
    CHECK_THAT(moved > fresh - 0.03, "moved " << moved << " of " << fresh);
    for (uint64_t label = 1; label < 4000; label += 2) {
      model.deleted.insert(label);
      graph.markDeleted(label);
    }
    const double thinned = recallOf(graph, model, 60, nullptr);
    CHECK_THAT(thinned > fresh - 0.03, "thinned " << thinned << " of " << fresh);
    for (uint64_t label = 4000; label < 6000; ++label)
      graph.add((model.points[label] = pointOf(random)).data(), label, true);
    for (const uint64_t label : model.deleted) model.points.erase(label);
    model.deleted.clear();
    CHECK(graph.size() == 4000 && graph.labels().size() == 4000);
    const double replaced = recallOf(graph, model, 60, nullptr);
    CHECK_THAT(replaced > fresh - 0.03, "replaced " << replaced << " of " << fresh);
  }
}

/// Where links lead to nothing (all points equal, or numbers that are none), there are still k results.
void oddPoints() {
  const float nan = std::nanf("");
  for (const float odd : {0.0f, 1.0f, nan, HUGE_VALF}) {
    LabelledGraph graph(settingsOf(Space::l2, 900));
    Random random(1);
    for (uint64_t label = 0; label < 700; ++label) {
      std::vector<float> point(kDim, odd);
      if (label % 100 == 99) point = pointOf(random);
      graph.add(point.data(), label, false);
    }
    for (const size_t ef : {1, 10, 100, 1000}) {
      CHECK(graph.search(pointOf(random).data(), 10, ef, nullptr).size() == 10);
      CHECK(graph.search(std::vector<float>(kDim, odd).data(), 10, ef, nullptr).size() == 10);
    }
    for (uint64_t label = 0; label < 700; ++label) graph.markDeleted(label);
    CHECK(graph.search(pointOf(random).data(), 10, 10, nullptr).empty());
    graph.add(pointOf(random).data(), 800, false);
    CHECK(graph.search(pointOf(random).data(), 10, 10, nullptr).size() == 1);
  }
}

/// The same seed, the same graph; a graph that is read again is the same one too.
void isRepeatable() {
  LabelledGraph one(settingsOf(Space::l2, 500));
  LabelledGraph two(settingsOf(Space::l2, 500));
  for (LabelledGraph* graph : {&one, &two}) {
    Random random(8);
    for (uint64_t label = 0; label < 400; ++label) graph->add(pointOf(random).data(), label * 3, false);
    graph->markDeleted(30);
  }
  MemoryWriter first;
  MemoryWriter second;
  one.write(first);
  two.write(second);
  CHECK(first.bytes == second.bytes);
  MemoryReader reader(first.bytes.data(), first.bytes.size());
  LabelledGraph again(Space::l2, kDim, false, kairank::readHnswlibGraph(reader, kDim));
  MemoryWriter third;
  again.write(third);
  CHECK(first.bytes == third.bytes);
  CHECK(again.capacity() == 500 && again.size() == 400);
}

/// A file is written on another thread while searches go on.
void writesBesideSearches() {
  LabelledGraph graph(settingsOf(Space::l2, 2000));
  Random random(8);
  for (uint64_t label = 0; label < 2000; ++label) graph.add(pointOf(random).data(), label, false);
  MemoryWriter before;
  graph.write(before);
  MemoryWriter beside;
  std::thread writer([&] { graph.write(beside); });
  for (int i = 0; i < 200; ++i) CHECK(graph.search(pointOf(random).data(), 5, 20, nullptr).size() == 5);
  writer.join();
  CHECK(before.bytes == beside.bytes);
}

/// A filter may search the graph that is being searched, and may end the search by throwing.
void filterMaySearchOrThrow() {
  class Searching final : public LabelFilter {
   public:
    Searching(const LabelledGraph& graph, const float* query) : graph_(graph), query_(query) {}
    bool accepts(uint64_t label) override {
      if (++calls == limit) throw 7;
      return !graph_.search(query_, 1, 5, nullptr).empty() && label % 2 == 0;
    }
    int calls = 0;
    int limit = 0;

   private:
    const LabelledGraph& graph_;
    const float* query_;
  };
  LabelledGraph graph(settingsOf(Space::l2, 600));
  Random random(8);
  for (uint64_t label = 0; label < 600; ++label) graph.add(pointOf(random).data(), label, false);
  const std::vector<float> query = pointOf(random);
  Searching filter(graph, query.data());
  const std::vector<Hit> hits = graph.search(query.data(), 5, 20, &filter);
  CHECK(hits.size() == 5);
  for (const Hit& hit : hits) CHECK(hit.label % 2 == 0);
  filter.limit = filter.calls + 5;
  int caught = 0;
  try {
    graph.search(query.data(), 5, 20, &filter);
  } catch (int number) {
    caught = number;
  }
  CHECK(caught == 7);
  CHECK(graph.search(query.data(), 5, 20, nullptr).size() == 5);
}

void resizes() {
  LabelledGraph graph(settingsOf(Space::l2, 1));
  Random random(8);
  graph.add(pointOf(random).data(), 1, false);
  CHECK(refused("Cannot resize, max element is less than the current number of elements", [&] { graph.resize(0); }));
  CHECK(refused("Replacement of deleted elements is disabled in constructor",
                [&] { graph.add(pointOf(random).data(), 2, true); }));
  graph.resize(2);
  graph.add(pointOf(random).data(), 2, false);
  CHECK(graph.size() == 2 && graph.capacity() == 2);
}

}  // namespace

int main() {
  check::test("a graph agrees with a table", agreesWithATable);
  check::test("walks find the nearest", findsByWalking);
  check::test("points that are equal, infinite or not numbers", oddPoints);
  check::test("the same seed gives the same graph", isRepeatable);
  check::test("a file is written beside searches", writesBesideSearches);
  check::test("a filter that searches, or throws", filterMaySearchOrThrow);
  check::test("room", resizes);
  return check::finish();
}
