// The rows nearest to a vector, by index and by scoring all, against brute force in double precision.

#include "../../../native/recall/embeddings.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../../../native/include/random.h"
#include "../../../native/vector/index.h"
#include "../check.h"

using namespace kairank;

namespace {

constexpr uint32_t kDim = 24;

struct Shop {
  uint32_t items;
  std::vector<float> embeddings;
  std::vector<float> query;
  std::vector<uint64_t> allowed;

  Shop(uint32_t count, uint64_t seed, bool alike) : items(count), allowed((count + 63) / 64 + 1) {
    Random random(seed);
    const auto number = [&] { return static_cast<float>(random.normal()); };
    for (uint32_t d = 0; d < kDim; d++) query.push_back(number());
    std::vector<float> one;
    for (uint32_t d = 0; d < kDim; d++) one.push_back(number());
    for (uint32_t row = 0; row < items; row++) {
      for (uint32_t d = 0; d < kDim; d++) embeddings.push_back(alike ? one[d] : number());
    }
    for (uint64_t& word : allowed) word = random.next() | random.next();
  }

  bool allows(uint32_t row) const { return (allowed[row >> 6] >> (row & 63)) & 1; }

  double scoreOf(uint32_t row) const {
    double sum = 0;
    for (uint32_t d = 0; d < kDim; d++) sum += double{query[d]} * embeddings[size_t{row} * kDim + d];
    return sum;
  }

  /// Allowed rows, best first.
  std::vector<uint32_t> ranked() const {
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < items; row++) {
      if (allows(row)) rows.push_back(row);
    }
    std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) { return scoreOf(a) > scoreOf(b); });
    return rows;
  }
};

class AllowedRows final : public RowPredicate {
 public:
  explicit AllowedRows(const Shop& shop) : shop_(shop) {}
  bool accepts(uint32_t row) override { return shop_.allows(row); }

 private:
  const Shop& shop_;
};

/// Rows that tie within f32 may change places; each must score what its place asks for.
void checkTop(const Shop& shop, uint32_t wanted, TopRows& top, bool exactOrder) {
  const std::vector<uint32_t> expected = shop.ranked();
  const std::vector<ScoredRow>& got = top.sorted();
  CHECK(got.size() == std::min<size_t>(wanted, expected.size()));
  for (size_t i = 0; i < got.size(); i++) {
    CHECK(shop.allows(got[i].row));
    CHECK(std::fabs(got[i].score - shop.scoreOf(expected[i])) < 1e-5);
    CHECK(std::fabs(got[i].score - shop.scoreOf(got[i].row)) < 1e-5);
    if (exactOrder) CHECK(got[i].row == expected[i]);
  }
}

void compare(uint32_t items, uint32_t wanted, bool alike) {
  const Shop shop(items, items + wanted, alike);
  TopRows top;
  top.reset(wanted);
  std::vector<float> scores;
  std::vector<uint32_t> rows;
  scoreWhole(shop.query.data(), shop.embeddings.data(), items, kDim, shop.allowed.data(), wanted, scores, rows, top);
  CHECK(scores.size() == items);
  for (uint32_t row = 0; row < items; row++) {
    if (shop.allows(row)) {
      CHECK(std::fabs(scores[row] - shop.scoreOf(row)) < 1e-5);
    } else {
      CHECK(scores[row] == -std::numeric_limits<float>::infinity());
    }
  }
  checkTop(shop, wanted, top, false);

  const auto index = indexEmbeddings(shop.embeddings.data(), items, kDim);
  AllowedRows predicate(shop);
  RowPredicate* predicates[] = {&predicate, nullptr};
  TopRows found, unfiltered;
  found.reset(wanted);
  unfiltered.reset(wanted);
  TopRows* tops[] = {&found, &unfiltered};
  const uint32_t asked[] = {wanted, wanted};
  std::vector<float> queries = shop.query;
  queries.insert(queries.end(), shop.query.begin(), shop.query.end());
  recallEmbeddings(*index, queries.data(), 2, asked, predicates, tops);
  // Where all rows are alike, the lowest come first, wherever they lie.
  checkTop(shop, wanted, found, alike);
  CHECK(unfiltered.best().size() == std::min(wanted, items));
}

}  // namespace

int main() {
  check::test("small catalogues and large, few rows wanted and many", [] {
    for (const uint32_t items : {1u, 63u, 64u, 130u, 999u, 5000u}) {
      for (const uint32_t wanted : {1u, 10u, 200u, 6000u}) compare(items, wanted, false);
    }
  });
  check::test("rows that are all alike", [] {
    compare(777, 50, true);
    compare(20000, 300, true);
  });
  check::test("what is scored whole grows with what is wanted",
              [] { CHECK(scoredWhole(100, 1) && scoredWhole(12000, 125) && !scoredWhole(1000000, 125)); });
  return check::finish();
}
