// Ids: one row an id for ever, names that do not move, keys that do not change, from any number of threads.

#include "../../../native/state/ids.h"

#include <atomic>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "../../../native/include/status.h"
#include "../check.h"

using kairank::IdTable;
using kairank::ItemIds;
using kairank::kNoRow;

namespace {

std::string idOf(int i) {
  std::string id = "item-" + std::to_string(i);
  if (i % 7 == 0) id += std::string(static_cast<size_t>(i % 500), 'x');
  if (i % 11 == 0) id += "-\xC3\xA9";  // an e with an acute accent
  return id;
}

void oneRowAnId() {
  IdTable table;
  std::unordered_map<std::string, uint32_t> model;
  for (int i = 0; i < 30000; ++i) {
    const std::string id = idOf(i * 7919 % 20000);
    CHECK(table.find(id) == (model.count(id) ? model[id] : kNoRow));
    const uint32_t row = table.intern(id);
    const auto [known, fresh] = model.emplace(id, static_cast<uint32_t>(model.size()));
    CHECK_THAT(row == known->second, id << " row " << row << (fresh ? " new" : ""));
  }
  CHECK(table.size() == model.size());
  for (const auto& [id, row] : model) {
    CHECK(table.name(row).view() == id);
    CHECK(table.name(row).ascii == (id.find('\xC3') == std::string::npos));
  }
  CHECK(table.find("") == kNoRow);
  const uint32_t empty = table.intern("");
  CHECK(table.find("") == empty && table.name(empty).length == 0);
  const std::string long_(3000000, 'y');
  CHECK(table.name(table.intern(long_)).view() == long_);
}

void namesDoNotMove() {
  IdTable table;
  const char* first = table.name(table.intern("first")).data;
  for (int i = 0; i < 5000; ++i) table.intern(idOf(i));
  CHECK(table.name(0).data == first);
}

void keysAreForEver() {
  ItemIds ids;
  const uint32_t row = ids.intern("a", 0);
  CHECK(ids.key(row) == 0);
  CHECK(ids.intern("a", 7) == row && ids.key(row) == 7);
  CHECK(ids.intern("a", 0) == row && ids.key(row) == 7);
  CHECK(ids.intern("a", 7) == row);
  bool refused = false;
  try {
    ids.intern("a", 8);
  } catch (const kairank::Error& error) {
    refused = error.status() == kairank::Status::invalidArgument;
  }
  CHECK(refused && ids.key(row) == 7);
}

void manyThreads() {
  IdTable table;
  constexpr int kIds = 5000;
  std::atomic<int> wrong{0};
  std::vector<std::vector<uint32_t>> rows(4, std::vector<uint32_t>(kIds));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kIds; ++i) {
        const int which = t % 2 ? i : kIds - 1 - i;
        const uint32_t row = table.intern(idOf(which));
        rows[t][which] = row;
        if (table.name(row).view() != idOf(which) || table.find(idOf(which)) != row) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(table.size() == kIds);
  for (int t = 1; t < 4; ++t) CHECK(rows[t] == rows[0]);
}

}  // namespace

int main() {
  check::test("one row an id", oneRowAnId);
  check::test("names do not move", namesDoNotMove);
  check::test("keys are for ever", keysAreForEver);
  check::test("many threads", manyThreads);
  return check::finish();
}
