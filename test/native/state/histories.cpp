// Histories against plain vectors: order by time, ties by arrival, whatever order events come in, while others read.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "../../../native/state/epochs.h"
#include "../../../native/state/history_store.h"
#include "../check.h"

using kairank::HistoryEvent;
using kairank::HistoryStore;
using kairank::kNoRow;

namespace {

bool same(const HistoryEvent& a, const HistoryEvent& b) {
  return a.row == b.row && a.type == b.type && a.weight == b.weight && a.at == b.at;
}

bool same(const std::vector<HistoryEvent>& a, const std::vector<HistoryEvent>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](const HistoryEvent& x, const HistoryEvent& y) { return same(x, y); });
}

bool earlier(const HistoryEvent& a, const HistoryEvent& b) { return a.at < b.at; }

/// Every way of arriving: in order, late by a little, anywhere, all at one time, in batches of any size.
void orderedAsAStableSort() {
  for (int seed = 0; seed < 60; ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    HistoryStore store;
    std::vector<HistoryEvent> arrived;
    uint32_t next = 0;
    while (arrived.size() < 700) {
      std::vector<HistoryEvent> batch(1 + random() % (seed % 4 == 0 ? 300 : 4));
      for (HistoryEvent& event : batch) {
        double at = next;
        if (seed % 5 == 1) at = next - static_cast<double>(random() % 5);
        if (seed % 5 == 2) at = random() % 100;
        if (seed % 5 == 3) at = 5;
        if (seed % 5 == 4) at = random() % 20 ? next : 0;
        event = {next++, static_cast<uint16_t>(random() % 9), 0, 1.0f, at};
      }
      std::stable_sort(batch.begin(), batch.end(), earlier);
      store.append(3, batch.data(), batch.size());
      arrived.insert(arrived.end(), batch.begin(), batch.end());
      std::vector<HistoryEvent> expected = arrived;
      std::stable_sort(expected.begin(), expected.end(), earlier);
      std::vector<HistoryEvent> got;
      const size_t limit = 1 + random() % 400;
      CHECK(store.read(3, limit, got) == std::min(limit, expected.size()));
      const std::vector<HistoryEvent> last(expected.end() - static_cast<std::ptrdiff_t>(got.size()), expected.end());
      CHECK_THAT(same(got, last), "seed " << seed << " after " << arrived.size() << " limit " << limit);
    }
    CHECK(store.count(3) == arrived.size() && store.events() == arrived.size());
  }
}

void unknownUsersAreEmpty() {
  HistoryStore store;
  std::vector<HistoryEvent> got{{1, 1, 1, 1, 1}};
  CHECK(store.read(0, 10, got) == 0 && got.empty());
  CHECK(store.count(4000000) == 0);
  const HistoryEvent event{1, 0, 0, 1, 1};
  store.append(2000, &event, 1);
  CHECK(store.count(1999) == 0 && store.count(2000) == 1);
  CHECK(store.read(2000, 0, got) == 0);
}

void exportedByUser() {
  HistoryStore store;
  for (uint32_t i = 0; i < 1000; ++i) {
    const HistoryEvent event{i, 0, 0, 1, static_cast<double>(1000 - i)};
    store.append(i % 7 == 3 ? 1 : i % 7, &event, 1);
  }
  const kairank::Histories all = store.exportAll(8);
  CHECK(all.users() == 8 && all.offsets.back() == 1000 && all.events.size() == 1000);
  CHECK(all.offsets[3] == all.offsets[4] && all.offsets[7] == all.offsets[8]);
  for (uint32_t user = 0; user < 8; ++user) {
    std::vector<HistoryEvent> own;
    store.read(user, SIZE_MAX, own);
    const auto first = all.events.begin();
    CHECK(same(own, std::vector<HistoryEvent>(first + static_cast<std::ptrdiff_t>(all.offsets[user]),
                                              first + static_cast<std::ptrdiff_t>(all.offsets[user + 1]))));
  }
}

void popularityCountsPositives() {
  HistoryStore store;
  const std::vector<HistoryEvent> events{
      {2, 0, 0, 3, 1}, {2, 0, 0, -4, 2}, {0, 0, 0, 0, 3}, {kNoRow, 0, 0, 5, 4}, {2, 0, 0, 0.5f, 5}};
  store.append(0, events.data(), events.size());
  CHECK(store.popularity(4) == (std::vector<float>{0, 0, 3.5f, 0}));
  CHECK(store.popularity(2000).size() == 2000);
  const std::vector<HistoryEvent> huge(1000, HistoryEvent{1, 0, 0, 3e38f, 6});
  store.append(1, huge.data(), huge.size());
  CHECK_THAT(std::isfinite(store.popularity(2)[1]), "finite whatever the weights");
}

/// Writers of the same users and readers of all: what is read is ordered and complete, event by event.
void readersBesideWriters() {
  constexpr uint32_t kUsers = 5;
  constexpr int kEvents = 3000;
  HistoryStore store;
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      std::mt19937 random(writer);
      for (uint32_t i = 0; i < kEvents; ++i) {
        const double at = random() % 4 ? i : random() % (i + 1);
        const HistoryEvent event{i, static_cast<uint16_t>(writer), 0, static_cast<float>(i), at};
        store.append(random() % kUsers, &event, 1);
      }
    });
  }
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      std::vector<HistoryEvent> got;
      std::vector<size_t> seen(kUsers, 0);
      for (uint32_t user = 0; !done.load(); user = (user + 1) % kUsers) {
        store.read(user, user % 2 ? 40 : SIZE_MAX, got);
        if (!std::is_sorted(got.begin(), got.end(), earlier)) ++wrong;
        for (const HistoryEvent& event : got) {
          if (event.weight != static_cast<float>(event.row) || event.type > 1) ++wrong;
        }
        if (got.size() < std::min<size_t>(seen[user], user % 2 ? 40 : SIZE_MAX)) ++wrong;
        seen[user] = std::max(seen[user], got.size());
        store.popularity(100);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  for (std::thread& thread : readers) thread.join();
  CHECK(wrong == 0);
  CHECK(store.events() == 2 * kEvents);
  std::map<std::pair<uint16_t, uint32_t>, int> found;
  const kairank::Histories all = store.exportAll(kUsers);
  for (const HistoryEvent& event : all.events) ++found[{event.type, event.row}];
  CHECK(found.size() == 2 * kEvents);
  for (const auto& [event, times] : found) CHECK(times == 1);
  kairank::epochs::collect();
  CHECK(kairank::epochs::pending() == 0);
}

}  // namespace

int main() {
  check::test("ordered as a stable sort", orderedAsAStableSort);
  check::test("unknown users are empty", unknownUsersAreEmpty);
  check::test("exported by user", exportedByUser);
  check::test("popularity counts positives", popularityCountsPositives);
  check::test("readers beside writers", readersBesideWriters);
  return check::finish();
}
