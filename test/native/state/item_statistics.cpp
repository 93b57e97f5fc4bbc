// Fading counts against sums over all events, in double.

#include "../../../native/state/item_statistics.h"

#include <cmath>
#include <thread>
#include <vector>

#include "../../../native/include/random.h"
#include "../check.h"

using namespace kairank;

namespace {

HistoryEvent eventOf(uint32_t row, float weight) { return {row, 0, 0, weight, 0}; }

/// What an event `age` events ago counts; ages are told by sixteens.
double faded(size_t age, double halfLife) { return std::exp2(-static_cast<double>(age) / halfLife); }

}  // namespace

int main() {
  check::test("trend is the log of what was had over what was to be expected", [] {
    Random random(3);
    constexpr uint32_t kRows = 600;
    const double halfLife = ItemStatistics::kHalfLifePerRow * kRows;
    std::vector<HistoryEvent> events;
    for (int i = 0; i < 5000; i++) {
      // A third of the rows come to be liked half-way.
      const uint32_t among = i < 2500 ? 200 : 600;
      events.push_back(eventOf(static_cast<uint32_t>(random.below(among)), i % 3 == 0 ? 1.0f : 0.3f));
      if (i % 7 == 0) events.push_back(eventOf(static_cast<uint32_t>(random.below(kRows)), -1));
      if (i % 11 == 0) events.push_back(eventOf(kNoRow, 1));
    }
    ItemStatistics statistics;
    for (size_t at = 0; at < events.size(); at += 100) {
      statistics.note(events.data() + at, std::min<size_t>(100, events.size() - at), kRows);
    }
    std::vector<double> had(kRows, 0.0);
    double total = 0, count = 0;
    size_t clock = 0;
    for (size_t i = events.size(); i-- > 0;) {
      if (!(events[i].weight > 0) || events[i].row == kNoRow) continue;
      const double one = faded(clock++, halfLife);
      had[events[i].row] += events[i].weight * one;
      total += events[i].weight * one;
      count += one;
    }
    const ItemStatistics::Moment now = statistics.now();
    const double prior = total / count;
    CHECK_THAT(std::fabs(now.total - total) < 0.02 * total, now.total << " and " << total);
    for (uint32_t row = 0; row < kRows; row += 13) {
      const double share = 1.0 / kRows;
      const double expected = std::log((had[row] + prior) / (share * total + prior));
      CHECK_THAT(std::fabs(statistics.trend(now, row, share) - expected) < 0.05, "row " << row);
    }
  });

  check::test("appeal compares choices with what was foretold", [] {
    ItemStatistics statistics;
    for (int i = 0; i < 20; i++) statistics.chosen(4, 0.25f, i % 2 == 0 ? 1.0f : 0.0f);
    const ItemStatistics::Moment now = statistics.now();
    CHECK(std::fabs(statistics.appeal(now, 4) - std::log(11.0 / 6.0)) < 1e-5);
    CHECK(statistics.appeal(now, 5) == 0);
    CHECK(statistics.trend(now, 1u << 30, 0.1) == 0);
  });

  check::test("writers and readers side by side lose nothing", [] {
    ItemStatistics statistics;
    const std::vector<HistoryEvent> events(16, eventOf(7, 1));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; i++) {
          statistics.note(events.data(), events.size(), 1u << 20);
          statistics.trend(statistics.now(), 7, 0.5);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    // 32,000 events, the last of which counts whole, at the longest half-life.
    double whole = 0;
    for (int age = 0; age < 32000; age++) whole += faded(static_cast<size_t>(age), ItemStatistics::kMostHalfLife);
    const double total = statistics.now().total;
    CHECK_THAT(std::fabs(total / whole - 1) < 0.01, total << " for " << whole);
  });
  return check::finish();
}
