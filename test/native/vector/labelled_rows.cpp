// Exact search over labelled points, against a table of points and distances in double.

#include "../../../native/vector/hnswlib/labelled_rows.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "../../../native/include/status.h"
#include "../check.h"
#include "../kernels/random.h"

using kairank::Hit;
using kairank::HnswlibRows;
using kairank::LabelFilter;
using kairank::LabelledRows;
using kairank::Space;

namespace {

using Points = std::map<uint64_t, std::vector<float>>;

double distanceOf(Space space, const std::vector<float>& a, const std::vector<float>& b) {
  double squares = 0;
  double product = 0;
  double aa = 0;
  double bb = 0;
  for (size_t k = 0; k < a.size(); ++k) {
    const double x = a[k];
    const double y = b[k];
    squares += (x - y) * (x - y);
    product += x * y;
    aa += x * x;
    bb += y * y;
  }
  if (space == Space::l2) return squares;
  if (space == Space::cosine && aa > 0 && bb > 0) product /= std::sqrt(aa) * std::sqrt(bb);
  return 1 - product;
}

class EvenOnly final : public LabelFilter {
 public:
  bool accepts(uint64_t label) override { return label % 2 == 0; }
};

/// What the search gives must be the k nearest, up to the rounding of f32.
void checkSearch(const LabelledRows& rows, const Points& points, Space space, Random& random, size_t dim) {
  std::vector<float> query(dim);
  for (float& value : query) value = random.signedUnit();
  EvenOnly even;
  LabelFilter* filter = random.below(2) ? &even : nullptr;
  const size_t k = random.below(12);
  std::vector<double> expected;
  for (const auto& [label, point] : points) {
    if (!filter || filter->accepts(label)) expected.push_back(distanceOf(space, query, point));
  }
  std::sort(expected.begin(), expected.end());
  const std::vector<Hit> hits = rows.search(query.data(), k, filter);
  CHECK(hits.size() == std::min(k, expected.size()));
  for (size_t i = 0; i < hits.size(); ++i) {
    const auto found = points.find(hits[i].label);
    CHECK(found != points.end() && (!filter || filter->accepts(hits[i].label)));
    if (found == points.end()) continue;
    const double room = 1e-5 * static_cast<double>(dim);
    CHECK(std::fabs(hits[i].distance - distanceOf(space, query, found->second)) <= room);
    CHECK(std::fabs(hits[i].distance - expected[i]) <= room);
    CHECK(i == 0 || kairank::nearer(hits[i - 1], hits[i]));
  }
}

void agreesWithATable() {
  for (const Space space : {Space::l2, Space::ip, Space::cosine}) {
    for (const size_t dim : {1, 3, 16, 50}) {
      Random random(dim);
      LabelledRows rows(space, dim, 300);
      Points points;
      for (int step = 0; step < 4000; ++step) {
        const uint64_t label = random.below(400);
        if (random.below(3) != 0) {
          std::vector<float> point(dim);
          for (float& value : point) value = random.signedUnit();
          bool full = false;
          try {
            rows.add(point.data(), label);
          } catch (const kairank::Error&) {
            full = true;
          }
          CHECK(full == (points.size() == 300 && points.count(label) == 0));
          if (!full) points[label] = point;
        } else {
          rows.remove(label);
          points.erase(label);
        }
        CHECK(rows.size() == points.size());
        if (step % 20 == 0) checkSearch(rows, points, space, random, dim);
      }
    }
  }
}

/// Equal points are ordered by label, wherever they stand: sums in another order would tell them apart.
void breaksTiesByLabel() {
  for (const size_t dim : {3, 16, 33, 100, 130}) {
    for (const Space space : {Space::l2, Space::ip, Space::cosine}) {
      Random random(dim);
      LabelledRows rows(space, dim, 500);
      std::vector<float> point(dim);
      std::vector<float> query(dim);
      for (float& value : point) value = random.signedUnit();
      for (float& value : query) value = random.signedUnit();
      for (uint64_t i = 0; i < 203; ++i) rows.add(point.data(), i * 7919 % 1009);
      std::vector<uint64_t> labels;
      for (uint64_t i = 0; i < 203; ++i) labels.push_back(i * 7919 % 1009);
      std::sort(labels.begin(), labels.end());
      const std::vector<Hit> hits = rows.search(query.data(), 50, nullptr);
      for (size_t i = 0; i < hits.size(); ++i) CHECK(hits[i].label == labels[i]);
    }
  }
}

/// A file of hnswlib may hold a label twice: both are found, and go together.
void repeatedLabels() {
  HnswlibRows file;
  file.maxElements = 6;
  file.labels = {1, 2, 1, 3, 1};
  file.vectors = {0, 10, 1, 20, 2};
  const float zero = 0;
  LabelledRows rows(Space::l2, 1, file);
  CHECK(rows.search(&zero, 9, nullptr).size() == 5);
  rows.remove(1);
  const std::vector<Hit> left = rows.search(&zero, 9, nullptr);
  CHECK(left.size() == 2 && left[0].label == 2 && left[1].label == 3);
  LabelledRows other(Space::l2, 1, file);
  const float five = 5;
  other.add(&five, 1);
  const std::vector<Hit> replaced = other.search(&zero, 9, nullptr);
  CHECK(replaced.size() == 3 && replaced[0].label == 1 && replaced[0].distance == 25);
  other.remove(2);
  other.remove(1);
  other.remove(3);
  other.remove(3);
  CHECK(other.size() == 0);
}

void filterMayThrow() {
  class Throwing final : public LabelFilter {
   public:
    bool accepts(uint64_t) override { throw 7; }
  };
  LabelledRows rows(Space::l2, 1, 3);
  const float one = 1;
  rows.add(&one, 1);
  Throwing filter;
  int caught = 0;
  try {
    rows.search(&one, 1, &filter);
  } catch (int number) {
    caught = number;
  }
  CHECK(caught == 7);
  CHECK(rows.search(&one, 1, nullptr).size() == 1);
}

}  // namespace

int main() {
  check::test("rows agree with a table", agreesWithATable);
  check::test("equal points come by label", breaksTiesByLabel);
  check::test("labels that a file repeats", repeatedLabels);
  check::test("a filter that throws", filterMayThrow);
  return check::finish();
}
