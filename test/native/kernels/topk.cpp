// Scanning and selecting, against a stable sort.

#include "../../../native/kernels/topk/topk.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "../check.h"
#include "../guarded.h"
#include "random.h"
#include "tables.h"

namespace {

using kairank::KernelTable;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Kinds of scores that go wrong in different ways.
enum class Kind { random, ties, ascending, descending, equal, lowest, special, nan };
constexpr Kind kKinds[] = {Kind::random, Kind::ties,   Kind::ascending, Kind::descending,
                           Kind::equal,  Kind::lowest, Kind::special,   Kind::nan};

float scoreOf(Kind kind, size_t i, Random& random) {
  constexpr float kSpecial[] = {kNan, kInf, -kInf, 0.0f, -0.0f, 0x1p-149f, -0x1p-149f, 1.0f};
  switch (kind) {
    case Kind::random: return random.spread();
    case Kind::ties: return static_cast<float>(random.below(5));
    case Kind::ascending: return static_cast<float>(i);
    case Kind::descending: return -static_cast<float>(i);
    case Kind::equal: return 1.0f;
    case Kind::lowest: return -kInf;
    case Kind::special: return kSpecial[random.below(8)];
    case Kind::nan: break;
  }
  return kNan;
}

/// Positions best first: NaN last, then by score, ties by position.
std::vector<uint32_t> sortedPositions(const float* scores, size_t n) {
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    if (std::isnan(scores[a]) || std::isnan(scores[b])) return !std::isnan(scores[a]) && std::isnan(scores[b]);
    return scores[a] > scores[b];
  });
  return order;
}

void checkScan(const KernelTable& table) {
  Random random(6);
  for (const Kind kind : kKinds) {
    for (size_t n = 0; n <= 140; ++n) {
      Guarded<float> scores(n);
      Guarded<uint32_t> out(n);
      for (size_t i = 0; i < n; ++i) scores[i] = scoreOf(kind, i, random);
      for (const float threshold : {-kInf, -1.0f, 0.0f, 1.0f, 60.0f, kInf, kNan}) {
        const size_t found = table.scanAbove(scores.data(), n, threshold, out.data());
        size_t expected = 0;
        for (size_t i = 0; i < n; ++i) {
          if (!(scores[i] > threshold)) continue;
          CHECK(expected < found && out[expected] == i);
          ++expected;
        }
        CHECK(found == expected);
      }
    }
  }
}

void checkSelected(const std::vector<uint32_t>& rows, const std::vector<float>& best, const float* scores, size_t n,
                   size_t k, size_t written) {
  CHECK_THAT(written == std::min(k, n), "n " << n << " k " << k << ": " << written);
  const std::vector<uint32_t> order = sortedPositions(scores, n);
  for (size_t i = 0; i < written; ++i) {
    CHECK_THAT(rows[i] == order[i],
               "n " << n << " k " << k << " place " << i << ": " << rows[i] << ", not " << order[i]);
    const float wanted = scores[order[i]];
    CHECK(std::isnan(wanted) ? std::isnan(best[i]) : best[i] == wanted);
  }
}

void checkSelect(const KernelTable& table) {
  Random random(7);
  for (const Kind kind : kKinds) {
    for (const size_t n : {0, 1, 2, 10, 63, 64, 65, 200, 1000, 20000}) {
      Guarded<float> scores(n);
      for (size_t i = 0; i < n; ++i) scores[i] = scoreOf(kind, i, random);
      for (const size_t k : {size_t{0}, size_t{1}, size_t{2}, size_t{10}, size_t{100}, n, n + 5}) {
        std::vector<uint32_t> rows(k);
        std::vector<float> best(k);
        const size_t written = kairank::selectTop(table, scores.data(), n, k, rows.data(), best.data());
        checkSelected(rows, best, scores.data(), n, k, written);
      }
    }
  }
}

/// Blocks of any length give what one block gives, and the collector can be used again.
void checkBlocks(const KernelTable& table) {
  Random random(8);
  for (const Kind kind : kKinds) {
    kairank::TopK collector(table, 25);
    for (size_t round = 0; round < 20; ++round) {
      const size_t n = random.below(3000);
      std::vector<float> scores(n);
      for (size_t i = 0; i < n; ++i) scores[i] = scoreOf(kind, i, random);
      for (size_t first = 0; first < n;) {
        const size_t length = std::min(n - first, random.below(400));
        collector.push(scores.data() + first, length, static_cast<uint32_t>(first));
        first += length;
      }
      std::vector<uint32_t> rows(25);
      std::vector<float> best(25);
      const size_t written = collector.finish(rows.data(), best.data());
      checkSelected(rows, best, scores.data(), n, 25, written);
    }
  }
}

}  // namespace

int main() {
  for (const NamedTable& target : tables()) {
    check::test(target.name + " scanAbove", [&] { checkScan(target.table); });
    check::test(target.name + " selectTop", [&] { checkSelect(target.table); });
    check::test(target.name + " TopK in blocks", [&] { checkBlocks(target.table); });
  }
  return check::finish();
}
