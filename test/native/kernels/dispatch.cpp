// What dispatch chooses. Started with KAIRANK_TARGET set, and told by its argument what was asked for.

#include "../../../native/dispatch/dispatch.h"

#include <algorithm>
#include <cstring>

#include "../../../native/include/status.h"
#include "../check.h"

namespace {

using kairank::KernelTable;
using kairank::Target;

bool isComplete(const KernelTable& table) {
  // Every entry is a pointer to a function: none may be null.
  constexpr size_t kEntries = sizeof(KernelTable) / sizeof(void (*)());
  void (*entries[kEntries])();
  std::memcpy(entries, &table, sizeof entries);
  return std::all_of(entries, entries + kEntries, [](void (*entry)()) { return entry != nullptr; });
}

bool contains(const std::vector<Target>& targets, Target target) {
  return std::find(targets.begin(), targets.end(), target) != targets.end();
}

void checkTables() {
  const std::vector<Target> available = kairank::availableTargets();
  const std::vector<Target> compiled = kairank::compiledTargets();
  CHECK(!available.empty() && available.front() == Target::scalar);
  CHECK(std::is_sorted(available.begin(), available.end()));
  for (const Target target : {Target::scalar, Target::neon, Target::avx2, Target::avx512, Target::amx}) {
    if (contains(available, target)) {
      CHECK(contains(compiled, target));
      CHECK(isComplete(kairank::kernelsOf(target)));
      continue;
    }
    bool refused = false;
    try {
      kairank::kernelsOf(target);
    } catch (const kairank::Error& error) {
      refused = error.status() == kairank::Status::invalidArgument;
    }
    CHECK(refused);
  }
  CHECK(&kairank::kernels() == &kairank::kernelsOf(kairank::activeTarget()));
}

void checkChoice(const std::string& asked) {
  const std::vector<Target> available = kairank::availableTargets();
  Target expected = available.back();
  for (const Target target : {Target::scalar, Target::neon, Target::avx2, Target::avx512, Target::amx}) {
    if (asked != kairank::targetName(target)) continue;
    expected = *(std::upper_bound(available.begin(), available.end(), target) - 1);
  }
  CHECK(kairank::requestedTarget() == asked);
  CHECK(kairank::activeTarget() == expected);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string asked = argc > 1 ? argv[1] : "";
  check::test("tables", checkTables);
  check::test("choice of '" + asked + "'", [&] { checkChoice(asked); });
  std::printf("%s, CPU %s\n", kairank::targetName(kairank::activeTarget()), kairank::cpuName().c_str());
  return check::finish();
}
